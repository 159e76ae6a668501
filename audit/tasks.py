"""Tasks of the accountability floor."""

from celery import shared_task

from audit import sweeps


@shared_task
def prune_sweeps() -> None:
    """Keep the table of sweep slots short."""
    sweeps.prune()
