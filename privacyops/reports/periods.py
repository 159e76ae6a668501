"""Which days a report is about. Pure: no framework."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONGEST_DAYS = 3660


class BadPeriod(ValueError):
    """In words for whoever chose it."""


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both included, in one zone."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first moment of it."""
        return datetime.combine(self.first, time.min, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time.min, self.zone)

    def months(self) -> list[date]:
        """The first day of each month that it touches, in order."""
        found, at = [], self.first.replace(day=1)
        while at <= self.last:
            found.append(at)
            at = (at + timedelta(days=32)).replace(day=1)
        return found


def chosen(first: str, last: str, *, today: date, zone: ZoneInfo) -> Period:
    """What a form says (ISO days; empty: the last twelve months). Raises BadPeriod."""
    try:
        end = date.fromisoformat(last) if last else today
        begin = date.fromisoformat(first) if first else (end.replace(day=1) - timedelta(days=334)).replace(day=1)
    except ValueError:
        raise BadPeriod("Give each day as year-month-day, such as 2026-01-31.") from None
    if begin > end:
        raise BadPeriod("The first day lies after the last one. Swap them.")
    if (end - begin).days > LONGEST_DAYS:
        raise BadPeriod("That is more than ten years. Choose a shorter time.")
    return Period(begin, end, zone)
