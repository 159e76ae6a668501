"""The inventory as one mapping, in the shape of a description: what exports are written from and references are checked
against. A fixed number of queries.
"""

from typing import Any

from django.db import models
from django.db.models import Prefetch

from inventory.descriptions.keys import COLUMNS, default
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, Reference, System

ALWAYS = {"key", "name"}


def picture() -> dict[str, Any]:
    """All of the inventory; what is at its default is left out."""
    links = Reference.objects.select_related("target__collection__dataset").order_by("pk")
    fields = Field.objects.select_related("category").prefetch_related(Prefetch("references", links)).order_by("pk")
    collections = Collection.objects.order_by("name").prefetch_related(
        Prefetch("fields", fields), Prefetch("purposes", Purpose.objects.order_by("key"))
    )
    datasets = Dataset.objects.order_by("key").prefetch_related(Prefetch("collections", collections))
    return {
        "categories": [_row(one) for one in DataCategory.objects.order_by("key")],
        "purposes": [_row(one) for one in Purpose.objects.order_by("key")],
        "systems": [
            _system(one) for one in System.objects.order_by("key").prefetch_related(Prefetch("datasets", datasets))
        ],
    }


def str_path(field: Field) -> str:
    """`dataset.collection.field`."""
    return f"{field.collection.dataset.key}.{field.collection.name}.{field.name}"


def _row(one: models.Model) -> dict[str, Any]:
    found = {}
    for name in COLUMNS[type(one)]:
        value = getattr(one, name)
        if name in ALWAYS or value != default(type(one), name):
            found[name] = str(value) if isinstance(value, str) else value
    return found


def _system(system: System) -> dict[str, Any]:
    datasets = [
        {**_row(dataset), "collections": [_collection(one) for one in dataset.collections.all()]}
        for dataset in system.datasets.all()
    ]
    return {**_row(system), **({"datasets": datasets} if datasets else {})}


def _collection(collection: Collection) -> dict[str, Any]:
    purposes = [one.key for one in collection.purposes.all()]
    return {
        **_row(collection),
        **({"purposes": purposes} if purposes else {}),
        "fields": [_field(one) for one in collection.fields.all()],
    }


def _field(field: Field) -> dict[str, Any]:
    row = _row(field)
    if field.category:
        row["category"] = field.category.key
    references = [_reference(one) for one in field.references.all()]
    return {**row, **({"references": references} if references else {})}


def _reference(link: Reference) -> dict[str, str]:
    row = {"target": str_path(link.target), "direction": str(link.direction)}
    return {**row, **({"group": link.group} if link.group else {})}
