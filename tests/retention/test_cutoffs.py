"""The cut-off is the corresponding day, or the month's last one."""

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.cutoffs import cutoff, last_day, words

DAYS = st.dates(date(1950, 1, 1), date(2200, 12, 31))


@pytest.mark.parametrize(
    ("today", "period", "unit", "expected"),
    [
        ("2026-11-23", 30, "days", "2026-10-24"),
        ("2026-07-11", 6, "months", "2026-01-11"),
        ("2026-05-31", 3, "months", "2026-02-28"),
        ("2024-05-31", 3, "months", "2024-02-29"),
        ("2026-03-31", 1, "months", "2026-02-28"),
        ("2026-01-31", 2, "months", "2025-11-30"),
        ("2024-02-29", 1, "years", "2023-02-28"),
        ("2024-02-29", 4, "years", "2020-02-29"),
        ("2026-01-01", 10, "years", "2016-01-01"),
    ],
)
def test_the_cut_off_of_a_day(today: str, period: int, unit: str, expected: str) -> None:
    assert cutoff(date.fromisoformat(today), period, unit) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("period", "unit"), [(0, "days"), (-1, "months"), (1, "weeks"), (3000, "years"), (10**9, "days"), (10**9, "months")]
)
def test_what_cannot_be_counted_is_refused(period: int, unit: str) -> None:
    with pytest.raises(ValueError):
        cutoff(date(2026, 1, 1), period, unit)


@given(DAYS, st.integers(1, 600))
def test_months_agree_with_counting_by_hand(today: date, months: int) -> None:
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    assert cutoff(today, months, "months") == date(year, month + 1, min(today.day, last))


@given(DAYS, st.integers(1, 50))
def test_a_later_day_never_has_an_earlier_cut_off(today: date, period: int) -> None:
    for unit in ("days", "months", "years"):
        assert (
            cutoff(today, period, unit) <= cutoff(today + timedelta(days=1), period, unit) < today + timedelta(days=1)
        )


@given(DAYS, st.integers(1, 50))
def test_years_are_twelve_months_each(today: date, years: int) -> None:
    assert cutoff(today, years, "years") == cutoff(today, 12 * years, "months")


@pytest.mark.parametrize(
    ("today", "period", "unit", "ends", "expected"),
    [
        # HGB §257(5), AO §147(4): what arose in 2015 is kept until the end of 2025.
        ("2025-12-31", 10, "years", "12-31", "2015-01-01"),
        ("2026-01-01", 10, "years", "12-31", "2016-01-01"),
        ("2026-11-28", 10, "years", "12-31", "2016-01-01"),
        # A tax year of the United Kingdom ends on 5 April.
        ("2026-04-05", 3, "years", "04-05", "2022-04-06"),
        ("2026-04-06", 3, "years", "04-05", "2023-04-06"),
        ("2026-07-01", 6, "months", "06-30", "2025-07-01"),
        ("2034-03-01", 10, "years", "02-29", "2024-03-01"),
        ("2034-02-28", 10, "years", "02-29", "2023-03-01"),
    ],
)
def test_a_period_from_the_end_of_a_year_takes_whole_years(today, period, unit, ends, expected) -> None:
    assert cutoff(date.fromisoformat(today), period, unit, ends) == date.fromisoformat(expected)


ENDS = st.sampled_from(["12-31", "04-05", "06-30", "02-29", "02-28", "01-01"])


@given(DAYS, st.integers(1, 30), ENDS, st.sampled_from(["days", "months", "years"]))
def test_it_never_takes_a_row_sooner_and_waits_less_than_a_year_more(today, period, ends, unit) -> None:
    whole, plain = cutoff(today, period, unit, ends), cutoff(today, period, unit)
    assert plain - timedelta(days=366) <= whole <= plain
    assert whole - timedelta(days=1) == last_day((whole - timedelta(days=1)).year, ends), "the end of such a year"
    assert whole <= cutoff(today + timedelta(days=1), period, unit, ends)


@pytest.mark.parametrize("ends", ["31-12", "12-32", "02-30", "1-1", "12/31", "soon", "00-10"])
def test_a_day_on_which_no_year_can_end_is_refused(ends: str) -> None:
    with pytest.raises(ValueError):
        cutoff(date(2026, 1, 1), 1, "years", ends)


def test_how_long_in_words() -> None:
    assert words(1, "years") == "1 year"
    assert words(10, "years", "12-31") == "10 years from the end of the calendar year"
    assert words(3, "years", "04-05") == "3 years from the end of the year that ends on 5 April"
