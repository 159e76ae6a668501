"""What colleagues do with tasks by hand: take and assign, see whom it is about, put in what they found, sign off.

Who signs is the assignee and nobody else; what they signed opens the work order again. They see the identifiers of the task,
and never the request behind it.
"""

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import File
from django.db.models import Max
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from connectors import settling
from connectors.handasking import ASKER, MAY_SIGN
from connectors.kinds.hand import DONE, place
from connectors.models import HandTask, HandTaskItem, WorkOrder
from connectors.uploads import taken

State = HandTask.State
SETTLED = (WorkOrder.State.DONE, WorkOrder.State.WAIVED)
MOST_ITEMS, LONGEST_VALUE, LONGEST_NOTE = 200, 4000, 2000
ANSWERS = {
    "done": "Done",
    "gone": "It was gone already",
    "inseparable": "Not possible: it cannot be taken out without harming something else",
    "not_found": "Not possible: I cannot find it any more",
    "not_allowed": "Not possible: I may not do this (say why in the note)",
    "other": "Not possible for another reason (say which in the note)",
}


def assign(task: HandTask, *, to: User, by: User) -> HandTask:
    """Give a task to a colleague, or take it. Raises Refused when either may not sign, or it is not open any more."""
    _may(by)
    if not (to.is_active and to.has_perm(MAY_SIGN)):
        raise Refused(
            "This colleague's role may not sign off tasks. Choose somebody else.", code="not_allowed", field="to"
        )
    with log.atomic():
        fresh = _open(task)
        fresh.assignee = to
        fresh.save(update_fields=["assignee"])
        _record("task.assigned", fresh, by, to=to.pk)
    return fresh


def hand_on(task: HandTask, *, to: User, actor: Actor) -> bool:
    """Give a task of a colleague who is away to who stands in; whether it was. Nothing where they may not sign."""
    if not (to.is_active and to.has_perm(MAY_SIGN)):
        return False
    with log.atomic():
        fresh = _locked(task)
        if fresh.state != State.OPEN or fresh.order.state in SETTLED or fresh.assignee_id != task.assignee_id:
            return False
        was, fresh.assignee = fresh.assignee_id, to
        fresh.save(update_fields=["assignee"])
        log.record(
            "task.assigned", actor=actor, noun=fresh, subject_id=fresh.order.batch.subject_id,
            origin=fresh.order.batch.origin, to=to.pk, stands_in_for=was,
        )  # fmt: skip
    return True


def reveal(task: HandTask, *, by: User) -> dict[str, Any]:
    """Whom the task is about, for its assignee; that they looked is an event. Raises Refused for anybody else."""
    with log.atomic():
        fresh = _mine(task, by)
        _record("task.viewed", fresh, by)
    return dict(fresh.details or {})


def add_item(
    task: HandTask, *, values: Mapping[str, str], collection: str = "", file: "File[Any] | None" = None, by: User
) -> HandTaskItem:
    """Put in one thing that was found: the words for its fields, and a file. `collection`: "dataset.name", else the only one.

    Raises Refused when nothing was given, or the file is none that we take.
    """
    with log.atomic():
        fresh = _mine(task, by)
        into = _place(fresh, collection)
        content = _content(into, values)
        kind, data = taken(file) if file is not None else ("", b"")
        if not content and not data:
            raise Refused("Write what you found, or choose a file.", code="item_empty")
        content |= _labels(fresh, into)
        if fresh.items.count() >= MOST_ITEMS:
            raise Refused(f"A task takes up to {MOST_ITEMS} items. Put several pages into one file.", code="items_many")
        number = (fresh.items.aggregate(last=Max("number"))["last"] or 0) + 1
        name = f"{fresh.order.system.key}-{number}.{kind}" if kind else ""
        item = HandTaskItem.objects.create(
            task=fresh, number=number, dataset=into["dataset"], collection=into["collection"], content=content,
            file_name=name, file=base64.b64encode(data).decode(),
        )  # fmt: skip
        _record("task.item_added", fresh, by, number=number, kind=kind, size=len(data))
    return item


def drop_item(task: HandTask, number: int, *, by: User) -> None:
    """Take an item out again, before the sign-off."""
    with log.atomic():
        fresh = _mine(task, by)
        if not fresh.items.filter(number=number).delete()[0]:
            raise Refused("This item is gone already.", code="item_conflict")
        _record("task.item_dropped", fresh, by, number=number)


def sign_off(
    task: HandTask, *, by: User, confirmed: bool, answers: Mapping[str, str] | None = None, note: str = ""
) -> HandTask:
    """Sign the task as the one who did it, and let its work order go on.

    `answers`: for anything but a search, a code of ANSWERS for each item, by "dataset.collection:number". Raises Refused
    when it is not theirs, was signed before, is not confirmed, or an item has no answer.
    """
    note = note.strip()
    with log.atomic():
        fresh = _mine(task, by)
        answer = _counted(fresh, answers or {}, note)
        if not confirmed:
            raise Refused("Tick that what you sign is true, then sign off.", code="not_confirmed", field="confirmed")
        if len(note) > LONGEST_NOTE:
            raise Refused(f"The note is longer than {LONGEST_NOTE} characters.", code="too_long", field="note")
        fresh.state, fresh.answer, fresh.note = State.DONE, answer, note
        fresh.signed_by, fresh.signed_at = by, timezone.now()
        fresh.save(update_fields=["state", "answer", "note", "signed_by", "signed_at"])
        counts = {name: value for name, value in answer.items() if name != "codes"}
        _record("task.signed", fresh, by, **counts)
        settling.resume(fresh.order)
    return fresh


