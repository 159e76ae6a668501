"""Ways of telling a recipient: their secrets, how these are changed without a message lost, and a test that names nobody."""

import json
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors import webhooks
from disclosures import hooking, mailing
from disclosures.models import Channel, Recipient
from disclosures.outcomes import Outcome, Verdict

# So long both secrets count: the recipient changes over in its own time.
OVERLAP = timedelta(days=7)


def of(recipient: Recipient) -> Channel:
    """How this recipient is told; by e-mail, by e-mail address, where nothing was agreed."""
    found: Channel | None = getattr(recipient, "channel", None)
    return found or Channel(recipient=recipient)


def equip(channel: Channel) -> list[str]:
    """Make the secrets that this way needs and does not have yet; each in words with its value, to be shown this once."""
    made = []
    if channel.kind == Channel.Kind.WEBHOOK and not channel.secret:
        channel.secret = webhooks.new_secret()
        made.append(f"Signing secret: {channel.secret}")
    if channel.names == Channel.Names.HMAC and not channel.naming_key:
        channel.naming_key = webhooks.new_secret()
        made.append(f"Key of the hashed addresses: {channel.naming_key}")
    return made


def rotate(channel: Channel, *, by: User) -> str:
    """A new signing secret, to be shown this once. Messages are signed with both until OVERLAP is over. Raises Refused."""
    _may(by, "rotate_channel")
    fresh = webhooks.new_secret()
    with log.atomic():
        held = Channel.objects.select_for_update().get(pk=channel.pk)
        if held.kind != Channel.Kind.WEBHOOK:
            raise Refused("Only a webhook has a secret.", code="no_secret")
        held.old_secret, held.old_until, held.secret = held.secret, timezone.now() + OVERLAP, fresh
        held.save(update_fields=["old_secret", "old_until", "secret"])
        log.record("channel.rotated", actor=actors.staff(by.pk), noun=held, recipient=held.recipient.key)
    return fresh


def end_old(channel: Channel, *, by: User) -> None:
    """The old secret counts no more. Raises Refused."""
    _may(by, "rotate_channel")
    with log.atomic():
        old = Channel.objects.filter(pk=channel.pk, old_secret__isnull=False)
        if not old.update(old_secret=None, old_until=None):
            raise Refused("There is no old secret any more.", code="state_conflict")
        log.record("channel.old_ended", actor=actors.staff(by.pk), noun=channel, recipient=channel.recipient.key)


def test(channel: Channel, *, by: User) -> str:
    """Send a message that names nobody; what came of it, in words. Raises Refused for a way that sends nothing."""
    _may(by, "test_channel")
    if channel.kind == Channel.Kind.DESK:
        raise Refused("Nothing is sent by this way: a colleague does it.", code="nothing_sent")
    now = timezone.now()
    outcome = _hook(channel, now) if channel.kind == Channel.Kind.WEBHOOK else _mail(channel)
    with log.atomic():
        Channel.objects.filter(pk=channel.pk).update(tested_at=now, tested_code=outcome.code[:20])
        key = channel.recipient.key
        log.record("channel.tested", actor=actors.staff(by.pk), noun=channel, code=outcome.code, recipient=key)
    if outcome.verdict == Verdict.TOLD:
        return f"The test was taken ({outcome.code})."
    said = f" It said: {outcome.said}" if outcome.said else ""
    raise Refused(outcome.reason or f"The test was not taken ({outcome.code}).{said}", code="test_failed")


def _hook(channel: Channel, now: datetime) -> Outcome:
    told = {"type": "notice.test", "timestamp": now.isoformat(), "data": {}}
    body = json.dumps(told, separators=(",", ":")).encode()
    sent = webhooks.headers(f"test-{uuid.uuid4()}", body, now, *hooking.secrets(channel, now))
    return hooking.judged(webhooks.post(channel.address, sent, body, now, seconds=hooking.SECONDS), [])


def _mail(channel: Channel) -> Outcome:
    mail = EmailMessage(
        subject=f"Test from {settings.COMPANY_NAME}",
        body=f"This is a test of how {settings.COMPANY_NAME} tells you of privacy requests. There is nothing to do.\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[channel.recipient.contact],
        reply_to=[settings.COMPANY_EMAIL],
        headers={"Auto-Submitted": "auto-generated"},
    )
    return mailing.given(mail)


def _may(by: User, permission: str) -> None:
    if not by.has_perm(f"disclosures.{permission}"):
        raise Refused("Your role may not do this. Ask your administrator.", code="not_allowed")
