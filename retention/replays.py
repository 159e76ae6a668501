"""The conductor of replays: after a restore, everything of the sealed list since the backup is done again, and verified.

1. `open_replay` seals what is not sealed yet, reads the entries since the backup, and writes parts: entries whose work is the
   same go together. Corrections come first, then what was switched off, then erasures, then runs by date.
2. `advance` takes each part a step further: search, work by the engine under a leave of its own, a second search. Safe to
   repeat, to run twice at once and to kill: a part and its batches are rows first.
3. The last step writes the certificate: counts, the newest entry of the list, a digest of it all, and the event.
What was done a second time changes nothing: the engine finds everything as wanted.
"""

import hashlib
import json
import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.bell import ring
from audit.failpoints import failpoint
from audit.refusal import Refused
from connectors import batches, replaying
from connectors.models import Batch, WorkOrder
from inventory.models import System
from retention import redoing, relisting, replayparts, sealed, sealing
from retention.bells import advance_replay
from retention.models import Replay, ReplayPart, SealedEntry

logger = logging.getLogger(__name__)
CONDUCTOR = actors.worker("retention.replays")
State, Part = Replay.State, ReplayPart.State
# An order that ended just before the backup, by another machine's clock, is done again as well: it changes nothing.
SLACK = timedelta(minutes=5)
SETTLED = (Part.DONE, Part.SKIPPED)
ERASING = ("erase", "anonymise", "retention")
AT_ONCE, MOST_PASSES = 50, 3


# ---------------------------------------------------------------- what people do


def open_replay(
    system: str,
    since: datetime,
    *,
    by: User | None,
    actor: Actor,
    partial: bool = False,
    leave_out: Collection[str] = (),
) -> Replay:
    """Open the replay in one system ("": our own database) of everything since a backup; the open one, where there is one for
    the same backup. `partial`: only some tables came back, so what leads to their rows is masked or gone there; `leave_out`:
    what these requests and runs did stays undone. Raises Refused: "system_unknown", "since_future", "sealed_conflict",
    "replay_conflict".
    """
    running = _running(system, since)
    if running is not None:
        return running
    sealing.complete()
    number, mac = sealed.newest()
    entries = SealedEntry.objects.filter(system=system, done_at__gte=since - SLACK).exclude(origin__in=leave_out)
    with log.atomic():
        replay = Replay.objects.create(
            system=system, since=since, partial=partial, opened_by=by, last_number=number, last_mac=mac
        )  # fmt: skip
        made = replayparts.parts(replay, entries.order_by("number"))
        ReplayPart.objects.bulk_create(made, batch_size=500)
        replay.entries = sum(len(one.numbers) for one in made)
        Replay.objects.filter(pk=replay.pk).update(entries=replay.entries)
        log.record(
            "replay.opened", actor=actor, noun=replay, system=system, since=since, entries=replay.entries, number=number
        )
        ring(advance_replay, replay.pk)
    return replay


def _running(system: str, since: datetime) -> Replay | None:
    """The open replay of this system, if it is for the same backup. Raises Refused."""
    if system and not System.objects.filter(key=system).exists():
        raise Refused(f"There is no system {system}.", code="system_unknown", field="system")
    if since > timezone.now():
        raise Refused("The backup lies in the future.", code="since_future", field="since")
    running = Replay.objects.filter(system=system, state=State.RUNNING).first()
    if running is not None and running.since != since:
        raise Refused(
            f"A replay since {running.since:%Y-%m-%d %H:%M} UTC is open in this system. Let it end first.",
            code="replay_conflict",
        )
    return running


