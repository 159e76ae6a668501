"""The conductor of aggregate releases: judged by a worker, let out by a second person, fetched, and forgotten where they lapse.

1. `judge` claims a proposal, reads its rows once, and writes the verdict with what would leave.
2. `approve` is for somebody other than who proposed it. If another release of the dataset left after the verdict, the verdict
   is out of date: the proposal goes to the gate again, and is compared with that one, too.
3. What left stays (encrypted), so that it can be fetched and later releases can be compared with it. The rows that were handed
   in are destroyed by the decision, or when nobody decides.
"""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.bell import ring
from audit.failpoints import failpoint
from audit.refusal import Refused
from connectors import tabular
from connectors.kinds.base import Permanent, Temporary
from disclosures import budgets, comparing, portions
from disclosures.bells import judge_release
from disclosures.models import Release, ReleaseProposal
from disclosures.releases import columns, gate, parameters
from disclosures.releases.columns import Row
from disclosures.releases.parameters import Odd, Parameters
from disclosures.releases.verdicts import Before, Verdict, written
from inventory.models import Dataset

logger = logging.getLogger(__name__)

GATE = actors.worker("disclosures.gate")
APPROVE = "disclosures.approve_release"
BEAT_SECONDS = 10
PREVIEW_ROWS = 20
# A proposal that nobody decides, and what was handed in for one that was refused, stay so long.
KEEP_DAYS = 14
State, Part = ReleaseProposal.State, portions.Part
OPEN_STATES = (State.DRAFT, State.OPEN, State.PASSED, State.REFUSED, State.PARKED)
MOVES: dict[str, set[str]] = {
    State.DRAFT: {State.OPEN, State.LAPSED},
    State.OPEN: {State.PASSED, State.REFUSED, State.PARKED},
    State.REFUSED: {State.OPEN, State.LAPSED},
    State.PARKED: {State.OPEN, State.LAPSED},
    State.PASSED: {State.APPROVED, State.DECLINED, State.OPEN, State.LAPSED},
    State.APPROVED: set(),
    State.DECLINED: set(),
    State.LAPSED: set(),
}


def move(row: ReleaseProposal, to: str, **changes: Any) -> None:
    """Move a proposal, with these changes, in the caller's transaction; the caller records the event. Raises Refused when
    somebody else moved it meanwhile, or it cannot go there.
    """
    if to not in MOVES[row.state]:
        raise Refused(f"A proposal that is {row.get_state_display().lower()} cannot become that.", code="state")
    if not ReleaseProposal.objects.filter(pk=row.pk, state=row.state).update(state=to, **changes):
        raise Refused("A colleague was faster. Load the page again.", code="state")
    row.state = to
    for name, value in changes.items():
        setattr(row, name, value)


def waiting(now: datetime) -> list[UUID]:
    """Proposals that the gate can judge now, the oldest first."""
    rows = ReleaseProposal.objects.filter(leases.free(now), state=State.OPEN)
    return list(rows.order_by("proposed_at").values_list("pk", flat=True)[:50])


def judge(proposal_id: UUID) -> None:
    """Judge one proposal, unless another worker has it."""
    opened = ReleaseProposal.objects.filter(state=State.OPEN).select_related("dataset", "collection")
    row = leases.claim(opened, proposal_id, timezone.now())
    if row is None:
        return
    if row.attempts > settings.MOST_ATTEMPTS:
        _park(row, "The gate could not come to an end in several tries. Take fewer columns or coarser levels.")
        return
    try:
        _judge(row)
    except leases.Fenced:
        logger.warning("proposal %s was taken over by another worker", row.pk)
    except Permanent as error:
        _park(row, error.sentence[:300])
    except (Temporary, OSError) as error:
        logger.warning("proposal %s could not be judged now: %s", row.pk, type(error).__name__)
        leases.release(ReleaseProposal, row.pk, row.fence, later=timezone.now() + leases.backoff(row.attempts))


def _judge(row: ReleaseProposal) -> None:
    compared = Release.objects.filter(dataset=row.dataset_id).count()
    earlier = comparing.before(row.dataset)
    try:
        asked = parameters.read(row.parameters)
        verdict = gate.judge(
            _rows(row, asked, earlier),
            asked,
            earlier=earlier,
            annotated=comparing.annotated(row.dataset, row.collection),
            charge=lambda: _charge(row, asked),
        )
    except Odd as odd:
        verdict = Verdict().refuse("parameters", str(odd))
    except Refused as refused:
        verdict = Verdict().refuse(refused.code, refused.message)
    except ValueError as error:
        logger.info("proposal %s has rows that cannot be read", row.pk)
        verdict = Verdict().refuse("file", str(error)[:300])
    _settle(row, verdict, compared)


