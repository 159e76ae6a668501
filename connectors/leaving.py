"""Whom the rows of a retention run name, read before they go: for a list of who was erased, which a floor above keeps.

Rows are gone in their system before our receipt is written, and a worker may die in between. So what they hold in the fields
that identify people is handed over first, in a transaction of its own; the receipt of their chunk confirms it, and what rows of
the chunk hold then all the same (spared for a hold, dated anew) is named in that transaction. Collections without such a field
cost nothing and are asked nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from connectors import everybody
from connectors.due import LAST_DAY
from connectors.kinds.base import Key, Kind, Mask, Permanent
from connectors.models import Batch, Chunk, Receipt, WorkOrder
from connectors.searching import Searcher
from inventory.graph import CollectionSpec

if TYPE_CHECKING:
    from connectors.acting import Acting
    from connectors.applying import Task

ERASING = (WorkOrder.Operation.ERASE, WorkOrder.Operation.ANONYMISE)
READ_AT_ONCE = 1000
Named = Mapping[str, Iterable[Any]]  # what rows hold, by the kind of identifier


class Keeper(Protocol):
    """Who keeps a list of those who went."""

    kinds: tuple[str, ...]

    def leaving(self, batch: Batch, chunk: int, spec: CollectionSpec, named: Named) -> None:
        """Rows of a chunk that name these people are about to go. The same twice is once."""
        ...

    def stayed(self, chunk: int, named: Named) -> None:
        """The chunk is done, in the caller's transaction; rows that name these people are there still."""
        ...


# Filled by who keeps such a list.
keepers: list[Keeper] = []


def fields(batch: Batch, spec: CollectionSpec, masks: Mapping[str, Mask] | None) -> dict[str, str]:
    """The kind of identifier by field, of the fields that name people and that a retention run takes away."""
    if batch.reason != Batch.Reason.RETENTION:
        return {}
    kinds = {kind for keeper in keepers for kind in keeper.kinds}
    return {
        one.name: one.identity for one in spec.fields if one.identity in kinds and (masks is None or one.name in masks)
    }


def hand_over(batch: Batch, chunk: int, spec: CollectionSpec, named: Named) -> None:
    """Tell the keepers whom the rows of a chunk name that are about to go."""
    for keeper in keepers:
        keeper.leaving(batch, chunk, spec, named)


def stay(chunk: int, named: Named) -> None:
    """Tell them whom its rows name all the same, once it is done."""
    for keeper in keepers:
        keeper.stayed(chunk, named)


def before(work: "Acting", group: "Sequence[tuple[Task, int]]") -> None:
    """Hand over whom the rows of these chunks name, before the transaction that takes them."""
    for task, pk in group:
        asked = _asked(work, task)
        if asked:
            hand_over(work.order.batch, pk, task.spec, _held(work.kind, task.spec, asked, _keys(pk)))


def after(work: "Acting", group: "Sequence[tuple[Task, int]]", receipts: Sequence[Receipt]) -> None:
    """Name whom rows of these chunks name still, where a row may have stayed. Masks are always looked at: what one of them left
    of an identifier is there, and an earlier try may have been read after its masks were written.
    """
    done = {one.chunk_id: one.rows for one in receipts}
    for task, pk in group:
        asked = _asked(work, task)
        if asked and (task.masks is not None or done[pk] < work.setwise.chunks[pk][1]):
            stay(pk, _held(work.kind, task.spec, asked, _keys(pk)))


def named(asked: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> Named:
    """Rows of values, in the order of the fields, by the kind of identifier."""
    found: dict[str, set[Any]] = {kind: set() for kind in asked.values()}
    for row in rows:
        for kind, value in zip(asked.values(), row, strict=True):
            if value is not None:
                found[kind].add(value)
    return found


# ---------------------------------------------------------------- once a batch is over


def unconfirmed(batch: Batch, chunks: Sequence[int]) -> Iterator[tuple[int, Named | None]]:
    """Of these chunks those without a receipt: whom their rows name now. None: their keys were forgotten, nobody can tell."""
    done = Receipt.objects.filter(chunk__in=chunks, order__operation__in=ERASING).values_list("chunk", flat=True)
    searcher = Searcher(batch)
    rows = Chunk.objects.filter(pk__in=set(chunks) - set(done)).select_related("finding").order_by("pk")
    for chunk in rows.iterator(chunk_size=1):
        spec = searcher.spec((chunk.finding.dataset, chunk.finding.collection))
        keys: list[Key] = [tuple(key) for key in chunk.keys or ()]
        kind = searcher.kind(spec.system)
        yield chunk.pk, _held(kind, spec, fields(batch, spec, None), keys) if keys else None


def there(batch: Batch) -> Iterator[tuple[str, Any]]:
    """(kind of identifier, value) of everybody whom rows of the batch's collections name now, streamed. A kind that cannot
    stream a field is asked for the rows that have a date.
    """
    searcher = Searcher(batch)
    for dataset, collection in batch.findings.order_by().values_list("dataset", "collection").distinct():
        spec = searcher.spec((dataset, collection))
        for name, kind in fields(batch, spec, None).items():
            yield from ((kind, value) for value in _every(searcher, spec, name))


def _every(searcher: Searcher, spec: CollectionSpec, name: str) -> Iterator[Any]:
    try:
        yield from everybody.values(spec, name)
        return
    except Permanent as error:
        if error.code != "kind":
            raise
    kind, keys = searcher.kind(spec.system), list[Key]()
    for row in kind.find_before(spec, searcher.batch.criteria["field"], LAST_DAY):
        keys.append(row.key)
        if len(keys) == READ_AT_ONCE:
            yield from kind.values(spec, name, keys)
            keys = []
    if keys:
        yield from kind.values(spec, name, keys)


def _asked(work: "Acting", task: "Task") -> dict[str, str]:
    # Nobody can look through paper between two rows.
    return {} if getattr(work.kind, "by_hand", False) else fields(work.order.batch, task.spec, task.masks)


def _keys(pk: int) -> list[Key]:
    return [tuple(key) for key in Chunk.objects.get(pk=pk).keys or ()]


def _held(kind: Kind, spec: CollectionSpec, asked: Mapping[str, str], keys: list[Key]) -> Named:
    found: dict[str, set[Any]] = {one: set() for one in asked.values()}
    for name, what in asked.items():
        found[what].update(kind.values(spec, name, keys))
    return found
