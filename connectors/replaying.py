"""Work that was done before and is done again, because its system was restored from an older backup.

The same engine, chunks, holds and read-back as the first time. What differs: many people whose work was the same go as one
batch, and only the restored system is searched. What once led here from another system is gone there, so its values come
with the work as `links`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Q, Sum

from audit import log
from audit.actor import Actor
from connectors import batches
from connectors.models import Authorisation, Batch, Finding, Receipt, WorkOrder
from connectors.planning import freeze, thaw
from inventory import mapping
from inventory.graph import CollectionSpec, Graph, Link, Name, Step, Walk
from inventory.models import System
from inventory.walking import walk

NOT_DONE_BEFORE = "not_done_before"
LINK = "link:"
Place = tuple[str, str, str, bool]  # dataset, collection, via, shared


@dataclass(frozen=True)
class Again:
    """What is done again for some people: `links` are values by "dataset.collection.field"; `kept` and `acts` say what was
    decided otherwise than described; `only`: no other collections than these (for what writes and does not erase).
    """

    operation: str
    identities: Mapping[str, Sequence[str]] = field(default_factory=dict)
    links: Mapping[str, Sequence[str]] = field(default_factory=dict)
    categories: Sequence[str] = ()
    masks: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[Place, str] = field(default_factory=dict)
    acts: Mapping[Place, str] = field(default_factory=dict)
    only: Sequence[Name] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    criteria: Mapping[str, Any] = field(default_factory=dict)


def open_search(again: Again, system: System, *, origin: str, actor: Actor) -> Batch | None:
    """Open the search in the restored system; None when nothing that we know leads there."""
    graph = mapping.graph()
    identities = {kind: list(dict.fromkeys(values)) for kind, values in again.identities.items() if values}
    if again.criteria:
        name: Name = (again.criteria["collection"][0], again.criteria["collection"][1])
        if name not in graph.collections:
            return None
        sub, plan = Graph({name: graph.collections[name]}), Walk(steps=[Step(name, (), 0)], erase_order=[name])
    else:
        sub = _within(graph, system.key, again.links, identities)
        plan = walk(sub, identities)
    if not plan.steps:
        return None
    with log.atomic():
        batch = Batch.objects.create(
            reason=Batch.Reason.REPLAY, origin=origin, identities=identities, criteria=dict(again.criteria),
            plan=freeze(plan, sub), categories=list(again.categories), masks=dict(again.masks),
        )  # fmt: skip
        waves = sorted({one.step.wave for one in thaw(batch.plan)})
        WorkOrder.objects.bulk_create(
            WorkOrder(batch=batch, system=system, operation=WorkOrder.Operation.FIND, wave=wave) for wave in waves
        )
        log.record("batch.opened", actor=actor, noun=batch, origin=origin, steps=len(plan.steps), unreached=0)
    return batch


def _within(graph: Graph, system: str, links: Mapping[str, Sequence[str]], identities: dict[str, list[str]]) -> Graph:
    """The system's own part of the picture; a field that another system led to becomes one to start from."""
    found = {}
    for name, spec in graph.collections.items():
        if spec.system != system:
            continue
        fields = []
        for one in spec.fields:
            values = links.get(f"{spec.place}.{one.name}")
            if values:
                kind = one.identity or f"{LINK}{spec.place}.{one.name}"
                identities[kind] = list(dict.fromkeys([*identities.get(kind, ()), *values]))
                one = replace(one, identity=kind)
            fields.append(one)
        found[name] = replace(spec, fields=tuple(fields))
    return Graph(found, tuple(link for link in graph.links if link.parent in found and link.child in found))


def authorise(batch: Batch, again: Again, *, sealed: str, actor: Actor) -> Authorisation | None:
    """Decide as was decided then, and allow the work. None when there is nothing to do it to. Raises Refused."""
    with log.atomic():
        decide(batch, again)
        if not _touched(batch).filter(rows__gt=0).exists():
            return None
        return batches.authorise(
            batch, operation=again.operation, basis=Authorisation.Basis.REPLAY, sealed=sealed,
            changes=dict(again.changes), actor=actor,
        )  # fmt: skip


