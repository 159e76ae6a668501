"""What a finished run did, from the engine's receipts: the paper that proves it. Reads only."""

from typing import Any

from django.db.models import Sum

from connectors.models import Batch, Receipt, WorkOrder
from retention import anonymity, archiving
from retention.models import Run


def certificate(run: Run) -> dict[str, Any]:
    """What was erased, spared and left, from the engine's receipts; codes, counts, ids and dates only."""
    assert run.batch is not None and run.approved_at is not None and run.finished_at is not None
    paper: dict[str, Any] = {
        "schedule": run.schedule.key,
        "terms": run.terms,
        "cutoff": run.cutoff_on.isoformat(),
        "rows_approved": run.rows,
        "of_rows": run.of_rows,
        "automatic": run.automatic,
        "approved_by": run.approved_by_id,
        "first_approved_by": run.first_by_id,
        "unusual": run.unusual,
        "reason": run.reason,
        "approved_at": run.approved_at.isoformat(),
        "finished_at": run.finished_at.isoformat(),
        "ended_early": run.state == Run.State.CANCELLED,
        "batch": str(run.batch_id),
        "collections": _collections(run.batch),
        "receipts": Receipt.objects.filter(order__batch=run.batch).count(),
        "waived_orders": waived(run.batch),
    }
    more = {"archive": archiving.paper(run.batch), "anonymity": anonymity.paper(run)}
    return paper | {name: facts for name, facts in more.items() if facts}


def _collections(batch: Batch) -> dict[str, dict[str, Any]]:
    receipts = Receipt.objects.filter(order__batch=batch)
    sums = receipts.values_list("chunk__finding").annotate(total=Sum("rows"), away=Sum("moved"))
    erased = {finding: (total, away) for finding, total, away in sums}
    collections: dict[str, dict[str, Any]] = {}
    for finding in batch.findings.all():
        done, away = erased.get(finding.pk, (0, 0))
        placed_since = int(finding.outcome.get("spared", 0))
        line: dict[str, Any] = {
            "found": finding.rows + finding.held,
            "erased": done,
            "spared_held": finding.held + placed_since,
            "left": finding.rows - done - placed_since - away,
        }
        if away:
            line["no_longer_due"] = away  # dated anew after the proposal
        line |= untouched(finding.proof)
        collections[f"{finding.dataset}.{finding.collection}"] = line
    return collections


def untouched(proof: dict[str, Any]) -> dict[str, Any]:
    """Whether the rows under hold were the same before the first row went and after the last: their number and the sum of the
    hashes of all that they hold. `held_untouched` is None where holds were placed or released meanwhile, or where the system
    cannot tell; False too where somebody else changed a held row meanwhile.
    """
    if "before" not in proof and "after" not in proof:
        return {}
    before, after = proof.get("before"), proof.get("after")
    if before and not before[0] and not (after and after[0]):
        return {}  # nobody's rows were held
    if not before or not after:
        return {"held_untouched": None, "held_before": before, "held_after": after}
    same = before[:2] == after[:2] if before[2] == after[2] else None
    return {"held_untouched": same, "held_before": before[:2], "held_after": after[:2]}


def waived(batch: Batch) -> int:
    """How many orders of a batch were given up."""
    return WorkOrder.objects.filter(batch=batch, state=WorkOrder.State.WAIVED).count()
