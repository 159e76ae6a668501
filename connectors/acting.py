"""Does what was authorised to exactly the rows that were found, one chunk at a time.

A chunk, in the order that matters:
1. our transaction begins; the order's lease is prolonged (Fenced if another worker owns it: nothing is touched);
2. the person's row is locked (Held if a hold is active: nothing is touched);
3. the other system's transaction: change, read back, commit. If the read-back finds a row that is not as wanted, it rolls
   back;
4. the receipt is written and our transaction commits.
Killed between 3 and 4, the chunk is done again and finds everything as wanted: `changed` is 0, the receipt is the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, QuerySet, Sum
from django.utils import timezone

from audit import leases
from audit.failpoints import failpoint
from connectors import holds, masking, sparing
from connectors.kinds.base import Changing, Column, Key, Kind, Mask, Permanent, Spare
from connectors.models import Chunk, Finding, Receipt, WorkOrder
from connectors.planning import Planned
from connectors.searching import Searcher
from inventory.graph import CollectionSpec

Operation = WorkOrder.Operation


@dataclass(frozen=True)
class Task:
    """What one order does to one finding. No masks: the rows are deleted."""

    finding: Finding
    spec: CollectionSpec
    masks: Mapping[str, Mask] | None


@dataclass
class Spares:
    """Rows to leave alone, worked out anew whenever a hold is placed or released."""

    stamp: tuple[int, ...] | None = None
    by_collection: dict[tuple[str, str], Spare] = field(default_factory=dict)


class Acting:
    """One claimed order at work."""

    def __init__(self, order: WorkOrder, fence: int, searcher: Searcher) -> None:
        self.order, self.fence, self.searcher = order, fence, searcher
        self.kind: Kind = searcher.kind(order.system.key)
        self.spares = Spares()

    def tasks(self) -> list[Task]:
        """The plan, checked against the live schema before the first write. Raises Permanent in words."""
        found = []
        for finding in targets(self.order).order_by("-place", "via", "shared"):
            spec = self.searcher.spec((finding.dataset, finding.collection))
            columns = self.kind.columns(spec)
            _described(spec, columns)
            if not self.kind.keyed(spec):
                place = f"{spec.dataset}.{spec.name}"
                raise Permanent(
                    "schema",
                    f"The described key of {place} is not unique there, so rows cannot be told apart. Mend it.",
                )
            found.append(Task(finding, spec, self._masks(finding, spec, columns)))
        return found

    def _masks(
        self, finding: Finding, spec: CollectionSpec, columns: Mapping[str, Column]
    ) -> Mapping[str, Mask] | None:
        if self.order.operation == Operation.SUPPRESS:
            return masking.suppressing(spec, finding.via, finding.shared, columns)
        if self.order.operation == Operation.CORRECT:
            assert self.order.authorisation is not None
            changes = self.order.authorisation.changes
            return masking.correcting(spec, finding.via, finding.shared, changes, columns)
        if finding.action == "delete":
            return None
        return masking.erasing(spec, finding.via, finding.shared, columns)

    def run(self, tasks: list[Task], enough: Callable[[], bool]) -> bool:
        """Do every chunk that has no receipt; False when `enough` time has passed before the end."""
        for task in tasks:
            if task.masks is not None and not task.masks:
                continue  # nothing of this person to change in these rows
            todo = Chunk.objects.filter(finding=task.finding).exclude(receipts__order=self.order).order_by("number")
            for chunk_id in list(todo.values_list("pk", flat=True)):
                if enough():
                    return False
                self._chunk(task, chunk_id)
        return True

    def _chunk(self, task: Task, chunk_id: int) -> None:
        failpoint("erase.before_lock")
        with transaction.atomic():
            leases.renew(WorkOrder, self.order.pk, self.fence, timezone.now())
            spare = self._lock(task.spec)
            chunk = Chunk.objects.get(pk=chunk_id)
            keys: list[Key] = [tuple(key) for key in chunk.keys or ()]
            spare = sparing.narrow(self.kind, task.spec, keys, spare)
            with self.kind.changing() as session:
                changed, spared = _apply(session, task, keys, spare)
                failpoint("erase.before_target_commit")
            failpoint("erase.after_target_commit")
            rows = len(keys) - spared
            Receipt.objects.create(order=self.order, chunk=chunk, rows=rows, changed=changed)
            # Progress was made, so the count of fruitless tries starts anew.
            WorkOrder.objects.filter(pk=self.order.pk).update(rows_done=F("rows_done") + rows, attempts=1)
        failpoint("erase.after_receipt")

    def left(self, planned: Planned, tasks: list[Task]) -> int:
        """Search one step again, after the work: how many of the rows found are not as they were to be, held ones aside."""
        by_link = {
            (task.finding.via, task.finding.shared): task
            for task in tasks
            if task.spec.key == planned.step.collection and (task.masks is None or task.masks)
        }
        left, keys = 0, dict[tuple[str, bool], list[Key]]()
        for hit in self.searcher.hits(planned) if by_link else ():
            if (hit.via, hit.shared) not in by_link:
                continue
            found = keys.setdefault((hit.via, hit.shared), [])
            found.append(hit.row.key)
            if len(found) >= settings.CHUNK_ROWS:
                left += self._not_done(by_link[hit.via, hit.shared], found)
                found.clear()
        return left + sum(self._not_done(by_link[link], found) for link, found in keys.items() if found)

    def _not_done(self, task: Task, keys: list[Key]) -> int:
        with transaction.atomic():
            leases.renew(WorkOrder, self.order.pk, self.fence, timezone.now())
            spare = self._spare(task.spec) if self.order.batch.subject_id is None else {}
            spare = sparing.narrow(self.kind, task.spec, keys, spare)
            with self.kind.looking() as session:
                if task.masks is None:
                    return session.count(task.spec, keys, spare)
                return session.count_unlike(task.spec, keys, task.masks, spare)

    def _lock(self, spec: CollectionSpec) -> Spare:
        if self.order.batch.subject_id is not None:
            if self.order.operation == Operation.ERASE:
                holds.lock(self.order.batch.subject_id)
            return {}
        return self._spare(spec)

    def _spare(self, spec: CollectionSpec) -> Spare:
        stamp = holds.share()
        if stamp != self.spares.stamp:
            self.spares = Spares(stamp)
        if spec.key not in self.spares.by_collection:
            self.spares.by_collection[spec.key] = sparing.spares(self.searcher, spec)
        return self.spares.by_collection[spec.key]


def _apply(session: Changing, task: Task, keys: list[Key], spare: Spare) -> tuple[int, int]:
    """Change the rows and read them back; (changed by this pass, spared because of a hold)."""
    if task.masks is None:
        changed = session.delete(task.spec, keys, spare)
        left = session.count(task.spec, keys, spare)
        spared = session.count(task.spec, keys, {}) if spare else 0
    else:
        changed = session.update(task.spec, keys, task.masks, spare)
        left = session.count_unlike(task.spec, keys, task.masks, spare)
        spared = session.count_unlike(task.spec, keys, task.masks, {}) if spare else 0
    if left:
        place = f"{task.spec.dataset}.{task.spec.name}"
        raise Permanent(
            "left", f"{left} rows of {place} did not take the change. Ask the system's owner why, then retry."
        )
    return changed, spared


def targets(order: WorkOrder) -> "QuerySet[Finding]":
    """The findings that this order works on."""
    found = Finding.objects.filter(batch=order.batch, system=order.system, decision=Finding.Decision.INCLUDE)
    if order.operation == Operation.ERASE:
        found = found.exclude(action="keep")
    return found


def _described(spec: CollectionSpec, columns: Mapping[str, Column]) -> None:
    if not spec.primary_key:
        raise Permanent(
            "schema", f"{spec.dataset}.{spec.name} has no primary key in its description. Name one, then retry."
        )
    for name in (*spec.primary_key, *spec.people):
        if name not in columns:
            raise Permanent(
                "schema", f"{spec.dataset}.{spec.name} has no column {name}. Mend the description, then retry."
            )


def write_outcomes(order: WorkOrder, tasks: list[Task]) -> None:
    """Per finding and field what became of it: honest counts for the letter, the desk and the evidence."""
    for task in tasks:
        done = Receipt.objects.filter(order=order, chunk__finding=task.finding).aggregate(
            rows=Sum("rows"), changed=Sum("changed"), chunks=Count("pk")
        )
        rows = done["rows"] or 0
        what = "deleted" if task.masks is None else str(order.operation)
        fields = {name: what for name in task.masks or ()}
        if task.masks is not None:
            fields |= {one.name: "kept" for one in task.spec.fields if one.category and one.name not in task.masks}
        outcome = {
            "operation": order.operation,
            "action": task.finding.action if order.operation == Operation.ERASE else order.operation,
            "rows": rows,
            "changed": done["changed"] or 0,
            "spared": task.finding.rows - rows if task.masks is None or task.masks else 0,
            "fields": fields,
        }
        Finding.objects.filter(pk=task.finding.pk).update(outcome=outcome)
