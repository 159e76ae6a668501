"""Telling recipients what was erased, corrected or opted out of. The row is the message; it is sent afterwards.

1. `queue` writes one row per recipient in the caller's transaction, with the Message-ID fixed: a mail that was taken but not
   marked goes out again as the same one.
2. `send` claims the row, talks to the mail server outside any transaction, and marks the row afterwards.
3. What fails for now is tried again for days; a refused address, or days without success, parks the notice where a colleague
   sees it. Parked is never settled.
4. The recipient confirms on a page behind a link (`acknowledging`).

A notice must name the person to somebody who holds their data, so the mail carries their e-mail address, and nothing else of
them. An erasure or a correction names proved addresses only: an unproved one may be somebody else's.
"""

import logging
import smtplib
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.actor import Actor
from audit.bell import ring
from audit.failpoints import failpoint
from audit.refusal import Refused
from disclosures import acknowledging, ledger
from disclosures.acknowledging import acknowledge, by_token, token
from disclosures.bells import send_notice
from disclosures.models import Notice, Recipient
from subjects.models import DataSubject, Identifier

__all__ = ("acknowledge", "by_token", "queue", "retry", "send", "settled", "token", "waiting", "waive")

logger = logging.getLogger(__name__)

SENDER = actors.worker("disclosures.notices")
State = Notice.State
# A mail server may be away for a week-end: a notice is given up after so many days, and never before MOST_ATTEMPTS tries.
NOTICE_DAYS = 3
WAIVE_REASONS = {
    "told_otherwise": "The recipient was told another way",
    "recipient_gone": "The recipient no longer exists",
    "never_had_it": "The recipient never had this person's data",
    "other": "Another reason",
}


def queue(subject: DataSubject, kind: str, *, origin: str, categories: set[str], actor: Actor) -> list[Notice]:
    """Write a notice for each recipient of these categories of this person; safe to repeat. All of this origin and kind.

    An opt-out goes only to those who get data by sale or sharing: nobody else has anything to stop.
    """
    found = ledger.recipients_of(subject, categories)
    if kind == Notice.Kind.OPT_OUT:
        found = [one for one in found if one.role == Recipient.Role.THIRD_PARTY]
    with log.atomic():
        for recipient in found:
            _queue(subject, kind, recipient, origin, actor)
        return list(Notice.objects.filter(origin=origin, kind=kind).select_related("recipient").order_by("queued_at"))


def _queue(subject: DataSubject, kind: str, recipient: Recipient, origin: str, actor: Actor) -> None:
    key = uuid.uuid4()
    notice, made = Notice.objects.get_or_create(
        origin=origin,
        recipient=recipient,
        kind=kind,
        defaults={"id": key, "subject": subject, "message_id": f"<{key}@{settings.SITE_HOST}>"},
    )
    if made:
        acknowledging.note("recipient.notice_queued", notice, actor)
        ring(send_notice, notice.pk)


def settled(origin: str) -> bool:
    """Whether nothing of this origin waits any more, neither for a mail server nor for a colleague."""
    return not Notice.objects.filter(origin=origin, state__in=(State.QUEUED, State.PARKED)).exists()


def waiting(now: datetime) -> list[uuid.UUID]:
    """Notices that can be sent now, the oldest first."""
    rows = Notice.objects.filter(leases.free(now), state=State.QUEUED)
    return list(rows.order_by("queued_at").values_list("pk", flat=True)[:200])


def send(notice_id: uuid.UUID) -> None:
    """Send one notice, unless another worker has it or it is settled."""
    now = timezone.now()
    queued = Notice.objects.filter(state=State.QUEUED).select_related("recipient")
    notice = leases.claim(queued, notice_id, now)
    if notice is None:
        return
    try:
        _send(notice, notice.fence, now)
    except leases.Fenced:
        logger.info("notice %s was settled by somebody else meanwhile", notice.pk)


def _send(notice: Notice, fence: int, now: datetime) -> None:
    addresses = _addresses(notice)
    if not addresses:
        reason = "This person has no proved e-mail address to name. Tell the recipient another way, then waive this."
        _park(notice, fence, reason)
        return
    try:
        failpoint("notice.before_send")
        _mail(notice, addresses).send()
        failpoint("notice.after_send")
    except (smtplib.SMTPException, OSError) as error:
        _failed(notice, fence, error, now)
        return
    _settle(notice, fence, "recipient.told", state=State.SENT, sent_at=timezone.now())


