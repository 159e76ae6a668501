"""What is wrong with a description, each with file, line and path. Reads no rows: what the inventory holds already is given
as a second description (`beside`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from inventory import masks, storable
from inventory.descriptions import crossings, whose
from inventory.descriptions.keys import COLUMNS, NEEDED, Fault, allowed, fault
from inventory.descriptions.lines import items, place, rows
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, Reference, System

CATEGORY_KEY = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
WRITTEN = ("suppress", "restrict")
PARTS: tuple[tuple[str, type[models.Model]], ...] = (
    ("categories", DataCategory), ("purposes", Purpose), ("systems", System),
)  # fmt: skip


def faults(data: Mapping[str, Any], beside: Sequence[Mapping[str, Any]] = ()) -> Iterator[Fault]:
    """Every fault of a description; `beside` are others that it may refer to."""
    for key in data:
        if key not in dict(PARTS):
            words = f"{key!r} is not a known key; known are categories, purposes, systems"
            yield Fault(place(data, key), "the file", "", words)
    known = crossings.index(data, beside)
    for part, model in PARTS:
        yield from lists(data, part, "the file")
        yield from _twice(rows(data.get(part)), "key", part)
        for row in rows(data.get(part)):
            yield from columns(row, model, f"{part}.{row.get('key', '?')}")
    yield from _categories(data)
    yield from _purposes(data, beside)
    seen: list[Mapping[str, Any]] = []
    for system in rows(data.get("systems")):
        yield from lists(system, "datasets", f"systems.{system.get('key', '?')}")
        for dataset in rows(system.get("datasets")):
            seen.append(dataset)
            yield from _dataset(dataset, known)
    yield from _twice(seen, "key", "datasets")
    yield from whose.faults(data, beside)
    yield from crossings.faults(data, known)


def _categories(data: Mapping[str, Any]) -> Iterator[Fault]:
    for row in rows(data.get("categories")):
        path = f"categories.{row.get('key', '?')}"
        if isinstance(row.get("key"), str) and not CATEGORY_KEY.fullmatch(row["key"]):
            words = f"{row['key']!r} is no key; write words with dots between, for example contact.email"
            yield fault(row, path, "key", words)
        yield from _masked(row, path)


def _purposes(data: Mapping[str, Any], beside: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    """A purpose that is new must say why data is used and on what basis; one that is known may be named only."""
    known = [key for one in beside for key in _keys(one, "purposes")]
    for row in rows(data.get("purposes")):
        for key in ("description", "lawful_basis"):
            if row.get(key) is None and row.get("key") not in known:
                yield fault(row, f"purposes.{row.get('key', '?')}", "", f"{key!r} is missing")


def _keys(data: Mapping[str, Any], part: str) -> list[Any]:
    return [row.get("key") for row in rows(data.get(part))]


def _dataset(dataset: Mapping[str, Any], known: crossings.Index) -> Iterator[Fault]:
    key = str(dataset.get("key", "?"))
    yield from columns(dataset, Dataset, f"datasets.{key}")
    yield from lists(dataset, "collections", f"datasets.{key}")
    yield from _twice(rows(dataset.get("collections")), "name", key)
    for row in rows(dataset.get("collections")):
        path = f"{key}.{row.get('name', '?')}"
        yield from columns(row, Collection, path)
        yield from lists(row, "fields", path)
        yield from lists(row, "purposes", path, of=str)
        for one in items(row.get("purposes")):
            if isinstance(one, str) and one not in known.purposes:
                yield fault(row, path, "purposes", f"there is no purpose {one!r}; add it under purposes")
        yield from collection(row, path)
        yield from _twice(rows(row.get("fields")), "name", path)
        for one in rows(row.get("fields")):
            place = f"{path}.{one.get('name', '?')}"
            yield from columns(one, Field, place)
            yield from field(one, place, known.categories)


def collection(row: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """What is wrong with a collection by itself: its key, what its fields say of each other, what is kept."""
    fields = rows(row.get("fields"))
    names = [one.get("name") for one in fields]
    if not any(one.get("primary_key") for one in fields) and not row.get("skip"):
        yield fault(row, path, "", "no field has primary_key: true; without one a row cannot be told from others")
    if row.get("dated_by") and row["dated_by"] not in names:
        yield fault(row, path, "dated_by", f"{row['dated_by']!r} is not a field of the collection")
    if row.get("erase") == Collection.Erase.KEEP and not row.get("keep_ground"):
        yield fault(row, path, "erase", "keep needs a keep_ground, for example legal_obligation")
    for one in fields:
        if one.get("person") and one["person"] not in names:
            words = f"{one['person']!r} is not a field of the collection"
            yield fault(one, f"{path}.{one.get('name', '?')}", "person", words)


def field(row: Mapping[str, Any], path: str, categories: "set[str] | None" = None) -> Iterator[Fault]:
    """What is wrong with a field by itself. `categories` None: they are sound already."""
    category = row.get("category")
    if categories is not None and category is not None and not (isinstance(category, str) and category in categories):
        yield fault(row, path, "category", f"there is no category {category!r}; add it under categories")
    yield from _masked(row, path)
    for key in WRITTEN:
        value = row.get(key)
        if value is not None and (not isinstance(value, Mapping) or set(value) != {"value"}):
            yield fault(row, path, key, 'must say the value to be written, for example {"value": false}')
    if row.get("length") == 0:
        yield fault(row, path, "length", "must be 1 or more")
    if isinstance(row.get("length"), int) and row["length"] > storable.LONGEST_LENGTH:
        yield fault(row, path, "length", f"must be {storable.LONGEST_LENGTH} or less")
    if row.get("primary_key") and row.get("mask") is not None:
        yield fault(row, path, "mask", "a key is never masked; leave the mask out, or erase: delete")
    yield from lists(row, "references", path, of=(str, Mapping))
    for one in items(row.get("references")):
        yield from _reference(row, one, path)


def _reference(row: Mapping[str, Any], one: Any, path: str) -> Iterator[Fault]:
    if not isinstance(one, Mapping):
        return
    for key in one:
        if key not in ("target", "direction", "group"):
            yield fault(
                one, f"{path}.references", key, f"{key!r} is not a known key; known are direction, group, target"
            )
    direction = one.get("direction") or "down"
    if direction not in Reference.Direction.values:
        yield fault(one, f"{path}.references", "", f"direction must be down, up or both, not {direction!r}")
    group = one.get("group")
    if group is not None and (not isinstance(group, str) or len(group) > 40):
        yield fault(one, f"{path}.references", "group", "must be a text of at most 40 characters")
    elif group is not None and storable.text_fault(group):
        yield fault(one, f"{path}.references", "group", storable.text_fault(group))


def _masked(row: Mapping[str, Any], path: str) -> Iterator[Fault]:
    for words in masks.faults(row.get("mask")):
        yield fault(row, path, "mask", words)


def columns(row: Mapping[str, Any], model: type[models.Model], path: str) -> Iterator[Fault]:
    """Unknown keys, missing ones, and values that the column cannot hold."""
    for key in row:
        if key not in allowed(model):
            words = f"{key!r} is not a known key; known are {', '.join(sorted(allowed(model)))}"
            yield Fault(place(row, key), path, "", words)
    for key in NEEDED[model]:
        if row.get(key) is None:
            yield fault(row, path, "", f"{key!r} is missing")
    for key in COLUMNS[model]:
        if row.get(key) is not None:
            for words in value(model, key, row[key]):
                yield fault(row, path, key, words)


def value(model: type[models.Model], key: str, given: Any) -> Iterator[str]:
    """Why a column cannot hold a value, in words; nothing if it can."""
    column: Any = model._meta.get_field(key)
    if isinstance(column, models.BooleanField):
        if not isinstance(given, bool):
            yield f"must be true or false, not {given!r}"
    elif isinstance(column, models.IntegerField):
        if not isinstance(given, int) or isinstance(given, bool) or given < 0:
            yield f"must be a whole number, not {given!r}"
    elif isinstance(column, models.JSONField):
        yield from _json(given, named=column.default is list)
    elif not isinstance(given, str):
        yield f"must be a text, not {given!r}; put it in quotes"
    elif column.choices and given not in dict(column.flatchoices):
        yield f"must be one of {', '.join(dict(column.flatchoices))}, not {given!r}"
    else:
        if words := storable.text_fault(given):
            yield words
        try:
            column.clean(given, None)
        except ValidationError as error:
            yield from (one[:1].lower() + one[1:].rstrip(".") for one in error.messages)


def _json(given: Any, *, named: bool) -> Iterator[str]:
    if named:
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            yield "must be a list of names"
        return
    if words := storable.json_fault(given):
        yield words


def lists(row: Mapping[str, Any], key: str, path: str, of: Any = Mapping) -> Iterator[Fault]:
    """A key that must hold a list, and what its items must be."""
    given = row.get(key)
    if given is None:
        return
    if not isinstance(given, list):
        yield fault(row, path, key, "must be a list")
    elif not all(isinstance(one, of) for one in given):
        yield fault(row, path, key, "must be a list of mappings" if of is Mapping else "must be a list of names")


def _twice(several: Sequence[Mapping[str, Any]], key: str, path: str) -> Iterator[Fault]:
    seen: dict[Any, Mapping[str, Any]] = {}
    for row in several:
        name = row.get(key)
        if isinstance(name, str):
            if name in seen:
                line = getattr(seen[name], "line", 0)
                yield fault(row, path, "", f"{name!r} is there twice" + (f", first in line {line}" if line else ""))
            seen.setdefault(name, row)
