"""Mails about the list of sub-processors: to each client and to everybody who subscribed. The row is the mail.

Written in the transaction that announces a change; claimed, sent outside any transaction and marked afterwards, as notices to
recipients are. The Message-ID is the row's id, so that one which was taken but not marked goes out again as the same mail.
"""

import logging
import smtplib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

from audit import actor as actors
from audit import leases, log
from audit.bell import ring
from audit.failpoints import failpoint
from audit.refusal import Refused
from disclosures import answering, subscriptions
from disclosures.bells import send_list_mail
from disclosures.models import Client, ListChange, ListMail, Subscriber
from subjects import identifiers

logger = logging.getLogger(__name__)
SENDER = actors.worker("disclosures.listmail")
State, About = ListMail.State, ListMail.About
MAY = "disclosures.retry_listmail"
GIVE_UP = timedelta(days=3)
AT_ONCE = 1000
REFUSED = "The mail server refused the address or the mail ({}). Check the client's contact, then send again."
AWAY = "No mail server took this for 3 days. Check the mail settings, then send again."
NOWHERE = "This client has no e-mail address that we can write to. Enter one, then send again."


def fan_out(change: ListChange, about: str) -> None:
    """Write a mail for each client and each subscriber, a thousand rows at a time; in the caller's transaction.

    A withdrawal is told to those who were told, or would have been, of the change.
    """
    clients: QuerySet[Client] = Client.objects.filter(active=True)
    readers: QuerySet[Subscriber] = Subscriber.objects.filter(state=Subscriber.State.ACTIVE)
    if about == About.WITHDRAWN:
        clients, readers = clients.filter(mails__change=change), readers.filter(mails__change=change)
    _insert(ListMail(change=change, about=about, client_id=pk) for pk in _keys(clients))
    _insert(ListMail(change=change, about=about, subscriber_id=pk) for pk in _keys(readers))


def _keys(rows: "QuerySet[Any]") -> Iterator[Any]:
    return rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=AT_ONCE)


def _insert(rows: Iterable[ListMail]) -> None:
    several = iter(rows)
    while some := list(islice(several, AT_ONCE)):
        ListMail.objects.bulk_create(some, ignore_conflicts=True)


def waiting(now: datetime) -> list[UUID]:
    """Mails that can be sent now: clients before subscribers, and the oldest first."""
    rows = ListMail.objects.filter(leases.free(now), state=State.QUEUED)
    return list(rows.order_by("subscriber_id", "queued_at").values_list("pk", flat=True)[:200])


def send(mail_id: UUID) -> None:
    """Send one, unless another worker has it or it is settled."""
    now = timezone.now()
    rows = ListMail.objects.filter(state=State.QUEUED).select_related("change", "client", "subscriber")
    row = leases.claim(rows, mail_id, now)
    if row is None:
        return
    try:
        _send(row, now)
    except leases.Fenced:
        logger.info("mail %s about the list was settled by somebody else meanwhile", row.pk)


def _send(row: ListMail, now: datetime) -> None:
    reader = row.subscriber
    if reader is not None and (not reader.email or (row.about != About.CONFIRM and reader.state != "active")):
        _settle(row, "subprocessor.not_told", state=State.WAIVED)
        return
    address = _address(row)
    if not address:
        _settle(row, "subprocessor.not_told", state=State.PARKED, park_reason=NOWHERE)
        return
    try:
        failpoint("list_mail.before_send")
        mail(row, address).send()
        failpoint("list_mail.after_send")
    except (smtplib.SMTPException, OSError) as error:
        _failed(row, error, now)
        return
    _settle(row, "subprocessor.told", state=State.SENT, sent_at=timezone.now())


def _address(row: ListMail) -> str:
    if row.subscriber is not None:
        return row.subscriber.email
    try:
        return identifiers.email(row.client.contact) if row.client else ""
    except Refused:
        return ""


