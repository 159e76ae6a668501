"""What colleagues decide about a request. Each verb asks the role itself, and refuses in words.

An approval covers exactly the findings that were on the screen: the page hands back the fingerprint that it showed, and a
verb refuses when the findings have another one by then.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.bell import ring
from audit.refusal import Refused
from connectors import batches, settling
from connectors.models import Authorisation, Batch, Finding
from requests_app import assignment, bells, guards, laws, locks, plans, playbooks, playing, policy, watching, workflow
from requests_app.buttons import Action, Ask, actions, may_approve, may_propose
from requests_app.models import Note, Outcome, Parcel, Request, State
from requests_app.policy import APPROVE, DECIDE, DENY, NOTE, SEND_BACK_REASONS, WORK
from requests_app.proving import stopping

__all__ = (
    "Action",
    "Ask",
    "act_on_finding",
    "actions",
    "approve",
    "collect_again",
    "decide_finding",
    "deny",
    "note",
    "propose",
    "send_back",
    "take",
)
STALE = "The findings changed since you looked; review again."
NOT_ALLOWED = {
    DECIDE: "Your role may not decide about requests. Ask a colleague who reviews requests.",
    APPROVE: "Your role may not approve requests. Ask a colleague who approves.",
    DENY: "Your role may not deny requests. Ask a colleague who may.",
}


def propose(request: Request, *, by: User, fingerprint: str) -> Request:
    """Propose to carry out what the findings show; without a second person in the plan, whoever decides approves by it."""
    if not may_propose(request, by):
        _may(by, DECIDE)
    with log.atomic():
        fresh = _reviewed(request, fingerprint)
        if Finding.objects.filter(batch=fresh.batch_id, decision=Finding.Decision.OPEN).exists():
            raise Refused("Some findings are not decided yet. Decide about each, then propose.", code="undecided")
        now = timezone.now()
        if fresh.owner_id is None:  # whoever decides first looks after it from then on
            assignment.give(fresh, to=by, actor=actors.staff(by.pk), event="request.taken")
        unclaimed = Request.objects.filter(pk=fresh.pk, state=State.IN_REVIEW, proposed_by=None)
        if not unclaimed.update(proposed_by=by, proposed_at=now, proposed_fingerprint=fingerprint):
            raise Refused(
                "A decision has been proposed already. It can be approved or sent back.", code="state_conflict"
            )
        fresh.proposed_by, fresh.proposed_at, fresh.proposed_fingerprint = by, now, fingerprint  # the row is ours
        if playing.second_person(fresh) or not by.has_perm(f"requests_app.{DECIDE}"):
            _record("request.proposed", fresh, by, findings=_findings(fresh))
            return fresh
        return carry_out(fresh, by)


def approve(request: Request, *, by: User, fingerprint: str) -> Request:
    """Approve a colleague's proposal and set the work going."""
    if not may_approve(request, by):
        _may(by, APPROVE)
    with log.atomic():
        fresh = _reviewed(request, fingerprint)
        if fresh.proposed_by_id is None:
            raise Refused("Nothing has been proposed yet.", code="not_proposed")
        if fresh.proposed_by_id == by.pk:
            raise Refused("You proposed this yourself; somebody else has to approve it.", code="same_person")
        if fresh.proposed_fingerprint != fingerprint:
            raise Refused(STALE, code="findings_conflict")
        if playing.lacking(fresh, by):
            playing.approve_first(fresh, by=by)
            return fresh
        return carry_out(fresh, by)


def send_back(request: Request, *, by: User, reason_code: str) -> Request:
    """Take a proposal back to review, with a reason from SEND_BACK_REASONS."""
    if reason_code not in SEND_BACK_REASONS:
        raise Refused("Choose why it goes back.", code="reason_unknown", field="reason_code")
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.state != State.IN_REVIEW or fresh.proposed_by_id is None:
            raise Refused("There is no proposal to send back.", code="not_proposed")
        if fresh.proposed_by_id != by.pk and not may_approve(fresh, by):
            _may(by, APPROVE)
        _forget_proposal(fresh)
        _record("request.sent_back", fresh, by, reason=reason_code)
    return Request.objects.get(pk=fresh.pk)


