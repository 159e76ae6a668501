"""What legal holds on the person keep of what was found, in words for the case page: which part, by which matter."""

from dataclasses import dataclass

from connectors import holds, holdscope
from connectors.holdscope import Kept
from connectors.models import Finding
from inventory import mapping
from inventory.graph import CollectionSpec, Name
from requests_app import reads


@dataclass(frozen=True)
class Keeping:
    """One hold, and what it keeps of each collection."""

    matter: str
    kept: dict[Name, Kept]
    specs: dict[Name, CollectionSpec]


def keeping(case: reads.Case) -> list[Keeping]:
    """What each hold on the person keeps of what an erasure would change; nothing to say for other work."""
    if case.plan.operation != "erase" or not case.holds:
        return []
    graph = mapping.graph()
    specs = dict(graph.collections)
    return [Keeping(one.matter, holdscope.kept(graph, holds.scope_of(one)), specs) for one in case.holds]


def words(finding: Finding, every: list[Keeping]) -> list[str]:
    """A sentence for each hold that keeps something of these rows."""
    if not _changes(finding):
        return []
    found = []
    for one in every:
        part = one.kept.get((finding.dataset, finding.collection))
        names = sorted(_names(one, finding, part)) if part else []
        if part and finding.action == "delete":
            why = "it covers them" if part.fields else "they lead to what it covers"
            found.append(f"Stay under the hold “{one.matter}”: {why}.")
        elif names:
            found.append(f"Kept under the hold “{one.matter}”: {', '.join(names)}.")
    return found


def parted(case: reads.Case, included: list[Finding]) -> tuple[list[Finding], list[Finding]]:
    """(what stays as it is because of a hold, what keeps some of its fields). Others' holds are seen by the work itself."""
    every, stays, partly = keeping(case), list[Finding](), list[Finding]()
    for finding in included if every else ():
        parts = [(one, one.kept.get((finding.dataset, finding.collection))) for one in every]
        names = {name for one, part in parts if part for name in _names(one, finding, part)}
        if finding.action == "delete" and any(part for _, part in parts):
            stays.append(finding)
        elif finding.action == "mask" and names:
            spec = every[0].specs[finding.dataset, finding.collection]
            (stays if names >= _titles(finding, spec) else partly).append(finding)
    return stays, partly


def _changes(finding: Finding) -> bool:
    return finding.decision == Finding.Decision.INCLUDE and finding.action in ("delete", "mask")


def _names(one: Keeping, finding: Finding, part: Kept) -> set[str]:
    """The personal fields that would have been erased and are kept, by title."""
    spec = one.specs.get((finding.dataset, finding.collection))
    wanted = part.all
    return {
        field.title or field.name for field in (spec.fields if spec else ()) if field.category and field.name in wanted
    }


def _titles(finding: Finding, spec: CollectionSpec) -> set[str]:
    mine = [one for one in spec.fields if one.category and (not finding.shared or one.person == finding.via)]
    return {one.title or one.name for one in mine}
