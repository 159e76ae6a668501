"""Asks a colleague to do what no connector does: one task for each work order, written before the order waits for it.

The task names whom to look for, or which of the things that were found are to go. Both are personal and stand in `details`,
encrypted; `ask` says the rest. Asking twice is asking once.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from connectors.applying import Task
from connectors.kinds.base import Key, Permanent, Waiting
from connectors.kinds.hand import FILE_NAME, Hand, place
from connectors.models import Chunk, HandTask, HandTaskItem, WorkOrder
from connectors.planning import Planned
from connectors.searching import Searcher
from inventory.graph import CollectionSpec, Entry, FieldSpec
from law import calendars

ASKER = actors.worker("connectors.handwork")
MOST_VALUES, MOST_ITEMS = 200, 500
MAY_SIGN = "connectors.sign_handtask"
DOING = {
    "find": "look",
    "erase": "erase something",
    "anonymise": "make something anonymous",
    "correct": "correct something",
    "suppress": "mark an opt-out",
    "restrict": "mark a restriction",
}


def to_find(order: WorkOrder, searcher: Searcher, planned: list[Planned]) -> None:
    """For a system that is worked by hand, ask a colleague to look, or go on when they signed off. Raises Waiting until then.

    Nothing where a connector reaches. Raises Permanent for what cannot be asked of a person.
    """
    kind = _by_hand(order, searcher)
    if kind is None or not planned:
        return
    if order.batch.criteria:
        spec = searcher.spec(planned[0].step.collection)
        list(kind.find_before(spec, "", timezone.localdate()))
    task = HandTask.objects.filter(order=order).first()
    if task is None:
        look_for = [asked for one in planned if (asked := _look_for(searcher, one))]
        if not look_for:
            return  # none of what we know of the person is written on anything there
        places = [_described(searcher.spec((one["dataset"], one["collection"]))) for one in look_for]
        task = _open(order, kind, {"places": places}, {"look_for": look_for})
    _wait_for(task, order)


def to_act(order: WorkOrder, searcher: Searcher, tasks: list[Task]) -> None:
    """As `to_find`, for what is to be erased, corrected, suppressed or restricted: the items that were found, one by one."""
    kind = _by_hand(order, searcher)
    todo = [one for one in tasks if one.masks is None or one.masks]
    if kind is None or not todo:
        return
    task = HandTask.objects.filter(order=order).first()
    if task is None:
        items, places, write = list[dict[str, Any]](), [], dict[str, dict[str, Any]]()
        for one in todo:
            places.append(_described(one.spec) | {"do": _what(one)})
            write[place(*one.spec.key)] = {name: mask.value for name, mask in (one.masks or {}).items()}
            items += _items(kind, one)
        if len(items) > MOST_ITEMS:
            raise Permanent(
                "by_hand", f"More than {MOST_ITEMS} items are too many for one task by hand. Connect the system."
            )
        shown = write if order.operation == WorkOrder.Operation.CORRECT else {}
        task = _open(order, kind, {"places": places}, {"items": items, "write": shown})
    _wait_for(task, order)


def _by_hand(order: WorkOrder, searcher: Searcher) -> Hand | None:
    kind = searcher.kind(order.system.key)
    if not isinstance(kind, Hand):
        return None
    kind.order = order
    return kind


def _wait_for(task: HandTask, order: WorkOrder) -> None:
    if task.state != HandTask.State.DONE:
        raise Waiting(sentence(task, order))


def sentence(task: HandTask, order: WorkOrder) -> str:
    """What a colleague reads of a task that is not signed off: calm before its day, plain afterwards."""
    doing, day = DOING[order.operation], f"{task.due_on.day} {task.due_on:%B %Y}"
    if task.due_on < timezone.localdate():
        return f"A colleague was to {doing} in {order.system.name} by {day} and has not signed off. Ask or reassign."
    return f"A colleague still has to {doing} in {order.system.name}; due on {day}."


def _open(order: WorkOrder, kind: Hand, ask: dict[str, Any], details: dict[str, Any]) -> HandTask:
    about = kind.description
    due_on = calendars.add_business_days(timezone.localdate(), about.days, settings.ESTABLISHMENT_HOLIDAYS)
    ask |= {"operation": order.operation, "instructions": about.instructions.get(order.operation, "")}
    with log.atomic():
        task, made = HandTask.objects.get_or_create(
            order=order,
            defaults={"ask": ask, "details": details, "due_on": due_on, "assignee": _colleague(about.assignee)},
        )
        if made:
            log.record(
                "task.opened", actor=ASKER, noun=task, subject_id=order.batch.subject_id, order=order.pk,
                operation=order.operation, system=order.system.key, origin=order.batch.origin, due_on=due_on,
            )  # fmt: skip
    return task


def _colleague(username: str) -> User | None:
    """The colleague who gets the tasks of a system, if they are there and may sign; else nobody, and anybody may take it."""
    found = User.objects.filter(username=username, is_active=True).first() if username else None
    return found if found is not None and found.has_perm(MAY_SIGN) else None


def _look_for(searcher: Searcher, planned: Planned) -> dict[str, Any] | None:
    """By which values to look in one collection; all ways into it are given, and the first marks the task's answer."""
    spec, known = searcher.spec(planned.step.collection), list[tuple[FieldSpec, str, list[str]]]()
    if all(one.source is not None and _here(searcher, one, spec) for one in planned.step.entries):
        raise Permanent(
            "schema", f"{spec.dataset}.{spec.name} is worked by hand and found only through another collection there. "
            "Give it an identity, or a reference to a system with a connector.",
        )  # fmt: skip
    for entry in planned.step.entries:
        values = _values(searcher, entry)
        if values:
            field = spec.field(entry.field)
            known.append((field, field.title or field.name, values))
    if not known:
        return None
    if sum(len(values) for _, _, values in known) > MOST_VALUES:
        raise Permanent(
            "by_hand", f"More than {MOST_VALUES} values are too many to look for by hand. Connect the system."
        )
    first = known[0]
    return {
        "dataset": spec.dataset, "collection": spec.name, "field": first[0].name, "values": first[2],
        "by": [{"title": title, "values": values} for _, title, values in known],
    }  # fmt: skip