def _charge(row: ReleaseProposal, asked: Parameters) -> None:
    """In a transaction of its own, before noise is drawn."""
    budgets.charge(row, asked.epsilon, asked.delta, now=timezone.now(), actor=GATE)
    failpoint("release.after_charge")


def _rows(row: ReleaseProposal, asked: Parameters, earlier: Sequence[Before]) -> Iterator[Row]:
    """The rows of the file or of the collection; the lease is kept while they are read."""
    last = time.monotonic()
    for one in portions.rows(row) if row.collection is None else _collected(row, asked, earlier):
        if time.monotonic() - last > BEAT_SECONDS:
            leases.renew(ReleaseProposal, row.pk, row.fence, timezone.now())
            last = time.monotonic()
        yield one


def _collected(row: ReleaseProposal, asked: Parameters, earlier: Sequence[Before]) -> Iterator[Row]:
    """With the columns by which earlier releases of these rows can be attacked together with this one."""
    assert row.collection is not None
    name = row.dataset.key, row.collection.name
    there = {one["name"] for one in row.columns or ()}
    before = {one for said in earlier if said.published for one in said.published.columns if one in there}
    for one in tabular.rows(
        name, list(dict.fromkeys([*asked.names, *sorted(before)])), timezone.localdate() + timedelta(days=1)
    ):
        yield {key: columns.text(value) for key, value in one.items()}


def _settle(row: ReleaseProposal, verdict: Verdict, compared: int) -> None:
    """Write the verdict and what would leave, if the proposal is still ours."""
    table = portions.Table(written(verdict.header, verdict.rows))
    now = timezone.now()
    with log.atomic():
        leases.renew(ReleaseProposal, row.pk, row.fence, now)
        changes: dict[str, Any] = {
            "figures": verdict.figures,
            "reasons": [{"code": one.code, "words": one.words} for one in verdict.reasons],
            "failing": verdict.failing, "header": verdict.header, "judged_at": now, "compared": compared,
            "lease_until": None, "preview": [list(one) for one in verdict.rows[:PREVIEW_ROWS]],
        }  # fmt: skip
        if verdict.passed:
            portions.keep(row, Part.OUTPUT, table.pieces())
            portions.keep_json(row, Part.FACTS, comparing.said(verdict))
            move(row, State.PASSED, rows=len(verdict.rows), digest=table.digest, **changes)
            log.record("release.passed", actor=GATE, noun=row, rows=len(verdict.rows), digest=table.digest)
        else:
            portions.destroy(row, Part.OUTPUT, Part.FACTS)
            move(row, State.REFUSED, rows=None, digest="", **changes)
            log.record("release.refused", actor=GATE, noun=row, codes=sorted({one.code for one in verdict.reasons}))


def _park(row: ReleaseProposal, reason: str) -> None:
    with log.atomic():
        leases.renew(ReleaseProposal, row.pk, row.fence, timezone.now())
        move(row, State.PARKED, park_reason=reason, lease_until=None)
        log.record("release.parked", actor=GATE, noun=row)


def approve(proposal: ReleaseProposal, *, by: User) -> Release | None:
    """Let it leave: the row of the ledger. None when another release left meanwhile, so that the gate has to judge it anew.

    Raises Refused.
    """
    with log.atomic():
        # Two approvals of one dataset, one after the other: each knows what the one before let out.
        Dataset.objects.select_for_update().get(pk=proposal.dataset_id)
        row = _decidable(proposal, by)
        if row.proposed_by is None:
            raise Refused("A program proposed this. A colleague has to answer for it first.", code="nobody_answers")
        noisy = row.kind == ReleaseProposal.Kind.PRIVATE
        if not noisy and Release.objects.filter(dataset=row.dataset_id).count() != row.compared:
            move(row, State.OPEN, attempts=0, next_try_at=None)
            log.record("release.asked", actor=actors.staff(by.pk), noun=row, again=True)
            ring(judge_release, row.pk)
            return None
        now = timezone.now()
        move(row, State.APPROVED, decided_by=by, decided_at=now)
        portions.destroy(row, Part.SOURCE)
        assert row.rows is not None  # it passed
        left = Release.objects.create(
            proposal=row, title=row.title, kind=row.kind, dataset=row.dataset, purpose=row.purpose, public=row.public,
            recipients=sorted(row.recipients.values_list("key", flat=True)), columns=row.header,
            parameters=row.parameters, figures=row.figures, rows=row.rows, digest=row.digest,
            proposed_by=row.proposed_by, approved_by=by, client=row.client, released_at=now,
        )  # fmt: skip
        log.record(
            "release.approved", actor=actors.staff(by.pk), noun=row, release=left.pk, dataset=row.dataset.key,
            rows=row.rows, digest=row.digest,
        )  # fmt: skip
    return left


