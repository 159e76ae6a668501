"""The watch over the clocks: warnings at the steps that a manager set, breaches, each once; set-based, in flat memory.

1. `Clock.next_step_at` says when a clock must be looked at next, so a sweep reads only what is due: a partial index of running
   clocks that no pause holds.
2. A batch of clocks is one transaction with a fixed number of queries: rows locked, warnings inserted under a unique key,
   breaches marked, events appended in one go, the requests' attention brought up to date.
3. Two sweeps at once skip each other's rows (PostgreSQL) or wait (SQLite); nothing is given twice.
"""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from requests_app import attention, stages
from requests_app.models import Clock, ClockWarning, Request, State, WarningStep

BATCH = 2000
MANAGE = "requests_app.manage_deadlines"


def steps() -> list[stages.Step]:
    """The warning steps in force."""
    rows = WarningStep.objects.filter(active=True).order_by("pk")
    return [stages.Step(one.pk, one.key, one.basis, one.value, one.escalates) for one in rows]  # type: ignore[arg-type]


def first_look(clock: Clock, active: list[stages.Step]) -> datetime | None:
    """When a new clock must be looked at. Acknowledgements are not warned of: they end by the letter that goes out at once."""
    mine = active if clock.kind != Clock.Kind.ACKNOWLEDGE else []
    return stages.next_at(mine, clock.start_at, clock.due_at, (), breached=clock.breached_at is not None)


def running() -> "QuerySet[Clock]":
    """Clocks that nobody has met and that no pause holds."""
    return Clock.objects.filter(met_at=None, paused_at=None)


def sweep(now: datetime, *, actor: Actor) -> int:
    """Give every warning and mark every breach that is due; how many clocks changed."""
    bring_steps()
    changed, active = 0, steps()
    while True:
        with log.atomic():
            batch = _take(now)
            changed += _work(batch, active, now, actor=actor)
        if len(batch) < BATCH:
            return changed


def _take(now: datetime) -> list[Clock]:
    """The clocks that are due first, with their requests locked, as `locks` wants it; what somebody else has waits its turn."""
    due = running().filter(next_step_at__lte=now)
    first = dict(due.order_by("next_step_at", "pk").values_list("pk", "request_id")[:BATCH])
    requests = Request.objects.filter(pk__in=set(first.values())).order_by("pk")
    if connection.features.has_select_for_update_skip_locked:
        requests = requests.select_for_update(skip_locked=True, of=("self",), no_key=True)
    mine = set(requests.values_list("pk", flat=True))
    # Read again under the lock: a verb may have met, paused or moved a clock meanwhile.
    rows = due.filter(pk__in=[pk for pk, request in first.items() if request in mine])
    return list(rows.only("pk", "request_id", "kind", "statute", "start_at", "due_at", "due_on", "breached_at"))


def _work(batch: list[Clock], active: list[stages.Step], now: datetime, *, actor: Actor) -> int:
    """One batch, in the caller's transaction. How many clocks were warned of or breached."""
    if not batch:
        return 0
    given: dict[int, set[int]] = defaultdict(set)
    for clock_id, step_id in ClockWarning.objects.filter(clock__in=batch).values_list("clock_id", "step_id"):
        given[clock_id].add(step_id)
    warned: list[tuple[Clock, stages.Step]] = []
    breached: list[Clock] = []
    for clock in batch:
        mine = active if clock.kind != Clock.Kind.ACKNOWLEDGE else []
        new = stages.reached(mine, clock.start_at, clock.due_at, given[clock.pk], now)
        warned += [(clock, step) for step in new]
        over = clock.due_at <= now
        if over and clock.breached_at is None:
            breached.append(clock)
        seen = given[clock.pk] | {step.pk for step in new}
        clock.next_step_at = stages.next_at(mine, clock.start_at, clock.due_at, seen, breached=over)
    _write(batch, warned, breached, now)
    _tell(warned, breached, actor=actor)
    attention.refresh_many(
        {clock.request_id for clock, _ in warned} | {one.request_id for one in breached}, actor=actor
    )
    return len({clock.pk for clock, _ in warned} | {clock.pk for clock in breached})


def _write(batch: list[Clock], warned: list[tuple[Clock, stages.Step]], breached: list[Clock], now: datetime) -> None:
    ClockWarning.objects.bulk_create(
        [ClockWarning(clock=clock, step_id=step.pk, given_at=now) for clock, step in warned], ignore_conflicts=True
    )
    Clock.objects.filter(pk__in=[one.pk for one in breached]).update(breached_at=now)
    near = {clock.pk for clock, step in warned if step.escalates}
    Clock.objects.filter(pk__in=near, escalated_at=None).update(escalated_at=now)
    done = [one.pk for one in batch if one.next_step_at is None]
    Clock.objects.filter(pk__in=done).update(next_step_at=None)
    ahead = [one for one in batch if one.next_step_at is not None]
    if ahead:
        Clock.objects.bulk_update(ahead, ["next_step_at"], batch_size=500)


