"""What the work in one collection needs: which fields are searched, read and written, and whether rows are deleted.
`needed` is pure; `of_system` asks rooms above what they read there.

Requests that are narrowed to some data categories mask rows that would else be deleted; they need more than this, and say so
before they touch a row.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from connectors.kinds.base import Rights
from inventory.graph import CollectionSpec, FieldSpec, Graph, Link, Name

# What rooms above read as well: fields by collection. Retention looks at dates that nothing else needs.
also_read: list[Callable[[Graph], Mapping[Name, Iterable[str]]]] = []


def of_system(graph: Graph, system: str) -> Iterator[tuple[CollectionSpec, Rights]]:
    """The collections of one system with what the work there needs."""
    more = [asked(graph) for asked in also_read]
    for spec in graph.collections.values():
        if spec.system == system:
            yield spec, needed(spec, graph.links, {name for each in more for name in each.get(spec.key, ())})


def needed(spec: CollectionSpec, links: tuple[Link, ...] = (), besides: Iterable[str] = ()) -> Rights:
    """The least that finding, handing out, correcting and erasing need there, and whoever reads `besides`."""
    entries, linked = set[str](), set[str]()
    for link in links:
        if link.child == spec.key:
            entries.add(link.child_field)
            linked |= {link.child_field, *(mine for _, mine in link.also)}
        if link.parent == spec.key:
            linked |= {link.parent_field, *(theirs for theirs, _ in link.also)}
    found_by = [one.name for one in spec.fields if one.identity or one.name in entries]
    linked |= {*spec.people, spec.dated_by, *besides}
    return Rights(
        reads=tuple(one.name for one in spec.fields if one.name in linked or _read(one)),
        updates=tuple(one.name for one in spec.fields if _written(spec, one)),
        deletes=spec.erase == "delete" or (bool(spec.people) and spec.erase_shared == "delete"),
        searches=tuple(found_by),
    )


def _read(field: FieldSpec) -> bool:
    return bool(
        field.primary_key or field.identity or field.category or field.attribute or field.mask or field.suppress
        or field.restrict
    )  # fmt: skip


def _written(spec: CollectionSpec, field: FieldSpec) -> bool:
    if field.read_only or field.primary_key:
        return False
    if field.suppress is not None or field.restrict is not None or field.attribute:
        return True
    masks = spec.erase == "mask" or (spec.erase_shared == "mask" and bool(field.person))
    preserved = field.mask is not None and field.mask.get("strategy") == "preserve"
    return masks and not preserved and bool(field.category or field.mask)
