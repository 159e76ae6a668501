"""How fast each system works, from the receipts that it gave: rows in a second, and how long a search of it takes.

Read for pages that follow work; kept for a short time, so that many open pages ask no more than one.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from audit import awhile
from connectors.models import Receipt, WorkOrder

# Newest receipts that are looked at, and seconds for which what they say is kept.
MOST, KEPT_SECONDS = 400, 30
# Less work than this says nothing about the pace.
FEWEST_ROWS = 20


@dataclass(frozen=True)
class Paces:
    """Rows in a second by (system, operation), and the usual seconds of a search by system; missing: not known."""

    rows: dict[tuple[int, str], float] = field(default_factory=dict)
    search: dict[int, float] = field(default_factory=dict)


def of(systems: Iterable[int]) -> Paces:
    """The paces of these systems (keys): two queries, and none for a while afterwards."""
    wanted = sorted(set(systems))
    if not wanted:
        return Paces()
    key = "pace-" + "-".join(map(str, wanted))[:200]
    return awhile.kept(key, KEPT_SECONDS, lambda: _read(wanted))


def _read(systems: list[int]) -> Paces:
    newest = Receipt.objects.filter(order__system__in=systems).order_by("-pk")
    receipts = newest.values(
        "order", "rows", "at", "order__system", "order__operation", "order__started_at", "order__batch"
    )[:MOST]
    orders: dict[Any, list[Any]] = defaultdict(list)
    for one in receipts:
        orders[one["order"]].append(one)
    done: dict[tuple[int, str], tuple[int, float]] = {}
    for some in orders.values():
        first = some[0]
        rows, seconds = worked([(one["at"], one["rows"]) for one in some], first["order__started_at"])
        mark = (first["order__system"], first["order__operation"])
        before = done.get(mark, (0, 0.0))
        done[mark] = (before[0] + rows, before[1] + seconds)
    batches = {some[0]["order__batch"] for some in orders.values()}
    finds = WorkOrder.objects.filter(
        batch__in=batches, system__in=systems, operation=WorkOrder.Operation.FIND, state=WorkOrder.State.DONE,
        started_at__isnull=False, finished_at__isnull=False,
    )  # fmt: skip
    took: dict[int, list[float]] = defaultdict(list)
    for system, began, ended in finds.values_list("system", "started_at", "finished_at"):
        if began is not None and ended is not None:
            took[system].append(max(0.0, (ended - began).total_seconds()))
    return Paces(
        {mark: rows / seconds for mark, (rows, seconds) in done.items() if rows >= FEWEST_ROWS and seconds > 0},
        {system: median(some) for system, some in took.items()},
    )


def worked(receipts: list[tuple[datetime, int]], began: datetime | None) -> tuple[int, float]:
    """(rows, seconds) of one order: between its receipts; of a single one, from when the order began. Pure."""
    some = sorted(receipts)
    if len(some) > 1:
        return sum(rows for _, rows in some[1:]), (some[-1][0] - some[0][0]).total_seconds()
    at, rows = some[0]
    return (rows, (at - began).total_seconds()) if began is not None and at > began else (0, 0.0)
