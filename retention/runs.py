"""The conductor of retention runs: proposal, approval by another person, grace, execution by the engine, certificate.

What goes wrong if this is wrong: rows are erased that somebody still needs, or that nobody approved. So:
1. a run first only counts; what is erased later is exactly the rows that were counted, by their frozen keys;
2. somebody other than the schedule's author approves the number of rows that the page showed: a person, or who granted
   limits within which a run needs none (`limits`); an unusual number takes two people and a reason;
3. after the grace the schedule is read again: a run whose schedule was switched off or has other terms is cancelled;
4. the engine counts again before its first chunk: rows that nobody approved park its order as stale, and the run is counted
   and proposed anew;
5. people under a legal hold are spared inside the statement that deletes (connectors.sparing).
Undo: until the grace is over, cancel. Afterwards a run can be paused, and ended between two chunks: what is gone is gone, and
stands on its certificate.
"""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, Max, OuterRef, Q, Subquery, Sum
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.bell import ring
from audit.refusal import Refused
from connectors import batches, halting, holds, settling
from connectors.models import Authorisation, WorkOrder
from retention import actions, anonymity, archiving, certificates, clock, coming, limits, scopes, summaries
from retention.bells import advance_run
from retention.models import Limits, Run, Schedule
from retention.moves import CONDUCTOR, OPEN, UNAPPROVED, State, close, locked, move

logger = logging.getLogger(__name__)


def today(now: datetime) -> date:
    """The day at the company's establishment, by which periods are counted."""
    return now.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()


# ---------------------------------------------------------------- what people do


def propose(schedule: Schedule, *, actor: Actor, today: date) -> Run:
    """Open a run: count the rows that `schedule` leaves behind. Nothing is touched.

    Raises Refused: "schedule_off", "schedule_period", "not_dated" (no field dates the rows), "open_run_conflict".
    """
    clock.refuse_if_wrong()
    if not schedule.active:
        raise Refused("This schedule is switched off. Switch it on, then propose a run.", code="schedule_off")
    with log.atomic():
        # Two proposals at once would open two runs; the second waits here and then sees the first.
        Schedule.objects.select_for_update().get(pk=schedule.pk)
        if Run.objects.filter(schedule=schedule, state__in=OPEN).exists():
            raise Refused(
                "A run of this schedule is open already. Finish or cancel it first.", code="open_run_conflict"
            )
        now = {"terms": scopes.terms(schedule), "version_id": schedule.version_id}
        run = Run.objects.create(schedule=schedule, cutoff_on=_cutoff(schedule, today), **now)
        _count(run, actor, today)
        log.record("run.opened", actor=actor, noun=run, schedule=schedule.key, cutoff=run.cutoff_on)
    return Run.objects.get(pk=run.pk)


