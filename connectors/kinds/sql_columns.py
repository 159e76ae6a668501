"""A live SQL column in the words of the contract: what it takes, and what must not be written into it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from connectors.kinds.base import Column
from connectors.kinds.sql_uniques import Unique, keys_of
from connectors.kinds.sql_values import textual

MOST = (  # the first that fits
    (mysql.TINYINT, 2**7 - 1), (sa.SmallInteger, 2**15 - 1), (mysql.MEDIUMINT, 2**23 - 1), (sa.BigInteger, 2**63 - 1),
    (sa.Integer, 2**31 - 1),
)  # fmt: skip
NO_TEXT = (
    sa.Date, sa.DateTime, sa.Time, sa.Interval, sa.Boolean, sa.LargeBinary, sa.Uuid, sa.JSON, sa.ARRAY, postgresql.INET,
    postgresql.CIDR, postgresql.INTERVAL,
)  # fmt: skip


def live_column(one: sa.Column[Any], unique: Unique) -> Column:
    """One column of a table; `unique`: what the table keeps unique."""
    declared = one.info.get("declared", one.type)
    keys = list(keys_of(unique, one.name))
    return Column(
        one.name,
        bool(one.nullable) and not one.primary_key,
        frozenset() in keys,
        textual(one),
        getattr(one.type, "length", None),
        isinstance(one.type, sa.Integer | sa.Numeric),
        together=tuple(key for key in keys if key),
        words=tuple(declared.enums) if isinstance(declared, sa.Enum) else None,
        computed=one.info.get("computed") is not None,
        most=_most(one, declared),
        other=isinstance(declared, NO_TEXT),
    )


def _most(one: sa.Column[Any], declared: Any) -> int | None:
    if one.table.info.get("dialect") == "sqlite":
        return (
            2**63 - 1 if isinstance(declared, sa.Integer) else None
        )  # its integers have one size, however they are called
    most = next((most for kind, most in MOST if isinstance(declared, kind)), None)
    return most * 2 + 1 if most is not None and getattr(declared, "unsigned", False) else most
