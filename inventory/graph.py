"""The picture of collections, fields and references that one person's rows are found by. Pure: no database, no framework.

A `Graph` is what `mapping` reads from the inventory; `walking` finds the order of the search in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from inventory.dating import Due

Name = tuple[str, str]  # (dataset key, collection name)


@dataclass(frozen=True)
class FieldSpec:
    """One column. `person` names the link field whose person the value belongs to, in a row about two people; `mail`: it holds
    what an e-mail address elsewhere holds, because one refers to the other.
    """

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
    restrict: Mapping[str, Any] | None = None
    read_only: bool = False
    length: int | None = None
    mail: bool = False

    @property
    def folded(self) -> bool:
        """Whether its values are e-mail addresses, which are the same in any case and with blanks around."""
        return self.mail or self.identity == "email"


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
    after: tuple[str, ...] = ()
    erase_after: tuple[str, ...] = ()
    beside: tuple[
        str, ...
    ] = ()  # read along with the people links: what belongs to one of them in a key of several columns
    due: "Due | None" = None  # of a retention run: only rows whose time is over

    @property
    def key(self) -> Name:
        return (self.dataset, self.name)

    @property
    def place(self) -> str:
        """How sentences name it."""
        return f"{self.dataset}.{self.name}"

    @property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.fields if one.primary_key)

    @property
    def people(self) -> tuple[str, ...]:
        """The link fields of a row about several people: those that some field names as its person."""
        return tuple(dict.fromkeys((*(one.person for one in self.fields if one.person), *self.beside)))

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
    `also`: further (parent field, child field) pairs that must be equal together with the first: a key of several columns.
    """

    parent: Name
    parent_field: str
    child: Name
    child_field: str
    upward: bool = False
    also: tuple[tuple[str, str], ...] = ()

    @property
    def parent_fields(self) -> tuple[str, ...]:
        """All columns of the parent that must be equal."""
        return (self.parent_field, *(theirs for theirs, _ in self.also))

    @property
    def child_fields(self) -> tuple[str, ...]:
        """All columns of the child that must be equal, in the order of the parent's."""
        return (self.child_field, *(mine for _, mine in self.also))

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """What must be equal, in no order."""
        return frozenset(zip(self.parent_fields, self.child_fields, strict=True))

    def turns(self, other: "Link") -> bool:
        """Whether it is the other way of the same columns."""
        back = frozenset((theirs, mine) for mine, theirs in other.pairs)
        return (self.parent, self.child, self.pairs) == (other.child, other.parent, back)

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
    """All collections and the directed links between them. `after` of a collection names collections or whole datasets."""

    collections: Mapping[Name, CollectionSpec]
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One way into a collection: `field` equals a given identity, or a value found in `source`."""

    field: str
    identity: str = ""
    source: Link | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that are compared: several for a key of several columns."""
        return (self.field,) if self.source is None else self.source.child_fields


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
    """The plan: steps in order, what stays out of reach, and the links that are not followed because they close a circle."""

    steps: list[Step] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)
    erase_order: list[Name] = field(default_factory=list)
    dropped: list[Link] = field(default_factory=list)
