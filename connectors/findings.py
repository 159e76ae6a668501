"""Writes down what a search finds: a Finding per collection, link and sharedness, and the rows' keys in Chunks.

The fingerprint of a finding is the sum of the hashes of its keys: the same for the same rows in any order, computed while
they stream by.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from django.conf import settings
from django.db import transaction

from connectors.kinds.base import Key
from connectors.models import Batch, Chunk, Finding
from connectors.planning import Planned
from connectors.searching import Hit, Searcher
from inventory.graph import CollectionSpec
from inventory.models import System

MODULUS = 2**256
MARK = 2**64 - 1


def key_hash(key: Key) -> int:
    """The hash of one row's key."""
    return int.from_bytes(hashlib.sha256(json.dumps(list(key), default=str).encode()).digest())


@dataclass
class Tally:
    """Rows of one finding, counted."""

    rows: int = 0
    total: int = 0
    oldest: date | None = None
    newest: date | None = None

    def add(self, hit: Hit) -> None:
        self.rows += 1
        self.total = (self.total + key_hash(hit.row.key)) % MODULUS
        if hit.row.on is not None:
            self.oldest = min(self.oldest or hit.row.on, hit.row.on)
            self.newest = max(self.newest or hit.row.on, hit.row.on)

    @property
    def fingerprint(self) -> str:
        return f"{self.total:064x}"


@dataclass
class _Open:
    finding: Finding
    tally: Tally = field(default_factory=Tally)
    keys: list[list[object]] = field(default_factory=list)
    chunks: int = 0


def clear(batch: Batch, planned: Planned, beat: Callable[[], None]) -> None:
    """Forget what an interrupted search of this step wrote. `beat` refuses a worker that lost the order meanwhile."""
    dataset, collection = planned.step.collection
    old = Finding.objects.filter(batch=batch, dataset=dataset, collection=collection)
    with transaction.atomic():
        beat()
        Chunk.objects.filter(finding__in=old).defer("keys").delete()
        old.delete()


def write(searcher: Searcher, planned: Planned, system: System, beat: Callable[[], None]) -> int:
    """Search one step and write its findings; rows found. `beat` is called inside the transaction of each chunk."""
    spec = searcher.spec(planned.step.collection)
    opened: dict[tuple[str, bool], _Open] = {}
    for hit in searcher.hits(planned):
        one = opened.get((hit.via, hit.shared))
        if one is None:
            one = opened[hit.via, hit.shared] = _Open(_finding(searcher.batch, spec, planned, hit, system))
        one.tally.add(hit)
        one.keys.append(list(hit.row.key))
        if len(one.keys) >= settings.CHUNK_ROWS:
            _flush(one, beat)
    for one in opened.values():
        _flush(one, beat)
    return sum(one.tally.rows for one in opened.values())


def _finding(batch: Batch, spec: CollectionSpec, planned: Planned, hit: Hit, system: System) -> Finding:
    action = spec.erase_shared if hit.shared else spec.erase
    if hit.shared and action == "mask" and not any(one.person == hit.via for one in spec.fields):
        action = "keep"  # nothing in these rows is known to be this person's own
    kept = action == "keep"
    described = spec.erase == "keep" and bool(spec.keep_ground)
    return Finding(
        batch=batch,
        system=system,
        dataset=spec.dataset,
        collection=spec.name,
        title=spec.title,
        via=hit.via,
        shared=hit.shared,
        place=planned.place,
        action=action,
        ground=(spec.keep_ground if described else "rights_of_others") if kept else "",
        ground_note=spec.keep_until if kept and described else "",
    )


def _flush(one: _Open, beat: Callable[[], None]) -> None:
    if not one.keys:
        return
    with transaction.atomic():
        beat()
        one.finding.rows = one.tally.rows
        one.finding.fingerprint = one.tally.fingerprint
        one.finding.oldest_on, one.finding.newest_on = one.tally.oldest, one.tally.newest
        one.finding.save()
        Chunk.objects.create(finding=one.finding, number=one.chunks, rows=len(one.keys), keys=one.keys)
    one.chunks += 1
    one.keys = []


def grown(searcher: Searcher, planned: Planned) -> int:
    """How many rows there are now that were not found then. Searches again, writes nothing."""
    dataset, collection = planned.step.collection
    known = {
        (one.via, one.shared): one
        for one in Finding.objects.filter(batch=searcher.batch, dataset=dataset, collection=collection)
    }
    now: dict[tuple[str, bool], Tally] = {}
    for hit in searcher.hits(planned):
        now.setdefault((hit.via, hit.shared), Tally()).add(hit)
    same = all(
        key in known and tally.rows == known[key].rows and tally.fingerprint == known[key].fingerprint
        for key, tally in now.items()
    )
    return 0 if same else _count_new(searcher, planned, list(known.values()))


def _count_new(searcher: Searcher, planned: Planned, known: list[Finding]) -> int:
    """The exact answer, for the rare case that something differs: 8 bytes of hash for each key that was approved."""
    alone = _approved([one for one in known if not one.shared])
    shared = _approved([one for one in known if one.shared])
    new = 0
    for hit in searcher.hits(planned):
        mark = key_hash(hit.row.key) & MARK
        # A row that was one person's when it was approved, and is another's too by now, is not what was approved.
        new += mark not in shared and (mark not in alone or (hit.shared and hit.sure))
    return new


def _approved(findings: list[Finding]) -> set[int]:
    chunks = Chunk.objects.filter(finding__in=findings).iterator(chunk_size=1)
    return {key_hash(tuple(key)) & MARK for chunk in chunks for key in chunk.keys or ()}
