"""What a request may be narrowed by: identifiers, data categories and masks that exist. For intake and for a plan explained."""

from collections.abc import Iterable, Mapping
from typing import Any

from audit.refusal import Refused
from connectors import scope
from inventory import masks as mask_rules
from inventory.models import Collection, DataCategory, Field
from subjects import identifiers

TARGETS = "category:KEY, collection:DATASET.NAME or field:DATASET.NAME.FIELD"


def check(kinds: Iterable[str], categories: Iterable[str], masks: Mapping[str, Any]) -> None:
    """Raises Refused (fields "identifiers", "categories", "masks") for the first that is not there or does not fit."""
    for kind in kinds:
        if kind not in identifiers.NORMAL_FORMS:
            known = ", ".join(sorted(identifiers.NORMAL_FORMS))
            raise Refused(
                f"There is no identifier {kind!r}; known are {known}.", code="identifier_unknown", field="identifiers"
            )
    there = set(DataCategory.objects.values_list("key", flat=True)) if categories or masks else set()
    for key in categories:
        if not any(scope.covers(key, one) for one in there):
            raise Refused(f"No data category is or lies below {key!r}.", code="category_unknown", field="categories")
    for target, mask in masks.items():
        _mask(target, mask, there)


def _mask(target: str, mask: Any, categories: set[str]) -> None:
    kind, _, name = target.partition(":")
    if kind not in ("category", "collection", "field") or not name:
        raise Refused(f"Write {TARGETS}, not {target!r}.", code="mask_target", field="masks")
    if not _there(kind, name, categories):
        raise Refused(f"There is no {kind} {name!r} to be masked.", code="mask_target", field="masks")
    if kind == "collection" and isinstance(mask, Mapping) and dict(mask) == {"strategy": "delete"}:
        return
    for fault in mask_rules.faults(mask) if mask is not None else ("a mask names its strategy",):
        raise Refused(f"{target}: {fault}.", code="mask_unknown", field="masks")


def _there(kind: str, name: str, categories: set[str]) -> bool:
    if kind == "category":
        return any(scope.covers(name, one) for one in categories)
    if kind == "field":
        collection, _, field = name.rpartition(".")
        dataset, _, collection = collection.partition(".")
        rows = Field.objects.filter(collection__dataset__key=dataset, collection__name=collection, name=field)
        return rows.exists()
    dataset, _, collection = name.partition(".")
    return Collection.objects.filter(dataset__key=dataset, name=collection).exists()
