"""Reports that come by themselves: a row per schedule, a row per mail. The mail bears a link to the desk and nothing else."""

import logging
import smtplib
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from requests_app.models import ReportMail, ReportSchedule

logger = logging.getLogger(__name__)

SENDER = actors.worker("reports.mailing")
Every, State = ReportSchedule.Every, ReportMail.State
MAY = "requests_app.view_request"


def period(every: str, today: date) -> tuple[date, date]:
    """The last whole week, month or quarter before `today`."""
    if every == Every.WEEK:
        last = today - timedelta(days=today.weekday() + 1)
        return last - timedelta(days=6), last
    begins = today.replace(day=1)
    if every == Every.QUARTER:
        begins = begins.replace(month=begins.month - (begins.month - 1) % 3)
    last = begins - timedelta(days=1)
    first = last.replace(day=1)
    return (first.replace(month=last.month - 2), last) if every == Every.QUARTER else (first, last)


def queue_due(now: datetime) -> int:
    """Write the mails of every schedule whose period is over; how many. Safe to repeat: one mail per period and colleague.

    A schedule that is younger than the end of a period begins with the next one.
    """
    made = 0
    zone = ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)
    today = now.astimezone(zone).date()
    for schedule in ReportSchedule.objects.filter(active=True).prefetch_related("to"):
        first, last = period(schedule.every, today)
        if schedule.made_at.astimezone(zone).date() > last:
            continue
        known = set(ReportMail.objects.filter(schedule=schedule, first_on=first).values_list("to", flat=True))
        for user in schedule.to.all():
            if user.pk in known:
                continue
            with log.atomic():
                row, new = ReportMail.objects.get_or_create(
                    schedule=schedule, to=user, first_on=first, defaults={"last_on": last}
                )
                if new:
                    log.record("report.queued", actor=SENDER, noun=row, first=first, last=last)
                    made += 1
    return made


def waiting(now: datetime) -> list[int]:
    """Mails that can be sent now."""
    rows = ReportMail.objects.filter(leases.free(now), state=State.QUEUED)
    return list(rows.order_by("queued_at").values_list("pk", flat=True)[:100])


def send(mail_id: int) -> None:
    """Send one mail, unless another worker has it, or the colleague may not see reports any more."""
    row = leases.claim(ReportMail.objects.filter(state=State.QUEUED).select_related("to"), mail_id, timezone.now())
    if row is None:
        return
    user = row.to
    if not user.is_active or not user.has_perm(MAY) or not user.email:
        words = "The account has no address, is switched off, or may not see reports any more. Mend it or the schedule."
        _settle(row, "report.parked", state=State.PARKED, park_reason=words)
        return
    try:
        _mail(row).send()
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("report mail %s was not taken: %s", row.pk, type(error).__name__)
        if row.attempts >= settings.MOST_ATTEMPTS:
            _settle(row, "report.parked", state=State.PARKED, park_reason="No mail server took it. Check the settings.")
        else:
            leases.release(ReportMail, row.pk, row.fence, later=timezone.now() + leases.backoff(row.attempts))
        return
    _settle(row, "report.sent", state=State.SENT, sent_at=timezone.now())


def _settle(row: ReportMail, event: str, **changes: Any) -> None:
    with log.atomic():
        leases.release(ReportMail, row.pk, row.fence, **changes)
        log.record(event, actor=SENDER, noun=row)


def _mail(row: ReportMail) -> EmailMessage:
    where = f"{reverse('admin:reports')}?{urlencode({'from': row.first_on, 'to': row.last_on})}"
    return EmailMessage(
        subject=f"Privacy requests, {row.first_on} to {row.last_on}",
        body=f"The report of these days is ready on the desk:\n\n{settings.SITE_URL}{where}\n\n"
        "You sign in there as always. This mail holds no figures and no personal data.\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[row.to.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
