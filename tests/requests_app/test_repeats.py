"""One too many: by the law's own number where it has one, by the test of excess where it has none; colleagues decide."""

from datetime import UTC, datetime, timedelta

import pytest

from requests_app import repeats
from requests_app.models import Request
from tests.requests_app.builders import ask

NOW = datetime.now(UTC)


def asked(many: int, residence: str, *, days: int = 0, **more: object) -> Request:
    """So many requests, the last one now and the others so many days ago."""
    for number in range(many - 1):
        ask(residence=residence, received_at=NOW - timedelta(days=days, minutes=many - number), now=NOW, **more)
    last = ask(residence=residence, now=NOW, **more)
    Request.objects.update(proved_at=NOW)
    return last


def test_what_a_stranger_sent_and_nobody_proved_does_not_count(db):
    last = asked(5, "US-CA")
    Request.objects.exclude(pk=last.pk).update(proved_at=None)
    assert repeats.excess(last) is None


@pytest.mark.parametrize(
    ("residence", "free", "cite"),
    [("US-CA", 2, "1798.130(b)"), ("US-TX", 2, ""), ("US-CO", 1, "")],
)
def test_beyond_what_the_law_gives_free_it_is_shown_with_its_section(db, residence, free, cite):
    assert repeats.excess(asked(free, residence, days=300)) is None
    found = repeats.excess(ask(residence=residence, now=NOW))
    assert found.number == free + 1 and cite in found.said[0] and "free in" in found.said[0]


def test_what_is_older_than_a_year_does_not_count(db):
    assert repeats.excess(asked(5, "US-CA", days=370)) is None


def test_where_the_law_has_no_number_three_in_a_quarter_are_put_before_a_colleague(db):
    assert repeats.excess(asked(2, "DE", days=10)) is None
    found = repeats.excess(ask(now=NOW))
    assert found.number == 3 and "excessive" in found.said[0] and "art. 12(5)" in found.said[0]
    assert repeats.excess(asked(3, "DE", days=120, email="bob@example.org")) is None


def test_opt_outs_are_never_too_many(db):
    assert repeats.excess(asked(9, "US-CA", right="opt_out_sale")) is None


def test_what_came_to_nothing_does_not_count(db):
    last = asked(3, "US-CA")
    Request.objects.exclude(pk=last.pk).update(state="closed", outcome="withdrawn", closed_at=NOW)
    assert repeats.excess(last) is None


def test_it_costs_one_query(db, django_assert_num_queries):
    last = asked(3, "US-CA")
    with django_assert_num_queries(1):
        assert repeats.excess(last)
