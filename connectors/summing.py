"""Statistics of rows that are about to go: counted in groups by the system itself, held people's rows aside. Reads only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors import due, sparing
from connectors.kinds import base
from connectors.models import Batch
from connectors.searching import Searcher
from inventory.graph import CollectionSpec

MOST_GROUPS = 20_000
Values = tuple[Any, ...]


@dataclass
class Group:
    """Rows that have the same values, and the sums of their numbers."""

    rows: int = 0
    sums: list[float] = field(default_factory=list)

    def add(self, rows: int, sums: Sequence[Any]) -> None:
        """Put more rows in."""
        self.rows += rows
        before = self.sums or [0.0] * len(sums)
        self.sums = [one + float(more or 0) for one, more in zip(before, sums, strict=True)]


def summed(
    batch: Batch,
    fields: Sequence[str],
    numbers: Sequence[str],
    fold: Callable[[Values], Values],
    beat: Callable[[], None],
) -> dict[Values, Group]:
    """The rows that a batch found, are due still and not held, in groups by `fields` (folded: a day into its month).

    Raises base.Permanent for a field that is not there and for too many groups.
    """
    searcher = Searcher(batch, beat=beat)
    keeping, found = sparing.Held(searcher), dict[Values, Group]()
    for finding in batch.findings.all():
        spec = searcher.spec((finding.dataset, finding.collection))
        kind = searcher.kind(spec.system)
        for keys in searcher.remembered.chunks(finding):
            beat()
            apart = keeping.apart(kind, spec, list(keys))
            for values, rows, sums in _portion(kind, spec, apart, fields, numbers):
                found.setdefault(fold(values), Group()).add(rows, sums)
            if len(found) > MOST_GROUPS:
                raise base.Permanent(
                    "groups", f"These fields of {spec.place} make more than {MOST_GROUPS:,} groups. Name coarser ones."
                )
    return found


def _portion(
    kind: base.Kind, spec: CollectionSpec, apart: sparing.Apart, fields: Sequence[str], numbers: Sequence[str]
) -> list[tuple[Values, int, Values]]:
    if not apart.keys:
        return []
    own = getattr(kind, "sum_up", None)
    if own is not None:
        return list(own(spec, apart.keys, apart.spare, fields, numbers))
    keys = due.among(kind, spec, apart.keys)
    names = list(dict.fromkeys((*fields, *numbers, *apart.spare)))
    spared = {name: {str(one) for one in values} for name, values in apart.spare.items()}
    rows = [
        row
        for row in (kind.read(spec, names, keys) if keys else [])
        if not any(str(row[name]) in values for name, values in spared.items())
    ]
    return [(tuple(row[name] for name in fields), 1, tuple(row[name] for name in numbers)) for row in rows]
