"""Rows that an erasure was to take, that were there afterwards, and that no later work of the request took. Reads only."""

from dataclasses import dataclass

from django.db.models import QuerySet

from connectors.models import Finding, WorkOrder
from requests_app.models import Request

State = WorkOrder.State
CHANGING = (WorkOrder.Operation.ERASE, WorkOrder.Operation.ANONYMISE)


@dataclass(frozen=True)
class Leftover:
    """Where something was left: the collection and how many rows, or only the system (rows 0)."""

    title: str
    rows: int


def of(request: Request, orders: list[WorkOrder] | None = None) -> list[Leftover]:
    """What earlier tries left. Two queries, and none more for what was found. `orders`: those of `behind`, where known."""
    if request.batch_id is None:
        return []
    if orders is None:
        orders = list(behind(request).select_related("system", "batch"))
    if not orders:
        return []
    rows = Finding.objects.filter(batch__origin=request.reference).select_related("batch").order_by("batch__created_at")
    found = list(rows)
    left: list[Leftover] = []
    for order in orders:
        mine = [one for one in found if one.batch_id == order.batch_id and one.system_id == order.system_id]
        later = [
            one for one in found if one.system_id == order.system_id and one.batch.created_at > order.batch.created_at
        ]
        told = {(one.dataset, one.collection): one for one in mine if one.outcome.get("left")}
        for key, one in told.items():
            count = max(one.outcome["left"].values())
            if _taken([row for row in later if (row.dataset, row.collection) == key]) < count:
                left.append(Leftover(one.title, count))
        if not told and not _taken(later):
            left.append(Leftover(order.system.name, 0))
    return left


def _taken(findings: list[Finding]) -> int:
    """The rows that later work did take, nothing of them left."""
    if any(one.outcome.get("left") for one in findings):
        return 0
    return sum(one.outcome.get("rows", 0) for one in findings if one.outcome.get("operation") in CHANGING)


def behind(request: Request) -> "QuerySet[WorkOrder]":
    """The erasures of earlier searches of this request that stand still because rows were left."""
    rows = stopped().filter(batch__origin=request.reference).exclude(batch=request.batch_id)
    return rows.order_by("created_at", "pk")


def is_behind(request: Request, order: WorkOrder) -> bool:
    """Whether an order of this request is one of `behind`."""
    halted = order.state == State.PARKED and order.park_code == "left" and order.operation in CHANGING
    return halted and order.batch_id != request.batch_id


def stopped() -> "QuerySet[WorkOrder]":
    """The erasures that stand still because rows were left."""
    return WorkOrder.objects.filter(operation__in=CHANGING, state=State.PARKED, park_code="left")
