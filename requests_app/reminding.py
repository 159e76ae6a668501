"""A reminder to the person who has not proved yet who asks."""

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from requests_app import letters, locks, plans, proof
from requests_app.models import Proof, Request, State
from requests_app.policy import APPROVE, DECIDE, DENY, WORK

WORKERS = (WORK, DECIDE, APPROVE, DENY)
NOT_ALLOWED = "Your role may not do this. Ask a colleague who works on requests."


def may_work(user: User) -> bool:
    """Whether a role works on cases at all."""
    return any(user.has_perm(f"requests_app.{one}") for one in WORKERS)


def remind(request: Request, *, by: User) -> Request:
    """Send the link by which a person proves who asks once more. Raises Refused."""
    if not may_work(by):
        raise Refused(NOT_ALLOWED, code="not_allowed")
    now = timezone.now()
    with log.atomic():
        fresh = locks.request(request.pk, "identifier")
        if fresh.state != State.VERIFYING or fresh.proved_at is not None or not plans.thaw(fresh.plan).needs_proof:
            raise Refused("It does not wait for a proof.", code="illegal_move")
        if fresh.authority == Request.Authority.AWAITING:
            raise Refused("It waits for us: somebody's authority has to be looked at.", code="illegal_move")
        locks.person(fresh.subject_id)
        if letters.limited(letters.address(fresh), now, str(Proof.Purpose.OPEN)):
            raise Refused("This mailbox had three links within the hour. Try again later.", code="limited")
        log.record("request.reminded", actor=actors.staff(by.pk), noun=fresh, subject_id=fresh.subject_id)
        proof.send(fresh, Proof.Purpose.OPEN, actor=actors.staff(by.pk), now=now)
    return fresh
