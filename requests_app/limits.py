"""How often a form may be sent: by network and by e-mail address.

Counters live in the cache under keyed hashes, in fixed windows. They are a courtesy to everybody else and no lock: when the
cache is away the form still takes requests (they only need the database), and a line in the log says so.
"""

import ipaddress
import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest
from redis.exceptions import RedisError

from audit.refusal import Refused
from subjects import identifiers, vault

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """At most `most` in `seconds`."""

    name: str
    most: int
    seconds: int


# An office shares one address, so a network may do more than one mailbox; how much more, FORMS_PER_NETWORK says.
NETWORK_SECONDS = 600
MAILBOX = Limit("mailbox", 6, 3600)
CODES = Limit("codes", 10, 600)


def by_network(request: HttpRequest, now: float | None = None) -> int | None:
    """Count one form from this network; the seconds to wait when it sent too many, else None."""
    return _count(Limit("network", settings.FORMS_PER_NETWORK, NETWORK_SECONDS), network(request), now)


def by_mailbox(address: str, now: float | None = None) -> int | None:
    """Count one form for this e-mail address; the seconds to wait when there were too many, else None."""
    try:
        return _count(MAILBOX, identifiers.email(address), now)
    except Refused:
        return None  # not an address: the form says so itself


def by_browser(holder: str, now: float | None = None) -> int | None:
    """Count one code typed in this browser; the seconds to wait when there were too many, else None."""
    return _count(CODES, holder, now)


def network(request: HttpRequest) -> str:
    """The sender's IPv4 address or IPv6 /64, read past as many proxies as we trust."""
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    proxies = settings.TRUSTED_PROXIES
    text = forwarded[-proxies] if proxies and len(forwarded) >= proxies else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _count(limit: Limit, who: str, now: float | None) -> int | None:
    moment = time.time() if now is None else now
    window = int(moment // limit.seconds)
    key = f"limit:{limit.name}:{window}:{vault.blind_index(limit.name, who)}"
    try:
        cache.add(key, 0, timeout=limit.seconds)
        count = cache.incr(key)
    except ValueError:  # the key went away between the two calls
        return None
    except (RedisError, DatabaseError, OSError) as error:
        logger.warning("the cache is away (%s): forms are taken without counting", type(error).__name__)
        return None
    return None if count <= limit.most else int((window + 1) * limit.seconds - moment) + 1
