"""Each check is green on a sound company and red on the fault that it is there for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import assurance
from inventory.models import System
from retention import runs
from retention.models import Run, Schedule
from tests.retention.builders import proposed, work

pytestmark = pytest.mark.django_db


def run_check(key: str) -> bool:
    return next(one for one in assurance.checks() if one.key == key).run().ok


def test_a_schedule_that_was_not_counted_in_time_is_found(schedule: Schedule) -> None:
    assert not run_check("retention.on_time"), "it never ran"
    run = proposed(schedule)
    assert run_check("retention.on_time")
    runs.cancel(run, by=schedule.author)
    assert run_check("retention.on_time")
    Run.objects.update(opened_at=timezone.now() - timedelta(days=3))
    assert not run_check("retention.on_time")
    Schedule.objects.update(active=False)
    assert run_check("retention.on_time")


def test_a_run_that_nobody_approves_is_found(schedule: Schedule) -> None:
    proposed(schedule)
    assert run_check("retention.approved")
    Run.objects.update(proposed_at=timezone.now() - timedelta(days=8))
    assert not run_check("retention.approved")


def test_a_run_that_is_stuck_is_found(schedule: Schedule) -> None:
    assert run_check("retention.carried_out")
    System.objects.get(key="shop").connection.delete()
    proposed(schedule)
    work()
    assert not run_check("retention.carried_out")
