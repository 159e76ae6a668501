"""The rows that others are dated by (an order by its account), held while these are deleted.

A statement sees a parent as it was committed. Another transaction may have given it a new date and not committed yet; deleted
by the old one the row would go early. So the parents of a chunk are locked first, in the order of their keys: that waits
for who changes them, and nobody changes them until the deletion is over. SQLite has one writer, which is us.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from connectors.kinds.sql_terms import column_of
from inventory.dating import ParentDate
from inventory.graph import CollectionSpec

LOCKING = ("postgresql", "mysql", "mariadb")
# PostgreSQL lets lock who may update a column, and tables only.
LOCKABLE = sa.text(
    "SELECT relkind IN ('r', 'p') AND has_any_column_privilege(oid, 'UPDATE') FROM pg_class WHERE oid = to_regclass(:name)"
)


def lock(
    connection: sa.Connection, tables: Callable[[str], sa.Table], spec: CollectionSpec, rows: sa.ColumnElement[bool]
) -> None:
    """Lock what tells the date of these rows. Nothing where our login may not: then the statement sees what was committed."""
    if spec.due is None or connection.dialect.name not in LOCKING:
        return
    for one in spec.due.parents:
        parent = tables(one.spec.name)
        if _lockable(connection, parent):
            found = _referred(connection, tables(spec.name), spec, one, rows)
            theirs = [column_of(parent, one.spec, name) for name in one.theirs]
            wanted = sa.tuple_(*theirs).in_(found) if len(theirs) > 1 else theirs[0].in_([key for (key,) in found])
            if found:
                query = sa.select(*theirs).where(wanted).order_by(*theirs)
                connection.execute(query.with_for_update(read=True)).all()


def _referred(
    connection: sa.Connection, table: sa.Table, spec: CollectionSpec, one: ParentDate, rows: sa.ColumnElement[bool]
) -> list[tuple[Any, ...]]:
    query = sa.select(*(column_of(table, spec, name) for name in one.mine)).where(rows)
    if connection.dialect.name != "postgresql":
        # A plain look would fix what this transaction sees for all its looks, the one after the deletion too.
        query = query.with_for_update()
    return list(dict.fromkeys(tuple(row) for row in connection.execute(query) if None not in row))


def _lockable(connection: sa.Connection, parent: sa.Table) -> bool:
    if connection.dialect.name != "postgresql":
        return True
    name = connection.dialect.identifier_preparer.format_table(parent)
    return bool(connection.execute(LOCKABLE, {"name": name}).scalar())
