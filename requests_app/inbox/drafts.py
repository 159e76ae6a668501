"""The buttons of a colleague on a mail: make it a request, put it with one, say that it is none, look at it after all."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from requests_app import conversation, intake, stationery
from requests_app.inbox import reading, settling
from requests_app.inbox.settling import guess_for
from requests_app.models import InboundMail, Request
from requests_app.policy import DECIDE, WORK
from subjects import sealed

State, Reason = InboundMail.State, InboundMail.Reason
OPEN = (State.DRAFT, State.PARKED)
# What a colleague may say of a mail that is no request.
NO_REQUEST = {
    Reason.NOTHING: "It asks for nothing of ours",
    Reason.SPAM: "Advertising",
    Reason.MISTAKE: "Meant for somebody else",
}


@dataclass(frozen=True)
class Wanted:
    """What a colleague read in a mail; without an address, the sender's."""

    right: str
    residence: str
    language: str = stationery.DEFAULT
    email: str = ""
    name: str = ""


def confirm(mail: InboundMail, wanted: Wanted, *, by: User) -> Request:
    """A draft becomes a request that was received when the mail arrived; its words and files go with it. Raises Refused."""
    _may(by)
    fresh = _draft(mail)
    content, who, now = _opened(fresh), actors.staff(by.pk), timezone.now()
    submission = intake.Submission(
        right=wanted.right,
        email=wanted.email.strip() or fresh.sender,
        name=wanted.name.strip(),
        residence=wanted.residence,
        channel=Request.Channel.EMAIL,
        language=wanted.language,
        nonce=f"mail-{fresh.pk}",
        received_at=fresh.arrived_at,
    )
    with log.atomic():
        request = intake.submit(submission, now=now, actor=who)
        _put(fresh, request, content, by)
        log.record("mail.confirmed", actor=who, noun=fresh, subject_id=request.subject_id)
    return request


def join(mail: InboundMail, *, reference: str, by: User) -> Request:
    """A mail belongs to a request that we have. Raises Refused."""
    _may(by)
    fresh = _draft(mail)
    request = Request.objects.filter(reference=reference.strip().upper()).first()
    if request is None:
        raise Refused("No request has this reference.", code="reference_unknown", field="reference")
    content = _opened(fresh)
    with log.atomic():
        _put(fresh, request, content, by)
        log.record("mail.matched", actor=actors.staff(by.pk), noun=fresh, subject_id=request.subject_id)
    return request


def dismiss(mail: InboundMail, *, reason: str, by: User) -> None:
    """A mail is no request. Raises Refused."""
    _may(by)
    if reason not in NO_REQUEST:
        raise Refused("Choose why it is none.", code="reason_unknown", field="reason")
    with log.atomic():
        _move(mail, OPEN, state=State.REFUSED, reason=reason, decided_by=by, decided_at=timezone.now())
        log.record("mail.refused", actor=actors.staff(by.pk), noun=mail, reason=reason)


def reopen(mail: InboundMail, *, by: User) -> None:
    """A mail that was passed over or dismissed is looked at after all. Raises Refused."""
    _may(by)
    fresh = InboundMail.objects.get(pk=mail.pk)
    if fresh.forgotten_at is not None or not fresh.sender_index:
        raise Refused("This mail is forgotten, or names no sender. Enter the request by hand.", code="mail_gone")
    with log.atomic():
        _move(mail, (State.IGNORED, State.REFUSED), state=State.DRAFT, reason="", decided_by=None, decided_at=None,
              guess=guess_for(_opened(fresh)))  # fmt: skip
        log.record("mail.reopened", actor=actors.staff(by.pk), noun=mail)


def _put(mail: InboundMail, request: Request, content: reading.Mail, by: User) -> None:
    message = conversation.arrived(
        request, mail=settling.post(mail, content, request, mail.sender_index), actor=actors.staff(by.pk)
    )
    _move(mail, (State.DRAFT,), state=State.MATCHED, request=request, message=message, text="", reason="",
          decided_by=by, decided_at=timezone.now())  # fmt: skip


def _move(mail: InboundMail, before: tuple[str, ...], **changes: object) -> None:
    """By compare-and-swap: of two colleagues who press at once one is told."""
    if InboundMail.objects.filter(pk=mail.pk, state__in=before).update(**changes) != 1:
        raise Refused("Somebody decided about this mail already.", code="state_conflict")


def _draft(mail: InboundMail) -> InboundMail:
    fresh = InboundMail.objects.get(pk=mail.pk)
    if fresh.state != State.DRAFT:
        raise Refused("Somebody decided about this mail already.", code="state_conflict")
    return fresh


def _opened(mail: InboundMail) -> reading.Mail:
    try:
        return settling.opened(mail)
    except (reading.Unreadable, OSError, sealed.Tampered) as error:
        raise Refused(
            "This mail cannot be read. Look into the mailbox, and enter it by hand.", code="mail_gone"
        ) from error


def _may(by: User) -> None:
    if not any(by.has_perm(f"requests_app.{one}") for one in (DECIDE, WORK)):
        raise Refused("Your role may not decide about mail. Ask a colleague who works on requests.", code="not_allowed")