def decide(batch: Batch, again: Again) -> None:
    """Put the decisions of then on what the search found now. Safe to repeat until work was authorised."""
    for place, ground in again.kept.items():
        _at(batch, place).update(decision=Finding.Decision.KEEP, ground=ground or NOT_DONE_BEFORE)
    for place, action in again.acts.items():
        named = {} if action != "keep" else {"ground": "rights_of_others"}
        _at(batch, place).exclude(decision=Finding.Decision.KEEP).update(action=action, **named)
    if again.only:
        wanted = Q(pk=None)
        for dataset, collection in again.only:
            wanted |= Q(dataset=dataset, collection=collection)
        rest = batch.findings.filter(decision=Finding.Decision.INCLUDE).exclude(wanted)
        rest.update(decision=Finding.Decision.KEEP, ground=NOT_DONE_BEFORE)


def _at(batch: Batch, place: Place) -> Any:
    dataset, collection, via, shared = place
    return batch.findings.filter(dataset=dataset, collection=collection, via=via, shared=shared)


def _touched(batch: Batch) -> Any:
    return batch.findings.filter(decision=Finding.Decision.INCLUDE).exclude(action="keep")


@dataclass(frozen=True)
class Sums:
    """Rows that the search found for the work, that it left as wanted, that it changed, and that a hold spared."""

    found: int = 0
    done: int = 0
    changed: int = 0
    spared: int = 0


def sums(batch: Batch, operation: str) -> Sums:
    """What was done, from the receipts."""
    receipts = Receipt.objects.filter(order__batch=batch, order__operation=operation)
    made = receipts.aggregate(done=Sum("rows"), changed=Sum("changed"))
    rows = list(_touched(batch))
    spared = sum(int(one.outcome.get("spared", 0)) for one in rows)
    return Sums(sum(one.rows for one in rows), made["done"] or 0, made["changed"] or 0, spared)


def left(batch: Batch) -> int:
    """Rows that a search after an erasure still finds and should not: all that were to be deleted, and masked ones that are
    found through a field that the mask should have changed. Rows that stay and hang on a key that stays are as wanted.
    """
    graph, count = mapping.graph(), 0
    for one in _touched(batch):
        spec = graph.collections.get((one.dataset, one.collection))
        if one.action == "delete" or (spec is not None and _changed_by_mask(spec, one.via)):
            count += one.rows
    return count


def _changed_by_mask(spec: CollectionSpec, via: str) -> bool:
    found = spec.field(via)
    if found.primary_key or found.read_only or (found.mask or {}).get("strategy") == "preserve":
        return False
    return bool(found.category or found.mask)


def links_into(batch: Batch, system: str, most: int, *, own: bool = False) -> tuple[dict[str, list[str]], bool]:
    """The values by which rows of other systems led into this one (`own`: rows of this very system), by field; and whether
    that is all of them.

    Of a reference to a key: the keys of the rows there, which are this person's alone. Of any other, which may be masked by
    now: the keys of the rows here that it led to.
    """
    graph, found, whole = mapping.graph(), dict[str, list[str]](), True
    for planned in thaw(batch.plan):
        spec = graph.collections.get(planned.step.collection)
        for entry in planned.step.entries if planned.system == system and spec is not None else ():
            parent = graph.collections.get(entry.source.parent) if entry.source is not None else None
            if spec is None or parent is None or entry.source is None or (parent.system == system) != own:
                continue
            place, rows = _led(batch, spec, parent, entry.source)
            whole = whole and rows is not None
            for value in _keys(rows) if rows is not None else ():
                if sum(map(len, found.values())) >= most:
                    return found, False
                found.setdefault(place, []).append(value)
    return found, whole


def _led(batch: Batch, spec: CollectionSpec, parent: CollectionSpec, link: Link) -> tuple[str, Any]:
    """By which field of a collection what a link led to is found again, and the findings whose keys it holds; None: by none."""
    alone = batch.findings.filter(shared=False)
    if not link.also and parent.primary_key == (link.parent_field,):
        return f"{spec.place}.{link.child_field}", alone.filter(dataset=parent.dataset, collection=parent.name)
    if len(spec.primary_key) == 1:
        rows = alone.filter(dataset=spec.dataset, collection=spec.name, via=link.child_field)
        return f"{spec.place}.{spec.primary_key[0]}", rows
    return "", None


def _keys(findings: Any) -> Any:
    for finding in findings:
        for chunk in finding.chunks.iterator(chunk_size=1):
            yield from (str(key[0]) for key in chunk.keys or () if len(key) == 1)
