"""Reports on the desk, and California's yearly figures."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from privacyops.reports import sheets
from requests_app.models import Clock, Request
from tests.desk.builders import browser, colleague
from tests.requests_app import builders

PAGE, YEARLY = "/admin/reports/", "/admin/reports/california/"


def ended(right: str, took: int, *, late: bool = False, outcome: str = "fulfilled", **more) -> Request:
    """A request of 2 March 2026 that was closed `took` days later."""
    came = datetime(2026, 3, 2, 9, tzinfo=UTC)
    if right == "correct":
        more["changes"] = {"full_name": "Ada L."}
    request = builders.ask(right, email=f"{right}{took}{outcome}@example.org", **more)
    ground = "excessive" if outcome == "denied" else ""
    ended_at = came + timedelta(days=took)
    Request.objects.filter(pk=request.pk).update(
        state="closed", outcome=outcome, received_at=came, closed_at=ended_at, proved_at=came, denial_ground=ground
    )
    due = came + timedelta(days=took + (-1 if late else 1))
    Clock.objects.filter(request=request, kind="respond").update(due_at=due, met_at=came + timedelta(days=took))
    return request


@pytest.fixture
def maya(company):
    return browser(colleague("Privacy officer", "maya"))


def tables(answer) -> dict[str, list[list[str]]]:
    """A CSV download, by heading."""
    found, name = {}, ""
    for row in csv.reader(io.StringIO(answer.content.decode())):
        if len(row) == 1 and row[0]:
            name = row[0]
            found[name] = []
        elif row:
            found[name].append(row)
    return found


def test_a_report_says_how_many_how_fast_and_how_they_ended(maya):
    ended("access", 10)
    ended("access", 20, late=True)
    ended("opt_out_sale", 3, residence="US-CA")
    ended("access", 5, outcome="denied")
    answer = maya.get(f"{PAGE}?from=2026-03-01&to=2026-03-31&as=csv")
    found = tables(answer)
    assert found["In all"][1] == ["All", "4", "4", "75 %", "7.5", "9.5"]
    copies = next(row for row in found["By right"] if row[0] == "A copy of my data")
    assert copies[1:] == ["3", "3", "67 %", "10", "11.7"]
    assert ["Fulfilled", "3"] in found["How they ended"] and ["Denied", "1"] in found["How they ended"]
    assert found["By month"][1:] == [["2026-03", "4", "4"]]
    assert maya.get(f"{PAGE}?from=2026-03-01&to=2026-03-31").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_requests(maya):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert maya.get(f"{PAGE}?from=2026-01-01&to=2026-12-31").status_code == 200
        return len(seen)

    ended("access", 10)
    queries()
    few = queries()
    for days in range(2, 9):
        ended("correct", days)
        ended("opt_out_sale", days, residence="US-CA")
    assert queries() == few


@pytest.mark.parametrize("typed", ["from=2026-02-30", "from=x&to=y", "from=2026-03-01&to=2026-02-01"])
def test_a_bad_day_is_told_and_stays_in_the_form(maya, typed):
    answer = maya.get(f"{PAGE}?{typed}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode() and typed.split("&")[0].split("=")[1] in answer.content.decode()


def test_california_counts_what_its_regulation_names(maya):
    ended("correct", 10, residence="US-CA")
    ended("correct", 21, residence="US-CA", outcome="unverified")
    ended("opt_out_sale", 2, residence="US-CA")
    ended("correct", 30, residence="DE")
    rows = {row["label"]: row for row in json.loads(maya.get(f"{YEARLY}?year=2026&as=json").content)["requests"]}
    deleted = rows["Requests to correct"]
    assert (deleted["received"], deleted["complied"], deleted["denied"]) == (2, 1, 1)
    assert deleted["took"]["median"] == 10
    assert rows["Requests to opt out of sale or sharing"]["complied"] == 1
    everybody = json.loads(maya.get(f"{YEARLY}?year=2026&who=everybody&as=json").content)
    assert everybody["requests"][1]["received"] == 3 and everybody["counted"] == "everybody"
    for kind in ("csv", "pdf"):
        assert maya.get(f"{YEARLY}?year=2026&as={kind}").status_code == 200
    for year in ("1999", "x", "20260", "²⁰²⁶"):
        assert maya.get(f"{YEARLY}?year={year}").status_code == 404


def test_a_cell_is_never_a_formula():
    table = sheets.Table("T", ("A",), [("=1+1",), ("-2",), ("fine",)])
    assert "'=1+1" in sheets.as_csv([table]) and "'-2" in sheets.as_csv([table])


def test_reports_are_for_those_who_may_see_requests(company):
    for path in (PAGE, YEARLY):
        assert browser(colleague("System owner", path)).get(path).status_code == 403
