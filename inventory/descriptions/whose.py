"""Whose data it is: a description may not change that in passing. Pure.

A system's role and client decide whether a request is searched there or referred to the client. A file that changes them in
so many words is told of; one that leaves the role empty, or moves a dataset to a system of somebody else, is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inventory.descriptions.keys import Fault, fault
from inventory.descriptions.lines import rows
from inventory.models import System

Given = Mapping[str, Any]
EMPTY = "has no value; write controller (the data is ours) or processor (it is a client's)"


def faults(data: Given, beside: Sequence[Given]) -> Iterator[Fault]:
    """A role without a value, a processor without its client, a dataset that would change hands."""
    others = merged(*beside)
    homes = {key: name for one in beside for key, name in datasets(one).items()}
    for system in rows(data.get("systems")):
        key = str(system.get("key"))
        path = f"systems.{system.get('key') or '?'}"
        if "role" in system and system["role"] is None:
            yield fault(system, path, "role", EMPTY)
            continue
        whole = {**others.get(key, {}), **system}
        if whole.get("role") == System.Role.PROCESSOR and not whole.get("client"):
            yield fault(system, path, "role", "a processor works for somebody: name the client")
        for dataset in rows(system.get("datasets")):
            home = homes.get(str(dataset.get("key")), key)
            if home != key and whose(others.get(home, {})) != whose(whole):
                yield fault(dataset, f"datasets.{dataset['key']}", "", _moved(home, others[home], key, whole))


def _moved(home: str, old: Given, key: str, new: Given) -> str:
    return (
        f"it is in the system {home!r} ({whose(old)}) and stands under {key!r} ({whose(new)}) here, which would change whose "
        "data it is; write its own system, or move it on its page on the desk first"
    )


def whose(system: Given) -> str:
    """Whose data a system holds, in words."""
    if system.get("role") != System.Role.PROCESSOR:
        return "ours"
    return f"of the client {system.get('client') or '?'}"


def merged(*several: Given) -> dict[str, dict[str, Any]]:
    """The systems of several descriptions by their key, what a later one says laid over what an earlier one says."""
    found: dict[str, dict[str, Any]] = {}
    for system in (row for one in several for row in rows(one.get("systems"))):
        found[str(system.get("key"))] = {**found.get(str(system.get("key")), {}), **system}
    return found


def datasets(data: Given) -> dict[str, str]:
    """The system's key by each dataset's key."""
    return {
        str(one.get("key")): str(system.get("key"))
        for system in rows(data.get("systems"))
        for one in rows(system.get("datasets"))
    }


def changes(data: Given, held: Given) -> Iterator[str]:
    """What a sound description changes about whose data it is, and which datasets it moves, in words."""
    before, homes = merged(held), datasets(held)
    after = merged(held, data)
    for key in merged(data):
        if key in before and whose(before[key]) != whose(after[key]):
            yield (
                f"systems.{key}: its data was {whose(before[key])} and is {whose(after[key])} from now on. "
                f"{'Requests are referred to the client' if whose(after[key]) != 'ours' else 'Requests are searched there'}."
            )
    for name, key in datasets(data).items():
        if homes.get(name, key) != key:
            yield f"datasets.{name}: it moves from the system {homes[name]!r} to {key!r}."


def made(data: Given, held: Given) -> Iterator[str]:
    """The systems that only a table's rows name, in words: a key mistyped makes a new system."""
    known = merged(held)
    for key, system in merged(data).items():
        if key not in known:
            yield f"systems.{key}: this system is new, and its data {whose(system)}. If the key was mistyped, mend it."
