"""A company's data described in YAML: read, checked as a whole, and only then written to the inventory.

The file holds `categories`, `purposes` and `systems`; systems hold datasets, datasets collections, collections fields. A
field's `references` are `dataset.collection.field`, or a mapping with `target` and `direction` (down, up, both). Loading is
repeatable: rows are found by their key and brought in line; fields and references that left the file leave the inventory.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, Reference, System

CATEGORY = {"key", "name", "sensitive"}
PURPOSE = {"key", "name", "description", "lawful_basis", "required", "consequence", "sale_or_sharing"}
SYSTEM = {"key", "name", "description", "role", "client", "client_contact", "owner", "region", "datasets"}
DATASET = {"key", "name", "description", "source", "source_detail", "collections"}
COLLECTION = {
    "name", "title", "description", "purposes", "erase", "erase_shared", "keep_ground", "keep_until", "dated_by",
    "in_package", "fields",
}  # fmt: skip
FIELD = {
    "name", "title", "data_type", "category", "primary_key", "identity", "person", "attribute", "mask", "suppress",
    "read_only", "references",
}  # fmt: skip
NEEDED = {"key", "name"}


def read(text: str, file: str) -> dict[str, Any]:
    """The description in a YAML text, checked. Raises Refused with every fault, each with file and path."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Refused(f"{file}: line {mark.line + 1 if mark else '?'} is not YAML.", code="not_yaml") from error
    if not isinstance(data, dict):
        raise Refused(f"{file}: a description is a mapping with categories, purposes and systems.", code="not_mapping")
    faults = [f"{file}: {fault}" for fault in _faults(data)]
    if faults:
        raise Refused("\n".join(faults), code="description")
    return data


def _faults(data: Mapping[str, Any]) -> Iterator[str]:
    yield from _keys(data, {"categories", "purposes", "systems"}, set(), "the file")
    for part, allowed in (("categories", CATEGORY), ("purposes", PURPOSE), ("systems", SYSTEM)):
        for row in data.get(part, []):
            yield from _keys(row, allowed, NEEDED, f"{part}.{row.get('key', '?')}")
    categories = {row.get("key") for row in data.get("categories", [])}
    purposes = {row.get("key") for row in data.get("purposes", [])}
    fields = {path for path, _ in _all_fields(data)}
    for dataset in _all_datasets(data):
        yield from _keys(dataset, DATASET, NEEDED, f"datasets.{dataset.get('key', '?')}")
        for collection in dataset.get("collections", []):
            path = f"{dataset.get('key', '?')}.{collection.get('name', '?')}"
            yield from _keys(collection, COLLECTION, {"name", "title", "fields"}, path)
            for key in set(collection.get("purposes", [])) - purposes:
                yield f"{path}.purposes: there is no purpose {key!r}; add it under purposes"
            yield from _collection_faults(collection, path, categories, fields)


def _collection_faults(
    collection: Mapping[str, Any], path: str, categories: set[Any], fields: set[str]
) -> Iterator[str]:
    rows = collection.get("fields", [])
    names = {row.get("name") for row in rows}
    if not any(row.get("primary_key") for row in rows):
        yield f"{path}: no field has primary_key: true; without one a row cannot be told from others"
    if collection.get("dated_by") and collection["dated_by"] not in names:
        yield f"{path}.dated_by: {collection['dated_by']!r} is not a field of the collection"
    if collection.get("erase") == "keep" and not collection.get("keep_ground"):
        yield f"{path}.erase: keep needs a keep_ground, for example legal_obligation"
    for row in rows:
        place = f"{path}.{row.get('name', '?')}"
        yield from _keys(row, FIELD, {"name"}, place)
        if row.get("category") and row["category"] not in categories:
            yield f"{place}.category: there is no category {row['category']!r}; add it under categories"
        if row.get("person") and row["person"] not in names:
            yield f"{place}.person: {row['person']!r} is not a field of the collection"
        for target, direction in _references(row):
            if target not in fields:
                yield f"{place}.references: {target!r} is not described; write dataset.collection.field"
            if direction not in Reference.Direction.values:
                yield f"{place}.references: direction must be down, up or both, not {direction!r}"


def _keys(row: Any, allowed: set[str], needed: set[str], path: str) -> Iterator[str]:
    if not isinstance(row, Mapping):
        yield f"{path}: must be a mapping"
        return
    for key in row:
        if key not in allowed:
            yield f"{path}: {key!r} is not a known key; known are {', '.join(sorted(allowed))}"
    for key in sorted(needed):
        if key not in row:
            yield f"{path}: {key!r} is missing"


