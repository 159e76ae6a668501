"""How large the groups are that some columns' values make: computed by the server, which tells four numbers and no value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connectors.kinds.base import Key, Mask
from connectors.kinds.sql_errors import translated
from connectors.kinds.sql_terms import among, column_of, differs, valued
from connectors.kinds.sql_values import before as dated_before
from inventory.graph import CollectionSpec

if TYPE_CHECKING:
    from connectors.kinds.sql import Sql


@dataclass(frozen=True)
class Groups:
    """Rows, groups of rows that are alike in the columns, the smallest group, rows that are alone in theirs, and the smallest
    number of different values of the sensitive columns within a group (None: none were named).
    """

    rows: int = 0
    groups: int = 0
    smallest: int = 0
    unique: int = 0
    diversity: int | None = None


def groups(
    kind: "Sql", spec: CollectionSpec, fields: Sequence[str], sensitive: Sequence[str], dated: str, before: date | None
) -> Groups:
    """The groups that `fields` make among the rows dated before a day (None: rows without a date). Without fields all rows
    are one group.
    """
    with translated(spec.place):
        table = kind.table(spec.name)
        when = column_of(table, spec, dated)
        condition = (
            when.is_(None) if before is None else dated_before(when, before, kind.dialect, f"{spec.place}.{dated}")
        )
        return _counted(kind, spec, fields, sensitive, condition, None)


def groups_of(
    kind: "Sql",
    spec: CollectionSpec,
    fields: Sequence[str],
    sensitive: Sequence[str],
    keys: Sequence[Key],
    masks: Mapping[str, Mask],
) -> Groups:
    """The groups that one of these rows is in, among all rows that hold what the masks wrote: fixed values only."""
    with translated(spec.place):
        table = kind.table(spec.name)
        alike = [
            sa.not_(differs(column_of(table, spec, name), valued(table, spec, name, mask), kind.dialect))
            for name, mask in masks.items()
        ]
        return _counted(kind, spec, fields, sensitive, sa.and_(*alike), among(table, spec, keys))


def _counted(
    kind: "Sql",
    spec: CollectionSpec,
    fields: Sequence[str],
    sensitive: Sequence[str],
    condition: sa.ColumnElement[bool],
    ours: sa.ColumnElement[bool] | None,
) -> Groups:
    """Of the groups among some rows those with one of ours in them (None: all)."""
    table = kind.table(spec.name)
    count = sa.func.count().label("n")
    mine: Any = sa.func.count() if ours is None else sa.func.sum(sa.case((ours, 1), else_=0))
    kinds: list[Any] = [
        sa.func.count(sa.distinct(column_of(table, spec, name))).label(f"l{turn}")
        for turn, name in enumerate(sensitive)
    ]
    columns = [column_of(table, spec, name) for name in fields]
    grouped = sa.select(count, mine.label("mine"), *kinds).select_from(table).where(condition)
    inner = grouped.group_by(*columns).subquery()
    least = [sa.func.min(inner.c[one.name]) for one in kinds]
    alone = sa.func.sum(sa.case((inner.c.n == 1, 1), else_=0))
    query = sa.select(sa.func.sum(inner.c.mine), sa.func.count(), sa.func.min(inner.c.n), alone, *least)
    with kind.reading() as connection:
        rows, number, smallest, unique, *most = connection.execute(query.where(inner.c.mine > 0)).one()
    if not rows:
        return Groups()
    return Groups(int(rows), int(number), int(smallest), int(unique), min(map(int, most)) if most else None)
