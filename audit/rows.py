"""Many rows in one statement: what a batch writes goes in as a whole, without an instance for each row. `append` uses COPY.

PostgreSQL takes one array for each column (`unnest`), so that the statement is the same however many rows come and stays
prepared. SQLite takes lists of values, some hundred rows at a time.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.db import IntegrityError, connection, models, transaction

# Values that the driver takes as they are.
PLAIN = (
    models.UUIDField, models.BooleanField, models.CharField, models.DateTimeField, models.IntegerField, models.ForeignKey,
)  # fmt: skip
TEXTS = (models.CharField, models.SlugField, models.TextField)
NULL = "\\N"
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
AT_ONCE = 400  # SQLite: 32,766 values in a statement


def insert(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]], tail: str = "") -> int:
    """Insert rows with these columns (attribute names), and end the statement with `tail`, an ON CONFLICT clause; how many
    rows were inserted or changed. What a row does not name must have a default in the database.
    """
    if not rows:
        return 0
    fields = [_field(model, name) for name in names]
    table, columns = model._meta.db_table, ", ".join(f'"{one.column}"' for one in fields)
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{'text' if _document(one) else one.db_type(connection)}[]" for one in fields)
        picked = ", ".join(f"c{n}::jsonb" if _document(one) else f"c{n}" for n, one in enumerate(fields))
        named = ", ".join(f"c{n}" for n in range(len(fields)))
        sql = f'INSERT INTO "{table}" ({columns}) SELECT {picked} FROM unnest({arrays}) AS given ({named}) {tail}'
        takes = [_taken(one) for one in fields]
        with connection.cursor() as cursor:
            given = zip(takes, zip(*rows, strict=True), strict=True)
            cursor.execute(sql, [[take(one) for one in cells] if take else list(cells) for take, cells in given])
            return int(cursor.rowcount)
    done = 0
    places = "(" + ", ".join(["%s"] * len(fields)) + ")"
    with connection.cursor() as cursor:
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            sql = f'INSERT INTO "{table}" ({columns}) VALUES {", ".join([places] * len(part))} {tail}'
            cells = ((field, one) for row in part for field, one in zip(fields, row, strict=True))
            cursor.execute(sql, [field.get_db_prep_save(one, connection) for field, one in cells])
            done += cursor.rowcount
    return done


def append(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> bool:
    """Insert rows as a whole, by COPY on PostgreSQL; False, and none of them, where one is there already (a constraint of the
    table says so). In a transaction of the caller.
    """
    if not rows:
        return True
    fields = [_field(model, name) for name in names]
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                _copy(model, fields, rows)
            else:
                insert(model, names, rows)
    except IntegrityError:
        return False
    return True


def _copy(model: type[models.Model], fields: "Sequence[models.Field[Any, Any]]", rows: Sequence[Sequence[Any]]) -> None:
    columns = ", ".join(f'"{one.column}"' for one in fields)
    written = [_written(one) for one in fields]
    lines = (
        "\t".join([NULL if cell is None else write(cell) for write, cell in zip(written, row, strict=True)])
        for row in rows
    )
    text = "\n".join(lines) + "\n"
    with connection.cursor() as cursor:
        statement = f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN'
        # The database speaks up at the end of the block, where Django would not translate its words.
        with connection.wrap_database_errors, cursor.copy(statement) as out:
            out.write(text)


def _written(field: "models.Field[Any, Any]") -> Callable[[Any], str]:
    """How a value of a column stands in the text that COPY reads (PostgreSQL manual, COPY, text format)."""
    if _document(field):
        return lambda one: json.dumps(one).translate(ESCAPED)
    if type(field) in TEXTS:
        return lambda one: one.translate(ESCAPED)
    if isinstance(field, models.DateField):
        return lambda one: one.isoformat()
    if isinstance(field, PLAIN) and not isinstance(field, models.CharField):
        return str
    return lambda one: str(field.get_db_prep_save(one, connection)).translate(ESCAPED)


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    return next(one for one in model._meta.concrete_fields if one.attname == name)


def _document(field: "models.Field[Any, Any]") -> bool:
    return isinstance(field, models.JSONField)


def _taken(field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    """What becomes of each value of a column on PostgreSQL; None: nothing."""
    if _document(field):
        return json.dumps
    return None if isinstance(field, PLAIN) else lambda one: field.get_db_prep_save(one, connection)
