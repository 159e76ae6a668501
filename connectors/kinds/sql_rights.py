"""What our login may do in a table, asked without touching a row: the server plans a statement and never runs it.

PostgreSQL, MySQL and MariaDB check the rights when they plan (EXPLAIN); no trigger fires. SQLite has a file that can be
written or not. Of other databases nothing is said before the change itself.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from connectors.kinds.base import Permanent, Rights
from connectors.kinds.sql_errors import translated

PLANNED = ("postgresql", "mysql", "mariadb")
ASK = "Ask its owner for the grant, then retry."


def lacking(engine: sa.Engine, table: sa.Table, place: str, rights: Rights) -> list[str]:
    """A sentence for each field and right that is missing. Raises Permanent or Temporary for any other trouble."""
    if engine.dialect.name == "sqlite":
        writes = bool(rights.updates or rights.deletes)
        read_only = f"The file of {place} can be read and not written. Ask its owner for the right, then retry."
        return [read_only] if writes and not _writable(engine) else []
    if engine.dialect.name not in PLANNED:
        return []
    found = [
        f"Our login may not read {place}.{name}. {ASK}"
        for name in _refused(engine, rights.reads, lambda some: sa.select(*(table.c[one] for one in some)), table)
    ]
    found += [
        f"Our login may not change {place}.{name}. {ASK}"
        for name in _refused(engine, rights.updates, lambda some: _rewrite(table, some), table)
    ]
    if rights.deletes and not _may(engine, sa.delete(table)):
        found.append(f"Our login may not delete rows of {place}. {ASK}")
    if (rights.updates or rights.deletes) and engine.dialect.name == "postgresql" and _reads_only(engine):
        found.append(f"The server lets our login only read, so {place} cannot be changed. Ask its owner, then retry.")
    return found


def _refused(engine: sa.Engine, names: tuple[str, ...], made: Any, table: sa.Table) -> list[str]:
    known = [one for one in names if one in table.c]
    if not known or _may(engine, made(known)):
        return []
    return [one for one in known if not _may(engine, made([one]))] or known


def _rewrite(table: sa.Table, names: Iterable[str]) -> sa.Update:
    return sa.update(table).values({one: table.c[one] for one in names})


def _may(engine: sa.Engine, statement: Any) -> bool:
    """Whether the server would run a statement about no row at all."""
    compiled = statement.where(sa.literal_column("1") == sa.literal_column("0")).compile(dialect=engine.dialect)
    try:
        with translated(), engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(f"EXPLAIN {compiled}")
    except Permanent as error:
        if error.code != "permission":
            raise
        return False
    return True


@contextmanager
def planning(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose statements are planned and not run; one that cannot be planned raises what running it would."""
    with engine.connect() as connection, connection.begin():
        event.listen(connection, "before_cursor_execute", _planned, retval=True)
        yield connection


def _planned(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> Any:
    return f"EXPLAIN {statement}", parameters


def _reads_only(engine: sa.Engine) -> bool:
    with engine.connect() as connection, connection.begin():
        return bool(connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on")


def _writable(engine: sa.Engine) -> bool:
    try:
        with translated(), engine.connect().execution_options(changing=True) as connection, connection.begin():
            return True
    except Permanent as error:
        if error.code != "permission":
            raise
        return False