def decide(part: ReplayPart, *, erase: bool, by: User) -> None:
    """A part found rows that were not among those erased then. Erase them too, or leave them to the next proposal."""
    if not by.has_perm("retention.run_replay"):
        raise Refused("Your role may not replay erasures. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        state = Part.ACTING if erase else Part.SKIPPED
        note = "" if erase else "Left to the next proposal of its schedule."
        waiting = ReplayPart.objects.filter(pk=part.pk, state=Part.PARKED)
        if not waiting.update(state=Part.SEARCHING if erase else state, note=DECIDED if erase else note):
            raise Refused("This part does not wait any more.", code="state_conflict")
        log.record("replay.decided", actor=actors.staff(by.pk), noun=part.replay, part=part.pk, erase=erase)
        ring(advance_replay, part.replay_id)


STRANGE = "are past the date in the restored copy and were not erased then. Erase them too, or leave them to the next proposal."
DECIDED = "A colleague decided to erase them too."


# ---------------------------------------------------------------- what conditions do


def can_move() -> list[UUID]:
    """Replays that may have a step to take."""
    return list(Replay.objects.filter(state=State.RUNNING).order_by("opened_at").values_list("pk", flat=True))


def advance(replay_id: UUID) -> bool:
    """Take each part whose turn has come a step further; whether anything moved."""
    replay = Replay.objects.filter(pk=replay_id, state=State.RUNNING).first()
    if replay is None:
        return False
    rows = ReplayPart.objects.filter(replay=replay).exclude(state__in=SETTLED)
    turn = rows.order_by("turn").values_list("turn", flat=True).first()
    if turn is None:
        return _finish(replay)
    moved = False
    for pk in list(rows.filter(turn=turn).exclude(state=Part.PARKED).values_list("pk", flat=True)[:AT_ONCE]):
        try:
            moved = _step(replay, pk) or moved
        except Refused as refused:  # what cannot be done stays where it is, with its reason in sight
            ReplayPart.objects.filter(pk=pk).update(note=refused.message[:300])
    return moved


def _step(replay: Replay, pk: int) -> bool:
    with log.atomic(apart=True):
        part = ReplayPart.objects.select_for_update(of=("self",)).select_related("batch", "check_batch").get(pk=pk)
        before = part.state
        STEPS[part.state](replay, part)
        part.save()
        failpoint("replay.before_commit")
    failpoint("replay.after_step")
    return part.state != before


def _from_open(replay: Replay, part: ReplayPart) -> None:
    if not replay.system:
        _redo_own(part)
        return
    again = replayparts.again(part)
    if again is None:
        part.state, part.note = Part.SKIPPED, "What is needed for it was destroyed, because no backup was left."
        return
    system = System.objects.get(key=replay.system)
    part.batch = replaying.open_search(again, system, origin=f"replay:{replay.pk}", actor=CONDUCTOR)
    part.state = Part.SEARCHING if part.batch else Part.SKIPPED
    if part.batch is None:
        part.note = "Nothing that is known of these people leads into this system."


def _redo_own(part: ReplayPart) -> None:
    source = redoing.sources.get(part.kind)
    if source is None:
        part.state, part.note = Part.SKIPPED, "No part of this installation knows how to do this again."
        return
    payloads = replayparts.payloads(part)
    for run in (1, 2):  # the second must find nothing to do
        made = source.redo(payloads)
        if run == 1:
            part.found, part.done, part.changed = made.found, made.found - made.overtaken, made.changed
        part.left = made.changed if run == 2 else 0
    part.state = Part.DONE if not part.left else Part.PARKED
    part.note = f"{part.left} could not be redone. See the log." if part.left else ""


def _from_searching(replay: Replay, part: ReplayPart) -> None:
    assert part.batch is not None
    if not batches.settled(part.batch, WorkOrder.Operation.FIND):
        _note_parked(part, part.batch)
        return
    again = replayparts.again(part)
    if again is None:
        part.state, part.note = Part.SKIPPED, "What is needed for it was destroyed, because no backup was left."
        return
    strange = replayparts.strangers(part) if part.note != DECIDED else 0
    if strange:
        part.state = Part.PARKED
        part.note = f"{strange} rows {STRANGE}"
        return
    part.note = ""
    leave = replaying.authorise(part.batch, again, sealed=part.digest, actor=CONDUCTOR)
    part.state = Part.ACTING if leave is not None else _verified(replay, part)


def _from_acting(replay: Replay, part: ReplayPart) -> None:
    assert part.batch is not None
    operation = replayparts.operation(part)
    if not batches.settled(part.batch, operation):
        _note_parked(part, part.batch)
        return
    sums = replaying.sums(part.batch, operation)
    part.found, part.done, part.spared = max(part.found, sums.found), max(part.done, sums.done), sums.spared
    part.changed += sums.changed
    part.note = ""
    part.state = _verified(replay, part)


def _verified(replay: Replay, part: ReplayPart) -> str:
    """The state after the work: an erasure is searched once more. What else was written was read back by the engine."""
    if part.kind not in ERASING:
        return Part.DONE
    again = replayparts.again(part)
    assert again is not None
    system = System.objects.get(key=replay.system)
    part.check_batch = replaying.open_search(again, system, origin=f"replay:{replay.pk}", actor=CONDUCTOR)
    return Part.CHECKING if part.check_batch is not None else Part.DONE


def _from_checking(replay: Replay, part: ReplayPart) -> None:
    assert part.check_batch is not None
    if not batches.settled(part.check_batch, WorkOrder.Operation.FIND):
        _note_parked(part, part.check_batch)
        return
    again = replayparts.again(part)
    assert again is not None
    replaying.decide(part.check_batch, again)
    left = replaying.left(part.check_batch)
    part.left = max(0, left - part.spared)
    part.passes += 1
    if part.left and part.passes >= MOST_PASSES:
        part.state, part.note = (
            Part.PARKED,
            f"{part.left} rows are there however often they are erased. See to their system.",
        )
    elif part.left:
        part.state, part.batch = Part.SEARCHING, part.check_batch  # they came meanwhile: once more from here
        part.check_batch = None
    else:
        part.state, part.note = Part.DONE, ""


STEPS: dict[str, Any] = {
    Part.OPEN: _from_open,
    Part.SEARCHING: _from_searching,
    Part.ACTING: _from_acting,
    Part.CHECKING: _from_checking,
}


def _note_parked(part: ReplayPart, batch: Batch) -> None:
    order = batches.parked(batch).first()
    if order is not None:
        part.note = order.park_reason


# ---------------------------------------------------------------- the end


def _finish(replay: Replay) -> bool:
    with log.atomic():
        fresh = Replay.objects.select_for_update().get(pk=replay.pk)
        if fresh.state != State.RUNNING:
            return False
        listed = 0 if fresh.system else relisting.relist(fresh.since - SLACK)
        paper = certificate(fresh, listed)
        now = timezone.now()
        Replay.objects.filter(pk=fresh.pk).update(state=State.DONE, finished_at=now, certificate=paper, note="")
        log.record(
            "replay.verified", actor=CONDUCTOR, noun=fresh, system=fresh.system, entries=fresh.entries,
            changed=paper["changed"], left=paper["left"], sha256=paper["sha256"],
        )  # fmt: skip
    return True


def certificate(replay: Replay, listed: int = 0) -> dict[str, Any]:
    """Counts, codes, moments and digests: what was redone, and by which list; how many identifiers are on the list of who was
    erased again.
    """
    rows = list(replay.parts.all())
    kinds: dict[str, dict[str, int]] = {}
    for part in rows:
        line = kinds.setdefault(
            part.kind, dict.fromkeys(("entries", "found", "done", "changed", "spared_held", "left"), 0)
        )
        line["entries"] += len(part.numbers)
        for name, value in (("found", part.found), ("done", part.done), ("changed", part.changed),
                            ("spared_held", part.spared), ("left", part.left)):  # fmt: skip
            line[name] += value
    paper: dict[str, Any] = {
        "system": replay.system or "own",
        "since": replay.since.isoformat(),
        "entries": replay.entries,
        "list_number": replay.last_number,
        "list_mac": replay.last_mac,
        "kinds": kinds,
        "changed": sum(one.changed for one in rows),
        "left": sum(one.left for one in rows),
        "listed_again": listed,
        "left_out": sum(len(one.numbers) for one in rows if one.state == Part.SKIPPED and one.note),
        "digests": digest(one.digest for one in rows),
        "verified": "every erasure was searched a second time and nothing was found"
        if all(one.left == 0 for one in rows) else "rows are left",
    }  # fmt: skip
    return paper | {"sha256": hashlib.sha256(json.dumps(paper, sort_keys=True).encode()).hexdigest()}


def digest(parts: Iterable[str]) -> str:
    """SHA-256 over digests in their order."""
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def progress(replay: Replay) -> dict[str, int]:
    """Parts by state, for who waits."""
    rows = replay.parts.order_by().values_list("state").annotate(count=Count("pk"))
    return dict(rows)
