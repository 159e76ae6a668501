"""How values travel between the systems' columns, our JSON and each other's types; and how texts compare exactly."""

import math
import re
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from django.conf import settings
from sqlalchemy.dialects import mysql

from connectors.alike import UUID
from connectors.kinds.base import Key, Permanent, token

INTEGRAL = re.compile(r"(0|-?[1-9]\d*)(\.0+)?")
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
        # "007" is not 7, and 7.5 is not 7: what is not written as a number is written is somebody else's. 7.00 is 7.
        found = INTEGRAL.fullmatch(value.strip()) if isinstance(value, str) else None
        number = int(found[1]) if found else int(value)
        written = found is not None or number == value
        return number if written and -(2**63) <= number < 2**63 else None
    if wanted is bool:
        return bool(int(value)) if isinstance(value, int) or str(value) in ("0", "1") else None
    if wanted is uuid.UUID:
        return uuid.UUID(str(value))
    if wanted is str:
        return str(value)
    if wanted is Decimal:
        decimal = Decimal(str(value))
        return decimal if decimal.is_finite() else None
    if wanted is float:
        return float(value) if math.isfinite(float(value)) else None
    if wanted is datetime:
        return _aware(live, datetime.fromisoformat(str(value)))
    if wanted is date:
        return date.fromisoformat(str(value)[:10])
    if wanted is bytes and isinstance(value, str):
        return bytes.fromhex(value.replace("-", "") if UUID.fullmatch(value) else value)
    return value


def spellings(column: sa.ColumnElement[Any], value: Any) -> list[Any]:
    """How the column may hold this value of another column; none when it cannot hold it, or when it identifies nobody.

    In a text a whole number may stand with and without its decimals, and a UUID with and without its dashes.
    """
    value = whole(value)
    held = coerce(column, plain(value) if textual(column) else value)
    if empty(held):
        return []
    if not textual(column):
        return [held]
    if isinstance(value, int) and not isinstance(value, bool):
        return [held, f"{held}.0", f"{held}.00"]
    if UUID.fullmatch(held):
        return list(dict.fromkeys((held, str(uuid.UUID(held)), uuid.UUID(held).hex)))
    return [held]


def whole(value: Any) -> Any:
    """A number without decimals as such: 5.00 of a decimal column is the 5 of another one."""
    if isinstance(value, Decimal | float) and math.isfinite(value) and value == int(value):
        return int(value)
    return value


def linked(column: sa.Column[Any], value: Any) -> Any:
    """What a row holds, as other columns are searched for it: without the blanks that pad CHAR(n), whole numbers as such."""
    return plain(whole(unpadded(column, value)))


def unpadded(column: sa.Column[Any], value: Any) -> Any:
    """The value without the blanks that PostgreSQL fills CHAR(n) up with."""
    return value.rstrip(" ") if isinstance(value, str) and padded(column) else value


def padded(column: sa.Column[Any]) -> bool:
    """Whether the database fills the column's texts up with blanks."""
    return isinstance(column.type, sa.CHAR) and column.table.info.get("dialect") == "postgresql"


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
        if isinstance(column.type, sa.Float):
            raise Permanent(
                "key", f"{place}.{column.name} is part of the key and a floating-point number, which a server does not "
                "compare exactly. Name another key in the description, then retry.",
            )  # fmt: skip
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
    """A text for an exact comparison. CHAR(n) comes padded with spaces; an e-mail address may stand between blanks."""
    return str(value).strip().lower() if folded else str(value).rstrip(" ")


def blanks_around(texts: Iterable[str]) -> list[str]:
    """Each text alone, and with a blank before it, after it and both: asked for like this, an index on lower(...) serves, as it
    would not if the column were trimmed.
    """
    return sorted(f"{before}{one}{after}" for one in texts for before in ("", " ") for after in ("", " "))


def trimmed(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The column in lower case and without blanks around: for rows that are known by their keys, where no index is needed."""
    for sign in "\t\n\r":
        column = sa.func.replace(column, sign, "")
    return sa.func.lower(sa.func.trim(column))


def exact(column: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """The text column as an expression whose `=` knows no collation: case and accents count."""
    if dialect in ("mysql", "mariadb"):
        return sa.cast(column, mysql.CHAR(charset="utf8mb4")).collate("utf8mb4_bin")
    return sa.collate(column, "BINARY") if dialect == "sqlite" else sa.cast(column, sa.Text())


def midnight(limit: date) -> datetime:
    """The moment at which a day begins: in UTC or where the company is, whichever comes first. Nobody says in which of the two
    a system writes its times, and a row must not go an hour before its day.
    """
    here = datetime(limit.year, limit.month, limit.day, tzinfo=ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))
    return min(datetime(limit.year, limit.month, limit.day, tzinfo=UTC), here.astimezone(UTC))


def before(column: sa.ColumnElement[Any], limit: date, dialect: str, place: str) -> sa.ColumnElement[bool]:
    """The column is dated before a day. Raises Permanent for a column that holds no dates."""
    first_moment = midnight(limit)
    if dialect == "sqlite":
        # SQLite sorts numbers before texts, so a plain `<` would take every row dated by a number or by an empty text.
        iso = sa.and_(sa.func.typeof(column) == "text", sa.func.substr(column, 5, 1) == "-", sa.func.length(column) > 9)
        text = limit.isoformat() if first_moment.date() == limit else f"{first_moment:%Y-%m-%d %H:%M:%S}"
        return sa.and_(iso, column >= "1000-01-01", column < text)
    moment: date | datetime = limit
    first: date | datetime = date(1000, 1, 1)  # MySQL's zero dates say "unknown", not "long ago"
    if isinstance(column.type, sa.DateTime):
        zone = UTC if getattr(column.type, "timezone", False) else None
        moment, first = first_moment.replace(tzinfo=zone), datetime(1000, 1, 1, tzinfo=zone)
    elif not isinstance(column.type, sa.Date):
        raise Permanent("schema", f"{place} is not a date there. Name another field that dates the rows, then retry.")
    return sa.and_(column >= first, column < moment)


def dated(column: sa.ColumnElement[Any], dialect: str, place: str) -> sa.ColumnElement[bool]:
    """The column holds a date at all; never null itself. Raises Permanent as `before` does."""
    return sa.and_(
        column.is_not(None), sa.func.coalesce(before(column, date(9999, 12, 31), dialect, place), sa.false())
    )


def is_before(value: Any, limit: date) -> bool | None:
    """Whether a value, as it was read, is dated before a day; None for one that is no date."""
    if isinstance(value, datetime):
        moment = midnight(limit)
        return value < (moment if value.tzinfo else moment.replace(tzinfo=None))
    on = day(plain(value))
    return None if on is None else on < limit


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
