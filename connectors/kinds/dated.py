"""Rows that are due by their date, many at a time, which a kind may offer beside what `base.Kind` asks of it: for retention.

What is due is said by a condition that the system itself looks at in each statement, and what a legal hold protects is no part
of it. The keys of what was found are whole numbers; a set of them is told by its digest, see `whole`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from connectors.kinds.base import Changing, Kind, Spare
from connectors.kinds.whole import Digest, These
from inventory.graph import CollectionSpec


@dataclass(frozen=True)
class Due:
    """Rows whose `field` is dated before a day, without those that hold what `spare` says."""

    field: str
    before: date
    spare: Spare


@dataclass(frozen=True)
class Part:
    """Some rows that are due, next to each other by their keys, which are written with commas between them."""

    digest: Digest
    least: int
    greatest: int
    numbers: str
    oldest: date | None
    newest: date | None


class Dated(Protocol):
    """One collection's rows that are due. Nothing refers to them, and the system does nothing but delete them."""

    def parts(self, due: Due, most: int) -> Iterator[Part]:
        """All rows that are due, in the order of their keys, about `most` at a time."""
        ...

    def digests(self, due: Due, bounds: Sequence[int]) -> list[Digest]:
        """The digests of the rows that are due up to the first of `bounds` (greatest keys, rising), from there to the second
        and so on; the last one is of what is beyond the last.
        """
        ...

    def beyond(self, due: Due, after: int | None, upto: int | None, numbers: str) -> int:
        """How many rows between these keys are due that are not among `numbers`."""
        ...

    def protected(self, due: Due) -> Digest:
        """How many rows are dated before the day and spared, and the sum of the hashes of everything they hold."""
        ...

    def read(self, due: Due | None, these: These, fields: Sequence[str]) -> list[tuple[Any, ...]]:
        """What these rows hold in some fields, a line for each row; those that are due, or (None) all that are there."""
        ...

    def delete(self, session: Changing, due: Due, these: These) -> Digest:
        """Delete those of these rows that are due; which went."""
        ...

    def account(self, session: Changing, due: Due, numbers: str) -> tuple[int, int, int]:
        """Of these rows: (are there, are spared, are due all the same)."""
        ...

    def ahead(self, field: str, days: Sequence[date]) -> tuple[int, list[int]]:
        """(rows of the collection, how many of them are dated before each of these rising days)."""
        ...


def dated(kind: Kind, spec: CollectionSpec) -> Dated | None:
    """What a kind that has a method `dated` offers for a collection."""
    asked = getattr(kind, "dated", None)
    found: Dated | None = None if asked is None else asked(spec)
    return found
