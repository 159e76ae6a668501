"""Doors for workers: find ids, call one verb."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from audit.bell import ring
from audit.sweeps import once_per_slot
from retention import anonymity, archiving, copies, departing, erased, nights, replays, runs, sealing, summaries


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


@shared_task
def sum_up(summary_id: str) -> None:
    """Count the statistics of one run."""
    summaries.sum_up(int(summary_id))


@shared_task
@once_per_slot("retention.sweep_summaries", 60)
def sweep_summaries() -> int:
    """Find statistics that were not counted yet."""
    ids = summaries.waiting()
    for one in ids:
        ring(sum_up, one)
    return len(ids)


@shared_task
def advance_replay(replay_id: str) -> None:
    """Take one replay a step further."""
    replays.advance(UUID(replay_id))


@shared_task
@once_per_slot("retention.sweep_replays", 5)
def sweep_replays() -> int:
    """Find replays that may have a step to take."""
    ids = replays.can_move()
    for one in ids:
        ring(advance_replay, one)
    return len(ids)


@shared_task
@once_per_slot("retention.count_nights", 300)
def count_nights() -> int:
    """Count how many rows are past their date, once a night."""
    return nights.count_nights(timezone.now())


@shared_task
@once_per_slot("retention.remember_erased", 300)
def remember_erased() -> int:
    """Put whoever's erasure was finished on the list, and whom a schedule erased."""
    return erased.remember_finished() + departing.settle(timezone.now())


@shared_task
@once_per_slot("retention.look_for_revived", 86400)
def look_for_revived() -> int:
    """Look for people in the systems who were erased."""
    return erased.look(timezone.now())


@shared_task
@once_per_slot("retention.seal", 5)
def seal() -> int:
    """Seal what was erased, corrected and withdrawn since the last time."""
    return sealing.sweep()


@shared_task
def write_archive(archive_id: str) -> None:
    """Write one archive, or bring its rows back."""
    archiving.step(UUID(archive_id))


@shared_task
@once_per_slot("retention.sweep_archives", 15)
def sweep_archives() -> int:
    """Go on with archives, and destroy those whose days are over."""
    return archiving.sweep(timezone.now())


@shared_task
@once_per_slot("retention.sweep_copies", 300)
def sweep_copies() -> int:
    """Look into the stores of backups, and end what is past its date."""
    return copies.sweep(timezone.now())


@shared_task
def check_anonymity(run_id: str) -> None:
    """Look at what one run anonymised."""
    anonymity.check(UUID(run_id))


@shared_task
@once_per_slot("retention.measure_masked", 300)
def measure_masked() -> int:
    """Look at what erasures of people's requests masked."""
    return anonymity.measure_requests(timezone.now())
