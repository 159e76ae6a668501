"""The conductor of retention runs: proposal, approval by another person, grace, execution by the engine, certificate.

What goes wrong if this is wrong: rows are erased that somebody still needs, or that nobody approved. So:
1. a run first only counts; what is erased later is exactly the rows that were counted, by their frozen keys;
2. somebody other than the schedule's author approves the number of rows that the page showed;
3. after the grace the schedule is read again: a run whose schedule was switched off or has other terms is cancelled;
4. the engine counts again before its first chunk: rows that nobody approved park its order as stale, and the run is counted
   and proposed anew;
5. people under a legal hold are spared inside the statement that deletes (connectors.sparing).
Undo: until the grace is over, cancel. Afterwards there is none.
"""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Max, Q, Sum
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.bell import ring
from audit.refusal import Refused
from connectors import batches
from connectors.models import Authorisation, WorkOrder
from retention import certificates, cutoffs
from retention.bells import advance_run
from retention.models import Run, Schedule

logger = logging.getLogger(__name__)

CONDUCTOR = actors.worker("retention.runs")
State = Run.State
OPEN = (State.FINDING, State.PROPOSED, State.APPROVED, State.RUNNING)

# What is not in this table does not happen. The value is the event that the move leaves.
MOVES: dict[tuple[str, str], str] = {
    (State.FINDING, State.PROPOSED): "run.proposed",
    (State.FINDING, State.NOTHING): "run.empty",
    (State.FINDING, State.CANCELLED): "run.cancelled",
    (State.PROPOSED, State.APPROVED): "run.approved",
    (State.PROPOSED, State.CANCELLED): "run.cancelled",
    (State.APPROVED, State.RUNNING): "run.started",
    (State.APPROVED, State.PROPOSED): "run.returned",
    (State.APPROVED, State.CANCELLED): "run.cancelled",
    (State.RUNNING, State.FINDING): "run.recounted",
    (State.RUNNING, State.DONE): "run.finished",
}
UNAPPROVED = {"approved_by": None, "approved_at": None, "not_before": None}


def today(now: datetime) -> date:
    """The day at the company's establishment, by which periods are counted."""
    return now.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()


def terms(schedule: Schedule) -> str:
    """What a run is bound to: the period and the collection that it is for."""
    collection = schedule.collection
    return f"{schedule.period} {schedule.unit}: {collection.dataset.key}.{collection.name}"


# ---------------------------------------------------------------- what people do


def propose(schedule: Schedule, *, actor: Actor, today: date) -> Run:
    """Open a run: count the rows that `schedule` leaves behind. Nothing is touched.

    Raises Refused: "schedule_off", "schedule_period", "not_dated" (no field dates the rows), "open_run_conflict".
    """
    if not schedule.active:
        raise Refused("This schedule is switched off. Switch it on, then propose a run.", code="schedule_off")
    with log.atomic():
        # Two proposals at once would open two runs; the second waits here and then sees the first.
        Schedule.objects.select_for_update().get(pk=schedule.pk)
        if Run.objects.filter(schedule=schedule, state__in=OPEN).exists():
            raise Refused(
                "A run of this schedule is open already. Finish or cancel it first.", code="open_run_conflict"
            )
        run = Run.objects.create(schedule=schedule, terms=terms(schedule), cutoff_on=_cutoff(schedule, today))
        _count(run, actor)
        log.record("run.opened", actor=actor, noun=run, schedule=schedule.key, cutoff=run.cutoff_on)
    return Run.objects.get(pk=run.pk)


