"""Whether rows that were anonymised are: what still links them, what still tells them apart, how small the smallest group is.

The test of GDPR recital 26 is whether somebody can be singled out, linked or inferred (Opinion 05/2014 of the Article 29
working party). So: fields that link rows to a person or to each other are cut or told of; the fields that keep something
(quasi-identifiers) make groups, of which the smallest is k (Samarati and Sweeney 1998); a sensitive field must hold l
different values within each group (Machanavajjhala et al. 2007). Hashes and masks alone are called what they are: pseudonyms.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from connectors import masking
from connectors.kinds.base import Kind, Mask, prepare
from connectors.models import Batch, Finding, WorkOrder
from connectors.searching import Searcher
from connectors.strategies import Secrets
from inventory.graph import CollectionSpec, FieldSpec, Graph

# Masks that leave a pseudonym: of the value, or of the person.
PSEUDONYMS = {"hash", "hmac"}
MOST_KEYS = 5000
# What of a value these leave may still tell people apart.
COARSE = {"truncate", "geo", "band", "keep_domain", "random"}
RESIDUAL = {"scrub"}


def links(graph: Graph, spec: CollectionSpec) -> frozenset[str]:
    """The fields by which rows of a collection lead to people's rows, or those to them. The row's own key is not among them:
    it is what others hold, and they are cut on their side.
    """
    found = set[str]()
    for link in graph.links:
        ends = ((link.child, link.parent, link.child_fields), (link.parent, link.child, link.parent_fields))
        for mine, theirs, fields in ends:
            other = graph.collections.get(theirs)
            if mine == spec.key and other is not None and _personal(other):
                found.update(fields)
    return frozenset(found - set(spec.primary_key))


def _personal(spec: CollectionSpec) -> bool:
    return any(one.category or one.identity for one in spec.fields)


def declared(one: FieldSpec) -> bool:
    """Whether the description says that a field without a category of data is to stay as it is."""
    return not one.category and one.mask is not None and one.mask.get("strategy") == "preserve"


@dataclass
class Report:
    """What one collection is like after the work."""

    place: str
    rows: int = 0
    k: int | None = None
    unique: int | None = None
    l: int | None = None  # noqa: E741
    quasi: list[str] = field(default_factory=list)
    sensitive: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    residual: list[str] = field(default_factory=list)
    strategies: dict[str, str] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """Names, codes and counts."""
        return {name: value for name, value in vars(self).items() if name != "place"}


def report(batch: Batch, wanted_k: int, wanted_l: int) -> list[Report]:
    """Look at what a retention batch anonymised, as it is now. Raises Permanent or Temporary where a system cannot be asked."""
    searcher = Searcher(batch)
    found = []
    for finding in batch.findings.exclude(action="keep").exclude(decision="keep"):
        spec = searcher.spec((finding.dataset, finding.collection))
        kind = searcher.kind(spec.system)
        linking = links(searcher.graph, spec)
        prepare(kind, [finding.collection])  # the schema as it is now, not as it was a minute ago
        columns = kind.columns(spec)
        masks = masking.erasing(spec, finding.via, finding.shared, columns, Secrets(), anonymously=True, links=linking)
        one = Report(spec.place)
        _fields(one, spec, masks, linking)
        _count(one, kind, spec, batch, masks)
        _judge(one, wanted_k, wanted_l)
        found.append(one)
    return found


def report_of(finding: Finding, wanted_k: int, wanted_l: int) -> Report:
    """Look at the rows that an erasure of a person's request left behind their masks, among all that are masked as they are:
    k is the smallest group that one of them is in. Raises Permanent or Temporary.
    """
    searcher = Searcher(finding.batch)
    spec = searcher.spec((finding.dataset, finding.collection))
    kind, linking = searcher.kind(spec.system), links(searcher.graph, spec)
    prepare(kind, [finding.collection])
    masks = masking.erasing(spec, finding.via, finding.shared, kind.columns(spec), Secrets())
    one = Report(spec.place)
    _fields(one, spec, masks, linking, pseudonyms=True)
    keys = [key for some in searcher.remembered.chunks(finding) for key in some][:MOST_KEYS]
    same = {name: mask for name, mask in masks.items() if mask.compute is None and not mask.token}
    asked = getattr(kind, "groups_of", None)
    if asked is not None and keys and same:
        _counted(one, asked(spec, one.quasi, one.sensitive, keys, same))
    _judge(one, wanted_k, wanted_l)
    return one


def unmeasured(since: datetime, most: int) -> list[Finding]:
    """Masked rows of people's requests that nobody has looked at: of erasures that were done since a moment."""
    erasing = (WorkOrder.Operation.ERASE, WorkOrder.Operation.ANONYMISE)
    done = WorkOrder.objects.filter(
        batch=OuterRef("batch"), system=OuterRef("system"), operation__in=erasing, state=WorkOrder.State.DONE,
        finished_at__gte=since,
    )  # fmt: skip
    rows = Finding.objects.filter(Exists(done), batch__reason=Batch.Reason.REQUEST, outcome__action="mask")
    rows = (
        rows.filter(outcome__rows__gt=0).exclude(outcome__has_key="anonymity").exclude(system__connection__kind="hand")
    )
    return list(rows.select_related("batch").order_by("pk")[:most])


