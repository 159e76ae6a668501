"""A sweep: short, idempotent, found again by the next one. `claim_slot` lets one process do each slot."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from audit.models import SweepRun


def once_per_slot(job: str, seconds: int) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """Decorate a sweep that returns how many rows it found: it runs once for each `seconds`-long slot, whoever rings."""

    def decorate(sweep: Callable[[], int]) -> Callable[[], int]:
        @wraps(sweep)
        def run() -> int:
            now = timezone.now()
            slot = int(now.timestamp()) // seconds
            try:
                with transaction.atomic():
                    row = SweepRun.objects.create(job=job, slot=slot, started_at=now)
            except IntegrityError:
                return 0  # another process has this slot
            found = sweep()
            SweepRun.objects.filter(pk=row.pk).update(finished_at=timezone.now(), found=found)
            return found

        return run

    return decorate


def prune(days: int = 7) -> int:
    """Drop slots older than `days`; the newest one of each job stays so that a silent scheduler is seen."""
    old = SweepRun.objects.filter(started_at__lt=timezone.now() - timedelta(days=days))
    newest = SweepRun.objects.filter(job=OuterRef("job")).order_by("-slot").values("pk")[:1]
    return old.exclude(pk=Subquery(newest)).delete()[0]
