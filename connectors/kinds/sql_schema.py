"""The live schema of an SQL database: tables with their real column types, and what it keeps unique.

A search may be a minute behind; what writes reads its tables anew and all together (`together`).
"""

import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.reflection import ObjectKind

from connectors.kinds import sql_read, sql_uniques

SCHEMA_SECONDS = 60
Unique = frozenset[frozenset[str]]
MOST_KNOWN = 512
_known: dict[tuple[Any, ...], sa.Table] = {}


def table(engine: sa.Engine, name: str) -> sa.Table:
    """A table. Raises SQLAlchemy's NoSuchTableError when it is not there."""
    return _table(engine, name, int(time.monotonic()) // SCHEMA_SECONDS)


def unique_keys(engine: sa.Engine, name: str) -> Unique:
    """The sets of columns that the database itself keeps unique; a set with `sql_uniques.PARTLY` is so not simply."""
    return _unique(engine, name, int(time.monotonic()) // SCHEMA_SECONDS)


def place(engine: sa.Engine, name: str) -> tuple[str | None, str]:
    """(schema, table) of a collection's name."""
    return _place(_inspector(engine, int(time.monotonic()) // SCHEMA_SECONDS), name) if "." in name else (None, name)


def together(inspector: sa.Inspector, names: Sequence[str]) -> dict[str, tuple[sa.Table, Unique]]:
    """Several tables, in a fixed number of queries for each schema; one that is not there is left out."""
    found = _of_schema(inspector, None, sorted(set(names)))
    elsewhere: dict[str, list[str]] = {}
    for name in names:
        schema, _, table = name.rpartition(".")
        if schema and name not in found:
            elsewhere.setdefault(schema, []).append(table)
    for schema, tables in elsewhere.items():
        for table, facts in _of_schema(inspector, schema, tables).items():
            found[f"{schema}.{table}"] = facts
    return found


def _of_schema(inspector: sa.Inspector, schema: str | None, names: Sequence[str]) -> dict[str, tuple[sa.Table, Unique]]:
    asked: Any = {"schema": schema, "filter_names": names, "kind": ObjectKind.ANY}
    columns = inspector.get_multi_columns(**asked)
    keys: Any = inspector.get_multi_pk_constraint(**asked)
    with sql_uniques.quietly():
        constraints: Any = inspector.get_multi_unique_constraints(**asked)
        indexes: Any = inspector.get_multi_indexes(**asked)
    found = dict[str, tuple[sa.Table, Unique]]()
    for place, described in columns.items():
        if described:
            key = (keys.get(place) or {}).get("constrained_columns") or []
            made = _made(inspector.dialect.name, place[1], schema, described, key)
            unique = _sets(key, constraints.get(place) or (), indexes.get(place) or ())
            found[place[1]] = (made, unique | sql_uniques.partly(made, indexes.get(place) or ()))
    written = sql_uniques.written(inspector) if found else {}
    return {
        name: (made, unique | sql_uniques.of_words(made, written.get(name, ())))
        for name, (made, unique) in found.items()
    }


def forget() -> None:
    """Read everything anew."""
    _inspector.cache_clear()
    _table.cache_clear()
    _unique.cache_clear()
    _known.clear()


@lru_cache(maxsize=64)
def _inspector(engine: sa.Engine, minute: int) -> sa.Inspector:
    """Asks for each fact about a table once."""
    return sa.inspect(engine)


@lru_cache(maxsize=512)
def _table(engine: sa.Engine, name: str, minute: int) -> sa.Table:
    inspector = _inspector(engine, minute)
    schema, name = _place(inspector, name)
    key = inspector.get_pk_constraint(name, schema)["constrained_columns"]
    return _made(engine.dialect.name, name, schema, inspector.get_columns(name, schema), key)


@lru_cache(maxsize=512)
def _unique(engine: sa.Engine, name: str, minute: int) -> Unique:
    inspector, made = _inspector(engine, minute), _table(engine, name, minute)
    schema, name = _place(inspector, name)
    with sql_uniques.quietly():
        constraints, indexes = inspector.get_unique_constraints(name, schema), inspector.get_indexes(name, schema)
    key = inspector.get_pk_constraint(name, schema)["constrained_columns"]
    sets = _sets(key, constraints, indexes)
    written = sql_uniques.written(inspector).get(name, ())
    return sets | sql_uniques.partly(made, indexes) | sql_uniques.of_words(made, written)


def _place(inspector: sa.Inspector, name: str) -> tuple[str | None, str]:
    """(schema, table) of a collection's name: `hr.people` is a table of another schema, unless one is called just so."""
    schema, _, table = name.rpartition(".")
    return (schema, table) if schema and not inspector.has_table(name) else (None, name)


def _made(dialect: str, name: str, schema: str | None, described: Iterable[Any], key: Sequence[str]) -> sa.Table:
    columns = [
        sa.Column(
            one["name"], sql_read.as_read(one["type"], dialect),
            primary_key=one["name"] in key, nullable=one["nullable"] and one["name"] not in key,
            info={"declared": one["type"], "computed": (one.get("computed") or {}).get("sqltext")},
        )
        for one in described
    ]  # fmt: skip
    shape = _shape(described, key)
    known = _known.get((dialect, schema, name, shape)) if shape else None
    if known is None:
        known = sa.Table(name, sa.MetaData(), *columns, schema=schema, info={"dialect": dialect})
        if shape:
            if len(_known) > MOST_KNOWN:
                _known.clear()
            _known[dialect, schema, name, shape] = known
    return known


def _shape(described: Iterable[Any], key: Sequence[str]) -> tuple[Any, ...]:
    """All that a table is made of, where it can be compared; else nothing. A table that was read anew and is as it was is the
    same object then, and SQLAlchemy need not write the statements about it anew.
    """
    columns = []
    for one in described:
        kind = tuple(sorted(vars(one["type"]).items()))
        computed = (one.get("computed") or {}).get("sqltext")
        if not all(value is None or isinstance(value, str | int) for value in (computed, *dict(kind).values())):
            return ()
        columns.append((one["name"], type(one["type"]), kind, one["nullable"], one["name"] in key, computed))
    return tuple(columns)


def _sets(key: Sequence[str], constraints: Iterable[Any], indexes: Iterable[Any]) -> Unique:
    sets: list[Any] = [key, *(one["column_names"] for one in constraints)]
    for one in indexes:
        partial = any(word.endswith("_where") for word in one.get("dialect_options", {}))
        if one.get("unique") and not partial and None not in one["column_names"]:
            sets.append(one["column_names"])
    return frozenset(frozenset(one) for one in sets if one)
