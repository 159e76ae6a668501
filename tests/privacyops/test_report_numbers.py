"""The numbers of a report, without a database."""

from datetime import date
from statistics import mean, median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacyops.reports import numbers, periods

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 11, 27)


@given(st.lists(st.integers(0, 400), max_size=60))
def test_median_and_mean_are_those_of_the_single_values(values):
    histogram = {one: values.count(one) for one in set(values)}
    found = numbers.days(histogram)
    assert found.count == len(values)
    if values:
        assert found.median == median(values) and found.mean == pytest.approx(mean(values))
    else:
        assert found.median is None and found.mean is None


def test_every_age_is_counted_once():
    found = dict(numbers.ages({0: 1, 7: 1, 8: 1, 30: 1, 31: 1, 45: 1, 46: 1, 90: 1, 91: 1, 5000: 1}))
    assert list(found.values()) == [2, 2, 2, 2, 2]


def test_the_tallest_bar_fills_the_picture_and_a_small_one_is_seen():
    few, many = numbers.bars([("a", 1), ("b", 1000)])
    assert many.height == 120 and few.height == 2.0
    assert numbers.bars([]) == [] and numbers.bars([("a", 0)])[0].height == 0


def test_without_a_choice_a_report_is_about_twelve_months():
    found = periods.chosen("", "", today=TODAY, zone=BERLIN)
    assert (found.first, found.last) == (date(2025, 12, 1), TODAY)
    assert len(found.months()) == 12


def test_a_day_begins_where_the_company_is():
    found = periods.Period(date(2026, 3, 29), date(2026, 3, 29), BERLIN)  # the clocks go forward
    assert (found.end - found.start).total_seconds() == 24 * 3600  # of one zone: wall-clock difference
    assert found.start.utcoffset() != found.end.utcoffset()


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-02-30", "", "year-month-day"),
        ("soon", "", "year-month-day"),
        ("2026-02-02", "2026-02-01", "Swap"),
        ("1900-01-01", "2026-02-01", "ten years"),
    ],
)
def test_a_period_that_cannot_be_is_told_in_words(first, last, words):
    with pytest.raises(periods.BadPeriod, match=words):
        periods.chosen(first, last, today=TODAY, zone=BERLIN)
