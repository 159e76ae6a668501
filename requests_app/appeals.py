"""Appeals against an answer, and complaints to the company: linked requests of their own, each with its own clock.

An appeal exists where a law of the request gives one, for as long as it does; somebody who did not decide before decides it.
Granted, the case opens again and is searched and decided anew. A complaint exists where a law gives it a clock.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext

import law
from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from requests_app import acts, clocks, letters, locks, plans, policy, workflow
from requests_app.models import Outcome, Request, Right, State
from requests_app.policy import DECIDE, DENY, WORK

NOT_ALLOWED = "Your role may not decide about appeals and complaints. Ask a colleague who may deny requests."
NOT_ENTERED = "Your role may not enter appeals and complaints. Ask a colleague who works on requests."
APPEALABLE = (Outcome.DENIED, Outcome.PARTLY)
HAND_IN = ("request.proposed", "request.approved", "request.approved_first", "request.denied")
OPENED = {
    Right.APPEAL: ("request.appealed", "appeal_received"),
    Right.COMPLAINT: ("request.complained", "complaint_received"),
}
BY_HAND = (Request.Channel.EMAIL, Request.Channel.PHONE, Request.Channel.POST, Request.Channel.PERSON)


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


def may_appeal(request: Request, followers: Iterable[Request], now: datetime) -> bool:
    """Whether an appeal can be made today: a law gives one, none is open, and none was refused about this answer."""
    rows = [one for one in followers if one.right == Right.APPEAL]
    if any(one.closed_at is None for one in rows) or any(_about_this_answer(one, request) for one in rows):
        return False
    return bool(appeal_laws(request, now))


def may_complain(request: Request, followers: Iterable[Request], now: datetime) -> bool:
    """Whether a complaint can be made today: a law of the place gives it a clock, and none is open."""
    if request.right == Right.COMPLAINT:
        return False
    if any(one.right == Right.COMPLAINT and one.closed_at is None for one in followers):
        return False
    return bool(complaint_laws(request.residence, now))


def enter(about: Request, *, by: User, right: str, channel: str, words: str) -> Request:
    """A colleague enters an appeal or a complaint that came by another way than the person's page. Raises Refused."""
    if not any(by.has_perm(f"requests_app.{one}") for one in (DECIDE, WORK)):
        raise Refused(NOT_ENTERED, code="not_allowed")
    if channel not in BY_HAND:
        raise Refused("Choose how it came.", code="channel_unknown", field="channel")
    if right not in (Right.APPEAL, Right.COMPLAINT):
        raise Refused("Choose an appeal or a complaint.", code="right_unknown", field="right")
    verb = appeal if right == Right.APPEAL else complain
    return verb(about, words=words, actor=actors.staff(by.pk), channel=channel)


def appeal(
    earlier: Request, *, words: str, actor: Actor, channel: str = Request.Channel.WEB, now: datetime | None = None
) -> Request:
    """Open an appeal against the answer to `earlier`; while one is open, that one is returned. Raises Refused."""
    at = now or timezone.now()
    details = acts.written(words, "words", gettext("Say in a sentence or two what was wrong with our answer."))
    with log.atomic():
        fresh = locks.request(earlier.pk)
        known = Request.objects.filter(follows=fresh, right=Right.APPEAL).exclude(state=State.CLOSED).first()
        if known is not None:
            return known
        rows = appeal_laws(fresh, at)
        if not rows:
            raise Refused(gettext("There is no appeal against this answer, or its time is over."), code="no_appeal")
        if any(_about_this_answer(one, fresh) for one in fresh.followed_by.filter(right=Right.APPEAL)):
            raise Refused(
                gettext(
                    "Your appeal against this answer was decided. Our letter about it says where else you can turn to."
                ),
                code="appealed_already",
            )
        return _open(fresh, Right.APPEAL, rows, details, at, channel, actor)


def complain(
    about: Request, *, words: str, actor: Actor, channel: str = Request.Channel.WEB, now: datetime | None = None
) -> Request:
    """Open a complaint about how we handled a request. Raises Refused where no law gives it a clock."""
    at = now or timezone.now()
    details = acts.written(words, "words", gettext("Say what you complain about."))
    with log.atomic():
        fresh = locks.request(about.pk)
        known = Request.objects.filter(follows=fresh, right=Right.COMPLAINT).exclude(state=State.CLOSED).first()
        if known is not None:
            return known
        rows = complaint_laws(fresh.residence, at)
        if not rows or fresh.right == Right.COMPLAINT:
            raise Refused(gettext("Write to us by e-mail about this; we answer every letter."), code="no_complaint")
        return _open(fresh, Right.COMPLAINT, rows, details, at, channel, actor)


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
    """Who had a hand in an answer to this request, also in one that was appealed against before. One query."""
    named = {one for one in (request.proposed_by_id, request.approved_by_id, request.decided_by_id) if one is not None}
    acted = log.of(request).filter(name__in=HAND_IN, actor__startswith="staff:").values_list("actor", flat=True)
    return named | {int(one.partition(":")[2]) for one in acted}


def _about_this_answer(one: Request, earlier: Request) -> bool:
    """Whether this appeal was refused after `earlier` had been answered as it is answered now."""
    if one.outcome != Outcome.DENIED or one.closed_at is None or earlier.closed_at is None:
        return False
    return one.closed_at >= earlier.closed_at


def _open(
    earlier: Request, right: Right, rows: list[dict[str, str]], details: str, at: datetime, channel: str, actor: Actor
) -> Request:
    """A linked request with its clocks and the letter that confirms it, in the caller's transaction."""
    made = Request.objects.create(
        reference=policy.reference(),
        right=right,
        subject_id=earlier.subject_id,
        identifier=earlier.identifier,
        channel=channel,
        residence=earlier.residence,
        language=earlier.language,
        received_at=at,
        details=details,
        laws=rows,
        plan=plans.PLANS[right].frozen(),
        proved_at=earlier.proved_at,
        follows=earlier,
    )
    event, letter = OPENED[right]
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
