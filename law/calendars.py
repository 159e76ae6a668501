"""Days as statutes count them: corresponding days, working days, holidays of one jurisdiction. Pure."""

import calendar
from datetime import date, timedelta
from functools import lru_cache

import holidays


@lru_cache(maxsize=64)
def _holidays(region: str) -> holidays.HolidayBase:
    country, _, part = region.partition("-")
    if country == "GB":
        return holidays.country_holidays("GB", subdiv=part or "ENG")
    return holidays.country_holidays(country, subdiv=part or None)


def is_working_day(day: date, region: str) -> bool:
    """Whether `day` is neither a weekend day nor a public holiday of `region` ("DE", "GB-ENG", "US")."""
    return day.weekday() < 5 and day not in _holidays(region)


def next_working_day(day: date, region: str) -> date:
    """`day` itself if it is a working day, else the first one after it."""
    while not is_working_day(day, region):
        day += timedelta(days=1)
    return day


def add_business_days(day: date, count: int, region: str) -> date:
    """The `count`-th working day after `day`; the day of the event is not counted."""
    while count > 0:
        day += timedelta(days=1)
        if is_working_day(day, region):
            count -= 1
    return day


def add_months(day: date, count: int) -> date:
    """The corresponding day `count` months later, or the last day of that month."""
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
