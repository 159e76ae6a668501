"""The dates that the law sets: started with the request, met by the answer, watched by `deadlines`.

A date moves only by `recompute`, when a fact changed that the law counts by (an answer that we waited for, an extension, a
corrected residence); what stood before and after is in the log. Proof does not stop a clock.
"""

from datetime import datetime
from typing import Any

from django.db.models import Min, OuterRef, QuerySet, Subquery

import law
from audit import log
from audit.actor import Actor
from requests_app import deadlines, laws, policy, targets
from requests_app.models import Clock, Letter, Pause, Request


def start(request: Request, *, actor: Actor, at: datetime | None = None) -> list[Clock]:
    """Set the clocks of every law that applies to `request`, with how each was computed; `due_at` is the strictest.

    They run from its receipt, or from `at`.
    """
    begun = at or request.received_at
    rows = [_row(request, values) for values in laws.clock_values(request, begun)]
    rows += [Clock(request=request, **values) for values in targets.clock_values(request, begun)]
    active = deadlines.steps()
    for row in rows:
        row.next_step_at = deadlines.first_look(row, active)
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


def _row(request: Request, values: dict[str, Any]) -> Clock:
    return Clock(request=request, **{name: value for name, value in values.items() if name != "zone"})


def recompute(request: Request, *, actor: Actor, cause: str) -> dict[str, str]:
    """Count the running clocks anew from what is known now; the days that moved, as {"law:kind": "before..after"}.

    `cause` is a code for the log. Clocks of a law that speaks no more go; met ones stay as they are. In the caller's
    transaction, with the request locked.
    """
    before = {(row.statute, row.kind): row for row in request.clocks.exclude(kind=Clock.Kind.TARGET)}
    begun = min(
        (row.start_at for row in before.values() if row.kind == Clock.Kind.RESPOND), default=request.received_at
    )
    # What we waited for before the case was opened again is over: its clocks run from then.
    answered = list(request.pauses.filter(asked_at__gte=begun).exclude(answered_at=None))
    extended = {row.statute for row in before.values() if row.extended_at is not None}
    waits = request.pauses.filter(answered_at=None).first()
    moved: dict[str, str] = {}
    for values in laws.clock_values(request, begun, answered, extended):
        row = before.pop((values["statute"], values["kind"]), None) or _new(request, values["kind"])
        if row.met_at is not None and row.pk is not None:
            continue
        was = row.due_on
        _set(request, row, values, waits)
        if was != row.due_on:
            moved[f"{row.statute}:{row.kind}"] = f"{was or ''}..{row.due_on}"
    gone = [row for row in before.values() if row.met_at is None]
    Clock.objects.filter(pk__in=[row.pk for row in gone]).delete()
    moved |= {f"{row.statute}:{row.kind}": f"{row.due_on}.." for row in gone}
    _strictest(Request.objects.filter(pk=request.pk))
    deadlines.reschedule(Clock.objects.filter(request=request))
    log.record(
        "clock.recomputed", actor=actor, noun=request, subject_id=request.subject_id, cause=cause,
        moved=[f"{name}:{days}" for name, days in sorted(moved.items())],
    )  # fmt: skip
    return moved


def _new(request: Request, kind: str) -> Clock:
    """A clock of a law that speaks only now; a receipt that was confirmed already is confirmed under this law, too."""
    if kind != Clock.Kind.ACKNOWLEDGE:
        return Clock(request=request)
    sent = Letter.objects.filter(request=request, kind__in=policy.CONFIRMS, state=Letter.State.SENT)
    return Clock(request=request, met_at=sent.aggregate(first=Min("sent_at"))["first"])


def _set(request: Request, row: Clock, values: dict[str, Any], waits: Pause | None) -> None:
    """Bring one running clock to what its law says now. An extension never shortens; a date that moved on is not missed."""
    for name, value in values.items():
        setattr(row, name, value)
    if row.extended_at is not None and row.extended_on is not None and row.extended_on > row.due_on:
        row.due_on = row.extended_on
        row.due_at = law.due_at(row.extended_on, values["zone"])
    if row.breached_at is not None and row.due_at > row.breached_at:
        row.breached_at = None
    row.paused_at = waits.asked_at if waits and laws.stands_still(request, row, waits) else None
    row.save()


def restart(request: Request, at: datetime, *, actor: Actor) -> None:
    """Set the clocks anew from `at`, for a case that was answered and is open again."""
    with log.atomic():
        Clock.objects.filter(request=request).exclude(kind=Clock.Kind.ACKNOWLEDGE).delete()
        start(request, actor=actor, at=at)


def meet(request: Request, kind: str, at: datetime, *, actor: Actor) -> int:
    """Stop the running clocks of this kind; how many there were. Callers have locked the request."""
    with log.atomic():
        kinds = [kind, Clock.Kind.TARGET] if kind == Clock.Kind.RESPOND else [kind]
        met = Clock.objects.filter(request=request, kind__in=kinds, met_at=None).update(met_at=at, paused_at=None)
        if met:
            _strictest(Request.objects.filter(pk=request.pk))
            log.record("clock.met", actor=actor, noun=request, subject_id=request.subject_id, kind=kind, met=met, at=at)
    return met


def _strictest(requests: "QuerySet[Request]") -> None:
    open_ones = Clock.objects.filter(request=OuterRef("pk"), kind=Clock.Kind.RESPOND, met_at=None)
    first = open_ones.order_by().values("request").annotate(first=Min("due_at")).values("first")
    requests.update(due_at=Subquery(first))
