"""The lasting key of each system's pseudonyms."""

import hashlib
import hmac

from django.conf import settings


def system_secret(key: str) -> bytes:
    """The lasting key of a system's pseudonyms, derived from the portal's INDEX_KEY."""
    return hmac.new(settings.INDEX_KEY.encode(), b"privacyops system v1 " + key.encode(), hashlib.sha256).digest()
