"""The cut-off is the corresponding day, or the month's last one."""

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.cutoffs import cutoff

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
