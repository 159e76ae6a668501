"""What a batch found, read once for the order at work: its findings, and the keys of small ones, in memory.

The next step of a walk starts from the keys of the step before. For the many people with few rows these are at hand; of a
person with many rows chunk after chunk is read from the database, so that memory stays flat.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import UUIDField

from audit.kept import Here, Kept
from connectors import redacting
from connectors.frozen import Frozen, of_keys, stored
from connectors.kinds.base import Key
from connectors.kinds.whole import Digest, Only, Span
from connectors.models import Batch, Chunk, Finding
from connectors.redacting import Verdicts
from inventory.graph import Name

MOST_KEYS = 5000
READ_AT_ONCE = 20  # chunks


_findings = Kept(lambda: Finding.objects.filter(batch=Here("batch", UUIDField())).order_by("shared", "pk"))
_chunks = Kept(lambda: Chunk.objects.filter(finding__batch=Here("batch", UUIDField())).order_by("finding_id", "number"))


class Remembered:
    """The findings of one batch by collection."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self._findings: dict[Name, list[Finding]] | None = None
        self._keys: dict[int, list[list[Key]]] = {}
        self._pending: dict[int, list[list[Key]]] = {}
        # See `wholly`: what a search found just now, and by finding its keys, a span for each chunk.
        self.digests: dict[tuple[str, Only], Digest | None] = {}
        self.spans: dict[int, list[Span] | None] = {}
        self._verdicts: dict[Name, Verdicts] | None = None

    def findings(self, name: Name) -> list[Finding]:
        """Those of one collection: the person's own first, then the shared ones."""
        return self._all().get(name, [])

    def chunks(self, finding: Finding) -> Iterator[list[Key]]:
        """The keys of a finding, a chunk at a time, in order."""
        self._all()
        if id(finding) in self._pending:
            yield from self._pending[id(finding)]
        elif finding.pk in self._keys:
            yield from self._keys[finding.pk]
        else:
            rows = Chunk.objects.filter(finding=finding)
            for pk in list(rows.order_by("number").values_list("pk", flat=True)):
                yield _keys(rows.get(pk=pk))

    def frozen(self, finding: Finding) -> Iterator[Frozen]:
        """The same keys as they are stored, which is quicker where nobody looks at each."""
        self._all()
        held = self._pending.get(id(finding), self._keys.get(finding.pk))
        if held is not None:
            yield from map(of_keys, held)
            return
        rows = Chunk.objects.filter(finding=finding).order_by("number")
        pks = list(rows.values_list("pk", flat=True))
        for turn in range(0, len(pks), READ_AT_ONCE):
            yield from (one for _, one in stored(rows.filter(pk__in=pks[turn : turn + READ_AT_ONCE])))

    def verdicts(self, finding: Finding) -> Verdicts:
        """What colleagues decided about single items of a finding, see `redacting.verdicts`."""
        if self._verdicts is None:
            self._verdicts = redacting.verdicts(self.batch)
        return self._verdicts.get((finding.dataset, finding.collection), {})

    def learn(self, name: Name, found: Sequence[tuple[Finding, list[list[Key]] | None]]) -> None:
        """What a step found just now, with its keys while they are few enough to be held; None: they are in the database."""
        self._all()[name] = sorted((finding for finding, _ in found), key=lambda one: one.shared)
        for finding, keys in found:
            if keys is not None:
                self._pending[id(finding)] = keys

    def _all(self) -> dict[Name, list[Finding]]:
        if self._findings is None:
            self._findings = {}
            rows = _findings(batch=self.batch.pk) if self.batch.pk else []
            for one in rows:
                self._findings.setdefault((one.dataset, one.collection), []).append(one)
            if sum(one.rows for one in rows) <= MOST_KEYS:
                self._keys = {one.pk: [] for one in rows}
                for chunk in _chunks(batch=self.batch.pk) if rows else ():
                    if chunk.finding_id in self._keys:
                        self._keys[chunk.finding_id].append(_keys(chunk))
        return self._findings


def _keys(chunk: Any) -> list[Key]:
    return [tuple(key) for key in chunk.keys or ()]
