"""What opens a run: a schedule that can be counted, once, by hand or by the sweep."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from audit.refusal import Refused
from connectors.models import Batch
from inventory.models import Collection
from retention import runs, tasks
from retention.models import Run, Schedule
from tests.consent.builders import CLERK, at_once
from tests.retention.builders import TODAY, proposed, work

pytestmark = pytest.mark.django_db
CUTOFF = date(2026, 1, 11)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"active": False}, "schedule_off"),
        ({"period": 0}, "schedule_period"),
        ({"period": 30000, "unit": "years"}, "schedule_period"),
    ],
)
def test_a_schedule_that_cannot_be_counted_is_refused_in_words(schedule, change: dict, code: str) -> None:
    Schedule.objects.update(**change)
    with pytest.raises(Refused) as refused:
        runs.propose(Schedule.objects.get(), actor=CLERK, today=TODAY)
    assert refused.value.code == code and not Run.objects.exists() and not Batch.objects.exists()


def test_a_collection_without_a_date_is_refused(schedule) -> None:
    Collection.objects.update(dated_by="")
    with pytest.raises(Refused) as refused:
        runs.propose(schedule, actor=CLERK, today=TODAY)
    assert refused.value.code == "not_dated" and not Run.objects.exists()


def test_one_run_at_a_time(schedule) -> None:
    proposed(schedule)
    with pytest.raises(Refused) as refused:
        runs.propose(schedule, actor=CLERK, today=TODAY)
    assert refused.value.code == "open_run_conflict"
    assert Run.objects.count() == Batch.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_four_proposals_at_once_open_one_run(schedule) -> None:
    found = at_once(lambda _turn: runs.propose(schedule, actor=CLERK, today=TODAY), 4)
    assert sorted(type(one).__name__ for one in found) == ["Refused", "Refused", "Refused", "Run"]
    assert Run.objects.count() == Batch.objects.count() == 1


def test_the_sweep_opens_what_is_due_and_only_that(schedule: Schedule) -> None:
    now = timezone.now()
    Schedule.objects.update(every_days=7)
    assert runs.propose_due(now) == 1
    assert runs.propose_due(now + timedelta(days=30)) == 0, "a run is open"
    work()
    run = Run.objects.get()
    assert run.cutoff_on == runs._cutoff(schedule, runs.today(now)), "counted from today"
    runs.cancel(run, by=schedule.author)
    assert runs.propose_due(now + timedelta(days=6)) == 0
    assert runs.propose_due(now + timedelta(days=7, minutes=1)) == 1


def test_one_schedule_that_cannot_be_counted_does_not_stop_the_others(schedule: Schedule) -> None:
    undated = Collection.objects.get(name="payments")
    Schedule.objects.create(key="a-broken", title="Broken", collection=undated, period=1, unit="days", reason="x")
    assert runs.propose_due(timezone.now()) == 1
    assert Run.objects.get().schedule == schedule


def test_the_tasks_are_doors_and_two_beats_do_the_work_of_one(schedule: Schedule) -> None:
    assert tasks.propose_due() == 1 and tasks.propose_due() == 0
    assert tasks.sweep_runs() == 1 and tasks.sweep_runs() == 0
    tasks.advance_run(str(Run.objects.get().pk))
