"""What every kind of system can do, and how it says that it cannot.

A kind never decides what to touch: it gets keys, fields and values. Its errors carry codes and sentences of ours; the
driver's own text stays here, because drivers put values into it.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from django.conf import settings

from connectors.models import Batch, Connection
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


class Waiting(Exception):
    """A colleague has to do it first, by hand; the order is parked as "waiting" and opened again when they sign off."""

    def __init__(self, sentence: str) -> None:
        super().__init__("waiting")
        self.sentence = sentence


@dataclass(frozen=True)
class Column:
    """One live column, as the system describes it. `unique`: in any way by itself, also in lower case or in some rows only.

    `together`: the other columns of each unique key that it is only a part of. `words`: the only ones that it takes.
    `computed`: the system works its value out. `most`: the greatest whole number that fits. `other`: it holds neither text
    nor numbers.
    """

    name: str
    nullable: bool
    unique: bool
    textual: bool
    length: int | None = None
    number: bool = False
    together: tuple[frozenset[str], ...] = ()
    words: tuple[str, ...] | None = None
    computed: bool = False
    most: int | None = None
    other: bool = False


@dataclass(slots=True)
class Found:
    """A row that matched: its key, its date if the collection is dated, and the values of its people links."""

    key: Key
    on: date | None
    people: Mapping[str, Any]


@dataclass(frozen=True)
class Mask:
    """What a field is set to: a fixed value (None is null), a token made of the row's key and `suffix`, or what `compute`
    makes of the row's key and the present value; applied to its own result it gives the same again.
    """

    value: Any = None
    token: bool = False
    suffix: str = ""
    compute: Callable[[Key, Any], Any] | None = None

    def wanted(self, key: Key, current: Any) -> Any:
        """What the field of the row with this key shall hold, given what it holds."""
        if self.compute is not None:
            return self.compute(key, current)
        return token(key, self.suffix) if self.token else self.value


def token(key: Sequence[Any], suffix: str) -> str:
    """The token of a row: "erased", its key and the suffix; of a key that may itself be personal, a keyed digest."""
    if all(isinstance(part, int) and not isinstance(part, bool) for part in key):
        return "-".join(["erased", *map(str, key)]) + suffix
    secret = hashlib.sha256(b"privacyops token v1" + settings.INDEX_KEY.encode()).digest()
    digest = hmac.new(secret, json.dumps(list(key), default=str).encode(), hashlib.sha256).hexdigest()
    return f"erased-{digest[:20]}{suffix}"


Spare = Mapping[str, Sequence[Any]]  # rows whose field holds one of these values are left alone


@dataclass(frozen=True)
class Rights:
    """What is to be done in one collection: these fields read, these written, rows deleted, searches by these."""

    reads: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    deletes: bool = False
    searches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Carried:
    """Rows that the system itself deletes or changes when a row that they refer to is deleted: of the table `name` (one of
    `names`, as descriptions may call it), which refers by `columns`; `action` is what happens to them.
    """

    name: str
    names: frozenset[str]
    columns: tuple[str, ...]
    action: str


@dataclass(frozen=True)
class Tie:
    """A key by which rows of the table `name` (one of `names`, as descriptions may call it) refer to rows of another table or
    of their own (`own`): the system refuses to delete what is referred to.

    `columns` refer; `empties` is the one of them that may be emptied, "" if none. `restricts` is False when the system takes
    the referring rows along instead. `waits`: it is looked at only when a transaction ends. `stuck`: not even a row that
    refers to itself alone can be deleted.
    """

    name: str
    names: frozenset[str]
    columns: tuple[str, ...]
    empties: str
    own: bool = False
    waits: bool = False
    restricts: bool = True
    stuck: bool = False


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

    def find_together(
        self, spec: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Found]: ...

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]: ...

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]: ...

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]: ...

    def looking(self) -> AbstractContextManager[Looking]: ...

    def changing(self) -> AbstractContextManager[Changing]: ...


Factory = Callable[[Connection, Batch | None], Kind]

_kinds: dict[str, Factory] = {}


def register(name: str) -> Callable[[Factory], Factory]:
    """Decorate the factory of a kind: it gets the connection, and the batch when it is opened for one."""

    def decorate(factory: Factory) -> Factory:
        _kinds[name] = factory
        return factory

    return decorate


def names() -> list[str]:
    """The registered kinds."""
    return sorted(_kinds)


def open_kind(connection: Connection, batch: Batch | None = None) -> Kind:
    """The kind behind a connection. Raises Permanent when it is switched off or of a kind that we do not know."""
    if not connection.active:
        raise Permanent("connection", "The connection is switched off. Switch it on, then retry.")
    if connection.kind not in _kinds:
        raise Permanent("connection", "The connection is of a kind that is not installed.")
    return _kinds[connection.kind](connection, batch)


def chunk_rows(kind: Kind) -> int:
    """How many rows make a chunk: CHUNK_ROWS, or fewer where a kind has an attribute `chunk_rows` because it is slow. A chunk
    is one transaction of ours and must end before the order's lease does.
    """
    return max(1, min(settings.CHUNK_ROWS, int(getattr(kind, "chunk_rows", settings.CHUNK_ROWS))))


def ready(kind: Kind, spec: CollectionSpec, masks: Mapping[str, Mask] | None) -> None:
    """Ask a kind that has a method `ready` whether it can do this at all (`masks` None: delete), before the first row."""
    asked = getattr(kind, "ready", None)
    if asked is not None:
        asked(spec, masks)


def fits(kind: Kind, spec: CollectionSpec, fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> bool:
    """Whether one of `rows` can stand in these fields at all. True for a kind that cannot tell (it has no method `fits`)."""
    asked = getattr(kind, "fits", None)
    return asked is None or bool(asked(spec, fields, rows))


def lacking(kind: Kind, spec: CollectionSpec, rights: Rights) -> list[str] | None:
    """What our login may not do there, a sentence for each. None for a kind that cannot tell before it does it (it has no
    method `lacking`).
    """
    asked = getattr(kind, "lacking", None)
    return None if asked is None else list(asked(spec, rights))


def carried(kind: Kind, spec: CollectionSpec) -> list[Carried]:
    """What a deletion of the collection's rows would carry along, whoever's it is; empty for a kind that carries nothing (it
    has no method `carried`). The sessions of a kind that has one have a method `referring`.
    """
    asked = getattr(kind, "carried", None)
    return [] if asked is None else list(asked(spec))


def carrying(place: str, one: Carried) -> str:
    """The sentence for rows that would be carried along when rows of `place` are deleted."""
    verb = "delete" if one.action == "CASCADE" else "change"
    return (
        f"Deleting rows of {place} would also {verb} rows of {one.name} that refer to them (ON DELETE {one.action} of "
        f"{', '.join(one.columns)}). Describe {one.name} with this reference and erase: delete, so that they go first; or mask "
        f"{place}."
    )


def referring(kind: Kind, spec: CollectionSpec, keys: Sequence[Key]) -> dict[Carried, int]:
    """How many rows would be carried along if these were deleted now."""
    with kind.looking() as session:
        found: dict[Carried, int] = getattr(session, "referring")(spec, keys, {})  # noqa: B009
    return found


def stored(kind: Kind, spec: CollectionSpec) -> CollectionSpec:
    """The description in the words of the system, where a kind that has a method `stored` calls things otherwise."""
    asked = getattr(kind, "stored", None)
    found: CollectionSpec = spec if asked is None else asked(spec)
    return found


def typed(kind: Kind, spec: CollectionSpec, field: str, values: Sequence[Any]) -> list[Any]:
    """Of identifiers that a person typed, those that are written as the field's values are, where a kind that has a method
    `typed` would take others for them: 007 is not account 7.
    """
    asked = getattr(kind, "typed", None)
    return list(values) if asked is None else list(asked(spec, field, values))


def prepare(kind: Kind, names: Sequence[str]) -> None:
    """Tell a kind that has a method `prepare` which collections are to be changed: it looks at them as they are now."""
    asked = getattr(kind, "prepare", None)
    if asked is not None:
        asked(names)


def asking(kind: Kind) -> AbstractContextManager[None]:
    """A block of questions that follow each other at once, before anything is written. A kind that has a method `asking` may
    ask them all in one transaction, as long as each answer is as new as it would be in one of its own.
    """
    asked: Any = getattr(kind, "asking", None)
    block: AbstractContextManager[None] = nullcontext() if asked is None else asked()
    return block


def beating(kind: Kind, beat: Callable[[], None] | None) -> None:
    """Give a kind that has an attribute `beat` the means to keep its order's lease while it waits for a slow system."""
    if hasattr(kind, "beat"):
        kind.beat = beat
