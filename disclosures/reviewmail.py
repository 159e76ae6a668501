"""The mail about what is to be looked at again: recipients, contracts that end, sites and their policies, instructions.

One row for each colleague and week under a unique key, so the sweep may run as often as it likes. Sent as other mails to
colleagues are: claimed, handed over outside any transaction, marked afterwards. It holds counts and links, and no names.
"""

import logging
import smtplib
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from disclosures import answers, clients, policies, recipients, sites
from disclosures.models import ReviewMail

logger = logging.getLogger(__name__)
SENDER = actors.worker("disclosures.reviewmail")
State = ReviewMail.State
BACKEND = "django.contrib.auth.backends.ModelBackend"
# In the company's time zone; a mail that could not go out for so long is not sent late.
HOUR, GIVE_UP = 7, timedelta(days=2)
# What is told: words, permission of who hears of all of it, list on the desk, its filter, rows.
TOLD: dict[str, tuple[str, str, str, str, Callable[[date], Any]]] = {
    "recipients": ("Recipients to review", recipients.MAY, "recipient", "review=overdue", recipients.overdue),
    "contracts": ("Contracts that end", recipients.MAY, "recipient", "review=ending", recipients.ending),
    "sites": ("External sites to review", "disclosures.change_externalsite", "externalsite", "review=overdue",
              sites.overdue),
    "policies": ("Privacy policies that changed or are gone", "disclosures.change_externalsite", "externalsite",
                 "policy=trouble", lambda today: policies.trouble()),
    "instructions": ("Instructions of clients to see to", clients.MAY_SETTLE, "instruction", "waits=us", clients.overdue),
    "objections": ("Objections to sub-processors", answers.MAY, "clientanswer", "waits=us",
                   lambda today: answers.unsettled()),
}  # fmt: skip


def open_due(now: datetime) -> int:
    """Write this week's row for each colleague who has to hear of something; how many are new."""
    here = now.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))
    if here.hour < HOUR:
        return 0
    today = here.date()
    monday = today - timedelta(days=today.weekday())
    told = _told(today)
    known = set(ReviewMail.objects.filter(week=monday).values_list("to", flat=True))
    rows = [ReviewMail(to_id=pk, week=monday, told=counts) for pk, counts in sorted(told.items()) if pk not in known]
    ReviewMail.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _told(today: date) -> dict[int, dict[str, int]]:
    """What each colleague hears: everything of their role, and the recipients that they own."""
    counts = {name: found(today).order_by().count() for name, (*_, found) in TOLD.items()}
    found: dict[int, dict[str, int]] = {}
    for name, (_, permission, *_rest) in TOLD.items():
        if counts[name]:
            for pk in _may(permission):
                found.setdefault(pk, {})[name] = counts[name]
    for pk, many in _owners(today).items():
        found.setdefault(pk, {}).setdefault("recipients", many)
    return found


def _may(permission: str) -> list[int]:
    people = User.objects.with_perm(permission, include_superusers=False, backend=BACKEND).filter(is_staff=True)
    return list(people.exclude(email="").values_list("pk", flat=True))


def _owners(today: date) -> "Counter[int]":
    rows = recipients.overdue(today).filter(owner__is_active=True, owner__is_staff=True).exclude(owner__email="")
    return Counter({row["owner"]: row["many"] for row in rows.order_by().values("owner").annotate(many=Count("pk"))})


def waiting(now: datetime) -> list[UUID]:
    """Mails that can be sent now."""
    rows = ReviewMail.objects.filter(leases.free(now), state=State.QUEUED)
    return list(rows.order_by("queued_at").values_list("pk", flat=True)[:200])


def send(mail_id: UUID) -> None:
    """Send one, unless another worker has it or it was sent."""
    now = timezone.now()
    row = leases.claim(ReviewMail.objects.filter(state=State.QUEUED).select_related("to"), mail_id, now)
    if row is None:
        return
    try:
        _send(row, now)
    except leases.Fenced:
        logger.warning("mail about reviews %s was taken over by another worker", mail_id)


def _send(row: ReviewMail, now: datetime) -> None:
    if not (row.to.is_active and row.to.email):
        _settle(row, park_reason="The account is switched off, or has no address.")
        return
    try:
        mail(row).send()
    except (smtplib.SMTPException, OSError) as error:
        logger.warning("mail about reviews %s was not taken: %s", row.pk, type(error).__name__)
        if now - row.queued_at > GIVE_UP:
            _settle(row, park_reason="No mail server took it for two days. Check the mail settings.")
        else:
            leases.release(ReviewMail, row.pk, row.fence, later=now + leases.backoff(row.attempts))
        return
    _settle(row, sent_at=timezone.now())


def _settle(row: ReviewMail, **changes: Any) -> None:
    state = State.PARKED if "park_reason" in changes else State.SENT
    event = "review.mail_parked" if state == State.PARKED else "review.mail_sent"
    with log.atomic():
        leases.release(ReviewMail, row.pk, row.fence, state=state, **changes)
        log.record(event, actor=SENDER, noun=row, person=row.to_id, week=row.week)


def mail(row: ReviewMail) -> EmailMessage:
    """The mail that a row is; its Message-ID never changes, so that one that went out twice is recognised as one."""
    lines = []
    for name, (words, _, noun, filters, _found) in TOLD.items():
        if many := row.told.get(name):
            where = reverse(f"admin:disclosures_{noun}_changelist")
            lines.append(f"{words}: {many}\n  {settings.SITE_URL}{where}?{filters}")
    return EmailMessage(
        subject=f"Reviews that are due: {sum(row.told.values())}",
        body="These wait to be looked at:\n\n" + "\n\n".join(lines) + "\n\nThis mail holds no personal data.\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[row.to.email],
        headers={"Message-ID": f"<{row.pk}@{settings.SITE_HOST}>", "Auto-Submitted": "auto-generated"},
    )


def unsent(today: date) -> int:
    """How many of the last month's mails could not be sent."""
    return ReviewMail.objects.filter(state=State.PARKED, week__gt=today - timedelta(days=31)).count()
