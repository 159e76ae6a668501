"""Answers that take the same time whoever is asked about, so that a clock cannot tell whether we know an address."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

# Longer than the work takes on a busy small machine.
ANSWER_SECONDS = 0.25


@contextmanager
def steady(seconds: float | None = None) -> Iterator[None]:
    """Leave at a whole multiple of `seconds` after entering, by exception too; what is left of it is slept."""
    step = ANSWER_SECONDS if seconds is None else seconds
    start = time.monotonic()
    try:
        yield
    finally:
        if step:
            time.sleep(step - (time.monotonic() - start) % step)
