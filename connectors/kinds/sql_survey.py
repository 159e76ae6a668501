"""A look at an SQL database: its tables, columns and keys; and, for a guess, a few values that nobody keeps."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from connectors.discovery.tables import Column, ForeignKey, Kind, Table
from connectors.kinds import sql_schema
from connectors.kinds.sql_errors import translated

SAMPLE_SECONDS = 3
LONGEST_VALUE = 300
# Rows are counted so far at most where the database keeps no estimate.
MOST_COUNTED = 10_000
SYSTEM_SCHEMAS = {"information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys"}


def survey(engine: sa.Engine) -> list[Table]:
    """All tables that our login sees, those of the database's own schemas aside; by name.

    On PostgreSQL every schema of the database, or those of the address's search_path if it has one; on MySQL and MariaDB
    the database of the address: others are systems of their own. Tables outside the usual schema are named
    `schema.table`. Raises Permanent or Temporary.
    """
    with translated(), engine.connect() as connection, connection.begin():
        inspector = sa.inspect(connection)
        usual = inspector.default_schema_name
        found: list[Table] = []
        for schema in _schemas(inspector, connection, usual):
            shown = None if schema in (usual, None) else schema
            found += _tables(inspector, shown, usual, _estimates(connection, schema))
        return sorted(found, key=lambda one: one.name)


def _schemas(inspector: sa.Inspector, connection: sa.Connection, usual: str | None) -> Sequence[str | None]:
    if connection.dialect.name != "postgresql":
        return [usual]
    if "search_path" in str(connection.engine.url.query.get("options", "")):
        # Whoever wrote the address said where this system's tables are: its neighbours are systems of their own.
        path = connection.execute(sa.text("SELECT current_schemas(false)")).scalar_one()
        return [one for one in path if one not in SYSTEM_SCHEMAS]
    own = [one for one in inspector.get_schema_names() if one not in SYSTEM_SCHEMAS and not one.startswith("pg_")]
    return sorted(own)


def _tables(
    inspector: sa.Inspector, schema: str | None, usual: str | None, estimates: dict[str, int]
) -> Iterator[Table]:
    """The tables of one schema, asked for together: a query for each fact and not for each table."""
    facts: dict[str, Any] = {"schema": schema, "kind": sa.engine.reflection.ObjectKind.TABLE}
    columns, keys = inspector.get_multi_columns(**facts), inspector.get_multi_pk_constraint(**facts)
    foreign, unique = inspector.get_multi_foreign_keys(**facts), inspector.get_multi_unique_constraints(**facts)
    indexes, checks = inspector.get_multi_indexes(**facts), _checks(inspector, facts)
    for place, rows in columns.items():
        name = place[1]
        estimate = estimates[name] if name in estimates else _counted(inspector.bind, sa.table(name, schema=schema))
        sets = {tuple(one["column_names"]) for one in unique.get(place, ())} | set(_unique(indexes.get(place, ())))
        key = tuple(keys[place]["constrained_columns"]) if place in keys else ()
        alone = {one[0] for one in (*sets, key) if len(one) == 1}
        yield Table(
            name=_named(schema, name),
            columns=tuple(_column(one, alone, key, checks.get(place, "")) for one in rows),
            primary_key=key,
            unique=tuple(sorted(sets)),
            foreign_keys=tuple(_foreign(one, schema, usual) for one in foreign.get(place, ())),
            rows=estimate,
        )


def _named(schema: str | None, name: str) -> str:
    return f"{schema}.{name}" if schema else name


def _foreign(one: Any, schema: str | None, usual: str | None) -> ForeignKey:
    where = one["referred_schema"] or schema
    table = _named(None if where == usual else where, one["referred_table"])
    return ForeignKey(tuple(one["constrained_columns"]), table, tuple(one["referred_columns"]))


def _unique(indexes: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    for one in indexes:
        partial = any(key.endswith("_where") for key in one.get("dialect_options", {}))
        if one.get("unique") and not partial and None not in one["column_names"]:
            yield tuple(one["column_names"])


def _checks(inspector: sa.Inspector, facts: dict[str, Any]) -> dict[Any, str]:
    """The checks of each table as one text: a text column may be JSON by a check only."""
    return {
        place: " ".join(str(one["sqltext"]) for one in found).lower()
        for place, found in inspector.get_multi_check_constraints(**facts).items()
    }


def _column(one: Any, alone: set[str], key: tuple[str, ...], checks: str) -> Column:
    name, live = one["name"], one["type"]
    kind = kind_of(live)
    if kind == "text" and any(f"json_valid({quote}{name.lower()}{quote})" in checks for quote in ('"', "`", "")):
        kind = "json"
    length = getattr(live, "length", None) if kind == "text" else None
    return Column(name, _word(live), kind, bool(one["nullable"]) and name not in key, name in alone, length)


def _word(live: Any) -> str:
    try:
        return str(live).lower()
    except sa.exc.CompileError:  # a type that has no word of its own, such as one that the driver does not know
        return type(live).__name__.lower()


def kind_of(live: Any) -> Kind:
    """What sort of values a column of this type holds."""
    kinds: tuple[tuple[Kind, Any], ...] = (
        ("json", sa.JSON), ("boolean", sa.Boolean), ("integer", sa.Integer), ("number", sa.Numeric | sa.Float),
        ("datetime", sa.DateTime), ("date", sa.Date), ("binary", sa.LargeBinary | sa.types._Binary),
        ("other", sa.Enum), ("text", sa.String | postgresql.CITEXT | postgresql.INET),
    )  # fmt: skip
    return next((word for word, types in kinds if isinstance(live, types)), "other")


def _estimates(connection: sa.Connection, schema: str | None) -> dict[str, int]:
    """Rows by table, as far as the database keeps an estimate."""
    if connection.dialect.name == "postgresql":
        words = (
            "SELECT c.relname, c.reltuples FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND c.reltuples > 0"
        )
    elif connection.dialect.name in ("mysql", "mariadb"):
        words = "SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = :schema"
    else:
        return {}
    return {str(name): int(rows or 0) for name, rows in connection.execute(sa.text(words), {"schema": schema})}


def _counted(connection: Any, table: sa.TableClause) -> int | None:
    """Rows up to MOST_COUNTED; None for a table that we may not read, or that cannot be read: its names still speak."""
    few = sa.select(sa.literal(1)).select_from(table).limit(MOST_COUNTED).subquery()
    try:
        with connection.begin_nested():
            return int(connection.execute(sa.select(sa.func.count()).select_from(few)).scalar_one())
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
    return None


def live(engine: sa.Engine, table: Table, *columns: str) -> sa.TableClause:
    """The table as statements name it; a `schema.table` is taken apart, and a table that is called just so is not."""
    schema, name = sql_schema.place(engine, table.name)
    return sa.table(name, *(sa.column(one, sa.String()) for one in columns), schema=schema)


def samples(engine: sa.Engine, table: Table, columns: Sequence[str], count: int) -> dict[str, list[str]]:
    """Up to `count` first values of each of these text columns, cut to LONGEST_VALUE characters; empty ones left out.

    For a guess only: whoever calls keeps what they look like and lets them go. Bounded by LIMIT and by SAMPLE_SECONDS;
    raises Temporary for a table that takes longer, Permanent for one that we may not read.
    """
    if not columns:
        return {}
    with translated():
        source = live(engine, table, *columns)
    query = sa.select(*(sa.func.substr(source.c[one], 1, LONGEST_VALUE) for one in columns)).limit(count)
    with translated(), engine.connect() as connection, connection.begin(), _short(connection) as prefix:
        rows = connection.execute(query.prefix_with(prefix) if prefix else query).all()
    return {name: [str(row[at]) for row in rows if row[at] not in (None, "")] for at, name in enumerate(columns)}


@contextmanager
def _short(connection: sa.Connection) -> Iterator[str]:
    """A limit of SAMPLE_SECONDS on the statements inside; what must stand before each SELECT."""
    dialect: Any = connection.dialect
    if dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{SAMPLE_SECONDS}s'")
        yield ""
    elif dialect.name in ("mysql", "mariadb"):
        # On MariaDB for the session, and taken back: the connection is pooled. MySQL has a hint for one statement.
        if getattr(dialect, "is_mariadb", False):
            connection.exec_driver_sql(f"SET SESSION max_statement_time = {SAMPLE_SECONDS}")
            try:
                yield ""
            finally:
                connection.exec_driver_sql("SET SESSION max_statement_time = 0")
        else:
            yield f"/*+ MAX_EXECUTION_TIME({SAMPLE_SECONDS * 1000}) */"
    else:
        driver: Any = connection.connection.driver_connection
        ends = time.monotonic() + SAMPLE_SECONDS
        driver.set_progress_handler(lambda: time.monotonic() > ends, 10_000)
        try:
            yield ""
        finally:
            driver.set_progress_handler(None, 0)
