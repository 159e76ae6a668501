"""The buttons of the case page: what the table of moves allows, as far as this person's role may. Reads only."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User

from connectors import batches
from connectors.models import Finding, WorkOrder
from requests_app import laws, moves, plans
from requests_app.models import Request, State
from requests_app.policy import APPROVE, DECIDE, DENY, SEND_BACK_REASONS, WORK


@dataclass(frozen=True)
class Ask:
    """One input of a button: `kind` is text, choice or hidden."""

    name: str
    label: str
    kind: str = "text"
    choices: tuple[tuple[str, str], ...] = ()
    value: str = ""
    help: str = ""
    required: bool = True


@dataclass(frozen=True)
class Action:
    """A button on the case page. `style` is primary, danger or plain; `confirm` is asked before, if not empty."""

    name: str
    label: str
    style: str
    fields: tuple[Ask, ...] = field(default=())
    confirm: str = ""


def actions(request: Request, user: User) -> list[Action]:
    """The buttons for this case: what the table of moves allows, as far as this person's role may."""
    offered = [make(request, user) for make in (_propose, _approve, _send_back, _collect_again, _deny, _take)]
    return [one for one in offered if one is not None]


def may_propose(request: Request, user: User) -> bool:
    """Whoever decides; and whoever works cases, where the plan asks for no second person anyway."""
    return _has(user, DECIDE) or (_has(user, WORK) and not plans.thaw(request.plan).second_person)


def may_approve(request: Request, user: User) -> bool:
    """Whoever approves as second person; where the plan needs none, whoever decides."""
    return _has(user, APPROVE) or (_has(user, DECIDE) and not plans.thaw(request.plan).second_person)


def _hidden(request: Request) -> tuple[Ask, ...]:
    value = batches.fingerprint(request.batch) if request.batch is not None else ""
    return (Ask("fingerprint", "", kind="hidden", value=value),)


def _has(user: User, permission: str) -> bool:
    return bool(user.has_perm(f"requests_app.{permission}"))


def _propose(request: Request, user: User) -> Action | None:
    if request.state != State.IN_REVIEW or request.proposed_by_id is not None or not may_propose(request, user):
        return None
    if plans.thaw(request.plan).second_person or not _has(user, DECIDE):
        return Action("propose", "Propose to a second person", "primary", _hidden(request))
    return Action(
        "propose", "Approve and carry out", "primary", _hidden(request), "This starts the work on what is shown here."
    )


def _approve(request: Request, user: User) -> Action | None:
    mine = request.proposed_by_id in (None, user.pk)
    if request.state != State.IN_REVIEW or mine or not may_approve(request, user):
        return None
    rows = sum(one.rows for one in Finding.objects.filter(batch=request.batch_id, decision="include"))
    words = f"This changes {rows} rows in our systems and cannot be undone."
    return Action("approve", "Approve and carry out", "danger", _hidden(request), words)


def _send_back(request: Request, user: User) -> Action | None:
    if request.state != State.IN_REVIEW or request.proposed_by_id is None:
        return None
    if request.proposed_by_id != user.pk and not may_approve(request, user):
        return None
    ask = Ask("reason_code", "Why", kind="choice", choices=tuple(SEND_BACK_REASONS.items()))
    return Action("send_back", "Send back", "plain", (ask,))


def _collect_again(request: Request, user: User) -> Action | None:
    legal = moves.legal(request.state, State.COLLECTING) and request.state in (State.IN_REVIEW, State.DELIVERING)
    if not legal or not _has(user, DECIDE):
        return None
    orders = WorkOrder.objects.filter(batch=request.batch_id)
    if request.state == State.DELIVERING and not orders.filter(state=WorkOrder.State.PARKED).exists():
        return None
    return Action("collect_again", "Search again", "plain", (), "The decisions so far fall.")


def _deny(request: Request, user: User) -> Action | None:
    if request.state not in (State.COLLECTING, State.IN_REVIEW) or not _has(user, DENY):
        return None
    grounds = tuple((one.code, f"{one.sentence} ({one.cite})") for one in laws.grounds(request))
    if not grounds:
        return None
    asks = (
        Ask("ground", "Ground", kind="choice", choices=grounds),
        Ask("note", "Reason, in words for the person", help="It stands in the letter as you write it."),
    )
    return Action("deny", "Deny", "danger", asks, "The person is told the ground, your words and where to complain.")


def _take(request: Request, user: User) -> Action | None:
    if request.owner_id == user.pk or request.state == State.CLOSED:
        return None
    if not any(_has(user, one) for one in (DECIDE, APPROVE, DENY, WORK)):
        return None
    return Action("take", "Take this case", "plain")
