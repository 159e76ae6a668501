"""Rows that are due by their date, many in one statement, on PostgreSQL.

Only for plain tables whose key is one whole number and to which nothing refers. A table is gone through by its key, so many
numbers at a time that each statement is short, however few of the rows are due.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from connectors.kinds.base import Changing
from connectors.kinds.dated import Due, Part
from connectors.kinds.sql_changing import SqlChanging
from connectors.kinds.sql_errors import translated
from connectors.kinds.sql_terms import column_of, free_of, spared_of
from connectors.kinds.sql_values import before, comparable, day, linked
from connectors.kinds.sql_whole import SqlWhole
from connectors.kinds.whole import NOTHING, Digest, These, added
from inventory.graph import CollectionSpec

if TYPE_CHECKING:
    from connectors.kinds.sql import Sql

# A look at some numbers that takes less than the first is followed by one at more, and one that takes more by one at fewer.
QUICK_SECONDS, SLOW_SECONDS = 0.3, 1.5
FIRST_WIDTH = 200_000
# The keys of what a statement deletes are summed up in memory: written to a file between, they take an eighth of its time.
ROOM = sa.text(
    "SELECT set_config('work_mem', '32MB', true) WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('32MB')"
)


def offered(kind: "Sql", spec: CollectionSpec) -> "SqlDated | None":
    """The due rows of a collection, many at a time; None where the server or the table is not made for it."""
    whole = kind.whole(spec)
    if whole is None or not whole.plain or kind.ties(spec) or kind.carried(spec):
        return None
    field = spec.dated_by if spec.due is None else spec.due.single
    if not field:
        return None
    dated = column_of(whole.table, spec, field)
    return SqlDated(kind, spec, whole) if isinstance(dated.type, sa.Date | sa.DateTime) else None


class SqlDated:
    """See `connectors.kinds.dated.Dated`."""

    def __init__(self, kind: "Sql", spec: CollectionSpec, whole: SqlWhole) -> None:
        self.kind, self.spec, self.whole = kind, spec, whole
        self.table, self.key = whole.table, whole.key
        self.number: Any = comparable(self.key)  # by its index, whatever number it is compared with

    def parts(self, due: Due, most: int) -> Iterator[Part]:
        dated = column_of(self.table, self.spec, due.field)

        def look(connection: sa.Connection, after: int, upto: int) -> tuple[Part | None, int]:
            some = (
                sa.select(self.number.label("key"), dated.label("dated"))
                .where(self.number > after, self.number <= upto, *self._due(due))
                .order_by(self.number).limit(most).cte("privacyops due")
            )  # fmt: skip
            text = sa.func.string_agg(sa.cast(some.c.key, sa.Text()), sa.literal(","))
            ends: list[Any] = [sa.func.min(some.c.key), sa.func.max(some.c.key), text]
            days: list[Any] = [sa.func.min(some.c.dated), sa.func.max(some.c.dated)]
            query = sa.select(*self._sums(some.c.key), *ends, *days)
            count, total, least, greatest, numbers, oldest, newest = connection.execute(query).one()
            if not count:
                return None, upto
            part = Part((count, int(total)), least, greatest, numbers, day(oldest), day(newest))
            return part, greatest if count >= most else upto

        waiting: Part | None = None
        for part in self._through(look):
            waiting = part if waiting is None else _joined(waiting, part)
            if waiting.digest[0] > most // 2:
                yield waiting
                waiting = None
        if waiting is not None:
            yield waiting

    def digests(self, due: Due, bounds: Sequence[int]) -> list[Digest]:
        found = [NOTHING] * (len(bounds) + 1)
        edges = postgresql.array([one + 1 for one in bounds], type_=sa.BigInteger()) if bounds else None
        place: Any = sa.literal(0) if edges is None else sa.func.width_bucket(sa.cast(self.key, sa.BigInteger()), edges)

        def look(connection: sa.Connection, after: int, upto: int) -> tuple[list[Any], int]:
            rows = self.number > after, self.number <= upto, *self._due(due)
            query = sa.select(place.label("place"), *self._sums(self.key)).where(*rows).group_by(sa.text("place"))
            return list(connection.execute(query)), upto

        for rows in self._through(look):
            for turn, count, total in rows:
                found[turn] = added(found[turn], (count, int(total)))
        return found

    def beyond(self, due: Due, after: int | None, upto: int | None, numbers: str) -> int:
        ends = [self.number > after] if after is not None else []
        ends += [self.number <= upto] if upto is not None else []
        others = [self.number.not_in(sa.select(sa.func.unnest(_listed(numbers))))] if numbers else []
        query = sa.select(sa.func.count()).select_from(self.table).where(*ends, *self._due(due), *others)
        with translated(self.spec.place), self.kind.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def protected(self, due: Due) -> Digest:
        return protected(self.kind, self.spec, due)

    def read(self, due: Due | None, these: These, fields: Sequence[str]) -> list[tuple[Any, ...]]:
        columns = [column_of(self.table, self.spec, name) for name in fields]
        query = sa.select(*columns).where(*self._these(these), *([] if due is None else self._due(due)))
        with translated(self.spec.place), self.kind.reading() as connection:
            return [tuple(map(linked, columns, row)) for row in connection.execute(query)]

    def delete(self, session: Changing, due: Due, these: These) -> Digest:
        assert isinstance(session, SqlChanging)
        rows = [*self._these(these), *self._due(due)]
        with translated(self.spec.place):
            session.connection.execute(ROOM)
            gone = sa.delete(self.table).where(*rows).returning(self.key.label("key")).cte("privacyops gone")
            count, total = session.connection.execute(sa.select(*self._sums(gone.c.key))).one()
        return int(count), int(total)

    def account(self, session: Changing, due: Due, numbers: str) -> tuple[int, int, int]:
        assert isinstance(session, SqlChanging)
        free, dated = sa.and_(sa.true(), *free_of(self.table, self.spec, due.spare)), self._dated(due)
        query = sa.select(
            sa.func.count(), sa.func.count().filter(sa.not_(free)), sa.func.count().filter(free, dated)
        ).where(*self._these(numbers))
        with translated(self.spec.place):
            there, spared, left = session.connection.execute(query.select_from(self.table)).one()
        return int(there), int(spared), int(left)

    def ahead(self, field: str, days: Sequence[date]) -> tuple[int, list[int]]:
        place = _place_among(self.kind, self.spec, field, days)
        found = [0] * (len(days) + 1)

        def look(connection: sa.Connection, after: int, upto: int) -> tuple[list[Any], int]:
            query = sa.select(place.label("place"), sa.func.count()).where(self.number > after, self.number <= upto)
            return list(connection.execute(query.group_by(sa.text("place")))), upto

        for rows in self._through(look):
            for turn, count in rows:
                found[turn] += count
        return sum(found), [sum(found[: turn + 1]) for turn in range(len(days))]

    def _through(self, look: Any) -> Iterator[Any]:
        """What `look` says of all keys, as many at a time as are looked at in no time. It says how far it came as well."""
        with translated(self.spec.place), self.kind.reading() as connection:
            ends = sa.select(sa.func.min(self.number), sa.func.max(self.number)).select_from(self.table)
            least, last = connection.execute(ends).one()
        if least is None:
            return
        after, width = least - 1, FIRST_WIDTH
        while after < last:
            began = time.monotonic()
            with translated(self.spec.place), self.kind.reading() as connection:
                found, reached = look(connection, after, min(after + width, last))
            seconds = time.monotonic() - began
            if seconds < QUICK_SECONDS and reached == min(after + width, last):
                width *= 2
            elif seconds > SLOW_SECONDS:
                width = max(width // 4, 1)
            after = reached
            if found:
                yield found

    def _these(self, these: These) -> list[sa.ColumnElement[bool]]:
        if isinstance(these, str):
            return [self.number == sa.any_(_listed(these))]
        return [self.number >= these.least, self.number <= these.greatest]

    def _dated(self, due: Due) -> sa.ColumnElement[bool]:
        column = column_of(self.table, self.spec, due.field)
        return before(column, due.before, self.kind.dialect, f"{self.spec.place}.{due.field}")

    def _due(self, due: Due) -> list[sa.ColumnElement[bool]]:
        return [self._dated(due), *free_of(self.table, self.spec, due.spare)]

    def _sums(self, key: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
        hashed = sa.func.hashint8extended(sa.cast(key, sa.BigInteger()), sa.literal(self.kind.seed, sa.BigInteger()))
        return [sa.func.count(), sa.func.coalesce(sa.func.sum(hashed), 0)]


def ahead(kind: "Sql", spec: CollectionSpec, field: str, days: Sequence[date]) -> tuple[int, list[int]]:
    """(rows of the collection, how many are dated before each of these rising days), on any server, in one statement."""
    with translated(spec.place), kind.reading() as connection:
        place = _place_among(kind, spec, field, days).label("place")
        some = sa.select(place).select_from(kind.table(spec.name)).subquery()
        rows = connection.execute(sa.select(some.c.place, sa.func.count()).group_by(some.c.place)).all()
    found = {turn: count for turn, count in rows}
    return sum(found.values()), [sum(found.get(one, 0) for one in range(turn + 1)) for turn in range(len(days))]


def protected(kind: "Sql", spec: CollectionSpec, due: Due) -> Digest:
    """How many rows are dated before the day and spared, and a sum of the hashes of everything that they hold: on PostgreSQL
    by the server, elsewhere of the rows as they are read.
    """
    if not due.spare:
        return NOTHING
    with translated(spec.place), kind.reading() as connection:
        table = kind.table(spec.name)
        held: Any = table.alias("held") if kind.dialect == "postgresql" else table
        spared = spared_of(held, spec, due.spare)
        dated = before(held.c[due.field], due.before, kind.dialect, spec.place)
        if kind.dialect == "postgresql":
            text = sa.cast(sa.literal_column('"held"'), sa.Text())
            hashed = sa.func.hashtextextended(text, sa.literal(kind.seed, sa.BigInteger()))
            query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(hashed), 0)).select_from(held)
            count, total = connection.execute(query.where(dated, spared)).one()
            return int(count), int(total)
        count, total = 0, 0
        rows = connection.execute(sa.select(held).where(dated, spared), execution_options={"yield_per": 1000})
        for row in rows:
            digest = hashlib.sha256(repr(tuple(row)).encode()).digest()
            count, total = count + 1, total + int.from_bytes(digest[:8])
        return count, total


def _place_among(kind: "Sql", spec: CollectionSpec, field: str, days: Sequence[date]) -> Any:
    """The first of the rising days before which a row is dated, by its turn; their number for none."""
    if not days:
        return sa.literal(0)
    dated = column_of(kind.table(spec.name), spec, field)
    whens = [(before(dated, one, kind.dialect, f"{spec.place}.{field}"), turn) for turn, one in enumerate(days)]
    return sa.case(*whens, else_=len(days))


def _listed(numbers: str) -> Any:
    return sa.cast(sa.literal(f"{{{numbers}}}", sa.Text()), postgresql.ARRAY(sa.BigInteger()))


def _joined(one: Part, other: Part) -> Part:
    days = [day for day in (one.oldest, other.oldest, one.newest, other.newest) if day is not None]
    return Part(
        added(one.digest, other.digest), min(one.least, other.least), max(one.greatest, other.greatest),
        f"{one.numbers},{other.numbers}", min(days, default=None), max(days, default=None),
    )  # fmt: skip
