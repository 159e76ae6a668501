"""SQLAlchemy engines, one small pool for each address and process, with timeouts that end before a lease does."""

import os
import time
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from psycopg import DataError, adapters
from psycopg.adapt import Loader
from psycopg.pq import Format
from sqlalchemy import event

from connectors.kinds.base import Permanent, Temporary

LOCK_SECONDS = 5
# Below the lease of a work order (LEASE_SECONDS, 60): who asks longer needs an index, and a person who hears of it.
STATEMENT_SECONDS = 45
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}
OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {"connect_args": {"timeout": 15}},
    "postgresql": {"connect_args": {"connect_timeout": 5}},
    # READ COMMITTED: without the gap locks of MySQL's default, which would stop other people's writers.
    "mysql": {
        "connect_args": {"connect_timeout": 5, "read_timeout": STATEMENT_SECONDS, "write_timeout": STATEMENT_SECONDS},
        "isolation_level": "READ COMMITTED",
    },
}
UNREADABLE = "The address is not a database URL that we can read. Mend it, then retry."
ODD_OPTION = "The address has an option that the database's driver does not take (after its ?). Mend it, then retry."


def _lenient(name: str) -> type[Loader]:
    """The driver's own loader of a type, in C where it has one, that gives a date that Python has not (infinity, years before 1
    or after 9999, 24 o'clock) as its text. Such a row is somebody's like any other: one of them must not hide the rest.
    """
    own = cast(type[Loader], adapters.get_loader(adapters.types[name].oid, Format.TEXT))

    class Lenient(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self.quick = own(oid, context).load

        def load(self, data: Any) -> Any:
            try:
                return self.quick(data)
            except DataError:
                return bytes(data).decode("ascii", "replace")

    return Lenient


LOADERS = {name: _lenient(name) for name in ("date", "time", "timetz", "timestamp", "timestamptz")}
# A connection that was in use so short a time ago is taken from the pool without asking whether it is alive.
FRESH_SECONDS = 5
_engines: dict[tuple[str, int], sa.Engine] = {}


def engine_for(address: str) -> sa.Engine:
    """The engine of an address. Raises Permanent for one that cannot be read, Temporary for a file that is not there."""
    # With the process: a connection must not be used on both sides of a fork.
    made = _engines.get((address, os.getpid()))
    if made is None:
        made = _engines[address, os.getpid()] = _readable(address)
    path = (made.url.database or "").removeprefix("file:")
    # SQLite would make an empty database there, and an empty database holds nothing of anybody.
    if made.dialect.name == "sqlite" and not Path(path).is_file():
        raise Temporary("connection")
    return made


def close_all() -> None:
    """Close the pools of this process."""
    for made in list(_engines.values()):
        made.dispose()
    _engines.clear()


def _readable(address: str) -> sa.Engine:
    made = None
    try:
        made = _make(address)
    except (sa.exc.SQLAlchemyError, ImportError, ValueError, TypeError, LookupError, AttributeError):
        made = None  # refused below, without the address in the error's context
    if made is None:
        raise Permanent("connection", UNREADABLE)
    return made


def _make(address: str) -> sa.Engine:
    url = sa.make_url(address)
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    options = OPTIONS.get(url.get_backend_name(), {})
    # A pooled SQLite connection would go on reading a file that was replaced under its name: no pool, it opens in no time.
    pool: dict[str, Any] = {"poolclass": sa.QueuePool, "pool_size": 2, "pool_recycle": 300}
    if url.get_backend_name() == "sqlite":
        pool = {"poolclass": sa.NullPool}
    made = sa.create_engine(url, hide_parameters=True, **pool, **options)
    if url.get_backend_name() != "sqlite":
        _tend(made)
    event.listen(made, "do_connect", _connect)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _sqlite_connect)
        event.listen(made, "begin", _sqlite_begin)
    elif made.dialect.name == "postgresql":
        if made.dialect.driver == "psycopg":
            event.listen(made, "connect", _postgresql_connect)
        event.listen(made, "begin", _postgresql_begin)
    elif made.dialect.name in ("mysql", "mariadb"):
        event.listen(made, "connect", _mysql_connect)
    return made


def _tend(engine: sa.Engine) -> None:
    """Ask a connection that lay in the pool for a while whether it is alive, before anybody gets it."""

    @event.listens_for(engine, "checkin")
    def note(connection: Any, record: Any) -> None:
        record.info["back"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: Any, proxy: Any) -> None:
        if time.monotonic() - record.info.get("back", time.monotonic()) < FRESH_SECONDS:
            return
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            alive = False
        if not alive:
            raise sa.exc.DisconnectionError("it went away while it lay in the pool")


def _connect(dialect: Any, record: Any, arguments: Any, options: Any) -> Any:
    """Connect. What a driver says of an option that it does not know is no database error: it is our address's."""
    try:
        return dialect.connect(*arguments, **options)
    except (TypeError, AttributeError, ValueError, LookupError) as error:
        error.args = ()
    raise Permanent("connection", ODD_OPTION) from None


def _postgresql_connect(connection: Any, record: Any) -> None:
    for kind, loader in LOADERS.items():
        connection.adapters.register_loader(kind, loader)
    # A statement that the server prepared is planned after ten times without a look at its values: of a span of keys it then
    # knows no more whether that is a thousandth of the table or all of it. And a pooler may not know what was prepared.
    connection.prepare_threshold = None


def _sqlite_connect(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _sqlite_begin
    connection.execute("PRAGMA foreign_keys=ON")


def _sqlite_begin(connection: sa.Connection) -> None:
    # A deferred transaction that turns into a writer fails at once when another writes; IMMEDIATE waits its turn.
    changing = connection.get_execution_options().get("changing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if changing else "BEGIN")


def _postgresql_begin(connection: sa.Connection) -> None:
    # LOCAL: a pooler between us and the server must not hand our limits to somebody else.
    # Compiling a statement that runs for a fraction of a second costs more than it saves.
    jit = "; SET LOCAL jit = off" if (connection.dialect.server_version_info or (0,)) >= (11,) else ""
    connection.exec_driver_sql(
        f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'{jit}"
    )


def _mysql_connect(connection: Any, record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {LOCK_SECONDS}")
        # A value that does not fit is an error and is never cut short.
        cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")
