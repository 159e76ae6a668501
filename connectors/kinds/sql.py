"""SQL databases through SQLAlchemy Core: PostgreSQL, MySQL/MariaDB, SQLite; others that it speaks may work.

Names come from the description and are quoted by SQLAlchemy; values are always bound; a key is compared for equality, never
by pattern; an empty or missing key matches nothing and is refused.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import sqlalchemy as sa

from connectors.discovery.tables import Table
from connectors.kinds import sql_cascades, sql_dated, sql_groups, sql_schema, sql_survey, sql_ties, sql_whole
from connectors.kinds.base import Column, Found, Key, Mask, Permanent, Rights, Spare, register
from connectors.kinds.dated import Due
from connectors.kinds.sql_changing import SqlChanging
from connectors.kinds.sql_columns import live_column
from connectors.kinds.sql_engines import engine_for
from connectors.kinds.sql_errors import translated
from connectors.kinds.sql_questions import Questions
from connectors.kinds.sql_rights import PLANNED, lacking, planning
from connectors.kinds.sql_terms import among, column_of, together, unfit, valued
from connectors.kinds.sql_timed import Timed
from connectors.kinds.sql_values import (
    blanks_around,
    comparable,
    day,
    linked,
    oddly_written,
    packed,
    padded,
    same_text,
    spellings,
    textual,
    unpadded,
)
from connectors.kinds.whole import Digest
from connectors.models import Batch, Connection
from inventory.graph import CollectionSpec

STREAM = 2000


@register("sql")
def open_sql(connection: Connection, batch: Batch | None = None) -> "Sql":
    """The kind behind a connection whose address is an SQLAlchemy URL."""
    kind = Sql(engine_for(connection.address))
    if batch is not None and "seed" in batch.criteria:
        kind.seed = int(batch.criteria["seed"])  # a retention run keeps what was counted under it
    return kind


class Sql(Timed):
    """See `connectors.kinds.base.Kind`."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        # One table of a name for each instance: two that differ (the schema was read anew in between) would make a
        # cartesian product of a statement, and so everybody's rows.
        self._tables: dict[str, sa.Table] = {}
        self._uniques: dict[str, frozenset[frozenset[str]]] = {}
        self._cascades: sql_cascades.Cascades | None = None
        self._ties: sql_ties.Ties | None = None
        self._whole: dict[str, sql_whole.SqlWhole | None] = {}
        self.questions = Questions(engine)
        self.seed = secrets.randbits(63)  # see `sql_whole`

    def prepare(self, names: Sequence[str]) -> None:
        """Read these tables as they are now, all together: what writes must not trust a schema that is a minute old."""
        with translated():
            inspector = sa.inspect(self.engine)
            for name, (table, unique) in sql_schema.together(inspector, names).items():
                self._tables[name], self._uniques[name] = table, unique
            self._cascades = None
            self._ties = None
            self._whole.clear()

    def check(self) -> str:
        """Connect and ask for nothing; a sentence for the desk."""
        with translated(), self.engine.connect() as connection:
            connection.execute(sa.select(sa.literal(1)))
            tables = len(sa.inspect(connection).get_table_names())
        return f"Connected ({self.engine.dialect.name}); {tables} tables are visible."

    def survey(self) -> list[Table]:
        """All tables that our login sees, with columns and keys. See `sql_survey`."""
        return sql_survey.survey(self.engine)

    def samples(self, table: Table, columns: Sequence[str], count: int) -> dict[str, list[str]]:
        """A few values of text columns, for a guess and to be forgotten at once. See `sql_survey`."""
        return sql_survey.samples(self.engine, table, columns, count)

    def table(self, name: str) -> sa.Table:
        """The live table, with its real column types. Raises Permanent when it is not there."""
        if name not in self._tables:
            self._tables[name] = sql_schema.table(self.engine, name)
        return self._tables[name]

    def columns(self, spec: CollectionSpec) -> dict[str, Column]:
        """The live columns of a collection."""
        with translated(spec.place):
            table, unique = self.table(spec.name), self._unique(spec.name)
            return {one.name: live_column(one, unique) for one in table.columns}

    def keyed(self, spec: CollectionSpec) -> bool:
        """Whether the database itself keeps the described key unique."""
        with translated(spec.place):
            return any(one <= set(spec.primary_key) for one in self._unique(spec.name))

    def ready(self, spec: CollectionSpec, masks: Mapping[str, Mask] | None) -> None:
        """Raises Permanent when our login may not make this change (`masks` None: delete), naming what it lacks, or when the
        value of a mask does not fit its column.
        """
        with translated(spec.place):
            for name, mask in (masks or {}).items():
                valued(self.table(spec.name), spec, name, mask)
        if masks is None or masks:
            missing = self.lacking(spec, Rights((), tuple(masks or ()), deletes=masks is None))
            if missing:
                raise Permanent("permission", missing[0])
        # What is made of the present value is not known yet.
        known = {name: mask for name, mask in (masks or {}).items() if mask.compute is None}
        if known and not self._takes(spec, known):
            misfits = [name for name, mask in known.items() if not self._takes(spec, {name: mask})]
            raise unfit(spec, (misfits or list(known))[0])

    def _takes(self, spec: CollectionSpec, masks: Mapping[str, Mask]) -> bool:
        """Whether the server would plan to write these values, and to read them back."""
        if self.dialect not in PLANNED:
            return True
        try:
            with translated(spec.place), planning(self.engine) as connection:
                SqlChanging(self, connection).update(spec, [], masks, {})
        except Permanent as error:
            if error.code not in ("database", "value", "schema"):
                raise
            return False
        return True

    def lacking(self, spec: CollectionSpec, rights: Rights) -> list[str]:
        """What our login may not do there, a sentence for each; asked without touching a row."""
        with translated(spec.place):
            return lacking(self.engine, self.table(spec.name), spec.place, rights)

    def carried(self, spec: CollectionSpec) -> Sequence[sql_cascades.Cascade]:
        """The foreign keys by which the database deletes or changes other rows together with this collection's."""
        with translated(spec.place):
            table = self.table(spec.name)
        if self._cascades is None:
            # They are some of the ties. Where no tie takes rows along there is nothing to ask for.
            none = self.dialect == "postgresql" and all(
                one.restricts for each in self._all_ties().values() for one in each
            )
            self._cascades = {} if none else sql_cascades.read(self.engine)
        return sql_cascades.of_table(self._cascades, table)

    def ties(self, spec: CollectionSpec) -> Sequence[sql_ties.SqlTie]:
        """The foreign keys by which rows hold on to rows of this collection."""
        with translated(spec.place):
            table = self.table(spec.name)
        return sql_ties.of_table(self._all_ties(), table)

    def _all_ties(self) -> sql_ties.Ties:
        if self._ties is None:
            self._ties = sql_ties.read(self.engine)
        return self._ties

    def whole(self, spec: CollectionSpec) -> sql_whole.SqlWhole | None:
        """The collection's rows many at a time, where that can be. See `sql_whole`."""
        if spec.place not in self._whole:
            self._whole[spec.place] = sql_whole.offered(self, spec)
        return self._whole[spec.place]

    def dated(self, spec: CollectionSpec) -> sql_dated.SqlDated | None:
        """The collection's rows that are due, many at a time, where that can be. See `sql_dated`."""
        return sql_dated.offered(self, spec)

    def ahead(self, spec: CollectionSpec, field: str, days: Sequence[date]) -> tuple[int, list[int]]:
        """How many rows there are, and how many dated before each of these days. See `sql_dated`."""
        return sql_dated.ahead(self, spec, field, days)

    def protected(self, spec: CollectionSpec, due: Due) -> Digest:
        """How many due rows a hold protects, and their checksum. See `sql_dated`."""
        return sql_dated.protected(self, spec, due)

    def holding(
        self,
        spec: CollectionSpec,
        keys: Sequence[Key],
        spare: Spare,
        tie: sql_ties.SqlTie,
        holder: CollectionSpec | None,
        *,
        itself: bool = False,
    ) -> Iterator[Key]:
        """The keys of the rows that hold on to these, the spared ones aside. See `sql_ties.holding`."""
        with translated(spec.place), self.reading() as connection:
            table = self.table(spec.name)
            theirs = None if holder is None else (self.table(holder.name), holder)
            yield from sql_ties.holding(connection, table, among(table, spec, keys, spare), tie, theirs, itself)

    def typed(self, spec: CollectionSpec, field: str, values: Sequence[Any]) -> list[Any]:
        """Identifiers that are written as the column's numbers are; of a text column all."""
        with translated(spec.place):
            column = column_of(self.table(spec.name), spec, field)
        return list(values) if textual(column) else [one for one in values if not oddly_written(one)]

    def find(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> Iterator[Found]:
        """Rows whose `field` equals one of `values`; `folded` compares e-mail addresses in lower case."""
        with translated(spec.place):
            table = self.table(spec.name)
            column = column_of(table, spec, field)
            wanted = list(dict.fromkeys(one for value in values for one in spellings(column, value)))
            if not wanted:
                return
            if not textual(column):
                yield from self._stream(table, spec, comparable(column).in_(wanted))
                return
            texts = {same_text(one, folded) for one in wanted}
            condition = sa.func.lower(column).in_(blanks_around(texts)) if folded else column.in_(wanted)
            # Once more here: to a collation é may be e and A may be a, and that is another person.
            yield from self._stream(table, spec, condition, lambda value: same_text(value, folded) in texts, column)

    def find_together(
        self, spec: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Found]:
        """Rows that hold one of `rows` in `fields`, all columns together."""
        with translated(spec.place):
            table = self.table(spec.name)
            condition = together(table, spec, fields, rows)
            if condition is not None:
                yield from self._stream(table, spec, condition)

    def fits(self, spec: CollectionSpec, fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> bool:
        """Whether the columns' types can hold one of `rows` at all."""
        with translated(spec.place):
            columns = [column_of(self.table(spec.name), spec, name) for name in fields]
            return any(all(map(spellings, columns, row)) for row in rows)

    def every(self, spec: CollectionSpec, field: str) -> Iterator[Any]:
        """What all rows hold in a field, without nulls, streamed."""
        with translated(spec.place), self.reading() as connection:
            column = column_of(self.table(spec.name), spec, field)
            options = {"stream_results": True, "yield_per": STREAM}
            query = sa.select(column).where(column.is_not(None))
            for part in connection.execute(query, execution_options=options).partitions():
                yield from (linked(column, one) for (one,) in part)

    def _stream(
        self,
        table: sa.Table,
        spec: CollectionSpec,
        condition: sa.ColumnElement[bool],
        matches: Callable[[Any], bool] | None = None,
        matched: sa.ColumnElement[Any] | None = None,
    ) -> Iterator[Found]:
        # `table` is the very one that `condition` is built on. Another one of the same name (the schema was read anew in
        # between) would make a cartesian product: everybody's rows.
        keys = [column_of(table, spec, name) for name in spec.primary_key]
        if not keys:
            raise Permanent(
                "schema", f"{spec.dataset}.{spec.name} has no key in its description. Name one, then retry."
            )
        people = [column_of(table, spec, name) for name in spec.people]
        dated = column_of(table, spec, spec.dated_by) if spec.dated_by else sa.null()
        query = sa.select(
            *[one.label(f"key_{place}") for place, one in enumerate(keys)],
            *[one.label(f"people_{one.name}") for one in people],
            dated.label("dated_on"),
            (sa.null() if matched is None else matched).label("matched"),
        ).where(condition)
        place, links, width = f"{spec.dataset}.{spec.name}", spec.people, len(keys)
        whole = all(isinstance(one.type, sa.Integer) for one in keys)
        nobody: dict[str, Any] = {}
        with self.reading() as connection:
            options = {"stream_results": True, "yield_per": STREAM}
            for part in connection.execute(query, execution_options=options).partitions():
                for row in part:
                    if matches is not None and not matches(row[-1]):
                        continue
                    key = tuple(row[:width])
                    yield Found(
                        key if whole and type(key[0]) is int and width == 1 else packed(keys, key, place),
                        None if row[-2] is None else day(row[-2]),
                        dict(zip(links, map(linked, people, row[width:-2]), strict=True)) if links else nobody,
                    )

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]:
        """The distinct values of `field` in these rows, without nulls."""
        with translated(spec.place), self.reading() as connection:
            table = self.table(spec.name)
            column = column_of(table, spec, field)
            query = sa.select(column).distinct().where(among(table, spec, keys), column.is_not(None))
            found = connection.execute(query).scalars()
            return list(dict.fromkeys(linked(column, one) for one in found))

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]:
        """These fields of these rows; rows that are gone are left out."""
        with translated(spec.place), self.reading() as connection:
            table = self.table(spec.name)
            names = list(fields)
            query = sa.select(*[column_of(table, spec, name).label(name) for name in names])
            order = [column_of(table, spec, name) for name in spec.primary_key]
            rows = connection.execute(query.where(among(table, spec, keys)).order_by(*order)).all()
            found = [dict(zip(names, row, strict=True)) for row in rows]
            for name in (one for one in names if padded(table.c[one])):
                for each in found:
                    each[name] = unpadded(table.c[name], each[name])
            return found

    def groups(
        self, spec: CollectionSpec, fields: Sequence[str], sensitive: Sequence[str], dated: str, before: date | None
    ) -> sql_groups.Groups:
        """How large the groups are that some fields' values make among rows dated before a day."""
        return sql_groups.groups(self, spec, fields, sensitive, dated, before)

    def groups_of(
        self,
        spec: CollectionSpec,
        fields: Sequence[str],
        sensitive: Sequence[str],
        keys: Sequence[Key],
        masks: Mapping[str, Mask],
    ) -> sql_groups.Groups:
        """How large the groups are that one of these rows is in, among rows masked alike."""
        return sql_groups.groups_of(self, spec, fields, sensitive, keys, masks)

    @contextmanager
    def looking(self) -> Iterator[SqlChanging]:
        """One transaction without a write lock: a search may be streaming from the same file."""
        with translated(), self.reading() as connection:
            yield SqlChanging(self, connection)

    @contextmanager
    def changing(self) -> Iterator[SqlChanging]:
        """One transaction with short lock waits; commits unless the block raises."""
        with translated(), self.engine.connect().execution_options(changing=True) as connection, connection.begin():
            yield SqlChanging(self, connection)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads: one of its own, or that of the questions that are asked in a row."""
        with self.questions.one() as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Questions in a row, before anything is written. See `sql_questions`."""
        with self.questions.in_a_row():
            yield

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    def _unique(self, name: str) -> frozenset[frozenset[str]]:
        if name not in self._uniques:
            self._uniques[name] = sql_schema.unique_keys(self.engine, name)
        return self._uniques[name]
