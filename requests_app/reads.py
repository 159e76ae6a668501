"""Named reads for pages and sweeps; each in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from audit import log
from connectors import batches, holds
from connectors.models import Finding, LegalHold, WorkOrder
from disclosures.models import Notice
from requests_app import plans
from requests_app.models import Clock, Letter, Note, Parcel, Pause, PersonSession, Proof, Referral, Request, State
from subjects.models import DataSubject

BUSY = (WorkOrder.State.OPEN, WorkOrder.State.RUNNING)
# What a person sees of their own request: no proposals, notes, attention or retries of ours.
FOR_PERSON = {
    "request.received",
    "request.proof_asked",
    "request.proved",
    "request.search_started",
    "request.found",
    "request.searched_again",
    "request.carrying_out",
    "request.carried_out",
    "request.closed",
    "request.denied",
    "request.withdrawn",
    "request.merged",
    "request.considered",
    "request.asked",
    "request.answered",
    "request.extended",
    "request.moved",
    "request.appealed",
    "request.appeal_granted",
    "request.appeal_refused",
    "request.complained",
    "request.complaint_answered",
    "request.unproved",
    "request.stopped",
    "paper.asked",
    "paper.arrived",
    "paper.destroyed",
    "request.stop_cleared",
    "request.reopened",
    "referral.sent",
    "referral.answered",
    "letter.sent",
    "parcel.built",
    "parcel.fetched",
    "parcel.destroyed",
}


@dataclass(frozen=True)
class Moment:
    """One line of a timeline."""

    at: datetime
    label: str
    name: str
    actor: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """Everything that the case page of a colleague shows."""

    request: Request
    plan: plans.Plan
    clocks: list[Clock]
    pauses: list[Pause]
    followers: list[Request]
    findings: list[Finding]
    orders: list[WorkOrder]
    letters: list[Letter]
    notices: list[Notice]
    notes: list[Note]
    referrals: list[Referral]
    timeline: list[Moment]
    holds: list[LegalHold]
    parcel: Parcel | None
    fingerprint: str


def _told(request: Request) -> "QuerySet[Notice]":
    """What recipients are told for a request, each with how often it was tried."""
    rows = Notice.objects.filter(origin=request.reference).select_related("recipient")
    return rows.annotate(tried=Count("tries")).order_by("queued_at")


def can_move(now: datetime) -> list[UUID]:
    """Requests whose next step may be possible; a step that turns out not to be is simply not made.

    Those that wait for a person are looked at again by turns, a few at a time, so that many of them hold up nobody.
    """
    orders = WorkOrder.objects.filter(batch=OuterRef("batch"))
    waits = (Notice.State.QUEUED, Notice.State.HANDED)
    untold = Notice.objects.filter(origin=OuterRef("reference"), state__in=waits)
    unbuilt = Parcel.objects.filter(request=OuterRef("pk"), state=Parcel.State.OPEN)
    at_work = Q(state__in=(State.COLLECTING, State.DELIVERING, State.NOTIFYING))
    ready = (
        Q(state=State.RECEIVED)
        | Q(state=State.VERIFYING, proved_at__isnull=False)
        | (Q(state=State.COLLECTING) & ~Exists(orders.filter(operation=WorkOrder.Operation.FIND, state__in=BUSY)))
        | (Q(state=State.DELIVERING) & ~Exists(orders.filter(state__in=BUSY)) & ~Exists(unbuilt))
        | (Q(state=State.NOTIFYING) & ~Exists(untold))
        | (at_work & Exists(orders.filter(state=WorkOrder.State.PARKED)))
    )
    rows = Request.objects.values_list("pk", flat=True)
    first = list(rows.filter(ready, attention="", stopped_at=None).order_by("received_at")[:200])
    return first + list(rows.filter(at_work, stopped_at=None).exclude(attention="").order_by("?")[:50])


def of_batch(batch_id: UUID) -> list[UUID]:
    """The request that a batch works for, unless it was searched anew since; none for a retention run."""
    return list(Request.objects.filter(batch=batch_id).values_list("pk", flat=True))


def by_reference(reference: str) -> Request | None:
    """The request with this reference, while it waits for proof."""
    early = (State.RECEIVED, State.VERIFYING)
    return Request.objects.filter(reference=reference, state__in=early, proved_at=None).first()


def unproved(now: datetime) -> "QuerySet[Request]":
    """Requests that nobody proved within the time that the settings give."""
    limit = now - timedelta(days=settings.UNPROVED_DAYS)
    recent = Proof.objects.filter(request=OuterRef("pk"), purpose=Proof.Purpose.OPEN, created_at__gte=limit)
    rows = Request.objects.filter(~Exists(recent), state=State.VERIFYING, proved_at=None, received_at__lt=limit)
    return rows.exclude(authority=Request.Authority.AWAITING)  # that waits for us


def of_person(subject: DataSubject) -> "QuerySet[Request]":
    """A person's own requests, newest first, with what their page shows; a fixed number of queries."""
    rows = Request.objects.filter(subject=subject).select_related("parcel", "duplicate_of", "follows", "extension")
    clocks = Prefetch("clocks", Clock.objects.order_by("due_at"))
    pauses = Prefetch("pauses", Pause.objects.select_related("asked_by"))
    return rows.prefetch_related(clocks, pauses).order_by("-received_at")


