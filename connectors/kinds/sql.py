"""SQL databases through SQLAlchemy Core: PostgreSQL, MySQL/MariaDB, SQLite; others that it speaks may work.

Names come from the description and are quoted by SQLAlchemy; values are always bound; a key is compared for equality, never
by pattern; an empty or missing key matches nothing and is refused.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from connectors.kinds.base import Column, Found, Key, Mask, Permanent, Spare, register
from connectors.kinds.sql_engines import engine_for
from connectors.kinds.sql_errors import translated
from connectors.kinds.sql_values import before as dated_before
from connectors.kinds.sql_values import (
    coerce,
    comparable,
    day,
    empty,
    exact,
    packed,
    plain,
    same_text,
    textual,
    token_expression,
)
from connectors.models import Connection
from inventory.graph import CollectionSpec

STREAM = 2000
SCHEMA_SECONDS = 60


@register("sql")
def open_sql(connection: Connection) -> "Sql":
    """The kind behind a connection whose address is an SQLAlchemy URL."""
    return Sql(engine_for(connection.address))


class Sql:
    """See `connectors.kinds.base.Kind`."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        # One table of a name for each instance: two that differ (the schema was read anew in between) would make a
        # cartesian product of a statement, and so everybody's rows.
        self._tables: dict[str, sa.Table] = {}

    def check(self) -> str:
        """Connect and ask for nothing; a sentence for the desk."""
        with translated(), self.engine.connect() as connection:
            connection.execute(sa.select(sa.literal(1)))
            tables = len(sa.inspect(connection).get_table_names())
        return f"Connected ({self.engine.dialect.name}); {tables} tables are visible."

    def table(self, name: str) -> sa.Table:
        """The live table, with its real column types. Raises Permanent when it is not there."""
        if name not in self._tables:
            self._tables[name] = _table(self.engine, name, int(time.monotonic()) // SCHEMA_SECONDS)
        return self._tables[name]

    def columns(self, spec: CollectionSpec) -> dict[str, Column]:
        """The live columns of a collection."""
        with translated():
            table, unique = self.table(spec.name), self._unique(spec.name)
            return {
                one.name: Column(
                    one.name,
                    bool(one.nullable) and not one.primary_key,
                    frozenset((one.name,)) in unique,
                    textual(one),
                    getattr(one.type, "length", None),
                )
                for one in table.columns
            }

    def keyed(self, spec: CollectionSpec) -> bool:
        """Whether the database itself keeps the described key unique."""
        with translated():
            return any(one <= set(spec.primary_key) for one in self._unique(spec.name))

    def find(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> Iterator[Found]:
        """Rows whose `field` equals one of `values`; `folded` compares e-mail addresses in lower case."""
        with translated():
            table = self.table(spec.name)
            column = _column(table, spec, field)
            wanted = [one for one in (coerce(column, value) for value in values) if not empty(one)]
            if not wanted:
                return
            if not textual(column):
                yield from self._stream(table, spec, comparable(column).in_(wanted))
                return
            texts = {same_text(one, folded) for one in wanted}
            condition = sa.func.lower(column).in_(sorted(texts)) if folded else column.in_(wanted)
            # Once more here: to a collation é may be e and A may be a, and that is another person.
            yield from self._stream(table, spec, condition, lambda value: same_text(value, folded) in texts, column)

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]:
        """Rows whose `field` is dated before a day."""
        with translated():
            table = self.table(spec.name)
            column = _column(table, spec, field)
            place = f"{spec.dataset}.{spec.name}.{field}"
            yield from self._stream(table, spec, dated_before(column, before, self._dialect, place))

    def _stream(
        self,
        table: sa.Table,
        spec: CollectionSpec,
        condition: sa.ColumnElement[bool],
        matches: Callable[[Any], bool] | None = None,
        matched: sa.ColumnElement[Any] | None = None,
    ) -> Iterator[Found]:
        # `table` is the very one that `condition` is built on. Another one of the same name (the schema was read anew in
        # between) would make a cartesian product: everybody's rows.
        keys = [_column(table, spec, name) for name in spec.primary_key]
        if not keys:
            raise Permanent(
                "schema", f"{spec.dataset}.{spec.name} has no key in its description. Name one, then retry."
            )
        people = [_column(table, spec, name).label(f"people_{name}") for name in spec.people]
        dated = _column(table, spec, spec.dated_by) if spec.dated_by else sa.null()
        query = sa.select(
            *[one.label(f"key_{place}") for place, one in enumerate(keys)],
            *people,
            dated.label("dated_on"),
            (sa.null() if matched is None else matched).label("matched"),
        ).where(condition)
        place = f"{spec.dataset}.{spec.name}"
        with self._reading() as connection:
            options = {"stream_results": True, "yield_per": STREAM}
            for row in connection.execute(query, execution_options=options):
                if matches is not None and not matches(row[-1]):
                    continue
                links = dict(zip(spec.people, map(plain, row[len(keys) : -2]), strict=True))
                yield Found(packed(keys, row[: len(keys)], place), day(row[-2]), links)

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]:
        """The distinct values of `field` in these rows, without nulls."""
        with translated(), self._reading() as connection:
            table = self.table(spec.name)
            column = _column(table, spec, field)
            query = sa.select(column).distinct().where(_among(table, spec, keys), column.is_not(None))
            return [plain(one) for one in connection.execute(query).scalars()]

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]:
        """These fields of these rows; rows that are gone are left out."""
        with translated(), self._reading() as connection:
            table = self.table(spec.name)
            query = sa.select(*[_column(table, spec, name).label(name) for name in fields])
            order = [_column(table, spec, name) for name in spec.primary_key]
            rows = connection.execute(query.where(_among(table, spec, keys)).order_by(*order))
            return [dict(row._mapping) for row in rows]

    @contextmanager
    def looking(self) -> Iterator["SqlChanging"]:
        """One transaction without a write lock: a search may be streaming from the same file."""
        with translated(), self._reading() as connection:
            yield SqlChanging(self, connection)

    @contextmanager
    def changing(self) -> Iterator["SqlChanging"]:
        """One transaction with short lock waits; commits unless the block raises."""
        with translated(), self.engine.connect().execution_options(changing=True) as connection, connection.begin():
            yield SqlChanging(self, connection)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @property
    def _dialect(self) -> str:
        return self.engine.dialect.name

    def _unique(self, name: str) -> frozenset[frozenset[str]]:
        return _unique_keys(self.engine, name, int(time.monotonic()) // SCHEMA_SECONDS)


class SqlChanging:
    """See `connectors.kinds.base.Changing`."""

    def __init__(self, kind: Sql, connection: sa.Connection) -> None:
        self.kind, self.connection = kind, connection

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """Delete these rows but the spared ones; how many went."""
        table = self.kind.table(spec.name)
        return self.connection.execute(sa.delete(table).where(_among(table, spec, keys, spare))).rowcount

    def update(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """Bring these rows into the wanted state; how many were not in it yet."""
        table, wanted, unlike = self._wanted(spec, keys, masks)
        statement = sa.update(table).where(_among(table, spec, keys, spare), unlike)
        return self.connection.execute(
            statement.values({table.c[name]: value for name, value in wanted.items()})
        ).rowcount

    def count(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows are there, the spared ones aside."""
        table = self.kind.table(spec.name)
        return self._count(table, _among(table, spec, keys, spare))

    def count_unlike(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """How many of these rows are not in the wanted state, the spared ones aside."""
        table, _, unlike = self._wanted(spec, keys, masks)
        return self._count(table, sa.and_(_among(table, spec, keys, spare), unlike))

    def _wanted(
        self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask]
    ) -> tuple[sa.Table, dict[str, Any], sa.ColumnElement[bool]]:
        """(table, what each field shall hold, the condition that one of them does not hold it)."""
        table = self.kind.table(spec.name)
        columns = [_column(table, spec, name) for name in spec.primary_key]
        held = _coerced(columns, spec, keys)
        wanted = {
            name: token_expression(columns, held, mask.suffix) if mask.token else _valued(table, spec, name, mask)
            for name, mask in masks.items()
        }
        unlike = [_unlike(table.c[name], value, self.kind._dialect) for name, value in wanted.items()]
        return table, wanted, sa.or_(*unlike)

    def _count(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
        return int(self.connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())


@lru_cache(maxsize=512)
def _table(engine: sa.Engine, name: str, minute: int) -> sa.Table:
    listeners = [("column_reflect", _as_stored)] if engine.dialect.name == "sqlite" else []
    return sa.Table(name, sa.MetaData(), autoload_with=engine, resolve_fks=False, listeners=listeners)


def _as_stored(inspector: Any, table: Any, column: Any) -> None:
    # SQLite stores dates and decimals as whatever was written; reading them as such would fail on the first odd one.
    if isinstance(column["type"], sa.Date | sa.DateTime | sa.Time | sa.Numeric):
        column["type"] = sa.types.NullType()


@lru_cache(maxsize=512)
def _unique_keys(engine: sa.Engine, name: str, minute: int) -> frozenset[frozenset[str]]:
    inspector = sa.inspect(engine)
    sets: list[Any] = [inspector.get_pk_constraint(name)["constrained_columns"]]
    sets += [one["column_names"] for one in inspector.get_unique_constraints(name)]
    for one in inspector.get_indexes(name):
        partial = any(key.endswith("_where") for key in one.get("dialect_options", {}))
        if one.get("unique") and not partial and None not in one["column_names"]:
            sets.append(one["column_names"])
    return frozenset(frozenset(one) for one in sets if one)


def forget_schema() -> None:
    """Read the live schema anew: before each order, so that a change there is seen before the first write."""
    _table.cache_clear()
    _unique_keys.cache_clear()


def _column(table: sa.Table, spec: CollectionSpec, name: str) -> sa.Column[Any]:
    if name not in table.c:
        raise Permanent("schema", f"{spec.dataset}.{spec.name} has no column {name}. Mend the description, then retry.")
    return table.c[name]


def _coerced(columns: Sequence[sa.Column[Any]], spec: CollectionSpec, keys: Sequence[Key]) -> list[Key]:
    wanted = [tuple(coerce(column, one) for column, one in zip(columns, key, strict=True)) for key in keys]
    if any(empty(one) for key in wanted for one in key):
        raise Permanent("key", f"A row of {spec.dataset}.{spec.name} has an empty key; it cannot be told from others.")
    return wanted


def _among(
    table: sa.Table, spec: CollectionSpec, keys: Sequence[Key], spare: Spare | None = None
) -> sa.ColumnElement[bool]:
    """Exactly these rows, without the spared ones. A row with nothing in the field is not spared by it."""
    columns = [_column(table, spec, name) for name in spec.primary_key]
    wanted = _coerced(columns, spec, keys)
    parts: list[sa.ColumnElement[bool]] = [
        columns[0].in_([key[0] for key in wanted]) if len(columns) == 1 else sa.tuple_(*columns).in_(wanted)
    ]
    for name, values in (spare or {}).items():
        column = _column(table, spec, name)
        held = [one for one in (coerce(column, value) for value in values) if not empty(one)]
        if spec.field(name).identity == "email":
            parts.append(sa.or_(column.is_(None), sa.func.lower(column).not_in([str(one).lower() for one in held])))
        else:
            parts.append(sa.or_(column.is_(None), comparable(column).not_in(held)))
    return sa.and_(*parts)


def _valued(table: sa.Table, spec: CollectionSpec, name: str, mask: Mask) -> Any:
    value = coerce(_column(table, spec, name), mask.value)
    if value is None and mask.value is not None:
        place = f"{spec.dataset}.{spec.name}.{name}"
        raise Permanent("schema", f"{place} cannot hold the value that it shall get. Mend the mask, then retry.")
    return value


def _unlike(column: sa.Column[Any], value: Any, dialect: str) -> sa.ColumnElement[bool]:
    if value is None:
        return column.is_not(None)
    if textual(column):
        text = value if isinstance(value, sa.ColumnElement) else sa.literal(value, sa.String())
        return sa.or_(column.is_(None), exact(column, dialect) != text)
    return column.is_distinct_from(value)
