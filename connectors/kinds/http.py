"""Systems behind an HTTP interface that speaks JSON, declared in YAML (docs/connectors-http.md).

What a search answers is compared exactly once more here: an interface that searches loosely must not hand over another
person's row. What cannot be compared, because the answer lacks the field, is refused and never guessed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from itertools import repeat
from typing import Any

from connectors.keys import key_hash
from connectors.kinds.base import Column, Found, Key, Mask, Permanent, Rights, Temporary, register
from connectors.kinds.http_calls import Calls, address
from connectors.kinds.http_changing import HttpChanging
from connectors.kinds.http_paging import rows as pages
from connectors.kinds.http_spec import Description, Endpoint, Live, Words, described
from connectors.kinds.http_values import MISSING, asking, day, dig, held, key_of, meant, text
from connectors.models import Batch, Connection, Receipt
from inventory.graph import CollectionSpec, FieldSpec

TEXTS = {"", "string", "text", "uuid"}
NUMBERS = {"integer", "number", "float", "decimal"}
FIRST_DAY = date(1000, 1, 1)  # zero dates say "unknown", not "long ago"
READABLE = 3  # so many rows that a search finds are tried by their key before it is believed that none can be read
Row = Mapping[str, Any]

_described = lru_cache(maxsize=64)(described)


@register("http")
def open_http(connection: Connection, batch: Batch | None = None) -> "Http":
    """The kind behind a connection with a base URL and a description. Raises Permanent for a fault in either."""
    description = _described(connection.described)
    return Http(Calls(address(connection.address), description), description, batch)


class Http:
    """See `connectors.kinds.base.Kind`."""

    def __init__(self, calls: Calls, description: Description, batch: Batch | None = None) -> None:
        self.calls, self.description, self.batch = calls, description, batch
        self.batch_id = str(batch.pk) if batch is not None else ""
        self.chunk_rows = description.chunk_rows
        self._checked: dict[tuple[str, str], Words] = {}

    def check(self) -> str:
        """One call that changes nothing; a sentence for the desk."""
        endpoint = self.description.check or Endpoint("check", "GET", "/", none=(404, 405))
        self.calls.ask(endpoint, self.calls.to.base + endpoint.path)
        return f"Connected; {len(self.description.collections)} collections are described."

    def ready(self, spec: CollectionSpec, masks: Mapping[str, Mask] | None) -> None:
        """Raises Permanent when what is to be done (`masks` None: delete) has no call in the description."""
        if masks is None or masks:
            self.endpoint(spec, "delete" if masks is None else "update")

    def lacking(self, spec: CollectionSpec, rights: Rights) -> list[str]:
        """The searches that the work needs and the description does not have; of our rights there nobody can tell before."""
        words = self.words(spec)
        return [
            f"{words.place}.find.{name} is missing in the connection's description. Add it, then retry."
            for name in rights.searches
            if name not in words.find
        ]

    def columns(self, spec: CollectionSpec) -> dict[str, Column]:
        """The described fields, with what the connection's description says of them."""
        words = self.words(spec)
        return {one.name: _column(words, one) for one in spec.fields}

    def keyed(self, spec: CollectionSpec) -> bool:
        """What the description says: whether the key names exactly one row."""
        return self.words(spec).unique_key

    def words(self, spec: CollectionSpec) -> Words:
        """How a collection is spoken to. Raises Permanent when it is not described, or with placeholders that do not fit."""
        if spec.key not in self._checked:
            known = self.description.collections
            found = known.get(f"{spec.dataset}.{spec.name}") or known.get(spec.name)
            if found is None:
                raise Permanent(
                    "schema",
                    f"{spec.dataset}.{spec.name} has no calls in the connection's description. Add it, then retry.",
                )
            _fitting(spec, found)
            self._checked[spec.key] = found
        return self._checked[spec.key]

    def endpoint(self, spec: CollectionSpec, name: str) -> Endpoint:
        """The call that updates or deletes a row. Raises Permanent when there is none."""
        words = self.words(spec)
        found: Endpoint | None = getattr(words, name)
        if found is None:
            raise Permanent(
                "schema", f"{words.place}.{name} is missing in the connection's description. Add it, then retry."
            )
        return found

    def find(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> Iterator[Found]:
        """Rows whose `field` equals one of `values`; `folded` compares e-mail addresses in lower case."""
        endpoint = self._search(spec, field)
        asked = asking(values, folded)
        wanted = {meant(one, folded) for one in asked}
        found = self._asked(endpoint, asked)
        yield from self._found(spec, found, lambda row: self._text(spec, row, field, folded) in wanted)

    def find_together(
        self, spec: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Found]:
        """Rows that hold one of `rows` in `fields`: searched by one of them, compared by all."""
        words = self.words(spec)
        place = next((one for one, name in enumerate(fields) if name in words.find), 0)
        folded = [spec.field(one).folded for one in fields]
        wanted = {row for row in (tuple(map(meant, row, folded)) for row in rows) if None not in row}
        asked = asking((row[place] for row in rows if tuple(map(meant, row, folded)) in wanted), folded[place])

        def matches(row: Row) -> bool:
            return tuple(map(self._text, repeat(spec), repeat(row), fields, folded)) in wanted

        yield from self._found(spec, self._asked(self._search(spec, fields[place]), asked), matches)

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]:
        """Rows whose `field` is dated before a day."""
        words = self.words(spec)
        if field not in words.before:
            raise Permanent(
                "schema",
                f"{words.place}.before.{field} is missing in the connection's description. Add it, then retry.",
            )

        def old(row: Row) -> bool:
            on = day(self.held(spec, row, field))
            return on is not None and FIRST_DAY <= on < before

        yield from self._found(spec, self._asked(words.before[field], [before.isoformat()]), old)

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]:
        """The distinct values of `field` in these rows, without nulls."""
        found = (self._plain(spec, row, field) for _, row in self.rows(spec, keys))
        return list(dict.fromkeys(one for one in found if one is not None))

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]:
        """These fields of these rows; rows that are gone are left out."""
        names = list(fields)
        return [{name: self.held(spec, row, name) for name in names} for _, row in self.rows(spec, keys)]

    @property
    def beat(self) -> Callable[[], None] | None:
        """Keeps the lease of the order that we work for; called every few seconds of work."""
        return self.calls.beat

    @beat.setter
    def beat(self, beat: Callable[[], None] | None) -> None:
        self.calls.beat = beat

    @contextmanager
    def looking(self) -> Iterator[HttpChanging]:
        """There are no transactions; each row stands for itself."""
        yield HttpChanging(self)

    @contextmanager
    def changing(self) -> Iterator[HttpChanging]:
        """There are no transactions; each row stands for itself."""
        yield HttpChanging(self)

    def rows(self, spec: CollectionSpec, keys: Sequence[Key]) -> Iterator[tuple[Key, Row]]:
        """These rows as they are now, by their key; those that are gone are left out."""
        endpoint, names, place = self._reader(spec), spec.primary_key, f"{spec.dataset}.{spec.name}"
        many = "values" in endpoint.holes
        for start in range(0, len(keys), endpoint.at_once):
            part = keys[start : start + endpoint.at_once]
            if any(text(one) is None for key in part for one in key):
                raise Permanent("key", f"A row of {place} has an empty key; it cannot be told from others.")
            asked, more = {tuple(map(text, key)): key for key in part}, True
            while (
                asked and more
            ):  # once more for what is missing: an interface may cut a long list short without a word
                left, more = list(asked.values()), False
                values = dict(zip(names, left[0], strict=True)) | {
                    "value": left[0][0],
                    "values": [one[0] for one in left],
                }
                for row in pages(self.calls, endpoint, values, gone=not many):
                    mark = tuple(map(text, key_of(row, names, place)))
                    if mark in asked:
                        more = many
                        yield asked.pop(mark), row
                    elif endpoint.rows is None:
                        raise Permanent(
                            "schema", f"{endpoint.place} answers with another row than was asked for. Mend it."
                        )

    def _reader(self, spec: CollectionSpec) -> Endpoint:
        words = self.words(spec)
        if words.read is not None:
            return words.read
        if len(spec.primary_key) == 1 and spec.primary_key[0] in words.find:
            return words.find[spec.primary_key[0]]
        raise Permanent("schema", f"{words.place}.read is missing in the connection's description. Add it, then retry.")

    def _search(self, spec: CollectionSpec, field: str) -> Endpoint:
        words = self.words(spec)
        if field not in words.find:
            raise Permanent(
                "schema", f"{words.place}.find.{field} is missing in the connection's description. Add it, then retry."
            )
        return words.find[field]

    def _asked(self, endpoint: Endpoint, values: Sequence[Any]) -> Iterator[Row]:
        for start in range(0, len(values), endpoint.at_once):
            part = list(values[start : start + endpoint.at_once])
            yield from pages(self.calls, endpoint, {"value": part[0], "values": part})

    def _found(self, spec: CollectionSpec, rows: Iterator[Row], matches: Callable[[Row], bool]) -> Iterator[Found]:
        """The rows that match, each once: an interface may give one twice, in two pages or for two spellings."""
        seen, place = set[int](), f"{spec.dataset}.{spec.name}"
        unread, sure = 0, self.words(spec).read is None
        for row in rows:
            if not matches(row):
                continue
            key = key_of(row, spec.primary_key, place)
            mark = key_hash(key)
            if mark in seen:
                continue
            seen.add(mark)
            sure = sure or any(True for _ in self.rows(spec, [key]))
            unread += not sure
            if unread == READABLE:
                break
            on = day(held(row, spec.dated_by, place)) if spec.dated_by else None
            yield Found(key, on, {name: self._plain(spec, row, name) for name in spec.people})
        if unread and not sure:
            self._unreadable(spec)

    def _unreadable(self, spec: CollectionSpec) -> None:
        """A wrong `read` would say of every row that it is gone, and an erasure would believe it."""
        if self.batch is not None and Receipt.objects.filter(order__batch=self.batch).exists():
            raise Temporary("search_lags")  # we erased them just now, and the search has not heard of it
        raise Permanent(
            "schema",
            f"{self.words(spec).place}: rows that a search finds cannot be read by their key. Mend read in the description; "
            "if the system's search lags behind, retry later.",
        )

    def held(self, spec: CollectionSpec, row: Row, field: str) -> Any:
        """What a row holds in a field. Raises Permanent when the answer leaves it out: a misspelt name is no empty field."""
        found, words = dig(row, field, f"{spec.dataset}.{spec.name}"), self.words(spec)
        if found is not MISSING:
            return found
        if words.omits_nulls:
            return None
        raise Permanent(
            "schema",
            f"{words.place}: rows come without {field}, so we cannot tell what it holds. Mend the field's name or the call; or "
            "say omits_nulls, if the system leaves out what is empty.",
        )

    def _plain(self, spec: CollectionSpec, row: Row, field: str) -> Any:
        found = self.held(spec, row, field)
        if isinstance(found, Mapping | list):
            raise Permanent(
                "schema",
                f"{self.words(spec).place}: {field} is no single value, so nothing can be found by it. Mend it.",
            )
        return found

    def _text(self, spec: CollectionSpec, row: Row, field: str, folded: bool = False) -> str | None:
        return meant(self._plain(spec, row, field), folded)


def _column(words: Words, field: FieldSpec) -> Column:
    live = words.fields.get(field.name, Live())
    kind = live.type or field.data_type
    return Column(
        field.name,
        live.nullable and not field.primary_key,
        live.unique or (field.primary_key and words.unique_key),
        kind in TEXTS,
        live.length,
        kind in NUMBERS,
    )


def _fitting(spec: CollectionSpec, words: Words) -> None:
    """Raises Permanent when a call about one row does not name the whole key: it would be about every row."""
    keys = set(spec.primary_key)
    for name, more in (("read", set[str]()), ("update", {"changes", "row"}), ("delete", set[str]())):
        endpoint: Endpoint | None = getattr(words, name)
        if endpoint is None:
            continue
        known = keys | more | ({"value", "values"} if name == "read" and len(keys) == 1 else set())
        alone = name == "read" and len(keys) == 1 and bool(endpoint.holes & {"value", "values"})
        if endpoint.holes - known or not (alone or keys <= endpoint.holes) or not keys:
            raise Permanent(
                "schema",
                f"{endpoint.place} must have a placeholder for each field of the key and no unknown one; known are "
                f"{', '.join(sorted(known))}. Mend the description, then retry.",
            )
