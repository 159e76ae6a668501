"""The last part of a public link: a row's id and its HMAC under SECRET_KEY for one use. It is stored nowhere, and is the same
each time that the mail goes out.
"""

import base64
import binascii
import hmac
import uuid

from django.utils.crypto import salted_hmac

ID_BYTES, SEAL_BYTES = 16, 32


def token(key: uuid.UUID, use: str) -> str:
    """The token of a row for this use, 64 characters."""
    return base64.urlsafe_b64encode(key.bytes + _seal(key, use)).decode()


def opened(text: str, use: str) -> uuid.UUID | None:
    """The id in a token that is ours and for this use, or None."""
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if len(raw) != ID_BYTES + SEAL_BYTES:
        return None
    key = uuid.UUID(bytes=raw[:ID_BYTES])
    return key if hmac.compare_digest(_seal(key, use), raw[ID_BYTES:]) else None


def _seal(key: uuid.UUID, use: str) -> bytes:
    return bytes(salted_hmac(use, str(key), algorithm="sha256").digest())
