"""Orders that a colleague settles, and batches that come to an end before their time."""

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.bell import ring
from audit.refusal import Refused
from connectors import bells
from connectors.models import Batch, Receipt, WorkOrder

State = WorkOrder.State
SETTLED = (State.DONE, State.WAIVED)


def retry(order: WorkOrder, *, by: User) -> None:
    """Open a parked order again, its tries counted anew."""
    with log.atomic():
        again = WorkOrder.objects.filter(pk=order.pk, state=State.PARKED)
        if not again.update(
            state=State.OPEN, attempts=0, next_try_at=None, lease_until=None, park_code="", park_reason=""
        ):
            raise Refused("This order is not parked any more.", code="order_conflict")
        _settled_by_hand("order.retried", order, by)
        ring(bells.run_order, order.pk)


def resume(order: WorkOrder) -> None:
    """Open an order again that waited for a colleague's work by hand. Does nothing when it waits no more."""
    waiting = WorkOrder.objects.filter(pk=order.pk, state=State.PARKED, park_code="waiting")
    if waiting.update(state=State.OPEN, attempts=0, next_try_at=None, lease_until=None, park_code="", park_reason=""):
        ring(bells.run_order, order.pk)


def waive(order: WorkOrder, *, reason_code: str, by: User) -> None:
    """Give a parked order up, with a reason that the closing letter will name."""
    if not reason_code:
        raise Refused("Choose the reason for giving this up.", code="reason_missing", field="reason_code")
    with log.atomic():
        given_up = WorkOrder.objects.filter(pk=order.pk, state=State.PARKED)
        if not given_up.update(state=State.WAIVED, settled_by=by, finished_at=timezone.now(), park_code=reason_code):
            raise Refused("This order is not parked any more.", code="order_conflict")
        _settled_by_hand("order.waived", order, by, code=reason_code)
        unsettled(order.batch)


def _settled_by_hand(name: str, order: WorkOrder, by: User, **facts: str) -> None:
    log.record(
        name, actor=actors.staff(by.pk), noun=order, subject_id=order.batch.subject_id,
        operation=order.operation, origin=order.batch.origin, **facts,
    )  # fmt: skip


def unsettled(batch: Batch) -> list[WorkOrder]:
    """The orders of a batch with something left to do, in the caller's transaction, where one of them was settled just now.

    Once there are none, the secret of the batch's keyed masks is destroyed.
    """
    if batch.salt:
        lock(batch)  # of two orders that end at once, the second sees the first
    left = list(WorkOrder.objects.filter(batch=batch).exclude(state__in=SETTLED).only("operation", "state", "wave"))
    if batch.salt and not left:
        Batch.objects.filter(pk=batch.pk).update(salt=None)
    return left


def lock(batch: Batch) -> None:
    """Hold a batch until the end of the caller's transaction."""
    list(Batch.objects.select_for_update().filter(pk=batch.pk).values_list("pk"))


def cancel(batch: Batch, *, actor: Actor) -> int:
    """Waive every order that has touched nothing yet, searches included; how many.

    The fence is raised, so that a worker that holds such an order finds out before its first row. An order that has done
    a part stays as it is: it is neither undone nor settled by somebody's change of mind.
    """
    with log.atomic():
        rows = WorkOrder.objects.filter(batch=batch, state__in=(State.OPEN, State.RUNNING, State.PARKED))
        rows = rows.exclude(Exists(Receipt.objects.filter(order=OuterRef("pk"))))
        # Locked first: a chunk holds its order's row until its receipt is written.
        untouched = list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))
        rows = WorkOrder.objects.filter(pk__in=untouched).exclude(Exists(Receipt.objects.filter(order=OuterRef("pk"))))
        count = rows.update(
            state=State.WAIVED,
            park_code="cancelled",
            finished_at=timezone.now(),
            lease_until=None,
            fence=F("fence") + 1,
        )
        log.record(
            "batch.cancelled", actor=actor, noun=batch, subject_id=batch.subject_id, origin=batch.origin, orders=count
        )
        unsettled(batch)
    return count
