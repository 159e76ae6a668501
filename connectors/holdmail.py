"""The mail about legal holds whose review is overdue: to whoever placed them, and to those who may end holds.

The row comes first, one for each colleague and day under a unique key; so the sweep may run as often as it likes. It is sent
as other mails to colleagues are: claimed, handed over outside any transaction, marked afterwards. It holds counts and a link,
and neither a person nor a matter.
"""

import logging
import smtplib
from collections import Counter
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
from connectors import holds
from connectors.models import HoldMail

logger = logging.getLogger(__name__)
SENDER = actors.worker("connectors.holds")
State = HoldMail.State
MAY_END = "connectors.release_legalhold"
# In the company's time zone; a mail that could not go out within a day is not sent late.
HOUR, GIVE_UP = 7, timedelta(hours=24)


def open_due(now: datetime) -> int:
    """Write today's row for each colleague who has to hear of an overdue review; how many are new."""
    here = now.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))
    if here.hour < HOUR:
        return 0
    today = here.date()
    rows = holds.overdue(today).order_by().values("placed_by").annotate(many=Count("pk"))
    placed = {row["placed_by"]: row["many"] for row in rows}
    if not placed:
        return 0
    known = set(HoldMail.objects.filter(day=today).values_list("to", flat=True))
    new = [HoldMail(to_id=pk, day=today, told=told) for pk, told in _told(Counter(placed)).items() if pk not in known]
    HoldMail.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _told(placed: "Counter[int]") -> dict[int, dict[str, int]]:
    """What each colleague hears: how many of theirs, and for who may end holds how many in all."""
    backend = "django.contrib.auth.backends.ModelBackend"
    legal = User.objects.with_perm(MAY_END, include_superusers=False, backend=backend).filter(is_staff=True)
    ending = set(legal.exclude(email="").values_list("pk", flat=True))
    owners = User.objects.filter(pk__in=list(placed), is_active=True, is_staff=True).exclude(email="")
    return {
        pk: {"mine": placed[pk], "all": placed.total() if pk in ending else 0}
        for pk in sorted(ending | set(owners.values_list("pk", flat=True)))
    }


def waiting(now: datetime) -> list[UUID]:
    """Mails that can be sent now."""
    rows = HoldMail.objects.filter(leases.free(now), state=State.QUEUED)
    return list(rows.order_by("queued_at").values_list("pk", flat=True)[:200])


def send(mail_id: UUID) -> None:
    """Send one, unless another worker has it or it was sent."""
    now = timezone.now()
    row = leases.claim(HoldMail.objects.filter(state=State.QUEUED).select_related("to"), mail_id, now)
    if row is None:
        return
    try:
        _send(row, now)
    except leases.Fenced:
        logger.warning("mail about holds %s was taken over by another worker", mail_id)


def _send(row: HoldMail, now: datetime) -> None:
    if not (row.to.is_active and row.to.email):
        _settle(row, "hold.mail_parked", park_reason="The account is switched off, or has no address.")
        return
    try:
        mail(row).send()
    except (smtplib.SMTPException, OSError) as error:
        logger.warning("mail about holds %s was not taken: %s", row.pk, type(error).__name__)
        if now - row.queued_at > GIVE_UP:
            _settle(row, "hold.mail_parked", park_reason="No mail server took it for a day. Check the mail settings.")
        else:
            leases.release(HoldMail, row.pk, row.fence, later=now + leases.backoff(row.attempts))
        return
    _settle(row, "hold.mail_sent", sent_at=timezone.now())


def _settle(row: HoldMail, event: str, **changes: Any) -> None:
    state = State.PARKED if "park_reason" in changes else State.SENT
    with log.atomic():
        leases.release(HoldMail, row.pk, row.fence, state=state, **changes)
        log.record(event, actor=SENDER, noun=row, person=row.to_id, day=row.day)


def mail(row: HoldMail) -> EmailMessage:
    """The mail that a row is; its Message-ID never changes, so that one that went out twice is recognised as one."""
    mine, every = row.told.get("mine", 0), row.told.get("all", 0)
    lines = [f"Placed by you: {mine}"] if mine else []
    lines += [f"In all: {every}"] if every else []
    where = reverse("admin:connectors_legalhold_changelist")
    return EmailMessage(
        subject=f"Legal holds to look at again: {every or mine}",
        body="The day on which these legal holds were to be looked at again has passed.\n\n"
        + "\n".join(lines)
        + f"\n\n{settings.SITE_URL}{where}?stands=review\n\n"
        "Ask for their release there, or say that they are still needed. This mail holds no personal data.\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[row.to.email],
        headers={"Message-ID": f"<{row.pk}@{settings.SITE_HOST}>", "Auto-Submitted": "auto-generated"},
    )


def unsent(today: date) -> int:
    """How many of the last week's mails could not be sent."""
    return HoldMail.objects.filter(state=State.PARKED, day__gt=today - timedelta(days=7)).count()
