"""Retention's many rows: counted, compared, deleted and read back by the system itself, a whole chunk in one statement.

A chunk is a span of keys and the digest of those in it that are due. What is deleted is what the span holds that is due, and it
stays deleted only if its digest is the approved one; else the chunk's keys are gone through one by one in the same way,
so that an approval covers exactly the rows that were counted. What a hold protects is left alone inside the statement.

Only where nothing but the deletion happens (see `kinds.dated`). Any other collection takes the careful way, row by row.
"""

import time
from collections.abc import Callable
from datetime import date
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit import leases
from audit.failpoints import failpoint
from connectors import frozen, leaving, throttling
from connectors.kinds.base import Permanent
from connectors.kinds.dated import Dated, Due, Part, dated
from connectors.kinds.whole import NOTHING, Digest, Span, added
from connectors.models import Chunk, Finding, Receipt, WorkOrder
from connectors.parting import Parting
from connectors.searching import Searcher
from inventory.graph import CollectionSpec, Name
from subjects.fields import JsonText

if TYPE_CHECKING:
    from connectors.acting import Acting
    from connectors.applying import Task

MOST_CHUNKS = 4  # in one transaction, where they are quick


class NotAll(Exception):
    """Not exactly the approved rows of a span went: it has to be gone through by its keys."""


def road(searcher: Searcher, spec: CollectionSpec) -> Dated | None:
    """The quick road for a collection of a retention run, or None."""
    if not searcher.batch.criteria.get("seed") or spec.erase == "mask" or not _single(searcher, spec):
        return None
    return dated(searcher.kind(spec.system), spec)


def due_now(searcher: Searcher, spec: CollectionSpec, held: Any) -> Due | None:
    """What is due, what `held` keeps aside; None where only a look at the rows could tell."""
    criteria = searcher.batch.criteria
    if not _single(searcher, spec):
        return None
    spare = {} if held is None else held.values(spec)
    return None if spare is None else Due(criteria["field"], date.fromisoformat(criteria["before"]), spare)


def _single(searcher: Searcher, spec: CollectionSpec) -> bool:
    """Whether one field of the rows themselves dates them; the latest of several, or a date of another table, does not."""
    return spec.due is not None and spec.due.single == searcher.batch.criteria["field"]


def counting(searcher: Searcher, spec: CollectionSpec) -> tuple[Dated, Due] | None:
    """How a search counts these rows itself, many at a time; None: it goes through them."""
    quick, parting = road(searcher, spec), searcher.parting
    if quick is None or not isinstance(parting, Parting):
        return None
    due = due_now(searcher, spec, parting.keeps)
    return None if due is None else (quick, due)


def chunk_rows(system_id: int) -> int:
    """How many rows make a chunk: RETENTION_CHUNK_ROWS, or fewer where the system lets us delete fewer in a second."""
    return max(1, min(settings.RETENTION_CHUNK_ROWS, throttling.most_rows(system_id) or settings.RETENTION_CHUNK_ROWS))


def chunk_of(finding: Finding, number: int, part: Part) -> Chunk:
    """A chunk that freezes what was counted: its keys, and the digest by which they are told."""
    keys = JsonText(f"[[{part.numbers.replace(',', '],[')}]]")
    span = [part.digest[1], part.least, part.greatest]
    return Chunk(finding=finding, number=number, rows=part.digest[0], keys=keys, span=span)


def grown(searcher: Searcher, name: Name) -> int | None:
    """How many rows are due now that were not when they were counted. None: not counted this way, or not told this way."""
    known = searcher.remembered.findings(name)
    if len(known) != 1 or not searcher.batch.criteria:
        return None
    chunks, found = _spans(known[0]), counting(searcher, searcher.spec(name))
    if chunks is None or found is None:
        return None
    quick, due = found
    # Mostly nothing came and nothing went: the sum of all tells that at two thirds of the cost of a sum for each chunk.
    if quick.digests(due, [])[0] == reduce(added, (span.digest for _, span in chunks), NOTHING):
        return 0
    now = quick.digests(due, [span.greatest for _, span in chunks])
    new = now[-1][0]
    for turn, (pk, span) in enumerate(chunks):
        if now[turn] not in (span.digest, NOTHING):
            after = chunks[turn - 1][1].greatest if turn else None
            new += quick.beyond(due, after, span.greatest, _numbers(pk))
    return new


def _spans(finding: Finding) -> list[tuple[int, Span]] | None:
    """(chunk, its span) of a finding, in order; None when it was counted row by row."""
    rows = Chunk.objects.filter(finding=finding).order_by("number").values_list("pk", "rows", "span")
    found = [(pk, Span((count, span[0]), span[1], span[2])) for pk, count, span in rows if span]
    rising = all(one.greatest < other.least for (_, one), (_, other) in pairwise(found))
    return found if found and len(found) == len(rows) and rising else None


def _near(some: list[tuple[int, Span]]) -> list[tuple[int, Span]]:
    """The first of these chunks, with those after it up to the first gap that is wider than the chunk before it."""
    for turn, ((_, one), (_, other)) in enumerate(pairwise(some), 1):
        if other.least - one.greatest > one.greatest - one.least + 1:
            return some[:turn]
    return some


def _joined(one: Span, other: Span) -> Span:
    return Span(added(one.digest, other.digest), one.least, other.greatest)


def _numbers(chunk: int) -> str:
    parts = [one for _, one in frozen.stored(Chunk.objects.filter(pk=chunk))]
    numbers = frozen.numbers(parts)
    if numbers is None:
        raise Permanent("keys", "The keys of this run were forgotten. Count its rows again.")
    return numbers


