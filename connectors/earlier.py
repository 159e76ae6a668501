"""Where a request's new search starts once more: the rows that its earlier, unfinished work erased.

A row that comes while an erasure runs refers to a row that is gone or masked by then, so no identifier leads to it any more.
The keys of what was erased still do, for as long as nobody else has them: a key counts only while its row is gone, or is as
the erasure left it.
"""

from collections.abc import Iterator
from functools import cached_property

from django.db.models import CharField, DateTimeField, Exists, OuterRef, QuerySet, UUIDField

from audit.kept import Here, Kept
from connectors import masking
from connectors.keyed import system_secret
from connectors.kinds.base import Key, Kind, Mask
from connectors.models import Batch, Chunk, Finding, Receipt, WorkOrder
from connectors.strategies import Secrets
from inventory.graph import CollectionSpec

ERASING = (WorkOrder.Operation.ERASE, WorkOrder.Operation.ANONYMISE)
SETTLED = (WorkOrder.State.DONE, WorkOrder.State.WAIVED)


def _erased() -> QuerySet[Finding]:
    stopped = WorkOrder.objects.filter(batch=OuterRef("batch"), operation__in=ERASING).exclude(state__in=SETTLED)
    done = Receipt.objects.filter(chunk__finding=OuterRef("pk"), order__operation__in=ERASING)
    rows = Finding.objects.filter(
        batch__origin=Here("origin", CharField()),
        batch__subject=Here("subject", UUIDField()),
        batch__created_at__lt=Here("before", DateTimeField()),
    ).exclude(batch=Here("batch", UUIDField()))
    return rows.filter(Exists(stopped), Exists(done)).order_by("shared", "pk")


_stopped = Kept(_erased)


class Earlier:
    """What earlier batches of the same request erased before they came to a stop."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    @cached_property
    def findings(self) -> list[Finding]:
        """Of earlier batches with an erasure that is not settled: the findings with rows that were erased."""
        if self.batch.subject_id is None or not self.batch.origin or self.batch.created_at is None:
            return []
        batch = self.batch
        return _stopped(origin=batch.origin, subject=batch.subject_id, before=batch.created_at, batch=batch.pk)

    def of(self, spec: CollectionSpec) -> list[Finding]:
        """Those of one collection."""
        return [one for one in self.findings if (one.dataset, one.collection) == spec.key]

    def keys(self, spec: CollectionSpec, kind: Kind, finding: Finding) -> Iterator[list[Key]]:
        """The keys that a finding's erased rows had and that nobody else has now, a chunk at a time."""
        erased = Receipt.objects.filter(chunk=OuterRef("pk"), order__operation__in=ERASING)
        chunks = Chunk.objects.filter(Exists(erased), finding=finding).order_by("number")
        for pk in list(chunks.values_list("pk", flat=True)):
            keys: list[Key] = [tuple(key) for key in Chunk.objects.get(pk=pk).keys or ()]
            left = self._free(spec, kind, finding, keys)
            if left:
                yield left

    def _free(self, spec: CollectionSpec, kind: Kind, finding: Finding, keys: list[Key]) -> list[Key]:
        masks: dict[str, Mask] = {}
        if finding.action != "delete":
            secrets = Secrets(b"", system_secret(spec.system))
            masks = masking.erasing(spec, finding.via, finding.shared, kind.columns(spec), secrets)
        with kind.looking() as session:
            if not session.count(spec, keys, {}):
                return keys
            if masks and not session.count_unlike(spec, keys, masks, {}):
                return keys
            return [
                key
                for key in keys
                if not session.count(spec, [key], {}) or (masks and not session.count_unlike(spec, [key], masks, {}))
            ]
