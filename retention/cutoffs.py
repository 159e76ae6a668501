"""The cut-off: rows dated before this day have outlived their period. Pure: no framework, no clock."""

import calendar
import re
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

CALENDAR_YEAR = "12-31"


def cutoff(today: date, period: int, unit: str, year_ends: str = "") -> date:
    """The day `period` units before `today`; rows dated before it go, rows of that day stay.

    Months and years go back to the corresponding day, or to the month's last day where there is none (31 May less three
    months: 28 or 29 February): the later of two arguable days would erase sooner. `year_ends` ("12-31"): the period begins
    only when the year that a row lies in is over, so rows of whole years go together (HGB §257(5): "with the end of the
    calendar year"). Raises ValueError for an unknown unit, a period below one, a day that is none, and what leaves the
    calendar.
    """
    if period < 1:
        raise ValueError("a period is at least one day")
    day = _back(today, period, unit)
    if not year_ends:
        return day
    try:
        end = last_day(day.year, year_ends)
        if end >= day:  # that year was not over so long ago
            end = last_day(day.year - 1, year_ends)
        return end + timedelta(days=1)
    except OverflowError as error:
        raise ValueError("this period leaves the calendar") from error


def last_day(year: int, year_ends: str) -> date:
    """The day in `year` on which a year ends that ends each time on this month and day; 29 February: the month's last one.

    Raises ValueError for what is no month and day, such as 31-12.
    """
    if not re.fullmatch(r"[01][0-9]-[0-3][0-9]", year_ends):
        raise ValueError("write the month and the day with two digits each, for example 12-31")
    month, day = (int(one) for one in year_ends.split("-"))
    if year_ends != "02-29":
        return date(year, month, day)
    return date(year, month, calendar.monthrange(year, month)[1])


def words(period: int, unit: str, year_ends: str = "") -> str:
    """How long, in the words of the desk: "1 year", "10 years from the end of the calendar year"."""
    said = f"{period} {unit if period != 1 else unit.removesuffix('s')}"
    if not year_ends:
        return said
    if year_ends == CALENDAR_YEAR:
        return f"{said} from the end of the calendar year"
    end = last_day(2000, year_ends)
    return f"{said} from the end of the year that ends on {end.day} {end:%B}"


def _back(today: date, period: int, unit: str) -> date:
    try:
        if unit == "days":
            return today - timedelta(days=period)
        if unit == "months":
            return today - relativedelta(months=period)
        if unit == "years":
            return today - relativedelta(years=period)
    except OverflowError as error:
        raise ValueError("this period leaves the calendar") from error
    raise ValueError(f"unknown unit {unit!r}")
