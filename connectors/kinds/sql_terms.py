"""The terms that statements are built from: columns, exactly these rows, and "does not hold what it shall"."""

import json
from collections.abc import Sequence
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from connectors.kinds.base import Key, Mask, Permanent, Spare
from connectors.kinds.sql_values import coerce, comparable, empty, exact, same_text, spellings, textual, trimmed
from inventory.graph import CollectionSpec

# Types without an equality that we know: whether they hold a value cannot be read back, so they can only be emptied.
FEW = 8  # values that are written out
WHOLE = (
    (sa.SmallInteger, 2**15, "smallint"), (sa.BigInteger, 2**63, "bigint"), (sa.Integer, 2**31, "integer"),
)  # fmt: skip
INCOMPARABLE = (sa.types.NullType, postgresql.JSONPATH)


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
        values = postgresql.ARRAY(columns[0].type)
        if isinstance(columns[0].type, sa.Integer) and all(type(key[0]) is int for key in wanted):
            # Written out at once: the driver would look at each number by itself.
            text = sa.literal("{" + ",".join([str(key[0]) for key in wanted]) + "}", sa.Text())
            parts = [columns[0] == sa.any_(sa.cast(text, values))]
        else:
            parts = [columns[0] == sa.any_(sa.bindparam(None, [key[0] for key in wanted], type_=values))]
    else:
        parts = [columns[0].in_([key[0] for key in wanted])]
    return sa.and_(*parts, *free_of(table, spec, spare or {}))


def free_of(table: Any, spec: CollectionSpec, spare: Spare) -> list[sa.ColumnElement[bool]]:
    """The row holds nothing of what is spared. One with nothing in the field is not spared by it."""
    parts: list[sa.ColumnElement[bool]] = []
    postgres = getattr(table, "element", table).info.get("dialect") == "postgresql"  # it may be an alias
    for name, spared in spare.items():
        column = column_of(table, spec, name)
        held = list(dict.fromkeys(one for value in spared for one in spellings(column, value)))
        if spec.field(name).folded and textual(column):
            parts.append(sa.or_(column.is_(None), trimmed(column).not_in([same_text(one, True) for one in held])))
        elif len(held) > FEW and isinstance(column.type, sa.Integer) and postgres:
            parts.append((column == sa.any_(_constant(column, held))).is_not(sa.true()))
        else:
            parts.append(sa.or_(column.is_(None), comparable(column).not_in(held)))
    return parts


def _constant(column: sa.Column[Any], numbers: Sequence[Any]) -> sa.ColumnElement[Any]:
    """Whole numbers, written out as one constant. Of one of the column's own type PostgreSQL makes a table to look into; of
    another type it would go through all of them for each row. A number that the column cannot hold stands in no row.
    """
    most, name = next((most, name) for kind, most, name in WHOLE if isinstance(column.type, kind))
    fitting = ",".join(str(int(one)) for one in numbers if -most <= int(one) < most)
    return sa.literal_column(f"CAST('{{{fitting}}}' AS {name}[])")


def spared_of(table: Any, spec: CollectionSpec, spare: Spare) -> sa.ColumnElement[bool]:
    """The other way round: the row holds something that is spared. Said so that an index can serve it."""
    parts: list[sa.ColumnElement[bool]] = [sa.false()]
    for name, spared in spare.items():
        column = column_of(table, spec, name)
        held = list(dict.fromkeys(one for value in spared for one in spellings(column, value)))
        if spec.field(name).folded and textual(column):
            parts.append(trimmed(column).in_([same_text(one, True) for one in held]))
        else:
            parts.append(comparable(column).in_(held))
    return sa.or_(*parts)


def held(column: sa.Column[Any], value: Any) -> Any:
    """`value` as the column's type takes it; None when it cannot. In a JSON column a text that is an object or a list of JSON
    is that, and any other text is a JSON text.
    """
    if isinstance(column.type, sa.JSON) and isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return coerce(column, value)


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
    column, dialect = column_of(table, spec, name), table.info.get("dialect")
    value = held(column, mask.value)
    if mask.value is None:
        return None
    if value is None or (dialect == "postgresql" and isinstance(column.type, INCOMPARABLE)):
        raise unfit(spec, name)
    if dialect == "postgresql" and isinstance(value, str) and not isinstance(column.type, sa.String | sa.JSON):
        return sa.literal(value, sa.types.NullType())  # the server reads it as the column's type: time, inet, interval
    return value


