"""How far the work of one request has come, for a page that follows it. Counts and states only: nothing personal."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum

from connectors import pace
from connectors.models import Finding, WorkOrder
from requests_app.models import Letter, Parcel, Request, State

# While something goes on by itself.
BUSY = (State.RECEIVED, State.COLLECTING, State.DELIVERING, State.NOTIFYING)
# Less than this tells nothing about how long the rest takes.
SLOW_SECONDS, MANY_ROWS = 5, 20
UNFINISHED = (WorkOrder.State.OPEN, WorkOrder.State.RUNNING)
UNKNOWN = "time not known yet"


@dataclass(frozen=True)
class Line:
    """One order: what the page shows of it."""

    id: str
    state: str
    said: str
    done: int
    planned: int
    left: str


@dataclass(frozen=True)
class Progress:
    """`mark` changes when the page would look otherwise; `words` is one sentence about all of it."""

    mark: str
    busy: bool
    words: str
    lines: list[Line]

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def of(request_id: UUID, now: datetime) -> Progress:
    """Eight queries, however much there is; mostly six, see `pace`. Raises Request.DoesNotExist."""
    request = Request.objects.only("pk", "state", "outcome", "attention", "batch", "proposed_by", "owner").get(
        pk=request_id
    )
    orders = list(WorkOrder.objects.filter(batch=request.batch_id).order_by("created_at", "wave"))
    found = Finding.objects.filter(batch=request.batch_id).aggregate(rows=Sum("rows"), many=Count("pk"))
    letters = Letter.objects.filter(request=request_id).aggregate(
        many=Count("pk"), sent=Count("pk", filter=Q(state="sent")), parked=Count("pk", filter=Q(state="parked"))
    )
    parcel = Parcel.objects.filter(request=request_id).values_list("state", flat=True).first()
    heard = request.messages.count()
    seen: list[Any] = [
        request.state, request.outcome, request.attention, request.proposed_by_id, request.owner_id, parcel, heard,
        sorted(letters.items()), [(str(one.pk), one.state, one.park_code) for one in orders],
        found["many"] if request.state != State.COLLECTING else 0,
    ]  # fmt: skip
    paces = pace.of(one.system_id for one in orders if one.state in UNFINISHED)
    return Progress(
        mark=hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:24],
        busy=request.state in BUSY,
        words=_words(request, orders, found["rows"] or 0, parcel),
        lines=[_line(one, now, paces) for one in orders],
    )


def _words(request: Request, orders: list[WorkOrder], rows: int, parcel: str | None) -> str:
    if request.state == State.COLLECTING:
        searches = [one for one in orders if one.operation == WorkOrder.Operation.FIND]
        over = sum(one.state in (WorkOrder.State.DONE, WorkOrder.State.WAIVED) for one in searches)
        return f"Searched {over} of {len(searches)} places; {rows:,} rows found so far."
    if request.state == State.DELIVERING:
        acting = [one for one in orders if one.operation not in (WorkOrder.Operation.FIND, WorkOrder.Operation.REFER)]
        done, planned = sum(one.rows_done for one in acting), sum(one.rows_planned for one in acting)
        if parcel == Parcel.State.OPEN:
            return "The package is being built."
        return f"{done:,} of {planned:,} rows done." if acting else "Being carried out."
    if request.state == State.NOTIFYING:
        return "Recipients are being told."
    return ""


def _line(order: WorkOrder, now: datetime, paces: pace.Paces) -> Line:
    return Line(
        id=str(order.pk), state=order.state, said=str(order.get_state_display()), done=order.rows_done,
        planned=order.rows_planned, left=_left(order, now, paces),
    )  # fmt: skip


def _left(order: WorkOrder, now: datetime, paces: pace.Paces) -> str:
    """How long a step takes yet: at its own pace, else at that of its system so far; said so where neither is known."""
    if order.state not in UNFINISHED or order.operation == WorkOrder.Operation.REFER:
        return ""
    running = order.state == WorkOrder.State.RUNNING
    since = order.started_at if running else None
    if order.operation == WorkOrder.Operation.FIND:
        usual = paces.search.get(order.system_id)
        passed = (now - since).total_seconds() if since else 0.0
        seconds = None if usual is None or passed > 2 * usual + SLOW_SECONDS else max(usual - passed, 0.0)
    else:
        own = left(order.rows_done, order.rows_planned, since, now)
        if own or (running and order.rows_done >= order.rows_planned > 0):
            return own
        rate = paces.rows.get((order.system_id, order.operation))
        seconds = None if rate is None else (order.rows_planned - order.rows_done) / rate
    if seconds is None:
        return UNKNOWN
    return f"{lasting(seconds)} left" if running else f"{lasting(seconds)} once it begins"


def left(done: int, planned: int, since: datetime | None, now: datetime) -> str:
    """About how long the rest takes, at the pace so far; nothing where that says nothing."""
    if since is None or done < MANY_ROWS or done >= planned:
        return ""
    passed = (now - since).total_seconds()
    if passed < SLOW_SECONDS:
        return ""
    return f"{lasting(passed / done * (planned - done))} left"


def lasting(seconds: float) -> str:
    """A time in words that promises no more than a guess can."""
    if seconds < 20:
        return "a few seconds"
    if seconds < 90:
        return "about a minute"
    minutes = round(seconds / 60)
    return f"about {minutes} minutes" if minutes < 120 else f"about {round(minutes / 60)} hours"
