from datetime import UTC, datetime, timedelta

import pytest

from audit.models import Event
from requests_app import clocks, deadlines, stages, workflow
from requests_app.models import Clock, Request
from tests.requests_app.builders import ask

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("residence", "right", "statutes"),
    [("DE", "access", {"eu-gdpr"}), ("GB", "access", {"uk-gdpr"}), ("US-CA", "opt_out_sale", {"us-ca-ccpa"})],
)
def test_the_clocks_are_those_of_where_the_person_lives(company, residence, right, statutes):
    request = ask(right, residence=residence, now=NOW)
    assert {one.statute for one in request.clocks.filter(kind="respond")} == statutes
    assert {row["statute"] for row in request.laws} == statutes


def test_even_where_no_law_speaks_a_date_is_kept(company):
    assert ask("access", residence="ZZ", now=NOW).due_at is not None


def test_a_month_is_a_month(company):
    clock = ask("access", now=datetime(2027, 1, 31, 10, 0, tzinfo=UTC)).clocks.get(kind="respond")
    assert str(clock.due_on) == "2027-03-01" or str(clock.due_on) == "2027-02-28"
    assert clock.steps


def test_warnings_and_the_breach_come_once_each(company):
    request = ask("access", now=NOW)
    clock = request.clocks.get(kind="respond")
    span = clock.due_at - NOW
    seen = []
    for share in (0.1, 0.51, 0.51, 0.76, 0.95, 0.95, 1.01, 1.02):
        deadlines.sweep(NOW + span * share, actor=workflow.CONDUCTOR)
        seen.append(Event.objects.filter(name__in=("clock.warned", "clock.breached"), noun_id=str(request.pk)).count())
    assert seen == [0, 1, 1, 2, 3, 3, 4, 4]
    clock.refresh_from_db()
    assert list(clock.warnings.order_by("given_at").values_list("step__key", flat=True)) == [
        "half", "three_quarters", "three_days",
    ]  # fmt: skip
    assert clock.next_step_at is None
    assert clock.breached_at is not None
    assert "deadline has passed" in Request.objects.get(pk=request.pk).attention


def test_a_met_clock_is_left_alone(company):
    request = ask("access", now=NOW)
    assert clocks.meet(request, "respond", NOW, actor=workflow.CONDUCTOR) == 1
    assert clocks.meet(request, "respond", NOW, actor=workflow.CONDUCTOR) == 0
    deadlines.sweep(NOW + timedelta(days=400), actor=workflow.CONDUCTOR)
    assert not Clock.objects.filter(kind="respond").exclude(breached_at=None).exists()
    request.refresh_from_db()
    assert request.due_at is None


def test_a_case_in_time_is_swept_without_a_write(company, django_assert_max_num_queries):
    for number in range(5):
        ask("access", email=f"p{number}@example.org", now=NOW)
    with django_assert_max_num_queries(5):
        assert deadlines.sweep(NOW + timedelta(days=1), actor=workflow.CONDUCTOR) == 0


def test_warning_steps_of_a_short_clock_never_come_before_its_start():
    last = [stages.Step(1, "three_days", "days", 3)]
    due = NOW + timedelta(days=2)
    assert stages.reached(last, NOW, due, (), NOW - timedelta(seconds=1)) == []
    assert stages.reached(last, NOW, due, (), NOW) == last
