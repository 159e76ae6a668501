"""One chunk of one task, inside the transaction in the company's system: changed, read back, counted."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors import sparing, tying
from connectors.kinds.base import Changing, Key, Mask, Permanent, Spare
from connectors.models import Finding
from inventory.graph import CollectionSpec


@dataclass(frozen=True)
class Task:
    """What one order does to one finding. No masks: the rows are deleted."""

    finding: Finding
    spec: CollectionSpec
    masks: Mapping[str, Mask] | None


def apply(
    session: Changing, task: Task, keys: list[Key], parts: list[sparing.Part], loose: tying.Loose
) -> tuple[int, int, int]:
    """Change the rows and read them back; (changed by this pass, spared, wholly or in part, because of a hold, dated anew in
    the very moment and so left alone).
    """
    some_held = any(one.apart.spare or len(one.apart.keys) < len(keys) for one in parts)
    changed = left = anew = 0
    for part in parts:
        free, spare = part.apart.keys, part.apart.spare
        if not free:
            continue
        if task.masks is None:
            changed = tying.delete(session, task.spec, free, spare, loose)
            left = session.count(task.spec, free, spare)
            if left and task.spec.due is not None:
                left, anew = _still(session, task, free, spare, left)
        else:
            changed = max(changed, session.update(task.spec, free, part.masks, spare))
            left += session.count_unlike(task.spec, free, part.masks, spare)
    spared = 0
    if some_held and task.masks is None:
        spared = session.count(task.spec, keys, {}) - anew
    elif some_held and task.masks is not None:
        spared = session.count_unlike(task.spec, keys, task.masks, {})
    if left:
        place = f"{task.spec.dataset}.{task.spec.name}"
        raise Permanent(
            "left", f"{left} rows of {place} did not take the change. Ask the system's owner why, then retry."
        )
    return changed, spared, anew


def _still(session: Changing, task: Task, keys: list[Key], spare: Spare, there: int) -> tuple[int, int]:
    """Of the rows that are there after a retention run's deletion: (due still, dated anew)."""
    asked = getattr(session, "count_due", None)
    due: int = there if asked is None else asked(task.spec, keys, spare)
    return due, there - due


def away_of(session: Changing, task: Task, moved: list[Key]) -> int:
    """How many of these rows are somebody else's by now. Not those that are as wanted: a pass that was killed before its
    receipt may have changed the very field that they were found by.
    """
    return len(moved) if task.masks is None else session.count_unlike(task.spec, moved, task.masks, {})
