"""Time and workers of these tests."""

from datetime import date, timedelta

from django.utils import timezone

from connectors import batches, engine
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
