"""The references of described collections, and what no identifier leads to."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import models

from inventory import mapping
from inventory.descriptions.crossings import references
from inventory.descriptions.lines import rows
from inventory.descriptions.picture import str_path
from inventory.models import Field, Reference
from inventory.walking import walk

BATCH = 400


def link(described: Mapping[str, Mapping[str, Any]]) -> None:
    """Bring the references of these collections in line; `described` by `dataset.collection`."""
    fields = {str_path(one): one for one in Field.objects.select_related("collection__dataset")}
    wanted = {
        (fields[f"{path}.{row['name']}"].pk, fields[target].pk, group): {"direction": direction}
        for path, collection in described.items()
        for row in rows(collection.get("fields"))
        for _, target, direction, group in references(row)
    }
    mine = {fields[f"{path}.{row['name']}"].pk for path, one in described.items() for row in rows(one.get("fields"))}
    gone, changed = list[int](), list[Reference]()
    for one in Reference.objects.all():
        if one.field_id not in mine:
            continue
        said = wanted.pop((one.field_id, one.target_id, one.group), None)
        if said is None:
            gone.append(one.pk)
        elif change(one, said):
            changed.append(one)
    Reference.objects.filter(pk__in=gone).delete()
    new = [
        Reference(field_id=field, target_id=target, group=group, **said)
        for (field, target, group), said in wanted.items()
    ]
    Reference.objects.bulk_create(new, batch_size=BATCH)
    Reference.objects.bulk_update(changed, ["direction"], batch_size=BATCH)


def change(one: models.Model, wanted: Mapping[str, Any]) -> bool:
    """Set what differs; whether anything did."""
    differs = {name: value for name, value in wanted.items() if getattr(one, name) != value}
    for name, value in differs.items():
        setattr(one, name, value)
    return bool(differs)


def out_of_reach(described: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The described collections with personal data that no identifier of any kind leads to, in words."""
    graph = mapping.graph()
    identities = {one.identity for spec in graph.collections.values() for one in spec.fields if one.identity}
    for one in walk(graph, identities).unreached:
        path = ".".join(one.collection)
        if path in described and any(each.category for each in graph.collections[one.collection].fields):
            yield f"{path}: it holds personal data, but no identifier and no reference leads to it, so nobody's rows are found."
