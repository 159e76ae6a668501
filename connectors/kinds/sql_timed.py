"""What an SQL database says of rows by their dates, and of its own clock and replicas."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from connectors.kinds import sql_due
from connectors.kinds.base import Found, Key, Spare
from connectors.kinds.sql_errors import translated
from connectors.kinds.sql_terms import among, column_of
from connectors.kinds.sql_values import before as dated_before
from connectors.kinds.sql_values import day, packed
from inventory.dating import Counted
from inventory.graph import CollectionSpec

NOW = {
    "postgresql": "SELECT clock_timestamp()",
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "mariadb": "SELECT UTC_TIMESTAMP(6)",
}
LAG = "SELECT max(extract(epoch FROM coalesce(replay_lag, '0'))) FROM pg_stat_replication"


class Timed:
    """A part of `sql.Sql`, which has the connection."""

    def table(self, name: str) -> sa.Table:
        """The live table."""
        raise NotImplementedError

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A transaction that only reads."""
        raise NotImplementedError

    @property
    def dialect(self) -> str:
        """The name by which SQLAlchemy knows the server."""
        raise NotImplementedError

    def _stream(
        self,
        table: sa.Table,
        spec: CollectionSpec,
        condition: sa.ColumnElement[bool],
        matches: Callable[[Any], bool] | None = None,
        matched: sa.ColumnElement[Any] | None = None,
    ) -> Iterator[Found]:
        raise NotImplementedError

    def moment(self) -> datetime | None:
        """What time it is to the server; None for one that has no clock of its own."""
        if self.dialect not in NOW:
            return None
        with translated(), self.reading() as connection:
            found = connection.exec_driver_sql(NOW[self.dialect]).scalar_one()
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def lag(self) -> float | None:
        """How many seconds the slowest replica is behind; None where nobody can tell."""
        if self.dialect != "postgresql":
            return None
        with translated(), self.reading() as connection:
            found = connection.exec_driver_sql(LAG).scalar()
        return None if found is None else float(found)

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]:
        """Rows whose `field` is dated before a day."""
        with translated(spec.place):
            table = self.table(spec.name)
            column = column_of(table, spec, field)
            place = f"{spec.dataset}.{spec.name}.{field}"
            yield from self._stream(table, spec, dated_before(column, before, self.dialect, place))

    def find_due(self, spec: CollectionSpec) -> Iterator[Found]:
        """Rows whose time is over, by whichever dates. See `connectors.due`."""
        assert spec.due is not None
        with translated(spec.place):
            wanted = sql_due.condition(self.table, spec, spec.due, self.dialect)
            yield from self._stream(self.table(spec.name), spec, wanted)

    def due_among(self, spec: CollectionSpec, keys: Sequence[Key]) -> list[Key]:
        """Those of these rows whose time is over now."""
        assert spec.due is not None
        with translated(spec.place), self.reading() as connection:
            table = self.table(spec.name)
            columns = [column_of(table, spec, name) for name in spec.primary_key]
            wanted = sa.and_(among(table, spec, keys), sql_due.condition(self.table, spec, spec.due, self.dialect))
            rows = connection.execute(sa.select(*columns).where(wanted))
            return [packed(columns, tuple(row), spec.place) for row in rows]

    def count_due(self, spec: CollectionSpec, days: Sequence[date]) -> Counted:
        """How many rows are due at each of these days: one question. See `sql_due`."""
        assert spec.due is not None
        dues = sql_due.days_of(spec.due, days)
        with translated(spec.place), self.reading() as connection:
            row = connection.execute(sql_due.counting(self.table, spec, dues, self.dialect)).one()
            past = tuple(int(one) for one in row[3:])
            return Counted(past, int(row[1]), int(row[0]), None if row[2] is None else day(row[2]))

    def sum_up(
        self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare, fields: Sequence[str], numbers: Sequence[str]
    ) -> list[tuple[tuple[Any, ...], int, tuple[Any, ...]]]:
        """Groups of these rows: (values, how many, sums). See `connectors.summing`."""
        width = len(fields)
        with translated(spec.place), self.reading() as connection:
            rows = among(self.table(spec.name), spec, keys, spare)
            asked = sql_due.summing(self.table, spec, rows, fields, numbers, self.dialect)
            found = [tuple(row) for row in connection.execute(asked)]
            return [(one[:width], int(one[width]), one[width + 1 :]) for one in found]
