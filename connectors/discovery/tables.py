"""A schema as plain data, and as the JSON that a survey keeps. Names, types and keys; never values. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "boolean", "date", "datetime", "json", "binary", "other"]
# What a description calls each kind; what is not here is read as a text.
DATA_TYPES = {"integer": "integer", "number": "float", "boolean": "boolean", "date": "date", "datetime": "datetime"}


@dataclass(frozen=True)
class Column:
    """One live column. `type` is the database's own word for it; `unique` is about this column alone."""

    name: str
    type: str
    kind: Kind
    nullable: bool = True
    unique: bool = False
    length: int | None = None

    @property
    def shape(self) -> str:
        """What a change is seen by: type, length, and whether it may be empty."""
        return f"{self.type}{'' if self.nullable else ' not null'}"


@dataclass(frozen=True)
class ForeignKey:
    """`columns` of this table refer to `target` columns of `table`, in this order. `guessed`: from names, not declared."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]
    guessed: bool = False


@dataclass(frozen=True)
class Table:
    """One live table. `name` is the one that a collection bears: with its schema before it, unless that is the usual one.

    `rows` is an estimate, None if there is none.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: int | None = None

    def column(self, name: str) -> Column | None:
        """The column of this name, or None."""
        return next((one for one in self.columns if one.name == name), None)

    @property
    def referring(self) -> frozenset[str]:
        """Columns that are part of a foreign key."""
        return frozenset(name for one in self.foreign_keys for name in one.columns)

    @property
    def fingerprint(self) -> str:
        """Changes with columns, types and keys; not with rows."""
        return _digest({**asdict(self), "rows": None})


def fingerprint(tables: Sequence[Table]) -> str:
    """Of a whole schema."""
    return _digest(sorted(f"{one.name} {one.fingerprint}" for one in tables))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def to_json(tables: Sequence[Table]) -> list[dict[str, Any]]:
    """What a survey keeps."""
    found: list[dict[str, Any]] = json.loads(json.dumps([asdict(one) for one in tables]))
    return found


def from_json(kept: Sequence[Mapping[str, Any]]) -> list[Table]:
    """The tables of a kept survey."""
    return [
        Table(
            name=one["name"],
            columns=tuple(Column(**each) for each in one["columns"]),
            primary_key=tuple(one["primary_key"]),
            unique=tuple(map(tuple, one["unique"])),
            foreign_keys=tuple(
                ForeignKey(tuple(each["columns"]), each["table"], tuple(each["target"]), each["guessed"])
                for each in one["foreign_keys"]
            ),
            rows=one["rows"],
        )
        for one in kept
    ]
