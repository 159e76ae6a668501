"""Hashes in Redis or Valkey, a row each, known by the name of their key. How this file came about: docs/connector-kinds.md.

There are no indexes: every search goes over the keys of a pattern. A change is one MULTI, given up if a row changed since it
was read. A hash knows no null: what is empty is not there; and a hash without fields is gone.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import redis

from audit.refusal import Refused
from connectors.kinds.base import Column, Found, Key, Mask, Permanent, Spare, Temporary, register
from connectors.kinds.http_part import FILE, Part
from connectors.kinds.http_values import day, meant, text, written
from connectors.models import Batch, Connection
from inventory.descriptions.lines import parse
from inventory.graph import CollectionSpec

AT_ONCE, SECONDS = 500, 5.0
HOLE = re.compile(r"\{(\w+)\}")
FIRST_DAY = date(1000, 1, 1)  # zero dates say "unknown", not "long ago"
Row = dict[str, Any]


@dataclass(frozen=True)
class Keys:
    """How the keys of one collection are named, such as `rating:{person}:{item}`."""

    names: str
    may_be_missing: bool = False


@register("redis")
def open_redis(connection: Connection, batch: Batch | None = None) -> "RedisHashes":
    """The kind behind `redis://user:secret@host:6379/0` (rediss for TLS). Raises Permanent for a fault in it or in the YAML."""
    try:
        client = redis.Redis.from_url(
            connection.address, decode_responses=True, socket_timeout=20.0, socket_connect_timeout=SECONDS
        )
    except ValueError:
        client = None
    if client is None:
        raise Permanent("connection", "The address is not a Redis URL that we can read. Mend it, then retry.")
    return RedisHashes(client, _described(connection.described))


def _described(yaml: str) -> dict[str, Keys]:
    try:
        found = Part(parse(yaml, FILE), "").part("collections")
    except Refused as error:
        raise Permanent("connection", error.message) from None
    made = {}
    for name in found.row:
        part = found.part(name)
        part.only("keys", "may_be_missing")
        keys = part.text("keys")
        if not HOLE.search(keys) or set("*?[]\\") & set(keys) or "}{" in keys:
            part.refuse("keys", "must name the keys with a place for each key field, such as customer:{id}")
        made[name] = Keys(keys, part.flag("may_be_missing"))
    return made


class RedisHashes:
    """See `connectors.kinds.base.Kind`."""

    def __init__(self, client: Any, described: Mapping[str, Keys]) -> None:
        self.client, self.described = client, described

    def check(self) -> str:
        """Ask whether it is there; a sentence for the desk."""
        with _told("Redis"):
            self.client.ping()
        return f"Connected; {len(self.described)} collections are described."

    def keys_of(self, spec: CollectionSpec) -> Keys:
        """How its keys are named. Raises Permanent when nobody said, or not all of the key is in the name."""
        found = self.described.get(spec.place) or self.described.get(spec.name)
        if found is None or set(HOLE.findall(found.names)) != set(spec.primary_key):
            raise Permanent(
                "schema",
                f"{spec.place}: the connection's description must name its keys, with a place for each field of the key.",
            )
        return found

    def columns(self, spec: CollectionSpec) -> dict[str, Column]:
        """The described fields: a hash takes any text."""
        next(self._rows(spec), None)
        single = len(spec.primary_key) == 1
        return {
            one.name: Column(one.name, not one.primary_key, one.primary_key and single, one.data_type != "integer",
                             None, one.data_type == "integer")
            for one in spec.fields
        }  # fmt: skip

    def keyed(self, spec: CollectionSpec) -> bool:
        """A name is there once."""
        self.keys_of(spec)
        return True

    def find(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> Iterator[Found]:
        """Rows whose `field` equals one of `values`; `folded` compares e-mail addresses in lower case."""
        wanted = {meant(one, folded) for one in values} - {None}
        if wanted:
            yield from self._found(spec, lambda row: meant(row.get(field), folded) in wanted)

    def find_together(
        self, spec: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Found]:
        """Rows that hold one of `rows` in `fields`, all together."""
        folded = [spec.field(one).folded for one in fields]
        wanted = {one for one in (tuple(map(meant, row, folded)) for row in rows) if None not in one}
        yield from self._found(spec, lambda row: tuple(map(meant, map(row.get, fields), folded)) in wanted)

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]:
        """Rows whose `field` is dated before a day."""
        yield from self._found(spec, lambda row: (on := day(row.get(field))) is not None and FIRST_DAY <= on < before)

    def _found(self, spec: CollectionSpec, matches: Callable[[Row], bool]) -> Iterator[Found]:
        for row in self._rows(spec):
            if matches(row):
                key = tuple(row[name] for name in spec.primary_key)
                yield Found(key, day(row.get(spec.dated_by)), {name: row.get(name) for name in spec.people})

    def _rows(self, spec: CollectionSpec) -> Iterator[Row]:
        keys, seen, some = self.keys_of(spec), set[int](), list[str]()
        with _told(spec.place):
            for name in self.client.scan_iter(match=HOLE.sub("*", keys.names), count=AT_ONCE, _type="hash"):
                if hash(name) not in seen:  # a scan may give a key twice
                    seen.add(hash(name))
                    some.append(name)
                if len(some) == AT_ONCE:
                    yield from self._read(spec, some)
                    some.clear()
            yield from self._read(spec, some)
        if not seen and not keys.may_be_missing:
            raise Permanent(
                "schema",
                f"{spec.place}: there is no key of that name. Mend the description, or say may_be_missing, then retry.",
            )

    def _read(self, spec: CollectionSpec, names: Sequence[str]) -> Iterator[Row]:
        pipe = self.client.pipeline(transaction=False)
        for name in names:
            pipe.hgetall(name)
        for name, held in zip(names, pipe.execute() if names else (), strict=True):
            parts = self._parts(spec, name)
            if held and parts is not None:
                yield self.row(spec, {**held, **parts})

    def _parts(self, spec: CollectionSpec, name: str) -> dict[str, str] | None:
        keys = self.keys_of(spec).names
        way = "".join(f"(?P<{one}>[^:]+)" if turn % 2 else re.escape(one) for turn, one in enumerate(HOLE.split(keys)))
        found = re.fullmatch(way, name)
        return found.groupdict() if found else None

    def row(self, spec: CollectionSpec, held: Mapping[str, str]) -> Row:
        """A hash with its described numbers as such."""
        whole = {one.name for one in spec.fields if one.data_type == "integer"}
        return {name: _number(one) if name in whole else one for name, one in held.items()}

    def name(self, spec: CollectionSpec, key: Key) -> str:
        """The name of a row's key. Raises Permanent for one that is empty, or has a part that names another row."""
        if any(text(part) is None or ":" in str(part) for part in key):
            raise Permanent("key", f"A row of {spec.place} has a key that cannot be told from others.")
        parts = dict(zip(spec.primary_key, map(str, key), strict=True))
        return HOLE.sub(lambda hole: parts[hole[1]], self.keys_of(spec).names)

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]:
        """The distinct values of `field` in these rows, without nothing."""
        found = (row[field] for row in self.read(spec, [field], keys))
        return list(dict.fromkeys(one for one in found if text(one) is not None))

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]:
        """These fields of these rows; rows that are gone are left out."""
        names = list(fields)
        with _told(spec.place):
            rows = list(self._read(spec, [self.name(spec, key) for key in keys]))
        return [{name: row.get(name) for name in names} for row in rows]

    @contextmanager
    def looking(self) -> Iterator["RedisChanging"]:
        """Reads only."""
        with _told("Redis"), self.client.pipeline() as pipe:
            yield RedisChanging(self, pipe)

    @contextmanager
    def changing(self) -> Iterator["RedisChanging"]:
        """What is to change is collected and done in one MULTI at the end."""
        with _told("Redis"), self.client.pipeline(transaction=True) as pipe:
            session = RedisChanging(self, pipe)
            yield session
            with _told(session.place or "Redis"):
                session.commit()


