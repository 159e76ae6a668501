"""Deletions that would carry other rows along, because the system itself deletes or changes what refers to a deleted row.

Told before the first row, as far as it can be known then. The kind looks once more in the transaction that deletes, so no
row goes unnamed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.kinds import base
from connectors.kinds.base import Carried, Kind, Mask, Permanent
from connectors.models import Finding
from connectors.remembered import Remembered
from inventory.graph import CollectionSpec, Graph


@dataclass(frozen=True)
class Gone:
    """Rows of a table that an earlier part of the order deletes (`emptied` None), or whose fields `emptied` it empties."""

    table: str
    rows: int
    emptied: frozenset[str] | None

    def frees(self, one: Carried) -> bool:
        """Whether these rows refer no more by this key."""
        return self.table in one.names and (self.emptied is None or bool(self.emptied & set(one.columns)))


def refuse(
    kind: Kind,
    changes: Sequence[tuple[CollectionSpec, Finding, Mapping[str, Mask] | None]],
    remembered: Remembered,
    beat: Callable[[], None] | None,
) -> None:
    """Raises Permanent when more rows refer to what is to be deleted than these changes, in their order, free of it before.
    No masks: deleted. Keeps the order's lease by `beat` meanwhile.
    """
    gone: list[Gone] = []
    for spec, finding, masks in changes:
        gone.append(_gone(kind, spec, finding, masks))
        if masks is not None or not base.carried(kind, spec):
            continue
        refers: Counter[Carried] = Counter()
        for keys in remembered.chunks(finding):
            if beat is not None:
                beat()
            refers.update(base.referring(kind, spec, keys))
        for one, rows in refers.items():
            if rows > sum(some.rows for some in gone if some.frees(one)):
                raise Permanent("cascade", base.carrying(spec.place, one))


def _gone(kind: Kind, spec: CollectionSpec, finding: Finding, masks: Mapping[str, Mask] | None) -> Gone:
    stored = base.stored(kind, spec)
    if masks is None:
        return Gone(stored.name, finding.rows, None)
    emptied = [name for name, mask in masks.items() if mask.value is None and not mask.token and mask.compute is None]
    columns = {mine.name: theirs.name for mine, theirs in zip(spec.fields, stored.fields, strict=True)}
    return Gone(stored.name, finding.rows, frozenset(columns[name] for name in emptied))


def sentences(kind: Kind, spec: CollectionSpec, graph: Graph) -> Iterator[str]:
    """What may be carried along with rows of a collection although nothing deletes it first, a sentence for each key."""
    for one in base.carried(kind, spec):
        children = [
            child
            for child in graph.collections.values()
            if child.system == spec.system and base.stored(kind, child).name in one.names
        ]
        if not any(_goes_first(kind, child, spec, one, graph) for child in children):
            yield base.carrying(spec.place, one)


def _goes_first(kind: Kind, child: CollectionSpec, spec: CollectionSpec, one: Carried, graph: Graph) -> bool:
    """Whether every row of `child` that refers by this key is found and deleted, or its reference emptied, before."""
    if child.key == spec.key:
        return True
    names = {
        mine.name: stored.name
        for mine, stored in zip(child.fields, base.stored(kind, child).fields, strict=True)
        if stored.name in one.columns
    }
    found = any(
        link.holder == child.key
        and link.target == spec.key
        and (link.parent_field if link.upward else link.child_field) in names
        for link in graph.links
    )
    if child.erase == "delete":
        return found and (not child.people or child.erase_shared == "delete")
    emptied = any(
        field.name in names and field.mask is not None and field.mask.get("strategy") == "null"
        for field in child.fields
    )
    return found and child.erase == "mask" and emptied and not child.people