class Sweep:
    """One order that deletes what is due."""

    def __init__(self, work: "Acting", task: "Task", quick: Dated, chunks: list[tuple[int, Span]]) -> None:
        self.work, self.task, self.quick, self.chunks = work, task, quick, chunks
        self._due: tuple[Any, Due | None] | None = None
        self.naming = leaving.fields(work.order.batch, task.spec, None)

    @classmethod
    def of(cls, work: "Acting", tasks: "list[Task]") -> "Sweep | None":
        """The order as a sweep, where it can be one."""
        if len(tasks) != 1 or tasks[0].masks is not None:
            return None
        quick, chunks = road(work.searcher, tasks[0].spec), _spans(tasks[0].finding)
        return cls(work, tasks[0], quick, chunks) if quick is not None and chunks is not None else None

    def run(self, enough: Callable[[], bool]) -> bool | None:
        """Do every chunk that has no receipt; False when it is `enough` for now. None: holds were placed that only a look at
        the rows can tell, so the careful way goes on from here.
        """
        done = set(Receipt.objects.filter(order=self.work.order).values_list("chunk", flat=True))
        todo = [one for one in self.chunks if one[0] not in done]
        turn, stride = 0, 1
        while turn < len(todo):
            if enough():
                return False
            some, began = _near(todo[turn : turn + stride]), time.monotonic()
            if not self._chunks(some):
                return None
            turn += len(some)
            stride = throttling.stride(stride, time.monotonic() - began, 1 if self.work.gently else MOST_CHUNKS)
        return True

    def _chunks(self, some: list[tuple[int, Span]]) -> bool:
        """Do these chunks, which follow each other, in one transaction; where they are not what was approved, one by one."""
        self._tell(some)
        failpoint("sweep.before_lock")
        order, receipts = self.work.order, list[Receipt]()
        with self.work.pacing(sum(span.digest[0] for _, span in some)), transaction.atomic():
            leases.renew(WorkOrder, order.pk, self.work.fence, timezone.now())
            self.work.look()
            due = self.due()
            if due is None:
                return False
            if self._as_one(due, reduce(_joined, (span for _, span in some))):
                receipts = [
                    Receipt(order=order, chunk_id=pk, rows=span.digest[0], changed=span.digest[0]) for pk, span in some
                ]
            elif len(some) == 1:
                receipts = [self._by_keys(due, some[0][0])]
            if receipts:
                Receipt.objects.bulk_create(receipts)
                # Progress was made, so the count of fruitless tries starts anew.
                rows = sum(one.rows for one in receipts)
                WorkOrder.objects.filter(pk=order.pk).update(rows_done=F("rows_done") + rows, attempts=1)
        failpoint("sweep.after_receipt")
        return bool(receipts) or all(self._chunks([one]) for one in some)

    def _tell(self, some: list[tuple[int, Span]]) -> None:
        """Hand over whom these rows name, where they name people: what the statement is about to delete, else by the keys."""
        if not self.naming:
            return
        self.work.look_again()
        due = self.due()
        for pk, span in some if due is not None else ():
            rows = self.quick.read(due, span, list(self.naming))
            if len(rows) != span.digest[0]:
                rows = self.quick.read(None, _numbers(pk), list(self.naming))
            leaving.hand_over(self.work.order.batch, pk, self.task.spec, leaving.named(self.naming, rows))

    def due(self) -> Due | None:
        """What is due under the holds that were looked at just now."""
        if self._due is None or self._due[0] is not self.work.held:
            self._due = (self.work.held, due_now(self.work.searcher, self.task.spec, self.work.held))
        return self._due[1]

    def _as_one(self, due: Due, span: Span) -> bool:
        try:
            with self.work.changing() as session:
                if self.quick.delete(session, due, span) != span.digest:
                    raise NotAll
        except NotAll:
            return False
        return True

    def _by_keys(self, due: Due, pk: int) -> Receipt:
        """Rows that went already, were dated anew or came under a hold; each is accounted for."""
        numbers = _numbers(pk)
        with self.work.changing() as session:
            gone = self.quick.delete(session, due, numbers)[0]
            there, spared, left = self.quick.account(session, due, numbers)
            if left:
                raise Permanent(
                    "left", f"{left} rows of {self.task.spec.place} did not go. Ask the system's owner why."
                )
        rows = numbers.count(",") + 1 - there
        if there and self.naming:
            leaving.stay(pk, leaving.named(self.naming, self.quick.read(None, numbers, list(self.naming))))
        return Receipt(order=self.work.order, chunk_id=pk, rows=rows, changed=gone, moved=there - spared)


def protected(work: "Acting", spec: CollectionSpec) -> Digest | None:
    """How many rows are dated before the day and under a hold, and a checksum of all that they hold; None where the system
    cannot say that. Looks at the holds first.
    """
    work.look_again()
    asked, due = getattr(work.kind, "protected", None), due_now(work.searcher, spec, work.held)
    if asked is None or due is None:
        return None
    found: Digest = asked(spec, due)
    return found


def prove(work: "Acting", tasks: "list[Task]", when: str) -> None:
    """Note how many held rows there are and their checksum, before the first row goes and after the last."""
    for task in tasks if work.order.batch.criteria else ():
        found, stamp = protected(work, task.spec), work.stamp
        holds = "" if stamp is None else f"{stamp.count}/{stamp.last}/{stamp.known}/{stamp.rows}"
        said = None if found is None else [found[0], f"{found[1]:x}", holds]
        task.finding.proof = {**task.finding.proof, when: said}
        Finding.objects.filter(pk=task.finding.pk).update(proof=task.finding.proof)
