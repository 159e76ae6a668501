"""Rings for promptness. The row is the message; a lost ring costs one sweep interval, nothing else."""

import logging
from typing import Any, Protocol

from django.db import transaction
from kombu.exceptions import OperationalError


class Ringable(Protocol):
    """A Celery task, or something that stands for one by name."""

    @property
    def name(self) -> str: ...

    def apply_async(self, args: tuple[str, ...], *, retry: bool) -> Any: ...


logger = logging.getLogger(__name__)


def ring(task: Ringable, *ids: Any) -> None:
    """Ask a worker to run `task` with these ids once the transaction is committed."""
    transaction.on_commit(lambda: _ring(task, [str(one) for one in ids]))


def _ring(task: Ringable, ids: list[str]) -> None:
    try:
        task.apply_async(args=tuple(ids), retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("the broker did not take %s (%s); the sweep will find it", task.name, type(error).__name__)
