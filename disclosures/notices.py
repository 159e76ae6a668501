"""Telling recipients what was erased, corrected, restricted, opted out of or withdrawn. The row is the message; it is sent
afterwards, by the way that was agreed with the recipient.

1. `queue` writes one row per recipient in the caller's transaction, with its id fixed: a message that was taken but not marked
   goes out again as the same one.
2. `send` claims the row, writes a row for the try, talks to the other side outside any transaction, and marks both afterwards.
3. What fails for now is tried again for days; a refusal, or days without success, parks the notice where a colleague sees it.
   Parked is never settled.
4. The recipient confirms (`acknowledging`), is reminded (`chasing`), and a colleague decides what is left (`deciding`).

A notice must name the person to somebody who holds their data: by the one sign that was agreed, and by nothing else (`naming`).
"""

import logging
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.actor import Actor
from audit.bell import ring
from audit.failpoints import failpoint
from connectors import webhooks
from disclosures import acknowledging, channels, errands, hooking, ledger, mailing, naming, trying
from disclosures.acknowledging import acknowledge, by_token, token
from disclosures.bells import send_notice
from disclosures.deciding import WAIVE_REASONS, retry, waive
from disclosures.models import Channel, Disclosure, Notice, Recipient
from disclosures.outcomes import Outcome, Verdict
from inventory.models import Purpose
from subjects.models import DataSubject

__all__ = (
    "WAIVE_REASONS", "acknowledge", "by_token", "queue", "queue_withdrawal", "retry", "send", "settled", "to_tell",
    "token", "waiting", "waive",
)  # fmt: skip

logger = logging.getLogger(__name__)

SENDER = actors.worker("disclosures.notices")
State = Notice.State
# A server may be away for a week-end: a notice is given up after so many days, and never before MOST_ATTEMPTS tries.
NOTICE_DAYS = 3
WAY = {
    Channel.Kind.WEBHOOK: "Their webhook did not take this for {days} days ({code}). Ask the recipient, then send again.",
}
NO_MAIL = "No mail server took this for {days} days. Check the mail settings, then retry."


def queue(subject: DataSubject, kind: str, *, origin: str, categories: set[str], actor: Actor) -> list[Notice]:
    """Write a notice for each recipient of these categories of this person; safe to repeat. All of this origin and kind.

    An opt-out goes only to those who get data by sale or sharing: nobody else has anything to stop.
    """
    with log.atomic():
        for recipient in to_tell(subject, kind, categories):
            _queue(subject, kind, recipient, origin, actor)
        return list(Notice.objects.filter(origin=origin, kind=kind).select_related("recipient").order_by("queued_at"))


def to_tell(subject: DataSubject, kind: str, categories: set[str]) -> list[Recipient]:
    """Who would be told, by name. One query."""
    # An authority keeps what a law had it ask for; and a notice could give a secret demand away.
    found = [one for one in ledger.recipients_of(subject, categories) if one.role != Recipient.Role.AUTHORITY]
    if kind == Notice.Kind.OPT_OUT:
        found = [one for one in found if one.sold_or_shared]
    return found


def _queue(
    subject: DataSubject, kind: str, recipient: Recipient, origin: str, actor: Actor, purpose: Purpose | None = None
) -> None:
    key = uuid.uuid4()
    notice, made = Notice.objects.get_or_create(
        origin=origin,
        recipient=recipient,
        kind=kind,
        defaults={
            "id": key, "subject": subject, "purpose": purpose, "message_id": f"<{key}@{settings.SITE_HOST}>",
        },
    )  # fmt: skip
    if made:
        acknowledging.note("recipient.notice_queued", notice, actor)
        ring(send_notice, notice.pk)


def queue_withdrawal(subject: DataSubject, purpose: Purpose, *, origin: str, actor: Actor) -> list[Notice]:
    """Write a notice for each recipient who uses this person's data for a purpose to which they said No; safe to repeat.

    A No to a sale is an opt-out of it (CCPA s. 1798.120; 11 CCR 7026(f)), any other withdraws a consent or objects.
    """
    kind = Notice.Kind.OPT_OUT if purpose.sale_or_sharing else Notice.Kind.WITHDRAWAL
    with log.atomic():
        for recipient in _users(subject, purpose):
            _queue(subject, kind, recipient, origin, actor, None if purpose.sale_or_sharing else purpose)
        return list(Notice.objects.filter(origin=origin, kind=kind).select_related("recipient").order_by("queued_at"))


