"""Many rows of one person without a look at each: where the system itself can say that a whole set is as it was approved.

Nothing is decided here that the careful way would decide otherwise: each function says yes, or "look at the rows".
"""

from connectors.alike import loosely
from connectors.frozen import numbers, together
from connectors.kinds.base import Kind, Spare, chunk_rows
from connectors.kinds.whole import NOTHING, Digest, Only, Whole, added, whole
from connectors.models import Finding
from connectors.planning import Planned
from connectors.remembered import Remembered
from connectors.searching import Searcher, fitting

MANY = 200  # rows from which on it pays
AT_ONCE = 5  # chunks that go into one statement


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
        found = None if portion.shared else asked.matching(Only(entry.field, tuple(portion.values)))
        if found is None:
            return False
        now = added(now, found)
    return now == digest(searcher.remembered, kind, asked, finding)


def digest(remembered: Remembered, kind: Kind, asked: Whole, finding: Finding) -> Digest | None:
    """The digest of a finding's frozen keys; None when they are no whole numbers. Worked out once."""
    if finding.pk not in remembered.digests:
        total: Digest | None = NOTHING
        for part in together(remembered.frozen(finding), AT_ONCE * chunk_rows(kind)):
            listed = numbers(part)
            total = None if listed is None or total is None else added(total, asked.frozen(listed))
        remembered.digests[finding.pk] = total
    return remembered.digests[finding.pk]


def spares_none(only: Only, spare: Spare) -> bool:
    """Whether what a legal hold protects cannot be among rows that hold what `only` says."""
    wanted = set(map(loosely, only.values))
    return all(field == only.field and wanted.isdisjoint(map(loosely, values)) for field, values in spare.items())
