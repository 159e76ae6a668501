"""Does what was authorised to exactly the rows that were found, one chunk at a time.

A chunk, or a few small ones together, in the order that matters:
1. our transaction begins; the order's lease is prolonged (Fenced if another worker owns it: nothing is touched);
2. the person's row is locked (Held if a hold is active: nothing is touched), and no hold can be placed on anybody until 4;
   rows of other people under hold are left out and counted as spared;
3. the other system's transaction: change, read back, commit. If the read-back finds a row that is not as wanted, it rolls
   back;
   Rows that are no longer this person's (`belonging`) are left alone and counted apart;
4. the receipt is written and our transaction commits.
Killed between 3 and 4, the chunk is done again and finds everything as wanted: `changed` is 0, the receipt is the same.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from audit import leases
from audit.failpoints import failpoint
from connectors import approved, carrying, findings, frozen, holds, masking, sparing, tying, wholly
from connectors.belonging import Belonging
from connectors.keyed import system_secret
from connectors.keys import Keys
from connectors.kinds.base import Changing, Column, Key, Kind, Looking, Mask, Permanent, Spare, chunk_rows, ready
from connectors.kinds.whole import Only, whole
from connectors.models import Chunk, Finding, Receipt, WorkOrder
from connectors.planning import Planned
from connectors.searching import Hit, Searcher
from connectors.strategies import Secrets
from inventory.graph import CollectionSpec, Name

Operation = WorkOrder.Operation
ERASING = (Operation.ERASE, Operation.ANONYMISE)


@dataclass(frozen=True)
class Task:
    """What one order does to one finding. No masks: the rows are deleted."""

    finding: Finding
    spec: CollectionSpec
    masks: Mapping[str, Mask] | None


class _NotAll(Exception):
    """Not every row of a group is there and theirs: each has to be looked at."""


class Acting:
    """One claimed order at work."""

    def __init__(self, order: WorkOrder, fence: int, searcher: Searcher) -> None:
        self.order, self.fence, self.searcher = order, fence, searcher
        self.kind: Kind = searcher.kind(order.system.key)
        self.stamp: holds.Stamp | None = None
        self.held: sparing.Held | None = None
        self.belonging = Belonging(searcher)
        # By collection: rows that the search after the work finds through a link by which nothing had been found.
        self.came: Counter[Name] = Counter()
        self._approved: dict[Name, Keys] = {}
        self.ties = tying.Ties(self.kind, [], searcher.remembered)
        self.secrets = Secrets(bytes.fromhex(order.batch.salt or ""), system_secret(order.system.key))

    @cached_property
    def begun(self) -> bool:
        """Whether an earlier attempt of this order has touched rows already."""
        return Receipt.objects.filter(order=self.order).exists()

    def tasks(self) -> list[Task]:
        """The plan, checked against the live schema before the first write. Raises Permanent in words."""
        found = []
        for finding in targets(self.order).order_by("-place", "via", "shared"):
            spec = self.searcher.spec((finding.dataset, finding.collection))
            approved.check(self.order, spec)
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
        masked = {task.finding.pk: task for task in found if task.masks}
        self.belonging.unlike = lambda finding, keys: self._unlike(masked.get(finding.pk), keys)
        self._refuse_carried(found)
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
        self.belonging.emptied = self.ties.emptying()
        if self.order.batch.subject_id is not None and not self.begun:
            self.ties.refuse(self.searcher.beat)
        return [tasks[turn] for turn in turns]

    def _refuse_carried(self, tasks: list[Task]) -> None:
        """For a person, whose rows are few, what a deletion would carry along is told before any row is touched."""
        if self.order.batch.subject_id is None or all(one.masks is not None for one in tasks):
            return
        if not self.begun:
            changes = [(one.spec, one.finding, one.masks) for one in tasks]
            carrying.refuse(self.kind, changes, self.searcher.remembered, self.searcher.beat)

    def _unlike(self, task: Task | None, keys: list[Key]) -> list[Key]:
        """Those of the rows that are not as the task leaves them; without one, all."""
        if task is None or task.masks is None:
            return keys
        with self.kind.looking() as session:
            if not session.count_unlike(task.spec, keys, task.masks, {}):
                return []
            return [key for key in keys if session.count_unlike(task.spec, [key], task.masks, {})]

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
        groups = self._groups(tasks)
        for finding in {task.finding.pk: task.finding for group in groups for task, _ in group}.values():
            self.belonging.of(finding)  # what led to these rows, before the first of them is changed
        for group in groups:
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
        most a chunk's rows, and large ones of several chunks' where many rows are deleted in one statement.
        """
        # Without masks to write there is nothing of this person to change in these rows.
        wanted = {task.finding.pk: task for task in tasks if task.masks is None or task.masks}
        todo: dict[int, list[tuple[int, int]]] = {}
        chunks = Chunk.objects.filter(finding__in=list(wanted)).exclude(receipts__order=self.order).order_by("number")
        for finding, pk, rows in chunks.values_list("finding", "pk", "rows"):
            todo.setdefault(finding, []).append((pk, rows))
        held, before, groups = 0, 0, list[list[tuple[Task, int]]]()
        for finding, task in wanted.items():
            most = chunk_rows(self.kind) * (wholly.AT_ONCE if todo.get(finding) and self._only(task) else 1)
            for pk, rows in todo.get(finding, ()):
                if not groups or most != before or held + rows > most:
                    groups.append([])
                    held, before = 0, most
                groups[-1].append((task, pk))
                held += rows
        return groups

    def _group(self, group: list[tuple[Task, int]]) -> None:
        failpoint("erase.before_lock")
        with transaction.atomic():
            leases.renew(WorkOrder, self.order.pk, self.fence, timezone.now())
            self._look(self.order.batch.subject_id)
            receipts = self._wholly(group) or self._carefully(group)
            Receipt.objects.bulk_create(receipts)
            # Progress was made, so the count of fruitless tries starts anew.
            done = sum(one.rows for one in receipts)
            WorkOrder.objects.filter(pk=self.order.pk).update(rows_done=F("rows_done") + done, attempts=1)
        failpoint("erase.after_receipt")

    def _only(self, task: Task) -> Only | None:
        """By what the rows of a task can be deleted many at a time; None where they cannot."""
        if task.masks is not None or task.finding.rows < wholly.MANY or whole(self.kind, task.spec) is None:
            return None
        return None if self.ties.of(task.spec) else self.belonging.of(task.finding).only

    def _wholly(self, group: list[tuple[Task, int]]) -> list[Receipt]:
        """Delete all of a group in one statement for each task, which looks itself that each row is there and still theirs.
        Nothing is done, and there are no receipts, when one row is not.
        """
        stored = (
            dict(frozen.stored(Chunk.objects.filter(pk__in=[pk for _, pk in group]))) if self._only(group[0][0]) else {}
        )
        todo = []
        for _, some in groupby(group, key=lambda one: one[0].finding.pk):
            parts = list(some)
            task, chunks = parts[0][0], [stored[pk] for _, pk in parts if pk in stored]
            only, asked, listed = self._only(task), whole(self.kind, task.spec), frozen.numbers(chunks)
            if only is None or asked is None or not listed or not self._none_held(task.spec, only, chunks):
                return []
            todo.append((asked, only, listed, sum(one.rows for one in chunks)))
        try:
            with self._changing() as session:
                for asked, only, listed, rows in todo:
                    if asked.delete(session, listed, only) != rows:
                        raise _NotAll
        except _NotAll:
            return []
        return [
            Receipt(order=self.order, chunk_id=pk, rows=stored[pk].rows, changed=stored[pk].rows) for _, pk in group
        ]

    def _none_held(self, spec: CollectionSpec, only: Only, chunks: list[frozen.Frozen]) -> bool:
        if self.held is None:
            return True
        keys = [key for one in chunks for key in one.keys]
        apart = self._apart(spec, keys)
        return len(apart.keys) == len(keys) and wholly.spares_none(only, apart.spare)

    def _carefully(self, group: list[tuple[Task, int]]) -> list[Receipt]:
        """Look at each row, change it and read it back."""
        chunks = Chunk.objects.in_bulk([pk for _, pk in group])
        todo = []
        for task, pk in group:
            keys, moved = self.belonging.of(task.finding).part([tuple(key) for key in chunks[pk].keys or ()])
            apart, loose = self._apart(task.spec, keys), tying.Loose()
            if task.masks is None:
                loose = self.ties.loose(task.spec, apart.keys, apart.spare, self._free)
            todo.append((task, chunks[pk], keys, moved, apart, loose))
        receipts = []
        with self._changing() as session:
            for task, chunk, keys, moved, apart, loose in todo:
                changed, spared = _apply(session, task, keys, apart, loose) if keys else (0, 0)
                away = _away(session, task, moved) if moved else 0
                rows = len(keys) + len(moved) - spared - away
                receipts.append(Receipt(order=self.order, chunk=chunk, rows=rows, changed=changed, moved=away))
        return receipts

    @contextmanager
    def _changing(self) -> Iterator[Changing]:
        """One transaction in the company's system; it is over before ours is."""
        with self.kind.changing() as session:
            yield session
            failpoint("erase.before_target_commit")
        failpoint("erase.after_target_commit")

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
        for hit in () if findings.all_kept(self.searcher, planned) else self.searcher.hits(planned):
            if (hit.via, hit.shared) not in by_link:
                self._see(planned.step.collection, hit)
                continue
            found = keys.setdefault((hit.via, hit.shared), [])
            found.append(hit.row.key)
            if len(found) >= chunk_rows(self.kind):
                left += self._not_done(by_link[hit.via, hit.shared], found)
                found.clear()
        for link, found in keys.items():
            left += self._not_done(by_link[link], found) if found else Counter()
        return dict(left)

    def _see(self, name: Name, hit: Hit) -> None:
        """Count a row that came, unless it would be kept or was approved under another link."""
        known = self.searcher.remembered.findings(name)
        if any((one.via, one.shared) == (hit.via, hit.shared) for one in known) or (hit.shared and not hit.sure):
            return
        if findings.action_of(self.searcher.spec(name), hit) == "keep":
            return
        if name not in self._approved:
            self._approved[name] = findings.approved(self.searcher, known)
        if hit.row.key not in self._approved[name]:
            self.came[name] += 1

    def _not_done(self, task: Task, keys: list[Key]) -> "Counter[str]":
        with transaction.atomic():
            leases.renew(WorkOrder, self.order.pk, self.fence, timezone.now())
            self._look()
            apart = self._apart(task.spec, keys)
            keys, spare = apart.keys, apart.spare
            with self.kind.looking() as session:
                unseen = self._unseen(session, task.spec, keys)
                if task.masks is None:
                    return Counter({"": session.count(task.spec, keys, spare) + unseen})
                if unseen:
                    return Counter(dict.fromkeys(task.masks, unseen))
                if not session.count_unlike(task.spec, keys, task.masks, spare):
                    return Counter()
                return Counter(
                    {
                        name: session.count_unlike(task.spec, keys, {name: mask}, spare)
                        for name, mask in task.masks.items()
                    }
                )

    def _look(self, subject_id: UUID | None = None) -> None:
        """One look at the holds, for every chunk of an erasure. Raises Held when there is one on this person."""
        if self.order.operation not in ERASING:
            return
        stamp = holds.look(subject_id)
        if stamp != self.stamp:
            self.stamp, self.held = stamp, None if stamp is None else sparing.Held(self.searcher)

    def _unseen(self, session: Looking, spec: CollectionSpec, keys: list[Key]) -> int:
        """Rows that were found just now and that their key does not lead to: nothing can have been done to them."""
        if getattr(self.kind, "by_hand", False):
            return 0
        return max(0, len(set(keys)) - session.count(spec, keys, {}))

    def _apart(self, spec: CollectionSpec, keys: list[Key]) -> sparing.Apart:
        return sparing.Apart(keys, {}) if self.held is None else self.held.apart(self.kind, spec, keys)

    def _free(self, spec: CollectionSpec, keys: list[Key]) -> tuple[list[Key], Spare]:
        apart = self._apart(spec, keys)
        return apart.keys, apart.spare