def note(finding: Finding, facts: Mapping[str, Any]) -> None:
    """Write what a look found beside what was done."""
    with transaction.atomic():
        fresh = Finding.objects.select_for_update().get(pk=finding.pk)
        Finding.objects.filter(pk=finding.pk).update(outcome={**fresh.outcome, "anonymity": dict(facts)})


def _fields(
    one: Report, spec: CollectionSpec, masks: Mapping[str, Mask], linking: frozenset[str], *, pseudonyms: bool = False
) -> None:
    for each in spec.fields:
        if each.primary_key:
            continue
        name = str((each.mask or {}).get("strategy", "default")) if each.name in masks else "kept"
        if pseudonyms and name in PSEUDONYMS:
            one.strategies[each.name] = name
            one.linked.append(each.name)
            continue
        if each.name in masks and name in masking.NOT_ANONYMOUS:
            name = "default"
        options = each.mask or {}
        if each.name in masks:
            one.strategies[each.name] = name
        if options.get("sensitive"):
            one.sensitive.append(each.name)
        if each.name in linking or each.identity:
            if each.name in masks:
                one.cut.append(each.name)
            elif not declared(each):
                one.linked.append(each.name)
        elif name in RESIDUAL:
            one.residual.append(each.name)
        elif options.get("quasi", name in COARSE or (name == "kept" and _tells(each, spec))):
            one.quasi.append(each.name)


def _tells(each: FieldSpec, spec: CollectionSpec) -> bool:
    """Whether a field that keeps its value tells people apart: personal data, and the moment of the row."""
    return (bool(each.category) and not (each.mask or {}).get("sensitive")) or each.name == spec.dated_by


def _count(one: Report, kind: Kind, spec: CollectionSpec, batch: Batch, masks: Mapping[str, Mask]) -> None:
    asked = getattr(kind, "groups", None)
    if asked is None or not batch.criteria:
        return
    dated = str(batch.criteria["field"])
    emptied = dated in masks and masks[dated].compute is None and masks[dated].value is None
    before = None if emptied else date.fromisoformat(batch.criteria["before"])
    _counted(one, asked(spec, one.quasi, one.sensitive, dated, before))


def _counted(one: Report, made: Any) -> None:
    one.rows, one.unique, one.l = made.rows, made.unique, made.diversity
    one.k = made.smallest if made.rows else None


def _judge(one: Report, wanted_k: int, wanted_l: int) -> None:
    if one.k is None:
        one.why.append("k_not_computed")
    elif one.k < wanted_k:
        one.why.append("k_too_small")
    if one.sensitive and (one.l is None or one.l < wanted_l):
        one.why.append("l_too_small")
    if one.linked:
        one.why.append("links_left")
    if one.residual:
        one.why.append("free_text_scrubbed")
