"""How values travel between the systems' columns, our JSON and each other's types; and how texts compare exactly."""

import re
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from connectors.kinds.base import Key, Permanent, token

NUMBER = re.compile(r"0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.[0-9]*[1-9]")


def coerce(column: sa.ColumnElement[Any], value: Any) -> Any:
    """`value` as the column's type takes it; None when it cannot be one (such a value matches nothing)."""
    try:
        wanted = column.type.python_type
    except NotImplementedError:
        return value
    try:
        return _coerce(column.type, wanted, value)
    except (ValueError, TypeError, ArithmeticError):
        return None


def _coerce(live: Any, wanted: type, value: Any) -> Any:
    if value is None or isinstance(value, wanted):
        return _aware(live, value) if isinstance(value, datetime) else value
    if wanted is int:
        number = int(value)
        # "007" is not 7, and 7.5 is not 7: what is not written as this column writes it is somebody else's.
        written = str(number) == str(value).strip() or number == value
        return number if written and -(2**63) <= number < 2**63 else None
    if wanted is bool:
        return bool(int(value)) if isinstance(value, int) or str(value) in ("0", "1") else None
    if wanted is uuid.UUID:
        return uuid.UUID(str(value))
    if wanted is str:
        return str(value)
    if wanted is Decimal:
        return Decimal(str(value))
    if wanted is float:
        return float(value)
    if wanted is datetime:
        return _aware(live, datetime.fromisoformat(str(value)))
    if wanted is date:
        return date.fromisoformat(str(value)[:10])
    return bytes.fromhex(value) if wanted is bytes and isinstance(value, str) else value


def _aware(live: Any, moment: datetime) -> datetime:
    if getattr(live, "timezone", False):
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def plain(value: Any) -> Any:
    """A key part as JSON keeps it; `coerce` brings it back."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return value if isinstance(value, int | str) or value is None else str(value)


def packed(columns: Sequence[sa.ColumnElement[Any]], values: Iterable[Any], place: str) -> Key:
    """A row's key as JSON keeps it. Raises Permanent when it would not come back as the same key: a row that cannot be
    found again must not look like one that is gone.
    """
    key = []
    for column, value in zip(columns, values, strict=True):
        kept = plain(value)
        if kept is not value and coerce(column, kept) != value:
            raise Permanent("key", f"The key of {place} has a type that we cannot keep exactly. Choose another key.")
        key.append(kept)
    return tuple(key)


def empty(value: Any) -> bool:
    """Whether a value identifies nobody."""
    return value is None or (isinstance(value, str) and not value.strip()) or value == b""


def day(value: Any) -> date | None:
    """The day of a date, a moment or a text that begins with a day."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def oddly_written(value: Any) -> bool:
    """Whether a text is a number to a database and not written as one writes it: 007, 7.0, 7e0, digits of another script."""
    if not isinstance(value, str) or NUMBER.fullmatch(value):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


def comparable(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The column for a comparison with whatever was given: a number too big for it is unequal and not an error."""
    return sa.type_coerce(column, sa.BigInteger()) if isinstance(column.type, sa.Integer) else column


def textual(column: sa.ColumnElement[Any]) -> bool:
    """Whether the column holds text."""
    return isinstance(column.type, sa.String)


def same_text(value: Any, folded: bool) -> str:
    """A text for an exact comparison. CHAR(n) comes padded with spaces."""
    text = str(value).rstrip(" ")
    return text.lower() if folded else text


def exact(column: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """The text column as an expression whose `=` knows no collation: case and accents count."""
    if dialect in ("mysql", "mariadb"):
        return sa.cast(column, mysql.CHAR(charset="utf8mb4")).collate("utf8mb4_bin")
    return sa.collate(column, "BINARY") if dialect == "sqlite" else sa.cast(column, sa.Text())


def before(column: sa.ColumnElement[Any], limit: date, dialect: str, place: str) -> sa.ColumnElement[bool]:
    """The column is dated before a day. Raises Permanent for a column that holds no dates."""
    if dialect == "sqlite":
        # SQLite sorts numbers before texts, so a plain `<` would take every row dated by a number or by an empty text.
        iso = sa.and_(sa.func.typeof(column) == "text", sa.func.substr(column, 5, 1) == "-", sa.func.length(column) > 9)
        return sa.and_(iso, column >= "1000-01-01", column < limit.isoformat())
    moment: date | datetime = limit
    first: date | datetime = date(1000, 1, 1)  # MySQL's zero dates say "unknown", not "long ago"
    if isinstance(column.type, sa.DateTime):
        zone = UTC if getattr(column.type, "timezone", False) else None
        moment, first = (datetime(one.year, one.month, one.day, tzinfo=zone) for one in (limit, first))
    elif not isinstance(column.type, sa.Date):
        raise Permanent("schema", f"{place} is not a date there. Name another field that dates the rows, then retry.")
    return sa.and_(column >= first, column < moment)


def token_expression(columns: Sequence[sa.ColumnElement[Any]], keys: Sequence[Key], suffix: str) -> Any:
    """ "erased-", the row's key, the suffix, made by the database; for keys other than numbers a digest for each row."""
    if any(not isinstance(one.type, sa.Integer) for one in columns):
        whens = [
            (
                sa.and_(*(column == part for column, part in zip(columns, key, strict=True))),
                token(list(map(plain, key)), suffix),
            )
            for key in keys
        ]
        return sa.case(*whens) if whens else sa.null()
    text: Any = sa.literal("erased")
    for column in columns:
        text = text.concat(sa.literal("-")).concat(sa.cast(column, sa.String(40)))
    return text.concat(sa.literal(suffix)) if suffix else text
