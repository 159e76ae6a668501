"""Whole sets of rows in one statement, which a kind may offer beside what `base.Kind` asks of it: for people with many rows.

Every answer is exact, or None: who asks goes the careful way then, row by row through our own hands. Keys are whole numbers
here, written one after the other with commas between them, as they lie in a chunk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.kinds.base import Changing, Key, Kind, Tie
from inventory.graph import CollectionSpec

Digest = tuple[int, int]  # how many keys, and the sum of their hashes, which holds for one open kind only
NOTHING: Digest = (0, 0)


@dataclass(frozen=True)
class Only:
    """Rows whose `field` holds one of `values`; `folded`: e-mail addresses, in any case."""

    field: str
    values: tuple[Any, ...]
    folded: bool = False


class Whole(Protocol):
    """One collection's rows, many at a time."""

    def frozen(self, numbers: str) -> Digest:
        """The digest of these keys, whether their rows are there or not."""
        ...

    def matching(self, only: Only) -> Digest | None:
        """The digest of the keys of all rows that a search for `only` finds."""
        ...

    def holding(self, target: CollectionSpec, keys: Sequence[Key], tie: Tie) -> Digest | None:
        """The digest of the keys of all rows that refer by `tie` to these rows of `target`."""
        ...

    def delete(self, session: Changing, numbers: str, only: Only) -> int | None:
        """Delete those of these rows that are as `only` says; how many went for good. None, and nothing is done, where the
        system does more than delete them: where other rows refer to them, or its own rules run.
        """
        ...

    def written(self, fields: Sequence[str], numbers: str, only: Only) -> tuple[int, bytes] | None:
        """Those of these rows that are as `only` says: how many, and their fields as JSON, an object a row with
        a comma and a line break between them; UTF-8."""
        ...


def whole(kind: Kind, spec: CollectionSpec) -> Whole | None:
    """What a kind that has a method `whole` offers for a collection."""
    asked = getattr(kind, "whole", None)
    found: Whole | None = None if asked is None else asked(spec)
    return found


def added(one: Digest, other: Digest) -> Digest:
    """The digest of both sets of keys together, which have none in common."""
    return one[0] + other[0], one[1] + other[1]
