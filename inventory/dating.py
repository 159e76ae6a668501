"""When the time of a row is over: which dates tell it, and from which day on. Pure: no database, no framework.

A date is a field of the row itself, or of the row that it refers to: `seen_on`, `accounts.closed_at`. With several dates the
latest one counts (last activity). A row without a date is never due: nobody knows when its time began.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inventory.graph import CollectionSpec, Graph, Name

FIRST_DAY = date(1000, 1, 1)  # zero dates say "unknown", not "long ago"


@dataclass(frozen=True)
class ParentDate:
    """A date of the rows of `spec` whose `theirs` hold what a row holds in `mine`."""

    spec: "CollectionSpec"
    mine: tuple[str, ...]
    theirs: tuple[str, ...]
    field: str


@dataclass(frozen=True)
class Due:
    """Rows whose dates all lie before a day. With one date a row must have it; of several, those that are there count.

    `purpose`: no date tells, but whether the person's consent to that purpose was withdrawn before the day.
    """

    before: date
    own: tuple[str, ...] = ()
    parents: tuple[ParentDate, ...] = ()
    purpose: str = ""

    @property
    def single(self) -> str:
        """The one field of the row itself that dates it; "" where there is more to it."""
        return self.own[0] if len(self.own) == 1 and not self.parents else ""

    def on(self, row: Mapping[str, Any]) -> date | None:
        """The latest of a row's own dates; None when it has none. Parents are the system's to ask."""
        known = [day for name in self.own if (day := as_day(row.get(name))) is not None]
        return max(known, default=None)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row, read with its own dates, is due."""
        on = self.on(row)
        return on is not None and on < self.before


@dataclass(frozen=True)
class Counted:
    """`past`: rows due at each day asked for. `undated`: rows without any date, None where nobody can tell."""

    past: tuple[int, ...]
    undated: int | None = None
    total: int | None = None
    oldest_on: date | None = None


def as_day(value: Any) -> date | None:
    """The day that a value stands for; None for a number, an empty text, a zero date and anything that is no date."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value if value >= FIRST_DAY else None
    try:
        found = date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found >= FIRST_DAY else None


def resolve(graph: "Graph", name: "Name", words: Sequence[str], before: date) -> Due:
    """What `words` ("seen_on", "accounts.closed_at", "shop.accounts.closed_at") mean for a collection.

    Raises ValueError with a sentence for the person who wrote them.
    """
    spec = graph.collections[name]
    own, parents = list[str](), list[ParentDate]()
    known = {one.name for one in spec.fields}
    for word in dict.fromkeys(words):
        if word in known:
            own.append(word)
        else:
            parents.append(_parent(graph, spec, word))
    if not own and not parents:
        raise ValueError(f"No field dates the rows of {spec.place}.")
    return Due(before, tuple(own), tuple(parents))


def _parent(graph: "Graph", spec: "CollectionSpec", word: str) -> ParentDate:
    found = dict[tuple[Any, ...], ParentDate]()
    for link in graph.links:
        pairs = ((link.parent_field, link.child_field), *link.also)
        if link.child == spec.key and not link.upward:
            other, mine, theirs = link.parent, tuple(one for _, one in pairs), tuple(one for one, _ in pairs)
        elif link.parent == spec.key and link.upward:
            other, mine, theirs = link.child, tuple(one for one, _ in pairs), tuple(one for _, one in pairs)
        else:
            continue
        for prefix in (f"{other[1]}.", f"{other[0]}.{other[1]}."):
            field = word.removeprefix(prefix)
            if field != word and any(one.name == field for one in graph.collections[other].fields):
                found[other, mine, theirs] = ParentDate(graph.collections[other], mine, theirs, field)
    if not found:
        raise ValueError(f"{word} is neither a field of {spec.place} nor of a collection that it refers to.")
    if len(found) > 1:
        raise ValueError(f"{word} is reached from {spec.place} by more than one reference. Choose another date.")
    one = next(iter(found.values()))
    if one.spec.system != spec.system or one.spec.key == spec.key:
        raise ValueError(f"{word} must stand in another collection of the same system. Choose another date.")
    return one
