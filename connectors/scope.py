"""Narrows a description to what one piece of work is about: chosen data categories, and strategies chosen for it. Pure.

A category covers what is below it, by whole segments: `contact` covers `contact.email` and never `contacts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from inventory.graph import CollectionSpec, FieldSpec

NOT_ASKED = "not_asked"


def covers(chosen: str, category: str) -> bool:
    """Whether a category is the chosen one or lies below it."""
    return category == chosen or category.startswith(f"{chosen}.")


def narrowed(spec: CollectionSpec, categories: Sequence[str], masks: Mapping[str, Any]) -> CollectionSpec:
    """The description for work limited to `categories` (none: all) with `masks` chosen for it.

    `masks`: "category:contact.email", "collection:dataset.name" or "field:dataset.name.field" -> a mask; the nearest wins.
    A row of which only some fields are asked for is masked and not deleted.
    """
    if not categories and not masks:
        return spec
    fields = tuple(_field(spec, one, categories, masks) for one in spec.fields)
    narrow = replace(spec, fields=fields)
    chosen = masks.get(f"collection:{spec.dataset}.{spec.name}") or {}
    if chosen.get("strategy") == "delete" and spec.erase != "keep":
        narrow = replace(narrow, erase="delete")
    elif chosen and spec.erase == "delete":
        narrow = replace(narrow, erase="mask")
    if not categories:
        return narrow
    before = [one.category for one in spec.fields if one.category]
    after = [one.category for one in fields if one.category]
    if not after:
        return replace(narrow, erase="keep", erase_shared="keep", keep_ground=NOT_ASKED, in_package=False)
    if len(after) < len(before) and narrow.erase == "delete":
        narrow = replace(narrow, erase="mask")
    if len(after) < len(before) and narrow.erase_shared == "delete":
        narrow = replace(narrow, erase_shared="mask")
    return narrow


def _field(spec: CollectionSpec, field: FieldSpec, categories: Sequence[str], masks: Mapping[str, Any]) -> FieldSpec:
    if categories and not any(covers(one, field.category) for one in categories):
        return replace(field, category="", mask=None, suppress=None, restrict=None, attribute="")
    place = f"{spec.dataset}.{spec.name}"
    chosen = masks.get(f"field:{place}.{field.name}")
    if chosen is None and field.category:
        whole = masks.get(f"collection:{place}")
        chosen = whole if whole and whole.get("strategy") != "delete" else _of_category(field.category, masks)
    return field if chosen is None else replace(field, mask=chosen)


def _of_category(category: str, masks: Mapping[str, Any]) -> Any:
    while category:
        if f"category:{category}" in masks:
            return masks[f"category:{category}"]
        category = category.rpartition(".")[0]
    return None
