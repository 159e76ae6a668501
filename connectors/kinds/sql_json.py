"""Rows written as JSON by PostgreSQL, a page of them as one text: less than half the work of reading them here value by value.

Only of types of which what the server writes means what the reader gives: numbers without fractions, texts, decimals as texts,
dates and moments. Those that Python has not (infinity, years before 1) stand there as the server prints them.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from connectors.kinds.sql_values import padded

BETWEEN = ",\n"  # two rows
FIRST, LAST = "0001-01-02", "9999-12-30"  # what Python has of days, in any zone
ROW = "privacyops row"  # no table has this name, and no column


def writable(columns: Sequence[sa.Column[Any]]) -> bool:
    """Whether the values of all these columns are written here as the reader gives them."""
    return bool(columns) and all(map(_writable, columns))


def _writable(column: sa.Column[Any]) -> bool:
    live = column.type
    if isinstance(live, sa.String):
        return not padded(column)
    if isinstance(live, sa.Numeric):
        return not isinstance(live, sa.Float)
    return isinstance(
        live, sa.Integer | sa.Boolean | sa.Date | sa.DateTime | sa.Uuid | sa.LargeBinary | postgresql.JSONB
    )


def query(
    table: sa.Table, columns: Sequence[sa.Column[Any]], *also: sa.ColumnElement[Any], odd: bool
) -> sa.Select[Any]:
    """Selects what is asked for as well, then all rows as one text, and of each date whether Python has all of them. `odd`:
    dates that it has not are written one by one, which takes longer.
    """
    # Beside the table and not in place of it, so that any condition on the table can follow.
    row = sa.select(*[_value(one, odd).label(one.name) for one in columns]).correlate(table).lateral(ROW)
    text = sa.cast(sa.func.row_to_json(sa.literal_column(f'"{ROW}".*')), sa.Text())
    # An empty date is neither: it is left out of the question, as all aggregates leave out what is empty.
    usual = [sa.func.bool_and(_usual(one)) for one in columns if _dated(one)]
    rows = sa.func.string_agg(text, sa.literal(BETWEEN, sa.Text()))
    return sa.select(*also, rows, *usual).select_from(table.join(row, sa.true()))


def _dated(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.Date | sa.DateTime)


def _usual(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.and_(column >= sa.literal_column(f"'{FIRST}'"), column < sa.literal_column(f"'{LAST}'"))


def _value(column: sa.Column[Any], odd: bool) -> sa.ColumnElement[Any]:
    if odd and _dated(column):
        text = sa.cast(column, sa.Text())
        return sa.case((_usual(column), sa.func.to_json(column)), else_=sa.func.to_json(text))
    if isinstance(column.type, sa.LargeBinary):
        size = sa.cast(sa.func.octet_length(column), sa.Text())
        return sa.literal("(", sa.Text()).concat(size).concat(" bytes)")
    if isinstance(column.type, sa.String | sa.Numeric):
        return sa.cast(column, sa.Text())  # a decimal keeps its digits; whatever else is a text is nothing but one
    return column
