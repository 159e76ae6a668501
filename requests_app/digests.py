"""The daily mail to a colleague who wants one: counts and references, never anything about a person.

The row comes first: one for each colleague and day, under a unique key, with what it tells. So the sweep may run as often as it
likes, on several machines: one row is one mail. It is sent as letters are: claimed, handed to the mail server outside any
transaction, marked afterwards; tried again for a day, and parked in sight when the server refuses it.
"""

import logging
import smtplib
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.failpoints import failpoint
from audit.models import Event
from audit.refusal import Refused
from connectors.models import HandTask
from requests_app import absences, deadlines, policy, watching
from requests_app.models import Digest, DigestChoice, Request, State

logger = logging.getLogger(__name__)
SENDER = actors.worker("requests.digests")
# In the company's time zone; a mail that could not go out within a day is not sent late.
HOUR, MOST, GIVE_UP = 7, 20, timedelta(hours=24)


def choose(user: User, *, daily: bool) -> None:
    """A colleague's own choice. Raises Refused for somebody who has no address."""
    if daily and not user.email:
        raise Refused("Your account has no e-mail address. Ask an administrator to enter one.", code="no_address")
    with log.atomic():
        row, _ = DigestChoice.objects.update_or_create(person=user, defaults={"daily": daily})
        log.record("team.digest_chosen", actor=actors.staff(user.pk), noun=row, daily=daily)


def chosen(user: User) -> bool:
    """Whether they get the daily mail."""
    return DigestChoice.objects.filter(person=user, daily=True).exists()


def open_due(now: datetime) -> int:
    """Write today's row for each colleague who wants one and has none yet; how many are new."""
    here = now.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))
    if here.hour < HOUR:
        return 0
    today = here.date()
    there = Digest.objects.filter(person=OuterRef("pk"), day=today)
    wanting = User.objects.filter(digest_choice__daily=True, is_active=True, is_staff=True).exclude(email="")
    wanting = wanting.exclude(pk__in=list(absences.away(today))).filter(~Exists(there))
    made = 0
    for user in wanting.order_by("pk")[:500]:
        facts = told(user, now)
        state = Digest.State.QUEUED if facts else Digest.State.EMPTY
        row = Digest(person=user, day=today, state=state, told=facts)
        made += len(Digest.objects.bulk_create([row], ignore_conflicts=True))
    return made


def told(user: User, now: datetime) -> dict[str, Any]:
    """What today's mail says to this colleague, by heading: how many, and the first references. Empty: nothing."""
    found: dict[str, Any] = {}
    if user.has_perm(watching.VIEW):
        for name, rows in _parts(user, now).items():
            references = list(rows.values_list("reference", flat=True)[: MOST + 1])
            if references:
                many = len(references) if len(references) <= MOST else rows.count()
                found[name] = {"many": many, "references": references[:MOST]}
    tasks = HandTask.objects.of(user).count()
    if tasks:
        found["by_hand"] = {"many": tasks, "references": []}
    return found


def _parts(user: User, now: datetime) -> "dict[str, QuerySet[Request]]":
    """The headings in their order."""
    mine = Request.objects.exclude(state=State.CLOSED).filter(owner=user.pk)
    week, since = now + timedelta(days=7), now - timedelta(days=1)
    parts = {
        "overdue": mine.filter(due_at__lte=now), "soon": mine.filter(due_at__gt=now, due_at__lte=week),
        "yours": mine.filter(Q(due_at=None) | Q(due_at__gt=week)), "named": watching.unread(user),
        "watched": watching.watched(user, closed=True).filter(pk__in=_moved(user, since)),
    }  # fmt: skip
    if user.has_perm(f"requests_app.{policy.APPROVE}"):
        proposed = Request.objects.filter(state=State.IN_REVIEW, proposed_by__isnull=False).exclude(proposed_by=user)
        parts["second"] = proposed
    if user.has_perm(deadlines.MANAGE):
        parts["raised"] = deadlines.escalated()
        parts["nobody"] = Request.objects.exclude(state=State.CLOSED).filter(owner=None)
    return {name: rows.order_by(F("due_at").asc(nulls_last=True), "received_at") for name, rows in parts.items()}