def deny(request: Request, *, by: User, ground: str, note: str) -> Request:
    """Close with a refusal: a ground that the request's law knows, and words for the person; the letter cites both."""
    _may(by, DENY)
    if not plans.thaw(request.plan).find:
        raise Refused("An appeal or a complaint is decided by its own button.", code="illegal_move")
    if ground not in {one.code for one in laws.grounds(request)}:
        raise Refused("Choose a ground that this law allows.", code="ground_unknown", field="ground")
    words = note.strip()
    if not words or len(words) > policy.LONGEST_DETAILS:
        raise Refused("Explain the reason in words for the person.", code="note_missing", field="note")
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.state not in (State.COLLECTING, State.IN_REVIEW):
            raise Refused("A request can be denied while it is searched or reviewed.", code="illegal_move")
        if fresh.batch is not None:
            settling.cancel(fresh.batch, actor=actors.staff(by.pk))
        return workflow.close(
            fresh,
            Outcome.DENIED,
            actor=actors.staff(by.pk),
            letter="denied",
            event="request.denied",
            decided_by=by,
            denial_ground=ground,
            denial_note=words,
        )


def collect_again(request: Request, *, by: User) -> Request:
    """Search anew, because data changed; an earlier decision falls."""
    _may(by, DECIDE)
    who = actors.staff(by.pk)
    with log.atomic():
        fresh = locks.request(request.pk)
        if fresh.state not in (State.IN_REVIEW, State.DELIVERING):
            raise Refused("Only a request in review, or one that is stuck, can be searched again.", code="illegal_move")
        if fresh.batch is not None:
            settling.cancel(fresh.batch, actor=who)
        return workflow.search_again(fresh, actor=who)


def take(request: Request, *, by: User) -> Request:
    """Become the colleague who looks after this request."""
    _may_any(by, WORK)
    with log.atomic():
        assignment.give(locks.request(request.pk), to=by, actor=actors.staff(by.pk), event="request.taken")
    return Request.objects.get(pk=request.pk)


def note(request: Request, *, by: User, text: str) -> Note:
    """Write a note for colleagues. The person never sees it here, but could ask for a copy: stay factual."""
    _may_any(by, NOTE)
    words = text.strip()
    if not words or len(words) > policy.LONGEST_DETAILS or not policy.printable(words, lines=True):
        raise Refused("Write a note of at most 4,000 characters.", code="note_empty", field="text")
    people = watching.named(words)
    with log.atomic():
        written = Note.objects.create(request=request, author=by, text=words)
        _record("request.noted", request, by, note=written.pk)
        watching.mention(written, people, by=by)
    return written


def decide_finding(
    request: Request, finding: Finding, *, by: User, decision: str, ground: str = "", note: str = ""
) -> None:
    """Include or keep what one finding holds; a keep needs a ground. An open proposal falls, for it covered something else."""
    with log.atomic():
        fresh = deciding(request, finding, by)
        batches.decide(finding, decision=decision, ground=ground, note=note, by=by)
        fall(fresh, by)


def act_on_finding(request: Request, finding: Finding, *, by: User, action: str) -> None:
    """For an erasure: delete, mask or keep the rows of one finding. An open proposal falls."""
    with log.atomic():
        fresh = deciding(request, finding, by)
        batches.act_on(finding, action=action, by=by)
        fall(fresh, by)


# ---------------------------------------------------------------- the work behind the verbs


