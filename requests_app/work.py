"""A proof of work: a sum that costs a browser a second and a robot as much for each form. Self-hosted, no third party.

A challenge is signed and names its difficulty and a random salt. The browser looks for a number with which the SHA-256 of
`<bits>.<salt>.<number>` begins with so many zero bits (static/work.js). It is spent once, for one form with its answers: the
same form sent again, because the reply to it was lost on the way, may show it again.
"""

import hashlib
import logging
import secrets

from django.core.cache import cache
from django.core.signing import BadSignature, TimestampSigner
from django.db import DatabaseError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

OLDEST_SECONDS = 3600
LONGEST_NUMBER = 16


def challenge(bits: int) -> str:
    """A new challenge of this difficulty."""
    return _signer().sign(f"{bits}.{secrets.token_hex(12)}")


def solved(given: str, number: str, bits: int) -> bool:
    """Whether `number` solves a challenge of ours that is young enough and at least `bits` hard."""
    try:
        puzzle = _signer().unsign(given, max_age=OLDEST_SECONDS)
    except BadSignature:  # also: too old
        return False
    asked = int(puzzle.partition(".")[0])
    plain = number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER
    return plain and asked >= bits and zeros(f"{puzzle}.{number}") >= asked


def solve(given: str) -> str:
    """The least number that solves a challenge: what the browser's script does, for tests and programs."""
    puzzle = given.partition(":")[0]
    bits = int(puzzle.partition(".")[0])
    number = 0
    while zeros(f"{puzzle}.{number}") < bits:
        number += 1
    return str(number)


def zeros(text: str) -> int:
    """How many zero bits the SHA-256 of `text` begins with."""
    return 256 - int.from_bytes(hashlib.sha256(text.encode()).digest(), "big").bit_length()


def spend(what: str, mark: str) -> bool:
    """Use up a challenge or a ticket for the form with this mark; False when another form used it before."""
    key = f"spent:{hashlib.sha256(what.encode()).hexdigest()}"
    try:
        return cache.add(key, mark, timeout=24 * 3600) or cache.get(key) == mark
    except (RedisError, DatabaseError, OSError) as error:
        logger.warning("the cache is away (%s): a proof of work may be shown twice", type(error).__name__)
        return True


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="portal.work")
