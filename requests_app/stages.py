"""When a deadline must be looked at: warning steps and the end itself. Pure: no framework, time is a parameter."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal


@dataclass(frozen=True)
class Step:
    """A warning: after so many percent of the time ("share"), or so many days before the end ("days")."""

    pk: int
    key: str
    basis: Literal["share", "days"]
    value: int
    escalates: bool = False

    def at(self, start_at: datetime, due_at: datetime) -> datetime:
        """When it is due for a clock that runs from `start_at` to `due_at`; never before the start, never after the end."""
        at = start_at + (due_at - start_at) * self.value / 100
        if self.basis == "days":
            at = due_at - timedelta(days=self.value)
        return min(max(at, start_at), due_at)


def reached(
    steps: Sequence[Step], start_at: datetime, due_at: datetime, given: Collection[int], now: datetime
) -> list[Step]:
    """The steps whose time has come and that were not given yet."""
    return [step for step in steps if step.pk not in given and step.at(start_at, due_at) <= now]


def next_at(
    steps: Sequence[Step], start_at: datetime, due_at: datetime, given: Collection[int], *, breached: bool
) -> datetime | None:
    """When a clock must be looked at next: its first step not given yet, or its end; None once both are over."""
    ahead = [step.at(start_at, due_at) for step in steps if step.pk not in given]
    if breached:
        return None
    return min([*ahead, due_at])
