"""The contract's world on SQL servers: SQLite, PostgreSQL, MariaDB."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import ClassVar

import sqlalchemy as sa

from connectors.kinds import base, sql_engines, sql_schema
from connectors.models import Connection
from tests.connectors.conftest import scratch
from tests.connectors.contract import SECRET, Row, World

meta = sa.MetaData()
TABLES = {
    "people": sa.Table(
        "people", meta,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), sa.Column("email", sa.String(120)),
        sa.Column("name", sa.String(80)), sa.Column("phone", sa.String(40)), sa.Column("joined_on", sa.Date),
        sa.Column("points", sa.Integer),
    ),
    "notes": sa.Table(
        "notes", meta,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), sa.Column("sender", sa.Integer),
        sa.Column("recipient", sa.Integer), sa.Column("body", sa.String(80)),
    ),
    "ratings": sa.Table(
        "ratings", meta,
        sa.Column("person", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("item", sa.String(20), primary_key=True),
        sa.Column("stars", sa.Integer),
    ),
}  # fmt: skip
READER = f"po_reader_{os.getpid()}"


class Sql(World):
    """Tables of the contract's names."""

    server: ClassVar[str]
    meta: ClassVar[sa.MetaData] = meta
    tables: ClassVar[Mapping[str, sa.Table]] = TABLES

    def fill(self, rows: Mapping[str, Sequence[Row]]) -> None:
        if not hasattr(self, "admin"):
            self.admin, database = scratch(self.server, self.need)
            self.engine = sa.create_engine(self.admin.url.set(database=database), poolclass=sa.NullPool)
        sql_engines.close_all()
        self.meta.drop_all(self.engine)
        self.meta.create_all(self.engine)
        with self.engine.begin() as connection:
            for name, some in rows.items():
                connection.execute(self.tables[name].insert(), [self.stored(row) for row in some])

    def stored(self, row: Row) -> Row:
        return {k: date.fromisoformat(v) if k == "joined_on" and v else v for k, v in row.items()}

    def kind(self) -> base.Kind:
        return self.opened(self.address(self.engine.url))

    def opened(self, address: str) -> base.Kind:
        sql_schema.forget()
        return base.open_kind(Connection(kind="sql", address=address))

    def address(self, url: sa.URL) -> str:
        return url.render_as_string(hide_password=False)

    def rows(self, name: str) -> list[Row]:
        table = self.tables[name]
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(table).order_by(*table.primary_key))
            found = [dict(zip(table.c.keys(), row, strict=True)) for row in rows]
        return [{k: str(v) if isinstance(v, date) else v for k, v in row.items()} for row in found]

    @contextmanager
    def trouble(self, what: str) -> Iterator[Callable[[], base.Kind]]:
        url = self.engine.url
        if what == "missing":
            self.tables["people"].drop(self.engine)
        elif what == "away":
            url = url.set(port=9)
        else:
            self.reader(grant=what == "read_only")
            url = url.set(username=READER, password=SECRET if what == "read_only" else f"{SECRET}-wrong")
        yield lambda: self.opened(self.address(url))
        sql_engines.close_all()

    def reader(self, *, grant: bool) -> None:
        """A login that may read `people` and nothing else."""
        raise NotImplementedError

    def close(self) -> None:
        if not hasattr(self, "admin"):
            return
        sql_engines.close_all()
        self.engine.dispose()
        with self.admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {self.engine.url.database}")
            connection.exec_driver_sql(self.no_reader())
        self.admin.dispose()

    def no_reader(self) -> str:
        return f"DROP USER IF EXISTS {READER}"


class Sqlite(Sql):
    """A file."""

    name = "sqlite"
    lacks = {"credentials": "a file has none"}

    def fill(self, rows: Mapping[str, Sequence[Row]]) -> None:
        self.path = self.folder / "world.sqlite3"
        self.engine = sa.create_engine(f"sqlite:///{self.path}", poolclass=sa.NullPool)
        self.admin = self.engine
        super().fill(rows)

    @contextmanager
    def trouble(self, what: str) -> Iterator[Callable[[], base.Kind]]:
        if what == "away":
            self.path.rename(self.path.with_suffix(".away"))
            yield self.kind
            self.path.with_suffix(".away").rename(self.path)
        elif what == "read_only":
            yield lambda: self.opened(f"sqlite:///file:{self.path}?mode=ro&uri=true")
        else:
            with super().trouble(what) as opened:
                yield opened

    def close(self) -> None:
        sql_engines.close_all()
        self.engine.dispose()


class Postgresql(Sql):
    """The server of SERVERS."""

    name = server = "postgresql"

    def opened(self, address: str) -> base.Kind:
        # The server of the tests may trust whoever comes from this machine, so a wrong password proves nothing there.
        return super().opened(self.refusable(address))

    def refusable(self, address: str) -> str:
        return address.replace(f"{READER}:{SECRET}-wrong", f"po_nobody:{SECRET}")

    def reader(self, *, grant: bool) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"DROP ROLE IF EXISTS {READER}")
            connection.exec_driver_sql(f"CREATE ROLE {READER} LOGIN PASSWORD '{SECRET}'")
            connection.exec_driver_sql(f"GRANT SELECT ON {self.tables['people'].name} TO {READER}")

    def no_reader(self) -> str:
        return f"DROP ROLE IF EXISTS {READER}"


class Mariadb(Sql):
    """The server of SERVERS."""

    name, server = "mariadb", "mysql"

    def reader(self, *, grant: bool) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE OR REPLACE USER {READER} IDENTIFIED BY '{SECRET}'")
            connection.exec_driver_sql(f"GRANT SELECT ON {self.tables['people'].name} TO {READER}")


WORLDS = [Sqlite, Postgresql, Mariadb]
