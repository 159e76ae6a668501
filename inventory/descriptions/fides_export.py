"""The inventory as a Fides file, and in words what that format cannot say."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from inventory.descriptions import fides_masks
from inventory.descriptions.fides_categories import NAMES
from inventory.descriptions.fides_keys import DIRECTIONS_BACK, IDENTITIES_BACK, NESTING, TYPES
from inventory.descriptions.keys import titled
from inventory.descriptions.own import dump
from inventory.descriptions.picture import picture

_ON_COLLECTION = {
    "purposes": "purposes", "keep_until": "until when rows are kept", "dated_by": "what dates a row",
    "in_package": "that a collection is not shown to the person", "erase_shared": "what becomes of shared rows",
}  # fmt: skip
_ON_FIELD = {
    "person": "whose value it is in a row about two people", "attribute": "what a correction may name",
    "suppress": "what an opt-out writes", "restrict": "what a restriction writes",
}  # fmt: skip


class _Lost(Counter[str]):
    """What could not be said, and how often."""

    def sentences(self) -> list[str]:
        return [f"Not said in the Fides file: {words} ({count} times)." for words, count in sorted(self.items())]


def export_fides() -> tuple[str, list[str]]:
    """(the inventory as a Fides file, what that file does not say)."""
    lost, held = _Lost(), picture()
    data: dict[str, Any] = {}
    own = [one for one in held["categories"] if one["key"] not in NAMES]
    if own:
        data["data_category"] = [_category(one) for one in own]
    if any(one.get("mask") for one in held["categories"]):
        lost["a category's mask"] += sum(bool(one.get("mask")) for one in held["categories"])
    if any(one.get("sensitive") for one in own):
        lost["that a category of your own is sensitive"] += sum(bool(one.get("sensitive")) for one in own)
    data["system"] = [_system(one) for one in held["systems"] if one.get("datasets")]
    data["dataset"] = [_dataset(dataset, lost) for system in held["systems"] for dataset in system.get("datasets", [])]
    return dump(data), lost.sentences()


def _category(one: Mapping[str, Any]) -> dict[str, Any]:
    above = one["key"].rpartition(".")[0]
    return {"fides_key": one["key"], "name": one["name"], **({"parent_key": above} if above else {})}


def _system(one: Mapping[str, Any]) -> dict[str, Any]:
    words = {"description": one["description"]} if one.get("description") else {}
    keys = [each["key"] for each in one["datasets"]]
    return {"fides_key": one["key"], "name": one["name"], **words, "system_type": "Service",
            "privacy_declarations": [], "dataset_references": keys}  # fmt: skip


def _dataset(one: Mapping[str, Any], lost: _Lost) -> dict[str, Any]:
    found: dict[str, Any] = {"fides_key": one["key"], "name": one["name"]}
    if one.get("description"):
        found["description"] = one["description"]
    if one.get("source") or one.get("source_detail"):
        lost["where data comes from"] += 1
    if one.get("after"):
        found["fides_meta"] = {"after": one["after"]}
    found["collections"] = [_collection(each, lost) for each in one["collections"]]
    return found


def _collection(one: Mapping[str, Any], lost: _Lost) -> dict[str, Any]:
    found: dict[str, Any] = {"name": one["name"]}
    if one.get("description"):
        found["description"] = one["description"]
    if one["title"] != titled(one["name"]):
        lost["titles of collections"] += 1
    for key, words in _ON_COLLECTION.items():
        if key in one:
            lost[words] += 1
    meta: dict[str, Any] = {key: one[key] for key in ("after", "erase_after") if one.get(key)}
    keyed = any(each.get("primary_key") for each in one["fields"])
    if one.get("skip") and keyed:
        meta["skip_processing"] = True
    erase = one.get("erase", "delete")
    if erase == "delete":
        meta["masking_strategy_override"] = {"strategy": "delete"}
    elif erase == "keep":
        lost["that rows are kept, and why; their fields are marked read_only instead"] += 1
    found |= {"fides_meta": meta} if meta else {}
    found["fields"] = _fields(one["fields"], lost, frozen=erase == "keep")
    return found


def _fields(given: list[Mapping[str, Any]], lost: _Lost, *, frozen: bool) -> list[dict[str, Any]]:
    """Dotted names as documents with fields in them."""
    top: list[dict[str, Any]] = []
    known: dict[str, dict[str, Any]] = {}

    def node(path: str) -> dict[str, Any]:
        if path not in known:
            above, _, name = path.rpartition(".")
            known[path] = {"name": name}
            (node(above).setdefault("fields", []) if above else top).append(known[path])
        return known[path]

    for one in given:
        node(one["name"]).update(_field(one, lost, frozen=frozen))
    for path, made in known.items():
        made["fields"] = made.pop("fields") if "fields" in made else None
        if made["fields"] is None:
            del made["fields"]
        elif made.get("fides_meta", {}).get("data_type") not in NESTING:
            known[path]["fides_meta"] = {**made.get("fides_meta", {}), "data_type": "object"}
    return top


def _field(one: Mapping[str, Any], lost: _Lost, *, frozen: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if one.get("title"):
        found["description"] = one["title"]
    if one.get("category"):
        found["data_categories"] = [one["category"]]
    for key, words in _ON_FIELD.items():
        if key in one:
            lost[words] += 1
    meta = _meta(one, lost, frozen=frozen)
    if links := [_reference(each, lost) for each in one.get("references", [])]:
        meta["references"] = links
    return {**found, **({"fides_meta": meta} if meta else {})}


def _meta(one: Mapping[str, Any], lost: _Lost, *, frozen: bool) -> dict[str, Any]:
    meta: dict[str, Any] = {"primary_key": True} if one.get("primary_key") else {}
    kind = one.get("data_type", "string")
    if kind in TYPES:
        meta["data_type"] = kind
    else:
        lost[f"the type {kind}"] += 1
    if one.get("identity"):
        meta["identity"] = IDENTITIES_BACK.get(one["identity"], one["identity"])
    if one.get("length"):
        meta["length"] = one["length"]
    if one.get("read_only") or (frozen and one.get("category")):
        meta["read_only"] = True
    if one.get("every_element"):
        meta["return_all_elements"] = True
    if one.get("mask"):
        meta["masking_strategy_override"], words = fides_masks.theirs(one["mask"])
        if words:
            lost[f"masks: {words}"] += 1
    return meta


def _reference(one: Mapping[str, Any], lost: _Lost) -> dict[str, Any]:
    dataset, _, field = one["target"].partition(".")
    if one.get("group"):
        lost["that references match together"] += 1
    direction = DIRECTIONS_BACK[one["direction"]]
    return {"dataset": dataset, "field": field, **({"direction": direction} if direction else {})}
