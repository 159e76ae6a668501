"""How often a form may be sent: by network and by e-mail address; and whether more forms arrive than people send (a flood).

Counters live in the cache under keyed hashes, in fixed windows, so that every web process counts in the same ones. They are a
courtesy to everybody else and no lock: when the cache is away the form still takes requests (they only need the database), and
a line in the log says so.
"""

import ipaddress
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
# In a flood: how many forms of one network may come without a proof of work, by having waited.
WAITED = Limit("waited", 10, 600)
# Reports of cookies that a network's browsers saw: each browser reports once a day, and only what is new.
SEEN = Limit("seen", 60, 600)
SITE_SECONDS = 60
# A flood is over when so long no minute had too many forms.
FLOOD_SECONDS = 600
FLOOD, UNBELIEVED = "flood", "proxy-unbelieved"


def by_network(request: HttpRequest, now: float | None = None) -> int | None:
    """Count one form from this network; the seconds to wait when it sent too many, else None."""
    _count_site(now)
    _notice_proxy(request)
    return _count(_network_limit(), network(request), now)


def by_mailbox(address: str, now: float | None = None) -> int | None:
    """Count one form for this e-mail address; the seconds to wait when there were too many, else None."""
    try:
        return _count(MAILBOX, identifiers.email(address), now)
    except Refused:
        return None  # not an address: the form says so itself


def by_browser(holder: str, now: float | None = None) -> int | None:
    """Count one code typed in this browser; the seconds to wait when there were too many, else None."""
    return _count(CODES, holder, now)


def by_banner(request: HttpRequest, now: float | None = None) -> int | None:
    """Count one answer of a banner from this network; the seconds to wait when it sent too many, else None.

    Apart from forms: a busy site's banners would else look like a flood of forms.
    """
    _notice_proxy(request)
    return _count(Limit("banner", settings.BANNER_PER_NETWORK, NETWORK_SECONDS), network(request), now)


def by_report(request: HttpRequest, now: float | None = None) -> int | None:
    """Count one report of cookies from this network; the seconds to wait when it sent too many, else None."""
    return _count(SEEN, network(request), now)


def by_waiting(request: HttpRequest, now: float | None = None) -> int | None:
    """Count one form that came without a proof of work; the seconds to wait when its network sent too many so, else None."""
    return _count(WAITED, network(request), now)


def flooded(request: HttpRequest, now: float | None = None) -> bool:
    """Whether a form from here must bring a proof of work: in a flood, or when its network has used up half of its forms."""
    limit = _network_limit()
    counter = _key(limit, network(request), time.time() if now is None else now)[0]
    with _reachable():
        seen = cache.get_many([FLOOD, counter])
        return FLOOD in seen or int(seen.get(counter, 0)) > limit.most // 2
    return False


def flood() -> int:
    """The forms of the minute that last was a flood; 0 when there is none."""
    with _reachable():
        return int(cache.get(FLOOD, 0))
    return 0


def proxy_unbelieved() -> bool:
    """Whether a form of the last day came through a proxy that TRUSTED_PROXIES does not name: all count as one network."""
    with _reachable():
        return bool(cache.get(UNBELIEVED))
    return False


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


def _network_limit() -> Limit:
    return Limit("network", settings.FORMS_PER_NETWORK, NETWORK_SECONDS)


def _count_site(now: float | None) -> None:
    limit = Limit("site", settings.FLOOD_FORMS, SITE_SECONDS)
    if settings.FLOOD_FORMS and _count(limit, "", now) is not None:
        with _reachable():
            key = _key(limit, "", time.time() if now is None else now)[0]
            begins = cache.add(FLOOD, limit.most + 1, timeout=FLOOD_SECONDS)
            if begins:
                logger.warning("more than %d forms in a minute: forms now ask for a proof of work", limit.most)
            else:
                cache.set(FLOOD, cache.get(key, limit.most + 1), timeout=FLOOD_SECONDS)


def _notice_proxy(request: HttpRequest) -> None:
    if settings.TRUSTED_PROXIES or "HTTP_X_FORWARDED_FOR" not in request.META:
        return
    try:
        near = ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_private
    except ValueError:
        return
    if near:
        with _reachable():
            cache.add(UNBELIEVED, True, timeout=24 * 3600)


def _key(limit: Limit, who: str, moment: float) -> tuple[str, int]:
    window = int(moment // limit.seconds)
    return f"limit:{limit.name}:{window}:{vault.blind_index(limit.name, who)}", window


def _count(limit: Limit, who: str, now: float | None) -> int | None:
    moment = time.time() if now is None else now
    key, window = _key(limit, who, moment)
    count = 0
    with _reachable():
        cache.add(key, 0, timeout=limit.seconds)
        count = cache.incr(key)
    return None if count <= limit.most else int((window + 1) * limit.seconds - moment) + 1


@contextmanager
def _reachable() -> Iterator[None]:
    """Goes on without the cache when it is away, and says so in the log."""
    try:
        yield
    except ValueError:  # a key went away between two calls
        return
    except (RedisError, DatabaseError, OSError) as error:
        logger.warning("the cache is away (%s): forms are taken without counting", type(error).__name__)
