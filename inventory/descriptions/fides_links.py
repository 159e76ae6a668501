"""References of Fides, as ours.

On field F of collection C, a reference to field G of D says how data flows: `to` from C to D, `from` from D to C, nothing:
either way. Ours says besides who refers to whom, because what refers is erased first. A Fides file may say the same at
either end; the one that is its collection's whole key is what is referred to, wherever the reference is written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from inventory.descriptions.fides_fields import Table
from inventory.descriptions.fides_keys import DIRECTIONS, FIDES_KEY, our_key
from inventory.descriptions.fides_reading import Reading
from inventory.descriptions.lines import Row, row, rows

TURNED = {"up": "down", "down": "up", "both": "both"}


@dataclass
class _Link:
    """A reference with the field that holds it (`source`), the one referred to (`target`), and our direction."""

    written: Row
    source: str
    target: str
    direction: str


class Keys:
    """The whole keys and the fields of all collections: of the files and of the inventory."""

    def __init__(self, tables: Iterable[Table], held: Mapping[str, Any]) -> None:
        self.whole: set[str] = set()
        self.fields: dict[str, Row] = {}
        for system in rows(held.get("systems")):
            for dataset in rows(system.get("datasets")):
                for one in rows(dataset.get("collections")):
                    self._key(f"{dataset['key']}.{one['name']}", rows(one.get("fields")))
        for table in tables:
            self.whole -= {path for path in self.whole if path.startswith(f"{table.path}.")}
            self._key(table.path, list(table.fields.values()))
            self.fields |= {f"{table.path}.{name}": each for name, each in table.fields.items()}

    def _key(self, path: str, fields: Iterable[Mapping[str, Any]]) -> None:
        keys = [one["name"] for one in fields if one.get("primary_key")]
        if len(keys) == 1:
            self.whole.add(f"{path}.{keys[0]}")


def link(reading: Reading, tables: list[Table], keys: Keys) -> None:
    """Give every field its references."""
    found: dict[frozenset[str], _Link] = {}
    for table in tables:
        for written, name in table.references:
            one = _read(reading, written, table, name)
            if one is None:
                continue
            _settle(reading, one, keys)
            pair = frozenset((one.source, one.target))
            if pair in found:
                _join(reading, found[pair], one)
            else:
                found[pair] = one
    for one in found.values():
        home = keys.fields[one.source]
        values = row({"target": one.target, "direction": one.direction}, one.written)
        home.setdefault("references", []).append(values)


def _read(reading: Reading, written: Row, table: Table, name: str) -> _Link | None:
    here = f"{table.path}.{name}"
    before = len(reading.faults)
    for key in written:
        if key not in ("dataset", "field", "direction"):
            reading.odd(written, f"{here}.references", key, f"{key!r} is not a key of a reference", "it is left out")
    dataset = reading.text(written, f"{here}.references", "dataset", needed=True)
    field = reading.text(written, f"{here}.references", "field", needed=True)
    direction = written.get("direction")
    if direction not in list(DIRECTIONS):
        words = f"must be to, from or left out, not {direction!r}"
        reading.fault(written, f"{here}.references", "direction", words)
    if dataset and not FIDES_KEY.fullmatch(dataset):
        reading.fault(written, f"{here}.references", "dataset", f"{dataset!r} is no dataset's key")
    if field and "." not in field:
        reading.fault(written, f"{here}.references", "field", f"write collection.field, not {field!r}")
    target = f"{our_key(dataset)}.{field}"
    if target.startswith(f"{table.path}."):
        reading.fault(written, f"{here}.references", "field", "a collection cannot refer to itself in a Fides file")
    if len(reading.faults) > before:
        return None
    return _Link(written, here, target, DIRECTIONS[direction])


def _settle(reading: Reading, one: _Link, keys: Keys) -> None:
    """Let the field that is no whole key be the one that refers."""
    if one.source not in keys.whole or one.target in keys.whole or one.target not in keys.fields:
        return
    one.source, one.target, one.direction = one.target, one.source, TURNED[one.direction]
    words = f"{one.target} is a key, so it is kept as {one.source} refers to {one.target}; data flows as written"
    reading.note(one.written, one.target, "references", words)


def _join(reading: Reading, first: _Link, second: _Link) -> None:
    """The same two fields, written twice: one reference, usable both ways if the two say different ways."""
    same = first.source == second.source
    direction = second.direction if same else TURNED[second.direction]
    if direction != first.direction:
        first.direction = "both"
        words = f"{first.source} and {first.target} are written twice with different directions; usable either way"
        reading.note(second.written, second.source, "references", words)