def approve(run: Run, *, by: User, rows: int, reason: str = "") -> Run:
    """Let the run erase, after its grace, the `rows` that the page showed. An unusual run waits for a second person then; the
    first one says for what `reason` it is right.

    Raises Refused: "not_allowed", "own_schedule", "rows_conflict" (another number now), "state_conflict", "reason_missing",
    "same_person".
    """
    if not by.has_perm("retention.approve_run"):
        raise Refused("Your role may not approve retention runs. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        fresh = locked(run.pk)
        if fresh.schedule.author_id == by.pk:
            raise Refused("You wrote this schedule, so somebody else must approve its runs.", code="own_schedule")
        if fresh.state == State.PROPOSED and fresh.rows != rows:
            raise Refused(
                f"The run now counts {fresh.rows} rows, not {rows}. Look again, then approve.", code="rows_conflict"
            )
        if fresh.unusual and fresh.first_by_id is None and fresh.state == State.PROPOSED:
            return _first_of_two(fresh, by, reason)
        if fresh.first_by_id == by.pk and fresh.state == State.PROPOSED:
            raise Refused("You approved this unusual run already; it waits for a second person.", code="same_person")
        return _approved(fresh, by, actors.staff(by.pk))


def cancel(run: Run, *, by: User) -> Run:
    """End a run, also one that has begun to erase: after the chunk at work nothing more goes. What is gone stays gone and is on
    the certificate. For its schedule's author and whoever may approve it.
    """
    may_halt(run, by)
    with log.atomic():
        fresh = locked(run.pk)
        if fresh.state == State.RUNNING:
            return _end(fresh, actors.staff(by.pk))
        return _cancel(fresh, actors.staff(by.pk))


def pause(run: Run, *, by: User) -> int:
    """Stop a run between two chunks, to go on later under the same approval; how many of its orders were stopped."""
    may_halt(run, by)
    if run.batch is None or run.state not in (State.FINDING, State.RUNNING) or not halting.stop(run.batch, by=by):
        raise Refused("There is nothing at work that could be paused.", code="state_conflict")
    ring(advance_run, run.pk)
    return 1


def resume(run: Run, *, by: User) -> int:
    """Let a paused run go on where it stopped."""
    may_halt(run, by)
    if run.batch is None or not halting.go_on(run.batch, by=by):
        raise Refused("Nothing of this run is paused.", code="state_conflict")
    return Run.objects.filter(pk=run.pk).update(note="")


def may_halt(run: Run, by: User) -> None:
    """Raises Refused for who is neither the schedule's author nor may approve."""
    if not by.has_perm("retention.approve_run") and run.schedule.author_id != by.pk:
        raise Refused("Your role may not pause or end retention runs. Ask your privacy officer.", code="not_allowed")


# ---------------------------------------------------------------- what conditions do


def advance(run_id: UUID) -> None:
    """Make every move whose condition is met; safe to repeat, and to run twice at once."""
    for _ in range(len(State)):
        try:
            with log.atomic():
                run = locked(run_id)
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
    """Active schedules that hold, without an open run, whose last run began `every_days` ago or longer, or left rows of a hold
    that was released since. One query.
    """
    mine = Run.objects.filter(schedule=OuterRef("pk"))
    last = mine.order_by("-opened_at")
    rows = Schedule.objects.filter(active=True).annotate(
        last=Max("runs__opened_at"), busy=Exists(mine.filter(state__in=OPEN)), held=Subquery(last.values("held")[:1]),
        released=Subquery(holds.last_release()),
    )  # fmt: skip
    return [
        one
        for one in scopes.holding(list(rows))
        if not one.busy
        and (
            one.last is None
            or one.last <= now - timedelta(days=one.every_days)
            or (one.held and one.released is not None and one.released > one.last)
        )
    ]


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
    seen = run.batch.findings.aggregate(rows=Sum("rows"), held=Sum("held"), of_rows=Sum("of_rows"))
    counted = {"rows": seen["rows"] or 0, "held": seen["held"] or 0, "of_rows": seen["of_rows"]}
    if not counted["rows"]:
        facts = {"held": counted["held"]} if counted["held"] else {}
        move(run, State.NOTHING, actor=CONDUCTOR, changes=counted | {"finished_at": now, "note": ""}, **facts)
        return True
    bounds = limits.of(run.schedule)
    counted |= {"unusual": limits.why_unusual(run, counted["rows"], counted["of_rows"], bounds), "proposed_at": now}
    moved = move(run, State.PROPOSED, actor=CONDUCTOR, rows_found=counted["rows"], changes=UNAPPROVED | counted)
    _by_itself(moved, bounds)
    return True


def _from_approved(run: Run) -> bool:
    if run.not_before is None or run.not_before > timezone.now():
        return False
    clock.refuse_if_wrong()
    schedule = run.schedule
    if not schedule.active or scopes.begun_otherwise(run):
        _cancel(run, CONDUCTOR, note="The schedule was changed after this run was proposed. Propose a new one.")
        return True
    if schedule.author_id == run.approved_by_id:
        note = "Whoever approved this run is the schedule's author now. Somebody else must approve it."
        move(run, State.PROPOSED, actor=CONDUCTOR, changes=UNAPPROVED | {"note": note})
        return True
    bounds = limits.of(schedule) if run.automatic else None
    if run.automatic and (bounds is None or bounds.granted_by_id != run.approved_by_id):
        note = "The limits within which this run went by itself were taken back. Somebody must approve it."
        move(run, State.PROPOSED, actor=CONDUCTOR, changes=UNAPPROVED | {"note": note})
        return True
    assert run.batch is not None
    if not summaries.ready(run) or not archiving.ready(run):
        return False
    batches.authorise(
        run.batch,
        operation=actions.operation(schedule),
        basis=Authorisation.Basis.SCHEDULE,
        proposed_by=schedule.author,
        approved_by=run.approved_by,
        actor=CONDUCTOR,
    )
    move(run, State.RUNNING, actor=CONDUCTOR)
    return True


def _from_running(run: Run) -> bool:
    assert run.batch is not None
    if batches.parked(run.batch).filter(park_code="stale").exists():
        settling.cancel(run.batch, actor=CONDUCTOR)
        note = "Rows changed after the approval, so they were counted again. Look, then approve anew."
        moved = move(run, State.FINDING, actor=CONDUCTOR, changes=UNAPPROVED | {"note": note})
        _count(moved, CONDUCTOR, today(timezone.now()))
        return False  # the new count has only just been asked for
    if not batches.settled(run.batch, actions.authorised(run)):
        _note_parked(run)
        return False
    if not anonymity.settled(run):
        return False
    close(run, State.DONE, CONDUCTOR)
    return True


STEPS: dict[str, Callable[[Run], bool]] = {
    State.FINDING: _from_finding,
    State.APPROVED: _from_approved,
    State.RUNNING: _from_running,
}


# ---------------------------------------------------------------- steps


def _cancel(run: Run, actor: Actor, note: str = "") -> Run:
    moved = move(run, State.CANCELLED, actor=actor, changes={"finished_at": timezone.now(), "note": note})
    if run.batch is not None:
        settling.cancel(run.batch, actor=actor)
    return moved


def _end(run: Run, actor: Actor) -> Run:
    assert run.batch is not None
    halting.end(run.batch, actor=actor)
    note = "Ended by a colleague while it ran. What was gone by then is on the certificate; nothing else was touched."
    return close(run, State.CANCELLED, actor, note)


def _first_of_two(run: Run, by: User, reason: str) -> Run:
    words = reason.strip()[:300]
    if not words:
        raise Refused(
            f"{run.unusual} Say why that is right; then a second person approves as well.", code="reason_missing",
            field="reason",
        )  # fmt: skip
    Run.objects.filter(pk=run.pk).update(first_by=by, reason=words)
    log.record("run.seconded", actor=actors.staff(by.pk), noun=run, schedule=run.schedule.key, rows_shown=run.rows)
    return locked(run.pk)


def _approved(run: Run, by: User, actor: Actor, *, automatic: bool = False) -> Run:
    now = timezone.now()
    changes = {
        "approved_by": by, "approved_at": now, "not_before": now + timedelta(hours=run.schedule.grace_hours), "note": "",
        "automatic": automatic,
    }  # fmt: skip
    facts = {"automatic": True, "granted_by": str(actors.staff(by.pk))} if automatic else {}
    moved = move(run, State.APPROVED, actor=actor, rows_shown=run.rows, changes=changes, **facts)
    _release_kept(run, by)
    ring(advance_run, run.pk)
    return moved


def _by_itself(run: Run, bounds: Limits | None) -> None:
    """Approve a run that keeps within its limits; say why one does not."""
    who, why = limits.approver(run, bounds)
    if who is not None and not run.unusual:
        _approved(run, who, CONDUCTOR, automatic=True)
    elif why:
        Run.objects.filter(pk=run.pk).update(note=f"Not by itself: {why}"[:300])


def _release_kept(run: Run, by: User) -> None:
    """A ground keeps rows from a person's request until their time is over; the schedule says, and `by` agrees, that it is."""
    assert run.batch is not None
    for finding in run.batch.findings.filter(action="keep"):
        batches.act_on(finding, action="delete", by=by)


def _count(run: Run, actor: Actor, day: date) -> None:
    batch = scopes.open_batch(run, actor, ahead=coming.days(run.schedule, day))
    Run.objects.filter(pk=run.pk).update(batch=batch)


def _cutoff(schedule: Schedule, day: date) -> date:
    try:
        return schedule.cutoff(day)
    except ValueError as error:
        raise Refused(
            "This period cannot be counted. Mend the schedule.", code="schedule_period", field="period"
        ) from error


def _note_parked(run: Run) -> None:
    assert run.batch is not None
    order = batches.parked(run.batch).first()
    if order is not None:
        Run.objects.filter(pk=run.pk).exclude(note=order.park_reason).update(note=order.park_reason)
