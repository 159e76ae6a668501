"""Rows whose time is over, as conditions of SQL: found, counted and deleted by the database itself."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from connectors.kinds.sql_terms import column_of
from connectors.kinds.sql_values import before, dated
from inventory.dating import Due, ParentDate
from inventory.graph import CollectionSpec

Condition = sa.ColumnElement[bool]
Tables = Callable[[str], sa.Table]


def condition(tables: Tables, spec: CollectionSpec, due: Due, dialect: str) -> Condition:
    """The rows that are due. None of the dates is on or after the day, and at least one is there; a single date must be."""
    table = tables(spec.name)
    old, late = list[Condition](), list[Condition]()
    for name in due.own:
        column, place = column_of(table, spec, name), f"{spec.place}.{name}"
        old.append(before(column, due.before, dialect, place))
        late.append(sa.and_(dated(column, dialect, place), ~before(column, due.before, dialect, place)))
    for one in due.parents:
        old.append(_exists(tables, table, spec, one, lambda column, place: before(column, due.before, dialect, place)))
        late.append(_exists(tables, table, spec, one, lambda column, place: _keeps(column, due, dialect, place)))
    if len(old) == 1:
        return sa.and_(old[0], ~late[0]) if due.parents else old[0]
    return sa.and_(sa.or_(*old), *(~one for one in late))


def _keeps(column: sa.Column[Any], due: Due, dialect: str, place: str) -> Condition:
    """What keeps a row: a date that is not before the day; where it is the only one, also that it is not there (still open)."""
    old = before(column, due.before, dialect, place)
    if len(due.own) + len(due.parents) == 1:
        return sa.or_(column.is_(None), ~old)
    return sa.and_(dated(column, dialect, place), ~old)


def undated(tables: Tables, spec: CollectionSpec, due: Due, dialect: str) -> Condition:
    """The rows that no date tells of."""
    table = tables(spec.name)
    known = [dated(column_of(table, spec, name), dialect, f"{spec.place}.{name}") for name in due.own]
    known += [
        _exists(tables, table, spec, one, lambda column, place: dated(column, dialect, place)) for one in due.parents
    ]
    return sa.and_(*(~one for one in known))


def _exists(
    tables: Tables,
    table: sa.Table,
    spec: CollectionSpec,
    one: ParentDate,
    holds: Callable[[sa.Column[Any], str], Condition],
) -> Condition:
    parent = tables(one.spec.name)
    same = [
        column_of(parent, one.spec, theirs) == column_of(table, spec, mine)
        for mine, theirs in zip(one.mine, one.theirs, strict=True)
    ]
    column = column_of(parent, one.spec, one.field)
    wanted = holds(column, f"{one.spec.place}.{one.field}")
    return sa.exists(sa.select(sa.literal(1)).select_from(parent).where(*same, wanted).correlate(table))


def counting(tables: Tables, spec: CollectionSpec, dues: Sequence[Due], dialect: str) -> sa.Select[Any]:
    """One question: all rows, undated ones, the oldest date (of a single field), and the due ones of each day."""
    table, first = tables(spec.name), dues[0]
    column = column_of(table, spec, first.single) if first.single else None
    oldest: Any = sa.null()
    if column is not None:
        oldest = sa.func.min(sa.case((dated(column, dialect, spec.place), column)))
    sums = [_many(condition(tables, spec, one, dialect)) for one in dues]
    return sa.select(sa.func.count(), _many(undated(tables, spec, first, dialect)), oldest, *sums).select_from(table)


def _many(wanted: Condition) -> Any:
    return sa.func.coalesce(sa.func.sum(sa.case((wanted, 1), else_=0)), 0)


def days_of(due: Due, days: Sequence[date]) -> list[Due]:
    """The same dates, due at each of these days."""
    return [Due(day, due.own, due.parents) for day in days]


def summing(
    tables: Tables, spec: CollectionSpec, rows: Condition, fields: Sequence[str], numbers: Sequence[str], dialect: str
) -> sa.Select[Any]:
    """One question: groups of these rows that are due, how many each, and the sums of their numbers."""
    table = tables(spec.name)
    groups = [column_of(table, spec, name) for name in fields]
    sums = [sa.func.sum(column_of(table, spec, name)) for name in numbers]
    wanted = rows if spec.due is None else sa.and_(rows, condition(tables, spec, spec.due, dialect))
    return sa.select(*groups, sa.func.count(), *sums).select_from(table).where(wanted).group_by(*groups)
