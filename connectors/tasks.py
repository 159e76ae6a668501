"""Doors for workers: ids in, one verb called."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from audit.bell import goes_on, ring
from audit.sweeps import once_per_slot
from connectors import batches, engine, handwork, holdmail
from connectors.discovery import surveying

MOST_AT_ONCE = 200


@shared_task
@goes_on
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


@shared_task
@once_per_slot("connectors.sweep_hand_tasks", 15)
def sweep_hand_tasks() -> int:
    """Cancel tasks by hand that nobody needs any more, and wake the orders of those that were signed."""
    return handwork.sweep(timezone.localdate())


@shared_task
def take_survey(survey_id: int) -> None:
    """Look at one system's tables."""
    surveying.take(survey_id)


@shared_task
@once_per_slot("connectors.sweep_surveys", 60)
def sweep_surveys() -> int:
    """Ask for the surveys that are due, and ring for those that wait to be taken."""
    ids = surveying.ask_due(timezone.now())
    for survey_id in ids:
        ring(take_survey, survey_id)
    return len(ids)


@shared_task
def send_hold_mail(mail_id: str) -> None:
    """Send one mail about overdue reviews of legal holds."""
    holdmail.send(UUID(mail_id))


@shared_task
@once_per_slot("connectors.sweep_hold_reviews", 60)
def sweep_hold_reviews() -> int:
    """Write today's mails about overdue reviews of legal holds, and find those that can be sent."""
    now = timezone.now()
    made, ids = holdmail.open_due(now), holdmail.waiting(now)
    for mail_id in ids:
        ring(send_hold_mail, mail_id)
    return made + len(ids)
