"""The conductor of batches: opens searches, keeps decisions, authorises work, and lets people retry or waive what parked."""

import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.actor import Actor
from audit.bell import ring
from audit.refusal import Refused
from connectors import approved, bells, holds
from connectors.models import READING, Authorisation, Batch, Finding, Receipt, WorkOrder
from connectors.planning import freeze, thaw
from inventory import mapping
from inventory.graph import FieldSpec, Graph, Name, Step, Walk
from inventory.models import System
from inventory.walking import walk
from subjects.models import DataSubject

State, Operation = WorkOrder.State, WorkOrder.Operation
SETTLED = (State.DONE, State.WAIVED)
ERASING = (Operation.ERASE, Operation.ANONYMISE)
# What each operation needs of a field to write into it.
WRITTEN: dict[str, Callable[[FieldSpec, Authorisation], bool]] = {
    Operation.SUPPRESS: lambda field, leave: field.suppress is not None,
    Operation.RESTRICT: lambda field, leave: field.restrict is not None,
    Operation.CORRECT: lambda field, leave: field.attribute in leave.changes,
}


def open_find(
    *,
    origin: str,
    subject: DataSubject,
    identities: dict[str, list[str]],
    categories: Sequence[str] = (),
    masks: Mapping[str, Any] | None = None,
    actor: Actor,
) -> Batch:
    """Plan the search for one person and open its orders: one per system and wave, and a referral per client.

    `categories`: only data of these and what is below them; `masks`: strategies chosen for this work, see `scope.narrowed`.
    """
    graph = mapping.graph()
    plan = walk(graph, [kind for kind, values in identities.items() if values])
    with log.atomic():
        batch = Batch.objects.create(
            reason=Batch.Reason.REQUEST, origin=origin, subject=subject, identities=identities,
            plan=freeze(plan, graph), categories=list(categories), masks=dict(masks or {}),
        )  # fmt: skip
        for system in _open_finds(batch):
            if system.role != System.Role.PROCESSOR:
                continue
            order = WorkOrder.objects.create(
                batch=batch, system=system, operation=Operation.REFER, state=State.DONE, finished_at=timezone.now()
            )
            log.record(
                "order.referred", actor=actor, noun=order, subject_id=subject.pk, system=system.key, origin=origin
            )
        _opened(batch, actor)
    return batch


def open_retention(*, origin: str, collection: Name, before: date, actor: Actor) -> Batch:
    """Open the count of a collection's rows dated before a day. Raises Refused when it is unknown or not dated."""
    graph = mapping.graph()
    spec = graph.collections.get(collection)
    if spec is None or not spec.dated_by:
        raise Refused(
            "This collection is not described, or no field dates its rows.", code="not_dated", field="collection"
        )
    only = Walk(steps=[Step(collection, (), 0)], erase_order=[collection])
    criteria = {"collection": list(collection), "field": spec.dated_by, "before": before.isoformat()}
    with log.atomic():
        batch = Batch.objects.create(
            reason=Batch.Reason.RETENTION, origin=origin, criteria=criteria,
            plan=freeze(only, Graph({collection: spec})),
        )  # fmt: skip
        _open_finds(batch)
        _opened(batch, actor)
    return batch


def _open_finds(batch: Batch) -> Collection[System]:
    """Open the searches that the plan names; all systems."""
    systems = {one.key: one for one in System.objects.all()}
    steps = sorted({(one.system, one.step.wave) for one in thaw(batch.plan)})
    orders = [
        WorkOrder(batch=batch, system=systems[system], operation=Operation.FIND, wave=wave) for system, wave in steps
    ]
    _create(orders)
    return systems.values()


def _create(orders: list[WorkOrder]) -> None:
    WorkOrder.objects.bulk_create(orders)
    for order in orders:
        ring(bells.run_order, order.pk)


def _opened(batch: Batch, actor: Actor) -> None:
    log.record(
        "batch.opened", actor=actor, noun=batch, subject_id=batch.subject_id, origin=batch.origin,
        steps=len(batch.plan["steps"]), unreached=len(batch.plan["unreached"]),
    )  # fmt: skip


def settled(batch: Batch, operation: str) -> bool:
    """Whether every order of this operation is done or waived. Parked is not settled."""
    return not WorkOrder.objects.filter(batch=batch, operation=operation).exclude(state__in=SETTLED).exists()


