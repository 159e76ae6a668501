"""The picture of the map: all collections, those of one system with their neighbours, or systems only where there are many."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from privacyops.data_map.facts import Arrow, Map, Place, Table
from privacyops.data_map.layout import Box, Plan, lay, printable

MOST = 60  # collections in one picture
TONES = {"entered": "entered", "reached": "reached", "unreached": "off", "left_out": "off", "referred": "off"}


@dataclass(frozen=True)
class Drawing:
    """A picture to be written: `whole` if it shows systems with counts and not each collection."""

    plan: Plan
    whole: bool
    summary: str


def draw(found: Map, system: str = "") -> Drawing:
    """The picture; of one system if `system` is its key."""
    if not system and len(found.tables) > MOST:
        return _systems(found)
    tables = _near(found, system) if system else found.tables
    names = {one.key: one for one in found.places}
    boxes = [_box(one) for one in tables]
    shown = {one.system for one in tables}
    first = sorted(found.places, key=lambda one: (one.key != system, _first(one)))
    headings = {
        one.key: _heading(names[one.key]) for one in first if one.key in shown or (not system and not one.tables)
    }
    arrows = _arrows(one for table in tables for one in table.refers)
    of = f" of {names[system].name} and its neighbours" if system else ""
    drawn = {one.path for one in tables}
    references = sum(one.target in drawn for table in tables for one in table.refers)
    summary = (
        f"{_many(len(tables), 'collection')}{of} in {_many(len(shown), 'system')}, {_many(references, 'reference')}."
    )
    return Drawing(lay(boxes, arrows, headings), False, summary)


def svg(drawing: Drawing, *, alone: bool = False) -> SafeString:
    """The picture as SVG; `alone`: as a file of its own, with its colours."""
    return render_to_string("admin/data_map.svg", {"drawing": drawing, "plan": drawing.plan, "alone": alone})


def _box(one: Table) -> Box:
    kinds = ", ".join(dict.fromkeys(kind for _, kind in one.identities))
    tone = "lost" if one.lost else TONES[one.state]
    column = one.step if one.state in ("entered", "reached") else None
    words = f"{one.path}: {one.title}; {one.words}{f' ({kinds})' if one.state == 'entered' else ''}"
    below = f"by {kinds}" if one.state == "entered" else one.name
    return Box(one.path, one.title, below, one.system, tone, column, printable(words))


def _first(place: Place) -> tuple[bool, int, str]:
    """Systems that the search enters first stand first."""
    steps = [one.step for one in place.tables if one.step is not None]
    return not steps, min(steps, default=0), place.key


def _heading(place: Place) -> str:
    return printable(" · ".join(filter(None, (place.name, place.whose, place.region, place.owner))))


def _near(found: Map, system: str) -> list[Table]:
    """The collections of a system, and those elsewhere that refer to them or that they refer to."""
    own = {one.path for one in found.tables if one.system == system}
    near = {one.target for table in found.tables if table.path in own for one in table.refers}
    near |= {table.path for table in found.tables if any(one.target in own for one in table.refers)}
    return [one for one in found.tables if one.path in own | near]


def _arrows(several: Iterable[Arrow]) -> dict[tuple[str, str], str]:
    """One arrow for all references from one collection to another."""
    together: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in several:
        together[one.source, one.target].append(f"{one.source}.{one.field} refers to {one.target}.{one.target_field}")
    return {pair: printable("; ".join(words)) for pair, words in together.items()}


def _systems(found: Map) -> Drawing:
    homes = {one.path: one.system for one in found.tables}
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for one in (arrow for table in found.tables for arrow in table.refers):
        if homes[one.source] != homes[one.target]:
            counts[homes[one.source], homes[one.target]] += 1
    boxes = [_system(one) for one in found.places]
    arrows = {pair: f"{pair[0]} refers to {pair[1]}: {_many(count, 'reference')}" for pair, count in counts.items()}
    between = _many(sum(counts.values()), "reference")
    summary = f"{_many(len(boxes), 'system')} with {_many(len(found.tables), 'collection')}, {between} between systems."
    return Drawing(lay(boxes, arrows, {"": "Systems"}), True, summary)


def _system(place: Place) -> Box:
    tables = place.tables
    steps = [one.step for one in tables if one.step is not None]
    lost = place.lost
    tone = "lost" if lost else "off" if not steps else "entered" if min(steps) == 0 else "reached"
    below = f"{_many(len(tables), 'collection')}{f', {lost} not reached' if lost else ''}"
    words = printable(f"{place.key}: {place.name}, {place.whose}; {below}")
    return Box(place.key, place.name, below, "", tone, min(steps) if steps else None, words)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
