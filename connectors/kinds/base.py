"""What every kind of system can do, and how it says that it cannot.

A kind never decides what to touch: it gets keys, fields and values. Its errors carry codes and sentences of ours; the
driver's own text stays here, because drivers put values into it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from connectors.models import Connection
from inventory.graph import CollectionSpec

Key = tuple[Any, ...]


class Temporary(Exception):
    """It may work later: connection lost, lock timeout, deadlock. `code` only."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Permanent(Exception):
    """It will not work until a person mends something; `sentence` says what, without personal data."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class Column:
    """One live column, as the system describes it."""

    name: str
    nullable: bool
    unique: bool
    textual: bool
    length: int | None = None


@dataclass(frozen=True)
class Found:
    """A row that matched: its key, its date if the collection is dated, and the values of its people links."""

    key: Key
    on: date | None
    people: Mapping[str, Any]


@dataclass(frozen=True)
class Mask:
    """What a field is set to: a fixed value (None is null), or a token made of the row's key and `suffix`."""

    value: Any = None
    token: bool = False
    suffix: str = ""


Spare = Mapping[str, Sequence[Any]]  # rows whose field holds one of these values are left alone


class Looking(Protocol):
    """One transaction in the other system that only counts."""

    def count(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int: ...

    def count_unlike(
        self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare
    ) -> int: ...


class Changing(Looking, Protocol):
    """One transaction in the other system; leaving it without an error commits."""

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int: ...

    def update(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int: ...


class Kind(Protocol):
    """How one kind of system is read and changed."""

    def check(self) -> str: ...

    def columns(self, spec: CollectionSpec) -> dict[str, Column]: ...

    def keyed(self, spec: CollectionSpec) -> bool: ...

    def find(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> Iterator[Found]: ...

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]: ...

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]: ...

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]: ...

    def looking(self) -> AbstractContextManager[Looking]: ...

    def changing(self) -> AbstractContextManager[Changing]: ...


_kinds: dict[str, Callable[[Connection], Kind]] = {}


def register(name: str) -> Callable[[Callable[[Connection], Kind]], Callable[[Connection], Kind]]:
    """Decorate the factory of a kind."""

    def decorate(factory: Callable[[Connection], Kind]) -> Callable[[Connection], Kind]:
        _kinds[name] = factory
        return factory

    return decorate


def names() -> list[str]:
    """The registered kinds."""
    return sorted(_kinds)


def open_kind(connection: Connection) -> Kind:
    """The kind behind a connection. Raises Permanent when it is switched off or of a kind that we do not know."""
    if not connection.active:
        raise Permanent("connection", "The connection is switched off. Switch it on, then retry.")
    if connection.kind not in _kinds:
        raise Permanent("connection", "The connection is of a kind that is not installed.")
    return _kinds[connection.kind](connection)
