"""Whether a counted run may go by itself, and whether it is so large that two people must look. Pure: numbers in, words out.

Each answer is a sentence that says why not, or "" for yes. What cannot be known is a reason to ask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

# Fewer rows than this are never unusual: twice nothing is soon reached.
FEW_ROWS = 100
# So many runs make a usual series.
SERIES = 3


@dataclass(frozen=True)
class Bounds:
    """What `models.Limits` says, and by default."""

    most_rows: int = 10_000
    most_percent: Decimal = Decimal(5)
    manual_runs: int = 3
    growth: Decimal = Decimal("1.5")
    last_runs: int = 5
    usual_factor: Decimal = Decimal(3)
    unusual_percent: Decimal = Decimal(50)


@dataclass(frozen=True)
class Past:
    """A finished run: rows erased, whether a person approved it, and whether nothing was left undone."""

    rows: int
    by_hand: bool
    fine: bool


def percent(rows: int, of_rows: int | None) -> Decimal | None:
    """How much of a collection that is; None where its size is not known."""
    return None if not of_rows else Decimal(100) * rows / of_rows


def plain(number: Decimal) -> str:
    """A number without the zeros that a database puts behind it."""
    return f"{number.normalize():f}"


def unusual(bounds: Bounds, rows: int, of_rows: int | None, past: Sequence[Past]) -> str:
    """Why so many rows are unusual; `past`: the newest first, runs that found nothing among them."""
    if rows < FEW_ROWS:
        return ""
    last = [one.rows for one in past[: bounds.last_runs]]
    if len(last) >= SERIES and rows > bounds.usual_factor * Decimal(median(last)):
        return f"{rows:,} rows are more than {plain(bounds.usual_factor)} times the usual {int(median(last)):,}."
    share = percent(rows, of_rows)
    if share is not None and share > bounds.unusual_percent:
        return f"{rows:,} rows are {share:.0f} % of the collection, more than {plain(bounds.unusual_percent)} %."
    return ""


def automatic(bounds: Bounds, rows: int, of_rows: int | None, past: Sequence[Past]) -> str:
    """Why these rows may not go without a person; `past` as above."""
    if rows > bounds.most_rows:
        return f"{rows:,} rows are more than the limit of {bounds.most_rows:,}."
    share = percent(rows, of_rows)
    if share is None:
        return "The size of the collection is not known, so the limit in percent cannot be looked at."
    if share > bounds.most_percent:
        return (
            f"{rows:,} rows are {share:.2f} % of the collection, more than the limit of {plain(bounds.most_percent)} %."
        )
    fine = sum(one.by_hand and one.fine and one.rows > 0 for one in past)
    if fine < bounds.manual_runs:
        return f"{fine} runs that a person approved were fine so far; {bounds.manual_runs} are needed."
    last = past[: bounds.last_runs]
    if any(not one.fine for one in last):
        return "One of the last runs left something undone."
    most = max(one.rows for one in last)
    if rows > bounds.growth * most:
        return f"{rows:,} rows are more than {plain(bounds.growth)} times the {most:,} of the last runs."
    return ""
