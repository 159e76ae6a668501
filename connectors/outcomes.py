"""What became of a finding, written down per field once its order is done or stands still: for letters, desk, evidence.

Each field is erased (or corrected, suppressed ...), deleted with its row, kept with a reason, left although it was to go,
or spared by a legal hold. Rows that were no longer this person's are counted as `moved`.
Nothing is called done that no receipt or read-back says.
"""

from typing import Any, Protocol

from django.db.models import Sum

from connectors import masking
from connectors.applying import Task
from connectors.models import Finding, Receipt, WorkOrder
from inventory.graph import CollectionSpec

Operation = WorkOrder.Operation


class Kept(Protocol):
    """The fields of a collection that legal holds keep: of the person's own rows, or of anybody's."""

    def __call__(self, spec: CollectionSpec, *, own: bool) -> frozenset[str]: ...


def write(order: WorkOrder, tasks: list[Task], left: dict[int, dict[str, int]], kept: Kept) -> None:
    """Write the outcome of each task's finding; `left`: by finding, what the search after the work found again."""
    sums = Receipt.objects.filter(order=order).order_by().values("chunk__finding")
    done = {
        one["chunk__finding"]: (one["done"], one["new"], one["away"])
        for one in sums.annotate(done=Sum("rows"), new=Sum("changed"), away=Sum("moved"))
    }
    for task in tasks:
        counts = done.get(task.finding.pk, (0, 0, 0))
        task.finding.outcome = _outcome(order, task, counts, left.get(task.finding.pk, {}), kept)
    Finding.objects.bulk_update([task.finding for task in tasks], ["outcome"])


def _outcome(
    order: WorkOrder, task: Task, counts: tuple[int, int, int], left: dict[str, int], kept: Kept
) -> dict[str, Any]:
    rows, changed, moved = counts
    fields, why = _fields(order, task, {name for name, count in left.items() if count})
    spared = task.finding.rows - rows - moved if task.masks is None or task.masks else 0
    erasing = order.operation in (Operation.ERASE, Operation.ANONYMISE)
    if spared and erasing:
        # Where no row is as it was to be, each field that any hold keeps was spared; of a row to be deleted, all.
        held = kept(task.spec, own=bool(rows))
        held = held if task.masks is not None else frozenset(() if rows else fields)
        fields = {name: word if name in why or name not in held else "spared" for name, word in fields.items()}
    if not rows and moved and not spared:
        fields = {name: "kept" if name in why else "moved" for name in fields}
    action = task.finding.action if order.operation == Operation.ERASE else "mask" if erasing else order.operation
    return {
        "operation": order.operation,
        "action": action,
        "rows": rows,
        "changed": changed,
        "spared": spared,
        "spared_for": "legal_hold" if spared and erasing else "",
        "moved": moved,
        "fields": fields,
        "why": why,
        "left": {name: count for name, count in left.items() if count},
    }


def _fields(order: WorkOrder, task: Task, left: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """(field -> deleted, erase, correct ..., kept or left; field -> why it was kept)."""
    if task.masks is None:
        word = "left" if "" in left else "deleted"
        return {one.name: word for one in task.spec.fields if one.category}, {}
    fields = {name: "left" if name in left else str(order.operation) for name in task.masks}
    if order.operation not in (Operation.ERASE, Operation.ANONYMISE):
        return fields, {}
    why = masking.kept(task.spec, task.finding.via, task.finding.shared, task.masks)
    return fields | dict.fromkeys(why, "kept"), why
