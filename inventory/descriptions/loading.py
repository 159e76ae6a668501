"""Brings the inventory in line with a checked description, in one transaction and few queries.

Rows are found by their key. Datasets, collections and fields become what the description says: what it leaves unsaid goes
to its default. Of systems, categories and purposes, which several files may name, only what is said changes. Fields and
references that left a collection leave the inventory; a collection that left its dataset stays, and is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from audit import log
from audit.actor import Actor
from inventory import masks
from inventory.descriptions import linking
from inventory.descriptions.crossings import collections, datasets
from inventory.descriptions.keys import COLUMNS, default
from inventory.descriptions.lines import rows
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, System

BATCH = 400


@dataclass
class Loaded:
    """What loading did. `notes`: what somebody should look at, in words."""

    collections: int = 0
    fields: int = 0
    notes: list[str] = field(default_factory=list)


def load(data: Mapping[str, Any], *, actor: Actor) -> Loaded:
    """Bring the inventory in line with a checked description; what was done. One event per system."""
    done = Loaded()
    with log.atomic():
        for row in rows(data.get("categories")):
            DataCategory.objects.update_or_create(key=row["key"], defaults=_said(row, DataCategory))
        for row in rows(data.get("purposes")):
            Purpose.objects.update_or_create(key=row["key"], defaults=_said(row, Purpose))
        for row in rows(data.get("systems")):
            system, _ = System.objects.update_or_create(key=row["key"], defaults=_said(row, System))
            for dataset in rows(row.get("datasets")):
                _dataset(system, dataset, done)
            log.record("inventory.described", actor=actor, noun=system, system=system.key)
        _fields(data, done)
        linking.link(paths(data))
        done.notes += linking.out_of_reach(paths(data))
    return done


def _said(row: Mapping[str, Any], model: type[models.Model]) -> dict[str, Any]:
    """The columns that a row names; one that it names without a value goes to its default."""
    return {
        name: default(model, name) if row[name] is None else _plain(name, row[name])
        for name in COLUMNS[model]
        if name in row
    }


def _whole(row: Mapping[str, Any], model: type[models.Model]) -> dict[str, Any]:
    """All columns: what the row says, else the default."""
    return {name: default(model, name) for name in COLUMNS[model]} | _said(row, model)


def _plain(name: str, value: Any) -> Any:
    return masks.normal(value) if name == "mask" else value


def _dataset(system: System, row: Mapping[str, Any], done: Loaded) -> None:
    values = {"system": system, **_whole(row, Dataset)}
    dataset, _ = Dataset.objects.update_or_create(key=row["key"], defaults=values)
    held = {one.name: one for one in dataset.collections.prefetch_related("purposes")}
    purposes = {one.key: one for one in Purpose.objects.all()}
    for one in rows(row.get("collections")):
        wanted = {"dataset_id": dataset.pk, **_whole(one, Collection)}
        collection = held.pop(one["name"], None)
        if collection is None:
            collection = Collection.objects.create(**wanted)
        elif linking.change(collection, wanted):
            collection.save()
        keys = set(one.get("purposes") or [])
        if keys != {each.key for each in collection.purposes.all()}:
            collection.purposes.set([purposes[key] for key in keys])
        done.collections += 1
    for name in sorted(held):
        words = "is not in the description any more. It stays in the inventory; to leave it out of searches, skip it"
        done.notes.append(f"{dataset.key}.{name}: {words}.")


def paths(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The collections of a description by `dataset.collection`."""
    return {path: row for dataset in datasets(data) for path, row in collections(dataset)}


def _homes(data: Mapping[str, Any]) -> dict[str, Collection]:
    keys = [dataset["key"] for dataset in datasets(data)]
    found = Collection.objects.filter(dataset__key__in=keys).select_related("dataset")
    return {f"{one.dataset.key}.{one.name}": one for one in found}


def _fields(data: Mapping[str, Any], done: Loaded) -> None:
    homes, described = _homes(data), paths(data)
    categories = dict(DataCategory.objects.values_list("key", "pk"))
    held: dict[int, dict[str, Field]] = {}
    for field_ in Field.objects.filter(collection__dataset__key__in=[one["key"] for one in datasets(data)]):
        held.setdefault(field_.collection_id, {})[field_.name] = field_
    new, changed, gone = list[Field](), list[Field](), list[Field]()
    for path, row in described.items():
        home = homes[path]
        left = held.get(home.pk, {})
        for one in rows(row.get("fields")):
            category = categories[one["category"]] if one.get("category") else None
            wanted = {"collection_id": home.pk, "category_id": category, **_whole(one, Field)}
            before = left.pop(one["name"], None)
            if before is None:
                new.append(Field(**wanted))
            elif linking.change(before, wanted):
                changed.append(before)
            done.fields += 1
        for lost in left.values():
            gone.append(lost)
            done.notes.append(f"{path}.{lost.name}: left the description and was removed, with references to it.")
    Field.objects.filter(pk__in=[one.pk for one in gone]).delete()
    Field.objects.bulk_create(new, batch_size=BATCH)
    columns = [*COLUMNS[Field], "category"]
    Field.objects.bulk_update(changed, columns, batch_size=BATCH)
