"""A colleague has the privacy officers look at a case: raised with a reason, lowered when it was seen to.

It is a flag beside the case: no state moves, no clock stops, and who may decide or approve stays as it is.
"""

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from requests_app import deadlines, locks, policy, reminding
from requests_app.models import Raising, Request, State

LONGEST = 500


def open_one(request: Request) -> Raising | None:
    """Who raised the case and why, while it is raised. One query, and none for a case that is not."""
    if request.raised_at is None:
        return None
    return Raising.objects.filter(request=request.pk, lowered_at=None).select_related("by").first()


def may_lower(raised: Raising | None, user: User) -> bool:
    """The officers, and whoever raised it."""
    return raised is not None and (user.has_perm(deadlines.MANAGE) or raised.by_id == user.pk)


def raise_up(request: Request, *, by: User, reason: str) -> Raising:
    """Put a case before the privacy officers. Raises Refused."""
    if not reminding.may_work(by):
        raise Refused(reminding.NOT_ALLOWED, code="not_allowed")
    words = reason.strip()
    if not words or len(words) > LONGEST or not policy.printable(words, lines=True):
        raise Refused(f"Say why, in at most {LONGEST} characters.", code="missing", field="reason")
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.state == State.CLOSED:
            raise Refused("It is closed.", code="illegal_move")
        if fresh.raised_at is not None:
            raise Refused("It is raised already.", code="state_conflict")
        row = Raising.objects.create(request=fresh, by=by, reason=words)
        Request.objects.filter(pk=fresh.pk).update(raised_at=timezone.now())
        log.record("request.raised", actor=actors.staff(by.pk), noun=fresh, subject_id=fresh.subject_id)
    return row


def lower(request: Request, *, by: User) -> Request:
    """It was seen to. Raises Refused."""
    with log.atomic():
        fresh = locks.request(request.pk)
        row = open_one(fresh)
        if row is None:
            raise Refused("It is not raised.", code="state_conflict")
        if not may_lower(row, by):
            raise Refused("A privacy officer lowers it, or whoever raised it.", code="not_allowed")
        now = timezone.now()
        Raising.objects.filter(pk=row.pk).update(lowered_by=by, lowered_at=now)
        Request.objects.filter(pk=fresh.pk).update(raised_at=None)
        log.record("request.lowered", actor=actors.staff(by.pk), noun=fresh, subject_id=fresh.subject_id)
    return fresh
