"""Reads the inventory's rows into the pure graph, in a fixed number of queries."""

from django.db.models import Prefetch

from inventory.graph import CollectionSpec, FieldSpec, Graph, Link
from inventory.models import Collection, Field, Purpose, Reference, System


def graph(*, roles: tuple[str, ...] = (System.Role.CONTROLLER,)) -> Graph:
    """The graph of all collections in systems of these roles; by default only data that we control."""
    rows = (
        Collection.objects.filter(dataset__system__role__in=roles)
        .select_related("dataset__system")
        .prefetch_related(
            Prefetch("fields", Field.objects.select_related("category")), Prefetch("purposes", Purpose.objects.all())
        )
        .order_by("dataset__key", "name")
    )
    collections = {(row.dataset.key, row.name): _collection(row) for row in rows}
    references = Reference.objects.select_related("field__collection__dataset", "target__collection__dataset")
    links = []
    for one in references.order_by("pk"):
        child = (one.field.collection.dataset.key, one.field.collection.name)
        parent = (one.target.collection.dataset.key, one.target.collection.name)
        if child not in collections or parent not in collections:
            continue
        if one.direction != Reference.Direction.UP:
            links.append(Link(parent, one.target.name, child, one.field.name))
        if one.direction != Reference.Direction.DOWN:
            links.append(Link(child, one.field.name, parent, one.target.name, upward=True))
    return Graph(collections, tuple(links))


def _collection(row: Collection) -> CollectionSpec:
    return CollectionSpec(
        dataset=row.dataset.key,
        system=row.dataset.system.key,
        name=row.name,
        title=row.title,
        fields=tuple(_field(one) for one in row.fields.all()),
        erase=row.erase,  # type: ignore[arg-type]
        erase_shared=row.erase_shared,  # type: ignore[arg-type]
        keep_ground=row.keep_ground,
        keep_until=row.keep_until,
        dated_by=row.dated_by,
        in_package=row.in_package,
        source=row.dataset.source,
        source_detail=row.dataset.source_detail,
        purposes=tuple(one.key for one in row.purposes.all()),
    )


def _field(row: Field) -> FieldSpec:
    return FieldSpec(
        name=row.name,
        title=row.title,
        data_type=row.data_type,
        category=row.category.key if row.category else "",
        primary_key=row.primary_key,
        identity=row.identity,
        person=row.person,
        attribute=row.attribute,
        mask=row.mask,
        suppress=row.suppress,
        read_only=row.read_only,
    )
