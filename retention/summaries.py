"""Statistics that stay when rows go: counted from exactly the rows of an approved run, before the first of them is erased.

The row (`Summary`) is the order to count, one for each batch. Until it is done the run does not begin; done twice it is done
once. A run that is counted anew has another batch, and what was counted for rows that stayed is dropped.
"""

import logging
from collections.abc import Callable

from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.bell import ring
from connectors import summing
from connectors.kinds.base import Permanent, Temporary
from retention import bells, cells
from retention.models import Run, Summary, SummaryCell

logger = logging.getLogger(__name__)
COUNTER = actors.worker("retention.summaries")


def ready(run: Run) -> bool:
    """Whether the run may erase: no statistics are wanted, or they are counted. Asks for the count otherwise."""
    if not run.schedule.group_by and not run.schedule.sum_of:
        return True
    assert run.batch_id is not None
    Summary.objects.filter(run=run).exclude(batch=run.batch_id).delete()
    row, _ = Summary.objects.get_or_create(batch_id=run.batch_id, defaults={"run": run})
    if row.done_at is not None:
        return True
    note = row.fault or "Its statistics are counted first."
    Run.objects.filter(pk=run.pk).exclude(note=note).update(note=note)
    ring(bells.sum_up, row.pk)
    return False


def waiting() -> list[int]:
    """Statistics that are still to be counted."""
    rows = Summary.objects.filter(done_at=None, run__state=Run.State.APPROVED)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:50])


def sum_up(pk: int, beat: Callable[[], None] = lambda: None) -> bool:
    """Count, and keep the cells; whether it is done. Reads the system outside any transaction of ours."""
    row = Summary.objects.select_related("run__schedule", "batch").get(pk=pk)
    if row.done_at is not None:
        return True
    schedule = row.run.schedule
    fields = cells.parsed(schedule.group_by)
    numbers = [one.strip() for one in schedule.sum_of.split(",") if one.strip()]
    folds = [fold for _, fold in fields]
    try:
        groups = summing.summed(
            row.batch, [name for name, _ in fields], numbers,
            lambda values: tuple(cells.folded(one, fold) for one, fold in zip(values, folds, strict=True)), beat,
        )  # fmt: skip
    except (Permanent, Temporary) as error:
        words = error.sentence if isinstance(error, Permanent) else "The system is away; it is tried again."
        Summary.objects.filter(pk=pk, done_at=None).update(fault=words[:300])
        Run.objects.filter(pk=row.run_id).update(note=words[:300])
        return False
    kept, merged = cells.merged({key: (one.rows, one.sums) for key, one in groups.items()}, schedule.smallest)
    names = [f"{name} ({fold})" if fold else name for name, fold in fields]
    with log.atomic():
        total = sum(one.rows for one in groups.values())
        done = Summary.objects.filter(pk=pk, done_at=None)
        if not done.update(done_at=timezone.now(), rows=total, merged=merged, fault=""):
            return True  # another worker was faster
        SummaryCell.objects.bulk_create(
            SummaryCell(
                summary=row, rows=one.rows, sums=dict(zip(numbers, one.sums, strict=True)),
                group={} if one.values is None else dict(zip(names, one.values, strict=True)),
            )
            for one in kept
        )  # fmt: skip
        log.record("run.summed_up", actor=COUNTER, noun=row.run, rows=total, cells=len(kept), merged=merged)
        ring(bells.advance_run, row.run_id)
    return True
