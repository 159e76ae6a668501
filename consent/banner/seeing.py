"""Names of cookies that the banner saw in a visitor's browser: what the register does not know becomes a task on the desk.

Names only. A name may carry a number of its own (_ga_AB12CD34): such tails become `*`, so that a site with a million visitors
leaves one row. Anything that looks like an address is not kept at all.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from django.utils import timezone

from audit.refusal import Refused
from consent.models import Cookie, SeenCookie, Site

# RFC 6265: a cookie's name is a token.
NAME = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,80}$")
# A tail that differs from visitor to visitor: five digits or more, or eight letters and digits with both among them.
TAIL = re.compile(
    r"(?:\d{5,}|(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{8,}|(?=[0-9A-Za-z]*\d)(?=[0-9A-Za-z]*[A-Za-z])[0-9A-Za-z]{10,})"
)
MOST_AT_ONCE, MOST_OPEN = 50, 300


def note(site: Site, given: Any) -> int:
    """Keep the names that neither the register nor a colleague knows; how many are new. Four queries at most.

    Raises Refused (code "malformed"). A site with MOST_OPEN names to decide takes no more until some are decided.
    """
    if not isinstance(given, list) or len(given) > MOST_AT_ONCE or not all(isinstance(one, str) for one in given):
        raise Refused("This is not a list of names.", code="malformed")
    known = list(Cookie.objects.filter(site=site).values_list("name", flat=True))
    names = {general(one) for one in given if NAME.match(one)}
    names = {one for one in names if not matches(one, known)}
    now = timezone.now()
    held = SeenCookie.objects.filter(site=site, name__in=names)
    old = set(held.values_list("name", flat=True))
    held.filter(last_seen_at__date__lt=now.date()).update(last_seen_at=now)
    new = sorted(names - old)
    if new:
        room = MOST_OPEN - SeenCookie.objects.filter(site=site, state=SeenCookie.State.OPEN).count()
        new = new[: max(0, room)]
        rows = [SeenCookie(site=site, name=one, first_seen_at=now, last_seen_at=now) for one in new]
        SeenCookie.objects.bulk_create(rows, ignore_conflicts=True)
    return len(new)


def general(name: str) -> str:
    """The name with tails that differ from visitor to visitor as `*`."""
    return re.sub(r"\*+", "*", TAIL.sub("*", name))[:80]


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is covered by one of the register's names; in those only `*` has a meaning."""
    return any(fnmatchcase(name, re.sub(r"([\[?])", r"[\1]", one)) for one in patterns)