def carry_out(
    request: Request, by: User, *, actor: Actor | None = None, event: str = "request.approved", **facts: Any
) -> Request:
    """Authorise exactly the approved findings and set the work going, in the caller's transaction, under the request's lock.

    `by` answers for it; `actor` did it, if that is not `by`.
    """
    plan, who = plans.thaw(request.plan), actor or actors.staff(by.pk)
    now = timezone.now()
    wait = timedelta(hours=settings.ERASURE_COOLING_OFF_HOURS)
    batches.authorise(
        _checked(request, by),
        operation=plan.operation,
        basis=Authorisation.Basis.REQUEST,
        proved_at=request.proved_at,
        proposed_by=request.proposed_by,
        approved_by=by,
        changes=request.changes or None,
        not_before=now + wait if plan.operation == "erase" and wait else None,
        actor=who,
    )
    findings = _findings(request)
    log.record(event, actor=who, noun=request, subject_id=request.subject_id, findings=findings, **facts)
    if plan.operation == "erase":
        stopping.tell_before_erasure(request, now=now, actor=who)
    if plan.delivers == "parcel" and findings:
        _open_parcel(request, by)
    moved = workflow.move(request, State.DELIVERING, actor=who, held=True, approved_by=by, approved_at=now)
    if guards.carried_out(moved):  # else what there is to do rings when it is done
        workflow.nudge(moved)
    return moved


def _checked(request: Request, by: User) -> Batch:
    """The batch to be authorised, after a last look at who approves, whichever way they came."""
    if request.batch is None:
        raise Refused("Nothing has been searched yet.", code="not_searched")
    if guards.stopped(request):
        raise Refused(workflow.STOPPED, code="stopped")
    if unticked := playing.open_steps(request):
        raise Refused(playbooks.unticked(unticked), code="step_open")
    if playing.second_person(request) and request.proposed_by_id in (None, by.pk):
        raise Refused("Somebody else has to approve this.", code="same_person")
    if playing.lacking(request, by):
        raise Refused("One more colleague has to approve this.", code="not_approved")
    return request.batch


def _open_parcel(request: Request, by: User) -> None:
    """A package to be built, or built anew. The request is locked, so nobody else opens one now."""
    pk = Parcel.objects.filter(request=request).values_list("pk", flat=True).first()
    if pk is None:
        pk = Parcel.objects.create(request=request).pk
    else:
        Parcel.objects.filter(pk=pk).update(state=Parcel.State.OPEN, attempts=0, park_reason="", downloads=0)
    _record("parcel.opened", request, by)
    ring(bells.build_parcel, pk)


def _reviewed(request: Request, fingerprint: str) -> Request:
    """The locked request in review, whose findings are still those with this fingerprint."""
    fresh = locks.request(request.pk, "batch", "proposed_by")
    if fresh.state != State.IN_REVIEW or fresh.batch is None:
        raise Refused(workflow.CONFLICT, code="state_conflict")
    if batches.fingerprint(fresh.batch) != fingerprint:
        raise Refused(STALE, code="findings_conflict")
    return fresh


def deciding(request: Request, finding: Finding, by: User) -> Request:
    """The locked request, if this colleague may decide about this finding of it now. Raises Refused."""
    _may(by, DECIDE)
    fresh = locks.request(request.pk)
    if fresh.state != State.IN_REVIEW or finding.batch_id != fresh.batch_id:
        raise Refused("Findings can be decided while the request is in review.", code="state_conflict")
    return fresh


def fall(request: Request, by: User) -> None:
    """An open proposal falls, for it covered something else."""
    if request.proposed_by_id is not None:
        _forget_proposal(request)
        _record("request.sent_back", request, by, reason="findings_changed")


def _forget_proposal(request: Request) -> None:
    Request.objects.filter(pk=request.pk).update(proposed_by=None, proposed_at=None, proposed_fingerprint="")


def _findings(request: Request) -> int:
    return Finding.objects.filter(batch=request.batch_id, rows__gt=0).count()


def _record(name: str, request: Request, by: User, **facts: object) -> None:
    log.record(name, actor=actors.staff(by.pk), noun=request, subject_id=request.subject_id, **facts)


def _may(user: User, permission: str) -> None:
    if not user.has_perm(f"requests_app.{permission}"):
        raise Refused(NOT_ALLOWED[permission], code="not_allowed")


def _may_any(user: User, also: str) -> None:
    if not any(user.has_perm(f"requests_app.{one}") for one in (DECIDE, APPROVE, DENY, also)):
        raise Refused(NOT_ALLOWED[DECIDE], code="not_allowed")
