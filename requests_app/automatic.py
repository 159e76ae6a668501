"""What a playbook approves by itself: an objection of low risk, exactly once, in the name of the manager who wrote it.

A colleague would have pressed one button; nothing else changes. Whatever is not plainly of low risk stays in review: something
found is shared or undecided, too many rows, a hold, a stop, an open question, anything that asks for a person, somebody who
asks for somebody else, one request too many, or a manager who could not have approved it any more.
"""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors.models import Finding, LegalHold
from requests_app import guards, locks, plans, playbooks, playing, policy, repeats, review
from requests_app.models import Request, State

PLAYBOOK = actors.worker("requests.playbook")


def sweep() -> int:
    """Approve what playbooks approve by themselves; how many. Taken by turns, so that what stays holds up nobody."""
    rows = Request.objects.filter(state=State.IN_REVIEW, proposed_by=None, stopped_at=None, attention="")
    ids = list(rows.filter(playbook__auto=True).order_by("?").values_list("pk", flat=True)[:50])
    return sum(approve(pk) for pk in ids)


def approve(request_id: UUID) -> bool:
    """Approve one request by its playbook, if it is one that may be; whether it was."""
    with log.atomic():
        request = locks.request(request_id, "batch")
        play = playbooks.thaw(request.playbook)
        manager = _manager(play)
        if manager is None or not low_risk(request, play):
            return False
        try:
            facts: dict[str, Any] = {
                "playbook": play.id,
                "version": play.version,
                "manager": manager.pk,
                "rows": playing.rows(request),
            }
            with log.atomic(apart=True):
                review.carry_out(request, manager, actor=PLAYBOOK, event="request.approved_by_playbook", **facts)
        except Refused as refused:
            if refused.code not in ("held", "search_conflict", "undecided_conflict", "stopped", "step_open"):
                raise
            return False
    return True


def low_risk(request: Request, play: playbooks.Play) -> bool:
    """Whether everything about this request is as plain as a playbook may take it."""
    plan = plans.thaw(request.plan)
    if not (play.auto and playbooks.may_approve_itself(plan)) or playing.second_person(request):
        return False
    plain = request.state == State.IN_REVIEW and request.proposed_by_id is None and request.waiting_since is None
    own = request.asked_by == Request.AskedBy.SELF and not request.attention
    if not plain or not own or guards.waits(request) or guards.stopped(request) or not guards.found(request):
        return False
    if playing.open_steps(request):
        return False  # it does so once they are ticked
    findings = list(Finding.objects.filter(batch=request.batch_id))
    if any(one.shared or one.decision != Finding.Decision.INCLUDE for one in findings if one.rows):
        return False
    if sum(one.rows for one in findings) > play.auto_rows or repeats.excess(request) is not None:
        return False
    return not LegalHold.objects.filter(subject=request.subject_id, released_at=None).exists()


def _manager(play: playbooks.Play) -> User | None:
    """Who wrote the version, if they could still approve this themself."""
    found = User.objects.filter(pk=play.by, is_active=True).first()
    may = found is not None and found.has_perm(playing.MANAGE) and found.has_perm(f"requests_app.{policy.DECIDE}")
    return found if may else None
