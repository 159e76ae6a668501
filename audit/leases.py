"""A row that one worker owns for a while: claim by compare-and-swap, heartbeat, fencing number.

1. `claim` reads the row, raises the fence and sets the lease, in one guarded UPDATE; whoever changed no row has lost.
2. `renew` (each chunk) holds only while the fence is still ours: a worker that stalled past its lease learns of it here,
   before its late write, and gets `Fenced`.
3. `release` gives the row back, now or for a later try.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from audit.kept import Here, Kept


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


def free(now: datetime | Here) -> Q:
    """Rows that nobody holds and whose time has come."""
    return (Q(lease_until=None) | Q(lease_until__lt=now)) & (Q(next_try_at=None) | Q(next_try_at__lte=now))


class Claimable:
    """Rows that workers claim one by one: `rows`, already limited to claimable states, read with what is `joined` to them."""

    def __init__(self, rows: "Callable[[], models.QuerySet[Any]]", *joined: str) -> None:
        self.rows = rows
        self._kept = Kept[Any](lambda: self._free(rows().select_related(*joined) if joined else rows()))

    def _free(self, rows: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
        now, pk = Here("now", models.DateTimeField()), Here("pk", rows.model._meta.pk)
        return rows.filter(free(now), pk=pk)

    def find(self, pk: Any, now: datetime) -> Any:
        """Row `pk` as it is, if it is free; None if not. It is not owned before `take` says so."""
        return self._kept.one(pk=pk, now=now)

    def claim(self, pk: Any, now: datetime) -> Any:
        """Own row `pk`: the row with its fence, or None if somebody else won."""
        row = self.find(pk, now)
        return row if row is not None and take(row, self.rows(), now) else None


def claim(rows: "models.QuerySet[Any]", pk: Any, now: datetime) -> Any:
    """Own row `pk` of `rows`, where it is not asked so often that its statement need be kept."""
    return Claimable(lambda: rows).claim(pk, now)


def take(row: Any, rows: "models.QuerySet[Any]", now: datetime, **changes: Any) -> bool:
    """Own a row that `find` gave, with `changes`; False if somebody else won.

    The read and the guarded write may interleave with another claim; the fence in the WHERE lets one of them win.
    """
    mine = {"fence": row.fence + 1, "lease_until": now + timedelta(seconds=settings.LEASE_SECONDS), **changes}
    won = rows.filter(free(now), pk=row.pk, fence=row.fence).update(**mine, attempts=F("attempts") + 1)
    if won != 1:
        return False
    for name, value in mine.items():
        setattr(row, name, value)
    row.attempts += 1
    return True


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
