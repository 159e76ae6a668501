"""What a finished run did, from the engine's receipts: the paper that proves it. Reads only."""

from typing import Any

from django.db.models import Sum

from connectors.models import Batch, Receipt, WorkOrder
from retention.models import Run


def certificate(run: Run) -> dict[str, Any]:
    """What was erased, spared and left, from the engine's receipts; codes, counts, ids and dates only."""
    assert run.batch is not None and run.approved_at is not None and run.finished_at is not None
    receipts = Receipt.objects.filter(order__batch=run.batch)
    sums = receipts.values_list("chunk__finding").annotate(total=Sum("rows"), away=Sum("moved"))
    erased = {finding: (total, away) for finding, total, away in sums}
    collections: dict[str, dict[str, int]] = {}
    for finding in run.batch.findings.all():
        done, away = erased.get(finding.pk, (0, 0))
        spared = int(finding.outcome.get("spared", 0))
        line = {
            "found": finding.rows,
            "erased": done,
            "spared_held": spared,
            "left": finding.rows - done - spared - away,
        }
        if away:
            line["no_longer_due"] = away  # dated anew after the proposal
        collections[f"{finding.dataset}.{finding.collection}"] = line
    return {
        "schedule": run.schedule.key,
        "terms": run.terms,
        "cutoff": run.cutoff_on.isoformat(),
        "rows_approved": run.rows,
        "approved_by": run.approved_by_id,
        "approved_at": run.approved_at.isoformat(),
        "finished_at": run.finished_at.isoformat(),
        "batch": str(run.batch_id),
        "collections": collections,
        "receipts": receipts.count(),
        "waived_orders": waived(run.batch),
    }


def waived(batch: Batch) -> int:
    """How many orders of a batch were given up."""
    return WorkOrder.objects.filter(batch=batch, state=WorkOrder.State.WAIVED).count()
