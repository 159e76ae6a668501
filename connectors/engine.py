"""Runs one work order: claims it, does it, settles it, or parks it where a person sees why.

Every way out is one of: done; given back (time is up, or it may work later); parked with a code and a sentence; or lost to
another worker (Fenced), in which case nothing more is written. No exception is swallowed: what we did not foresee parks
the order as "error" and is logged by type and place.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.bell import ring
from audit.failpoints import failpoint
from connectors import acting, bells, circling, clocks, findings, handasking, outcomes, settling, throttling
from connectors.applying import Task
from connectors.belonging import Belonging
from connectors.dated import prove
from connectors.holds import Held
from connectors.kinds.base import Permanent, Temporary, Waiting, prepare
from connectors.models import READING, Receipt, WorkOrder
from connectors.parting import Parting
from connectors.planning import Planned, thaw
from connectors.searching import Searcher
from connectors.withdrawing import Withdrawn, by_consent

logger = logging.getLogger(__name__)
ENGINE = actors.worker("connectors.engine")
State, Operation = WorkOrder.State, WorkOrder.Operation
OPEN = leases.Claimable(
    lambda: WorkOrder.objects.filter(state__in=(State.OPEN, State.RUNNING)),
    "batch",
    "system__connection",
    "authorisation",
)


def run(order_id: UUID | str) -> None:
    """Work on one order as far as its time goes. Repeating the call, at any moment and by anybody, is safe."""
    now = timezone.now()
    order = OPEN.find(order_id, now)
    if order is None or (order.not_before and order.not_before > now) or _earlier_waves(order):
        return  # somebody has it, or its turn has not come: an earlier wave, or a cooling-off period
    if not leases.take(order, OPEN.rows(), now, state=State.RUNNING, started_at=order.started_at or now):
        return
    try:
        _attempt(order, order.fence)
    except leases.Fenced:
        logger.warning("order %s was taken over by another worker", order.pk)


def _attempt(order: WorkOrder, fence: int) -> None:
    try:
        if order.attempts > settings.MOST_ATTEMPTS:  # it kills its worker each time, so nobody else could say so
            words = f"Its worker died {settings.MOST_ATTEMPTS} times. See the log, then retry."
            _park(order, fence, "tries", words)
            return
        failpoint("order.after_claim")
        _work(order, fence)
    except leases.Fenced:
        raise
    except Held:
        _park(
            order,
            fence,
            "held",
            "A legal hold protects this person. Release the hold, then retry; or waive this order.",
        )
    except Waiting as error:
        _park(order, fence, "waiting", error.sentence)
    except (Temporary, OperationalError, InterfaceError) as error:
        _later(order, fence, error.code if isinstance(error, Temporary) else "our_database")
    except Permanent as error:
        _park(order, fence, error.code, error.sentence)
    except Exception as error:
        logger.error("order %s failed: %s", order.pk, type(error).__name__, exc_info=True)
        _park(order, fence, "error", f"An unforeseen error ({type(error).__name__}). See the log, then retry.")


def _earlier_waves(order: WorkOrder) -> bool:
    if order.wave == 0:
        return False
    siblings = WorkOrder.objects.filter(batch=order.batch_id, operation=order.operation, wave__lt=order.wave)
    return siblings.exclude(state__in=(State.DONE, State.WAIVED)).exists()


def _work(order: WorkOrder, fence: int) -> None:
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        # Before a write the lease is asked for each time, and the row stays locked; while reading it is only kept.
        if connection.in_atomic_block or time.monotonic() - last > settings.LEASE_SECONDS / 4:
            leases.renew(WorkOrder, order.pk, fence, timezone.now())
            last = time.monotonic()

    searcher = (Withdrawn if by_consent(order.batch) else Searcher)(order.batch, beat=beat)
    if order.batch.criteria:
        searcher.parting = Parting(searcher)
    if (known := getattr(order.system, "connection", None)) is not None:
        searcher.connections[order.system.key] = known
    planned = [one for one in thaw(order.batch.plan) if one.system == order.system.key]
    if order.batch.criteria:
        clocks.refuse_if_apart(searcher.kind(order.system.key))
    if order.operation == Operation.FIND:
        _find(order, fence, searcher, [one for one in planned if one.step.wave == order.wave], beat)
    else:
        _act(order, fence, searcher, planned)


def _find(order: WorkOrder, fence: int, searcher: Searcher, planned: list[Planned], beat: Callable[[], None]) -> None:
    handasking.to_find(order, searcher, planned)
    rows, writer = 0, findings.Writer(searcher, order.system, beat)
    with searcher.asking():
        for one in planned:
            rows += writer.step(one)
            failpoint("find.after_step")
    writer.close()
    circling.refuse_if_left_out(searcher, planned)
    _done(order, fence, rows_done=rows, rows_planned=rows)


def _act(order: WorkOrder, fence: int, searcher: Searcher, planned: list[Planned]) -> None:
    end = time.monotonic() + settings.WORK_SECONDS
    work = acting.Acting(order, fence, searcher)
    gait = throttling.of(order, work.kind)
    work.pacing, work.gently = gait.pacing, gait.throttle is not None
    if gait.stops():
        _give_back(order, fence, gait)
        return
    if order.operation not in READING:  # what writes looks at the schema as it is now; a search may be a minute behind
        prepare(work.kind, [one.step.collection[1] for one in planned])
    with searcher.asking():
        tasks = work.tasks()
        if order.operation in acting.ERASING and not work.begun:
            _refuse_if_grown(searcher, planned, tasks, work.belonging)
            prove(work, tasks, "before")
    work.refuse_by_hand(tasks)
    handasking.to_act(order, searcher, tasks)
    if not work.run(tasks, lambda: time.monotonic() > end or gait.stops()):
        _give_back(order, fence, gait)
        return
    left = _left(work, planned, tasks) if order.operation in acting.ERASING else {}
    prove(work, tasks, "after")
    outcomes.write(order, tasks, left, work.kept)
    _refuse_if_left(left, tasks)
    for name, came in work.came.items():
        raise Permanent("left", f"{came} rows of {'.'.join(name)} came during the erasure. Collect again.")
    failpoint("order.before_done")
    _done(order, fence, spared=sum(one.finding.outcome["spared"] for one in tasks if one.finding.outcome["spared_for"]))


def _waiting(order: WorkOrder) -> str:
    """The state of an order that is given back: once a row was touched it is running, and cannot be cancelled."""
    return State.RUNNING if Receipt.objects.filter(order=order).exists() else State.OPEN


def _give_back(order: WorkOrder, fence: int, gait: throttling.Gait) -> None:
    """Its time is up for now: to whoever is free, or from a later moment on where the system is to be worked in gently."""
    with transaction.atomic():
        why = f"Waits: {gait.why}." if gait.later else ""
        leases.release(WorkOrder, order.pk, fence, later=gait.later, state=_waiting(order), attempts=0, park_reason=why)
        if gait.later is None:
            ring(bells.run_order, order.pk)


def _refuse_if_grown(searcher: Searcher, planned: list[Planned], tasks: list[Task], belonging: Belonging) -> None:
    """An approval covers exactly the rows that were shown, as this person's, and everything that was searched."""
    for one in planned:
        if findings.all_kept(searcher, one):
            continue
        drift = findings.grown(searcher, one, belonging)
        name = ".".join(one.step.collection)
        if drift.new:
            raise Permanent(
                "stale", f"{drift.new} new rows of {name} appeared after approval. Collect again and decide anew."
            )
        _refuse_if_moved(name, drift.moved)
    for task in tasks:
        belonging.of(task.finding)
    for place, moved in belonging.moved.values():  # also in another system, from where rows of this one are reached
        _refuse_if_moved(".".join(place), moved)


