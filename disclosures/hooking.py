"""Notices by signed webhook (Standard Webhooks v1). The id of the message is the notice's id at each try: a receiver that keeps
it does the work once, however often our side breaks.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from connectors import webhooks
from disclosures.acknowledging import token
from disclosures.models import Channel, Notice
from disclosures.naming import Name
from disclosures.outcomes import Outcome, Verdict, by_status, snippet

# Well below the lease of a notice (LEASE_SECONDS, 60), however slowly the other side drips.
SECONDS = 15.0
# Compared with where there is no secret, so that the time says nothing.
NOBODYS = webhooks.new_secret()


def send(notice: Notice, channel: Channel, names: list[Name], now: datetime) -> Outcome:
    """POST the notice once."""
    body = message(notice, names)
    sent = webhooks.headers(str(notice.pk), body, now, *secrets(channel, now))
    return judged(webhooks.post(channel.address, sent, body, now, seconds=SECONDS), [one.value for one in names])


def message(notice: Notice, names: list[Name]) -> bytes:
    """The body: what is asked, by which sign the person is found, and where to confirm. Nothing else of the person."""
    data: dict[str, Any] = {
        "notice": str(notice.pk),
        "reference": notice.reference,
        "person": [{"kind": one.kind, "value": one.value} for one in names],
        "confirm": f"{settings.SITE_URL}/ack/{token(notice)}/",
    }
    if notice.purpose is not None:
        data["purpose"] = notice.purpose.key
    told = {"type": f"notice.{notice.kind}", "timestamp": notice.queued_at.isoformat(), "data": data}
    return json.dumps(told, separators=(",", ":")).encode()


def secrets(channel: Channel, now: datetime) -> list[str]:
    """The secrets that count now: the new one first, the old one until its time is over."""
    old = channel.old_secret if channel.old_until is not None and channel.old_until > now else None
    return [one for one in (channel.secret, old) if one]


def judged(answer: webhooks.Answer, named: list[str]) -> Outcome:
    """What an answer comes to."""
    if answer.sentence:
        return Outcome(Verdict.PARK, answer.code, answer.sentence)
    if answer.status is None:
        return Outcome(Verdict.LATER, answer.code)
    verdict, reason = by_status(answer.status)
    said = "" if verdict == Verdict.TOLD else snippet(answer.body, named)
    wait = answer.wait if answer.status in (429, 503) else None
    return Outcome(verdict, answer.code, reason, wait, said)


def answered(notice_id: uuid.UUID, sent: Mapping[str, str], body: bytes, now: datetime) -> Notice | None:
    """The notice that a signed call of its recipient names; None for one that is not there, is another's, or does not fit the
    signature: the caller learns no difference.
    """
    notice = Notice.objects.select_related("recipient__channel").filter(pk=notice_id).first()
    channel = getattr(notice.recipient, "channel", None) if notice is not None else None
    valid = secrets(channel, now) if channel is not None and channel.secret else [NOBODYS]
    fits = webhooks.verified(sent, body, valid, now)
    return notice if fits and channel is not None and channel.secret else None
