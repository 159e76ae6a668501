"""The watch over the clocks: set-based, each warning once, steps as a manager sets them, our own targets."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import log
from audit.models import Event
from audit.refusal import Refused
from requests_app import clocks, deadlines, workflow
from requests_app.models import Clock, ClockWarning, DayOff, OwnTarget, Request, WarningStep
from tests.requests_app import builders
from tests.requests_app.builders import ask

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WHO = workflow.CONDUCTOR


def many(count: int) -> list[Request]:
    return [ask("access", email=f"p{number}@example.org", now=NOW) for number in range(count)]


def queries(now: datetime) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        deadlines.sweep(now, actor=WHO)
    return len(seen)


def test_a_sweep_asks_as_many_questions_for_many_clocks_as_for_few(company):
    many(3)
    few = queries(NOW + timedelta(days=20))
    assert ClockWarning.objects.count() == 3
    many(12)
    assert queries(NOW + timedelta(days=20)) == few
    assert ClockWarning.objects.count() == 15, "three had theirs already, twelve got it now"


def test_events_of_a_sweep_are_one_chain(company):
    many(4)
    deadlines.sweep(NOW + timedelta(days=40), actor=WHO)
    assert Event.objects.filter(name="clock.breached").count() == 4
    assert list(log.faults()) == []


def test_a_clock_is_missed_at_its_end_and_not_a_moment_before(company):
    clock = ask("access", now=NOW).clocks.get(kind="respond")
    deadlines.sweep(clock.due_at - timedelta(microseconds=1), actor=WHO)
    clock.refresh_from_db()
    assert clock.breached_at is None
    deadlines.sweep(clock.due_at, actor=WHO)
    clock.refresh_from_db()
    assert clock.breached_at == clock.due_at


def test_a_step_that_a_manager_adds_reaches_clocks_that_run_already(company):
    boss = builders.colleague("boss", "manage_deadlines")
    clock = ask("access", now=NOW).clocks.get(kind="respond")
    deadlines.sweep(NOW + timedelta(days=1), actor=WHO)
    early = WarningStep(key="early", name="A tenth", basis="share", value=10)
    deadlines.set_step(early, by=boss)
    deadlines.sweep(NOW + timedelta(days=4), actor=WHO)
    assert list(clock.warnings.values_list("step__key", flat=True)) == ["early"]
    assert not WarningStep.objects.filter(pending=True).exists()


def test_a_step_that_is_switched_off_is_given_no_more(company):
    boss = builders.colleague("boss", "manage_deadlines")
    ask("access", now=NOW)
    half = WarningStep.objects.get(key="half")
    half.active = False
    deadlines.set_step(half, by=boss)
    deadlines.sweep(NOW + timedelta(days=18), actor=WHO)
    assert not ClockWarning.objects.exists()


@pytest.mark.parametrize(("basis", "value"), [("share", 0), ("share", 100), ("days", 366)])
def test_a_step_out_of_range_is_refused(company, basis, value):
    boss = builders.colleague("boss", "manage_deadlines")
    with pytest.raises(Refused) as refused:
        deadlines.set_step(WarningStep(key="x", name="x", basis=basis, value=value), by=boss)
    assert refused.value.field == "value"


def test_only_a_manager_sets_steps(company):
    with pytest.raises(Refused) as refused:
        deadlines.set_step(WarningStep(key="x", name="x", basis="days", value=3), by=builders.reviewer())
    assert refused.value.code == "not_allowed"


def test_an_own_target_counts_the_working_days_of_the_company(company):
    OwnTarget.objects.create(right="access", working_days=5)
    DayOff.objects.create(day=date(2026, 11, 26), name="Summer party, late")
    request = ask("access", now=NOW)
    target = request.clocks.get(kind="target")
    assert target.due_on == date(2026, 12, 1), "five working days after Monday 23 November, without the 26th"
    request.refresh_from_db()
    assert request.due_at == request.clocks.get(kind="respond").due_at, "our target is not the law's day"
    deadlines.sweep(target.due_at, actor=WHO)
    assert "Our own target has passed" in Request.objects.get(pk=request.pk).attention
    clocks.meet(request, "respond", NOW, actor=WHO)
    assert not request.clocks.filter(kind="target", met_at=None).exists()


def test_what_is_raised_to_the_managers_is_late_or_near_its_end(company):
    first, second = many(2)
    deadlines.sweep(NOW + timedelta(days=20), actor=WHO)
    assert not deadlines.escalated().exists()
    Clock.objects.filter(request=second, kind="respond").update(met_at=NOW)
    deadlines.sweep(NOW + timedelta(days=29), actor=WHO)
    assert list(deadlines.escalated()) == [first]


def test_a_step_that_no_longer_raises_takes_back_what_it_raised(company):
    (request,) = many(1)
    deadlines.sweep(NOW + timedelta(days=29), actor=WHO)
    assert list(deadlines.escalated()) == [request]
    boss = builders.colleague("boss", "manage_deadlines")
    for step in WarningStep.objects.filter(escalates=True):
        step.escalates = False
        deadlines.set_step(step, by=boss)
    deadlines.sweep(NOW + timedelta(days=29), actor=WHO)
    assert not deadlines.escalated().exists()
    step.escalates = True
    deadlines.set_step(step, by=boss)
    deadlines.sweep(NOW + timedelta(days=29), actor=WHO)
    assert list(deadlines.escalated()) == [request]


def test_many_events_are_refused_together_when_one_is_wrong(company):
    request = ask("access", now=NOW)
    before = Event.objects.count()
    rows = [
        log.Entry("clock.warned", Request, request.pk, request.subject_id, {"kind": "respond"}),
        log.Entry("clock.warned", Request, request.pk, request.subject_id, {"kind": "a free text, ada@example.org"}),
    ]
    with pytest.raises(ValueError, match="free text"):
        log.record_many(rows, actor=WHO)
    assert Event.objects.count() == before
