"""Doors for workers: ids in, one verb called."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from audit.bell import goes_on, ring
from audit.sweeps import once_per_slot
from consent import doubly, drifting, hooks, launching, propagating, renewal, telling


@shared_task
def announce(announcement_id: str) -> None:
    """Go on with one announcement."""
    telling.go_on(UUID(announcement_id))


@shared_task
@once_per_slot("consent.sweep_announcements", 5)
def sweep_announcements() -> int:
    """Ring for every announcement that has people to tell."""
    ids = telling.waiting(timezone.now())
    for announcement_id in ids:
        ring(announce, announcement_id)
    return len(ids)


@shared_task
@goes_on
def send_hook(delivery_id: str) -> None:
    """Tell one subscriber of one change."""
    hooks.send(UUID(delivery_id))


@shared_task
@goes_on
def send_pending(pending_id: str) -> None:
    """Mail one link that confirms a Yes."""
    doubly.send(UUID(pending_id))


@shared_task
@once_per_slot("consent.sweep_hooks", 5)
def sweep_hooks() -> int:
    """Ring for every webhook whose turn has come."""
    ids = hooks.waiting(timezone.now())
    for delivery_id in ids:
        ring(send_hook, delivery_id)
    return len(ids)


@shared_task
@once_per_slot("consent.sweep_notices", 60)
def sweep_notices() -> int:
    """Compare the notices in force with what we have, and let purposes go live whose time has come."""
    now = timezone.now()
    return drifting.refresh(now) + launching.settle(now)


@shared_task
@once_per_slot("consent.sweep_pending", 5)
def sweep_pending() -> int:
    """Ring for every link to be mailed, and let those lapse that nobody pressed."""
    now = timezone.now()
    ids = doubly.waiting(now)
    for pending_id in ids:
        ring(send_pending, pending_id)
    return len(ids) + doubly.lapse(now)


@shared_task
@once_per_slot("consent.sweep_withdrawals", 5)
def sweep_withdrawals() -> int:
    """Carry withdrawals on to the systems that use the purpose."""
    return propagating.sweep(timezone.now())


@shared_task
@once_per_slot("consent.sweep_ends", 60)
def sweep_ends() -> int:
    """Note each Yes whose end has come."""
    return renewal.note_ended(timezone.now())
