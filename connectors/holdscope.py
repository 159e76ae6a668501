"""What a legal hold covers. Pure rules: no database.

A hold may be limited to systems, to data categories (each covers what is below it), or to both together; without a limit it
covers everything. What it covers is kept, and with it what it cannot be found or exist without:

- the fields that lead from who the person is to what is covered (`ways`): an identifier that was masked, or a row that is gone,
  would lead nobody there any more, the next erasure's look at the holds as little as anybody;
- the rows that covered rows refer to: a system would not let them go, or would take the covered rows along.

Everything else may be erased. Several holds keep what any of them keeps.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.scope import covers
from inventory.graph import CollectionSpec, FieldSpec, Graph, Name


@dataclass(frozen=True)
class Scope:
    """What a hold is limited to, by keys; empty: not limited."""

    systems: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        """Whether it covers everything."""
        return not self.systems and not self.categories

    def covers(self, spec: CollectionSpec, field: FieldSpec) -> bool:
        """Whether the field's value is what the matter is about."""
        if self.systems and spec.system not in self.systems:
            return False
        return not self.categories or any(covers(one, field.category) for one in self.categories)


WHOLE = Scope()


@dataclass(frozen=True)
class Kept:
    """What is kept of a collection: `fields` that are covered, and `ways` that lead to what is. No row of it is deleted."""

    fields: frozenset[str] = frozenset()
    ways: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        """The fields that are not changed."""
        return self.fields | self.ways

    def __or__(self, other: "Kept") -> "Kept":
        return Kept(self.fields | other.fields, self.ways | other.ways)


NOTHING = Kept()


def kept(graph: Graph, scope: Scope) -> dict[Name, Kept]:
    """What a hold keeps of each collection; of those that are missing, nothing."""
    covered = {
        key: frozenset(one.name for one in spec.fields if scope.covers(spec, one))
        for key, spec in graph.collections.items()
    }
    if scope.whole:
        return {key: Kept(fields) for key, fields in covered.items()}
    held = {key for key, fields in covered.items() if fields}
    leading = _closure(held, _pairs((one.child, one.parent) for one in graph.links))
    ways: dict[Name, set[str]] = defaultdict(set)
    for key in leading & set(graph.collections):
        ways[key] |= {one.name for one in graph.collections[key].fields if one.identity}
    for link in graph.links:
        if link.child in leading:  # its parent leads there as well
            ways[link.child].update(link.child_fields)
            ways[link.parent].update(link.parent_fields)
    standing = _closure(leading, _pairs((one.holder, one.target) for one in graph.links))
    for link in graph.links:
        if link.holder in standing:  # both sides: what is referred to goes on being called what the reference says
            ways[link.child].update(link.child_fields)
            ways[link.parent].update(link.parent_fields)
    return {
        key: Kept(covered[key], frozenset(ways[key]) - covered[key]) for key in standing if key in graph.collections
    }


def union(every: Iterable[Mapping[Name, Kept]]) -> dict[Name, Kept]:
    """What several holds keep together."""
    found: dict[Name, Kept] = {}
    for one in every:
        for key, part in one.items():
            found[key] = found.get(key, NOTHING) | part
    return found


def _pairs(given: Iterable[tuple[Name, Name]]) -> dict[Name, set[Name]]:
    found: dict[Name, set[Name]] = defaultdict(set)
    for one, other in given:
        found[one].add(other)
    return found


def _closure(start: set[Name], onward: Mapping[Name, set[Name]]) -> set[Name]:
    seen, todo = set(start), list(start)
    while todo:
        for other in onward.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen
