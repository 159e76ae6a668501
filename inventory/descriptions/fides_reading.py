"""What every part of the Fides importer shares: faults and notes with their places, keys, the two names of the meta mapping."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory.descriptions.fides_categories import is_personal, nearest
from inventory.descriptions.fides_keys import META, READ, TOLD
from inventory.descriptions.keys import Fault
from inventory.descriptions.lines import Row, place

EMPTY: Mapping[str, Any] = Row()


@dataclass
class Reading:
    """One import under way. `faults` refuse it, `notes` only tell."""

    known: set[str]  # data categories
    lenient: bool = False
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def fault(self, row: Mapping[str, Any], path: str, key: str, words: str) -> None:
        self.faults.append(Fault(place(row, key), path, key, words))

    def note(self, row: Mapping[str, Any], path: str, key: str, words: str) -> None:
        self.notes.append(Fault(place(row, key), path, key, words))

    def odd(self, row: Mapping[str, Any], path: str, key: str, words: str, instead: str) -> None:
        """Refused; when lenient only told, with what is done instead."""
        if self.lenient:
            self.note(row, path, key, f"{words}; {instead}")
        else:
            self.fault(row, path, key, words)

    def keys(self, row: Mapping[str, Any], level: str, path: str) -> None:
        """Tell of every key that is not read."""
        told = TOLD[level]
        for key, value in row.items():
            if key in READ[level] or (key in META and f"{level} meta" in READ):
                continue
            if key not in told:
                whose = f"fides_meta of a {level[:-5]}" if level.endswith(" meta") else f"a {level}"
                words = f"{key!r} is not a key of {whose}"
                self.odd(row, path, key, words, "it is left out")
            elif told[key] and value not in (None, [], {}):
                self.note(row, path, key, told[key])

    def meta(self, row: Mapping[str, Any], level: str, path: str) -> Mapping[str, Any]:
        """`fides_meta`, or what older files call `fidesops_meta`; if both are there the first wins."""
        found = [(key, row[key]) for key in META if row.get(key) is not None]
        for key, value in found:
            if not isinstance(value, Mapping):
                self.fault(row, path, key, "must be a mapping")
        if len(found) > 1:
            self.note(row, path, "fidesops_meta", "fides_meta stands beside it and wins; it is not read")
        if not found or not isinstance(found[0][1], Mapping):
            return EMPTY
        self.keys(found[0][1], f"{level} meta", path)
        return found[0][1]

    def text(self, row: Mapping[str, Any], path: str, key: str, *, needed: bool = False) -> str:
        """The text of a key, "" if there is none."""
        value = row.get(key)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or (needed and not value):
            words = f"{key!r} is missing" if value is None else f"must be a text, not {value!r}; put it in quotes"
            self.fault(row, path, key, words)
            return ""
        return value

    def flag(self, row: Mapping[str, Any], path: str, key: str) -> bool:
        """Whether a key is true; it is false if it is not there."""
        value = row.get(key)
        if value is not None and not isinstance(value, bool):
            self.fault(row, path, key, f"must be true or false, not {value!r}")
        return value is True

    def names(self, row: Mapping[str, Any], path: str, key: str) -> list[str]:
        """The list of names in a key."""
        value = [] if row.get(key) is None else row[key]
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.fault(row, path, key, "must be a list of names")
            return []
        return value

    def mappings(self, row: Mapping[str, Any], path: str, key: str, *, needed: bool = False) -> list[Row]:
        """The list of mappings in a key."""
        value = row.get(key)
        if value is None and not needed:
            return []
        if not isinstance(value, list) or not all(isinstance(one, Row) for one in value):
            self.fault(row, path, key, f"{key!r} is missing" if value is None else "must be a list of mappings")
            return []
        return value

    def category(self, row: Mapping[str, Any], path: str) -> str:
        """The first category that is about people; the others are told. "" if there is none."""
        found = []
        for one in self.names(row, path, "data_categories"):
            if one not in self.known:
                near = nearest(one, self.known)
                words = f"there is no category {one!r}" + (f"; do you mean {near}?" if near else "")
                advice = "it is kept as a category of its own"
                self.odd(row, path, "data_categories", f"{words} Describe your own under data_category", advice)
            if is_personal(one):
                found.append(one)
        if len(found) > 1:
            words = f"a field has one category here: {found[0]}. Not kept: {', '.join(found[1:])}"
            self.note(row, path, "data_categories", words)
        self.used.update(found[:1])
        return found[0] if found else ""
