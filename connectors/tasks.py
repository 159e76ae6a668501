"""Doors for workers: ids in, one verb called."""

from celery import shared_task
from django.utils import timezone

from audit.bell import ring
from audit.sweeps import once_per_slot
from connectors import batches, engine

MOST_AT_ONCE = 200


@shared_task
def run_order(order_id: str) -> None:
    """Work on one order."""
    engine.run(order_id)


@shared_task
@once_per_slot("connectors.sweep_orders", 3)
def sweep_orders() -> int:
    """Ring for every order whose turn has come."""
    ids = list(batches.claimable(timezone.now()).values_list("pk", flat=True)[:MOST_AT_ONCE])
    for order_id in ids:
        ring(run_order, order_id)
    return len(ids)
