"""What one try to tell a recipient comes to. Pure rules: a status and a text in, a verdict out."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from audit import scrub

# 408 Request Timeout, 425 Too Early, 429 Too Many Requests: the same message may be taken later (RFC 9110, 8470, 6585).
PASSING = frozenset({408, 425, 429})
LONGEST_SAID = 120
# What may stand for a person in an answer: long numbers, hashes.
SIGN = re.compile(r"[0-9A-Fa-f]{16,}|\d(?:[\s./-]?\d){4,}")


class Verdict(StrEnum):
    """What follows from a try."""

    TOLD = "told"
    LATER = "later"
    PARK = "parked"
    HANDED = "handed"


@dataclass(frozen=True)
class Outcome:
    """A verdict, the code that the log keeps, and for a refusal the reason in words for a colleague."""

    verdict: Verdict
    code: str = ""
    reason: str = ""
    wait: timedelta | None = None
    said: str = ""
    ms: int | None = None


def by_status(status: int) -> tuple[Verdict, str]:
    """What a webhook's status means, and the reason where a person must look."""
    if 200 <= status < 300:
        return Verdict.TOLD, ""
    if status >= 500 or status in PASSING:
        return Verdict.LATER, ""
    if status == 410:
        return Verdict.PARK, "Their webhook is gone (410). Ask the recipient for a new address, then send again."
    if 300 <= status < 400:
        return Verdict.PARK, (
            f"Their webhook answered with a redirect ({status}), which is not followed. Enter the new address, then send again."
        )
    if status in (401, 403):
        return Verdict.PARK, (
            f"Their webhook does not trust us ({status}). Check with the recipient which secret it has, then send again."
        )
    return Verdict.PARK, f"Their webhook refused the message ({status}). Ask the recipient why, then send again."


def snippet(body: bytes, named: Iterable[str]) -> str:
    """The beginning of an answer that a colleague may read: without addresses, numbers, hashes, or anything that we sent."""
    text = body[:2000].decode("utf-8", "replace")
    for one in named:
        if one:
            text = re.sub(re.escape(one), "[person]", text, flags=re.IGNORECASE)
    text = SIGN.sub("[number]", scrub.clean(text))
    return "".join(one if one.isprintable() else " " for one in text)[:LONGEST_SAID].strip()
