"""Days as statutes count them: corresponding days, working days, holidays of one jurisdiction. Pure."""

import calendar
from datetime import date, timedelta
from functools import lru_cache

import holidays

ONE_DAY = timedelta(days=1)
WEEKEND = frozenset({"saturday", "sunday"})
OFF = frozenset({"saturday", "sunday", "holiday"})
# Privacy Act 2020 (NZ) s. 7(1): besides its holidays, every day from 25 December to 15 January is out.
NEW_ZEALAND = "nz-privacy-act"


@lru_cache(maxsize=2048)
def holidays_of(region: str, year: int) -> frozenset[date]:
    """The public holidays of `region` ("DE", "GB-ENG", "US", "CA-QC", "nz-privacy-act") in one year.

    Raises ValueError for a region that the calendar library does not know.
    """
    country, _, part = region.partition("-")
    if region == NEW_ZEALAND:
        summer = [date(year, 1, day) for day in range(1, 16)] + [date(year, 12, day) for day in range(25, 32)]
        return frozenset(holidays.country_holidays("NZ", years=year)) | frozenset(summer)
    if country == "GB":
        part = part or "ENG"
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=year))
    except NotImplementedError as error:
        raise ValueError(f"no calendar of holidays is known for {region!r}") from error


def is_off(day: date, region: str, on: frozenset[str] = OFF) -> bool:
    """Whether `day` is one of the days named by `on`: saturday, sunday, holiday of `region`."""
    weekday = day.weekday()
    if weekday == 5 and "saturday" in on:
        return True
    if weekday == 6 and "sunday" in on:
        return True
    return "holiday" in on and day in holidays_of(region, day.year)


def is_working_day(day: date, region: str) -> bool:
    """Whether `day` is neither a weekend day nor a public holiday of `region`."""
    return not is_off(day, region)


def next_working_day(day: date, region: str, on: frozenset[str] = OFF) -> date:
    """`day` itself if it is none of the days named by `on`, else the first one after it."""
    while is_off(day, region, on):
        day += ONE_DAY
    return day


def add_business_days(day: date, count: int, region: str, off: frozenset[date] = frozenset()) -> date:
    """The `count`-th working day after `day`; the day of the event is not counted. `off`: further days without work."""
    while count > 0:
        day += ONE_DAY
        if is_working_day(day, region) and day not in off:
            count -= 1
    return day


def add_months(day: date, count: int) -> date:
    """The corresponding day `count` months later, or the last day of that month."""
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
