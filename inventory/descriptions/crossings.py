"""What a description says about other parts of the inventory: references, and the order of searching and erasing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory.descriptions.circles import circles
from inventory.descriptions.keys import Fault, fault
from inventory.descriptions.lines import rows

Rows = dict[str, Mapping[str, Any]]


@dataclass
class Index:
    """Everything that can be named: by a description, or by the ones beside it."""

    categories: set[str] = field(default_factory=set)
    purposes: set[str] = field(default_factory=set)
    datasets: Rows = field(default_factory=dict)
    collections: Rows = field(default_factory=dict)
    fields: Rows = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)  # the collection of each field
    own: set[str] = field(default_factory=set)  # the datasets and collections of the description itself


def index(data: Mapping[str, Any], beside: Sequence[Mapping[str, Any]] = ()) -> Index:
    """The names of a description and of those beside it. What the description says of a collection goes before theirs."""
    found = Index()
    for one in (*beside, data):
        found.categories |= {row["key"] for row in rows(one.get("categories")) if isinstance(row.get("key"), str)}
        found.purposes |= {row["key"] for row in rows(one.get("purposes")) if isinstance(row.get("key"), str)}
        for dataset in datasets(one):
            found.datasets[str(dataset.get("key"))] = dataset
            if one is data:
                found.own.add(str(dataset.get("key")))
            for path, row in collections(dataset):
                found.collections[path] = row
                if one is data:
                    found.own.add(path)
    for path, row in found.collections.items():
        for each in rows(row.get("fields")):
            found.fields[f"{path}.{each.get('name')}"] = each
            found.homes[f"{path}.{each.get('name')}"] = path
    return found


def datasets(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All datasets of a description."""
    for system in rows(data.get("systems")):
        yield from rows(system.get("datasets"))


def collections(dataset: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The collections of a dataset by their path."""
    for row in rows(dataset.get("collections")):
        yield f"{dataset.get('key')}.{row.get('name')}", row


def references(row: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, str, str]]:
    """(where it stands, target, direction, group) of each reference of a field."""
    given = row.get("references")
    for one in given if isinstance(given, list) else []:
        if isinstance(one, str):
            yield row, one, "down", ""
        elif isinstance(one, Mapping):
            yield one, str(one.get("target")), str(one.get("direction") or "down"), str(one.get("group") or "")


def faults(data: Mapping[str, Any], known: Index) -> Iterator[Fault]:
    """References to nowhere, orders that name nothing, and orders that go round in a circle."""
    for dataset in datasets(data):
        key = str(dataset.get("key"))
        for name in _names(dataset, "after"):
            if name not in known.datasets:
                yield fault(dataset, f"datasets.{key}", "after", f"there is no dataset {name!r}; write a dataset's key")
        for path, row in collections(dataset):
            for word in ("after", "erase_after"):
                yield from _named(row, path, word, known)
            yield from _referring(row, path, known)
            yield from _alone(row, path)
    yield from _circles(known)


def _names(row: Mapping[str, Any], key: str) -> list[str]:
    given = row.get(key)
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []


def _named(row: Mapping[str, Any], path: str, word: str, known: Index) -> Iterator[Fault]:
    for name in _names(row, word):
        if name not in known.collections:
            yield fault(row, path, word, f"there is no collection {name!r}; write dataset.collection")


def _referring(row: Mapping[str, Any], path: str, known: Index) -> Iterator[Fault]:
    groups: dict[tuple[str, str], str] = {}
    for each in rows(row.get("fields")):
        here, seen = f"{path}.{each.get('name')}", set[tuple[str, str]]()
        for at, target, direction, group in references(each):
            if target not in known.fields:
                yield fault(at, here, "references", _missing(target, known))
                continue
            if target == here:
                yield fault(at, here, "references", "a field cannot refer to itself")
            if (target, group) in seen:
                words = f"{target!r} is named twice; give each key of several columns a group of its own"
                yield fault(at, here, "references", words)
            seen.add((target, group))
            home = known.homes[target]
            if left_out(known.collections[home]):
                yield fault(at, here, "references", f"{home!r} is left out (skip: true), so nothing can refer to it")
            if group and groups.setdefault((home, group), direction) != direction:
                yield fault(at, here, "references", f"the references of the group {group!r} have different directions")


def _alone(row: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """Groups of one reference: the rest of a key of several columns, which leads to more rows than the whole key."""
    groups: dict[tuple[str, str], list[tuple[Mapping[str, Any], str]]] = {}
    for each in rows(row.get("fields")):
        for at, target, _, group in references(each):
            if group:
                groups.setdefault((target.rpartition(".")[0], group), []).append((at, f"{path}.{each.get('name')}"))
    for (_, group), found in groups.items():
        if len(found) == 1:
            words = (
                f"the group {group!r} has one reference only; add those of its other columns, or leave the group out"
            )
            yield fault(found[0][0], found[0][1], "references", words)


def left_out(collection: Mapping[str, Any]) -> bool:
    """Whether a collection is left out by choice. One without a key is left out for want of it, and may be referred to."""
    return bool(collection.get("skip")) and any(one.get("primary_key") for one in rows(collection.get("fields")))


def _missing(target: str, known: Index) -> str:
    dataset, _, rest = target.partition(".")
    if dataset not in known.datasets:
        words = f"there is no dataset {dataset!r}"
    elif not any(target.startswith(f"{path}.") for path in known.collections):
        words = f"the dataset {dataset!r} has no collection {rest.partition('.')[0]!r}"
    else:
        home = max((path for path in known.collections if target.startswith(f"{path}.")), key=len)
        words = f"the collection {home!r} has no field {target[len(home) + 1 :]!r}"
    return f"{target!r} is not described: {words}; write dataset.collection.field"


def _circles(known: Index) -> Iterator[Fault]:
    yield from _told(circles({key: _names(row, "after") for key, row in known.datasets.items()}), "after", known)
    erased = {path: _names(row, "erase_after") for path, row in known.collections.items()}
    yield from _told(circles(erased), "erase_after", known)
    # A collection waits for what it names and for what its dataset names; a dataset stands for all of its collections.
    waiting: dict[str, list[str]] = {key: [] for key in known.datasets}
    for path, row in known.collections.items():
        dataset = path.removesuffix(f".{row.get('name')}")
        waiting[path] = [*_names(row, "after"), *_names(known.datasets[dataset], "after")]
        waiting[dataset].append(path)
    mixed = (one for one in circles(waiting) if any(name in known.collections and _names(known.collections[name], "after")
             for name in one))  # fmt: skip
    yield from _told(mixed, "after", known)


def _told(found: Iterable[list[str]], word: str, known: Index) -> Iterator[Fault]:
    for circle in found:
        mine = next((name for name in circle if name in known.own and _names(_row(name, known), word)), "")
        if mine:
            path = mine if mine in known.collections else f"datasets.{mine}"
            yield fault(_row(mine, known), path, word, _round(circle))


def _row(name: str, known: Index) -> Mapping[str, Any]:
    return known.collections.get(name) or known.datasets[name]


def _round(circle: Sequence[str]) -> str:
    return f"the order goes round in a circle: {' after '.join((*circle, circle[0]))}; take one of them out"
