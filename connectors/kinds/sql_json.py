"""Rows written as JSON by PostgreSQL, many as one text: less than half the work of reading them here value by value.

The server's own JSON functions take longer than stringing values together. So the quotes around values are signs that no
text should hold, and we put the real ones in their places for many rows at once. The signs are counted: rows in whose own
texts one of them stands are left to the reader that looks at each value.
"""

import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from connectors.kinds.sql_values import padded

# A quote of JSON; the end of a row; the end of a moment with its zone; nothing.
QUOTE, END, MOMENT, NULL = b"\x02", b"\x03", b"\x04", b"\x05"
QUOTES = bytes.maketrans(QUOTE, b'"')
ESCAPED = ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n"), (b"\r", b"\\r"), (b"\t", b"\\t"))
ODD = bytes(one for one in range(32) if bytes([one]) not in (QUOTE, END, MOMENT, NULL))  # the rest that JSON escapes
ODDLY = re.compile(b"[" + re.escape(ODD) + b"]")
FIRST, LAST = "0001-01-02", "9999-12-30"  # what Python has of days in any zone; others stay as the server writes them
MOST_PIECES = 90  # of one function call


def writable(columns: Sequence[sa.Column[Any]]) -> bool:
    """Whether the values of all these columns are written here as the reader gives them."""
    return all(_plain(one) or _quoted(one) for one in columns)


def _plain(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.Integer | sa.Boolean)


def _quoted(column: sa.Column[Any]) -> bool:
    live = column.type
    if isinstance(live, sa.String):
        return not padded(column)
    if isinstance(live, sa.Numeric):
        return not isinstance(live, sa.Float)
    return isinstance(live, sa.Date | sa.DateTime | sa.Uuid | sa.LargeBinary)


def _zoned(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.DateTime) and bool(column.type.timezone)


def _hollow(columns: Sequence[sa.Column[Any]]) -> list[sa.Column[Any]]:
    return [one for one in columns if one.nullable and _quoted(one)]


def query(columns: Sequence[sa.Column[Any]]) -> sa.Select[Any]:
    """Selects how many rows there are, all of them as one text, how dates are written, and what `made` counts by."""
    quote, pieces, words = QUOTE.decode(), list[Any](), "{"
    for column in columns:
        edge = quote if _quoted(column) else ""
        pieces += [sa.literal(f"{words}{quote}{column.name}{quote}: {edge}", sa.Text()), _value(column)]
        words = f"{MOMENT.decode() if _zoned(column) else ''}{edge}, "
    pieces.append(sa.literal(f"{words[:-2]}}}", sa.Text()))
    while len(pieces) > MOST_PIECES:
        turns = range(0, len(pieces), MOST_PIECES)
        pieces = [sa.func.concat(*pieces[turn : turn + MOST_PIECES]) for turn in turns]
    rows = sa.func.string_agg(sa.func.concat(*pieces), sa.literal(END.decode(), sa.Text()))
    there = [sa.func.count(one) for one in _hollow(columns)]
    return sa.select(sa.func.count(), rows, sa.func.current_setting("DateStyle"), *there)


def _value(column: sa.Column[Any]) -> Any:
    written: Any = sa.cast(column, sa.Text())
    if isinstance(column.type, sa.LargeBinary):
        written = sa.cast(sa.func.octet_length(column), sa.Text())
        written = sa.literal("(", sa.Text()).concat(written).concat(" bytes)")
    elif isinstance(column.type, sa.DateTime):
        usual = sa.and_(column >= sa.literal_column(f"'{FIRST}'"), column < sa.literal_column(f"'{LAST}'"))
        odd = written.concat(" ") if _zoned(column) else written
        written = sa.case((usual, sa.func.replace(written, " ", "T")), else_=odd)
    if not column.nullable:
        return written
    return sa.func.coalesce(written, sa.literal(NULL.decode() if _quoted(column) else "null", sa.Text()))


def made(columns: Sequence[sa.Column[Any]], row: Sequence[Any]) -> tuple[int, bytes] | None:
    """(rows, JSON) of what `query` selected: an object each, with a comma and a line break between them. None when a text
    holds one of our signs, or when dates are not written by ISO 8601.
    """
    rows, text, style, *there = row
    if not rows:
        return 0, b""
    quotes = 2 * (len(columns) + sum(map(_quoted, columns)))
    nulls, moments = sum(rows - one for one in there), sum(map(_zoned, columns))
    wanted = [quotes * rows, rows - 1, moments * rows, nulls]
    found: bytes = text.encode("utf-8", "replace")
    if not style.startswith("ISO") or [found.count(one) for one in (QUOTE, END, MOMENT, NULL)] != wanted:
        return None
    for sign, escaped in ESCAPED:
        found = found.replace(sign, escaped)
    if len(found.translate(None, ODD)) != len(found):
        found = ODDLY.sub(lambda one: b"\\u%04x" % one[0][0], found)
    if nulls:
        found = found.replace(QUOTE + NULL + QUOTE, b"null").replace(QUOTE + NULL + MOMENT + QUOTE, b"null")
    found = _hours(found) if moments else found
    return rows, found.translate(QUOTES).replace(END, b",\n")


def _hours(text: bytes) -> bytes:
    """Zones of whole hours as Python writes them: +02:00 and not +02."""
    parts = text.split(MOMENT)
    if all(one[-3:-2] in (b"+", b"-") for one in parts[:-1]):
        return b":00".join(parts)
    ends = (one + b":00" if one[-3:-2] in (b"+", b"-") else one.removesuffix(b" ") for one in parts[:-1])
    return b"".join(ends) + parts[-1]
