"""Whole sets of rows in one statement, which a kind may offer beside what `base.Kind` asks of it: for people with many rows.

Every answer is exact, or None: who asks goes the careful way then, row by row through our own hands. Keys are whole numbers
here, written one after the other with commas between them, as they lie in a chunk; or a span says which they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.kinds.base import Changing, Key, Kind, Tie
from inventory.graph import CollectionSpec

Digest = tuple[int, int]  # how many keys, and the sum of their hashes, which holds for one open kind only
NOTHING: Digest = (0, 0)
SPARSE = 4  # so many times the numbers of a span that have no row: from there on each key is looked up by itself


@dataclass(frozen=True)
class Only:
    """Rows whose `field` holds one of `values`; `folded`: e-mail addresses, in any case."""

    field: str
    values: tuple[Any, ...]
    folded: bool = False


@dataclass(frozen=True)
class Span:
    """Some keys, told without naming them: their digest, the least and the greatest. A set between these two that has the
    same digest is the same set.
    """

    digest: Digest
    least: int
    greatest: int

    @property
    def dense(self) -> bool:
        """Whether it pays to read everything between the least and the greatest."""
        return self.greatest - self.least < SPARSE * self.digest[0]


These = Span | str  # the keys of some rows


class Whole(Protocol):
    """One collection's rows, many at a time."""

    def spans(self, lists: Sequence[str]) -> list[Span]:
        """Each of these lists of keys as a span, whether their rows are there or not. None of them is empty."""
        ...

    def matching(self, only: Only) -> Digest | None:
        """The digest of the keys of all rows that a search for `only` finds."""
        ...

    def referring(self, target: CollectionSpec, keys: Sequence[Key], tie: Tie) -> Only | None:
        """The search that finds what `holding` finds, where there is one."""
        ...

    def holding(self, target: CollectionSpec, keys: Sequence[Key], tie: Tie) -> Digest | None:
        """The digest of the keys of all rows that refer by `tie` to these rows of `target`."""
        ...

    def delete(self, session: Changing, these: These, only: Only) -> bool | None:
        """Delete those of these rows that are as `only` says. Whether that was each of them and no other row: who asks takes it
        back if not. None, and nothing is done, where the system does more than delete them: where other rows refer to
        them, or its own rules run.
        """
        ...

    def written(self, fields: Sequence[str], lists: Sequence[str], only: Only) -> bytes | None:
        """The fields of the rows with these lists of keys as JSON, an object a row with a comma and a line break between them,
        UTF-8. None where not each of them is there and as `only` says, or where a value needs our own hands. May be
        called from several threads.
        """
        ...


def whole(kind: Kind, spec: CollectionSpec) -> Whole | None:
    """What a kind that has a method `whole` offers for a collection."""
    asked = getattr(kind, "whole", None)
    found: Whole | None = None if asked is None else asked(spec)
    return found


def added(one: Digest, other: Digest) -> Digest:
    """The digest of both sets of keys together, which have none in common."""
    return one[0] + other[0], one[1] + other[1]


def spanned(spans: Iterable[Span]) -> Span:
    """Several spans, at least one and with no key in common, as one."""
    first, *rest = spans
    for one in rest:
        first = Span(added(first.digest, one.digest), min(first.least, one.least), max(first.greatest, one.greatest))
    return first
