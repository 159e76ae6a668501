"""Codes that a person types on the page where they asked. Pure but for the key; time is a parameter.

A code has 40 random bits, lives ten minutes, and is dead after five tries. It is kept under a key (HMAC-SHA256, bound to its
row), so that a copy of the database does not give it away, and it works only in the browser that asked.
"""

import hashlib
import hmac
import secrets

from django.conf import settings

from requests_app import policy

LENGTH = 8
# What people read for another sign: Crockford's rules.
MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new() -> str:
    """A new code as it stands in a letter: 7K3M-2Q9D."""
    signs = "".join(secrets.choice(policy.ALPHABET) for _ in range(LENGTH))
    return f"{signs[:4]}-{signs[4:]}"


def clean(typed: str) -> str:
    """What was meant by what was typed: without blanks and dashes, in capitals, misread letters as digits."""
    signs = "".join(one for one in typed[:40].upper() if one.isascii() and one.isalnum())
    return signs.translate(MISREAD)


def kept(row: object, code: str) -> str:
    """How the code of `row` (its id) is kept."""
    key = hashlib.sha256(b"privacyops code v1" + settings.INDEX_KEY.encode()).digest()
    return hmac.new(key, f"{row}\x00{clean(code)}".encode(), hashlib.sha256).hexdigest()


def fits(row: object, code: str, stored: str) -> bool:
    """Whether `code` is the one of `row`; compared in constant time."""
    return hmac.compare_digest(kept(row, code), stored)