def _addresses(notice: Notice) -> list[str]:
    rows = Identifier.objects.filter(subject=notice.subject_id, kind=Identifier.Kind.EMAIL)
    if notice.kind != Notice.Kind.OPT_OUT:
        rows = rows.filter(proved_at__isnull=False)
    return [one.value for one in rows.order_by("created_at")]


def _mail(notice: Notice, addresses: list[str]) -> EmailMessage:
    context = {
        "notice": notice,
        "addresses": addresses,
        "company": settings.COMPANY_NAME,
        "company_email": settings.COMPANY_EMAIL,
        "link": f"{settings.SITE_URL}/ack/{token(notice)}/",
    }
    first, _, body = render_to_string("disclosures/notice.txt", context).strip().partition("\n")
    return EmailMessage(
        subject=" ".join(first.split())[:200],
        body=body.strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.recipient.contact],
        reply_to=[settings.COMPANY_EMAIL],
        headers={"Message-ID": notice.message_id, "Auto-Submitted": "auto-generated"},
    )


def _failed(notice: Notice, fence: int, error: Exception, now: datetime) -> None:
    code = _refusal(error)
    logger.warning("notice %s was not taken: %s %s", notice.pk, type(error).__name__, code or "")
    if code:
        reason = f"The mail server refused the address or the mail ({code}). Check the recipient's contact, then retry."
    elif given_up(notice.queued_at, notice.attempts, now):
        reason = f"No mail server took this for {NOTICE_DAYS} days. Check the mail settings, then retry."
    else:
        leases.release(Notice, notice.pk, fence, later=now + leases.backoff(notice.attempts))
        return
    _park(notice, fence, reason)


def given_up(queued_at: datetime, attempts: int, now: datetime) -> bool:
    """Whether further tries are no use: enough days, and enough tries (we may have been away for those days ourselves)."""
    return now - queued_at > timedelta(days=NOTICE_DAYS) and attempts >= settings.MOST_ATTEMPTS


def _refusal(error: Exception) -> int | None:
    """The SMTP code when the server refused this very mail for good; None for what may pass (RFC 5321 4.2.1).

    A refused sign-in or sender is a mistake in our settings, not in the mail: it is tried again.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return next((code for code in codes if code >= 500), None)
    if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500:
        return error.smtp_code
    return None


def _park(notice: Notice, fence: int, reason: str) -> None:
    _settle(notice, fence, "recipient.not_told", state=State.PARKED, park_reason=reason)


def _settle(notice: Notice, fence: int, event: str, **changes: Any) -> None:
    with log.atomic():
        leases.release(Notice, notice.pk, fence, **changes)
        acknowledging.note(event, notice, SENDER)


# ---------------------------------------------------------------- what a colleague does with a parked one


def retry(notice: Notice, *, by: User) -> None:
    """Send a parked notice again; its days are counted anew, for a person has mended what was wrong."""
    changes = {"state": State.QUEUED, "attempts": 0, "next_try_at": None, "queued_at": timezone.now()}
    with log.atomic():
        _decide(notice, by, "retry_notice", **changes)
        acknowledging.note("recipient.notice_retried", notice, actors.staff(by.pk))
        ring(send_notice, notice.pk)


def waive(notice: Notice, *, by: User, reason_code: str = "other") -> None:
    """Give a parked notice up. `reason_code` is one of WAIVE_REASONS."""
    if reason_code not in WAIVE_REASONS:
        raise Refused("Pick a reason from the list.", code="waive_reason", field="reason_code")
    with log.atomic():
        _decide(notice, by, "waive_notice", state=State.WAIVED)
        acknowledging.note("recipient.notice_waived", notice, actors.staff(by.pk), reason=reason_code)


def _decide(notice: Notice, by: User, permission: str, **changes: Any) -> None:
    if not by.has_perm(f"disclosures.{permission}"):
        raise Refused("Your role may not do this. Ask your privacy officer.", code="not_allowed")
    parked = Notice.objects.filter(pk=notice.pk, state=State.PARKED)
    if not parked.update(park_reason="", **changes):
        raise Refused("This notice does not wait for a person any more.", code="state_conflict")
