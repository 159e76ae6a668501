"""Writes down what a search finds: a Finding per collection, link and sharedness, and the rows' keys in Chunks.

The fingerprint of a finding is the sum of the hashes of its keys: the same for the same rows in any order, computed while
they stream by.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction

from connectors import dated, wholly
from connectors.belonging import Belonging, strayed
from connectors.keys import Keys, key_hash
from connectors.kinds import dated as kinds_dated
from connectors.kinds.base import Found, Key, Temporary, chunk_rows
from connectors.kinds.dated import Dated
from connectors.models import Batch, Chunk, Finding
from connectors.parting import Parting
from connectors.planning import Planned
from connectors.remembered import MOST_KEYS
from connectors.scope import NOT_ASKED
from connectors.searching import Hit, Searcher
from connectors.withdrawing import by_consent
from inventory.dating import Counted
from inventory.graph import CollectionSpec
from inventory.models import System

logger = logging.getLogger(__name__)
MODULUS = 2**256


@dataclass
class Tally:
    """Rows of one finding, counted."""

    rows: int = 0
    total: int = 0
    oldest: date | None = None
    newest: date | None = None

    def add(self, hit: Hit) -> None:
        self.rows += 1
        self.total += key_hash(hit.row.key)
        on = hit.row.on
        if on is not None:
            if self.oldest is None or on < self.oldest:
                self.oldest = on
            if self.newest is None or on > self.newest:
                self.newest = on

    @property
    def fingerprint(self) -> str:
        return f"{self.total % MODULUS:064x}"


@dataclass
class _Open:
    finding: Finding
    tally: Tally = field(default_factory=Tally)
    keys: list[list[object]] = field(default_factory=list)
    chunks: int = 0
    whole: list[list[Key]] | None = field(default_factory=list)  # all keys, while they are few
    people: tuple[str, ...] = ()


class Writer:
    """Writes what the steps of one order find. Small findings wait and go in together, in one transaction of at most a chunk's
    rows; `close` writes the rest. `beat` is called inside each transaction and refuses a worker that lost the order.
    """

    def __init__(self, searcher: Searcher, system: System, beat: Callable[[], None]) -> None:
        self.searcher, self.system, self.beat = searcher, system, beat
        self.pending: list[tuple[_Open, Chunk]] = []
        self.held = 0

    def step(self, planned: Planned) -> int:
        """Search one step; rows found. What an interrupted search of it wrote is forgotten first."""
        remembered = self.searcher.remembered
        if remembered.findings(planned.step.collection):
            clear(self.searcher.batch, planned, self.beat)
        spec = self.searcher.spec(planned.step.collection)
        if self.searcher.batch.criteria:
            quick = dated.counting(self.searcher, spec)
            return self._dated(planned, spec, quick) if quick is not None else self._due(planned, spec)
        return self._hits(planned, spec)

    def _hits(self, planned: Planned, spec: CollectionSpec) -> int:
        remembered = self.searcher.remembered
        opened: dict[tuple[str, bool], _Open] = {}
        most = chunk_rows(self.searcher.kind(spec.system))
        for hit in self.searcher.hits(planned):
            one = opened.get((hit.via, hit.shared))
            if one is None:
                one = _Open(_finding(self.searcher.batch, spec, planned, hit, self.system))
                opened[hit.via, hit.shared] = one
            if hit.people != one.people:  # a chunk is of people who were looked for together
                self._chunk(one, most)
                one.people = hit.people
            one.tally.add(hit)
            one.keys.append(list(hit.row.key))
            if len(one.keys) >= most:
                self._chunk(one, most)
        for one in opened.values():
            self._chunk(one, most)
        remembered.learn(spec.key, [(one.finding, one.whole) for one in opened.values()])
        return sum(one.tally.rows for one in opened.values())

    def _due(self, planned: Planned, spec: CollectionSpec) -> int:
        """Rows of a retention run, one by one; how many are held, and how many there are at all, where that can be told."""
        rows, parting = self._hits(planned, spec), self.searcher.parting
        self.close()
        held = parting.held[spec.key] if isinstance(parting, Parting) else 0
        found = self.searcher.remembered.findings(spec.key)
        finding = found[0] if found else self._finding_by_date(planned, spec)
        finding.held = held
        asked = self._later(spec)
        if asked is not None:
            self._ahead(finding, asked)
        with transaction.atomic():
            self.beat()
            if found or held:
                finding.save()
        return rows

    def _dated(self, planned: Planned, spec: CollectionSpec, quick: tuple[Dated, kinds_dated.Due]) -> int:
        """The same, counted by the system itself."""
        asked, due = quick
        finding = self._finding_by_date(planned, spec)
        with transaction.atomic():
            self.beat()
            finding.save()
        for number, part in enumerate(asked.parts(due, dated.chunk_rows(self.system.pk))):
            finding.rows += part.digest[0]
            finding.oldest_on = min((one for one in (finding.oldest_on, part.oldest) if one), default=None)
            finding.newest_on = max((one for one in (finding.newest_on, part.newest) if one), default=None)
            total = (int(finding.fingerprint or "0", 16) + part.digest[1]) % MODULUS
            finding.fingerprint = f"{total:064x}"
            with transaction.atomic():
                self.beat()
                dated.chunk_of(finding, number, part).save(force_insert=True)
                finding.save()
        finding.held = asked.protected(due)[0]
        self._ahead(finding, lambda days: asked.ahead(due.field, days))
        with transaction.atomic():
            self.beat()
            finding.save()
        self.searcher.remembered.learn(spec.key, [(finding, None)])
        return finding.rows

    def _later(self, spec: CollectionSpec) -> Callable[[list[date]], tuple[int, list[int]]] | None:
        """What a system is asked for the rows of later days; None for one that cannot count them itself."""
        if by_consent(self.searcher.batch):
            return None  # who will withdraw is not known, and what no date tells is not counted ahead
        kind, due = self.searcher.kind(spec.system), spec.due
        asked: Any = getattr(kind, "ahead" if due is None or due.single else "count_due", None)
        if asked is None:
            return None
        if due is None or due.single:
            return lambda days: asked(spec, self.searcher.batch.criteria["field"], days)

        def counted(days: list[date]) -> tuple[int, list[int]]:
            found: Counted = asked(spec, days or [due.before])
            return found.total or 0, list(found.past[: len(days)])

        return counted

    def _ahead(self, finding: Finding, ask: Callable[[list[date]], tuple[int, list[int]]]) -> None:
        """How many rows there are, and how many will be due on later days: what limits and the calendar go by."""
        days = [date.fromisoformat(one) for one in self.searcher.batch.criteria.get("ahead", ())]
        try:
            finding.of_rows, before = ask(days)
        except Temporary as error:
            logger.warning("rows of %s.%s were not counted (%s)", finding.dataset, finding.collection, error.code)
            return
        finding.ahead = [[day.isoformat(), rows] for day, rows in zip(days, before, strict=True)]

    def _finding_by_date(self, planned: Planned, spec: CollectionSpec) -> Finding:
        hit = Hit(self.searcher.batch.criteria["field"], False, Found((), None, {}))
        return _finding(self.searcher.batch, spec, planned, hit, self.system)

    def _chunk(self, one: _Open, most: int) -> None:
        if not one.keys:
            return
        if one.whole is not None:
            one.whole = [*one.whole, [tuple(key) for key in one.keys]] if one.tally.rows <= MOST_KEYS else None
        finding = one.finding
        finding.rows, finding.fingerprint = one.tally.rows, one.tally.fingerprint
        finding.oldest_on, finding.newest_on = one.tally.oldest, one.tally.newest
        chunk = Chunk(number=one.chunks, rows=len(one.keys), keys=one.keys, people=list(one.people) or None)
        self.pending.append((one, chunk))
        self.held += len(one.keys)
        one.chunks += 1
        one.keys = []
        # What is no longer in memory has to be in the database before the next step asks for it.
        if self.held >= most or one.whole is None:
            self.close()

    def close(self) -> None:
        """Write what waits."""
        if not self.pending:
            return
        findings = {id(one.finding): one.finding for one, _ in self.pending}.values()
        with transaction.atomic():
            self.beat()
            for finding in [one for one in findings if one.pk]:
                finding.save()
            Finding.objects.bulk_create([one for one in findings if not one.pk])
            for one, chunk in self.pending:
                chunk.finding = one.finding
            Chunk.objects.bulk_create([chunk for _, chunk in self.pending])
        self.pending, self.held = [], 0


def clear(batch: Batch, planned: Planned, beat: Callable[[], None]) -> None:
    """Forget what an interrupted search of this step wrote. `beat` refuses a worker that lost the order meanwhile."""
    dataset, collection = planned.step.collection
    old = Finding.objects.filter(batch=batch, dataset=dataset, collection=collection)
    with transaction.atomic():
        beat()
        Chunk.objects.filter(finding__in=old).defer("keys").delete()
        old.delete()


def action_of(spec: CollectionSpec, hit: Hit) -> str:
    """What the description has an erasure do to a row."""
    action = spec.erase_shared if hit.shared else spec.erase
    if hit.shared and action == "mask" and not any(one.person == hit.via for one in spec.fields):
        return "keep"  # nothing in these rows is known to be this person's own
    return action


def _finding(batch: Batch, spec: CollectionSpec, planned: Planned, hit: Hit, system: System) -> Finding:
    action = action_of(spec, hit)
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
        decision=Finding.Decision.KEEP if spec.keep_ground == NOT_ASKED else Finding.Decision.INCLUDE,
        ground=(spec.keep_ground if described else "rights_of_others") if kept else "",
        ground_note=spec.keep_until if kept and described else "",
    )


def all_kept(searcher: Searcher, planned: Planned) -> bool:
    """Whether a collection's rows stay whatever comes: all that was found is kept, or it is described so."""
    known = searcher.remembered.findings(planned.step.collection)
    spec = searcher.spec(planned.step.collection)
    if not known:
        return spec.erase == "keep"
    return all(one.action == "keep" or one.decision == Finding.Decision.KEEP for one in known)


