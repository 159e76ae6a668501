"""Rings for promptness. The row is the message; a lost ring costs one sweep interval, nothing else."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Protocol

from celery import current_app, current_task
from django.db import transaction
from kombu.exceptions import OperationalError


class Ringable(Protocol):
    """A Celery task, or something that stands for one by name."""

    @property
    def name(self) -> str: ...

    def apply_async(self, args: tuple[str, ...], *, retry: bool) -> Any: ...


logger = logging.getLogger(__name__)
# A worker that was so long at something leaves what it rang for to whoever is free: a task's time is limited.
GO_ON_SECONDS = 5
# A broker that does not answer is left alone for a while: finding that out takes seconds, for the person who waits at a form.
QUIET_SECONDS = 15
_quiet_until = 0.0


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


def goes_on(work: Callable[..., None]) -> Callable[..., None]:
    """Decorate a task of one row: the worker that ran it goes on with the first thing that it rang for, and the broker hands
    the rest to others. Called directly, and not by a worker, it only does its own work.
    """

    @wraps(work)
    def run(*ids: str) -> None:
        if not current_task or current_task.request.called_directly or getattr(_here, "next", None) is not None:
            work(*ids)
            return
        until = time.monotonic() + GO_ON_SECONDS
        _here.next = []
        try:
            work(*ids)
            while _here.next and time.monotonic() < until:
                task, following = _here.next.pop()
                current_app.tasks[task.name].run(*following)
        finally:
            left, _here.next = _here.next, None
            for task, following in left:
                _ring(task, following)

    return run


def _ring(task: Ringable, ids: list[str]) -> None:
    if getattr(_here, "silent", False):
        return
    coming = getattr(_here, "next", None)
    if coming == []:
        coming.append((task, ids))
        return
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return  # the sweep will find it
    try:
        task.apply_async(args=tuple(ids), retry=False)
    except (OperationalError, OSError) as error:
        _quiet_until = time.monotonic() + QUIET_SECONDS
        logger.warning("the broker did not take %s (%s); the sweep will find it", task.name, type(error).__name__)
