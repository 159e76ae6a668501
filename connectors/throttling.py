"""Works gently where a system asks for it: in its hours, no faster than it likes, with rests, and slower when it is slow.

For what schedules erase. Rests of a few seconds are slept through; before a longer one the order is given back, so that the
worker does something else meanwhile, and the sweep finds it when its time has come.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from connectors import hours
from connectors.hours import is_open, next_opening
from connectors.kinds.base import Kind
from connectors.models import Batch, Throttle, WorkOrder

# A rest longer than this is not slept through.
MOST_SLEEP = 4.0
# How often a chunk that is too slow doubles the rest after it, at most.
MOST_DOUBLINGS = 3
# A transaction that takes no longer than so many seconds is followed by a larger one: each costs the same beside its rows.
QUICK_SECONDS = 0.25
LAG_SECONDS = 5  # until a replica that is behind is looked at again


class Gait:
    """How one order may work. `later`: the moment before which it must not go on, with `why` in words."""

    def __init__(self, throttle: Throttle | None, kind: Kind, sleep: Callable[[float], None] = time.sleep) -> None:
        self.throttle, self.kind, self.sleep = throttle, kind, sleep
        self.later: datetime | None = None
        self.why = ""
        self.slow = 0  # chunks in a row that took too long
        self.hours = [] if throttle is None else hours.read(throttle.hours)

    def stops(self) -> bool:
        """Whether no further chunk may be begun now."""
        if self.later is None and self.throttle is not None:
            now = timezone.now()
            if not is_open(self.hours, self.throttle.zone, now):
                opens = next_opening(self.hours, self.throttle.zone, now)
                self._wait(opens, f"outside its hours until {opens:%Y-%m-%d %H:%M} UTC")
            elif self._behind():
                self._wait(now + timedelta(seconds=LAG_SECONDS), "a replica is behind")
        return self.later is not None

    @contextmanager
    def pacing(self, rows: int) -> Iterator[None]:
        """Around one chunk of so many rows: rests after it as the system wishes."""
        began = time.monotonic()
        yield
        rest = self.rest(rows, time.monotonic() - began)
        if rest > MOST_SLEEP:
            self._wait(timezone.now() + timedelta(seconds=rest), "resting, so that the system is not strained")
        elif rest > 0:
            self.sleep(rest)

    def rest(self, rows: int, seconds: float) -> float:
        """Seconds to rest after a chunk that took so long."""
        if self.throttle is None:
            return 0.0
        self.slow = min(self.slow + 1, MOST_DOUBLINGS) if seconds * 1000 > self.throttle.slow_ms else 0
        rests = [self.throttle.pause_ms / 1000, seconds * 2 ** (self.slow - 1) if self.slow else 0.0]
        if self.throttle.rows_per_second:
            rests.append(rows / self.throttle.rows_per_second - seconds)
        return max(rests)

    def _behind(self) -> bool:
        most = None if self.throttle is None else self.throttle.lag_seconds
        asked = getattr(self.kind, "lag", None)
        lag = None if most is None or asked is None else asked()
        return lag is not None and most is not None and lag > most

    def _wait(self, later: datetime, why: str) -> None:
        self.later, self.why = later.astimezone(UTC), why


def of(order: WorkOrder, kind: Kind) -> Gait:
    """The gait of an order: its system's, where a schedule is behind the work."""
    throttle = None
    if order.batch.reason == Batch.Reason.RETENTION:
        throttle = Throttle.objects.filter(system=order.system_id).first()
    return Gait(throttle, kind)


def stride(before: int, seconds: float, most: int) -> int:
    """How many parts the next transaction takes, after one of so many that took so long."""
    return min(2 * before, most) if seconds < QUICK_SECONDS else max(before // 2, 1)


def most_rows(system_id: int) -> int | None:
    """How many rows of a system may go in one chunk: a second's worth, where it limits that."""
    return Throttle.objects.filter(system=system_id).values_list("rows_per_second", flat=True).first()
