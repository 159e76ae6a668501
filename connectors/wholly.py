"""Many rows of one person without a look at each: where the system itself can say that a whole set is as it was approved.

Nothing is decided here that the careful way would decide otherwise: each function says yes, or "look at the rows".
"""

from connectors.alike import loosely
from connectors.frozen import together
from connectors.kinds.base import Key, Kind, Spare, Tie, chunk_rows
from connectors.kinds.whole import NOTHING, Digest, Only, Span, Whole, added, spanned, whole
from connectors.models import Finding
from connectors.planning import Planned
from connectors.remembered import Remembered
from connectors.searching import Searcher, fitting
from inventory.graph import CollectionSpec

MANY = 200  # rows from which on it pays
AT_ONCE = 5  # chunks that go into one statement
TOLD_AT_ONCE = 20  # chunks whose keys alone go into one


def unchanged(searcher: Searcher, planned: Planned) -> bool:
    """Whether a search of this step finds exactly the rows that were approved: all of them, and no other."""
    spec, entries = searcher.spec(planned.step.collection), planned.step.entries
    known = searcher.remembered.findings(spec.key)
    if searcher.batch.criteria or spec.people or len(entries) != 1 or len(known) != 1 or known[0].rows < MANY:
        return False
    entry, finding = entries[0], known[0]
    if entry.source is None or len(entry.fields) > 1 or finding.shared or finding.via != entry.field:
        return False
    kind = searcher.kind(spec.system)
    asked = whole(kind, spec)
    if asked is None or searcher.sharing.is_upward(spec, entry.source):
        return False
    searcher.sharing.begin()
    now = NOTHING
    for portion in fitting(kind, spec, entry.source, searcher.portions(entry)):
        only = Only(entry.field, tuple(portion.values))
        found = None if portion.shared else _matching(searcher.remembered, asked, spec, only)
        if found is None:
            return False
        now = added(now, found)
    return now == digest(searcher.remembered, kind, asked, finding)


def holding(
    remembered: Remembered, asked: Whole, spec: CollectionSpec, target: CollectionSpec, keys: list[Key], tie: Tie
) -> Digest | None:
    """The digest of the rows of `spec` that refer by `tie` to these of `target`."""
    only = asked.referring(target, keys, tie)
    return asked.holding(target, keys, tie) if only is None else _matching(remembered, asked, spec, only)


def _matching(remembered: Remembered, asked: Whole, spec: CollectionSpec, only: Only) -> Digest | None:
    """What a search finds. Two questions before the first row is touched are often one: what refers to the rows that go, and
    whether more rows came. The second gets the answer that the first had a moment ago.
    """
    if (spec.place, only) not in remembered.digests:
        remembered.digests[spec.place, only] = asked.matching(only)
    return remembered.digests[spec.place, only]


def digest(remembered: Remembered, kind: Kind, asked: Whole, finding: Finding) -> Digest | None:
    """The digest of a finding's frozen keys; None when they are no whole numbers."""
    found = spans(remembered, kind, asked, finding)
    return None if found is None else spanned(found).digest if found else NOTHING


def spans(remembered: Remembered, kind: Kind, asked: Whole, finding: Finding) -> list[Span] | None:
    """The spans of a finding's chunks, by their numbers; None when the keys are no whole numbers. Worked out once."""
    if finding.pk not in remembered.spans:
        found: list[Span] | None = []
        for part in together(remembered.frozen(finding), TOLD_AT_ONCE * chunk_rows(kind)):
            listed = [one.numbers for one in part]
            if None in listed or found is None:
                found = None
                break
            found += asked.spans([one for one in listed if one is not None])
        remembered.spans[finding.pk] = found
    return remembered.spans[finding.pk]


def spares_none(only: Only, spare: Spare) -> bool:
    """Whether what a legal hold protects cannot be among rows that hold what `only` says."""
    wanted = set(map(loosely, only.values))
    return all(field == only.field and wanted.isdisjoint(map(loosely, values)) for field, values in spare.items())
