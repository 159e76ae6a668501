"""How far a run has come, for a page that follows it. Counts and states only: nothing personal."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Sum

from connectors import pace
from connectors.models import Finding, WorkOrder
from retention.models import Run

UNFINISHED = (WorkOrder.State.OPEN, WorkOrder.State.RUNNING)
# Less than this tells nothing about how long the rest takes.
SLOW_SECONDS, MANY_ROWS = 2, 20


@dataclass(frozen=True)
class Line:
    """One order: what the page shows of it."""

    id: str
    name: str
    state: str
    said: str
    done: int
    planned: int
    left: str
    waits: str


@dataclass(frozen=True)
class Progress:
    """`mark` changes when the page would look otherwise; `words` is one sentence about all of it."""

    mark: str
    words: str
    lines: list[Line]

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def of(run_id: UUID, now: datetime) -> Progress | None:
    """Five queries at most, however many rows there are. None for a run that is not there."""
    run = Run.objects.filter(pk=run_id).only("state", "batch", "note").first()
    if run is None:
        return None
    orders = list(WorkOrder.objects.filter(batch=run.batch_id).select_related("system").order_by("created_at"))
    found = Finding.objects.filter(batch=run.batch_id).aggregate(rows=Sum("rows"))["rows"] or 0
    paces = pace.of(one.system_id for one in orders if one.state in UNFINISHED)
    lines = [_line(one, now, paces) for one in orders]
    seen = [run.state, run.note, [(one.id, one.state) for one in lines]]
    words = f"{found:,} rows counted so far." if run.state == Run.State.FINDING else _words(orders)
    return Progress(hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:24], words, lines)


def _words(orders: list[WorkOrder]) -> str:
    acting = [one for one in orders if one.operation != WorkOrder.Operation.FIND]
    done, planned = sum(one.rows_done for one in acting), sum(one.rows_planned for one in acting)
    return f"{done:,} of {planned:,} rows are gone; {max(planned - done, 0):,} are left."


def _line(order: WorkOrder, now: datetime, paces: pace.Paces) -> Line:
    waits = order.park_reason if order.next_try_at and order.next_try_at > now else ""
    said = "Waits" if waits else str(order.get_state_display())
    return Line(
        id=str(order.pk), name=f"{order.get_operation_display()} in {order.system.name}", state=order.state, said=said,
        done=order.rows_done, planned=order.rows_planned, left="" if waits else _left(order, now, paces), waits=waits,
    )  # fmt: skip


def _left(order: WorkOrder, now: datetime, paces: pace.Paces) -> str:
    """The rate, and how long the rest takes: at the order's own pace, else at its system's so far."""
    if order.state not in UNFINISHED or order.operation == WorkOrder.Operation.FIND or not order.rows_planned:
        return ""
    rate = paces.rows.get((order.system_id, order.operation))
    if order.started_at is not None and order.rows_done >= MANY_ROWS:
        passed = (now - order.started_at).total_seconds()
        rate = order.rows_done / passed if passed >= SLOW_SECONDS else rate
    if not rate:
        return "time not known yet"
    seconds = max(order.rows_planned - order.rows_done, 0) / rate
    return f"{rate:,.0f} rows a second, {lasting(seconds)} left"


def lasting(seconds: float) -> str:
    """A time in words that promises no more than a guess can."""
    if seconds < 90:
        return "a few seconds" if seconds < 20 else "about a minute"
    minutes = round(seconds / 60)
    return f"about {minutes} minutes" if minutes < 120 else f"about {round(minutes / 60)} hours"
