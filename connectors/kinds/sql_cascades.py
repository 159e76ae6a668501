"""What the database itself does to rows that refer to a deleted one: ON DELETE CASCADE, SET NULL and SET DEFAULT.

Such a row may be kept on a ground, half another person's, under a legal hold, or of a table that nobody described. So before
rows are deleted we count what would be carried along, and anything is too much: what is to go is deleted by its own name.
Foreign keys that only forbid (RESTRICT, NO ACTION) are the database's own refusal and need no look.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from connectors.kinds.base import Carried, Permanent
from connectors.kinds.sql_errors import translated
from inventory.graph import CollectionSpec

ACTIONS = ("CASCADE", "SET NULL", "SET DEFAULT")
Target = tuple[str | None, str]  # (schema, or None for a table that needs none; name)

# One row for each column of each such key: what is referred to (schema, table, whether it needs no schema), what refers
# (the same), the key's name, its column, the column it refers to (None: that of the primary key), what happens on delete,
# whether we may lock what is referred to, and whether some of what refers is hidden from us.
POSTGRESQL = """
SELECT pn.nspname, p.relname, pg_table_is_visible(p.oid), cn.nspname, c.relname, pg_table_is_visible(c.oid), k.oid::text,
 mine.attname, theirs.attname,
 CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END,
 has_any_column_privilege(p.oid, 'UPDATE'), row_security_active(c.oid)
FROM pg_constraint k
JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS pair(mine, theirs, turn)
JOIN pg_attribute mine ON mine.attrelid = c.oid AND mine.attnum = pair.mine
JOIN pg_attribute theirs ON theirs.attrelid = p.oid AND theirs.attnum = pair.theirs
WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd')
 AND NOT EXISTS (SELECT 1 FROM pg_constraint whole WHERE whole.oid = k.conparentid AND whole.confrelid = k.confrelid)
ORDER BY k.oid, pair.turn"""
MYSQL = """
SELECT k.referenced_table_schema, k.referenced_table_name, k.referenced_table_schema = DATABASE(),
 k.table_schema, k.table_name, k.table_schema = DATABASE(), concat(k.table_schema, '.', k.table_name, '.', k.constraint_name),
 k.column_name, k.referenced_column_name, r.delete_rule, 1, 0
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema
 AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
WHERE k.referenced_table_name IS NOT NULL AND r.delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position"""
SQLITE = """
SELECT NULL, f."table", 1, NULL, m.name, 1, m.name || '.' || f.id, f."from", f."to", f.on_delete, 0, 0
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
WHERE m.type = 'table' AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')
ORDER BY m.name, f.id, f.seq"""
QUERIES = {"postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL, "sqlite": SQLITE}


@dataclass(frozen=True)
class Cascade(Carried):
    """One foreign key. `referred` empty: the primary key. `own`: the table refers to itself. `hidden`: rules of the database
    hide some of the referring rows from our login.
    """

    schema: str | None
    table: str
    referred: tuple[str, ...]
    own: bool
    lockable: bool
    hidden: bool


Cascades = Mapping[Target, Sequence[Cascade]]


def read(engine: sa.Engine) -> Cascades:
    """All such keys by what they refer to, asked in one query. Raises Permanent or Temporary."""
    with translated(), engine.connect() as connection, connection.begin():
        words = QUERIES.get(engine.dialect.name)
        rows = connection.exec_driver_sql(words).all() if words else list(_inspected(sa.inspect(connection)))
    found: dict[Target, list[Cascade]] = {}
    for _, group in groupby(rows, lambda row: row[6]):
        columns = list(group)
        schema, table, bare = columns[0][:3]
        made = _cascade(columns)
        for target in {(schema, table)} | ({(None, table)} if bare else set()):
            found.setdefault(_target(engine.dialect.name, *target), []).append(made)
    return found


def of_table(cascades: Cascades, table: sa.Table) -> Sequence[Cascade]:
    """The keys that refer to a table."""
    return cascades.get(_target(str(table.info.get("dialect")), table.schema, table.name), ())


def lock(connection: sa.Connection, table: sa.Table, rows: sa.ColumnElement[bool], cascades: Sequence[Cascade]) -> None:
    """Lock the rows, so that nothing new can come to refer to them until the transaction ends. On PostgreSQL that needs the
    right to update one of their columns; SQLite has one writer anyway.
    """
    if any(one.lockable for one in cascades):
        connection.execute(sa.select(sa.literal(1)).select_from(table).where(rows).with_for_update()).all()


def referring(
    connection: sa.Connection, table: sa.Table, spec: CollectionSpec, rows: sa.ColumnElement[bool], one: Cascade
) -> int:
    """How many rows refer to these by this key, those aside that are themselves among these. Raises Permanent when our login
    cannot see that.
    """
    if one.hidden:
        raise _unseen(spec, one)
    columns = dict.fromkeys((*one.columns, *(spec.primary_key if one.own else ())))
    child = sa.table(one.table, *(sa.column(name) for name in columns), schema=one.schema).alias("referring")
    referred = one.referred or tuple(column.name for column in table.primary_key)
    same = [child.c[mine] == table.c[theirs] for mine, theirs in zip(one.columns, referred, strict=True)]
    query = sa.select(sa.func.count()).select_from(table.join(child, sa.and_(*same))).where(rows)
    if one.own:
        among_them = [child.c[name] == table.c[name] for name in spec.primary_key]
        query = query.where(~sa.exists(sa.select(1).select_from(table).where(rows, *among_them).correlate(child)))
    try:
        with translated(one.name):
            return int(connection.execute(query).scalar_one())
    except Permanent as error:
        if error.code != "permission":
            raise
    raise _unseen(spec, one)


def _unseen(spec: CollectionSpec, one: Cascade) -> Permanent:
    names = ", ".join(one.columns)
    return Permanent(
        "permission",
        f"Rows of {one.name} may refer to rows of {spec.place} and would go or change with them (ON DELETE {one.action}), and "
        f"our login may not see them. Ask its owner to let it read {one.name} ({names}), every row; then retry.",
    )


def _cascade(columns: Sequence[Any]) -> Cascade:
    parent, name, _, schema, table, bare, _, _, _, action, lockable, hidden = columns[0]
    full = f"{schema}.{table}" if schema else table
    return Cascade(
        name=table if bare else full,
        names=frozenset({full, table} if bare else {full}),
        columns=tuple(row[7] for row in columns),
        action=action,
        schema=None if bare else schema,
        table=table,
        referred=tuple(row[8] for row in columns if row[8] is not None),
        own=(parent, name.casefold()) == (schema, table.casefold()),
        lockable=bool(lockable),
        hidden=bool(hidden),
    )


def _target(dialect: str, schema: str | None, name: str) -> Target:
    # Only PostgreSQL always tells names apart by their case. Elsewhere one key too many is looked at rather than one missed.
    return (schema, name) if dialect == "postgresql" else (schema and schema.casefold(), name.casefold())


def _inspected(inspector: sa.Inspector) -> Iterable[tuple[Any, ...]]:
    """The same rows from a database that we have no query for: of its usual schema, as far as SQLAlchemy can tell."""
    for (schema, table), keys in inspector.get_multi_foreign_keys().items():
        for turn, key in enumerate(keys):
            action = str(key.get("options", {}).get("ondelete", "")).upper()
            if action in ACTIONS:
                theirs = key["referred_schema"]
                for mine, referred in zip(key["constrained_columns"], key["referred_columns"], strict=True):
                    yield (
                        theirs, key["referred_table"], theirs is None, schema, table, schema is None, f"{table}.{turn}",
                        mine, referred, action, False, False,
                    )  # fmt: skip
