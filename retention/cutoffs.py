"""The cut-off: rows dated before this day have outlived their period. Pure: no framework, no clock."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta


def cutoff(today: date, period: int, unit: str) -> date:
    """The day `period` units before `today`; rows dated before it go, rows of that day stay.

    Months and years go back to the corresponding day, or to the month's last day where there is none (31 May less three
    months: 28 or 29 February): the later of two arguable days would erase sooner. Raises ValueError for an unknown unit, a
    period below one, and one that leaves the calendar.
    """
    if period < 1:
        raise ValueError("a period is at least one day")
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
