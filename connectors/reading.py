"""Reads the rows of a finding for a package, a preview or a sample: streamed, and without another person's fields."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from connectors.models import Chunk, Finding
from connectors.searching import Searcher

ANOTHER_PERSON = "[another person]"


def rows(finding: Finding, *, mask_others: bool = True) -> Iterator[dict[str, Any]]:
    """The personal fields of each row as JSON values, chunk by chunk; memory does not grow with the rows.

    In a row about two people the other person's fields read "[another person]" unless `mask_others` is False. Raises
    Permanent or Temporary of the kind.
    """
    reader = _Reader(finding, mask_others)
    chunks = Chunk.objects.filter(finding=finding).order_by("number")
    for pk in list(chunks.values_list("pk", flat=True)):
        yield from reader.read(chunks.get(pk=pk).keys or ())


def sample(finding: Finding, count: int = 3) -> list[dict[str, Any]]:
    """The first rows, for a look on the case page."""
    chunk = Chunk.objects.filter(finding=finding).order_by("number").first()
    return list(_Reader(finding, True).read(((chunk and chunk.keys) or ())[:count]))


class _Reader:
    """Reads rows of one finding by key."""

    def __init__(self, finding: Finding, mask_others: bool) -> None:
        searcher = Searcher(finding.batch)
        self.spec = searcher.spec((finding.dataset, finding.collection))
        self.kind = searcher.kind(self.spec.system)
        self.fields = [one.name for one in self.spec.fields if one.category]
        # Field -> the link that says whose it is, for every field that may be somebody else's.
        self.others = {
            one.name: one.person for one in self.spec.fields if mask_others and one.person not in ("", finding.via)
        }
        self.shared = finding.shared

    def read(self, keys: Sequence[Sequence[Any]]) -> Iterator[dict[str, Any]]:
        """These rows, without another person's fields."""
        if not self.fields or not keys:
            return
        names = list(dict.fromkeys([*self.fields, *self.others.values()]))
        for row in self.kind.read(self.spec, names, [tuple(key) for key in keys]):
            yield {
                name: ANOTHER_PERSON if row[name] is not None and self._anothers(name, row) else plain(row[name])
                for name in self.fields
            }

    def _anothers(self, name: str, row: dict[str, Any]) -> bool:
        """Not this person's: in a shared row any other link's field, in their own row a field whose link is empty."""
        return name in self.others and (self.shared or row[self.others[name]] is None)


def plain(value: Any) -> Any:
    """A value as JSON, CSV and pages show it."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(bytes(value))} bytes)"
    return value
