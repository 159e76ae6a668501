"""The states of a run: one table, one function, each move with its event."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from retention import certificates
from retention.models import Run

CONDUCTOR = actors.worker("retention.runs")
State = Run.State
OPEN = (State.FINDING, State.PROPOSED, State.APPROVED, State.RUNNING)

# What is not in this table does not happen. The value is the event that the move leaves.
MOVES: dict[tuple[str, str], str] = {
    (State.FINDING, State.PROPOSED): "run.proposed",
    (State.FINDING, State.NOTHING): "run.empty",
    (State.FINDING, State.CANCELLED): "run.cancelled",
    (State.PROPOSED, State.APPROVED): "run.approved",
    (State.PROPOSED, State.CANCELLED): "run.cancelled",
    (State.APPROVED, State.RUNNING): "run.started",
    (State.APPROVED, State.PROPOSED): "run.returned",
    (State.APPROVED, State.CANCELLED): "run.cancelled",
    (State.RUNNING, State.FINDING): "run.recounted",
    (State.RUNNING, State.DONE): "run.finished",
    (State.RUNNING, State.CANCELLED): "run.cancelled",
}
UNAPPROVED = {
    "approved_by": None, "approved_at": None, "not_before": None, "automatic": False, "first_by": None, "reason": "",
}  # fmt: skip


def locked(run_id: UUID) -> Run:
    """The run as it is, locked until the transaction ends."""
    rows = Run.objects.select_related("schedule__collection__dataset", "schedule__author", "batch", "approved_by")
    return rows.select_for_update(of=("self",)).get(pk=run_id)


def move(run: Run, to: str, *, actor: Actor, changes: dict[str, Any] | None = None, **facts: Any) -> Run:
    """Move a run, with its event. Raises Refused "state_conflict" for a move that the table has not or somebody else won."""
    event = MOVES.get((run.state, to))
    if event is None:
        raise Refused("This cannot be done in the state that the run is in.", code="state_conflict")
    with log.atomic():
        if not Run.objects.filter(pk=run.pk, state=run.state).update(state=to, **(changes or {})):
            raise Refused("This run has moved on meanwhile. Load the page again.", code="state_conflict")
        log.record(event, actor=actor, noun=run, schedule=run.schedule.key, before=run.state, after=to, **facts)
        return locked(run.pk)


def close(run: Run, to: str, actor: Actor, note: str = "") -> Run:
    """The end of a run that erased: with its certificate."""
    done = move(run, to, actor=actor, changes={"finished_at": timezone.now(), "note": note})
    event = log.of(done).reverse()[0]
    paper = certificates.certificate(done) | {"event": event.number, "event_digest": event.digest}
    held = sum(one["spared_held"] for one in paper["collections"].values())
    Run.objects.filter(pk=run.pk).update(certificate=paper, held=held)
    return locked(run.pk)