def parked(batch: Batch) -> "QuerySet[WorkOrder]":
    """Orders that wait for a person."""
    return WorkOrder.objects.filter(batch=batch, state=State.PARKED).select_related("system")


def claimable(now: datetime) -> "QuerySet[WorkOrder]":
    """Orders whose turn has come: free, past their waiting time, earlier waves settled, or left by a dead worker."""
    earlier = WorkOrder.objects.filter(
        batch=OuterRef("batch"), operation=OuterRef("operation"), wave__lt=OuterRef("wave")
    ).exclude(state__in=SETTLED)
    return (
        WorkOrder.objects.filter(leases.free(now), state__in=(State.OPEN, State.RUNNING))
        .filter(Q(not_before=None) | Q(not_before__lte=now))
        .exclude(Exists(earlier))
        .order_by("created_at")
    )


def fingerprint(batch: Batch) -> str:
    """A digest of what staff see and decide: rows, keys, actions, decisions, grounds."""
    rows = batch.findings.order_by("dataset", "collection", "via", "shared").values_list(
        "dataset", "collection", "via", "shared", "rows", "fingerprint", "action", "decision", "ground"
    )
    return hashlib.sha256(json.dumps(list(rows), default=str).encode()).hexdigest()


def decide(finding: Finding, *, decision: str, ground: str = "", note: str = "", by: User) -> None:
    """Include a finding, or keep it on a ground. Raises Refused without a ground, or once work was authorised."""
    if decision == Finding.Decision.KEEP and not ground:
        raise Refused("Choose the ground on which these rows are kept.", code="ground_missing", field="ground")
    if decision not in (Finding.Decision.INCLUDE, Finding.Decision.KEEP):
        raise Refused("Choose to include or to keep these rows.", code="decision_unknown", field="decision")
    if decision == Finding.Decision.INCLUDE:
        # Rows that the inventory keeps anyway (action keep) go on to need the ground that they have.
        ground, note = (finding.ground, finding.ground_note) if finding.action == "keep" else ("", "")
    _change(finding, by, decision=decision, ground=ground, ground_note=note[:300] if ground else "")


def act_on(finding: Finding, *, action: str, by: User) -> None:
    """Delete, mask or keep these rows in an erasure. Raises Refused for anything else."""
    if action not in ("delete", "mask", "keep"):
        raise Refused("Choose to delete, mask or keep these rows.", code="action_unknown", field="action")
    ground = "" if action != "keep" else finding.ground or "rights_of_others"
    _change(finding, by, action=action, ground=ground)


def _change(finding: Finding, by: User, **changes: Any) -> None:
    with log.atomic():
        Batch.objects.select_for_update().get(pk=finding.batch_id)
        if Authorisation.objects.filter(batch=finding.batch_id).exists():
            raise Refused(
                "Work on these rows was authorised already; collect again to decide anew.", code="decided_conflict"
            )
        Finding.objects.filter(pk=finding.pk).update(**changes)
        log.record(
            "finding.decided", actor=actors.staff(by.pk), noun=finding, subject_id=finding.batch.subject_id,
            **{key: value for key, value in changes.items() if key != "ground_note"},
        )  # fmt: skip
    finding.refresh_from_db()


def authorise(
    batch: Batch,
    *,
    operation: str,
    basis: str,
    proved_at: datetime | None = None,
    proposed_by: User | None = None,
    approved_by: User | None = None,
    changes: dict[str, Any] | None = None,
    not_before: datetime | None = None,
    actor: Actor,
) -> Authorisation:
    """Allow `operation` on what the batch found, and open its orders. The database refuses what lacks proof or approval.

    Raises Refused when the search is not over, a finding is undecided, the person is held, or it was done before.
    """
    if operation in READING or operation not in Operation.values:
        raise Refused("Reading needs no authorisation.", code="operation_unknown")
    with log.atomic():
        _lock(batch)
        _ready(batch, operation)
        leave = Authorisation.objects.create(
            batch=batch, operation=operation, basis=basis, proved_at=proved_at, proposed_by=proposed_by,
            approved_by=approved_by, approved_at=timezone.now(), fingerprint=fingerprint(batch), changes=changes or {},
            described=approved.described(batch, operation, mapping.graph()) if operation in approved.DECIDES else {},
        )  # fmt: skip
        if operation in ERASING:
            _note_kept(batch)
            Batch.objects.filter(pk=batch.pk).update(salt=secrets.token_hex(32))
        if operation != Operation.EXPORT:
            _create(_acting_orders(batch, leave, not_before))
        log.record(
            "batch.authorised", actor=actor, noun=leave, subject_id=batch.subject_id, origin=batch.origin,
            operation=operation, basis=basis, fingerprint=leave.fingerprint,
        )  # fmt: skip
    return leave


