"""One transaction in an SQL database: deleting, masking, and reading back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from connectors.kinds import sql_cascades, sql_due, sql_parents, sql_ties
from connectors.kinds.base import Carried, Key, Mask, Permanent, Spare, Tie, carrying
from connectors.kinds.sql_errors import translated
from connectors.kinds.sql_terms import (
    among,
    coerced,
    column_of,
    differs,
    held,
    listable,
    unfit,
    valued,
    written_together,
)
from connectors.kinds.sql_values import packed, token_expression
from inventory.graph import CollectionSpec


class Live(Protocol):
    """The kind, as far as a transaction needs it."""

    @property
    def dialect(self) -> str: ...

    def table(self, name: str) -> sa.Table: ...

    def carried(self, spec: CollectionSpec) -> Sequence[sql_cascades.Cascade]: ...


class SqlChanging:
    """See `connectors.kinds.base.Changing`."""

    def __init__(self, kind: "Live", connection: sa.Connection) -> None:
        self.kind, self.connection = kind, connection

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """Delete these rows but the spared ones; how many went. Raises Permanent "cascade" when the database would delete or
        change other rows with them, whoever's they are.
        """
        with translated(spec.place):
            table, cascades = self.kind.table(spec.name), self.kind.carried(spec)
            listed = among(table, spec, keys, spare)
            sql_parents.lock(self.connection, self.kind.table, spec, listed)
            rows = self._still(listed, spec)
            sql_cascades.lock(self.connection, table, rows, cascades)
            for one in cascades:
                if sql_cascades.referring(self.connection, table, spec, rows, one):
                    raise Permanent("cascade", carrying(spec.place, one))
            return self.connection.execute(sa.delete(table).where(rows)).rowcount

    def count_due(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows are there and due still, the spared ones aside."""
        with translated(spec.place):
            table = self.kind.table(spec.name)
            return self._count(table, self._still(among(table, spec, keys, spare), spec))

    def _still(self, rows: sa.ColumnElement[bool], spec: CollectionSpec) -> sa.ColumnElement[bool]:
        """These rows; of a retention run those whose time is over at this very moment, as the statement itself sees them."""
        if spec.due is None:
            return rows
        return sa.and_(rows, sql_due.condition(self.kind.table, spec, spec.due, self.kind.dialect))

    def insert(self, spec: CollectionSpec, rows: Sequence[Mapping[str, Any]]) -> int:
        """Put rows back as they were; those whose key is there already are left alone. How many were put."""
        with translated(spec.place):
            table = self.kind.table(spec.name)
            columns = [column_of(table, spec, name) for name in spec.primary_key]
            keys = [tuple(row[one.name] for one in columns) for row in rows]
            found = self.connection.execute(sa.select(*columns).where(among(table, spec, keys)))
            there = {tuple(map(str, one)) for one in found}
            names = [one.name for one in table.c if one.info.get("computed") is None and one.name in rows[0]]
            new = [row for row, key in zip(rows, keys, strict=True) if tuple(map(str, key)) not in there]
            if new:
                made = [{name: held(table.c[name], row[name]) for name in names} for row in new]
                self.connection.execute(sa.insert(table), made)
            return len(new)

    def referring(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> dict[Carried, int]:
        """How many other rows each of the `carried` keys would carry along if these were deleted."""
        with translated(spec.place):
            table = self.kind.table(spec.name)
            rows = among(table, spec, keys, spare)
            return {
                one: sql_cascades.referring(self.connection, table, spec, rows, one) for one in self.kind.carried(spec)
            }

    def update(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """Bring these rows into the wanted state; how many were not in it yet."""
        with translated(spec.place):
            if any(mask.compute is not None for mask in masks.values()):
                return self._update_each(spec, keys, masks, spare)
            table, wanted, differing = self._wanted(spec, keys, masks)
            statement = sa.update(table).where(among(table, spec, keys, spare), differing)
            new = {table.c[name]: value for name, value in wanted.items()}
            return self.connection.execute(statement.values(new)).rowcount

    def leaves(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare, ties: Sequence[Tie]) -> list[Key]:
        """Those of these rows to which no other row of their table refers by `ties`, keys of the table itself."""
        with translated(spec.place):
            table = self.kind.table(spec.name)
            columns = [column_of(table, spec, name) for name in spec.primary_key]
            query = sa.select(*columns).where(among(table, spec, keys, spare))
            for tie in ties:
                query = query.where(~sql_ties.referred_to(table, spec, tie))
            return [packed(columns, tuple(row), spec.place) for row in self.connection.execute(query)]

    def count(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these rows are there, the spared ones aside."""
        with translated(spec.place):
            table = self.kind.table(spec.name)
            return self._count(table, among(table, spec, keys, spare))

    def count_unlike(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """How many of these rows are not in the wanted state, the spared ones aside."""
        with translated(spec.place):
            if any(mask.compute is not None for mask in masks.values()):
                return sum(1 for _ in self._unlike_each(spec, keys, masks, spare))
            table, _, differing = self._wanted(spec, keys, masks)
            return self._count(table, sa.and_(among(table, spec, keys, spare), differing))

    def _update_each(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """For values that only we can work out: read, then written in one statement on PostgreSQL, elsewhere row by row in one
        prepared statement.
        """
        table = self.kind.table(spec.name)
        columns = [column_of(table, spec, name) for name in spec.primary_key]
        masked = [table.c[name] for name in masks]
        rows = [(*key, *values) for key, values in self._unlike_each(spec, keys, masks, spare)]
        if not rows:
            return 0
        if self.kind.dialect == "postgresql" and listable(columns, masked):
            self.connection.execute(written_together(table, columns, masked, rows))
            return len(rows)
        names = [f"value_{place}" for place in range(len(columns) + len(masked))]
        same = [column == sa.bindparam(name) for column, name in zip(columns, names, strict=False)]
        new: dict[Any, Any] = {
            column: sa.bindparam(name) for column, name in zip(masked, names[len(columns) :], strict=True)
        }
        every = [dict(zip(names, row, strict=True)) for row in rows]
        self.connection.execute(sa.update(table).where(*same).values(new), every)
        return len(rows)

    def _unlike_each(
        self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare
    ) -> Iterator[tuple[tuple[Any, ...], list[Any]]]:
        """(key, what the masked fields shall hold) of each row that does not hold it."""
        table, place = self.kind.table(spec.name), f"{spec.dataset}.{spec.name}"
        columns = [column_of(table, spec, name) for name in spec.primary_key]
        masked = [column_of(table, spec, name) for name in masks]
        query = sa.select(*columns, *masked).where(among(table, spec, keys, spare))
        for row in self.connection.execute(query):
            key, now = tuple(row[: len(columns)]), row[len(columns) :]
            kept = packed(columns, key, place)
            wanted = [
                self._made(spec, column, mask.wanted(kept, value))
                for column, mask, value in zip(masked, masks.values(), now, strict=True)
            ]
            if any(new != old for new, old in zip(wanted, now, strict=True)):
                yield key, wanted

    def _made(self, spec: CollectionSpec, column: sa.Column[Any], value: Any) -> Any:
        """`value` as the column holds it. Raises Permanent when it cannot: nothing is emptied in passing."""
        made = held(column, value)
        if made is None and value is not None:
            raise unfit(spec, column.name)
        return made

    def _wanted(
        self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask]
    ) -> tuple[sa.Table, dict[str, Any], sa.ColumnElement[bool]]:
        """(table, what each field shall hold, the condition that one of them does not hold it)."""
        table = self.kind.table(spec.name)
        columns = [column_of(table, spec, name) for name in spec.primary_key]
        rows = coerced(columns, spec, keys)
        wanted = {
            name: token_expression(columns, rows, mask.suffix) if mask.token else valued(table, spec, name, mask)
            for name, mask in masks.items()
        }
        differing = [differs(table.c[name], value, self.kind.dialect) for name, value in wanted.items()]
        return table, wanted, sa.or_(*differing)

    def _count(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
        return int(self.connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())