class RedisChanging:
    """See `connectors.kinds.base.Changing`. `new`: the hashes that this change leaves otherwise; {} is a deleted one."""

    def __init__(self, kind: RedisHashes, pipe: Any) -> None:
        self.kind, self.pipe, self.place = kind, pipe, ""
        self.new: dict[str, tuple[Row, dict[str, str | None] | None]] = {}

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """Delete these rows but the spared ones; how many went."""
        found = list(self._there(spec, keys, spare, watch=True))
        for name, _, row in found:
            self.new[name] = (row, None)
        return len(found)

    def update(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """Bring these rows into the wanted state; how many were not in it yet."""
        done = 0
        for name, key, row in self._there(spec, keys, spare, watch=True):
            if new := self._unlike(key, row, masks):
                before = self.new[name][1] if name in self.new else {}
                left = {field: one for field, one in {**row, **new}.items() if one is not None}
                self.new[name] = (self.kind.row(spec, {k: str(v) for k, v in left.items()}), {**(before or {}), **new})
                done += 1
        return done

    def count(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows are there, the spared ones aside."""
        return sum(1 for _ in self._there(spec, keys, spare))

    def count_unlike(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """How many of these rows are not in the wanted state, the spared ones aside."""
        return sum(1 for _, key, row in self._there(spec, keys, spare) if self._unlike(key, row, masks))

    def _unlike(self, key: Key, row: Row, masks: Mapping[str, Mask]) -> dict[str, str | None]:
        wanted = {name: mask.wanted(key, row.get(name)) for name, mask in masks.items()}
        texts = {name: None if one is None else written(one) for name, one in wanted.items()}
        return {name: one for name, one in texts.items() if one != (None if row.get(name) is None else str(row[name]))}

    def _there(
        self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare, *, watch: bool = False
    ) -> Iterator[tuple[str, Key, Row]]:
        folded = {name: spec.field(name).folded for name in spare}
        spared = {name: {meant(one, folded[name]) for one in some} - {None} for name, some in spare.items()}
        named = {self.kind.name(spec, key): key for key in keys}
        self.place = spec.place
        with _told(spec.place):
            if watch and named:
                self.pipe.watch(*named)
            now = {self.kind.name(spec, tuple(row[one] for one in spec.primary_key)): row
                   for row in self.kind._read(spec, list(named))}  # fmt: skip
        for name, key in named.items():
            row = now.get(name)
            if name in self.new:
                row = None if self.new[name][1] is None else self.new[name][0]
            if row is not None and not any(meant(row.get(one), folded[one]) in some for one, some in spared.items()):
                yield name, key, row

    def commit(self) -> None:
        """All of it or nothing."""
        if not self.new:
            return
        self.pipe.multi()
        for name, (_, changes) in self.new.items():
            if changes is None:
                self.pipe.delete(name)
                continue
            gone = [field for field, one in changes.items() if one is None]
            kept = {field: one for field, one in changes.items() if one is not None}
            if kept:
                self.pipe.hset(name, mapping=kept)
            if gone:
                self.pipe.hdel(name, *gone)
        self.pipe.execute()


def _number(value: str) -> Any:
    """A whole number that is written as one; "007" stays what it is."""
    return int(value) if value.lstrip("-").isdecimal() and len(value) < 19 and str(int(value)) == value else value


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Turns Redis's errors inside the block into ours, without its words: they carry keys and values."""
    failure: Temporary | Permanent
    try:
        yield
        return
    except (redis.AuthenticationError, redis.exceptions.NoPermissionError, redis.ReadOnlyError):
        failure = Permanent(
            "permission", f"{place}: our login may not do this there. Ask its owner for the right, then retry."
        )
    except redis.WatchError:
        failure = Temporary("changed")
    except (redis.ConnectionError, redis.TimeoutError) as error:
        failure = Temporary(type(error).__name__)
    except redis.RedisError:
        failure = Permanent(
            "schema", f"{place}: Redis does not understand a call. Are these keys hashes? Mend it, then retry."
        )
    raise failure from None