def _here(searcher: Searcher, entry: Entry, spec: CollectionSpec) -> bool:
    return entry.source is not None and searcher.spec(entry.source.parent).system == spec.system


def _values(searcher: Searcher, entry: Entry) -> list[str]:
    if entry.source is not None and entry.source.also:
        raise Permanent(
            "schema", f"{entry.source.child[0]}.{entry.source.child[1]} is worked by hand, so a key of several columns "
            "does not lead there. Give it one reference, or an identity.",
        )  # fmt: skip
    return list(dict.fromkeys(str(value) for portion in searcher.portions(entry) for value in portion.values))


def _described(spec: CollectionSpec) -> dict[str, Any]:
    """What the form asks for each item: the described fields but the number, the label searched by and the file's name."""
    fields = [
        {"name": one.name, "title": one.title or one.name, "type": one.data_type}
        for one in spec.fields
        if not one.primary_key and not one.identity and one.name != FILE_NAME
    ]
    return {"dataset": spec.dataset, "collection": spec.name, "title": spec.title, "fields": fields}


def _what(task: Task) -> list[str]:
    """What is to be done to each item of a collection, in words."""
    if task.masks is None:
        return ["Destroy it, copies included."]
    lines = []
    for name, mask in task.masks.items():
        title = task.spec.field(name).title or name
        if mask.token or mask.compute is not None:
            lines.append(f"{title}: make it unreadable.")
        elif mask.value is None:
            lines.append(f"{title}: remove it.")
        elif isinstance(mask.value, bool):
            lines.append(f"{title}: note that it is {'on' if mask.value else 'off'}.")
        else:
            lines.append(f"{title}: replace it with the words given.")
    return lines


def _items(kind: Hand, task: Task) -> list[dict[str, Any]]:
    keys: list[Key] = [
        tuple(key) for chunk in Chunk.objects.filter(finding=task.finding) for key in chunk.keys or ()
    ]  # fmt: skip
    found = {item.number: item for item in kind.items(task.spec, keys)}
    return [
        {
            "dataset": task.spec.dataset,
            "collection": task.spec.name,
            "number": key[0],
            "label": _label(found.get(key[0])),
        }
        for key in keys
    ]


def _label(item: HandTaskItem | None) -> str:
    """What an item is called: the first words that its finder typed."""
    words = [str(one) for one in ((item.content or {}) if item else {}).values() if one not in (None, "")]
    return words[0][:120] if words else ""
