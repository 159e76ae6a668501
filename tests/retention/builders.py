"""Time and workers of these tests."""

from datetime import date, timedelta
from unittest.mock import patch

from django.contrib.auth.models import User
from django.utils import timezone

from connectors import batches, engine, throttling
from connectors.models import WorkOrder
from retention import runs
from retention.models import Run, Schedule
from tests.connectors.shop import Shop, visits
from tests.consent.builders import CLERK

# Six months before it lies 11 January: ten days of visits of three people are older.
TODAY = date(2026, 7, 11)


def work(times: int = 12) -> None:
    """Let the workers work until nothing moves."""
    for _ in range(times):
        for pk in batches.claimable(timezone.now()).values_list("pk", flat=True):
            engine.run(pk)
        for run_id in runs.can_move(timezone.now()):
            runs.advance(run_id)


def proposed(schedule: Schedule) -> Run:
    """A run that was counted."""
    run = runs.propose(schedule, actor=CLERK, today=TODAY)
    work()
    return Run.objects.get(pk=run.pk)


def grace_over(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(not_before=timezone.now() - timedelta(seconds=1))


def days(shop: Shop, account: int | None = None) -> list[date]:
    """The days of the visits that are there."""
    return [one["seen_on"] for one in shop.rows(visits, **({"account_id": account} if account else {}))]


def first_chunk(order: WorkOrder) -> None:
    """Let a worker do one chunk of an order and no more."""
    looks = iter((False, False))  # at the start, and before the first chunk
    with patch.object(throttling.Gait, "stops", lambda gait: next(looks, True)):
        engine.run(order.pk)


def counted(*rows: int, schedule: Schedule, by: User) -> None:
    """Runs of earlier days that a person approved and that were fine; the newest last."""
    now = timezone.now() - timedelta(days=100)
    for turn, count in enumerate(rows):
        run = Run.objects.create(
            schedule=schedule, terms="", cutoff_on=TODAY, state="done", rows=count, approved_by=by, approved_at=now
        )
        Run.objects.filter(pk=run.pk).update(opened_at=now + timedelta(days=turn))


def fresh(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)