@dataclass(frozen=True)
class Drift:
    """How one collection differs from what was approved: rows that came, and rows that are somebody else's by now."""

    new: int = 0
    moved: int = 0


def grown(searcher: Searcher, planned: Planned, belonging: Belonging) -> Drift:
    """What came and what moved on since the search. Searches again, writes nothing. Rows that are gone do not matter."""
    if wholly.unchanged(searcher, planned):
        return Drift()
    counted = dated.grown(searcher, planned.step.collection)
    if counted is not None:
        return Drift(counted)
    known = {(one.via, one.shared): one for one in searcher.remembered.findings(planned.step.collection)}
    now: dict[tuple[str, bool], Tally] = {}
    for hit in searcher.hits(planned):
        now.setdefault((hit.via, hit.shared), Tally()).add(hit)
    same = all(
        key in known and tally.rows == known[key].rows and tally.fingerprint == known[key].fingerprint
        for key, tally in now.items()
    )
    new = 0 if same else _count_new(searcher, planned, list(known.values()))
    # Rows of a retention run may be dated anew at any time; they are left alone one by one and stop nothing.
    whole = (same and len(now) == len(known)) or bool(searcher.batch.criteria)
    return Drift(new, 0 if whole else strayed(belonging, planned.step.collection))


def _count_new(searcher: Searcher, planned: Planned, known: list[Finding]) -> int:
    """The exact answer, for the rare case that something differs: 8 bytes of hash for each key that was approved."""
    alone = approved(searcher, [one for one in known if not one.shared])
    shared = approved(searcher, [one for one in known if one.shared])
    new = 0
    for hit in searcher.hits(planned):
        key = hit.row.key
        # A row that was one person's when it was approved, and is another's too by now, is not what was approved.
        new += key not in shared and (key not in alone or (hit.shared and hit.sure))
    return new


def approved(searcher: Searcher, findings: list[Finding]) -> Keys:
    """The keys of these findings."""
    return Keys(keys for one in findings for keys in searcher.remembered.chunks(one))
