"""Reads the inventory's rows into the pure graph, in a fixed number of queries.

On PostgreSQL each process keeps the last graph and asks in one query whether any row has another version by now.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import Prefetch

from inventory.graph import CollectionSpec, FieldSpec, Graph, Link, Name
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, Reference, System


def graph(*, roles: tuple[str, ...] = (System.Role.CONTROLLER,)) -> Graph:
    """The graph of all collections in systems of these roles; by default only data that we control."""
    versions = _versions() if connection.vendor == "postgresql" else None
    known = _graphs.get(roles)
    if known is None or versions is None or known[0] != versions:
        known = (versions, _read(roles))
        _graphs[roles] = known
    return known[1]


# By roles: the versions of all rows that it was made of, and the graph. Replaced as a whole, so threads need no lock.
_graphs: dict[tuple[str, ...], tuple[Any, Graph]] = {}
_SOURCES = (System, Dataset, Collection, Collection.purposes.through, Purpose, Field, Reference, DataCategory)


def _versions() -> Any:
    """A digest that changes with every change of a row: its place (ctid) and the transaction that wrote it (xmin)."""
    each = " UNION ALL ".join(
        f"SELECT md5(string_agg(concat(id, ' ', ctid, ' ', xmin), ',' ORDER BY id)) FROM {one._meta.db_table}"
        for one in _SOURCES
    )
    with connection.cursor() as cursor:
        cursor.execute(each)
        return (connection.settings_dict["NAME"], *cursor.fetchall())


def _read(roles: tuple[str, ...]) -> Graph:
    rows = (
        Collection.objects.filter(dataset__system__role__in=roles, skip=False)
        .select_related("dataset__system")
        .prefetch_related(
            Prefetch("fields", Field.objects.select_related("category")), Prefetch("purposes", Purpose.objects.all())
        )
        .order_by("dataset__key", "name")
    )
    masks = {one.key: one.mask for one in DataCategory.objects.exclude(mask=None)}
    collections = {(row.dataset.key, row.name): _collection(row, masks) for row in rows}
    links = tuple(_links(collections))
    return Graph(_with_mail(collections, links), links)


def _with_mail(known: Mapping[Name, CollectionSpec], links: Iterable[Link]) -> dict[Name, CollectionSpec]:
    """The collections, with every field marked that references join to an e-mail address, over however many steps."""
    joined: dict[tuple[Name, str], set[tuple[Name, str]]] = defaultdict(set)
    for link in links:
        for theirs, mine in ((link.parent_field, link.child_field), *link.also):
            joined[link.parent, theirs].add((link.child, mine))
            joined[link.child, mine].add((link.parent, theirs))
    todo = [(key, one.name) for key, spec in known.items() for one in spec.fields if one.identity == "email"]
    mail = set(todo)
    while todo:
        new = joined[todo.pop()] - mail
        mail |= new
        todo += new
    marked = dict(known)
    for name in {name for name, _ in mail}:
        fields = (replace(one, mail=(name, one.name) in mail) for one in known[name].fields)
        marked[name] = replace(known[name], fields=tuple(fields))
    return marked


def _links(known: Mapping[Name, CollectionSpec]) -> Iterator[Link]:
    """Each reference as a link in its direction; references of one group between two collections are one link."""
    references = Reference.objects.select_related("field__collection__dataset", "target__collection__dataset")
    together: dict[tuple[Name, Name, str], list[Reference]] = {}
    for one in references.order_by("pk"):
        child = (one.field.collection.dataset.key, one.field.collection.name)
        parent = (one.target.collection.dataset.key, one.target.collection.name)
        if child in known and parent in known:
            together.setdefault((child, parent, one.group or f"#{one.pk}"), []).append(one)
    for (child, parent, _), rows in together.items():
        down = [(one.target.name, one.field.name) for one in rows]
        first, *also = down
        if rows[0].direction != Reference.Direction.UP:
            yield Link(parent, first[0], child, first[1], also=tuple(also))
        if rows[0].direction != Reference.Direction.DOWN:
            back = tuple((mine, theirs) for theirs, mine in also)
            yield Link(child, first[1], parent, first[0], upward=True, also=back)


def _collection(row: Collection, masks: Mapping[str, Any]) -> CollectionSpec:
    return CollectionSpec(
        dataset=row.dataset.key,
        system=row.dataset.system.key,
        name=row.name,
        title=row.title,
        fields=tuple(_field(one, masks) for one in row.fields.all()),
        erase=row.erase,  # type: ignore[arg-type]
        erase_shared=row.erase_shared,  # type: ignore[arg-type]
        keep_ground=row.keep_ground,
        keep_until=row.keep_until,
        dated_by=row.dated_by,
        in_package=row.in_package,
        source=row.dataset.source,
        source_detail=row.dataset.source_detail,
        purposes=tuple(one.key for one in row.purposes.all()),
        after=(*row.after, *row.dataset.after),
        erase_after=tuple(row.erase_after),
    )


def _field(row: Field, masks: Mapping[str, Any]) -> FieldSpec:
    return FieldSpec(
        name=row.name,
        title=row.title,
        data_type=row.data_type,
        category=row.category.key if row.category else "",
        primary_key=row.primary_key,
        identity=row.identity,
        person=row.person,
        attribute=row.attribute,
        mask=row.mask if row.mask is not None or row.category is None else _of_category(row.category.key, masks),
        suppress=row.suppress,
        restrict=row.restrict,
        read_only=row.read_only,
        length=row.length,
    )


def _of_category(key: str, masks: Mapping[str, Any]) -> Any:
    """The mask of the nearest category at or above `key`: `contact` covers `contact.email`."""
    while key:
        if key in masks:
            return masks[key]
        key = key.rpartition(".")[0]
    return None
