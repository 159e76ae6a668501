"""The headless door: explain a plan, run one request to its end, tell the outcome, all as plain values for JSON.

A program never decides: the proof is vouched for and the decision made by named colleagues, with the rights of their roles;
an erasure needs two of them here as anywhere.
"""

import time
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from audit.bell import silence
from audit.refusal import Refused
from connectors import acting, batches, engine, scope
from connectors.kinds.base import Permanent, Temporary
from connectors.models import Authorisation, Batch, Finding, WorkOrder
from connectors.searching import Searcher
from disclosures import notices
from disclosures.models import Notice
from inventory import mapping
from inventory.graph import CollectionSpec, Entry
from inventory.walking import walk
from requests_app import delivery, intake, letters, narrowing, plans, playing, proof, review, workflow
from requests_app.models import Letter, Parcel, Request, State

FORMAT = 1
CIRCLE = "it closes a circle of references; a search that finds more over it is parked"


@dataclass(frozen=True)
class Colleagues:
    """Who vouches and proposes, and who approves; how the person's identity was made sure of."""

    proposer: User
    approver: User | None = None
    method: str = "data_compared"


def explain(
    kinds: list[str], *, categories: list[str] | None = None, masks: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The plan for identifiers of these kinds before it runs: order, ways in, what an erasure does, what is out of reach.
    Reads the inventory only. Raises Refused for identifiers, categories and masks that are not there.
    """
    narrowing.check(kinds, categories or [], masks or {})
    graph = mapping.graph()
    plan = walk(graph, kinds)
    place = {name: turn for turn, name in enumerate(plan.erase_order, start=1)}
    specs = {key: scope.narrowed(one, categories or [], masks or {}) for key, one in graph.collections.items()}
    return {
        "format": FORMAT,
        "identifiers": sorted(kinds),
        "steps": [
            {
                **_place(specs[step.collection]),
                "wave": step.wave,
                "erased_as": place[step.collection],
                "by": [_entry(one) for one in step.entries],
                "erasure": specs[step.collection].erase,
                "erasure_of_shared_rows": specs[step.collection].erase_shared,
                "ground": specs[step.collection].keep_ground or None,
                "fields": [one.name for one in specs[step.collection].fields if one.category],
            }
            for step in plan.steps
        ],
        "unreached": [{**_place(specs[one.collection]), "reason": one.reason} for one in plan.unreached],
        "not_followed": [
            {**_place(specs[one.child]), **_entry(Entry(one.child_field, source=one)), "reason": CIRCLE}
            for one in plan.dropped
        ],
    }


def _place(spec: CollectionSpec) -> dict[str, str]:
    return {"system": spec.system, "dataset": spec.dataset, "collection": spec.name}


def _entry(entry: Any) -> dict[str, Any]:
    if entry.source is None:
        return {"field": entry.field, "identifier": entry.identity}
    return {"field": entry.field, "from": ".".join((*entry.source.parent, entry.source.parent_field))}


def run(submission: intake.Submission, who: Colleagues, *, seconds: float) -> Request:
    """Bring one request to its end, or as far as it goes within `seconds`, in this process; the request as it is then.

    Another worker may help meanwhile: every step is claimed. Raises Refused for what people may not or must decide first.
    """
    with silence():  # whoever does the work here waits for no broker, which may not be there
        return _run(submission, who, seconds)


def _run(submission: intake.Submission, who: Colleagues, seconds: float) -> Request:
    request = intake.submit(submission, now=timezone.now())
    if plans.thaw(request.plan).needs_proof and request.proved_at is None:
        proof.vouch(request, by=who.proposer, method=who.method, also=submission.identifiers, now=timezone.now())
    end, still = time.monotonic() + seconds, 0
    while time.monotonic() < end and still < 3:
        before = _mark(request)
        _step(request, who)
        request = Request.objects.select_related("batch").get(pk=request.pk)
        if request.state == State.CLOSED:
            break
        still = still + 1 if _mark(request) == before else 0
    for pk in Letter.objects.filter(request=request, state=Letter.State.QUEUED).values_list("pk", flat=True):
        letters.send(pk)
    return request


def _mark(request: Request) -> tuple[Any, ...]:
    """What changes when anything moves."""
    orders = WorkOrder.objects.filter(batch=request.batch_id).order_by("pk").values_list("state", "rows_done", "fence")
    return (
        request.state,
        request.proposed_by_id,
        tuple(orders),
        Parcel.objects.filter(request=request, state="open").count(),
    )


def _step(request: Request, who: Colleagues) -> None:
    workflow.advance(request.pk)
    request = Request.objects.select_related("batch").get(pk=request.pk)
    if request.batch is not None:
        for pk in batches.claimable(timezone.now()).filter(batch=request.batch).values_list("pk", flat=True):
            engine.run(pk)
    if request.state == State.IN_REVIEW:
        _decide(request, who)
    for parcel in Parcel.objects.filter(request=request, state=Parcel.State.OPEN):
        delivery.build(parcel.pk)
    for pk in Notice.objects.filter(origin=request.reference, pk__in=notices.waiting(timezone.now())).values_list(
        "pk", flat=True
    ):
        notices.send(pk)


def _decide(request: Request, who: Colleagues) -> None:
    assert request.batch is not None
    shown = batches.fingerprint(request.batch)
    if request.proposed_by_id is None:
        review.propose(request, by=who.proposer, fingerprint=shown)
        return
    if who.approver is None:
        raise Refused("This right needs a second person: name who approves.", code="second_person", field="approve_as")
    if who.approver.pk in {one.by_id for one in playing.approvals(request)}:
        return  # its playbook wants one more colleague: it stays in review
    review.approve(request, by=who.approver, fingerprint=shown)


def preview(batch: Batch, operation: str = "erase") -> list[dict[str, str]]:
    """What would stop this work, found out against the live schemas before anything is touched: system, code, sentence."""
    searcher, found = Searcher(batch), []
    leave = Authorisation(batch=batch, operation=operation)
    for system in {one.system for one in Finding.objects.filter(batch=batch, rows__gt=0).select_related("system")}:
        order = WorkOrder(batch=batch, system=system, operation=operation, authorisation=leave)
        try:
            acting.Acting(order, 0, searcher).tasks()
        except Permanent as error:
            found.append({"system": system.key, "code": error.code, "sentence": error.sentence})
        except Temporary as error:
            found.append({"system": system.key, "code": error.code, "sentence": "The system did not answer."})
    return sorted(found, key=lambda one: one["system"])


def outcome(request: Request) -> dict[str, Any]:
    """What became of a request: rows found, delivered, changed, kept and why, per system, collection and field."""
    operation = plans.thaw(request.plan).operation
    found = Finding.objects.filter(batch=request.batch_id).select_related("system").order_by("place", "via", "shared")
    orders = (
        WorkOrder.objects.filter(batch=request.batch_id).select_related("system").order_by("operation", "wave", "pk")
    )
    parcel = Parcel.objects.filter(request=request).first()
    return {
        "format": FORMAT,
        "reference": request.reference,
        "right": request.right,
        "state": request.state,
        "outcome": request.outcome or None,
        "received_at": request.received_at.isoformat(),
        "due_at": request.due_at.isoformat() if request.due_at else None,
        "closed_at": request.closed_at.isoformat() if request.closed_at else None,
        "attention": request.attention or None,
        "categories": request.categories,
        "operation": operation or None,
        "collections": [_finding(one, operation) for one in found],
        "unreached": (request.batch.plan.get("unreached", []) if request.batch else []),
        "not_followed": [
            _not_followed(one) for one in (request.batch.plan.get("dropped", []) if request.batch else [])
        ],
        "orders": [_order(one) for one in orders],
        "package": {"state": parcel.state, "rows": parcel.rows, "sha256": parcel.digest} if parcel else None,
    }


def _finding(one: Finding, operation: str) -> dict[str, Any]:
    kept = one.decision == Finding.Decision.KEEP or (operation == "erase" and one.action == "keep")
    told: dict[str, Any] = one.outcome
    return {
        "system": one.system.key,
        "dataset": one.dataset,
        "collection": one.collection,
        "via": one.via,
        "shared_with_others": one.shared,
        "found": one.rows,
        "delivered": one.rows if operation == "export" and not kept else 0,
        "done": told.get("rows", 0),
        "changed": told.get("changed", 0),
        "kept": one.rows if kept else told.get("spared", 0),
        "why_kept": (one.ground if kept else told.get("spared_for")) or None,
        "action": one.action if operation == "erase" else operation,
        "fields": told.get("fields", {}),
        "why_fields_kept": told.get("why", {}),
        "left": told.get("left", {}),
        "no_longer_theirs": told.get("moved", 0),
    }


def _not_followed(one: dict[str, Any]) -> dict[str, Any]:
    source = ".".join((*one["parent"], one["parent_field"]))
    return {"collection": one["collection"], "field": one["field"], "from": source, "reason": CIRCLE}


def _order(one: WorkOrder) -> dict[str, Any]:
    return {
        "system": one.system.key,
        "operation": one.operation,
        "state": one.state,
        "rows": one.rows_done,
        "parked": one.park_code or None,
        "reason": one.park_reason or None,
    }
