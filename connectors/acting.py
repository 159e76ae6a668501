"""Does what was authorised to exactly the rows that were found, one chunk at a time.

A chunk, or a few small ones together, in the order that matters:
1. our transaction begins; the order's lease is prolonged (Fenced if another worker owns it: nothing is touched);
2. the person's row is locked (Held if a hold covers everything: nothing is touched), and no hold can be placed on anybody
   until 4; rows and fields that a hold keeps, the person's or others', are left out and counted as spared;
3. the other system's transaction: change, read back, commit. If the read-back finds a row that is not as wanted, it rolls
   back;
   Rows that are no longer this person's (`belonging`) are left alone and counted apart;
4. the receipt is written and our transaction commits.
Killed between 3 and 4, the chunk is done again and finds everything as wanted: `changed` is 0, the receipt is the same.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from audit import leases
from audit.failpoints import failpoint
from connectors import anonymity, approved, carrying, findings, holds, leaving, masking, sparing, tying, wholly
from connectors.applying import Task, apply, away_of
from connectors.belonging import Belonging
from connectors.dated import Sweep
from connectors.keyed import system_secret
from connectors.keys import Keys
from connectors.kinds.base import Changing, Column, Key, Kind, Looking, Mask, Permanent, Spare, chunk_rows, ready
from connectors.models import Chunk, Finding, Receipt, WorkOrder
from connectors.planning import Planned
from connectors.searching import Hit, Searcher
from connectors.setwise import Setwise
from connectors.strategies import Secrets
from connectors.withdrawing import by_consent
from inventory.graph import CollectionSpec, Name

Operation = WorkOrder.Operation
ERASING = (Operation.ERASE, Operation.ANONYMISE)


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
        self.setwise = Setwise(self)
        self.sweep: Sweep | None = None
        # Around each chunk, with its rows: where a system is to be worked in gently.
        self.pacing: Callable[[int], AbstractContextManager[None]] = lambda rows: nullcontext()
        self.gently = False
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
        links = anonymity.links(self.searcher.graph, spec) if anonymously else ()
        return masking.erasing(
            spec, finding.via, finding.shared, columns, self.secrets, anonymously=anonymously, links=links
        )

    def run(self, tasks: list[Task], enough: Callable[[], bool]) -> bool:
        """Do every chunk that has no receipt; False when `enough` time has passed before the end."""
        self.sweep = Sweep.of(self, tasks)
        if self.sweep is not None and (all_done := self.sweep.run(enough)) is not None:
            return all_done
        self.sweep = None
        undone: Permanent | None = None
        groups = self._groups(tasks)
        with self.searcher.asking():
            for finding in {task.finding.pk: task.finding for group in groups for task, _ in group}.values():
                self.belonging.of(finding)  # what led to these rows, before the first of them is changed
        for some in self.setwise.strides(groups):
            if enough():
                return False
            try:
                with self.pacing(sum(self.setwise.chunks[pk][1] for group in some for _, pk in group)):
                    if not self._group([one for group in some for one in group], careful=len(some) == 1):
                        for group in some:
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
        for finding, pk, rows, number in chunks.values_list("finding", "pk", "rows", "number"):
            todo.setdefault(finding, []).append((pk, rows))
            self.setwise.chunks[pk] = (number, rows)
        held, before, groups = 0, 0, list[list[tuple[Task, int]]]()
        for finding, task in wanted.items():
            most = chunk_rows(self.kind) * (wholly.AT_ONCE if todo.get(finding) and self.setwise.only(task) else 1)
            for pk, rows in todo.get(finding, ()):
                # Whose consent is asked for anew at each chunk: no more people are locked at once than one chunk has.
                if not groups or most != before or held + rows > most or by_consent(self.order.batch):
                    groups.append([])
                    held, before = 0, most
                groups[-1].append((task, pk))
                held += rows
        return groups

    def _group(self, group: list[tuple[Task, int]], *, careful: bool = True) -> bool:
        """Do these chunks in one transaction; whether that was done: not `careful`, only if they can go as a whole set."""
        leaving.before(self, group)
        failpoint("erase.before_lock")
        with transaction.atomic():
            leases.renew(WorkOrder, self.order.pk, self.fence, timezone.now())
            self.look(self.order.batch.subject_id)
            if self.setwise.delete(group):
                sizes = [(pk, self.setwise.chunks[pk][1]) for _, pk in group]
                receipts = [Receipt(order=self.order, chunk_id=pk, rows=rows, changed=rows) for pk, rows in sizes]
            elif careful:
                receipts = self._carefully(group)
            else:
                return False
            Receipt.objects.bulk_create(receipts)
            leaving.after(self, group, receipts)
            # Progress was made, so the count of fruitless tries starts anew.
            done = sum(one.rows for one in receipts)
            WorkOrder.objects.filter(pk=self.order.pk).update(rows_done=F("rows_done") + done, attempts=1)
        failpoint("erase.after_receipt")
        return True

    def _carefully(self, group: list[tuple[Task, int]]) -> list[Receipt]:
        """Look at each row, change it and read it back."""
        chunks = Chunk.objects.in_bulk([pk for _, pk in group])
        todo = []
        with self.searcher.asking():
            for task, pk in group:
                named = [tuple(key) for key in chunks[pk].keys or ()]
                keys, moved = self.belonging.of(task.finding).part(named, chunks[pk].people)
                loose, apart = tying.Loose(), sparing.Apart(keys, {})
                if task.masks is None:
                    apart = self.apart(task.spec, keys)
                    loose = self.ties.loose(task.spec, apart.keys, apart.spare, self._free)
                todo.append((task, chunks[pk], keys, moved, self._parts(task, keys, apart), loose))
        receipts = []
        with self.changing() as session:
            for task, chunk, keys, moved, parts, loose in todo:
                changed, spared, anew = apply(session, task, keys, parts, loose) if keys else (0, 0, 0)
                away = anew + (away_of(session, task, moved) if moved else 0)
                rows = len(keys) + len(moved) - spared - away
                receipts.append(Receipt(order=self.order, chunk=chunk, rows=rows, changed=changed, moved=away))
        return receipts

    @contextmanager
    def changing(self) -> Iterator[Changing]:
        """One transaction in the company's system; it is over before ours is."""
        with self.kind.changing() as session:
            yield session
            failpoint("erase.before_target_commit")
        failpoint("erase.after_target_commit")

    def left(self, planned: Planned, tasks: list[Task]) -> dict[str, int]:
        """Search one step again, after the work: how many of the rows found are not as they were to be, held ones aside;
        by field, "" for rows that were to be gone. Empty: all is as it was to be.
        """
        if self.sweep is not None or by_consent(self.order.batch):
            return {}  # each chunk was read back as it went; what came since is the next run's
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
            self.look()
            found = Counter[str]()
            for part in self._parts(task, keys, self.apart(task.spec, keys) if task.masks is None else None):
                free, spare = part.apart.keys, part.apart.spare
                with self.kind.looking() as session:
                    unseen = self._unseen(session, task.spec, free)
                    if task.masks is None:
                        found[""] += session.count(task.spec, free, spare) + unseen
                    elif unseen:
                        found += Counter(dict.fromkeys(part.masks, unseen))
                    elif free and session.count_unlike(task.spec, free, part.masks, spare):
                        for name, mask in part.masks.items():
                            found[name] += session.count_unlike(task.spec, free, {name: mask}, spare)
            return found

    def look_again(self) -> None:
        """A look at the holds in a transaction of its own: to count, not to erase."""
        with transaction.atomic():
            leases.renew(WorkOrder, self.order.pk, self.fence, timezone.now())
            self.look()

    def look(self, subject_id: UUID | None = None) -> None:
        """One look at the holds, for every chunk of an erasure. Raises Held when there is one on this person."""
        if self.order.operation not in ERASING:
            return
        stamp = holds.look(subject_id)
        if stamp != self.stamp:
            self.stamp, self.held = stamp, None if stamp is None else sparing.Held(self.searcher, stamp.own)

    def _unseen(self, session: Looking, spec: CollectionSpec, keys: list[Key]) -> int:
        """Rows that were found just now and that their key does not lead to: nothing can have been done to them."""
        if getattr(self.kind, "by_hand", False):
            return 0
        return max(0, len(set(keys)) - session.count(spec, keys, {}))

    def _parts(self, task: Task, keys: list[Key], apart: sparing.Apart | None) -> list[sparing.Part]:
        """What goes into which of the rows; of a deletion (`apart`: its rows) one part without masks."""
        if task.masks is None or self.held is None:
            return [sparing.Part(task.masks or {}, apart or sparing.Apart(keys, {}))]
        return self.held.parts(self.kind, task.spec, keys, task.masks)

    def kept(self, spec: CollectionSpec, *, own: bool) -> frozenset[str]:
        """The fields of a collection that holds keep: of the person's own rows, or of anybody's; all, if the holds that spared
        rows are gone by now.
        """
        if self.held is None:
            return frozenset(() if own else (one.name for one in spec.fields))
        return self.held.of_own(spec).all if own else self.held.fields(spec)

    def refuse_by_hand(self, tasks: list[Task]) -> None:
        """What is kept cannot be told a colleague row by row. Raises Held before one is asked to do what a hold covers."""
        if not getattr(self.kind, "by_hand", False) or self.order.operation not in ERASING:
            return
        with transaction.atomic():
            self.look(self.order.batch.subject_id)
        if self.held is not None and any(self._keeps(one) for one in tasks if one.masks is None or one.masks):
            raise holds.Held

    def _keeps(self, task: Task) -> bool:
        if self.held is None or task.spec.key not in self.held.own:
            return False
        return task.masks is None or bool(self.held.of_own(task.spec).all & set(task.masks))

    def apart(self, spec: CollectionSpec, keys: list[Key]) -> sparing.Apart:
        return sparing.Apart(keys, {}) if self.held is None else self.held.apart(self.kind, spec, keys)

    def _free(self, spec: CollectionSpec, keys: list[Key]) -> tuple[list[Key], Spare]:
        apart = self.apart(spec, keys)
        return apart.keys, apart.spare


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
