"""For retention, which erases by date and knows no person: which rows belong to somebody under a legal hold.

For each held person the walk leads from their identifiers to the collection; the values of its link fields go into the
deleting statement itself, which leaves such rows alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors import holds
from connectors.kinds.base import Key, Kind, Spare
from connectors.models import Batch
from connectors.planning import Planned, freeze, thaw
from connectors.searching import VALUES_AT_ONCE, Searcher
from inventory.graph import CollectionSpec, Entry, Link, Name
from inventory.walking import walk
from subjects import registry

# More values than this do not go into one statement as they are, only those that a chunk's rows hold.
MOST_VALUES = 500


def spares(searcher: Searcher, spec: CollectionSpec) -> Spare:
    """Field -> values of `spec` that belong to people under hold."""
    found: dict[str, list[Any]] = defaultdict(list)
    for subject in holds.held_subjects():
        identities = registry.values(subject.pk)
        walked = walk(searcher.graph, identities)
        plan = {one.step.collection: one for one in thaw(freeze(walked, searcher.graph))}
        if spec.key not in plan:
            continue
        person = _Person(searcher, identities)
        # A search does not go round a circle of references. Here too much is better than too little: what is held stays.
        for link in walked.dropped:
            plan[link.child] = _entered(plan[link.child], link)
        leading = _leading_to(plan, spec.key)
        steps = [planned for name, planned in plan.items() if name in leading]  # in the order of the walk
        person.follow(steps, again=any(link.child in leading for link in walked.dropped))
        for field, values in person.values_into(plan[spec.key]).items():
            found[field] += values
    return dict(found)


def narrow(kind: Kind, spec: CollectionSpec, keys: Sequence[Key], spare: Spare) -> Spare:
    """`spare`, a long list cut down to what these very rows hold."""
    found = {}
    for field, values in spare.items():
        if len(values) > MOST_VALUES:
            folded = spec.field(field).identity == "email"
            held = {_comparable(one, folded) for one in values}
            values = [one for one in kind.values(spec, field, keys) if _comparable(one, folded) in held]
        if values:
            found[field] = values
    return found


def _comparable(value: Any, folded: bool) -> str:
    return str(value).lower() if folded else str(value)


def _entered(planned: Planned, link: Link) -> Planned:
    """The step with a further way in."""
    entries = (*planned.step.entries, Entry(link.child_field, source=link))
    return replace(planned, step=replace(planned.step, entries=entries))


def _leading_to(plan: dict[Name, Planned], name: Name) -> set[Name]:
    """The collections over which the walk comes to `name`; itself where that is by a circle."""
    found: set[Name] = set()
    todo = [name]
    while todo:
        for entry in plan[todo.pop()].step.entries:
            if entry.source is not None and entry.source.parent not in found and entry.source.parent in plan:
                found.add(entry.source.parent)
                todo.append(entry.source.parent)
    return found


class _Person:
    """Follows one held person's rows in memory, key by key, as far as the collection asked for."""

    def __init__(self, searcher: Searcher, identities: dict[str, list[str]]) -> None:
        self.searcher = Searcher(Batch(identities=identities), searcher.graph)
        self.keys: dict[Name, list[Key]] = {}

    def values_into(self, planned: Planned) -> dict[str, list[Any]]:
        """The values by which each entry of the step would be searched."""
        found: dict[str, list[Any]] = defaultdict(list)
        for entry in planned.step.entries:
            if entry.source is None:
                for portion in self.searcher.portions(entry):
                    found[entry.field] += portion.values
                continue
            parent = self.searcher.spec(entry.source.parent)
            keys = self.keys.get(entry.source.parent, [])
            if parent.primary_key == (entry.source.parent_field,):
                found[entry.field] += [key[0] for key in keys]
                continue
            for part in _parts(keys):
                found[entry.field] += self.searcher.kind(parent.system).values(parent, entry.source.parent_field, part)
        return {field: list(dict.fromkeys(values)) for field, values in found.items() if values}

    def follow(self, steps: Sequence[Planned], *, again: bool) -> None:
        """Visit these steps; `again`, round after round, until nothing new is found."""
        known = -1
        while known < (now := sum(map(len, self.keys.values()))):
            known = now
            for one in steps:
                self.visit(one)
            if not again:
                return

    def visit(self, planned: Planned) -> None:
        """Find the person's rows of an earlier step."""
        spec = self.searcher.spec(planned.step.collection)
        kind = self.searcher.kind(spec.system)
        keys: dict[Key, None] = {}
        for field, values in self.values_into(planned).items():
            for part in _parts(values):
                for row in kind.find(spec, field, part, folded=spec.field(field).identity == "email"):
                    keys[row.key] = None
        self.keys[planned.step.collection] = list(keys)


def _parts(values: list[Any]) -> list[list[Any]]:
    return [values[place : place + VALUES_AT_ONCE] for place in range(0, len(values), VALUES_AT_ONCE)]