def _users(subject: DataSubject, purpose: Purpose) -> list[Recipient]:
    """Who uses this person's data for a purpose, by name: whom the ledger names for it; those for whom it was agreed, where
    they get data of everyone or have an entry of this person; of a sale all third parties alike. One query.
    """
    entries = Disclosure.objects.sound().filter(subject=subject, recipient=OuterRef("pk"))
    holds = Q(Exists(entries)) | Q(active=True, receives_everyone=True)
    found = Q(Exists(entries.filter(purpose=purpose))) | (
        holds & (Q(channel__purposes=purpose) | Q(grants__purpose=purpose))
    )
    if purpose.sale_or_sharing:
        found = (found | holds) & (Q(sold=True) | Q(shared=True) | Q(role=Recipient.Role.THIRD_PARTY))
    return list(Recipient.objects.filter(found).order_by("name").distinct())


def settled(origin: str) -> bool:
    """Whether nothing of this origin waits any more, neither for a server nor for a colleague. What was told and is parked
    because the recipient does not confirm, or cannot, holds up nobody.
    """
    waits = Q(state__in=(State.QUEUED, State.HANDED)) | Q(state=State.PARKED, sent_at=None)
    return not Notice.objects.filter(waits, origin=origin).exists()


def waiting(now: datetime) -> list[uuid.UUID]:
    """Notices that can be sent now, the oldest first."""
    rows = Notice.objects.filter(leases.free(now), state=State.QUEUED)
    return list(rows.order_by("queued_at").values_list("pk", flat=True)[:200])


def send(notice_id: uuid.UUID) -> None:
    """Send one notice, unless another worker has it or it is settled."""
    now = timezone.now()
    queued = Notice.objects.filter(state=State.QUEUED).select_related("recipient__channel", "purpose")
    notice = leases.claim(queued, notice_id, now)
    if notice is None:
        return
    try:
        _send(notice, now)
    except leases.Fenced:
        logger.info("notice %s was settled by somebody else meanwhile", notice.pk)


def _send(notice: Notice, now: datetime) -> None:
    channel = channels.of(notice.recipient)
    names = naming.names(notice, channel)
    if not names:
        _settle(notice, channel, Outcome(Verdict.PARK, reason=naming.missing(channel)), now)
        return
    if channel.kind == Channel.Kind.PAGE:  # before the mail that leads to it
        errands.open_for(notice, channel)
    attempt = trying.begin(notice, channel.kind, now)
    begun = time.monotonic()
    failpoint("notice.before_send")
    outcome = _tell(notice, channel, names, now)
    failpoint("notice.after_send")
    trying.end(attempt, outcome, round((time.monotonic() - begun) * 1000))
    _settle(notice, channel, outcome, now)


def _tell(notice: Notice, channel: Channel, names: list[naming.Name], now: datetime) -> Outcome:
    if channel.kind == Channel.Kind.WEBHOOK:
        return hooking.send(notice, channel, names, now)
    if channel.kind == Channel.Kind.DESK:
        return Outcome(Verdict.HANDED, "handed")
    return mailing.send(notice, channel, names)


def _settle(notice: Notice, channel: Channel, outcome: Outcome, now: datetime) -> None:
    """Move the notice by what the try came to."""
    if outcome.verdict == Verdict.LATER:
        logger.warning("notice %s was not taken: %s", notice.pk, outcome.code)
        if not given_up(notice.queued_at, notice.attempts, now):
            later = now + webhooks.pause(notice.attempts, outcome.wait)
            leases.release(Notice, notice.pk, notice.fence, later=later)
            return
        reason = WAY.get(Channel.Kind(channel.kind), NO_MAIL).format(days=NOTICE_DAYS, code=outcome.code)
        outcome = Outcome(Verdict.PARK, outcome.code, reason)
    if outcome.verdict == Verdict.PARK:
        _move(notice, "recipient.not_told", outcome.code, state=State.PARKED, park_reason=outcome.reason[:300])
    elif outcome.verdict == Verdict.HANDED:
        _move(notice, "recipient.handed", "", state=State.HANDED, way=channel.kind)
    else:
        _move(notice, "recipient.told", outcome.code, state=State.SENT, sent_at=timezone.now(), way=channel.kind)


def _move(notice: Notice, event: str, code: str, **changes: Any) -> None:
    with log.atomic():
        leases.release(Notice, notice.pk, notice.fence, **changes)
        if changes["state"] == State.HANDED:
            errands.open_for(notice, channels.of(notice.recipient))
        acknowledging.note(event, notice, SENDER, **({"code": code} if code else {}))


def given_up(queued_at: datetime, attempts: int, now: datetime) -> bool:
    """Whether further tries are no use: enough days, and enough tries (we may have been away for those days ourselves)."""
    return now - queued_at > timedelta(days=NOTICE_DAYS) and attempts >= settings.MOST_ATTEMPTS