def _ready(batch: Batch, operation: str) -> None:
    """Refuse what cannot be authorised now. The person's row is locked, so that no hold comes in between."""
    if not settled(batch, Operation.FIND):
        raise Refused("The search is not over yet. Wait for it, or see to what is parked.", code="search_conflict")
    if batch.findings.filter(decision=Finding.Decision.OPEN, rows__gt=0).exists():
        raise Refused("Some findings are not decided yet. Decide on each of them first.", code="undecided_conflict")
    if Authorisation.objects.filter(batch=batch, operation=operation).exists():
        raise Refused("This work was authorised already. Load the page again.", code="authorised_conflict")
    if operation in ERASING and batch.subject_id is not None:
        try:
            holds.lock(batch.subject_id)
        except holds.Held:
            raise Refused(
                "This person is under a legal hold, so nothing of theirs may be erased. Release the hold first.",
                code="held",
            ) from None


def _note_kept(batch: Batch) -> None:
    """What an erasure leaves alone has its outcome at once."""
    for one in batch.findings.filter(Q(decision=Finding.Decision.KEEP) | Q(action="keep")):
        one.outcome = {
            "operation": "erase",
            "action": "keep",
            "rows": 0,
            "changed": 0,
            "spared": one.rows,
            "fields": {},
        }
        one.save(update_fields=["outcome"])


def _acting_orders(batch: Batch, leave: Authorisation, not_before: datetime | None) -> list[WorkOrder]:
    """One order per system with rows to touch; what refers to other systems' rows goes before them. An erasure also has one
    for each system that was searched and held nothing: it looks once more, so that what came since is not missed.
    """
    found = batch.findings.filter(decision=Finding.Decision.INCLUDE)
    if leave.operation in ERASING:
        found = found.exclude(action="keep")
    if leave.operation in WRITTEN:
        found = found.filter(_named(_writable(leave)))
    rows = dict(found.values_list("system").annotate(total=Sum("rows")))
    if leave.operation in ERASING and batch.subject_id is not None:
        rows = dict.fromkeys(_searched(batch), 0) | rows
    waves: dict[str, int] = {}
    for one in thaw(batch.plan):
        waves[one.system] = max(waves.get(one.system, 0), one.step.wave)
    last = max(waves.values(), default=0)
    systems = System.objects.in_bulk(rows)
    return [
        WorkOrder(
            batch=batch, system=systems[pk], operation=leave.operation, authorisation=leave, rows_planned=total,
            wave=last - waves.get(systems[pk].key, 0), not_before=not_before,
        )
        for pk, total in rows.items()
    ]  # fmt: skip


def _searched(batch: Batch) -> list[int]:
    """The systems in which a connector searched to the end; what a colleague looked through by hand is not asked twice."""
    done = WorkOrder.objects.filter(batch=batch, operation=Operation.FIND, state=State.DONE)
    given_up = WorkOrder.objects.filter(batch=batch, operation=Operation.FIND, state=State.WAIVED)
    done = done.exclude(system__in=given_up.values("system")).exclude(system__connection__kind="hand")
    return list(done.order_by("system").values_list("system", flat=True).distinct())


def _writable(leave: Authorisation) -> list[Name]:
    """Collections with a field that an opt-out, a restriction or this correction writes."""
    writes = WRITTEN[leave.operation]
    return [
        name for name, spec in mapping.graph().collections.items() if any(writes(one, leave) for one in spec.fields)
    ]


def _named(names: list[Name]) -> Q:
    condition = Q(pk=None)
    for dataset, collection in names:
        condition |= Q(dataset=dataset, collection=collection)
    return condition


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
        _lock(batch)  # of two orders that end at once, the second sees the first
    left = list(WorkOrder.objects.filter(batch=batch).exclude(state__in=SETTLED).only("operation", "state", "wave"))
    if batch.salt and not left:
        Batch.objects.filter(pk=batch.pk).update(salt=None)
    return left


def _lock(batch: Batch) -> None:
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
