"""Statistics without small cells: what counts few rows may point to a person, so it is put together. Pure: no framework."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Values = tuple[Any, ...]
TOGETHER = None  # the group of all that were too small to stand alone


@dataclass(frozen=True)
class Cell:
    """One group; `values` None: the small ones together."""

    values: Values | None
    rows: int
    sums: tuple[float, ...]


def merged(groups: Mapping[Values, tuple[int, Sequence[float]]], smallest: int) -> tuple[list[Cell], int]:
    """(the cells that may stay, how many groups were put together). Nothing of fewer than `smallest` rows stands alone: if the
    small ones together are still fewer, the next larger group joins them; if all rows are fewer, no cell stays.
    """
    cells = sorted((Cell(key, rows, tuple(sums)) for key, (rows, sums) in groups.items()), key=_order)
    small = [one for one in cells if one.rows < smallest]
    large = [one for one in cells if one.rows >= smallest]
    while small and large and sum(one.rows for one in small) < smallest:
        small.append(large.pop(0))
    if sum(one.rows for one in small) < smallest:
        return large, len(small)
    sums = tuple(map(sum, zip(*(one.sums for one in small), strict=True)))
    return [*large, Cell(TOGETHER, sum(one.rows for one in small), sums)], len(small)


def _order(one: Cell) -> tuple[int, str]:
    return one.rows, str(one.values)


def parsed(words: str) -> list[tuple[str, str]]:
    """Fields that make groups: "country, seen_on:month" -> [("country", ""), ("seen_on", "month")]. Raises ValueError."""
    found = []
    for one in filter(None, (part.strip() for part in words.split(","))):
        name, _, fold = one.partition(":")
        if fold not in ("", "month", "year"):
            raise ValueError(f"{one}: a date is put together by month or by year.")
        found.append((name, fold))
    return found


def folded(value: Any, fold: str) -> Any:
    """A value as it stands in a cell: a day by its month or year, and what JSON knows."""
    if fold:
        text = value.isoformat() if isinstance(value, date | datetime) else str(value or "")
        return text[: 7 if fold == "month" else 4]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, int | float | bool) else str(value)
