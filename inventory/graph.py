"""The graph of collections and the order in which one person's rows are found. Pure: no database, no framework.

A `Graph` is the picture of what `mapping` reads from the inventory. `walk` starts at every field whose identity is given
and follows references, collection by collection: a collection is searched when everything that can feed it was searched.
Cycles are cut where the walk closes them. Rows are erased in `erase_order`: what refers before what is referred to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Name = tuple[str, str]  # (dataset key, collection name)


@dataclass(frozen=True)
class FieldSpec:
    """One column. `person` names the link field whose person the value belongs to, in a row about two people."""

    name: str
    title: str = ""
    data_type: str = "string"
    category: str = ""
    primary_key: bool = False
    identity: str = ""
    person: str = ""
    attribute: str = ""
    mask: Mapping[str, Any] | None = None
    suppress: Mapping[str, Any] | None = None
    read_only: bool = False


@dataclass(frozen=True)
class CollectionSpec:
    """One table with its fields and what an erasure does to its rows."""

    dataset: str
    system: str
    name: str
    title: str
    fields: tuple[FieldSpec, ...]
    erase: Literal["delete", "mask", "keep"] = "delete"
    erase_shared: Literal["delete", "mask", "keep"] = "mask"
    keep_ground: str = ""
    keep_until: str = ""
    dated_by: str = ""
    in_package: bool = True
    source: str = "direct"
    source_detail: str = ""
    purposes: tuple[str, ...] = ()

    @property
    def key(self) -> Name:
        return (self.dataset, self.name)

    @property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.fields if one.primary_key)

    @property
    def people(self) -> tuple[str, ...]:
        """The link fields of a row about several people: those that some field names as its person."""
        return tuple(dict.fromkeys(one.person for one in self.fields if one.person))

    def field(self, name: str) -> FieldSpec:
        """The field of this name. Raises KeyError."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(f"{self.dataset}.{self.name} has no field {name!r}")


@dataclass(frozen=True)
class Link:
    """`child.child_field` equals `parent.parent_field`: rows of the parent lead to rows of the child.

    `upward`: the parent holds the reference (an order that names its address), so the child must outlive it.
    """

    parent: Name
    parent_field: str
    child: Name
    child_field: str
    upward: bool = False

    @property
    def holder(self) -> Name:
        """The collection with the referring column."""
        return self.parent if self.upward else self.child

    @property
    def target(self) -> Name:
        """The collection that is referred to."""
        return self.child if self.upward else self.parent


@dataclass(frozen=True)
class Graph:
    """All collections and the directed links between them."""

    collections: Mapping[Name, CollectionSpec]
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One way into a collection: `field` equals a given identity, or a value found in `source`."""

    field: str
    identity: str = ""
    source: Link | None = None


@dataclass(frozen=True)
class Step:
    """Search one collection by all of its entries. `wave` counts how often the walk had to change systems before."""

    collection: Name
    entries: tuple[Entry, ...]
    wave: int


@dataclass(frozen=True)
class Unreached:
    """A collection that the given identifiers do not lead to, and why."""

    collection: Name
    reason: str


@dataclass
class Walk:
    """The plan: steps in order, and what stays out of reach."""

    steps: list[Step] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)
    erase_order: list[Name] = field(default_factory=list)


def walk(graph: Graph, identities: Iterable[str]) -> Walk:
    """The order in which the collections of `graph` are searched for one person.

    1. Reachable: every collection with a field of a given identity, and whatever links lead to from there.
    2. Among those, a collection comes after all reachable ones that feed it (Kahn's algorithm); when only a cycle is left,
       the one that an identity or a finished collection already feeds goes first, and links back into it are dropped.
    3. A step's wave is at least the wave of its feeders, one more when a feeder lies in another system.
    """
    given = set(identities)
    seeds = {
        key: [Entry(one.name, identity=one.identity) for one in spec.fields if one.identity in given]
        for key, spec in graph.collections.items()
    }
    reachable = _reachable(graph, [key for key, entries in seeds.items() if entries])
    feeders: dict[Name, list[Link]] = {key: [] for key in reachable}
    for link in graph.links:
        if link.parent in reachable and link.child in reachable and link.parent != link.child:
            feeders[link.child].append(link)
    plan, waves = Walk(), dict[Name, int]()
    waiting = sorted(reachable)
    while waiting:
        key = _next(waiting, feeders, waves, seeds)
        waiting.remove(key)
        used = [link for link in feeders[key] if link.parent in waves]
        system = graph.collections[key].system
        waves[key] = max(
            (waves[one.parent] + (graph.collections[one.parent].system != system) for one in used), default=0
        )
        entries = [*seeds[key], *(Entry(link.child_field, source=link) for link in used)]
        plan.steps.append(Step(key, tuple(entries), waves[key]))
    plan.steps.sort(key=lambda step: step.wave)  # stable: the order within a wave stays
    plan.erase_order = _erase_order(graph, [step.collection for step in plan.steps])
    for key in sorted(set(graph.collections) - reachable):
        plan.unreached.append(Unreached(key, "no identifier that we were given leads here"))
    return plan


def _reachable(graph: Graph, start: list[Name]) -> set[Name]:
    children: dict[Name, list[Name]] = {}
    for link in graph.links:
        children.setdefault(link.parent, []).append(link.child)
    seen, todo = set(start), list(start)
    while todo:
        for child in children.get(todo.pop(), ()):
            if child not in seen and child in graph.collections:
                seen.add(child)
                todo.append(child)
    return seen


def _erase_order(graph: Graph, walked: list[Name]) -> list[Name]:
    """What refers before what is referred to; otherwise, and inside a cycle of references, the walk backwards."""
    waiting = list(reversed(walked))
    holders: dict[Name, set[Name]] = {key: set() for key in waiting}
    for link in graph.links:
        if link.holder in holders and link.target in holders and link.holder != link.target:
            holders[link.target].add(link.holder)
    order: list[Name] = []
    while waiting:
        free = next((key for key in waiting if holders[key] <= set(order)), waiting[0])
        waiting.remove(free)
        order.append(free)
    return order


def _next(
    waiting: list[Name], feeders: Mapping[Name, list[Link]], done: Mapping[Name, int], seeds: Mapping[Name, list[Entry]]
) -> Name:
    for key in waiting:
        if all(link.parent in done for link in feeders[key]):
            return key
    # Only cycles are left, and what waits behind them: enter one that waits for nothing but itself, where something
    # already leads in. To enter behind it would drop a link that is not part of any cycle.
    first = [key for key in waiting if all(key in _above(one, feeders, done) for one in _above(key, feeders, done))]
    for key in first:
        if seeds[key]:
            return key
    for key in first:
        if any(link.parent in done for link in feeders[key]):
            return key
    return waiting[0]


def _above(key: Name, feeders: Mapping[Name, list[Link]], done: Mapping[Name, int]) -> set[Name]:
    """The collections still to be searched that lead to `key`, over any number of links."""
    seen: set[Name] = set()
    todo = [key]
    while todo:
        for link in feeders[todo.pop()]:
            if link.parent not in done and link.parent not in seen:
                seen.add(link.parent)
                todo.append(link.parent)
    return seen