def _all_datasets(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for system in data.get("systems", []):
        yield from system.get("datasets", []) or []


def _all_fields(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for dataset in _all_datasets(data):
        for collection in dataset.get("collections", []):
            for row in collection.get("fields", []):
                yield f"{dataset.get('key')}.{collection.get('name')}.{row.get('name')}", row


def _references(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in row.get("references", []) or []:
        if isinstance(one, str):
            yield one, Reference.Direction.DOWN.value
        else:
            yield str(one.get("target")), str(one.get("direction", Reference.Direction.DOWN.value))


def load(data: Mapping[str, Any], *, actor: Actor) -> None:
    """Bring the inventory in line with a checked description, in one transaction."""
    with log.atomic():
        for row in data.get("categories", []):
            DataCategory.objects.update_or_create(key=row["key"], defaults=_rest(row, "key"))
        for row in data.get("purposes", []):
            Purpose.objects.update_or_create(key=row["key"], defaults=_rest(row, "key"))
        for row in data.get("systems", []):
            system, _ = System.objects.update_or_create(key=row["key"], defaults=_rest(row, "key", "datasets"))
            for dataset in row.get("datasets", []) or []:
                _dataset(system, dataset)
            log.record("inventory.described", actor=actor, noun=system, system=system.key)
        _link(data)


def _rest(row: Mapping[str, Any], *without: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in without}


def _dataset(system: System, row: Mapping[str, Any]) -> None:
    values = {"system": system, **_rest(row, "key", "collections")}
    dataset, _ = Dataset.objects.update_or_create(key=row["key"], defaults=values)
    for one in row.get("collections", []):
        collection, _ = Collection.objects.update_or_create(
            dataset=dataset, name=one["name"], defaults=_rest(one, "name", "purposes", "fields")
        )
        collection.purposes.set(Purpose.objects.filter(key__in=one.get("purposes", [])))
        _fields(collection, one["fields"])


def _fields(collection: Collection, rows: list[Mapping[str, Any]]) -> None:
    categories = {one.key: one for one in DataCategory.objects.all()}
    for row in rows:
        values = _rest(row, "name", "category", "references")
        values["category"] = categories.get(row.get("category", ""))
        Field.objects.update_or_create(collection=collection, name=row["name"], defaults=values)
    collection.fields.exclude(name__in=[row["name"] for row in rows]).delete()


def _link(data: Mapping[str, Any]) -> None:
    fields = {
        f"{one.collection.dataset.key}.{one.collection.name}.{one.name}": one
        for one in Field.objects.select_related("collection__dataset")
    }
    for path, row in _all_fields(data):
        wanted = dict(_references(row))
        fields[path].references.exclude(target__in=[fields[target] for target in wanted]).delete()
        for target, direction in wanted.items():
            Reference.objects.update_or_create(
                field=fields[path], target=fields[target], defaults={"direction": direction}
            )


def export() -> str:
    """The whole inventory as the YAML that `read` takes."""
    data = {
        "categories": [_row(one, CATEGORY) for one in DataCategory.objects.order_by("key")],
        "purposes": [_row(one, PURPOSE) for one in Purpose.objects.order_by("key")],
        "systems": [_system(one) for one in System.objects.order_by("key")],
    }
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)


def _row(one: Any, names: set[str]) -> dict[str, Any]:
    """The fields that differ from their default, in the order of the model."""
    found = {}
    for column in one._meta.concrete_fields:
        value = getattr(one, column.name) if column.name in names else None
        if column.name in names and (value != column.get_default() or column.name in ("key", "name", "title")):
            found[column.name] = str(value) if isinstance(value, str) else value
    return found


def _system(system: System) -> dict[str, Any]:
    datasets = [
        {**_row(dataset, DATASET), "collections": [_collection(one) for one in dataset.collections.order_by("name")]}
        for dataset in system.datasets.order_by("key")
    ]
    return {**_row(system, SYSTEM), **({"datasets": datasets} if datasets else {})}


def _collection(collection: Collection) -> dict[str, Any]:
    fields = []
    for one in collection.fields.select_related("category").order_by("pk"):
        row = _row(one, FIELD - {"category", "references"})
        row.pop("title", None) if not one.title else None
        if one.category:
            row["category"] = one.category.key
        references = [
            {"target": str_path(link.target), "direction": link.direction}
            for link in one.references.select_related("target__collection__dataset").order_by("pk")
        ]
        fields.append({**row, **({"references": references} if references else {})})
    purposes = [one.key for one in collection.purposes.order_by("key")]
    return {**_row(collection, COLLECTION), **({"purposes": purposes} if purposes else {}), "fields": fields}


def str_path(field: Field) -> str:
    """`dataset.collection.field`."""
    return f"{field.collection.dataset.key}.{field.collection.name}.{field.name}"