def unfit(spec: CollectionSpec, name: str) -> Permanent:
    """The error for a value that a column cannot take."""
    return Permanent(
        "schema", f"{spec.place}.{name} cannot hold the value that it shall get. Mend the mask (null always fits a column that "
        "may be empty), then retry.",
    )  # fmt: skip


def differs(column: sa.Column[Any], value: Any, dialect: str) -> sa.ColumnElement[bool]:
    """The column does not hold this value, compared exactly, as far as its type keeps it exactly."""
    if value is None:
        return column.is_not(None)
    if isinstance(column.type, sa.JSON):
        return _json_differs(column, json.dumps(value), dialect)
    if textual(column):
        text = value if isinstance(value, sa.ColumnElement) else sa.literal(value, sa.String())
        return sa.or_(column.is_(None), exact(column, dialect) != text)
    if isinstance(column.type, sa.Float) and dialect in ("mysql", "mariadb"):
        return sa.or_(column.is_(None), sa.func.abs(column - sa.literal(float(value))) > _tolerance(column.type, value))
    if isinstance(column.type, sa.Numeric | sa.Float) and not isinstance(value, sa.ColumnElement):
        return column.is_distinct_from(
            sa.cast(sa.literal(value, column.type), column.type)
        )  # rounded as the column does
    return column.is_distinct_from(value)


def _json_differs(column: sa.Column[Any], text: str, dialect: str) -> sa.ColumnElement[bool]:
    if dialect == "postgresql":  # json, unlike jsonb, has no equality
        wanted = sa.cast(sa.literal(text, sa.String()), postgresql.JSONB)
        return sa.cast(column, postgresql.JSONB).is_distinct_from(wanted)
    if dialect in ("mysql", "mariadb"):
        wanted = sa.cast(sa.literal(text, sa.String()), mysql.JSON)
        return sa.type_coerce(column, sa.types.NullType()).is_distinct_from(wanted)
    return sa.type_coerce(column, sa.String()).is_distinct_from(sa.literal(text, sa.String()))


def _tolerance(live: Any, value: Any) -> float:
    """How far what MySQL keeps of a number may be from it: its FLOAT has about seven digits, and a scale cuts some off."""
    scale = getattr(live, "scale", None)
    return float(max(abs(float(value)) * 1e-6, 0.5 * 10.0**-scale if scale is not None else 0.0))


def listable(keys: Sequence[sa.Column[Any]], masked: Sequence[sa.Column[Any]]) -> bool:
    """Whether PostgreSQL takes lists of these columns' values. Not of padded keys and of types that a list would change."""
    plain = (sa.Integer, sa.Uuid, sa.String)
    return all(isinstance(one.type, plain) and not isinstance(one.type, sa.CHAR | sa.Enum) for one in keys) and all(
        isinstance(one.type, (*plain, sa.Date, sa.DateTime)) and not isinstance(one.type, sa.Enum) for one in masked
    )


def written_together(
    table: sa.Table,
    keys: Sequence[sa.Column[Any]],
    masked: Sequence[sa.Column[Any]],
    rows: Sequence[tuple[Any, ...]],
) -> sa.Update:
    """One statement for PostgreSQL that writes each row its own values: `rows` are keys and values, sent as a list a column."""
    names = [f"value_{place}" for place in range(len(keys) + len(masked))]
    lists = [
        sa.bindparam(name, [row[place] for row in rows], type_=postgresql.ARRAY(_unbounded(column)))
        for place, (name, column) in enumerate(zip(names, (*keys, *masked), strict=True))
    ]
    made = sa.func.unnest(*lists).table_valued(*names, name="made").render_derived()
    same = [column == made.c[name] for column, name in zip(keys, names, strict=False)]
    new: dict[Any, Any] = {column: made.c[name] for column, name in zip(masked, names[len(keys) :], strict=True)}
    return sa.update(table).where(*same).values(new)


def _unbounded(column: sa.Column[Any]) -> Any:
    # A list of VARCHAR(5) would cut its values to five signs; a text that is too long is an error and is told.
    return sa.Text() if isinstance(column.type, sa.String) else column.type
