"""Systems without a connector, worked by a colleague: a filing cabinet, a vendor's portal (docs/hand-tasks.md).

This kind reads what a colleague signed off and changes nothing by itself; `connectors.handwork` asks them. What they found
are this system's rows: keyed by the number of the item, with the words and the file that they put in. What they were asked
to erase and could not is answered as still there, so that the order parks and nobody is told that it is gone.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from connectors.kinds.base import Column, Found, Key, Mask, Permanent, Spare, Waiting, register
from connectors.kinds.hand_spec import Described, described
from connectors.models import Batch, Connection, HandTask, HandTaskItem, WorkOrder
from inventory.graph import CollectionSpec, Name

FILE_NAME = "file_name"  # the described field that shows which file belongs to an item
NUMBERS = {"integer", "float", "number", "decimal"}
DONE = ("done", "gone")
State, Operation = HandTask.State, WorkOrder.Operation


@register("hand")
def open_hand(connection: Connection, batch: Batch | None = None) -> "Hand":
    """The kind behind a connection to which colleagues are the way. Raises Permanent for a fault in its description."""
    return Hand(connection, batch, described(connection.described))


def place(dataset: str, collection: str, number: object = "") -> str:
    """How answers and asks name a collection, or one item of it."""
    return f"{dataset}.{collection}:{number}" if number != "" else f"{dataset}.{collection}"


class Hand:
    """See `connectors.kinds.base.Kind`. `order`: the one that works just now, set by `handwork`."""

    by_hand = True
    chunk_rows = 1  # each item has its own receipt: a colleague may have done some and not others

    def __init__(self, connection: Connection, batch: Batch | None, description: Described) -> None:
        self.connection, self.batch, self.description = connection, batch, description
        self.order: WorkOrder | None = None

    def check(self) -> str:
        """A sentence for the desk: there is nothing to connect to."""
        who = self.description.assignee or "nobody in particular"
        return f"Work by hand: tasks go to {who}, due within {self.description.days} working days."

    def columns(self, spec: CollectionSpec) -> dict[str, Column]:
        """The described fields: paper takes anything."""
        return {
            one.name: Column(one.name, not one.primary_key, one.primary_key, one.data_type not in NUMBERS,
                             None, one.data_type in NUMBERS)
            for one in spec.fields
        }  # fmt: skip

    def keyed(self, spec: CollectionSpec) -> bool:
        """The number of an item is its only key."""
        if len(spec.primary_key) != 1:
            raise Permanent(
                "schema",
                f"{spec.dataset}.{spec.name} is worked by hand: describe one key field, for the item's number.",
            )
        return True

    def find(self, spec: CollectionSpec, field: str, values: Sequence[Any], *, folded: bool) -> Iterator[Found]:
        """What the colleague found, once: with the portion of values that begins what they were asked to look for."""
        yield from self._found(spec, field, [str(one) for one in values])

    def find_together(
        self, spec: CollectionSpec, fields: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> Iterator[Found]:
        """Never: `handasking` refuses a key of several columns before."""
        raise Permanent("schema", f"{spec.dataset}.{spec.name} is worked by hand; give it a reference of one column.")

    def find_before(self, spec: CollectionSpec, field: str, before: date) -> Iterator[Found]:
        """Never: nobody can count what is on paper every night."""
        raise Permanent(
            "by_hand", f"{spec.dataset}.{spec.name} is worked by hand, so no retention run reaches it. "
            "Clear it out on a day of your own, and switch this schedule off.",
        )  # fmt: skip

    def _found(self, spec: CollectionSpec, field: str, values: list[str]) -> Iterator[Found]:
        self.keyed(spec)
        task = self._task_of_find(spec.key)
        asked = next(one for one in task.details["look_for"] if (one["dataset"], one["collection"]) == spec.key)
        if asked["field"] != field or asked["values"][0] not in values:
            return
        for item in task.items.filter(dataset=spec.dataset, collection=spec.name).defer("file"):
            content = item.content or {}
            yield Found(
                (item.number,), _day(content.get(spec.dated_by)), {one: content.get(one) for one in spec.people}
            )

    def _task_of_find(self, name: Name) -> HandTask:
        """The signed task that asked for this collection. Raises Waiting before that."""
        tasks = HandTask.objects.filter(
            order__batch=self.batch, order__system=self.connection.system_id, order__operation=Operation.FIND
        )
        for task in tasks:
            if any((one["dataset"], one["collection"]) == name for one in (task.details or {}).get("look_for", ())):
                if task.state != State.DONE:
                    raise _unasked()
                return task
        raise _unasked()

    def values(self, spec: CollectionSpec, field: str, keys: Sequence[Key]) -> list[Any]:
        """The distinct values that were typed into a field."""
        found = [(item.content or {}).get(field) for item in self.items(spec, keys)]
        return list(dict.fromkeys(one for one in found if one not in (None, "")))

    def read(self, spec: CollectionSpec, fields: Iterable[str], keys: Sequence[Key]) -> list[dict[str, Any]]:
        """What was typed; the key is the item's number, and `file_name` the name of its file in the package."""
        names, key = list(fields), spec.primary_key[0]
        return [
            {name: (item.content or {}).get(name) for name in names}
            | ({key: item.number} if key in names else {})
            | ({FILE_NAME: item.file_name or None} if FILE_NAME in names else {})
            for item in self.items(spec, keys)
        ]

    def files(self, spec: CollectionSpec, keys: Sequence[Key]) -> Iterator[tuple[str, bytes]]:
        """(name, content) of the files of these items, one at a time: for the package."""
        for pk in self.items(spec, keys).exclude(file_name="").values_list("pk", flat=True):
            item = HandTaskItem.objects.get(pk=pk)
            if item.file:
                yield item.file_name, base64.b64decode(item.file)

    def items(self, spec: CollectionSpec, keys: Sequence[Key]) -> Any:
        """The items with these numbers, without their files."""
        rows = HandTaskItem.objects.filter(
            task__order__batch=self.batch, task__order__system=self.connection.system_id, dataset=spec.dataset,
            collection=spec.name, number__in=[key[0] for key in keys],
        )  # fmt: skip
        return rows.order_by("number").defer("file")

    @contextmanager
    def looking(self) -> "Iterator[HandChanging]":
        """What the sign-off says."""
        yield HandChanging(self, self._answers())

    @contextmanager
    def changing(self) -> "Iterator[HandChanging]":
        """What the sign-off says; what it says is gone goes from our own copy as well."""
        yield HandChanging(self, self._answers())

    def _answers(self) -> dict[str, str]:
        if self.order is None:
            raise _unasked()
        task = HandTask.objects.filter(order=self.order, state=State.DONE).first()
        if task is None:
            raise _unasked()
        return dict(task.answer.get("codes", {}))


