"""The foreign keys of an SQL database by which rows hold on to others, and which rows do.

Read from the database itself: a description need not know them, and the server refuses a deletion that breaks one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from connectors.kinds.base import Key, Permanent, Tie
from connectors.kinds.sql_errors import translated
from connectors.kinds.sql_terms import column_of
from connectors.kinds.sql_values import packed
from inventory.graph import CollectionSpec

TAKEN_ALONG = ("CASCADE", "SET NULL", "SET DEFAULT")
STREAM = 2000
Target = tuple[str | None, str]  # (schema, or None for a table that needs none; name)

# One row for each column of each key: what is referred to (schema, table, whether it needs no schema), what refers (the
# same), the key's name, its column, the column it refers to (None: that of the primary key), whether its column may be
# empty, what happens on delete, whether it is looked at only when a transaction ends.
POSTGRESQL = """
SELECT pn.nspname, p.relname, pg_table_is_visible(p.oid), cn.nspname, c.relname, pg_table_is_visible(c.oid), k.oid::text,
 mine.attname, theirs.attname, NOT mine.attnotnull AND mine.attgenerated = '',
 CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' ELSE '' END, k.condeferred
FROM pg_constraint k
JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS pair(mine, theirs, turn)
JOIN pg_attribute mine ON mine.attrelid = c.oid AND mine.attnum = pair.mine
JOIN pg_attribute theirs ON theirs.attrelid = p.oid AND theirs.attnum = pair.theirs
WHERE k.contype = 'f'
 AND NOT EXISTS (SELECT 1 FROM pg_constraint whole WHERE whole.oid = k.conparentid AND whole.confrelid = k.confrelid)
ORDER BY k.oid, pair.turn"""
MYSQL = """
SELECT k.referenced_table_schema, k.referenced_table_name, k.referenced_table_schema = DATABASE(),
 k.table_schema, k.table_name, k.table_schema = DATABASE(), concat(k.table_schema, '.', k.table_name, '.', k.constraint_name),
 k.column_name, k.referenced_column_name, c.is_nullable = 'YES', r.delete_rule, 0
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema
 AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
JOIN information_schema.columns c ON c.table_schema = k.table_schema AND c.table_name = k.table_name
 AND c.column_name = k.column_name