def _tell(warned: list[tuple[Clock, stages.Step]], breached: list[Clock], *, actor: Actor) -> None:
    """One event for each clock that was warned of, one for each that was missed."""
    by_clock: dict[int, list[str]] = defaultdict(list)
    for clock, step in warned:
        by_clock[clock.pk].append(step.key)
    clocks = {clock.pk: clock for clock, _ in warned}
    subjects = dict(
        Request.objects.filter(pk__in={one.request_id for one in [*clocks.values(), *breached]}).values_list(
            "pk", "subject_id"
        )
    )
    rows = [_event("clock.warned", clocks[pk], subjects, keys) for pk, keys in by_clock.items()]
    rows += [_event("clock.breached", one, subjects, []) for one in breached]
    log.record_many(rows, actor=actor)


def _event(name: str, clock: Clock, subjects: dict[UUID, UUID], keys: list[str]) -> log.Entry:
    facts = {"statute": clock.statute, "kind": clock.kind, "due_on": clock.due_on, "steps": keys}
    return log.Entry(name, Request, clock.request_id, subjects.get(clock.request_id), facts)


def reschedule(clocks: "QuerySet[Clock]") -> int:
    """Set anew when each of these clocks must be looked at, and whether a step that was reached raises it, after its dates or
    the steps changed; how many.
    """
    active, last, many, now = steps(), 0, 0, timezone.now()
    raising = set(WarningStep.objects.filter(escalates=True).values_list("pk", flat=True))
    while True:
        batch = list(clocks.filter(met_at=None, pk__gt=last).order_by("pk")[:BATCH])
        if not batch:
            return many
        last, many = batch[-1].pk, many + len(batch)
        given: dict[int, set[int]] = defaultdict(set)
        for clock_id, step_id in ClockWarning.objects.filter(clock__in=batch).values_list("clock_id", "step_id"):
            given[clock_id].add(step_id)
        for clock in batch:
            mine = active if clock.kind != Clock.Kind.ACKNOWLEDGE else []
            breached = clock.breached_at is not None
            clock.next_step_at = stages.next_at(mine, clock.start_at, clock.due_at, given[clock.pk], breached=breached)
            clock.escalated_at = (clock.escalated_at or now) if given[clock.pk] & raising else None
        Clock.objects.bulk_update(batch, ["next_step_at", "escalated_at"], batch_size=500)


def set_step(row: WarningStep, *, by: User) -> WarningStep:
    """Keep a new or changed warning step; the next sweep brings it to the running clocks. Raises Refused."""
    if not by.has_perm(MANAGE):
        raise Refused("Your role may not set deadlines. Ask a manager of the privacy team.", code="not_allowed")
    check_step(row.basis, row.value)
    with log.atomic():
        row.pending = True
        row.save()
        log.record(
            "deadline.step_set", actor=actors.staff(by.pk), noun=row, key=row.key, basis=row.basis, value=row.value,
            escalates=row.escalates, active=row.active,
        )  # fmt: skip
    return row


def check_step(basis: str, value: int) -> None:
    """Raises Refused for a number that makes no sense."""
    most = 99 if basis == WarningStep.Basis.SHARE else 365
    if not 1 <= value <= most:
        raise Refused(f"Give a number from 1 to {most}.", code="value_range", field="value")


def bring_steps() -> int:
    """Let changed steps reach the running clocks, in batches; safe to stop and repeat. How many clocks were looked at."""
    changed = list(WarningStep.objects.filter(pending=True).values_list("pk", "value", "basis", "active"))
    if not changed:
        return 0
    many = reschedule(Clock.objects.all())
    for pk, value, basis, active in changed:  # one that was changed again meanwhile stays pending
        WarningStep.objects.filter(pk=pk, value=value, basis=basis, active=active).update(pending=False)
    return many


def raised() -> Q:
    """What a manager should see among requests: a deadline of a law was missed, a step that escalates was reached, or a
    colleague raised it.
    """
    # Two sets that are gathered once, each from its partial index, not a question for each request.
    late = running().exclude(breached_at=None).exclude(kind=Clock.Kind.TARGET)
    near = running().exclude(escalated_at=None)
    return Q(pk__in=late.values("request")) | Q(pk__in=near.values("request")) | Q(raised_at__isnull=False)


def escalated() -> "QuerySet[Request]":
    """Open requests that are before the managers."""
    return Request.objects.exclude(state=State.CLOSED).filter(raised())
