"""The walk as it is frozen with a batch: JSON that explains itself years later, and its way back to steps."""

from dataclasses import dataclass
from typing import Any

from inventory.graph import Entry, Graph, Link, Name, Step, Walk


@dataclass(frozen=True)
class Planned:
    """One step of a frozen plan. `place` orders erasure: the highest goes first."""

    step: Step
    system: str
    place: int


def freeze(walk: Walk, graph: Graph) -> dict[str, Any]:
    """The plan as JSON."""
    turns = {name: turn for turn, name in enumerate(walk.erase_order)}
    return {
        "steps": [
            {
                "collection": list(step.collection),
                "system": graph.collections[step.collection].system,
                "wave": step.wave,
                "place": len(turns) - turns[step.collection],
                "entries": [_entry(one) for one in step.entries],
            }
            for step in walk.steps
        ],
        "unreached": [
            {"collection": list(one.collection), "reason": one.reason}
            for one in walk.unreached
            if any(field.category for field in graph.collections[one.collection].fields)
        ],
        "dropped": [
            {"collection": list(one.child), **_entry(Entry(one.child_field, source=one))} for one in walk.dropped
        ],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    if entry.source is None:
        return {"field": entry.field, "identity": entry.identity}
    source = entry.source
    row = {"field": entry.field, "parent": list(source.parent), "parent_field": source.parent_field}
    also = {"also": [list(pair) for pair in source.also]} if source.also else {}
    return row | also | ({"upward": True} if source.upward else {})


def thaw(plan: dict[str, Any]) -> list[Planned]:
    """The steps of a frozen plan, in the order of the walk."""
    found = []
    for row in plan.get("steps", []):
        name: Name = (row["collection"][0], row["collection"][1])
        entries = tuple(_thawed(name, one) for one in row["entries"])
        found.append(Planned(Step(name, entries, row["wave"]), row["system"], row["place"]))
    return found


def thaw_dropped(plan: dict[str, Any]) -> list[Link]:
    """The links that a frozen plan does not follow."""
    entries = [_thawed((one["collection"][0], one["collection"][1]), one) for one in plan.get("dropped", [])]
    return [one.source for one in entries if one.source is not None]


def _thawed(name: Name, row: dict[str, Any]) -> Entry:
    if "parent" not in row:
        return Entry(row["field"], identity=row["identity"])
    parent: Name = (row["parent"][0], row["parent"][1])
    also = tuple((pair[0], pair[1]) for pair in row.get("also", ()))
    link = Link(parent, row["parent_field"], name, row["field"], bool(row.get("upward")), also)
    return Entry(row["field"], source=link)
