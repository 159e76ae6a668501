"""Recipients that were told and do not confirm: after the agreed days they are reminded once by e-mail, and after as many again
a colleague is asked. Who need not confirm is left alone.
"""

import logging
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.failpoints import failpoint
from disclosures import acknowledging, channels, mailing, trying
from disclosures.models import Channel, Notice
from disclosures.outcomes import Verdict

logger = logging.getLogger(__name__)
CHASER = actors.worker("disclosures.chasing")
State = Notice.State
SILENT = "Told, reminded, and no word for {days} days. Call the recipient, then note its answer, send again or give up."
UNREMINDED = "Told and not confirmed, and the reminder could not be mailed ({code}). Call the recipient."


def silent() -> "QuerySet[Notice]":
    """Told, and expected to confirm."""
    may_be = Q(recipient__channel=None) | Q(recipient__channel__confirms=True)
    return Notice.objects.filter(may_be, state=State.SENT)


def to_remind(now: datetime) -> list[uuid.UUID]:
    """Notices whose days are over and who were not reminded yet, the oldest first."""
    return _late(silent().filter(leases.free(now), reminded_at=None), "sent_at", now)


def remind(notice_id: uuid.UUID) -> None:
    """Mail one reminder, unless another worker does or it is not needed any more."""
    now = timezone.now()
    rows = silent().filter(reminded_at=None).select_related("recipient__channel", "purpose")
    notice = leases.claim(rows, notice_id, now)
    if notice is None:
        return
    try:
        _remind(notice, now)
    except leases.Fenced:
        logger.info("notice %s was settled by somebody else meanwhile", notice.pk)


def _remind(notice: Notice, now: datetime) -> None:
    attempt = trying.begin(notice, Channel.Kind.MAIL, now, reminder=True)
    begun = time.monotonic()
    failpoint("notice.before_remind")
    outcome = mailing.remind(notice)
    trying.end(attempt, outcome, round((time.monotonic() - begun) * 1000))
    if outcome.verdict == Verdict.LATER:
        leases.release(Notice, notice.pk, notice.fence, later=now + leases.backoff(notice.attempts))
        return
    with log.atomic():
        if outcome.verdict == Verdict.PARK:
            reason = UNREMINDED.format(code=outcome.code)
            leases.release(Notice, notice.pk, notice.fence, state=State.PARKED, park_reason=reason)
            acknowledging.note("recipient.escalated", notice, CHASER)
        else:
            leases.release(Notice, notice.pk, notice.fence, reminded_at=timezone.now())
            acknowledging.note("recipient.reminded", notice, CHASER)


def escalate(now: datetime) -> int:
    """Ask a colleague about those who were reminded and still say nothing; how many."""
    late = _late(silent().filter(reminded_at__isnull=False), "reminded_at", now)
    rows = Notice.objects.filter(pk__in=late).select_related("recipient__channel")
    changed = 0
    for notice in rows:
        reason = SILENT.format(days=2 * channels.of(notice.recipient).confirm_days)
        with log.atomic():
            if Notice.objects.filter(pk=notice.pk, state=State.SENT).update(state=State.PARKED, park_reason=reason):
                acknowledging.note("recipient.escalated", notice, CHASER)
                changed += 1
    return changed


def overdue(now: datetime) -> int:
    """How many were told longer ago than was agreed with their recipient, and have not confirmed."""
    return sum(rows.count() for rows in _past(silent(), "sent_at", now))


def _late(rows: "QuerySet[Notice]", since: str, now: datetime) -> list[uuid.UUID]:
    """Those of `rows` whose agreed days have passed `since`; a few at a time."""
    found: list[uuid.UUID] = []
    for due in _past(rows, since, now):
        found += due.order_by(since).values_list("pk", flat=True)[:200]
    return found


def _past(rows: "QuerySet[Notice]", since: str, now: datetime) -> "Iterator[QuerySet[Notice]]":
    """Those of `rows` whose days have passed `since`: its recipient's own, or the usual ones where it has no way of telling.

    They are asked for by each number of days that is agreed with anybody: two or three in practice.
    """
    usual = settings.CONFIRM_DAYS
    agreed = {usual, *Channel.objects.values_list("confirm_days", flat=True).distinct()}
    for days in sorted(agreed):
        own = Q(recipient__channel__confirm_days=days)
        if days == usual:
            own |= Q(recipient__channel=None)
        yield rows.filter(own, **{f"{since}__lt": now - timedelta(days=days)})