def _apply(session: Changing, task: Task, keys: list[Key], apart: sparing.Apart, loose: tying.Loose) -> tuple[int, int]:
    """Change the rows and read them back; (changed by this pass, spared because of a hold)."""
    free, spare = apart.keys, apart.spare
    some_held = bool(spare) or len(free) < len(keys)
    if task.masks is None:
        changed = tying.delete(session, task.spec, free, spare, loose) if free else 0
        left = session.count(task.spec, free, spare) if free else 0
        spared = session.count(task.spec, keys, {}) if some_held else 0
    else:
        changed = session.update(task.spec, free, task.masks, spare) if free else 0
        left = session.count_unlike(task.spec, free, task.masks, spare) if free else 0
        spared = session.count_unlike(task.spec, keys, task.masks, {}) if some_held else 0
    if left:
        place = f"{task.spec.dataset}.{task.spec.name}"
        raise Permanent(
            "left", f"{left} rows of {place} did not take the change. Ask the system's owner why, then retry."
        )
    return changed, spared


def _away(session: Changing, task: Task, moved: list[Key]) -> int:
    """How many of these rows are somebody else's by now. Not those that are as wanted: a pass that was killed before its
    receipt may have changed the very field that they were found by.
    """
    return len(moved) if task.masks is None else session.count_unlike(task.spec, moved, task.masks, {})


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
