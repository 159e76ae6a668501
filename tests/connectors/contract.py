"""The one contract of all kinds: the rows, the descriptions, and what an adapter has to bring.

An adapter is a file `world_<kind>.py` beside this one with a `World` for each way to run the kind and the list `WORLDS`.
`test_contract.py` finds it by its name and runs every test for it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, ClassVar

from connectors.kinds import base
from inventory.graph import CollectionSpec, FieldSpec

Row = dict[str, Any]
Need = Callable[[str, bool, str], None]

ADA, BEN = "ada@people.example", "ben@people.example"
SECRET = "correct-horse-battery"  # in every address that has a secret
PEOPLE: list[Row] = [
    {"id": 1, "email": "Ada@People.example", "name": "Ada Lovelace", "phone": "+44 20 1", "joined_on": "2020-01-01",
     "points": 7},
    {"id": 2, "email": BEN, "name": "Bén 🚲, \"Baker\"\nof Łódź", "phone": None, "joined_on": "2026-01-01", "points": 0},
    {"id": 3, "email": "joada@people.example", "name": "Joada", "phone": "+44 20 3", "joined_on": "2025-12-31",
     "points": 70},
    {"id": 4, "email": "cleo@people.example", "name": "Ada", "phone": "+44 20 1", "joined_on": None, "points": None},
]  # fmt: skip
NOTES: list[Row] = [
    {"id": 11, "sender": 1, "recipient": 2, "body": "Hello"},
    {"id": 12, "sender": 2, "recipient": 1, "body": "And hello to you"},
    {"id": 13, "sender": 2, "recipient": None, "body": "Nobody reads this"},
]
RATINGS: list[Row] = [
    {"person": 1, "item": "a", "stars": 5}, {"person": 1, "item": "b", "stars": 4}, {"person": 2, "item": "a", "stars": 3},
]  # fmt: skip
ROWS: dict[str, list[Row]] = {"people": PEOPLE, "notes": NOTES, "ratings": RATINGS}
KEYS = {"people": ("id",), "notes": ("id",), "ratings": ("person", "item")}

KEY = FieldSpec("id", data_type="integer", primary_key=True)
SPECS: dict[str, CollectionSpec] = {
    "people": CollectionSpec("d", "s", "people", "People", (
        KEY,
        FieldSpec("email", identity="email", category="contact"),
        FieldSpec("name", category="contact"),
        FieldSpec("phone", category="contact"),
        FieldSpec("joined_on", data_type="date", category="usage"),
        FieldSpec("points", data_type="integer", category="usage"),
    ), dated_by="joined_on"),
    # Two people links: the body is the sender's, and who gets it is the recipient's.
    "notes": CollectionSpec("d", "s", "notes", "Notes", (
        KEY,
        FieldSpec("sender", data_type="integer"),
        FieldSpec("recipient", data_type="integer", person="recipient"),
        FieldSpec("body", category="contact", person="sender"),
    )),
    "ratings": CollectionSpec("d", "s", "ratings", "Ratings", (
        FieldSpec("person", data_type="integer", primary_key=True),
        FieldSpec("item", primary_key=True),
        FieldSpec("stars", data_type="integer", category="usage"),
    )),
}  # fmt: skip


class World:
    """One way to run a kind: rows to begin with, the open kind, and a look behind its back."""

    name: ClassVar[str]
    # What the kind's documentation says that it does not offer: word -> why. The words:
    # composite, together, before: it must refuse them in words. transaction: a change that is cut short may be half done
    # and is finished by its repeat. counting, compute, spare: not tested. credentials, read_only, missing, away: there is
    # no such trouble.
    lacks: ClassVar[Mapping[str, str]] = {}
    typed: ClassVar[bool] = True  # numbers come back as numbers

    def __init__(self, folder: Path, need: Need) -> None:
        self.folder, self.need = folder, need

    def fill(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Make the collections anew, with these rows."""
        raise NotImplementedError

    def kind(self) -> base.Kind:
        """The kind, opened anew as an order would open it."""
        raise NotImplementedError

    def rows(self, name: str) -> list[Row]:
        """All rows of a collection as plain values, by key, looked at without the kind."""
        raise NotImplementedError

    def asked(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> None:
        """A search is about to happen."""

    def answered(self, spec: CollectionSpec, keys: Sequence[base.Key]) -> None:
        """A change is about to happen."""

    @contextmanager
    def trouble(self, what: str) -> Iterator[Callable[[], base.Kind]]:
        """While the block runs: credentials (ours are wrong), read_only (we may read and not write), missing (the
        collection `people` is not there), away (the system does not answer). Gives what opens the kind.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Tidy up."""

    def spec(self, name: str) -> CollectionSpec:
        """The description of one collection."""
        return SPECS[name]


def worlds() -> list[type[World]]:
    """The worlds of all adapters."""
    found = []
    for one in iter_modules([str(Path(__file__).parent)]):
        if one.name.startswith("world_"):
            found += import_module(f"tests.connectors.{one.name}").WORLDS
    return found


def by_key(name: str, rows: Sequence[Row]) -> list[Row]:
    """Sorted by key."""
    return sorted(rows, key=lambda row: [str(row[one]) for one in KEYS[name]])
