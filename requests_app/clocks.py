"""The dates that the law sets: started with the request, met by the answer, watched by a sweep.

A date once set is never moved: its calculation and the version of its law stay with the row. Proof does not stop a clock.
"""

from datetime import datetime

from django.db.models import Min, OuterRef, QuerySet, Subquery

from audit import log
from audit.actor import Actor
from requests_app import attention, laws, locks, policy
from requests_app.models import Clock, Request, State


def start(request: Request, *, actor: Actor, at: datetime | None = None) -> list[Clock]:
    """Set the clocks of every law that applies to `request`, with how each was computed; `due_at` is the strictest.

    They run from its receipt, or from `at`.
    """
    rows = [Clock(request=request, **values) for values in laws.clock_values(request, at or request.received_at)]
    with log.atomic():
        Clock.objects.bulk_create(rows, ignore_conflicts=True)
        _strictest(Request.objects.filter(pk=request.pk))
        request.refresh_from_db(fields=("due_at",))
        log.record(
            "clock.started",
            actor=actor,
            noun=request,
            subject_id=request.subject_id,
            laws=[f"{row.statute}:{row.kind}:{row.due_on}" for row in rows],
        )
    return rows


def restart(request: Request, at: datetime, *, actor: Actor) -> None:
    """Set the clocks anew from `at`, for a case that was answered and is open again."""
    with log.atomic():
        Clock.objects.filter(request=request, kind=Clock.Kind.RESPOND).delete()
        start(request, actor=actor, at=at)


def meet(request: Request, kind: str, at: datetime, *, actor: Actor) -> int:
    """Stop the running clocks of this kind; how many there were."""
    with log.atomic():
        locks.request(request.pk)
        met = Clock.objects.filter(request=request, kind=kind, met_at=None).update(met_at=at)
        if met:
            _strictest(Request.objects.filter(pk=request.pk))
            log.record("clock.met", actor=actor, noun=request, subject_id=request.subject_id, kind=kind, met=met, at=at)
    return met


def running() -> "QuerySet[Clock]":
    """Clocks that nobody has met yet."""
    return Clock.objects.filter(met_at=None)


def sweep(now: datetime, *, actor: Actor) -> int:
    """Mark each missed clock once and give each warning once; how many clocks changed.

    One query finds what is missed; the warnings take one pass over the running clocks, in flat memory, and write only where
    a step is new.
    """
    changed = 0
    for clock in _missed(now):
        changed += _mark(clock, actor=actor, event="clock.breached", breached_at=now)
    ahead = running().filter(kind=Clock.Kind.RESPOND, breached_at=None, due_at__gt=now).select_related("request")
    new = [
        (clock, due)
        for clock in ahead.iterator(chunk_size=2000)
        if set(due := policy.warnings_due(clock.request.received_at, clock.due_at, now)) - set(clock.warned)
    ]
    for clock, due in new:
        changed += _mark(clock, actor=actor, event="clock.warned", warned=due)
    return changed


def _missed(now: datetime) -> "QuerySet[Clock]":
    return running().filter(due_at__lte=now, breached_at=None).select_related("request")


def _mark(clock: Clock, *, actor: Actor, event: str, **changes: object) -> int:
    with log.atomic():
        request = locks.request(clock.request_id)
        same = Clock.objects.filter(pk=clock.pk, met_at=None, breached_at=None, warned=clock.warned)
        if not same.update(**changes):
            return 0
        steps = changes.get("warned", [])
        log.record(
            event,
            actor=actor,
            noun=request,
            subject_id=request.subject_id,
            statute=clock.statute,
            kind=clock.kind,
            due_on=clock.due_on,
            steps=steps,
        )
        if request.state != State.CLOSED:
            attention.refresh(request.pk, actor=actor)
    return 1


def _strictest(requests: "QuerySet[Request]") -> None:
    open_ones = Clock.objects.filter(request=OuterRef("pk"), kind=Clock.Kind.RESPOND, met_at=None)
    first = open_ones.order_by().values("request").annotate(first=Min("due_at")).values("first")
    requests.update(due_at=Subquery(first))
