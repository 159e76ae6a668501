"""A row that one worker owns for a while: claim by compare-and-swap, heartbeat, fencing number.

1. `claim` raises the fence and sets the lease, in one guarded UPDATE; whoever changed no row has lost.
2. `renew` (each chunk) holds only while the fence is still ours: a worker that stalled past its lease learns of it here,
   before its late write, and gets `Fenced`.
3. `release` gives the row back, now or for a later try.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Fenced(Exception):
    """Another worker owns the row now; whatever this one was about to write must not be written."""


class Leased(models.Model):
    """Abstract noun: a unit of background work that is a row first."""

    attempts = models.PositiveIntegerField(default=0, help_text="Claims since the last success or human retry.")
    next_try_at = models.DateTimeField(null=True, blank=True, db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)

    class Meta:
        abstract = True


def free(now: datetime) -> Q:
    """Rows that nobody holds and whose time has come."""
    return (Q(lease_until=None) | Q(lease_until__lt=now)) & (Q(next_try_at=None) | Q(next_try_at__lte=now))


def claim(rows: "models.QuerySet[Any]", pk: Any, now: datetime) -> int | None:
    """Own row `pk` of `rows` (already limited to claimable states); the fencing number, or None if somebody else won."""
    until = now + timedelta(seconds=settings.LEASE_SECONDS)
    # The read and the guarded write may interleave with another claim; the fence in the WHERE lets one of them win.
    row = rows.filter(free(now), pk=pk).values_list("fence", flat=True).first()
    if row is None:
        return None
    fence = int(row) + 1
    won = rows.filter(free(now), pk=pk, fence=row).update(fence=fence, lease_until=until, attempts=F("attempts") + 1)
    return fence if won == 1 else None


def renew(model: type[Any], pk: Any, fence: int, now: datetime) -> None:
    """Prolong our lease, and lock the row until the transaction ends. Raises `Fenced` when it is no longer ours."""
    until = now + timedelta(seconds=settings.LEASE_SECONDS)
    if model.objects.filter(pk=pk, fence=fence).exclude(lease_until=None).update(lease_until=until) != 1:
        raise Fenced(f"{model.__name__} {pk} is owned by another worker")


def release(model: type[Any], pk: Any, fence: int, *, later: datetime | None = None, **changes: Any) -> None:
    """Give the row back with `changes`, to be tried again from `later` on. Raises `Fenced` when it is no longer ours."""
    if model.objects.filter(pk=pk, fence=fence).update(lease_until=None, next_try_at=later, **changes) != 1:
        raise Fenced(f"{model.__name__} {pk} is owned by another worker")


def backoff(attempts: int) -> timedelta:
    """How long to wait after the n-th failed try: 5 s, 20 s, 80 s, ... at most an hour."""
    return timedelta(seconds=min(5 * 4 ** max(attempts - 1, 0), 3600))
