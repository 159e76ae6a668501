"""The terms that statements are built from: columns, exactly these rows, and "does not hold what it shall"."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from connectors.kinds.base import Key, Mask, Permanent, Spare
from connectors.kinds.sql_values import coerce, comparable, empty, exact, same_text, spellings, textual, trimmed
from inventory.graph import CollectionSpec


def column_of(table: sa.Table, spec: CollectionSpec, name: str) -> sa.Column[Any]:
    """The live column of a described field. Raises Permanent when it is not there."""
    if name not in table.c:
        raise Permanent("schema", f"{spec.dataset}.{spec.name} has no column {name}. Mend the description, then retry.")
    return table.c[name]


def coerced(columns: Sequence[sa.Column[Any]], spec: CollectionSpec, keys: Sequence[Key]) -> list[Key]:
    """The keys as the columns' types take them. Raises Permanent for an empty one, which would match nothing or anything."""
    if all(isinstance(column.type, sa.Integer) for column in columns) and all(
        type(part) is int for key in keys for part in key
    ):
        return list(keys)  # the usual case: whole numbers as they are
    wanted = [tuple(coerce(column, one) for column, one in zip(columns, key, strict=True)) for key in keys]
    if any(empty(one) for key in wanted for one in key):
        raise Permanent("key", f"A row of {spec.dataset}.{spec.name} has an empty key; it cannot be told from others.")
    return wanted


def among(
    table: sa.Table, spec: CollectionSpec, keys: Sequence[Key], spare: Spare | None = None
) -> sa.ColumnElement[bool]:
    """Exactly these rows, without the spared ones. A row with nothing in the field is not spared by it."""
    columns = [column_of(table, spec, name) for name in spec.primary_key]
    wanted = coerced(columns, spec, keys)
    if len(columns) > 1:
        parts: list[sa.ColumnElement[bool]] = [sa.tuple_(*columns).in_(wanted)]
    elif table.info.get("dialect") == "postgresql":
        # One array and not thousands of parameters: the server parses and plans it in a tenth of the time.
        values = sa.bindparam(None, [key[0] for key in wanted], type_=postgresql.ARRAY(columns[0].type))
        parts = [columns[0] == sa.any_(values)]
    else:
        parts = [columns[0].in_([key[0] for key in wanted])]
    for name, spared in (spare or {}).items():
        column = column_of(table, spec, name)
        held = list(dict.fromkeys(one for value in spared for one in spellings(column, value)))
        if spec.field(name).folded and textual(column):
            parts.append(sa.or_(column.is_(None), trimmed(column).not_in([same_text(one, True) for one in held])))
        else:
            parts.append(sa.or_(column.is_(None), comparable(column).not_in(held)))
    return sa.and_(*parts)


def together(
    table: sa.Table, spec: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]]
) -> sa.ColumnElement[bool] | None:
    """The fields hold one of `rows`, all columns together; None when no row can stand there."""
    columns = [column_of(table, spec, name) for name in fields]
    folded = [spec.field(name).folded and textual(one) for name, one in zip(fields, columns, strict=True)]

    def compared(value: Any, fold: bool) -> Any:
        return same_text(value, True) if fold else value

    wanted = {tuple(map(compared, one, folded)) for row in rows for one in product(*map(spellings, columns, row))}
    dialect = str(table.info.get("dialect"))
    exactly = [
        trimmed(one) if fold else exact(one, dialect) if textual(one) else one
        for one, fold in zip(columns, folded, strict=True)
    ]
    return sa.tuple_(*exactly).in_(list(wanted)) if wanted else None


def valued(table: sa.Table, spec: CollectionSpec, name: str, mask: Mask) -> Any:
    """The mask's fixed value as the column takes it. Raises Permanent when it cannot."""
    value = coerce(column_of(table, spec, name), mask.value)
    if value is None and mask.value is not None:
        place = f"{spec.dataset}.{spec.name}.{name}"
        raise Permanent("schema", f"{place} cannot hold the value that it shall get. Mend the mask, then retry.")
    return value


def differs(column: sa.Column[Any], value: Any, dialect: str) -> sa.ColumnElement[bool]:
    """The column does not hold this value, compared exactly."""
    if value is None:
        return column.is_not(None)
    if textual(column):
        text = value if isinstance(value, sa.ColumnElement) else sa.literal(value, sa.String())
        return sa.or_(column.is_(None), exact(column, dialect) != text)
    return column.is_distinct_from(value)
