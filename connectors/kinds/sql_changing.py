"""One transaction in an SQL database: deleting, masking, and reading back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from connectors.kinds import sql_ties
from connectors.kinds.base import Key, Mask, Permanent, Spare, Tie
from connectors.kinds.sql_errors import translated
from connectors.kinds.sql_terms import among, coerced, column_of, differs, valued
from connectors.kinds.sql_values import coerce, packed, token_expression
from inventory.graph import CollectionSpec


class Live(Protocol):
    """The kind, as far as a transaction needs it."""

    @property
    def dialect(self) -> str: ...

    def table(self, name: str) -> sa.Table: ...


class SqlChanging:
    """See `connectors.kinds.base.Changing`."""

    def __init__(self, kind: "Live", connection: sa.Connection) -> None:
        self.kind, self.connection = kind, connection

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """Delete these rows but the spared ones; how many went."""
        with translated(spec.place):
            table = self.kind.table(spec.name)
            return self.connection.execute(sa.delete(table).where(among(table, spec, keys, spare))).rowcount

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
        """For values that only we can work out: read, then written row by row in one prepared statement."""
        table = self.kind.table(spec.name)
        columns = [column_of(table, spec, name) for name in spec.primary_key]
        rows = [
            {f"key_{place}": part for place, part in enumerate(key)}
            | {f"new_{place}": value for place, value in enumerate(values)}
            for key, values in self._unlike_each(spec, keys, masks, spare)
        ]
        if rows:
            same = [column == sa.bindparam(f"key_{place}") for place, column in enumerate(columns)]
            new: dict[Any, Any] = {table.c[name]: sa.bindparam(f"new_{place}") for place, name in enumerate(masks)}
            self.connection.execute(sa.update(table).where(*same).values(new), rows)
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
                _held(column, mask.wanted(kept, value), place)
                for column, mask, value in zip(masked, masks.values(), now, strict=True)
            ]
            if any(new != old for new, old in zip(wanted, now, strict=True)):
                yield key, wanted

    def _wanted(
        self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask]
    ) -> tuple[sa.Table, dict[str, Any], sa.ColumnElement[bool]]:
        """(table, what each field shall hold, the condition that one of them does not hold it)."""
        table = self.kind.table(spec.name)
        columns = [column_of(table, spec, name) for name in spec.primary_key]
        held = coerced(columns, spec, keys)
        wanted = {
            name: token_expression(columns, held, mask.suffix) if mask.token else valued(table, spec, name, mask)
            for name, mask in masks.items()
        }
        differing = [differs(table.c[name], value, self.kind.dialect) for name, value in wanted.items()]
        return table, wanted, sa.or_(*differing)

    def _count(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
        return int(self.connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())


def _held(column: sa.Column[Any], value: Any, place: str) -> Any:
    """`value` as the column holds it. Raises Permanent when it cannot: nothing is emptied in passing."""
    held = coerce(column, value)
    if held is None and value is not None:
        raise Permanent(
            "schema", f"{place}.{column.name} cannot hold the value that its mask makes. Choose another mask."
        )
    return held
