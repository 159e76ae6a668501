"""A No reaches the systems that use the purpose: the same search and the same switches as an opt-out by request.

1. `note` writes a row in the transaction of the choice, once for each.
2. `sweep` opens a search for the person where a collection of that purpose has a switch (`suppress` of the inventory), and
   authorises switching off once the search is over. Collections of other purposes are left alone.
3. Whoever said Yes again meanwhile is not switched off: the newest choice is asked before each step.

A No that came by a request is carried on by that request's own plan, and not twice. What parks in a system waits for a
colleague, as every work order does.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from audit import actor as actors
from audit import leases, log, rows
from connectors import batches, narrowing
from connectors.models import Authorisation, WorkOrder
from consent.models import Choice, Standing, Withdrawal
from inventory.graph import Name
from inventory.models import Collection
from subjects.models import Identifier

CARRIER = actors.worker("consent.propagating")
State = Withdrawal.State
ON_ITS_WAY = (State.OPEN, State.SEARCHING, State.STOPPING)
GROUND = "other_purpose"
COLUMNS = ("choice_id", "state", "noted_at", "attempts", "fence")
AT_ONCE = 200


def note(choices: Sequence[Choice]) -> None:
    """A row for each No of a person, in the caller's transaction."""
    now = timezone.now()
    noes = [
        (one.pk, State.OPEN, now, 0, 0)
        for one in choices
        if not one.granted and one.subject_id is not None and one.source != Choice.Source.REQUEST
    ]
    rows.insert(Withdrawal, COLUMNS, noes, "ON CONFLICT DO NOTHING")


def switches(purpose_id: int) -> list[Name]:
    """The collections that serve this purpose and have a switch."""
    found = Collection.objects.filter(purposes=purpose_id, skip=False, fields__suppress__isnull=False).distinct()
    return [(one.dataset.key, one.name) for one in found.select_related("dataset").order_by("pk")]


def sweep(now: datetime) -> int:
    """Take each withdrawal a step further where it can be; how many moved."""
    due = Withdrawal.objects.filter(leases.free(now), state__in=ON_ITS_WAY).order_by("noted_at")
    return sum(carry(pk, now) for pk in list(due.values_list("pk", flat=True)[:AT_ONCE]))


def carry(pk: object, now: datetime) -> bool:
    """One step of one withdrawal, unless another worker has it; whether it moved."""
    waiting = Withdrawal.objects.filter(state__in=ON_ITS_WAY).select_related("choice", "batch")
    row = leases.claim(waiting, pk, now)
    if row is None:
        return False
    with log.atomic():
        state, batch = _step(row)
        settled = None if state in ON_ITS_WAY else timezone.now()
        # What waits for a search is looked at again at the next sweep.
        leases.release(Withdrawal, row.pk, row.fence, state=state, batch=batch, settled_at=settled)
        if settled:
            log.record(
                "withdrawal.carried", actor=CARRIER, noun=row.choice, subject_id=row.choice.subject_id, outcome=state
            )
    return bool(state != row.state)


def _step(row: Withdrawal) -> tuple[str, object]:
    choice, batch = row.choice, row.batch
    assert choice.subject_id is not None, "only a person's No is noted"
    if row.state == State.STOPPING:
        assert batch is not None
        return (State.DONE if batches.settled(batch, WorkOrder.Operation.SUPPRESS) else row.state), batch
    held = Standing.objects.filter(holder=choice.subject_id, purpose=choice.purpose_id).first()
    if held is not None and held.granted:
        return State.OVERTAKEN, batch
    if batch is None:
        return _search(choice)
    if not batches.settled(batch, WorkOrder.Operation.FIND):
        return row.state, batch
    narrowing.only(batch, switches(choice.purpose_id), ground=GROUND, actor=CARRIER)
    batches.authorise(batch, operation=WorkOrder.Operation.SUPPRESS, basis=Authorisation.Basis.OPT_OUT, actor=CARRIER)
    return State.STOPPING, batch


def _search(choice: Choice) -> tuple[str, object]:
    """Open the search, where there is something to switch off and something to find the person by."""
    found: dict[str, list[str]] = {}
    for one in Identifier.objects.filter(subject=choice.subject_id, claimed=False).order_by("created_at"):
        found.setdefault(one.kind, []).append(one.value)
    if choice.subject is None or not found or not switches(choice.purpose_id):
        return State.NOTHING, None
    batch = batches.open_find(
        origin=f"choice:{choice.pk}", subject=choice.subject, identities=found, refer=False, actor=CARRIER
    )
    return State.SEARCHING, batch
