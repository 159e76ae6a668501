"""A recipient confirms that it is done, behind a link whose token is derived from the notice's id and stored nowhere."""

import base64
import binascii
import hmac
import uuid
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.crypto import salted_hmac

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from disclosures.models import Notice

RECIPIENT = actors.worker("disclosures.acknowledging")
ID_BYTES, SEAL_BYTES = 16, 32


def token(notice: Notice) -> str:
    """The last part of the recipient's link: the notice's id and its HMAC under SECRET_KEY, 64 characters."""
    return base64.urlsafe_b64encode(notice.pk.bytes + _seal(notice.pk)).decode()


def _seal(notice_id: uuid.UUID) -> bytes:
    return bytes(salted_hmac("disclosures.acknowledge", str(notice_id), algorithm="sha256").digest())


def by_token(text: str) -> Notice | None:
    """The notice behind a link, or None."""
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if len(raw) != ID_BYTES + SEAL_BYTES:
        return None
    key = uuid.UUID(bytes=raw[:ID_BYTES])
    if not hmac.compare_digest(_seal(key), raw[ID_BYTES:]):
        return None
    return Notice.objects.select_related("recipient").filter(pk=key).first()


def acknowledge(text: str, *, now: datetime) -> Notice:
    """Note that the recipient confirmed; twice is once. Raises Refused for a link that is not ours.

    Whatever state the notice is in: a mail that arrived although we could not mark it sent is confirmed all the same.
    """
    notice = by_token(text)
    if notice is None:
        raise Refused("This link is not complete. Copy it whole from our mail.", code="unknown_token")
    done = {
        "state": Notice.State.ACKNOWLEDGED,
        "acknowledged_at": now,
        "park_reason": "",
        "lease_until": None,
        "next_try_at": None,
        # Whoever is sending it this moment loses the row: a confirmation says more than "sent".
        "fence": F("fence") + 1,
    }
    with log.atomic():
        if Notice.objects.filter(pk=notice.pk, acknowledged_at=None).update(**done):
            note("recipient.acknowledged", notice, RECIPIENT)
    notice.refresh_from_db()
    return notice


def note(event: str, notice: Notice, actor: Actor, **facts: Any) -> None:
    """Record an event about a notice, in the caller's transaction."""
    what = {"recipient": notice.recipient.key, "kind": notice.kind, "origin": notice.origin}
    log.record(event, actor=actor, noun=notice, subject_id=notice.subject_id, **what, **facts)