def approve(run: Run, *, by: User, rows: int) -> Run:
    """Let the run erase, after its grace, the `rows` that the page showed.

    Raises Refused: "not_allowed", "own_schedule", "rows_conflict" (another number now), "state_conflict".
    """
    if not by.has_perm("retention.approve_run"):
        raise Refused("Your role may not approve retention runs. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        fresh = _locked(run.pk)
        if fresh.schedule.author_id == by.pk:
            raise Refused("You wrote this schedule, so somebody else must approve its runs.", code="own_schedule")
        if fresh.state == State.PROPOSED and fresh.rows != rows:
            raise Refused(
                f"The run now counts {fresh.rows} rows, not {rows}. Look again, then approve.", code="rows_conflict"
            )
        now = timezone.now()
        changes = {
            "approved_by": by,
            "approved_at": now,
            "not_before": now + timedelta(hours=fresh.schedule.grace_hours),
            "note": "",
        }
        moved = _move(fresh, State.APPROVED, actor=actors.staff(by.pk), rows_shown=rows, changes=changes)
        _release_kept(fresh, by)
        ring(advance_run, run.pk)
    return moved


def cancel(run: Run, *, by: User) -> Run:
    """End a run before it begins to erase. For its schedule's author and whoever may approve it."""
    if not by.has_perm("retention.approve_run") and run.schedule.author_id != by.pk:
        raise Refused("Your role may not cancel retention runs. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        fresh = _locked(run.pk)
        if fresh.state == State.RUNNING:
            raise Refused("The run has begun, so it cannot be cancelled. See to its work orders.", code="too_late")
        return _cancel(fresh, actors.staff(by.pk))


# ---------------------------------------------------------------- what conditions do


def advance(run_id: UUID) -> None:
    """Make every move whose condition is met; safe to repeat, and to run twice at once."""
    for _ in range(len(State)):
        try:
            with log.atomic():
                run = _locked(run_id)
                step = STEPS.get(run.state)
                if step is None or not step(run):
                    return
        except Refused as refused:  # what cannot be done stays where it is, with its reason in sight
            Run.objects.filter(pk=run_id).update(note=refused.message[:300])
            return


def can_move(now: datetime) -> list[UUID]:
    """Runs that may have a move to make."""
    ready = Q(state__in=(State.FINDING, State.RUNNING)) | Q(state=State.APPROVED, not_before__lte=now)
    return list(Run.objects.filter(ready).order_by("opened_at").values_list("pk", flat=True)[:200])


def due(now: datetime) -> list[Schedule]:
    """Active schedules without an open run whose last run began `every_days` ago or longer."""
    rows = Schedule.objects.filter(active=True).exclude(runs__state__in=OPEN)
    rows = rows.annotate(last=Max("runs__opened_at"))
    return [one for one in rows if one.last is None or one.last <= now - timedelta(days=one.every_days)]


def propose_due(now: datetime) -> int:
    """Open a run of every schedule that is due; how many. One that cannot be counted shows in the assurance checks."""
    opened = 0
    for schedule in due(now):
        try:
            propose(schedule, actor=CONDUCTOR, today=today(now))
            opened += 1
        except Refused as refused:
            logger.warning("schedule %s was not proposed: %s", schedule.pk, refused.code)
    return opened


def _from_finding(run: Run) -> bool:
    assert run.batch is not None
    if not batches.settled(run.batch, WorkOrder.Operation.FIND):
        _note_parked(run)
        return False
    if certificates.waived(run.batch):
        _cancel(run, CONDUCTOR, note="The count was given up, so this run ends. Propose it again.")
        return True
    now = timezone.now()
    rows = run.batch.findings.aggregate(total=Sum("rows"))["total"] or 0
    if rows:
        _move(run, State.PROPOSED, actor=CONDUCTOR, rows_found=rows, changes={"rows": rows, "proposed_at": now})
    else:
        _move(run, State.NOTHING, actor=CONDUCTOR, changes={"rows": 0, "finished_at": now, "note": ""})
    return True


def _from_approved(run: Run) -> bool:
    if run.not_before is None or run.not_before > timezone.now():
        return False
    schedule = run.schedule
    if not schedule.active or terms(schedule) != run.terms:
        _cancel(run, CONDUCTOR, note="The schedule was changed after this run was proposed. Propose a new one.")
        return True
    if schedule.author_id == run.approved_by_id:
        note = "Whoever approved this run is the schedule's author now. Somebody else must approve it."
        _move(run, State.PROPOSED, actor=CONDUCTOR, changes=UNAPPROVED | {"note": note})
        return True
    assert run.batch is not None
    batches.authorise(
        run.batch,
        operation=WorkOrder.Operation.ERASE,
        basis=Authorisation.Basis.SCHEDULE,
        proposed_by=schedule.author,
        approved_by=run.approved_by,
        actor=CONDUCTOR,
    )
    _move(run, State.RUNNING, actor=CONDUCTOR)
    return True


def _from_running(run: Run) -> bool:
    assert run.batch is not None
    if batches.parked(run.batch).filter(park_code="stale").exists():
        batches.cancel(run.batch, actor=CONDUCTOR)
        note = "Rows changed after the approval, so they were counted again. Look, then approve anew."
        moved = _move(run, State.FINDING, actor=CONDUCTOR, changes=UNAPPROVED | {"note": note})
        _count(moved, CONDUCTOR)
        return False  # the new count has only just been asked for
    if not batches.settled(run.batch, WorkOrder.Operation.ERASE):
        _note_parked(run)
        return False
    now = timezone.now()
    done = _move(run, State.DONE, actor=CONDUCTOR, changes={"finished_at": now, "note": ""})
    event = log.of(done).reverse()[0]
    proof = {"event": event.number, "event_digest": event.digest}
    Run.objects.filter(pk=run.pk).update(certificate=certificates.certificate(done) | proof)
    return True


STEPS: dict[str, Callable[[Run], bool]] = {
    State.FINDING: _from_finding,
    State.APPROVED: _from_approved,
    State.RUNNING: _from_running,
}


# ---------------------------------------------------------------- steps


def _locked(run_id: UUID) -> Run:
    rows = Run.objects.select_related("schedule__collection__dataset", "schedule__author", "batch", "approved_by")
    return rows.select_for_update(of=("self",)).get(pk=run_id)


def _move(run: Run, to: str, *, actor: Actor, changes: dict[str, Any] | None = None, **facts: Any) -> Run:
    event = MOVES.get((run.state, to))
    if event is None:
        raise Refused("This cannot be done in the state that the run is in.", code="state_conflict")
    with log.atomic():
        if not Run.objects.filter(pk=run.pk, state=run.state).update(state=to, **(changes or {})):
            raise Refused("This run has moved on meanwhile. Load the page again.", code="state_conflict")
        log.record(event, actor=actor, noun=run, schedule=run.schedule.key, before=run.state, after=to, **facts)
        return _locked(run.pk)


def _cancel(run: Run, actor: Actor, note: str = "") -> Run:
    moved = _move(run, State.CANCELLED, actor=actor, changes={"finished_at": timezone.now(), "note": note})
    if run.batch is not None:
        batches.cancel(run.batch, actor=actor)
    return moved


def _release_kept(run: Run, by: User) -> None:
    """A ground keeps rows from a person's request until their time is over; the schedule says, and `by` agrees, that it is."""
    assert run.batch is not None
    for finding in run.batch.findings.filter(action="keep"):
        batches.act_on(finding, action="delete", by=by)


def _count(run: Run, actor: Actor) -> None:
    collection = run.schedule.collection
    batch = batches.open_retention(
        origin=f"run:{run.pk}", collection=(collection.dataset.key, collection.name), before=run.cutoff_on, actor=actor
    )
    Run.objects.filter(pk=run.pk).update(batch=batch)


def _cutoff(schedule: Schedule, day: date) -> date:
    try:
        return cutoffs.cutoff(day, schedule.period, schedule.unit)
    except ValueError as error:
        raise Refused(
            "This period cannot be counted. Mend the schedule.", code="schedule_period", field="period"
        ) from error


def _note_parked(run: Run) -> None:
    assert run.batch is not None
    order = batches.parked(run.batch).first()
    if order is not None:
        Run.objects.filter(pk=run.pk).exclude(note=order.park_reason).update(note=order.park_reason)
