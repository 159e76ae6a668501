"""Doors for workers: ids in, one verb called."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from audit.bell import goes_on, ring
from audit.sweeps import once_per_slot
from disclosures import notices


@shared_task
@goes_on
def send_notice(notice_id: str) -> None:
    """Send one notice to a recipient."""
    notices.send(UUID(notice_id))


@shared_task
@once_per_slot("disclosures.sweep_notices", 5)
def sweep_notices() -> int:
    """Ring for every notice whose turn has come."""
    ids = notices.waiting(timezone.now())
    for notice_id in ids:
        ring(send_notice, notice_id)
    return len(ids)
