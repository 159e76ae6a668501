"""Types by which values are read that SQLAlchemy would refuse, or give back as something else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

DAY = timedelta(days=1)


def as_read(live: Any, dialect: str) -> Any:
    """The type of a live column, as its values can be read whatever they are."""
    if isinstance(live, sa.JSON):
        # To SQLAlchemy an empty JSON column holds the JSON value null, and to everybody else that is not empty.
        live.none_as_null = True
    if dialect == "sqlite" and isinstance(live, sa.JSON):
        return JsonOrText(none_as_null=True)
    # SQLite stores dates and decimals as whatever was written; reading them as such would fail on the first odd one.
    if dialect == "sqlite" and isinstance(live, sa.Date | sa.DateTime | sa.Time | sa.Numeric):
        return sa.types.NullType()
    if dialect in ("mysql", "mariadb") and isinstance(live, mysql.TIME):
        return TimeOrSpan(fsp=live.fsp)
    return live


class JsonOrText(sa.JSON):
    """SQLite takes any text for a JSON column: what is none is read as it stands."""

    cache_ok = True

    def adapt(self, cls: Any, **options: Any) -> Any:
        """SQLAlchemy would put its own type for SQLite instead."""
        return JsonOrText(none_as_null=self.none_as_null)

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        inner = super().result_processor(dialect, coltype)

        def process(value: Any) -> Any:
            try:
                return inner(value) if inner is not None else value
            except (ValueError, TypeError):
                return value

        return process


class TimeOrSpan(mysql.TIME):
    """MySQL's TIME goes to 838 hours: what is no time of a day is read as a text."""

    cache_ok = True

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any]:
        inner = super().result_processor(dialect, coltype)

        def process(value: Any) -> Any:
            if isinstance(value, timedelta) and not timedelta(0) <= value < DAY:
                return _span(value)
            return inner(value) if inner is not None else value

        return process


def _span(value: timedelta) -> str:
    sign, size = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(size.days * 86400 + size.seconds, 60)
    rest = f".{size.microseconds:06d}" if size.microseconds else ""
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{rest}"
