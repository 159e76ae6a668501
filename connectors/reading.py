"""Reads the rows of a finding for a package, a preview or a sample: streamed, and without another person's fields."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from operator import itemgetter
from typing import Any
from uuid import UUID

from connectors import redacting, wholly
from connectors.ahead import ahead
from connectors.belonging import Belonging
from connectors.frozen import Frozen, together
from connectors.kinds.base import Key, chunk_rows
from connectors.kinds.whole import whole
from connectors.models import Chunk, Finding
from connectors.redacting import HIDDEN, REDACT, REVEAL
from connectors.searching import Searcher
from inventory.graph import CollectionSpec

ANOTHER_PERSON = "[another person]"
AHEAD = 2  # pages that the system makes while one is written
PLAIN = {int, str, bool, float, type(None)}  # shown as they are
Row = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One row for a look: its mark, its fields as the package shows them, which are another person's, what was decided."""

    mark: str
    row: Row
    others: frozenset[str]
    decided: dict[str, str]


def rows(finding: Finding, *, mask_others: bool = True, searcher: Searcher | None = None) -> Iterator[Row]:
    """The personal fields of each row as JSON values, chunk by chunk; memory does not grow with the rows.

    In a row about two people the other person's fields read "[another person]" unless `mask_others` is False, and what a
    colleague hid reads "[hidden]". A `searcher` of the batch spares reading the inventory anew for each finding.
    Raises Permanent or Temporary of the kind.
    """
    for page in pages(finding, mask_others=mask_others, searcher=searcher):
        yield from page


def pages(finding: Finding, *, mask_others: bool = True, searcher: Searcher | None = None) -> Iterator[list[Row]]:
    """The same as lists, one for each chunk."""
    searcher = searcher or Searcher(finding.batch)
    reader = _Reader(finding, mask_others, searcher)
    # Rows that are no longer this person's are never read out.
    for keys in searcher.remembered.chunks(finding):
        page = reader.read(keys)
        if page:
            yield page


@dataclass(frozen=True)
class Page:
    """Some rows of a finding, as JSON that the system itself wrote (`text`: an object a row, with a comma and a line break
    between them, UTF-8) or as they were read.
    """

    text: bytes | None
    read: list[Row] | None = None

    @property
    def rows(self) -> list[Row]:
        """The rows one by one."""
        if self.read is not None:
            return self.read
        found: list[Row] = json.loads(b"[" + (self.text or b"") + b"]")
        return found


def written(finding: Finding, *, searcher: Searcher | None = None) -> Iterator[Page]:
    """The same as `pages` for who needs JSON: where nothing of the rows is hidden, the system may write it itself."""
    searcher = searcher or Searcher(finding.batch)
    reader = _Reader(finding, True, searcher)
    groups = together(searcher.remembered.frozen(finding), wholly.AT_ONCE * chunk_rows(reader.kind))
    texts = reader.texts()
    for parts, text in ((one, None) for one in groups) if texts is None else ahead(groups, texts, AHEAD):
        if text is not None:
            yield Page(text)
            continue
        for one in parts:
            page = reader.read(one.keys)
            if page:
                yield Page(None, page)


def items(finding: Finding, start: int, count: int) -> tuple[CollectionSpec, list[Item]]:
    """(description, rows from the `start`th on) for a colleague who decides about single items: at most `count`."""
    reader = _Reader(finding, True, Searcher(finding.batch))
    wanted = list[Sequence[Any]]()
    for pk, number in Chunk.objects.filter(finding=finding).order_by("number").values_list("pk", "rows"):
        if start < number and len(wanted) < count:
            keys = Chunk.objects.get(pk=pk).keys or ()
            wanted += keys[start : start + count - len(wanted)]
        start = max(0, start - number)
    return reader.spec, list(reader.items(wanted))


class _Reader:
    """Reads rows of one finding by key."""

    def __init__(self, finding: Finding, mask_others: bool, searcher: Searcher) -> None:
        self.spec = searcher.spec((finding.dataset, finding.collection))
        self.kind = searcher.kind(self.spec.system)
        self.fields = [one.name for one in self.spec.fields if one.category]
        # Field -> the link that says whose it is, for every field that may be somebody else's.
        self.others = {
            one.name: one.person for one in self.spec.fields if mask_others and one.person not in ("", finding.via)
        }
        self.shared, self.rows = finding.shared, finding.rows
        self.proof = searcher.worked_out.setdefault("belonging", Belonging(searcher)).of(finding)
        self.verdicts = searcher.remembered.verdicts(finding)

    def texts(self) -> Callable[[Sequence[Frozen]], bytes | None] | None:
        """What makes JSON of rows by the system itself, or None of rows that are not all there and theirs. None when nothing
        does.
        """
        only = self.proof.only
        if self.rows < wholly.MANY or not self.fields or self.others or self.verdicts or only is None:
            return None
        asked, fields = whole(self.kind, self.spec), self.fields

        def text(parts: Sequence[Frozen]) -> bytes | None:
            lists = [one for part in parts if (one := part.numbers) is not None]
            return asked.written(fields, lists, only) if asked is not None and len(lists) == len(parts) else None

        return None if asked is None else text

    def read(self, keys: Sequence[Sequence[Any]]) -> list[Row]:
        """These rows, without another person's fields."""
        if not self.fields or not keys:
            return []
        if self.verdicts:
            return [one.row for one in self.items(keys)]
        names = list(dict.fromkeys([*self.fields, *self.others.values(), *self.proof.fields]))
        rows = self._theirs(names, [tuple(key) for key in keys])
        if self.others:
            for row in rows:
                for name in self._hides(row):
                    row[name] = ANOTHER_PERSON
        odd = [name for name in self.fields if not PLAIN.issuperset(map(type, map(itemgetter(name), rows)))]
        for name in odd:
            for row in rows:
                row[name] = plain(row[name])
        for name in names[len(self.fields) :]:
            for row in rows:
                del row[name]
        return rows

    def _theirs(self, names: Sequence[str], keys: list[Key]) -> list[Row]:
        """These rows without those that are somebody else's by now; `names` has what that is told by."""
        rows = self.kind.read(self.spec, names, keys)
        if not self.proof.odd(rows):
            return rows
        self.proof.part(keys)  # what does not compare equal here is compared by the system itself
        return [row for row in rows if self.proof.fits(row)]

    def items(self, keys: Sequence[Sequence[Any]]) -> Iterator[Item]:
        """The same with what was decided about single items, and with the keys."""
        names = list(dict.fromkeys([*self.fields, *self.others.values(), *self.spec.primary_key, *self.proof.fields]))
        for row in self._theirs(names, [tuple(key) for key in keys]):
            key = [plain(row[name]) for name in self.spec.primary_key]
            mark = redacting.mark(self.spec.dataset, self.spec.name, key)
            others = frozenset(self._hides(row))
            decided = {name: word for name in self.fields if (word := self.verdicts.get((mark, name)))}
            shown: Row = {}
            for name in self.fields:
                word = decided.get(name)
                other = name in others and word != REVEAL
                shown[name] = HIDDEN if word == REDACT else ANOTHER_PERSON if other else plain(row[name])
            yield Item(mark, shown, others, decided)

    def _hides(self, row: Row) -> list[str]:
        """The fields that are not this person's: in a shared row any other link's, in their own row a field whose link is
        empty.
        """
        return [
            name for name, link in self.others.items() if row[name] is not None and (self.shared or row[link] is None)
        ]


def plain(value: Any) -> Any:
    """A value as JSON, CSV and pages show it."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(bytes(value))} bytes)"
    return value
