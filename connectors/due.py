"""Rows whose time is over, in a system of any kind: found, counted, and looked at once more before they go.

A kind may have methods of its own for it (`find_due`, `due_among`, `count_due`), which let the system do the work; otherwise
rows are found by each date, and their dates are read here. A date of another collection needs a kind that follows references.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from connectors.kinds import base
from inventory.dating import Counted, Due, resolve
from inventory.graph import CollectionSpec, Graph

AT_ONCE = 1000
LAST_DAY = date(9999, 12, 31)


def dated(graph: Graph, spec: CollectionSpec, criteria: Mapping[str, Any]) -> CollectionSpec:
    """The description for a batch that works by date. Raises Permanent when a date is described no more. Rows of people who
    withdrew their consent have none: they are as described.
    """
    if "purpose" in criteria:
        return spec
    words = criteria.get("dates") or [criteria["field"]]
    try:
        return replace(spec, due=resolve(graph, spec.key, words, date.fromisoformat(criteria["before"])))
    except ValueError as error:
        raise base.Permanent("schema", f"{error} Mend the schedule or the description, then retry.") from None


def _of(spec: CollectionSpec) -> Due:
    assert spec.due is not None
    return spec.due


def find(kind: base.Kind, spec: CollectionSpec) -> Iterator[base.Found]:
    """The rows that are due, each once."""
    due, own = _of(spec), getattr(kind, "find_due", None)
    if due.single:
        yield from kind.find_before(spec, due.single, due.before)
    elif own is not None:
        yield from own(spec)
    else:
        _refuse_parents(spec, due)
        seen = set[tuple[str, ...]]()
        for name in due.own:
            for some in _portions(kind.find_before(spec, name, due.before)):
                new = {mark: one for one in some if (mark := _mark(one.key)) not in seen}
                seen.update(new)
                yield from (new[_mark(key)] for key in among(kind, spec, [one.key for one in new.values()]))


def among(kind: base.Kind, spec: CollectionSpec, keys: Sequence[base.Key]) -> list[base.Key]:
    """Those of these rows that are due now; all, where no date tells it."""
    if spec.due is None:
        return list(keys)
    due, own = _of(spec), getattr(kind, "due_among", None)
    if own is not None:
        return list(own(spec, keys))
    _refuse_parents(spec, due)
    names = tuple(dict.fromkeys((*spec.primary_key, *due.own)))
    rows = kind.read(spec, names, keys)
    return [tuple(row[name] for name in spec.primary_key) for row in rows if due.holds(row)]


def count(kind: base.Kind, spec: CollectionSpec, days: Sequence[date]) -> Counted:
    """How many rows are due at each of these days. One question where the system counts itself, else one pass over the rows."""
    due, own = _of(spec), getattr(kind, "count_due", None)
    if own is not None:
        found: Counted = own(spec, days)
        return found
    _refuse_parents(spec, due)
    past, oldest = [0] * len(days), None
    for some in _portions(find(kind, replace(spec, due=replace(due, before=max(days))))):
        for row in kind.read(spec, due.own, [one.key for one in some]):
            on = due.on(row)
            if on is None:
                continue
            oldest = on if oldest is None else min(oldest, on)
            for place, day in enumerate(days):
                past[place] += on < day
    return Counted(tuple(past), oldest_on=oldest)


def _refuse_parents(spec: CollectionSpec, due: Due) -> None:
    if due.parents:
        raise base.Permanent(
            "schema",
            f"This kind of system cannot date rows of {spec.place} by another collection. Choose a field of their own.",
        )


def _mark(key: base.Key) -> tuple[str, ...]:
    return tuple(map(str, key))


def _portions(rows: Iterator[base.Found]) -> Iterator[list[base.Found]]:
    some: list[base.Found] = []
    for one in rows:
        some.append(one)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some
