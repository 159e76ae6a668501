"""Does what was authorised to exactly the rows that were found, one chunk at a time.

A chunk, or a few small ones together, in the order that matters:
1. our transaction begins; the order's lease is prolonged (Fenced if another worker owns it: nothing is touched);
2. the person's row is locked (Held if a hold is active: nothing is touched);
3. the other system's transaction: change, read back, commit. If the read-back finds a row that is not as wanted, it rolls
   back;
4. the receipt is written and our transaction commits.
Killed between 3 and 4, the chunk is done again and finds everything as wanted: `changed` is 0, the receipt is the same.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from audit import leases
from audit.failpoints import failpoint
from connectors import holds, masking, sparing, tying
from connectors.kinds.base import Changing, Column, Key, Kind, Mask, Permanent, Spare, chunk_rows, ready
from connectors.models import Chunk, Finding, Receipt, WorkOrder
from connectors.planning import Planned
from connectors.searching import Searcher
from connectors.strategies import Secrets
from inventory.graph import CollectionSpec

Operation = WorkOrder.Operation
ERASING = (Operation.ERASE, Operation.ANONYMISE)


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
        self.ties = tying.Ties(self.kind, [], searcher.remembered)
        self.secrets = Secrets(bytes.fromhex(order.batch.salt or ""), system_secret(order.system.key))

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
            masks = self._masks(finding, spec, columns)
            ready(self.kind, spec, masks)
            found.append(Task(finding, spec, masks))
        return self._tied(found)

    def _tied(self, tasks: list[Task]) -> list[Task]:
        """The tasks in the turn in which references between their rows let them be done. Of a person, whose rows are few, what
        stays and refers to what is deleted is told before any row is touched; of a retention run at the chunk concerned.
        """
        if all(one.masks is not None for one in tasks):
            return tasks
        changes = [tying.Change(one.spec, one.finding, one.masks) for one in tasks]
        turns = tying.Ties(self.kind, changes, self.searcher.remembered).order()
        self.ties = tying.Ties(self.kind, [changes[turn] for turn in turns], self.searcher.remembered)
        if self.order.batch.subject_id is not None and not Receipt.objects.filter(order=self.order).exists():
            self.ties.refuse(self.searcher.beat)
        return [tasks[turn] for turn in turns]

    def _masks(
        self, finding: Finding, spec: CollectionSpec, columns: Mapping[str, Column]
    ) -> Mapping[str, Mask] | None:
        if self.order.operation == Operation.SUPPRESS:
            return masking.suppressing(spec, finding.via, finding.shared, columns)
        if self.order.operation == Operation.RESTRICT:
            return masking.restricting(spec, finding.via, finding.shared, columns)
        if self.order.operation == Operation.CORRECT:
            assert self.order.authorisation is not None
            changes = self.order.authorisation.changes
            return masking.correcting(spec, finding.via, finding.shared, changes, columns)
        anonymously = self.order.operation == Operation.ANONYMISE
        if finding.action == "delete" and not anonymously:
            return None
        return masking.erasing(spec, finding.via, finding.shared, columns, self.secrets, anonymously=anonymously)

    def run(self, tasks: list[Task], enough: Callable[[], bool]) -> bool:
        """Do every chunk that has no receipt; False when `enough` time has passed before the end."""
        undone: Permanent | None = None
        for group in self._groups(tasks):
            if enough():
                return False
            try:
                self._group(group)
            except Permanent as error:
                if not getattr(self.kind, "by_hand", False):
                    raise
                undone = error  # what a colleague did do has its receipt first
        if undone is not None:
            raise undone
        return True

    def _groups(self, tasks: list[Task]) -> list[list[tuple[Task, int]]]:
        """The chunks without a receipt, in the order of the tasks. Small ones that follow each other make one transaction of at
        most a chunk's rows.
        """
        # Without masks to write there is nothing of this person to change in these rows.
        wanted = {task.finding.pk: task for task in tasks if task.masks is None or task.masks}
        todo: dict[int, list[tuple[int, int]]] = {}
        chunks = Chunk.objects.filter(finding__in=list(wanted)).exclude(receipts__order=self.order).order_by("number")
        for finding, pk, rows in chunks.values_list("finding", "pk", "rows"):
            todo.setdefault(finding, []).append((pk, rows))
        most, held, groups = chunk_rows(self.kind), 0, list[list[tuple[Task, int]]]()
        for finding, task in wanted.items():
            for pk, rows in todo.get(finding, ()):
                if not groups or held + rows > most:
                    groups.append([])
                    held = 0
                groups[-1].append((task, pk))
                held += rows
        return groups

    def _group(self, group: list[tuple[Task, int]]) -> None:
        failpoint("erase.before_lock")
        with transaction.atomic():
            leases.renew(WorkOrder, self.order.pk, self.fence, timezone.now())
            self._lock()
            chunks = Chunk.objects.in_bulk([pk for _, pk in group])
            todo = []
            for task, pk in group:
                keys: list[Key] = [tuple(key) for key in chunks[pk].keys or ()]
                spare = sparing.narrow(self.kind, task.spec, keys, self._spared(task.spec))
                loose = tying.Loose()
                if task.masks is None:
                    loose = self.ties.loose(task.spec, keys, spare, self._free)
                todo.append((task, chunks[pk], keys, spare, loose))
            receipts = []
            with self.kind.changing() as session:
                for task, chunk, keys, spare, loose in todo:
                    changed, spared = _apply(session, task, keys, spare, loose)
                    rows = len(keys) - spared
                    receipts.append(Receipt(order=self.order, chunk=chunk, rows=rows, changed=changed))
                failpoint("erase.before_target_commit")
            failpoint("erase.after_target_commit")
            Receipt.objects.bulk_create(receipts)
            # Progress was made, so the count of fruitless tries starts anew.
            done = sum(one.rows for one in receipts)
            WorkOrder.objects.filter(pk=self.order.pk).update(rows_done=F("rows_done") + done, attempts=1)
        failpoint("erase.after_receipt")

    def left(self, planned: Planned, tasks: list[Task]) -> dict[str, int]:
        """Search one step again, after the work: how many of the rows found are not as they were to be, held ones aside;
        by field, "" for rows that were to be gone. Empty: all is as it was to be.
        """
        by_link = {
            (task.finding.via, task.finding.shared): task
            for task in tasks
            if task.spec.key == planned.step.collection and (task.masks is None or task.masks)
        }
        left: Counter[str] = Counter()
        keys = dict[tuple[str, bool], list[Key]]()
        for hit in self.searcher.hits(planned) if by_link else ():
            if (hit.via, hit.shared) not in by_link:
                continue
            found = keys.setdefault((hit.via, hit.shared), [])
            found.append(hit.row.key)
            if len(found) >= chunk_rows(self.kind):
                left += self._not_done(by_link[hit.via, hit.shared], found)
                found.clear()
        for link, found in keys.items():
            left += self._not_done(by_link[link], found) if found else Counter()
        return dict(left)

    def _not_done(self, task: Task, keys: list[Key]) -> "Counter[str]":
        with transaction.atomic():
            leases.renew(WorkOrder, self.order.pk, self.fence, timezone.now())
            spare = self._spare(task.spec) if self.order.batch.subject_id is None else {}
            spare = sparing.narrow(self.kind, task.spec, keys, spare)
            with self.kind.looking() as session:
                if task.masks is None:
                    return Counter({"": session.count(task.spec, keys, spare)})
                if not session.count_unlike(task.spec, keys, task.masks, spare):
                    return Counter()
                return Counter(
                    {
                        name: session.count_unlike(task.spec, keys, {name: mask}, spare)
                        for name, mask in task.masks.items()
                    }
                )

    def _lock(self) -> None:
        if self.order.batch.subject_id is not None and self.order.operation in ERASING:
            holds.lock(self.order.batch.subject_id)

    def _spared(self, spec: CollectionSpec) -> Spare:
        return {} if self.order.batch.subject_id is not None else self._spare(spec)

    def _free(self, spec: CollectionSpec, keys: list[Key]) -> tuple[list[Key], Spare]:
        return keys, sparing.narrow(self.kind, spec, keys, self._spared(spec))

    def _spare(self, spec: CollectionSpec) -> Spare:
        stamp = holds.share()
        if stamp != self.spares.stamp:
            self.spares = Spares(stamp)
        if spec.key not in self.spares.by_collection:
            self.spares.by_collection[spec.key] = sparing.spares(self.searcher, spec)
        return self.spares.by_collection[spec.key]


def _apply(session: Changing, task: Task, keys: list[Key], spare: Spare, loose: tying.Loose) -> tuple[int, int]:
    """Change the rows and read them back; (changed by this pass, spared because of a hold)."""
    if task.masks is None:
        changed = tying.delete(session, task.spec, keys, spare, loose)
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


def system_secret(key: str) -> bytes:
    """The lasting key of a system's pseudonyms, derived from the portal's INDEX_KEY."""
    return hmac.new(settings.INDEX_KEY.encode(), b"privacyops system v1 " + key.encode(), hashlib.sha256).digest()


def targets(order: WorkOrder) -> "QuerySet[Finding]":
    """The findings that this order works on."""
    found = Finding.objects.filter(batch=order.batch, system=order.system, decision=Finding.Decision.INCLUDE)
    if order.operation in ERASING:
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