def ask_again(task: HandTask, *, by: User) -> HandTask:
    """Open a signed task again for what was not possible; the answers stand in the form until it is signed anew."""
    _may(by)
    with log.atomic():
        fresh = _locked(task)
        if fresh.state != State.DONE or not fresh.answer.get("undone") or fresh.order.state != WorkOrder.State.PARKED:
            raise Refused("Nothing of this task is left to ask for.", code="task_conflict")
        fresh.state = State.OPEN
        fresh.save(update_fields=["state"])
        parked = WorkOrder.objects.filter(pk=fresh.order_id, state=WorkOrder.State.PARKED)
        parked.update(park_code="waiting", park_reason="A colleague was asked once more to do the rest by hand.")
        _record("task.asked_again", fresh, by)
    return fresh


def sweep(today: date) -> int:
    """Cancel tasks that nobody needs any more, and open orders whose task was signed while they were being parked; how many."""
    changed = 0
    for task in HandTask.objects.filter(state=State.OPEN, order__state__in=SETTLED).select_related("order__batch")[
        :200
    ]:
        with log.atomic():
            # Whom to look for is forgotten at once, and what was put in so far goes with it.
            if HandTask.objects.filter(pk=task.pk, state=State.OPEN).update(state=State.CANCELLED, details={}):
                task.items.all().delete()
                log.record("task.cancelled", actor=ASKER, noun=task, subject_id=task.order.batch.subject_id)
                changed += 1
    waiting = {"order__state": WorkOrder.State.PARKED, "order__park_code": "waiting"}
    for task in HandTask.objects.filter(state=State.DONE, **waiting).select_related("order")[:200]:
        settling.resume(task.order)
        changed += 1
    return changed


def forget(batch_ids: list[Any]) -> int:
    """Forget whom the tasks of finished work were about and what was put in; how many. What was signed stays."""
    tasks = HandTask.objects.filter(order__batch__in=batch_ids).exclude(state=State.OPEN)
    with log.atomic():
        HandTaskItem.objects.filter(task__in=tasks).update(content={}, file="")
        for task in tasks.defer("details", "note"):
            answer = {**task.answer, "forgotten": True}
            HandTask.objects.filter(pk=task.pk).update(details={}, note="", answer=answer)
    return len(tasks)


def _counted(task: HandTask, answers: Mapping[str, str], note: str) -> dict[str, Any]:
    if task.ask["operation"] == WorkOrder.Operation.FIND:
        return {"items": task.items.count()}
    codes = {}
    for one in (task.details or {}).get("items", ()):
        name = place(one["dataset"], one["collection"], one["number"])
        code = answers.get(name, "")
        if code not in ANSWERS:
            raise Refused("Say for each item what became of it.", code="answer_missing", field=name)
        if code in ("not_allowed", "other") and not note:
            raise Refused("Say in the note why it was not possible.", code="note_missing", field="note")
        codes[name] = code
    done = len([code for code in codes.values() if code in DONE])
    return {"done": done, "undone": len(codes) - done, "codes": codes}


def _place(task: HandTask, name: str) -> dict[str, Any]:
    if task.ask["operation"] != WorkOrder.Operation.FIND:
        raise Refused("Items belong to a search. Answer for each item instead.", code="task_kind")
    places: list[dict[str, Any]] = task.ask["places"]
    if not name and len(places) == 1:
        return places[0]
    for one in places:
        if place(one["dataset"], one["collection"]) == name:
            return one
    raise Refused("Choose what this is.", code="choice_unknown", field="collection")


def _labels(task: HandTask, into: Mapping[str, Any]) -> dict[str, str]:
    """The value that the item was found by, where there was only one to look for."""
    for one in (task.details or {}).get("look_for", ()):
        if (one["dataset"], one["collection"]) == (into["dataset"], into["collection"]) and len(one["values"]) == 1:
            return {one["field"]: one["values"][0]}
    return {}


def _content(into: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    content = {}
    for one in into["fields"]:
        words = values.get(one["name"], "").strip()
        if len(words) > LONGEST_VALUE:
            raise Refused(
                f"{one['title']} is longer than {LONGEST_VALUE} characters.", code="too_long", field=one["name"]
            )
        if words:
            content[one["name"]] = words
    return content


def _locked(task: HandTask) -> HandTask:
    rows = HandTask.objects.select_related("order__batch", "order__system", "assignee")
    return rows.select_for_update(of=("self",)).get(pk=task.pk)


def _open(task: HandTask) -> HandTask:
    """The task as it is now, locked. Raises Refused when it is signed, or nobody needs it any more."""
    fresh = _locked(task)
    if fresh.state == State.DONE:
        raise Refused("This task is signed off already.", code="signed_conflict")
    if fresh.state != State.OPEN or fresh.order.state in SETTLED:
        raise Refused("This task is not needed any more. There is nothing left to do.", code="task_conflict")
    return fresh


def _mine(task: HandTask, by: User) -> HandTask:
    _may(by)
    fresh = _open(task)
    if fresh.assignee_id is None:
        raise Refused("Nobody has this task yet. Take it first.", code="not_assigned")
    if fresh.assignee_id != by.pk:
        raise Refused("This task is somebody else's. Ask them, or have it assigned to you.", code="not_yours")
    return fresh


def _may(by: User) -> None:
    if not by.has_perm(MAY_SIGN):
        raise Refused("Your role may not work on tasks by hand. Ask the system's owner.", code="not_allowed")


def _record(name: str, task: HandTask, by: User, **facts: Any) -> None:
    log.record(
        name, actor=actors.staff(by.pk), noun=task, subject_id=task.order.batch.subject_id, origin=task.order.batch.origin,
        **facts,
    )  # fmt: skip
