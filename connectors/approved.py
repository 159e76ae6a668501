"""What an approval covers of the description: the fields, what is written into them, and what is left as it is.

Rows are frozen by key; what is done to them is worked out from the description when the order begins. So a digest of what the
description said is kept with the approval, and an order whose collection was described anew since is not begun.
"""

import hashlib
import json
from typing import Any

from connectors.kinds.base import Permanent
from connectors.models import Authorisation, Batch, Finding, WorkOrder
from connectors.scope import narrowed
from inventory.graph import CollectionSpec, Graph

Operation = WorkOrder.Operation
# What of a field decides what each operation writes.
ERASES = ("category", "mask", "length")
DECIDES: dict[str, tuple[str, ...]] = {
    Operation.ERASE: ERASES,
    Operation.ANONYMISE: ERASES,
    Operation.CORRECT: ("attribute",),
    Operation.SUPPRESS: ("suppress",),
    Operation.RESTRICT: ("restrict",),
}


def described(batch: Batch, operation: str, graph: Graph) -> dict[str, str]:
    """The digests to be kept with an approval, by "dataset.collection"."""
    names = batch.findings.filter(decision=Finding.Decision.INCLUDE).order_by()
    found = {}
    for name in names.values_list("dataset", "collection").distinct() if operation in DECIDES else ():
        if name in graph.collections:
            spec = narrowed(graph.collections[name], batch.categories, batch.masks)
            found[spec.place] = digest(spec, operation)
    return found


def digest(spec: CollectionSpec, operation: str) -> str:
    """A digest of everything in a description that decides what an operation writes into its rows."""
    facts: list[Any] = [
        [one.name, one.primary_key, one.person, one.read_only, *(getattr(one, name) for name in DECIDES[operation])]
        for one in sorted(spec.fields, key=lambda field: field.name)
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def check(order: WorkOrder, spec: CollectionSpec) -> None:
    """Raises Permanent when a collection is described otherwise than it was approved. An opt-out was approved by nobody: it
    goes by the description of its day.
    """
    leave = order.authorisation
    if leave is None or leave.basis == Authorisation.Basis.OPT_OUT:
        return
    then = leave.described.get(spec.place)
    if then is not None and then != digest(spec, order.operation):
        raise Permanent(
            "stale", f"{spec.place} was described anew after the approval, so something else would be done to its rows. "
            "Collect again and decide anew, or put the description back and retry.",
        )  # fmt: skip