def for_person(session: PersonSession, request_id: UUID) -> Request | None:
    """One request, if it is this person's."""
    return of_person(session.subject).prefetch_related("followed_by").filter(pk=request_id).first()


def timeline(request: Request, *, for_person: bool = False) -> list[Moment]:
    """What happened to a request, oldest first; for the person only what concerns them. One query."""
    events = log.of(request)
    if for_person:
        events = events.filter(name__in=FOR_PERSON)
    # Of a letter to a client the person reads in "referral.sent".
    wanted = [one for one in events if not (for_person and one.facts.get("kind") == "referred_client")]
    return [Moment(one.at, log.label(one.name), one.name, one.actor, one.facts) for one in wanted]


def case(request_id: UUID) -> Case:
    """The case page, in a fixed number of queries. Raises Request.DoesNotExist."""
    rows = Request.objects.select_related(
        "subject",
        "identifier",
        "batch",
        "owner",
        "proposed_by",
        "approved_by",
        "duplicate_of",
        "parcel",
        "extension",
        "follows",
        "asker__agent",
        "asker__identifier",
        "asker__decided_by",
    )
    request = rows.prefetch_related("followed_by").get(pk=request_id)
    return Case(
        request=request,
        plan=plans.thaw(request.plan),
        clocks=list(request.clocks.all()),
        pauses=list(request.pauses.select_related("asked_by")),
        followers=sorted(request.followed_by.all(), key=lambda one: one.received_at),
        findings=list(Finding.objects.filter(batch=request.batch_id).select_related("system")),
        orders=list(
            WorkOrder.objects.filter(batch=request.batch_id).select_related("system").order_by("created_at", "wave")
        ),
        letters=list(request.letters.select_related("identifier")),
        notices=list(_told(request)),
        notes=list(request.notes.select_related("author")),
        referrals=list(request.referrals.select_related("order__system", "by", "letter").order_by("order__created_at")),
        timeline=timeline(request),
        holds=list(holds.of(request.subject_id)),
        parcel=getattr(request, "parcel", None),
        fingerprint=batches.fingerprint(request.batch) if request.batch is not None else "",
    )


def open_requests() -> "QuerySet[Request]":
    """Requests that are not closed, the most urgent first."""
    return Request.objects.exclude(state=State.CLOSED).order_by(F("due_at").asc(nulls_last=True), "received_at")


def overdue(now: datetime | None = None) -> "QuerySet[Request]":
    """Open requests whose strictest deadline has passed."""
    return open_requests().filter(due_at__lte=now or timezone.now())