class HandChanging:
    """See `connectors.kinds.base.Changing`. It believes the colleague who signed, and nobody else."""

    def __init__(self, kind: Hand, answers: Mapping[str, str]) -> None:
        self.kind, self.answers = kind, answers

    def count(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """How many of these are still there."""
        return len([key for key in keys if not self._done(spec, key)])

    def count_unlike(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """How many of these are not as they were to be."""
        return self.count(spec, keys, spare)

    def delete(self, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> int:
        """Forget our copy of what the colleague destroyed; how many. Raises Permanent for what they could not."""
        self._refuse_undone(spec, keys)
        return int(self.kind.items(spec, keys).update(content={}, file="", file_name=""))

    def update(self, spec: CollectionSpec, keys: Sequence[Key], masks: Mapping[str, Mask], spare: Spare) -> int:
        """Bring our copy to what the colleague did; how many. Raises Permanent for what they could not."""
        self._refuse_undone(spec, keys)
        erases = self.kind.order is not None and self.kind.order.operation in (Operation.ERASE, Operation.ANONYMISE)
        for item in self.kind.items(spec, keys):
            wanted = {name: mask.value for name, mask in masks.items()}
            item.content = (item.content or {}) | wanted
            item.save(update_fields=["content"])
            if erases:  # the scan shows what was blackened on the paper
                HandTaskItem.objects.filter(pk=item.pk).update(file="", file_name="")
        return len(keys)

    def _done(self, spec: CollectionSpec, key: Key) -> bool:
        return self.answers.get(place(spec.dataset, spec.name, key[0])) in DONE

    def _refuse_undone(self, spec: CollectionSpec, keys: Sequence[Key]) -> None:
        if self.count(spec, keys, {}):
            undone = len([code for code in self.answers.values() if code not in DONE])
            raise Permanent(
                "left", f"{undone} of {len(self.answers)} items could not be done by hand. See the task for the "
                "reasons: ask once more there, or give this order up; the letter will say so.",
            )  # fmt: skip


def _unasked() -> Waiting:
    return Waiting("A colleague has to do this by hand and has not been asked yet. Retry this order.")


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None
