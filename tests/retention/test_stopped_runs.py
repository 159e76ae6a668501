"""What stops a run: a colleague, a clock, a schedule that changed, a system that is away; and what it says then."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from audit import log
from audit.refusal import Refused
from connectors import batches, engine, settling
from connectors.models import WorkOrder
from inventory.models import Collection
from inventory.models import System as InventorySystem
from retention import runs
from retention.models import Run, Schedule
from tests.connectors.shop import Shop, visits
from tests.consent.builders import CLERK
from tests.retention.builders import TODAY, days, first_chunk, fresh, grace_over, proposed, work

pytestmark = pytest.mark.django_db
CUTOFF = date(2026, 1, 11)


def test_a_run_can_be_cancelled_until_it_begins(shop: Shop, schedule: Schedule, staff) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    runs.cancel(run, by=staff.nora)
    grace_over(run)
    work()
    assert fresh(run).state == "cancelled" and fresh(run).finished_at and len(days(shop)) == 75
    assert proposed(schedule).state == "proposed", "the way is free for the next one"


def test_a_run_that_has_begun_ends_before_its_next_chunk_with_what_is_gone_on_its_certificate(
    shop: Shop, schedule: Schedule, staff, settings
) -> None:
    settings.CHUNK_ROWS = 10
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    grace_over(run)
    runs.advance(run.pk)
    order = WorkOrder.objects.get(operation="erase")
    first_chunk(order)
    runs.cancel(fresh(run), by=staff.nora)
    work()
    done = fresh(run)
    assert done.state == "cancelled" and len(days(shop)) == 65 and "Ended by a colleague" in done.note
    assert done.certificate["collections"]["shop.visits"] == {"found": 30, "erased": 10, "spared_held": 0, "left": 20}
    assert done.certificate["ended_early"] and done.certificate["waived_orders"] == 1
    with pytest.raises(Refused):
        runs.cancel(done, by=staff.paul)
    assert proposed(schedule).rows == 20, "what stayed is proposed anew"


def test_a_paused_run_goes_on_where_it_stopped(shop: Shop, schedule: Schedule, staff, settings) -> None:
    settings.CHUNK_ROWS = 10
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    grace_over(run)
    runs.advance(run.pk)
    first_chunk(WorkOrder.objects.get(operation="erase"))
    runs.pause(fresh(run), by=staff.paul)
    work()
    assert fresh(run).state == "running" and len(days(shop)) == 65 and "after 10 of 30 rows" in fresh(run).note
    with pytest.raises(Refused):
        runs.pause(fresh(run), by=staff.paul)
    with pytest.raises(Refused):
        runs.resume(fresh(run), by=staff.ole)
    runs.resume(fresh(run), by=staff.paul)
    work()
    assert fresh(run).state == "done" and len(days(shop)) == 45 and fresh(run).note == ""
    with pytest.raises(Refused):
        runs.resume(fresh(run), by=staff.paul)


def test_a_clock_that_was_put_back_stops_runs(schedule: Schedule, monkeypatch) -> None:
    log.record("run.opened", actor=CLERK, noun=schedule)
    past = timezone.now() - timedelta(days=2)
    monkeypatch.setattr(timezone, "now", lambda: past)
    with pytest.raises(Refused, match="clock") as refused:
        runs.propose(schedule, actor=CLERK, today=TODAY)
    assert refused.value.code == "clock" and not Run.objects.exists()


@pytest.mark.parametrize("change", [{"active": False}, {"period": 12}, {"unit": "years"}])
def test_a_schedule_changed_in_the_grace_ends_the_run(shop: Shop, schedule: Schedule, staff, change: dict) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    Schedule.objects.update(**change)
    grace_over(run)
    work()
    assert fresh(run).state == "cancelled" and "changed" in fresh(run).note and len(days(shop)) == 75


def test_an_author_who_became_the_approver_sends_the_run_back(shop: Shop, schedule: Schedule, staff) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    Schedule.objects.update(author=staff.paul)
    grace_over(run)
    work()
    assert fresh(run).state == "proposed" and fresh(run).approved_by is None and len(days(shop)) == 75


def test_a_system_that_is_away_parks_the_run_in_sight_and_a_retry_brings_it_on(shop: Shop, schedule, staff) -> None:
    connection_row = InventorySystem.objects.get(key="shop").connection
    connection_row.active = False
    connection_row.save()
    run = proposed(schedule)
    assert run.state == "finding" and "switched off" in run.note
    connection_row.active = True
    connection_row.save()
    settling.retry(batches.parked(run.batch).get(), by=staff.paul)
    work()
    assert (fresh(run).state, fresh(run).rows) == ("proposed", 30)


def test_a_count_that_was_given_up_is_not_reported_as_nothing_to_do(shop: Shop, schedule, staff) -> None:
    InventorySystem.objects.get(key="shop").connection.delete()
    run = proposed(schedule)
    settling.waive(batches.parked(run.batch).get(), reason_code="system_gone", by=staff.paul)
    work()
    assert fresh(run).state == "cancelled" and "given up" in fresh(run).note


def test_an_erasure_that_was_given_up_says_what_is_left(shop: Shop, schedule, staff) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    grace_over(run)
    runs.advance(run.pk)
    InventorySystem.objects.get(key="shop").connection.delete()
    work()
    assert fresh(run).state == "running" and fresh(run).note
    settling.waive(batches.parked(run.batch).get(), reason_code="system_gone", by=staff.paul)
    work()
    paper = fresh(run).certificate
    assert paper["collections"]["shop.visits"] == {"found": 30, "erased": 0, "spared_held": 0, "left": 30}
    assert paper["waived_orders"] == 1


def test_a_run_that_cannot_be_counted_anew_stays_with_its_reason(shop: Shop, schedule: Schedule, staff) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    shop.do(visits.insert(), [{"account_id": 2, "ip": "192.0.2.9", "seen_on": date(2025, 12, 1)}])
    grace_over(run)
    runs.advance(run.pk)
    for pk in batches.claimable(timezone.now()).values_list("pk", flat=True):
        engine.run(pk)
    Collection.objects.update(dated_by="")
    work()
    assert fresh(run).state == "running" and "dates its rows" in fresh(run).note and len(days(shop)) == 76