def _moved(user: User, since: datetime) -> list[UUID]:
    """Requests that this colleague watches and to which somebody or something did something since."""
    ids = [
        str(one)
        for one in watching.watched(user, closed=True).order_by("-received_at").values_list("pk", flat=True)[:500]
    ]
    events = Event.objects.filter(noun=Request._meta.label_lower, noun_id__in=ids, at__gt=since)
    events = events.exclude(actor=f"staff:{user.pk}").exclude(name="desk.viewed")
    return [UUID(one) for one in events.values_list("noun_id", flat=True).distinct()]


def waiting(now: datetime) -> list[UUID]:
    """Mails that can be sent now."""
    rows = Digest.objects.filter(leases.free(now), state=Digest.State.QUEUED)
    return list(rows.order_by("queued_at").values_list("pk", flat=True)[:200])


def send(digest_id: UUID) -> None:
    """Send one, unless another worker has it or it was sent."""
    now = timezone.now()
    row = leases.claim(Digest.objects.filter(state=Digest.State.QUEUED).select_related("person"), digest_id, now)
    if row is None:
        return
    try:
        _send(row, now)
    except leases.Fenced:
        logger.warning("daily mail %s was taken over by another worker", digest_id)


def _send(row: Digest, now: datetime) -> None:
    if not (row.person.is_active and row.person.email):
        _settle(
            row,
            "digest.parked",
            state=Digest.State.PARKED,
            park_reason="The account is switched off, or has no address.",
        )
        return
    try:
        failpoint("digest.before_send")
        mail(row).send()
        failpoint("digest.after_send")
    except (smtplib.SMTPException, OSError) as error:
        _failed(row, error, now)
        return
    _settle(row, "digest.sent", state=Digest.State.SENT, sent_at=timezone.now())


def _failed(row: Digest, error: Exception, now: datetime) -> None:
    logger.warning("daily mail %s was not taken: %s", row.pk, type(error).__name__)
    refused = isinstance(error, smtplib.SMTPRecipientsRefused) and all(
        code >= 500 for code, _ in error.recipients.values()
    )
    if refused:
        reason = "The mail server refused the address of the account. Ask an administrator to check it."
    elif now - row.queued_at > GIVE_UP:
        reason = "No mail server took it for a day. Ask an administrator to check the mail settings."
    else:
        leases.release(Digest, row.pk, row.fence, later=now + leases.backoff(row.attempts))
        return
    _settle(row, "digest.parked", state=Digest.State.PARKED, park_reason=reason)


def _settle(row: Digest, event: str, **changes: Any) -> None:
    with log.atomic():
        leases.release(Digest, row.pk, row.fence, **changes)
        log.record(event, actor=SENDER, noun=row, person=row.person_id, day=row.day)


def mail(row: Digest) -> EmailMessage:
    """The mail that a row is; its Message-ID never changes, so that one that went out twice is recognised as one."""
    text = render_to_string("mails/digest.txt", {
        "day": row.day, "name": row.person.first_name, "told": row.told, "site": settings.SITE_URL,
        "headings": [(words, row.told[key], waits) for key, words, waits in HEADINGS if key in row.told],
    })  # fmt: skip
    subject, _, body = text.strip().partition("\n")
    return EmailMessage(
        subject=subject, body=body.strip() + "\n", from_email=settings.DEFAULT_FROM_EMAIL, to=[row.person.email],
        headers={"Message-ID": f"<{row.pk}@{settings.SITE_HOST}>", "Auto-Submitted": "auto-generated"},
    )  # fmt: skip


# What is told, in its order: key, words, and the filter of the queue behind it.
HEADINGS = (
    ("overdue", "Yours, overdue", "me"), ("soon", "Yours, due within 7 days", "me"), ("yours", "Yours, later", "me"),
    ("second", "Proposed by others, for a second person", "second"), ("named", "Notes that name you", "named"),
    ("watched", "Watched by you, and something happened", "watched"), ("raised", "Raised to the managers", "managers"),
    ("nobody", "Without an owner", "nobody"), ("by_hand", "Work by hand that waits for you", ""),
)  # fmt: skip


def unsent(today: date) -> dict[int, Digest]:
    """The newest mail of each colleague that could not be sent within the last week. One query."""
    parked = Digest.objects.filter(state=Digest.State.PARKED, day__gt=today - timedelta(days=7)).order_by("day")
    return {one.person_id: one for one in parked}
