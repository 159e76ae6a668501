"""The conductor of batches: opens searches, keeps decisions, authorises work, and lets people retry or waive what parked."""

import hashlib
import json
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.actor import Actor
from audit.bell import ring
from audit.refusal import Refused
from connectors import approved, bells, holds
from connectors.models import READING, Authorisation, Batch, Finding, WorkOrder
from connectors.planning import freeze, thaw
from connectors.settling import SETTLED, lock
from inventory import mapping
from inventory.dating import resolve
from inventory.graph import CollectionSpec, FieldSpec, Graph, Name, Step, Walk
from inventory.models import System
from inventory.walking import walk
from subjects.models import DataSubject

State, Operation = WorkOrder.State, WorkOrder.Operation
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
    refer: bool = True,
    actor: Actor,
) -> Batch:
    """Plan the search for one person and open its orders: one per system and wave, and a referral per client.

    `categories`: only data of these and what is below them; `masks`: strategies chosen for this work, see `scope.narrowed`.
    Not `refer`: what concerns us alone is no client's business.
    """
    graph = mapping.graph()
    plan = walk(graph, [kind for kind, values in identities.items() if values])
    with log.atomic():
        batch = Batch.objects.create(
            reason=Batch.Reason.REQUEST, origin=origin, subject=subject, identities=identities,
            plan=freeze(plan, graph), categories=list(categories), masks=dict(masks or {}),
        )  # fmt: skip
        for system in _open_finds(batch):
            if system.role != System.Role.PROCESSOR or not refer:
                continue
            order = WorkOrder.objects.create(
                batch=batch, system=system, operation=Operation.REFER, state=State.DONE, finished_at=timezone.now()
            )
            log.record(
                "order.referred", actor=actor, noun=order, subject_id=subject.pk, system=system.key, origin=origin
            )
        _opened(batch, actor)
    return batch


def open_retention(
    *, origin: str, collection: Name, before: date, dates: Sequence[str] = (), ahead: Iterable[date] = (), actor: Actor
) -> Batch:
    """Open the count of a collection's rows dated before a day: by `dates` (see inventory.dating), or by the field that dates
    it. `ahead`: later days, before which rows are counted as well, for a calendar. Raises Refused when it is unknown or not
    dated.
    """
    graph = mapping.graph()
    spec = graph.collections.get(collection)
    named = list(dates) or [one for one in [spec.dated_by if spec else ""] if one]
    if spec is None or not named:
        raise Refused(
            "This collection is not described, or no field dates its rows.", code="not_dated", field="collection"
        )
    criteria: dict[str, Any] = {
        "collection": list(collection), "field": named[0], "before": before.isoformat(),
        "ahead": [one.isoformat() for one in sorted(ahead)], "seed": secrets.randbits(62),
    }  # fmt: skip
    if dates:
        criteria["dates"] = named
    try:
        resolve(graph, collection, named, before)
    except ValueError as error:
        raise Refused(str(error), code="not_dated", field="dates") from None
    return _open_one(origin, spec, criteria, actor)


def open_withdrawn(*, origin: str, collection: Name, purpose: str, before: date, actor: Actor) -> Batch:
    """Open the count of a collection's rows that belong to people whose consent to a purpose was withdrawn before a day, see
    `withdrawing`. Raises Refused when it is unknown.
    """
    graph = mapping.graph()
    spec = graph.collections.get(collection)
    if spec is None or not spec.primary_key:
        raise Refused("This collection is not described, or has no key.", code="not_dated", field="collection")
    criteria = {
        "collection": list(collection), "purpose": purpose, "field": spec.primary_key[0], "before": before.isoformat()
    }  # fmt: skip
    return _open_one(origin, spec, criteria, actor)


def _open_one(origin: str, spec: CollectionSpec, criteria: dict[str, Any], actor: Actor) -> Batch:
    """Open the count of one collection's rows for a run."""
    only = Walk(steps=[Step(spec.key, (), 0)], erase_order=[spec.key])
    with log.atomic():
        batch = Batch.objects.create(
            reason=Batch.Reason.RETENTION, origin=origin, criteria=criteria, plan=freeze(only, Graph({spec.key: spec}))
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
    return fingerprints([batch.pk])[batch.pk]


def fingerprints(batch_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The same of many batches, in one query."""
    rows: dict[UUID, list[tuple[Any, ...]]] = {pk: [] for pk in batch_ids}
    found = Finding.objects.filter(batch__in=batch_ids).order_by("dataset", "collection", "via", "shared")
    for pk, *shown in found.values_list(
        "batch", "dataset", "collection", "via", "shared", "rows", "fingerprint", "action", "decision", "ground"
    ):
        rows[pk].append(tuple(shown))
    return {pk: hashlib.sha256(json.dumps(one, default=str).encode()).hexdigest() for pk, one in rows.items()}


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
    sealed: str = "",
    actor: Actor,
) -> Authorisation:
    """Allow `operation` on what the batch found, and open its orders. The database refuses what lacks proof or approval.

    Raises Refused when the search is not over, a finding is undecided, the person is held, or it was done before.
    """
    if operation in READING or operation not in Operation.values:
        raise Refused("Reading needs no authorisation.", code="operation_unknown")
    with log.atomic():
        lock(batch)
        _ready(batch, operation)
        leave = Authorisation.objects.create(
            batch=batch, operation=operation, basis=basis, proved_at=proved_at, proposed_by=proposed_by,
            approved_by=approved_by, approved_at=timezone.now(), fingerprint=fingerprint(batch), changes=changes or {},
            sealed=sealed,
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
