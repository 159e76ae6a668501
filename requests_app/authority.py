"""What a colleague decides about somebody who asks for another person: accept their authority, or refuse it with a reason."""

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from requests_app import acts, attention, laws, locks, workflow
from requests_app.models import Asker, Outcome, Request, State
from requests_app.policy import DECIDE
from subjects import registry

NOT_ALLOWED = "Your role may not decide about an authority. Ask a colleague who decides about requests."
# What a law calls it; where none of the request's laws has a word for it, the next one.
GROUNDS = ("agent_unauthorised", "id_unverified", "not_protected_person", "manifestly_unfounded")


def accept(request: Request, *, by: User, reason: str) -> Request:
    """The papers show that they may ask for this person, and that the address is this person's: the search may begin.

    Raises Refused for a role that may not, and where the law wants the person's own word, or nothing, instead.
    """
    words = acts.written(reason, "reason", "Write what showed the authority.")
    who = actors.staff(by.pk)
    with log.atomic():
        fresh = _waiting(request, by)
        if fresh.authority != Request.Authority.AWAITING:
            raise Refused("Here the person confirms by their own mailbox; a colleague cannot for them.", code="person")
        now = timezone.now()
        changes = {"authority": Request.Authority.ACCEPTED, "proved_at": fresh.proved_at or now}
        Request.objects.filter(pk=fresh.pk).update(**changes)
        Asker.objects.filter(request=fresh).update(decided_by=by, decided_at=now, reason=words)
        if fresh.identifier is not None and fresh.identifier.proved_at is None:
            registry.prove(fresh.identifier, at=now, actor=who)
        log.record("request.authority_accepted", actor=who, noun=fresh, subject_id=fresh.subject_id)
        fresh = Request.objects.get(pk=fresh.pk)
        attention.refresh(fresh.pk, actor=who)
        workflow.nudge(fresh)
    return fresh


def refuse(request: Request, *, by: User, reason: str) -> Request:
    """They may not ask for this person: the case ends, both are told, and nothing was searched."""
    words = acts.written(reason, "reason", "Write why, in words for whoever asked.")
    with log.atomic():
        fresh = _waiting(request, by)
        known = {one.code for one in laws.grounds(fresh)}
        ground = next((one for one in GROUNDS if one in known), None) or next(iter(sorted(known)), GROUNDS[0])
        now = timezone.now()
        Asker.objects.filter(request=fresh).update(decided_by=by, decided_at=now, reason=words)
        return workflow.close(
            fresh,
            Outcome.DENIED,
            actor=actors.staff(by.pk),
            letter="denied",
            event="request.authority_refused",
            authority=Request.Authority.REFUSED,
            decided_by=by,
            denial_ground=ground,
            denial_note=words,
        )


def _waiting(request: Request, by: User) -> Request:
    if not by.has_perm(f"requests_app.{DECIDE}"):
        raise Refused(NOT_ALLOWED, code="not_allowed")
    fresh = locks.request(request.pk)
    if fresh.asked_by == Request.AskedBy.SELF or fresh.state not in (State.RECEIVED, State.VERIFYING):
        raise Refused("Nobody's authority is to be decided here any more.", code="state_conflict")
    return fresh