def decline(proposal: ReleaseProposal, *, by: User, note: str) -> None:
    """Keep it in. Raises Refused."""
    if not 3 <= len(note.strip()) <= 300:
        raise Refused("Say in 3 to 300 characters why.", code="reason_missing", field="note")
    with log.atomic():
        row = _decidable(proposal, by)
        move(row, State.DECLINED, decided_by=by, decided_at=timezone.now(), decision_note=note.strip(), preview=None)
        portions.destroy(row, *Part.values)
        log.record("release.declined", actor=actors.staff(by.pk), noun=row)


def _decidable(proposal: ReleaseProposal, by: User) -> ReleaseProposal:
    """The row, locked. Raises Refused unless it waits for a decision that this colleague may take."""
    if not by.has_perm(APPROVE):
        raise Refused("Your role may not decide about releases.", code="not_allowed")
    row = (
        ReleaseProposal.objects.select_for_update(of=("self",)).select_related("dataset", "purpose").get(pk=proposal.pk)
    )
    if row.state != State.PASSED:
        raise Refused("Only what passed the gate can be decided about.", code="state")
    if row.proposed_by_id == by.pk:
        raise Refused("You proposed this. Another colleague has to decide.", code="not_yourself")
    return row


def fetch(release: Release, form: str, *, by: User) -> tuple[str, Iterator[bytes]]:
    """(name of the file, its bytes) of what left: "csv", or "json" for what is to be known about it. Each fetch is an event."""
    if not by.has_perm("disclosures.view_release"):
        raise Refused("Your role may not fetch releases.", code="not_allowed")
    with log.atomic():
        log.record("release.fetched", actor=actors.staff(by.pk), noun=release.proposal, release=release.pk, form=form)
    name = f"release-{release.released_at:%Y-%m-%d}-{str(release.pk)[:8]}"
    if form == "json":
        text = json.dumps(about(release), indent=2, ensure_ascii=False) + "\n"
        return f"{name}.json", iter([text.encode()])
    return f"{name}.csv", portions.stream(release.proposal, Part.OUTPUT)


def about(release: Release) -> dict[str, Any]:
    """What whoever gets the data should know about it, and nothing that the gate kept back."""
    figures = {name: value for name, value in release.figures.items() if name not in ("linkage_without", "tried")}
    return {
        "id": str(release.pk), "title": release.title, "kind": release.kind, "dataset": release.dataset.key,
        "purpose": release.purpose.key, "recipients": release.recipients, "public": release.public,
        "columns": release.columns, "rows": release.rows, "sha256": release.digest,
        "released_at": release.released_at.isoformat(), "figures": figures,
        "terms": "Nobody may try to find out whom these data are about.",
    }  # fmt: skip


def lapse_old(now: datetime) -> int:
    """Give up proposals that nobody decided in KEEP_DAYS, and destroy what they brought along; how many."""
    done = 0
    for row in lapsing(now)[:200]:
        with log.atomic():
            try:
                move(row, State.LAPSED, preview=None)
            except Refused:
                continue  # somebody decided this moment
            portions.destroy(row, *Part.values)
            log.record("release.lapsed", actor=GATE, noun=row)
        done += 1
    return done


def lapsing(now: datetime) -> "QuerySet[ReleaseProposal]":
    """Proposals whose time is over."""
    old = now - timedelta(days=KEEP_DAYS)
    return ReleaseProposal.objects.filter(
        state__in=(State.DRAFT, State.PASSED, State.REFUSED, State.PARKED), proposed_at__lt=old
    ).order_by("proposed_at")
