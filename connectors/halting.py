"""Work that a colleague stops, and lets go on: between two chunks, never within one.

A chunk holds its order's row until its receipt is written; stopping waits for that, then takes the lease away, so that the
worker finds out before its next row. What was done stays done and receipted. It is parked work: never settled, in sight, and it
goes on exactly where it stopped, under the same approval.
"""

from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.bell import ring
from connectors import batches, bells, settling
from connectors.models import Batch, Receipt, WorkOrder

CODE = "stopped"
State = WorkOrder.State
SEARCH = "A colleague stopped this search. Let it go on."
UNTOUCHED = "A colleague stopped this before it touched a row. Let it go on, or search again."
BEGUN = "A colleague stopped this after {done} of {planned} rows. These are done and cannot be undone; no other was touched."


def stop(batch: Batch, *, by: User) -> int:
    """Stop every order of a batch that is open or at work; how many."""
    return _stop(WorkOrder.objects.filter(batch=batch), by)


def stop_order(order: WorkOrder, *, by: User) -> int:
    """Stop one order; 1, or 0 where there was nothing to stop any more."""
    return _stop(WorkOrder.objects.filter(pk=order.pk), by)


def stoppable(batch_id: UUID | None) -> "QuerySet[WorkOrder]":
    """The orders of a batch that can be stopped now."""
    return WorkOrder.objects.filter(batch=batch_id, state__in=(State.OPEN, State.RUNNING))


def stopped(batch_id: UUID | None) -> "QuerySet[WorkOrder]":
    """The orders of a batch that somebody stopped."""
    return WorkOrder.objects.filter(batch=batch_id, state=State.PARKED, park_code=CODE)


def go_on(batch: Batch, *, by: User) -> int:
    """Open again what was stopped; how many."""
    with log.atomic():
        rows = list(stopped(batch.pk).select_for_update(of=("self",)).values_list("pk", flat=True))
        WorkOrder.objects.filter(pk__in=rows).update(
            state=State.OPEN, attempts=0, next_try_at=None, lease_until=None, park_code="", park_reason=""
        )
        if rows:
            _record("batch.went_on", batch, by, orders=len(rows))
        for pk in rows:
            ring(bells.run_order, pk)
    return len(rows)


def end(batch: Batch, *, actor: Actor) -> int:
    """Waive every order that is not settled, also one that has done a part: after its present chunk it touches nothing more;
    how many. What was done stays done and receipted. For work that nobody is owed.
    """
    with log.atomic():
        rows = WorkOrder.objects.filter(batch=batch).exclude(state__in=batches.SETTLED)
        list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))  # waits for the chunk at work
        count = rows.update(
            state=State.WAIVED, park_code="cancelled", park_reason="", finished_at=timezone.now(), lease_until=None,
            fence=F("fence") + 1,
        )  # fmt: skip
        log.record(
            "batch.cancelled", actor=actor, noun=batch, subject_id=batch.subject_id, origin=batch.origin, orders=count
        )
        settling.unsettled(batch)
    return count


def _stop(rows: "QuerySet[WorkOrder]", by: User) -> int:
    with log.atomic():
        at_work = rows.filter(state__in=(State.OPEN, State.RUNNING))
        found = list(at_work.select_for_update(of=("self",)).values_list("pk", flat=True))
        # Read anew: the chunk that we waited for has counted its rows meanwhile.
        fresh = WorkOrder.objects.filter(pk__in=found, state__in=(State.OPEN, State.RUNNING)).select_related("batch")
        stopped = [_park(order) for order in fresh]
        if stopped:
            done = sum(order.rows_done for order in stopped if order.operation != WorkOrder.Operation.FIND)
            _record("batch.stopped", stopped[0].batch, by, orders=len(stopped), rows=done)
    return len(stopped)


def _park(order: WorkOrder) -> WorkOrder:
    if order.operation == WorkOrder.Operation.FIND:
        words = SEARCH
    elif Receipt.objects.filter(order=order).exists():
        words = BEGUN.format(done=f"{order.rows_done:,}", planned=f"{order.rows_planned:,}")
    else:
        words = UNTOUCHED
    WorkOrder.objects.filter(pk=order.pk).update(
        state=State.PARKED, park_code=CODE, park_reason=words, lease_until=None, fence=F("fence") + 1,
        next_try_at=None,
    )  # fmt: skip
    return order


def _record(name: str, batch: Batch, by: User, **facts: int) -> None:
    who, at = actors.staff(by.pk), {"origin": batch.origin}
    log.record(name, actor=who, noun=batch, subject_id=batch.subject_id, **at, **facts)
