"""Doors for workers: find ids, call one verb."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from audit.bell import ring
from audit.sweeps import once_per_slot
from retention import runs


@shared_task
def advance_run(run_id: str) -> None:
    """Move one run as far as conditions allow."""
    runs.advance(UUID(run_id))


@shared_task
@once_per_slot("retention.sweep_runs", 5)
def sweep_runs() -> int:
    """Find runs that may have a move to make."""
    ids = runs.can_move(timezone.now())
    for one in ids:
        ring(advance_run, one)
    return len(ids)


@shared_task
@once_per_slot("retention.propose_due", 3600)
def propose_due() -> int:
    """Open the runs whose day has come."""
    return runs.propose_due(timezone.now())
