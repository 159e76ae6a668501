"""Rows that other people's rows refer to as well: one address of two customers.

A row that is reached upward, because a row of this person refers to it, may be referred to from elsewhere too. Then it is
*shared*, like a row that names two people: it is counted apart, a person decides, and nothing of it is erased in passing.
Whose the other referring row is need not be known: everything but what was found for this person is somebody else's.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.keys import key_hash
from connectors.kinds.base import Key, Kind
from inventory.graph import CollectionSpec, Graph, Link

PART = 1000


def holders(graph: Graph, spec: CollectionSpec) -> list[Link]:
    """The references by which other collections' rows hold on to rows of this one."""
    return [link for link in graph.links if link.upward and link.child == spec.key and link.parent != spec.key]


def taken(kind: Kind, parent: CollectionSpec, field: str, values: Sequence[Any], own: set[int]) -> set[Any]:
    """Which of `values` stand in `field` of a row of `parent` that is not among `own` (hashes of keys)."""
    found: set[Any] = set()
    for keys in _parts(row.key for row in kind.find(parent, field, values, folded=False)):
        others = [key for key in keys if key_hash(key) not in own]
        if others:
            found.update(kind.values(parent, field, others))
        if len(found) >= len(values):
            break
    return found


def _parts(keys: Iterator[Key]) -> Iterator[list[Key]]:
    part: list[Key] = []
    for key in keys:
        part.append(key)
        if len(part) == PART:
            yield part
            part = []
    if part:
        yield part