def _failed(row: ListMail, error: Exception, now: datetime) -> None:
    code = _refusal(error)
    logger.warning("mail %s about the list was not taken: %s %s", row.pk, type(error).__name__, code or "")
    if code:
        _settle(row, "subprocessor.not_told", state=State.PARKED, park_reason=REFUSED.format(code))
    elif now - row.queued_at > GIVE_UP and row.attempts >= settings.MOST_ATTEMPTS:
        _settle(row, "subprocessor.not_told", state=State.PARKED, park_reason=AWAY)
    else:
        leases.release(ListMail, row.pk, row.fence, later=now + leases.backoff(row.attempts))


def _refusal(error: Exception) -> int | None:
    """The code when the server refused this very mail for good (RFC 5321 4.2.1); None for what may pass."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values() if code >= 500), None)
    return error.smtp_code if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500 else None


def _settle(row: ListMail, event: str, **changes: Any) -> None:
    with log.atomic():
        leases.release(ListMail, row.pk, row.fence, **changes)
        number = row.change.number if row.change else None
        log.record(event, actor=SENDER, noun=row, about=row.about, number=number, client=row.client_id)


def mail(row: ListMail, address: str) -> EmailMessage:
    """The mail that a row is, in its reader's language."""
    stop = (
        f"{settings.SITE_URL}/sub-processors/stop/{subscriptions.token(row.subscriber, 'stop')}/"
        if row.subscriber
        else ""
    )
    context = {
        "row": row, "change": row.change, "company": settings.COMPANY_NAME, "company_email": settings.COMPANY_EMAIL,
        "page": f"{settings.SITE_URL}/sub-processors/" if settings.SUBPROCESSORS_PUBLIC else "", "stop": stop,
    }  # fmt: skip
    if row.about == About.CONFIRM and row.subscriber:
        key = subscriptions.token(row.subscriber, "confirm")
        context["link"] = f"{settings.SITE_URL}/sub-processors/confirm/{key}/"
        context["days"] = subscriptions.CONFIRM_DAYS
    if answering.invites(row):
        context["answer"] = f"{settings.SITE_URL}/sub-processors/answer/{answering.token(row)}/"
    reader = row.client or row.subscriber
    wanted = reader.language.lower() if reader else ""
    with translation.override(wanted if wanted in dict(settings.LANGUAGES) else settings.PUBLIC_LANGUAGE):
        text = render_to_string("disclosures/list_mail.txt", context)
    first, _, body = text.strip().partition("\n")
    headers = {"Message-ID": f"<{row.pk}@{settings.SITE_HOST}>", "Auto-Submitted": "auto-generated"}
    if stop:
        headers |= {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}  # RFC 8058
    return EmailMessage(
        subject=" ".join(first.split())[:200], body=body.strip() + "\n", from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address], reply_to=[settings.COMPANY_EMAIL], headers=headers,
    )  # fmt: skip


def parked() -> "QuerySet[ListMail]":
    """Mails to clients that wait for a colleague. A subscriber whose address is refused is nobody's work."""
    return ListMail.objects.filter(state=State.PARKED).exclude(client=None)


def retry(row: ListMail, *, by: User) -> None:
    """Send a parked mail again; its days are counted anew."""
    with log.atomic():
        _decide(row, by, state=State.QUEUED, attempts=0, next_try_at=None, queued_at=timezone.now())
        log.record("subprocessor.retried", actor=actors.staff(by.pk), noun=row)
        ring(send_list_mail, row.pk)


def waive(row: ListMail, *, by: User) -> None:
    """The client was told another way."""
    with log.atomic():
        _decide(row, by, state=State.WAIVED, sent_at=timezone.now())
        log.record("subprocessor.told_otherwise", actor=actors.staff(by.pk), noun=row)


def _decide(row: ListMail, by: User, **changes: Any) -> None:
    if not by.has_perm(MAY):
        raise Refused("Your role may not do this. Ask your privacy officer.", code="not_allowed")
    if not ListMail.objects.filter(pk=row.pk, state=State.PARKED).update(park_reason="", **changes):
        raise Refused("This mail does not wait for a person any more.", code="state_conflict")
