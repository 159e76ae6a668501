"""The conductor: the only code that changes the state of a request.

`move` makes one step of the table, by compare-and-swap, with its guard and its event in one transaction; `advance` makes all
the steps whose conditions are met. Nothing here waits: what is not ready yet is found again by the sweep, and what needs a
person stays where it is, with the reason in `Request.attention`.

The order of locks is in `locks`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.bell import ring
from audit.refusal import Refused
from connectors import batches, settling
from connectors.models import Authorisation
from consent import choices
from disclosures import notices
from requests_app import (
    askers,
    attention,
    bells,
    clocks,
    guards,
    letters,
    locks,
    moves,
    plans,
    policy,
    reads,
    results,
    stationery,
    wording,
)
from requests_app.guards import GUARDS
from requests_app.models import Clock, Outcome, Parcel, Pause, Request, Right, State
from subjects.models import Identifier

CONDUCTOR = actors.worker("requests.workflow")
STOPPED = "Somebody on file said that they did not ask for this. Make sure who asked, then let it go on."
CONFLICT = "This request has moved on meanwhile. Load the page again."
UNDECIDED: dict[str, Any] = {
    "proposed_by": None,
    "proposed_at": None,
    "proposed_fingerprint": "",
    "approved_by": None,
    "approved_at": None,
    "decided_by": None,
    "denial_ground": "",
    "denial_note": "",
}
ACTIVE = (State.COLLECTING, State.IN_REVIEW, State.DELIVERING, State.NOTIFYING)


# ---------------------------------------------------------------- one step


def move(request: Request, to: str, *, actor: Actor, event: str = "", held: bool = False, **changes: Any) -> Request:
    """Bring `request` from the state it was read in to `to`, with `changes`; the fresh row.

    `held`: it was read under its lock in this transaction, so that it is fresh already.
    Raises Refused: code "illegal_move" (not in the table), "guard_<name>" (not yet), "state_conflict" (moved meanwhile).
    """
    moved = move_if_ready(request, to, actor=actor, event=event, held=held, **changes)
    if moved is None:
        guard = moves.MOVES[moves.Pair(request.state, to)].guard
        raise Refused(gettext("What this step needs has not happened yet."), code=f"guard_{guard}")
    return moved


def move_if_ready(
    request: Request, to: str, *, actor: Actor, event: str = "", held: bool = False, **changes: Any
) -> Request | None:
    """As `move`, but None when what the step needs has not happened yet."""
    step = moves.MOVES.get(moves.Pair(request.state, to))
    if step is None:
        raise Refused(gettext("This cannot be done in the state that the request is in."), code="illegal_move")
    before = request.state
    with log.atomic():
        fresh = request if held else locks.request(request.pk)
        if guards.stopped(fresh) and to in ACTIVE:
            raise Refused(STOPPED, code="stopped")
        if not GUARDS[step.guard](fresh):
            return None
        if not Request.objects.filter(pk=request.pk, state=before).update(state=to, **changes):
            raise Refused(gettext(CONFLICT), code="state_conflict")
        for name, value in {"state": to, **changes}.items():  # the row is ours until the end: nobody else changed it
            setattr(fresh, name, value)
        facts = {"before": before, "after": to} | ({"outcome": fresh.outcome} if to == State.CLOSED else {})
        log.record(event or step.event, actor=actor, noun=fresh, subject_id=fresh.subject_id, **facts)
    return fresh


# ---------------------------------------------------------------- as far as conditions allow


def advance(request_id: UUID) -> None:
    """Make every step whose condition is met; safe to repeat, and to run twice at once.

    All in one transaction, under the request's lock. A step that fails takes none of those before it back.
    """
    failed: Exception | None = None
    with log.atomic():
        request, moved = locks.request(request_id, "batch", "identifier", "subject"), False
        for _ in range(len(moves.STATES)):
            step = None if _stays(request) else STEPS.get(request.state)
            try:
                with log.atomic(apart=moved):
                    following = step(request) if step else None
            except Exception as error:
                if not moved:
                    raise
                failed = error
                break
            if following is None:
                break
            request, moved = following, True
        if failed is None:
            attention.refresh_locked(request, actor=CONDUCTOR)
    if failed is not None:
        raise failed


def _stays(request: Request) -> bool:
    """Stopped, and past asking for proof: nothing goes on by itself."""
    return guards.stopped(request) and not guards.needs_proof(request)


def _from_received(request: Request) -> Request | None:
    if not plans.thaw(request.plan).find:
        return move(request, State.IN_REVIEW, actor=CONDUCTOR, held=True)
    if guards.waits(request):
        return move(request, State.VERIFYING, actor=CONDUCTOR, held=True)
    return _begin(request)


def _from_verifying(request: Request) -> Request | None:
    return None if guards.waits(request) else _begin(request)


def _begin(request: Request) -> Request:
    """Start the search, or merge with a request of the same kind that is being worked on already.

    The person's row is locked, so that of two requests proved at once one sees the other.
    """
    locks.person(request.subject_id)
    earlier = _same_request(request)
    if earlier is not None:
        return _merge(request, earlier)
    batch = _search(request)
    if not plans.thaw(request.plan).review:
        _refuse(request)
    return move(request, State.COLLECTING, actor=CONDUCTOR, held=True, batch=batch)


def _refuse(request: Request) -> None:
    """Say No for the person to the purposes that this right is about, if it is about some."""
    plan = plans.thaw(request.plan)
    if plan.chooses:
        choices.refuse(request.subject, plan.refuses, source="request", actor=actors.person(request.subject_id))


def _same_request(request: Request) -> Request | None:
    others = Request.objects.filter(subject=request.subject_id, right=request.right, state__in=ACTIVE)
    others = others.exclude(pk=request.pk).order_by("received_at")
    wanted = (request.changes, request.categories, request.masks)
    return next((one for one in others if (one.changes, one.categories, one.masks) == wanted), None)


def _merge(request: Request, earlier: Request) -> Request:
    now = timezone.now()
    closed = move(
        request,
        State.CLOSED,
        actor=CONDUCTOR,
        event="request.merged",
        held=True,
        outcome=Outcome.DUPLICATE,
        duplicate_of=earlier,
        closed_at=now,
        attention="",
    )
    clocks.meet(closed, Clock.Kind.RESPOND, now, actor=CONDUCTOR)
    if not letters.limited(letters.address(closed), now, "duplicate"):
        letters.queue(closed, "duplicate", dedupe="duplicate", context={"earlier": earlier.reference}, actor=CONDUCTOR)
    return closed


def _search(request: Request) -> Any:
    """A new batch, looking by what the person showed to be theirs; an opt-out also by the address it named."""
    shared = (Identifier.Kind.NAME, Identifier.Kind.POST)  # others bear the name and live at the address
    rows = Identifier.objects.filter(subject=request.subject_id).exclude(kind__in=shared)
    if plans.thaw(request.plan).needs_proof:
        rows = rows.filter(proved_at__isnull=False)
    found: dict[str, list[str]] = {}
    for row in rows.order_by("created_at"):
        found.setdefault(row.kind, []).append(row.value)
    return batches.open_find(
        origin=request.reference,
        subject=request.subject,
        identities=found,
        categories=request.categories,
        masks=request.masks,
        actor=CONDUCTOR,
    )


def _from_collecting(request: Request) -> Request | None:
    plan = plans.thaw(request.plan)
    if plan.review:
        return move_if_ready(request, State.IN_REVIEW, actor=CONDUCTOR, held=True)
    if request.batch is None or not guards.found(request):
        return None
    if not guards.authorised(request):
        batches.authorise(
            request.batch, operation=plan.operation, basis=Authorisation.Basis.OPT_OUT, actor=CONDUCTOR
        )  # fmt: skip
    return move(request, State.DELIVERING, actor=CONDUCTOR, held=True)


def _from_delivering(request: Request) -> Request | None:
    moved = move_if_ready(request, State.NOTIFYING, actor=CONDUCTOR, held=True)
    if moved is None:
        return None
    plan = plans.thaw(request.plan)
    if plan.review:
        _refuse(request)
    if plan.recipients:
        categories = wording.categories(request)
        notices.queue(
            request.subject, plan.recipients, origin=request.reference, categories=categories, actor=CONDUCTOR
        )
    return moved


def _from_notifying(request: Request) -> Request | None:
    if not notices.settled(request.reference):
        return None
    plan = plans.thaw(request.plan)
    with stationery.speaking(request.language):
        summary = results.summary(request)
    outcome = policy.outcome(
        found=summary.found, left=summary.left, referred=len(summary.referred), always_done=plan.chooses
    )
    kind = plan.letter if summary.found or plan.chooses else "nothing_held"
    return close(request, outcome, actor=CONDUCTOR, letter=kind, held=True, summary=summary)


STEPS: dict[str, Callable[[Request], Request | None]] = {
    State.RECEIVED: _from_received,
    State.VERIFYING: _from_verifying,
    State.COLLECTING: _from_collecting,
    State.DELIVERING: _from_delivering,
    State.NOTIFYING: _from_notifying,
}


# ---------------------------------------------------------------- ends


def close(
    request: Request,
    outcome: str,
    *,
    actor: Actor,
    letter: str,
    context: dict[str, Any] | None = None,
    event: str = "",
    held: bool = False,
    summary: results.Summary | None = None,
    **changes: Any,
) -> Request:
    """End a request: its outcome, its clocks met, its last letter in the outbox, all in one transaction.

    `held`: see `move`; `summary`: see `letters.queue`.
    """
    now = timezone.now()
    with log.atomic():
        closed = move(
            request,
            State.CLOSED,
            actor=actor,
            event=event,
            held=held,
            outcome=outcome,
            closed_at=now,
            attention="",
            waiting_since=None,
            **changes,
        )
        Pause.objects.filter(request=closed, answered_at=None).update(answered_at=now)  # nobody waits any more
        clocks.meet(closed, Clock.Kind.RESPOND, now, actor=actor)
        letters.queue(
            closed, letter, dedupe=_last(closed, letter), context=context or {}, actor=actor, summary=summary
        )  # fmt: skip
        if closed.asked_by != Request.AskedBy.SELF:
            askers.tell_end(closed, actor=actor)
    return closed


def _last(request: Request, letter: str) -> str:
    """One last letter for each time that a case is closed: an appeal may open it again."""
    times = Request.objects.filter(follows=request, right=Right.APPEAL, outcome=Outcome.FULFILLED).count()
    return f"{letter}-{times + 1}" if times else letter


def withdraw(request: Request, *, actor: Actor) -> Request:
    """End a request because the person wants it no more. Raises Refused once something has been carried out."""
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.state in (State.NOTIFYING, State.CLOSED):
            raise Refused(
                gettext("This request has been carried out already, so it cannot be withdrawn."), code="too_late"
            )
        if fresh.batch is not None:
            # Cancelled first: from then on no worker writes, so what is seen now is all there will be.
            settling.cancel(fresh.batch, actor=actor)
            if not guards.untouched(fresh):
                raise Refused(gettext("The work has begun already, so it cannot be stopped any more."), code="too_late")
        unbuilt = Parcel.objects.filter(request=fresh, state=Parcel.State.OPEN)
        unbuilt.update(state=Parcel.State.EXPIRED, lease_until=None, fence=F("fence") + 1)
        Parcel.objects.filter(request=fresh, state=Parcel.State.READY).update(expires_at=timezone.now())
        return close(fresh, Outcome.WITHDRAWN, actor=actor, letter="withdrawn", event="request.withdrawn")


def close_unproved(now: datetime) -> int:
    """End the requests that nobody proved in time; a later proof opens them again. How many."""
    closed = 0
    for request in reads.unproved(now)[:200]:
        try:
            close(request, Outcome.UNVERIFIED, actor=CONDUCTOR, letter="unverified", event="request.unproved")
            closed += 1
        except Refused as refused:
            if refused.code != "state_conflict":
                raise
    return closed


def reopen(request: Request, *, actor: Actor) -> Request:
    """Go on with a request that was closed for want of proof, now that the person gave it.

    The case had been answered, so its clocks start anew with the proof. While an equal request is being worked on, it
    stays closed: nothing would be done twice.
    """
    with log.atomic():
        fresh = locks.request(request.pk)
        locks.person(fresh.subject_id)
        if _same_request(fresh) is not None:
            return fresh
        changes: dict[str, Any] = {"outcome": Outcome.NONE, "closed_at": None, "batch": _search(fresh)}
        fresh = move(fresh, State.COLLECTING, actor=actor, **changes)
        clocks.restart(fresh, timezone.now(), actor=actor)
    return fresh


def open_again(request: Request, *, actor: Actor) -> Request:
    """Go on with a case whose answer was appealed against with success, in the caller's transaction: it is decided anew."""
    fresh = locks.request(request.pk)
    locks.person(fresh.subject_id)
    if fresh.batch is not None:
        settling.cancel(fresh.batch, actor=actor)
    changes: dict[str, Any] = {"outcome": Outcome.NONE, "closed_at": None, "batch": _search(fresh)}
    fresh = move(fresh, State.COLLECTING, actor=actor, **changes, **UNDECIDED)
    clocks.restart(fresh, timezone.now(), actor=actor)
    nudge(fresh)
    return fresh


def search_again(request: Request, *, actor: Actor) -> Request:
    """Search anew in the caller's transaction, after the old batch was cancelled; what was decided about it falls."""
    return move(request, State.COLLECTING, actor=actor, batch=_search(request), **UNDECIDED)


def nudge(request: Request) -> None:
    """Ask a worker to advance this request once the transaction is committed."""
    ring(bells.advance_request, request.pk)
