"""A watch over the privacy policies of other sites (P12): is the link alive, and does the policy still say what somebody read?

One row for each site is the work and its result. A sweep makes missing rows and rings for those whose time has come; a worker
claims one, fetches the page through the guard outside any transaction, and marks the row. A difference counts only when two
looks in a row agree on it, an hour apart: pages have days when they say something else. What cannot be opened is tried three
times before a colleague is troubled.
"""

import logging
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.failpoints import failpoint
from connectors import guard
from disclosures import passages
from disclosures.models import ExternalSite, PolicyWatch

logger = logging.getLogger(__name__)
WATCHER = actors.worker("disclosures.policies")
Outcome = PolicyWatch.Outcome
# What a colleague has to look at.
TROUBLE = (Outcome.CHANGED, Outcome.BROKEN, Outcome.UNSTEADY)
AGAIN, TRIES = timedelta(hours=1), 3
MOST_BYTES, SECONDS, REDIRECTS = 4 * 1024 * 1024, 30.0, 5
MOVED = (301, 302, 303, 307, 308)
HEADERS = {"user-agent": "PrivacyOps policy watch", "accept": "text/html, text/plain, application/pdf;q=0.8"}
WORDS = {
    "name": "No such host.", "connection": "No connection.", "timeout": "It does not answer.",
    "protocol": "It does not answer as a web server does.", "tls": "Its certificate is not to be trusted.",
}  # fmt: skip


def open_due(now: datetime) -> int:
    """Give each site in use with a policy its row, and begin anew where the address was changed; how many rows."""
    used = ExternalSite.objects.filter(state=ExternalSite.State.IN_USE).exclude(policy_address="")
    bare = used.filter(watch=None).values_list("pk", "policy_address")[:500]
    made = PolicyWatch.objects.bulk_create(
        [PolicyWatch(site_id=pk, address=address) for pk, address in bare], ignore_conflicts=True
    )
    moved = PolicyWatch.objects.filter(leases.free(now) | Q(next_try_at__gt=now), lease_until=None)
    moved = moved.filter(site__in=used).exclude(address=F("site__policy_address"))
    changed = 0
    for one in moved.select_related("site")[:500]:
        fresh = {"address": one.site.policy_address, "outcome": Outcome.WAITING, "reason": "", "read": [], "seen": [],
                 "failures": 0, "next_try_at": None, "changed_at": None}  # fmt: skip
        changed += PolicyWatch.objects.filter(pk=one.pk, fence=one.fence, lease_until=None).update(**fresh)
    return len(made) + changed


def waiting(now: datetime) -> list[int]:
    """Rows whose time has come, of sites in use."""
    rows = PolicyWatch.objects.filter(leases.free(now), site__state=ExternalSite.State.IN_USE)
    rows = rows.exclude(site__policy_address="").order_by(F("next_try_at").asc(nulls_first=True))
    return list(rows.values_list("pk", flat=True)[:50])


def look(watch_id: int) -> None:
    """Look at one policy, unless another worker does."""
    now = timezone.now()
    row = leases.claim(PolicyWatch.objects.filter(site__state=ExternalSite.State.IN_USE), watch_id, now)
    if row is None:
        return
    try:
        failpoint("policy.before_fetch")
        found, reason, final = _fetch(row.address)
        failpoint("policy.after_fetch")
        _judge(row, found, reason, final)
    except leases.Fenced:
        logger.info("policy watch %s was taken over by another worker", row.pk)


def _fetch(address: str) -> tuple[list[str], str, bool]:
    """The hashes of the page; or [], why not, and whether trying again soon is no use."""
    for _ in range(REDIRECTS + 1):
        try:
            answer = guard.call("GET", address, HEADERS, seconds=SECONDS, most_bytes=MOST_BYTES)
        except guard.NoAnswer as error:
            return [], WORDS.get(error.code, "It does not answer."), False
        except guard.TooLarge:
            return [], "The page is larger than 4 MB.", True
        except guard.Forbidden:
            return [], "This address leads into a network that is not called (OUTGOING_NETWORKS).", True
        if answer.status in MOVED and "location" in answer.headers:
            try:
                address = urljoin(address, answer.headers["location"])
            except ValueError:
                return [], "It leads to something that is no address.", True
            continue
        if answer.status == 200:
            return passages.of_body(answer.body, answer.headers.get("content-type", "")), "", True
        # Gone is gone; a busy or broken server may be well in an hour.
        return [], f"The server answers {answer.status}.", answer.status in (404, 410)
    return [], "It leads from page to page without end.", True