WHERE k.referenced_table_name IS NOT NULL AND k.referenced_table_schema = DATABASE()
ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position"""
# SQLite's own list does not say which keys are deferred; the words of the table do, for all of them together.
SQLITE = """
SELECT NULL, f."table", 1, NULL, m.name, 1, m.name || '.' || f.id, f."from", f."to", NOT c."notnull" AND NOT c.pk,
 f.on_delete, upper(m.sql) LIKE '%INITIALLY%DEFERRED%'
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
JOIN pragma_table_info(m.name) c ON lower(c.name) = lower(f."from")
WHERE m.type = 'table'
ORDER BY m.name, f.id, f.seq"""
QUERIES = {"postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL, "sqlite": SQLITE}


@dataclass(frozen=True)
class SqlTie(Tie):
    """One foreign key. `referred` empty: the primary key of what it refers to."""

    schema: str | None = None
    table: str = ""
    referred: tuple[str, ...] = ()


Ties = Mapping[Target, Sequence[SqlTie]]


def read(engine: sa.Engine) -> Ties:
    """All foreign keys by what they refer to, in one query. Raises Permanent or Temporary."""
    with translated(), engine.connect() as connection, connection.begin():
        words = QUERIES.get(engine.dialect.name)
        rows = connection.exec_driver_sql(words).all() if words else list(_inspected(sa.inspect(connection)))
    found: dict[Target, list[SqlTie]] = {}
    for _, group in groupby(rows, lambda row: row[6]):
        columns = list(group)
        schema, table, bare = columns[0][:3]
        for target in {(schema, table)} | ({(None, table)} if bare else set()):
            found.setdefault(_target(engine.dialect.name, *target), []).append(_tie(columns, engine.dialect.name))
    return found


def of_table(ties: Ties, table: sa.Table) -> Sequence[SqlTie]:
    """The foreign keys that refer to a table."""
    return ties.get(_target(str(table.info.get("dialect")), table.schema, table.name), ())


def holding(
    connection: sa.Connection,
    table: sa.Table,
    rows: sa.ColumnElement[bool],
    tie: SqlTie,
    holder: tuple[sa.Table, CollectionSpec] | None,
    itself: bool,
) -> Iterator[Key]:
    """The keys of the rows that refer by `tie` to these `rows` of `table` (`itself`: only those that refer to themselves). Of
    a table that is not described (`holder` None) one row has no key and stands for all. Empty when our login may not look:
    the server sees to it then.
    """
    names = () if holder is None else holder[1].primary_key
    child = sa.table(
        tie.table, *(sa.column(name) for name in dict.fromkeys((*tie.columns, *names))), schema=tie.schema
    ).alias("holding")
    referred = tie.referred or tuple(column.name for column in table.primary_key)
    same = [child.c[mine] == table.c[theirs] for mine, theirs in zip(tie.columns, referred, strict=True)]
    shown: list[Any] = [child.c[name] for name in names]
    query = sa.select(*shown or [sa.literal(1)]).select_from(table.join(child, sa.and_(*same))).where(rows)
    if holder is None:
        query = query.limit(1)
    elif itself:
        query = query.where(*(child.c[name] == table.c[name] for name in names))
    columns = [] if holder is None else [column_of(holder[0], holder[1], name) for name in names]
    place = "" if holder is None else holder[1].place
    try:
        with translated(tie.name):
            found = connection.execute(query, execution_options={"stream_results": True, "yield_per": STREAM})
    except Permanent as error:
        if error.code not in ("permission", "schema"):
            raise
        return
    for part in found.partitions():
        for row in part:
            yield packed(columns, tuple(row), place) if columns else ()


def referred_to(table: sa.Table, spec: CollectionSpec, tie: Tie) -> sa.Exists:
    """Another row of the same table refers to the row by `tie`, which a table has to itself."""
    assert isinstance(tie, SqlTie)
    other = table.alias("referring")
    referred = tie.referred or tuple(column.name for column in table.primary_key)
    same = [other.c[mine] == table.c[theirs] for mine, theirs in zip(tie.columns, referred, strict=True)]
    itself = sa.or_(*(other.c[name] != table.c[name] for name in spec.primary_key))
    return sa.exists(sa.select(sa.literal(1)).select_from(other).where(*same, itself).correlate(table))


def _tie(columns: Sequence[Any], dialect: str) -> SqlTie:
    parent, name, _, schema, table, bare, _, _, _, _, action, deferred = columns[0]
    full = f"{schema}.{table}" if schema else table
    return SqlTie(
        name=table if bare else full,
        names=frozenset({full, table} if bare else {full}),
        columns=tuple(row[7] for row in columns),
        empties=next((row[7] for row in reversed(columns) if row[9]), ""),
        own=(parent, name.casefold()) == (schema, table.casefold()),
        waits=bool(deferred),
        restricts=action not in TAKEN_ALONG,
        stuck=dialect in ("mysql", "mariadb"),
        schema=None if bare else schema,
        table=table,
        referred=tuple(row[8] for row in columns if row[8] is not None),
    )


def _target(dialect: str, schema: str | None, name: str) -> Target:
    return (schema, name) if dialect == "postgresql" else (schema and schema.casefold(), name.casefold())


def _inspected(inspector: sa.Inspector) -> Iterator[tuple[Any, ...]]:
    """The same rows from a database that we have no query for: of its usual schema, as far as SQLAlchemy can tell."""
    columns: Mapping[Any, Iterable[Any]] = inspector.get_multi_columns()
    for (schema, table), keys in inspector.get_multi_foreign_keys().items():
        may_be_empty = {one["name"]: one["nullable"] for one in columns.get((schema, table), ())}
        for turn, key in enumerate(keys):
            options = key.get("options", {})
            action, theirs = str(options.get("ondelete", "")).upper(), key["referred_schema"]
            for mine, referred in zip(key["constrained_columns"], key["referred_columns"], strict=True):
                yield (
                    theirs, key["referred_table"], theirs is None, schema, table, schema is None, f"{table}.{turn}",
                    mine, referred, may_be_empty.get(mine, False), action, False,
                )  # fmt: skip
