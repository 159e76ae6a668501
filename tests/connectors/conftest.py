"""The shop on each server that is there."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import acting
from connectors.kinds import sql_engines, sql_schema
from tests.connectors import web as webs
from tests.connectors import worlds
from tests.connectors.shop import Shop, meta, open_shop

SERVERS = {
    "postgresql": (
        os.environ.get("TEST_POSTGRES_URL", "postgresql+psycopg://root@127.0.0.1:5432/postgres"),
        "start PostgreSQL on 127.0.0.1:5432, or set TEST_POSTGRES_URL",
    ),
    "mysql": (
        os.environ.get("TEST_MYSQL_URL", "mysql+pymysql://root@127.0.0.1:3306/"),
        "start MariaDB on 127.0.0.1:3306, or set TEST_MYSQL_URL",
    ),
}


def scratch(name: str, need: Callable[[str, bool, str], None]) -> tuple[sa.Engine, str]:
    """A database of this process on a server; (admin engine, its name)."""
    address, how = SERVERS[name]
    admin = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    database = f"po_shop_{os.getpid()}"
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {database}")
            connection.exec_driver_sql(f"CREATE DATABASE {database}")
    except sa.exc.OperationalError:
        need(name, False, how)
    return admin, database


@pytest.fixture
def shop(db: None, tmp_path: Path) -> Iterator[Shop]:
    """The shop on SQLite."""
    one = open_shop(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    yield one
    one.engine.dispose()
    sql_engines.close_all()


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def any_shop(
    request: pytest.FixtureRequest, db: None, tmp_path: Path, need: Callable[[str, bool, str], None]
) -> Iterator[Shop]:
    """The shop on each kind of server in turn."""
    if request.param == "sqlite":
        one = open_shop(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
        yield one
        one.engine.dispose()
        return
    admin, database = scratch(request.param, need)
    url = admin.url.set(database=database).render_as_string(hide_password=False)
    one = open_shop(url)
    yield one
    meta.drop_all(one.engine)
    one.engine.dispose()
    for engine in (sql_engines.engine_for(url),):
        engine.dispose()
    sql_engines.close_all()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {database}")
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def any_server(
    request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str, bool, str], None]
) -> Iterator[sa.Engine]:
    """An empty database on each kind of server in turn."""
    sql_schema.forget()
    if request.param == "sqlite":
        with worlds.sqlite(tmp_path) as engine:
            (tmp_path / "world.sqlite3").touch()
            yield engine
        sql_engines.close_all()
        return
    yield from fresh(request.param, need)


@pytest.fixture
def postgresql(need: Callable[[str, bool, str], None]) -> Iterator[sa.Engine]:
    """An empty database on PostgreSQL."""
    yield from fresh("postgresql", need)


def fresh(name: str, need: Callable[[str, bool, str], None]) -> Iterator[sa.Engine]:
    sql_schema.forget()
    admin, database = scratch(name, need)
    engine = sa.create_engine(admin.url.set(database=database), poolclass=sa.NullPool)
    yield engine
    sql_engines.close_all()
    engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {database}")
    admin.dispose()


@pytest.fixture
def crm(db: None, tmp_path: Path) -> Iterator[sa.Engine]:
    """People and their orders on SQLite; Ada has the orders 1, 2 and 3."""
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, name TEXT)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, person_id INTEGER, words TEXT)",
        f"INSERT INTO people VALUES (1, '{worlds.ADA}', 'A'), (2, '{worlds.BEN}', 'Ben')",
        "INSERT INTO orders VALUES (1, 1, 'hers'), (2, 1, 'hers too'), (3, 1, 'hers as well'), (9, 2, 'his')",
    ) as engine:
        sql_schema.forget()
        worlds.describe(
            "crm",
            worlds.address(engine),
            {
                "people": ({}, [worlds.PK, worlds.MAIL, worlds.NAME]),
                "orders": ({}, [worlds.PK, {"name": "person_id"}, worlds.WORDS]),
            },
            [("orders", "person_id", "people", "id")],
        )
        yield engine
        sql_engines.close_all()


@pytest.fixture(scope="session")
def web_server() -> Iterator[webs.Web]:
    """The web shop's process, one for the whole run."""
    with webs.served() as one:
        yield one


@pytest.fixture
def web(web_server: webs.Web, settings) -> webs.Web:
    """The web shop with its rows as they were; this machine may be called."""
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    web_server.open()
    return web_server


Fill = Callable[..., sa.Engine]


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def fill(request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str, bool, str], None]) -> Iterator[Fill]:
    """Makes tables and rows on each kind of server in turn."""
    sql_schema.forget()
    admin = None
    if request.param == "sqlite":
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'world.sqlite3'}", poolclass=sa.NullPool)
    else:
        admin, name = scratch(request.param, need)
        engine = sa.create_engine(admin.url.set(database=name), poolclass=sa.NullPool)

    def make(*statements: str) -> sa.Engine:
        with engine.begin() as connection:
            for one in statements:
                if not (one.startswith("ALTER") and admin is None):
                    connection.exec_driver_sql(one)
        return engine

    yield make
    engine.dispose()
    sql_engines.close_all()
    if admin is not None:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {engine.url.database}")
        admin.dispose()


@pytest.fixture
def logs(db: None, postgresql: sa.Engine, settings: Any) -> Iterator[sa.Engine]:
    """400 rows in turn of Ada and Ben, one a day back from 30 June 2026; so 220 of them are older than the year."""
    settings.RETENTION_CHUNK_ROWS = 50
    worlds.do(
        postgresql,
        "CREATE TABLE people (id int PRIMARY KEY, email text, name text)",
        f"INSERT INTO people VALUES (1, '{worlds.ADA}', 'Ada'), (2, '{worlds.BEN}', 'Ben')",
        "CREATE TABLE logs (id bigint PRIMARY KEY, person_id int, said text, at timestamptz)",
        "INSERT INTO logs SELECT n, 1 + n % 2, 'said ' || n, timestamptz '2026-06-30 12:00+00' - (n - 1) * interval '1 day'"
        f" FROM generate_series(1, {400}) n".replace("%", "%%"),
    )
    fields = [
        worlds.PK,
        {"name": "person_id"},
        {"name": "said", "category": "content"},
        {"name": "at", "data_type": "datetime"},
    ]
    worlds.describe(
        "crm", worlds.address(postgresql),
        {"people": ({}, [worlds.PK, worlds.MAIL, worlds.NAME]), "logs": ({"dated_by": "at"}, fields)},
        [("logs", "person_id", "people", "id")],
    )  # fmt: skip
    yield postgresql


@pytest.fixture
def careful(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Filled with the chunks that were done row by row."""
    seen: list[int] = []
    group = acting.Acting._group

    def counting(self: acting.Acting, some: Any, **how: Any) -> bool:
        seen.append(len(some))
        return group(self, some, **how)

    monkeypatch.setattr(acting.Acting, "_group", counting)
    return seen
