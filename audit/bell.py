"""Rings for promptness. The row is the message; a lost ring costs one sweep interval, nothing else."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


_here = threading.local()


@contextmanager
def silence() -> Iterator[None]:
    """No rings from this thread: it does the work itself. What it leaves undone, the sweeps find."""
    _here.silent = True
    try:
        yield
    finally:
        _here.silent = False


def _ring(task: Ringable, ids: list[str]) -> None:
    if getattr(_here, "silent", False):
        return
    try:
        task.apply_async(args=tuple(ids), retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("the broker did not take %s (%s); the sweep will find it", task.name, type(error).__name__)
