"""A retention run, from the count to the certificate, on a real database."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import log
from audit.models import Event
from audit.refusal import Refused
from connectors import batches, holds
from connectors.models import Authorisation, WorkOrder
from inventory.models import Collection, Field
from retention import moves, runs
from retention.models import Run, Schedule
from tests.connectors.shop import ANNA, Shop, person, visits
from tests.consent.builders import CLERK, at_once, colleague
from tests.retention.builders import days, fresh, grace_over, proposed, work

pytestmark = pytest.mark.django_db
CUTOFF = date(2026, 1, 11)


def test_a_proposal_counts_and_touches_nothing(shop: Shop, schedule: Schedule) -> None:
    run = proposed(schedule)
    assert (run.state, run.rows, run.cutoff_on) == ("proposed", 30, CUTOFF)
    assert run.proposed_at and run.batch.origin == f"run:{run.pk}"
    assert len(days(shop)) == 75 and not Authorisation.objects.exists()


def test_from_the_count_to_the_certificate(shop: Shop, schedule: Schedule, staff) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    runs.advance(run.pk)  # as the bell of the approval does
    work()
    assert fresh(run).state == "approved" and len(days(shop)) == 75, "the grace is not over"
    grace_over(run)
    work()
    run = fresh(run)
    assert run.state == "done" and run.finished_at
    assert len(days(shop)) == 45 and min(days(shop)) == CUTOFF, "rows of the cut-off's own day stay"
    paper = run.certificate
    assert paper["collections"] == {"shop.visits": {"found": 30, "erased": 30, "spared_held": 0, "left": 0}}
    assert paper["approved_by"] == staff.paul.pk and paper["cutoff"] == "2026-01-11" and paper["rows_approved"] == 30
    assert paper["receipts"] == 1 and paper["waived_orders"] == 0 and paper["terms"] == "6 months: shop.visits"
    event = Event.objects.get(name="run.finished")
    assert (paper["event"], paper["event_digest"]) == (event.number, event.digest)
    leave = Authorisation.objects.get()
    assert (leave.basis, leave.operation) == ("schedule", "erase")
    assert (leave.proposed_by, leave.approved_by) == (staff.nora, staff.paul)
    names = list(log.of(run).values_list("name", flat=True))
    assert names == ["run.opened", "run.proposed", "run.approved", "run.started", "run.finished"]
    assert list(log.faults()) == []


def test_a_second_run_finds_nothing_and_says_so(shop: Shop, schedule: Schedule, staff) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    grace_over(run)
    work()
    again = proposed(schedule)
    assert again.state == "nothing" and again.finished_at and again.rows == 0


def test_a_held_persons_rows_are_spared_and_the_others_go(shop: Shop, schedule: Schedule, staff) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    holds.place(person(ANNA), matter="case-7", reason="Claim", review_on=date(2027, 1, 1), by=staff.nora)
    grace_over(run)
    work()
    run = fresh(run)
    assert run.state == "done"
    assert len(days(shop, 1)) == 25, "Anna is under hold"
    assert len(days(shop, 2)) == len(days(shop, 3)) == 15
    line = run.certificate["collections"]["shop.visits"]
    proof = {one: line.pop(one) for one in ("held_untouched", "held_before", "held_after")}
    assert line == {"found": 30, "erased": 20, "spared_held": 10, "left": 0}
    assert (
        proof["held_untouched"] is True and proof["held_before"] == proof["held_after"] and proof["held_after"][0] == 10
    )


def test_rows_that_come_after_the_approval_send_the_run_back_to_be_counted(
    shop: Shop, schedule: Schedule, staff
) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    shop.do(visits.insert(), [{"account_id": 2, "ip": "192.0.2.9", "seen_on": date(2025, 12, 1)}])
    grace_over(run)
    work()
    run = fresh(run)
    assert (run.state, run.rows) == ("proposed", 31)
    assert run.approved_by is None and run.not_before is None and "counted again" in run.note
    assert len(days(shop)) == 76, "nothing was erased"
    assert Event.objects.filter(name="run.recounted").count() == 1
    runs.approve(run, by=staff.paul, rows=31)
    grace_over(run)
    work()
    assert fresh(run).state == "done" and len(days(shop)) == 45 and fresh(run).note == ""


def test_the_schedules_author_cannot_approve_its_run(schedule: Schedule, staff) -> None:
    run = proposed(schedule)
    with pytest.raises(Refused, match="somebody else") as refused:
        runs.approve(run, by=staff.nora, rows=30)
    assert refused.value.code == "own_schedule" and fresh(run).state == "proposed"


def test_whoever_may_not_approve_neither_approves_nor_cancels(schedule: Schedule, staff) -> None:
    run = proposed(schedule)
    for verb in (lambda: runs.approve(run, by=staff.ole, rows=30), lambda: runs.cancel(run, by=staff.ole)):
        with pytest.raises(Refused) as refused:
            verb()
        assert refused.value.code == "not_allowed"


@pytest.mark.parametrize("rows", [0, 29, 31])
def test_an_approval_of_another_number_of_rows_is_refused(schedule: Schedule, staff, rows: int) -> None:
    run = proposed(schedule)
    with pytest.raises(Refused, match="30 rows") as refused:
        runs.approve(run, by=staff.paul, rows=rows)
    assert refused.value.code == "rows_conflict" and fresh(run).approved_by is None


def test_an_approval_twice_is_one(schedule: Schedule, staff) -> None:
    run = proposed(schedule)
    runs.approve(run, by=staff.paul, rows=30)
    with pytest.raises(Refused) as refused:
        runs.approve(run, by=staff.paul, rows=30)
    assert refused.value.code == "state_conflict"
    assert Event.objects.filter(name="run.approved").count() == 1


def test_the_database_refuses_an_approver_who_is_the_author_and_a_run_that_acts_unapproved(schedule, staff) -> None:
    run = proposed(schedule)
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(state="running")
    with pytest.raises(IntegrityError), transaction.atomic():
        batches.authorise(
            run.batch, operation="erase", basis="schedule", proposed_by=staff.nora, approved_by=staff.nora, actor=CLERK
        )
    assert not WorkOrder.objects.filter(operation="erase").exists()


def test_held_rows_alone_are_no_run_and_a_release_brings_them_back_at_once(shop: Shop, schedule, staff) -> None:
    hold = holds.place(person(ANNA), matter="case-7", reason="Claim", review_on=date(2027, 1, 1), by=staff.nora)
    run = proposed(schedule)
    assert (run.rows, run.held) == (20, 10)
    runs.approve(run, by=staff.paul, rows=20)
    grace_over(run)
    work()
    assert fresh(run).state == "done" and fresh(run).certificate["collections"]["shop.visits"]["spared_held"] == 10
    again = proposed(schedule)
    assert (again.state, again.rows, again.held) == ("nothing", 0, 10)
    Schedule.objects.update(every_days=30)
    assert runs.due(timezone.now()) == []
    lawyer = colleague("lena", "connectors.release_legalhold"), colleague("maya", "connectors.release_legalhold")
    holds.ask_release(hold, by=lawyer[0], reason="Settled.")
    holds.release(hold, by=lawyer[1])
    assert runs.due(timezone.now()) == [schedule]
    last = proposed(schedule)
    assert (last.state, last.rows, last.held) == ("proposed", 10, 0)


def test_masked_rows_are_not_proposed_again(shop: Shop, schedule: Schedule, staff) -> None:
    Collection.objects.filter(name="visits").update(erase="mask")
    Field.objects.filter(collection__name="visits", name="seen_on").update(mask={"strategy": "preserve"})
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    grace_over(run)
    work()
    assert fresh(run).state == "done" and len(days(shop)) == 75
    assert proposed(schedule).state == "nothing"


def test_a_collection_kept_by_law_goes_when_its_time_is_over(shop: Shop, schedule: Schedule, staff) -> None:
    Collection.objects.filter(name="visits").update(erase="keep", keep_ground="legal_obligation")
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    grace_over(run)
    work()
    assert fresh(run).certificate["collections"]["shop.visits"]["erased"] == 30 and len(days(shop)) == 45


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_start_a_run_once(schedule, staff) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    grace_over(run)
    assert at_once(lambda _turn: runs.advance(run.pk), 4) == [None] * 4
    assert Authorisation.objects.count() == 1 and Event.objects.filter(name="run.started").count() == 1


def test_advancing_twice_is_advancing_once(schedule: Schedule, staff) -> None:
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    grace_over(run)
    work()
    before = Event.objects.count()
    for _ in range(3):
        runs.advance(run.pk)
    assert Event.objects.count() == before


@pytest.mark.parametrize("source", Run.State.values)
@pytest.mark.parametrize("to", Run.State.values)
def test_what_is_not_in_the_table_does_not_happen(schedule: Schedule, staff, source: str, to: str) -> None:
    run = Run.objects.create(
        schedule=schedule, terms="", cutoff_on=CUTOFF, state=source, approved_by=staff.paul, approved_at=timezone.now()
    )
    if (source, to) in moves.MOVES:
        with transaction.atomic():
            assert moves.move(run, to, actor=CLERK).state == to
        return
    with pytest.raises(Refused):
        moves.move(run, to, actor=CLERK)
    assert fresh(run).state == source


def test_every_move_leaves_a_declared_event() -> None:
    assert set(moves.MOVES.values()) <= set(log.declared())


def test_what_a_sweep_looks_at_costs_a_fixed_number_of_queries(schedule: Schedule, django_assert_num_queries) -> None:
    proposed(schedule)
    with django_assert_num_queries(1):
        runs.can_move(timezone.now())
    with django_assert_num_queries(1):
        runs.due(timezone.now())
