"""Appeals against an answer, and complaints to the company: linked requests of their own, each with its own clock.

An appeal exists where a law of the request gives one, for as long as it does; somebody who did not decide before decides it.
Granted, the case opens again and is searched and decided anew. A complaint exists where a law gives it a clock.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

import law
from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from requests_app import acts, clocks, letters, locks, plans, policy, workflow
from requests_app.models import Outcome, Request, Right, State
from requests_app.policy import DENY

NOT_ALLOWED = "Your role may not decide about appeals and complaints. Ask a colleague who may deny requests."
APPEALABLE = (Outcome.DENIED, Outcome.PARTLY)


def appeal_laws(request: Request, now: datetime) -> list[dict[str, str]]:
    """The laws of this request under which the person may appeal against its answer today; none if they may not."""
    if request.state != State.CLOSED or request.outcome not in APPEALABLE or request.closed_at is None:
        return []
    if request.right in (Right.APPEAL, Right.COMPLAINT):
        return []
    found = []
    for row in request.laws:
        one = law.statute(row["statute"])
        days = one.remedies.appeal_days
        open_still = days is None or now < request.closed_at + timedelta(days=days + 1)
        if law.granted_right(one, "appeal", now.date()) and open_still:
            found.append({"statute": one.id, "version": law.version(one.id), "right": "appeal"})
    return found


def complaint_laws(residence: str, now: datetime) -> list[dict[str, str]]:
    """The laws of a place that give a complaint to the company a clock."""
    day = now.date()
    found = [one for one in law.laws_for(residence, day) if law.granted_right(one, "complaint", day)]
    return [{"statute": one.id, "version": law.version(one.id), "right": "complaint"} for one in found]


def appeal(earlier: Request, *, words: str, actor: Actor, now: datetime | None = None) -> Request:
    """Open an appeal against the answer to `earlier`; while one is open, that one is returned. Raises Refused."""
    at = now or timezone.now()
    details = acts.written(words, "words", "Say in a sentence or two what was wrong with our answer.")
    with log.atomic():
        fresh = locks.request(earlier.pk)
        known = Request.objects.filter(follows=fresh, right=Right.APPEAL).exclude(state=State.CLOSED).first()
        if known is not None:
            return known
        rows = appeal_laws(fresh, at)
        if not rows:
            raise Refused("There is no appeal against this answer, or its time is over.", code="no_appeal")
        return _open(fresh, Right.APPEAL, rows, details, at, actor, "request.appealed", "appeal_received")


def complain(about: Request, *, words: str, actor: Actor, now: datetime | None = None) -> Request:
    """Open a complaint about how we handled a request. Raises Refused where no law gives it a clock."""
    at = now or timezone.now()
    details = acts.written(words, "words", "Say what you complain about.")
    with log.atomic():
        fresh = locks.request(about.pk)
        known = Request.objects.filter(follows=fresh, right=Right.COMPLAINT).exclude(state=State.CLOSED).first()
        if known is not None:
            return known
        rows = complaint_laws(fresh.residence, at)
        if not rows or fresh.right == Right.COMPLAINT:
            raise Refused("Write to us by e-mail about this; we answer every letter.", code="no_complaint")
        return _open(fresh, Right.COMPLAINT, rows, details, at, actor, "request.complained", "complaint_received")


def decide(one: Request, *, by: User, granted: bool, note: str) -> Request:
    """Decide an appeal: granted, the earlier case opens again; refused, it stands, with reasons. Raises Refused."""
    _may(by)
    words = acts.written(note, "note", "Explain the decision in words for the person.")
    with log.atomic():
        if one.follows_id is None:
            raise Refused("This is not an appeal.", code="illegal_move")
        earlier = locks.request(one.follows_id)
        fresh = locks.request(one.pk)
        if fresh.right != Right.APPEAL or fresh.state != State.IN_REVIEW:
            raise Refused(workflow.CONFLICT, code="state_conflict")
        if by.pk in deciders(earlier):
            raise Refused(
                "You decided about this request before; somebody else decides the appeal.", code="same_person"
            )
        kind = "appeal_granted" if granted else "appeal_refused"
        closed = workflow.close(
            fresh,
            Outcome.FULFILLED if granted else Outcome.DENIED,
            actor=actors.staff(by.pk),
            letter=kind,
            context={"earlier": earlier.reference, "note": words},
            event=f"request.{kind}",
            decided_by=by,
            denial_ground="" if granted else "appeal_refused",
            denial_note="" if granted else words,
        )
        if granted:
            workflow.open_again(earlier, actor=actors.staff(by.pk))
    return closed


def answer(one: Request, *, by: User, note: str) -> Request:
    """Answer a complaint in words. Raises Refused."""
    _may(by)
    words = acts.written(note, "note", "Write the answer in words for the person.")
    with log.atomic():
        fresh = locks.request(one.pk)
        if fresh.right != Right.COMPLAINT or fresh.state != State.IN_REVIEW:
            raise Refused(workflow.CONFLICT, code="state_conflict")
        return workflow.close(
            fresh, Outcome.FULFILLED, actor=actors.staff(by.pk), letter="complaint_answered", context={"note": words},
            event="request.complaint_answered", decided_by=by,
        )  # fmt: skip


def deciders(request: Request) -> set[int]:
    """Who had a hand in the answer to this request."""
    return {one for one in (request.proposed_by_id, request.approved_by_id, request.decided_by_id) if one is not None}


def _open(
    earlier: Request, right: str, rows: list[dict[str, str]], details: str, at: datetime, actor: Actor, event: str,
    letter: str,
) -> Request:  # fmt: skip
    """A linked request with its clocks and the letter that confirms it, in the caller's transaction."""
    made = Request.objects.create(
        reference=policy.reference(),
        right=right,
        subject_id=earlier.subject_id,
        identifier=earlier.identifier,
        channel=earlier.channel,
        residence=earlier.residence,
        language=earlier.language,
        received_at=at,
        details=details,
        laws=rows,
        plan=plans.PLANS[right].frozen(),
        proved_at=earlier.proved_at,
        follows=earlier,
    )
    log.record(
        event, actor=actor, noun=made, subject_id=made.subject_id, right=right, follows=earlier.pk,
        laws=[row["statute"] for row in rows],
    )  # fmt: skip
    clocks.start(made, actor=actor)
    context = {"earlier": earlier.reference}
    letters.queue(made, letter, dedupe=letter, context=context, actor=actor)
    workflow.nudge(made)
    return made


def _may(by: User) -> None:
    if not by.has_perm(f"requests_app.{DENY}"):
        raise Refused(NOT_ALLOWED, code="not_allowed")
