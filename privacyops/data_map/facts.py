"""What the map shows, read just now: the inventory, the walk through it for all identifiers, and who is sent what.

The number of queries is fixed, however much the inventory holds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.urls import reverse

from connectors.scope import covers
from disclosures.models import Recipient
from inventory import mapping
from inventory.descriptions import picture
from inventory.descriptions.crossings import index, references
from inventory.descriptions.whose import whose
from inventory.graph import Walk
from inventory.models import Collection, Dataset, System
from inventory.walking import walk
from privacyops.record.facts import Category

State = Literal["entered", "reached", "unreached", "left_out", "referred"]
STATES: Mapping[State, str] = {
    "entered": "entered by an identifier",
    "reached": "reached by references",
    "unreached": "not reached",
    "left_out": "left out of searches (skip)",
    "referred": "not searched: the client decides",
}


@dataclass(frozen=True)
class Arrow:
    """A field that refers to another one."""

    source: str  # dataset.collection
    field: str
    target: str
    target_field: str
    direction: str


@dataclass
class Table:
    """One collection. `step`: how many references lie between an identifier and its rows; None if none leads there."""

    path: str
    name: str
    title: str
    system: str
    state: State
    step: int | None
    link: str
    identities: list[tuple[str, str]] = field(default_factory=list)  # (field, kind of identifier)
    categories: list[Category] = field(default_factory=list)
    purposes: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refers: list[Arrow] = field(default_factory=list)

    @property
    def words(self) -> str:
        """How its rows are found."""
        return STATES[self.state]

    @property
    def lost(self) -> bool:
        """Whether it holds personal data that no search finds."""
        return self.state == "unreached" and bool(self.categories)


@dataclass
class Group:
    """One dataset."""

    key: str
    name: str
    source: str
    tables: list[Table] = field(default_factory=list)


@dataclass
class Place:
    """One system. `whose`: ours, or of which client."""

    key: str
    name: str
    role: str
    whose: str
    owner: str
    region: str
    datasets: list[Group] = field(default_factory=list)

    @property
    def tables(self) -> list[Table]:
        """All of its collections."""
        return [one for group in self.datasets for one in group.tables]

    @property
    def lost(self) -> int:
        """How many of them hold personal data that no search finds."""
        return sum(one.lost for one in self.tables)


@dataclass
class Map:
    """All of it."""

    places: list[Place] = field(default_factory=list)

    @property
    def tables(self) -> list[Table]:
        """All collections."""
        return [one for place in self.places for one in place.tables]

    @property
    def lost(self) -> list[Table]:
        """Collections with personal data that no search finds."""
        return [one for one in self.tables if one.lost]


def read() -> Map:
    """The map as it stands now."""
    held, graph = picture(), mapping.graph()
    known = index(held)
    identities = {one.identity for spec in graph.collections.values() for one in spec.fields if one.identity}
    reading = _Reading(held, known.homes, walk(graph, identities))
    return Map([reading.place(row) for row in held["systems"]])


class _Reading:
    """One reading under way."""

    def __init__(self, held: Mapping[str, Any], homes: Mapping[str, str], plan: Walk) -> None:
        self.homes = homes
        self.steps = _steps(plan)
        self.categories = {row["key"]: Category(row["key"], row["name"], row.get("sensitive", False))
                           for row in held["categories"]}  # fmt: skip
        self.purposes = {row["key"]: row["name"] for row in held["purposes"]}
        rows = Recipient.objects.filter(active=True).prefetch_related("categories").order_by("name")
        self.recipients = [(one.name, [row.key for row in one.categories.all()]) for one in rows]
        self.pks = {
            f"{key}.{name}": pk for pk, key, name in Collection.objects.values_list("pk", "dataset__key", "name")
        }

    def place(self, row: Mapping[str, Any]) -> Place:
        """A system with all below it."""
        role = System.Role(row.get("role", System.Role.CONTROLLER))
        made = Place(row["key"], row["name"], role.value, whose(row), row.get("owner", ""), row.get("region", ""))
        for one in row.get("datasets", []):
            words = str(Dataset.Source(one.get("source", Dataset.Source.DIRECT)).label)
            detail = one.get("source_detail")
            group = Group(one["key"], one["name"], f"{words} ({detail})" if detail else words)
            group.tables = [self.table(each, f"{one['key']}.{each['name']}", made) for each in one["collections"]]
            made.datasets.append(group)
        return made

    def table(self, row: Mapping[str, Any], path: str, home: Place) -> Table:
        identities = [(one["name"], one["identity"]) for one in row["fields"] if one.get("identity")]
        keys = sorted({one["category"] for one in row["fields"] if one.get("category")})
        made = Table(
            path, row["name"], row["title"], home.key, self.state(row, path, home), self.steps.get(path),
            reverse("admin:inventory_collection_change", args=(self.pks[path],)) if path in self.pks else "",
            identities, [self.categories[key] for key in keys], [self.purposes[key] for key in row.get("purposes", [])],
        )  # fmt: skip
        made.recipients = [
            name for name, theirs in self.recipients
            if any(covers(one, key) or covers(key, one) for one in theirs for key in keys)
        ]  # fmt: skip
        made.refers = list(self.arrows(row, path))
        return made

    def state(self, row: Mapping[str, Any], path: str, home: Place) -> State:
        if home.role == System.Role.PROCESSOR:
            return "referred"
        if row.get("skip"):
            return "left_out"
        if path not in self.steps:
            return "unreached"
        return "entered" if self.steps[path] == 0 else "reached"

    def arrows(self, row: Mapping[str, Any], path: str) -> Iterator[Arrow]:
        for one in row["fields"]:
            for _, target, direction, _ in references(one):
                home = self.homes[target]
                yield Arrow(path, one["name"], home, target[len(home) + 1 :], direction)


def _steps(plan: Walk) -> dict[str, int]:
    """How far each collection of the walk is from an identifier: 0 where one enters."""
    found: dict[str, int] = {}
    for step in plan.steps:
        sources = [".".join(one.source.parent) for one in step.entries if one.source is not None]
        entered = any(one.identity for one in step.entries)
        far = max((found[one] + 1 for one in sources if one in found), default=0)
        found[".".join(step.collection)] = 0 if entered else far
    return found
