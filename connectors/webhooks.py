"""Webhooks as Standard Webhooks v1 has them (standardwebhooks.com): what every sender of ours and every door for answers needs.

A message has three headers: its id, the same at each try; the moment of the try; and signatures over `id.timestamp.body`, one
for each secret that counts now, so that a secret can be changed without a message lost. What goes out goes through `guard`.
"""

import base64
import binascii
import hashlib
import hmac
import random
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings

from audit import leases
from audit.refusal import Refused
from connectors import guard

PREFIX = "whsec_"
SECRET_BYTES = 32
# How far the clocks of both sides may be apart, and how long a caught message can be played again (as the specification's
# own libraries have it).
TOLERANCE = timedelta(minutes=5)
LONGEST_WAIT = timedelta(days=1)
CALL_SECONDS = 15.0
MOST_BYTES = 65536


@dataclass(frozen=True)
class Answer:
    """What came of one call. `status` is None where there was no whole answer; `code` then says why: name, connection, timeout,
    protocol, tls, forbidden (with `sentence`). `body` is cut, and nobody's to keep.
    """

    code: str
    ms: int
    status: int | None = None
    wait: timedelta | None = None
    body: bytes = b""
    sentence: str = ""


def new_secret() -> str:
    """A secret as both sides write it down: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key(secret: str) -> bytes:
    """The bytes of a secret."""
    return base64.b64decode(secret.removeprefix(PREFIX))


def signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    mac = hmac.new(key(secret), f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}"


def headers(message_id: str, body: bytes, now: datetime, *valid: str) -> dict[str, str]:
    """The headers of one try, signed with each `valid` secret; the newest first."""
    stamp = str(int(now.timestamp()))
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signature(one, message_id, stamp, body) for one in valid),
    }


def verified(given: Mapping[str, str], body: bytes, valid: Iterable[str], now: datetime) -> bool:
    """Whether a message that came to us is signed with one of the `valid` secrets, and of now. Header names in lower case."""
    message_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    # Digits of other scripts pass `isdigit`; a stamp is at most eleven of ours.
    if not message_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        return False
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return False
    sent = given.get("webhook-signature", "").split()[:10]
    try:
        wanted = [signature(one, message_id, stamp, body).encode() for one in valid]
    except (binascii.Error, ValueError):
        return False
    # Every pair is compared, so that the time tells nothing of which one fitted.
    return any([hmac.compare_digest(one.encode(), other) for one in sent for other in wanted])


def check_address(address: str) -> None:
    """Raises Refused (field "address") for what is no address of a webhook; its host is judged at each call."""
    try:
        place = guard.place(address)
    except guard.Forbidden as error:
        raise Refused(error.sentence, code="address_forbidden", field="address") from None
    if place.scheme != "https" and settings.HTTPS:
        raise Refused("Webhooks go to https:// addresses only.", code="address_forbidden", field="address")


def post(address: str, sent: Mapping[str, str], body: bytes, now: datetime, *, seconds: float = CALL_SECONDS) -> Answer:
    """POST once, redirects not followed; whatever comes of it is an answer and never an exception."""
    begun = time.monotonic()

    def spent() -> int:
        return round((time.monotonic() - begun) * 1000)

    try:
        got = guard.call("POST", address, sent, body, seconds=seconds, most_bytes=MOST_BYTES, cut=True)
    except guard.Forbidden as error:
        return Answer("forbidden", spent(), sentence=error.sentence)
    except guard.NoAnswer as error:
        return Answer(error.code, spent())
    wait = retry_after(got.headers.get("retry-after", ""), now)
    return Answer(str(got.status), spent(), got.status, wait, got.body)


def retry_after(text: str, now: datetime) -> timedelta | None:
    """What the header asks us to wait, at most a day (RFC 9110 10.2.3: seconds, or a date); None: nothing that we can read."""
    if text.strip().isdecimal() and text.isascii():
        wait = timedelta(seconds=min(int(text.strip()[:9]), 10**6))
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def pause(attempts: int, wait: timedelta | None = None) -> timedelta:
    """How long until the next try: the usual back-off, up to an hour, shortened by chance to at least half of it, so that what
    failed together does not come back together; never sooner than the other side asked.
    """
    usual = leases.backoff(attempts) * random.uniform(0.5, 1.0)
    return max(wait or timedelta(0), usual)