def _judge(row: PolicyWatch, found: list[str], reason: str, final: bool) -> None:
    """What this look means, and when the next one is. Raises leases.Fenced."""
    usual = timezone.now() + timedelta(days=settings.POLICY_CHECK_DAYS)
    if reason:
        failures = row.failures + 1
        if final or failures >= TRIES:
            _settle(row, Outcome.BROKEN, usual, failures=failures, reason=reason)
        else:
            _settle(row, row.outcome, timezone.now() + AGAIN, failures=failures, reason=reason)
    elif not found:
        _settle(row, Outcome.UNREADABLE, usual, failures=0, reason="The page has no text without its scripts.")
    elif not row.read:  # the first look is what the coming ones are compared with
        _settle(row, Outcome.SAME, usual, failures=0, reason="", read=found, seen=found)
    elif _same(found, row.read):
        _settle(row, Outcome.SAME, usual, failures=0, reason="", seen=found)
    elif _same(found, row.seen):
        new, gone = passages.difference(row.read, found)
        at = row.changed_at if row.outcome == Outcome.CHANGED else timezone.now()
        words = f"Passages: {new} new, {gone} gone."
        _settle(row, Outcome.CHANGED, usual, failures=0, reason=words, changed_at=at)
    elif row.failures + 1 >= TRIES:
        _settle(row, Outcome.UNSTEADY, usual, failures=row.failures + 1, reason="Compare it by hand.", seen=found)
    else:  # perhaps changed: look again before anybody is troubled
        _settle(row, row.outcome, timezone.now() + AGAIN, failures=row.failures + 1, seen=found)


def _same(one: list[str], other: list[str]) -> bool:
    return sorted(one) == sorted(other)


def _settle(row: PolicyWatch, outcome: str, later: datetime, **changes: Any) -> None:
    with log.atomic():
        leases.release(
            PolicyWatch,
            row.pk,
            row.fence,
            later=later,
            outcome=outcome,
            looked_at=timezone.now(),
            attempts=0,
            **changes,
        )
        if outcome != row.outcome and outcome in TROUBLE:
            log.record("site.policy_noticed", actor=WATCHER, noun=row, site=row.site_id, outcome=outcome)


def trouble() -> "QuerySet[PolicyWatch]":
    """Policies of sites in use that a person has to look at."""
    return PolicyWatch.objects.filter(outcome__in=TROUBLE, site__state=ExternalSite.State.IN_USE)


def read_now(site: ExternalSite) -> None:
    """Somebody has read the policy as it stands: that is what the next looks are compared with. In the caller's transaction.

    A worker that is looking this moment loses the row, for it compares with what was read before.
    """
    rows = PolicyWatch.objects.filter(site=site).exclude(seen=[])
    fresh = {"read": F("seen"), "outcome": Outcome.SAME, "reason": "", "failures": 0, "changed_at": None}
    rows.update(**fresh, fence=F("fence") + 1, lease_until=None)


def look_again(site: ExternalSite) -> bool:
    """Have it looked at now, rather than when its time comes; False where there is nothing to look at."""
    return bool(PolicyWatch.objects.filter(site=site).update(next_try_at=None))


def unwatched() -> int:
    """Sites in use with a policy that nobody looked at for two periods: the worker does not come round to them."""
    long = timezone.now() - timedelta(days=2 * settings.POLICY_CHECK_DAYS)
    used = ExternalSite.objects.filter(state=ExternalSite.State.IN_USE).exclude(policy_address="")
    return used.filter(watch__looked_at__lt=long).count()
