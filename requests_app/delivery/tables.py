"""Rows as text that cannot harm: JSON, CSV that no spreadsheet runs, cells for a page. Pure.

A cell that begins with = + - @ or a tab or line break is a formula to a spreadsheet (OWASP, CSV Injection): it gets an
apostrophe in front. Numbers are left alone.
"""

import base64
import csv
import io
import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from audit.sheet import FORMULA

UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.0+)?([+-]\d\d:\d\d)?")


def plain(value: Any) -> Any:
    """`value` as something that JSON knows: dates in ISO 8601, decimals as text so that no digit is lost, bytes in base64."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return f"base64:{base64.b64encode(bytes(value)).decode()}"
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Decimal | UUID | timedelta):
        return str(value)
    return str(value)


def json_row(row: dict[str, Any]) -> str:
    """One row as one line of JSON."""
    text = json.dumps({key: plain(value) for key, value in row.items()}, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be written


def cell(value: Any) -> str:
    """One value as words for a page: nothing for None, yes and no."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return str(value).replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def shown(value: Any) -> str:
    """`cell` for a person's eyes: a moment without its T and its empty fractions of a second."""
    text = cell(value)
    moment = MOMENT.fullmatch(text)
    return f"{moment[1]} {moment[2]}{moment[3] or ''}" if moment else text


def csv_cell(value: Any) -> str:
    """One value for CSV, with an apostrophe before what a spreadsheet would run."""
    text = cell(value)
    number = isinstance(value, int | float | Decimal)
    return f"'{text}" if not number and text.lstrip(" ").startswith(FORMULA) else text


def csv_line(values: list[Any]) -> str:
    """One line of CSV (RFC 4180), all cells quoted."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([csv_cell(value) for value in values])
    return line.getvalue()


def labels(columns: Sequence[str]) -> list[str]:
    """The columns as the head of a CSV file calls them: safe, without blanks around, none empty, none twice."""
    found: list[str] = []
    for one in columns:
        base = csv_cell(one.strip()) or "_"
        name, number = base, 1
        while name in found:
            number += 1
            name = f"{base}-{number}"
        found.append(name)
    return found


Row = dict[str, Any]
RISKY = frozenset((" ", *FORMULA))
_encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def json_page(rows: Sequence[Row]) -> bytes:
    """Many rows as `json_row` writes each, with a comma and a line break between them; UTF-8."""
    try:
        text = ",\n".join(map(_encode, rows))
    except (TypeError, ValueError):  # something that JSON does not know, or a number that is none
        text = ",\n".join(map(json_row, rows))
    return text.encode("utf-8", "replace")


def csv_page(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """Many rows as `csv_line` writes each; UTF-8."""
    if not columns:
        return b""
    table = ([_quick(row.get(name)) for name in columns] for row in rows)
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(table)
    return text.getvalue().replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace")


def _quick(value: Any) -> Any:
    """`csv_cell`, for what the CSV writer may have as it is: nearly everything."""
    kind = type(value)
    if kind is int or value is None or (kind is str and (not value or value[0] not in RISKY)):
        return value
    return csv_cell(value)


class Names:
    """File names that are safe on every system, and different even where case does not count."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def give(self, *parts: str) -> str:
        """A free name made of `parts`, joined by dots."""
        base = ".".join(UNSAFE.sub("_", part)[:60] or "_" for part in parts)
        name, number = base, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{base}-{number}"
        self._taken.add(name.lower())
        return name