def _refuse_if_moved(name: str, moved: int) -> None:
    if moved:
        raise Permanent("stale", f"{moved} rows of {name} are no longer this person's. Collect again and decide anew.")


def _left(work: acting.Acting, planned: list[Planned], tasks: list[Task]) -> dict[int, dict[str, int]]:
    """Search again: what was to be deleted or masked must not be found as it was (held rows aside). By finding and field."""
    left: dict[int, dict[str, int]] = {}
    with work.searcher.asking():
        for one in planned:
            found = work.left(one, tasks)
            for task in tasks if found else ():
                if task.spec.key == one.step.collection:
                    left[task.finding.pk] = found
    return left


def _refuse_if_left(left: dict[int, dict[str, int]], tasks: list[Task]) -> None:
    for task in tasks:
        found = {name: count for name, count in left.get(task.finding.pk, {}).items() if count}
        if found:
            place, rows = ".".join(task.spec.key), max(found.values())
            fields = ", ".join(sorted(name for name in found if name))
            raise Permanent(
                "left",
                f"{rows} rows of {place} are there after the erasure{f' (fields: {fields})' if fields else ''}; "
                "new ones may have come. Collect again.",
            )


def _done(order: WorkOrder, fence: int, *, spared: int = 0, **changes: Any) -> None:
    """Settle the order; `spared`: rows that a legal hold protected, wholly or in part, which is said with it."""
    with log.atomic():
        leases.release(
            WorkOrder,
            order.pk,
            fence,
            state=State.DONE,
            finished_at=timezone.now(),
            park_code="",
            park_reason=_spared(spared),
            **changes,
        )
        if "rows_done" not in changes:
            order.refresh_from_db(fields=["rows_done"])
        facts = {"rows": changes.get("rows_done", order.rows_done)} | ({"spared": spared} if spared else {})
        _record("order.done", order, **facts)
        left = settling.unsettled(order.batch)
        same = [one for one in left if one.operation == order.operation]
        for one in same:
            if one.state == State.OPEN and one.wave == order.wave + 1:
                ring(bells.run_order, one.pk)
        if not same:
            for bell in bells.when_settled:
                ring(bell, order.batch_id)


def _spared(rows: int) -> str:
    return f"{rows} rows were left as they are, because a legal hold protects them or fields of them." if rows else ""


def _park(order: WorkOrder, fence: int, code: str, sentence: str) -> None:
    with log.atomic():
        leases.release(WorkOrder, order.pk, fence, state=State.PARKED, park_code=code, park_reason=sentence[:300])
        _record("order.parked", order, code=code)


def _later(order: WorkOrder, fence: int, code: str) -> None:
    order.refresh_from_db(fields=["attempts"])
    if order.attempts >= settings.MOST_ATTEMPTS:
        _park(
            order,
            fence,
            "tries",
            f"Tried {order.attempts} times without progress ({code}). See to the system, then retry.",
        )
        return
    later: datetime = timezone.now() + leases.backoff(order.attempts)
    leases.release(WorkOrder, order.pk, fence, later=later, state=_waiting(order))
    logger.warning("order %s will be tried again (%s)", order.pk, code)


def _record(name: str, order: WorkOrder, **facts: object) -> None:
    log.record(
        name,
        actor=ENGINE,
        noun=order,
        subject_id=order.batch.subject_id,
        operation=order.operation,
        system=order.system.key,
        origin=order.batch.origin,
        **facts,
    )
