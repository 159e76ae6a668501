"""Who may open the desk, and for how long. Pure: no framework."""

from collections.abc import Mapping, Sequence
from typing import Any

REQUIRED, OPTIONAL = "required", "optional"
# The session's own record of how it was opened, in the words of the sign-in library.
COMPANY = "socialaccount"


def needs_enrolment(policy: str, methods: Sequence[Mapping[str, Any]], enrolled: bool) -> bool:
    """Whether a colleague must set up a second factor before anything else.

    `methods` is how this session was opened, oldest first: [{"method": "password"}, …]. Whoever comes from the company's own
    sign-in has its second factor there.
    """
    by_company = any(one.get("method") == COMPANY for one in methods)
    return policy == REQUIRED and not enrolled and not by_company


def idle_too_long(last_seen: float | None, now: float, minutes: int) -> bool:
    """Whether a session that was last used at `last_seen` (epoch seconds) has ended by `now`; 0 minutes: never."""
    return bool(minutes) and last_seen is not None and now - last_seen > minutes * 60
