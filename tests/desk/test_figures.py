"""Counted days: what the charts read, however often the sweep comes and whatever changes afterwards; and the checks."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import assurance
from privacyops import charts, trends
from requests_app import figures, promises
from requests_app.models import CheckResult, CountedDay, Request
from tests.desk.builders import browser, colleague
from tests.requests_app.builders import ask


@pytest.fixture
def closed(company) -> Request:
    """Received twelve days ago, closed four days ago."""
    one, now = ask("access"), timezone.now()
    Request.objects.filter(pk=one.pk).update(
        received_at=now - timedelta(days=12), closed_at=now - timedelta(days=4), state="closed", outcome="withdrawn"
    )
    one.clocks.update(met_at=now - timedelta(days=4), due_at=now + timedelta(days=9))
    return one


def total(name: str, **where: str) -> int:
    return sum(getattr(one, name) for one in CountedDay.objects.filter(**{"kind": "all", **where}))


def test_a_request_is_counted_on_the_day_it_came_and_on_the_day_it_went(closed):
    for _ in range(10):  # 400 days, 60 at a time; then some anew
        figures.sweep(timezone.now())
    assert CountedDay.objects.filter(kind="all").count() == figures.WINDOW_DAYS
    assert (total("received"), total("closed"), total("late")) == (1, 1, 0)
    went = CountedDay.objects.get(kind="right", key="access", closed=1)
    assert went.took == {"8": 1} and went.day == (timezone.now() - timedelta(days=4)).astimezone(figures.zone()).date()
    assert total("received", kind="channel", key="web") == total("received", kind="law", key="eu-gdpr") == 1


def test_what_changes_later_is_counted_anew(closed):
    now = timezone.now()
    figures.sweep(now)
    assert total("closed") == 1
    Request.objects.filter(pk=closed.pk).update(state="in_review", outcome="", closed_at=None, proved_at=now)
    closed.clocks.update(met_at=None)
    for hour in range(60):
        figures.sweep(now + timedelta(minutes=5 * hour))
    assert total("closed") == 0 and total("received") == 1


def test_an_answer_after_the_day_of_the_law_is_late(closed):
    closed.clocks.filter(kind="respond").update(due_at=timezone.now() - timedelta(days=6))
    figures.sweep(timezone.now())
    assert total("late") == 1
    read = trends.read(timezone.now())
    assert [row.cells for row in read.groups[0].rows] == [("1", "1", "0%", "8")]


def test_the_home_page_draws_and_tells_the_same(closed):
    figures.sweep(timezone.now())
    page = browser(colleague("Privacy officer")).get("/admin/").content.decode()
    assert page.count('role="img"') >= 3 and page.count("As a table") == 4
    assert "style=" not in page[page.index("po-trends") : page.index("po-dialog")]


def test_charts_end_at_a_round_number_and_leave_a_gap_where_nothing_was():
    chart = charts.line("Days", "Week", "Days", [("a", 4.0), ("b", None), ("c", 37.0), ("d", 38.0)])
    assert chart.grid[-1].words == "40" and len(chart.lines) == 1 and len(chart.points) == 3
    assert chart.rows == (("a", "4"), ("b", "none"), ("c", "37"), ("d", "38"))
    for most in (0, 1, 2, 3, 41, 99, 1000, 12345):
        assert charts.bars("x", "y", ("z",), [("a", (most,))]).grid[-1].words.replace(",", "") >= "1"
    assert charts.bars("x", "y", ("z",), []).empty and charts.bars("x", "y", ("z",), [("a", (0,))]).empty
    tall = charts.bars("x", "y", ("z",), [("a", (1,)), ("b", (100_000,))]).bars
    wide = charts.line("Rows", "Night", "Rows", [("a", 28_033.0), ("b", 7.0)])
    assert wide.grid[-1].words == "40,000" and wide.beside > 0 and chart.beside == 0, (
        "the numbers have room beside the picture"
    )
    assert wide.rows[0] == ("a", "28,033")
    assert tall[0].height == 1.5 and tall[1].height == charts.HEIGHT, "a value above nought is seen"


def test_a_check_that_fails_or_breaks_is_on_the_home_page_until_it_holds(company, monkeypatch):
    def broken() -> assurance.Finding:
        raise ValueError

    said = [assurance.Check("P1", "good", "Good", lambda: assurance.Finding(True, "All well.")),
            assurance.Check("P2", "bad", "Bad", lambda: assurance.Finding(False, "3 are wrong.")),
            assurance.Check("P3", "broken", "Broken", broken)]  # fmt: skip
    monkeypatch.setattr(assurance, "checks", lambda: said)
    assert promises.check_all(timezone.now()) == 2
    assert dict(CheckResult.objects.values_list("key", "ok")) == {"good": True, "bad": False, "broken": False}
    maya = browser(colleague("Privacy officer"))
    card = next(one for one in maya.get("/admin/").context["cards"] if one.label == "Failing checks")
    assert card.count == 2 and maya.get(card.url).status_code == 200
    assert maya.get("/admin/counts/").json()["counts"]["failing-checks"] == 2
    said[1:] = []
    assert promises.check_all(timezone.now()) == 0 and CheckResult.objects.count() == 1
