"""The buttons of the case page: what the table of moves allows, as far as this person's role may. Reads only."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

import law
from connectors import batches, holds
from connectors.models import Finding, WorkOrder
from inventory.models import DataCategory, System
from requests_app import acts, appeals, assignment, halting, laws, moves, plans, playing, proof, raising, reminding
from requests_app.models import Request, State
from requests_app.policy import APPROVE, DECIDE, DENY, SEND_BACK_REASONS, WORK
from requests_app.proving import papers, stopping, ways
from subjects.models import Identifier


@dataclass(frozen=True)
class Ask:
    """One input of a button: `kind` is text, choice, tick or hidden."""

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
    makers = FOLLOWERS if not plans.thaw(request.plan).find else CASES
    offered = [make(request, user) for make in makers]
    return [one for one in offered if one is not None]


def may_propose(request: Request, user: User) -> bool:
    """Whoever decides; and whoever works cases, where the plan asks for no second person anyway."""
    return _has(user, DECIDE) or (_has(user, WORK) and not playing.second_person(request))


def may_approve(request: Request, user: User) -> bool:
    """Whoever approves as second person; where the plan needs none, whoever decides."""
    return _has(user, APPROVE) or (_has(user, DECIDE) and not playing.second_person(request))


def _hidden(request: Request) -> tuple[Ask, ...]:
    value = batches.fingerprint(request.batch) if request.batch is not None else ""
    return (Ask("fingerprint", "", kind="hidden", value=value),)


def _has(user: User, permission: str) -> bool:
    return bool(user.has_perm(f"requests_app.{permission}"))


def _propose(request: Request, user: User) -> Action | None:
    if request.state != State.IN_REVIEW or request.proposed_by_id is not None or not may_propose(request, user):
        return None
    if playing.second_person(request) or not _has(user, DECIDE):
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
    if playing.extra(request):
        before = {one.by_id for one in playing.approvals(request)}
        if user.pk in before:
            return None
        if not before and plans.thaw(request.plan).second_person:
            words = f"{rows} rows. One more colleague has to approve after you; nothing begins before."
            return Action("approve", "Approve as the first of two", "primary", _hidden(request), words)
    return Action("approve", "Approve and carry out", "danger", _hidden(request), words)


def _accept_authority(request: Request, user: User) -> Action | None:
    if request.authority != Request.Authority.AWAITING or not _deciding_authority(request, user):
        return None
    help = "That they may ask for this person, and that the address of the request is this person's. The search begins."
    return Action("accept_authority", "Accept the authority", "primary", (Ask("reason", "What showed it", help=help),))


def _refuse_authority(request: Request, user: User) -> Action | None:
    if not _deciding_authority(request, user):
        return None
    ask = Ask("reason", "Why, in words for whoever asked", kind="long", help="It stands in the letter as you write it.")
    words = "The case ends. The person and whoever asked are told; nothing is searched."
    return Action("refuse_authority", "Refuse the authority", "danger", (ask,), words)


def _deciding_authority(request: Request, user: User) -> bool:
    early = request.state in (State.RECEIVED, State.VERIFYING)
    return early and request.asked_by != Request.AskedBy.SELF and _has(user, DECIDE)


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
    return Action("collect_again", "Search again", "plain", (), "What was decided so far is dropped.")


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


def _assign(request: Request, user: User) -> Action | None:
    if request.state == State.CLOSED or not any(_has(user, one) for one in assignment.HOLDERS):
        return None
    choices = tuple(one for one in assignment.offered(request, laws.today()) if one[0] != str(user.pk))
    if not choices:
        return None
    help = "Who is away, or whose role may not work on it, is not in the list."
    return Action("assign", "Give it to a colleague", "plain", (Ask("to", "To", "choice", choices, help=help),))


def _ask(request: Request, user: User) -> Action | None:
    if request.state not in acts.OPEN or request.waiting_since is not None or not _works(user):
        return None
    asks = (
        Ask("reason", "About", kind="choice", choices=tuple(acts.questions(request))),
        Ask("question", "Question, in words for the person", kind="long"),
    )
    return Action("ask", "Ask the person", "plain", asks)


def _ask_paper(request: Request, user: User) -> Action | None:
    if not _has(user, DECIDE) or not papers.may_ask(request) or papers.open_one(request) is not None:
        return None
    ask = Ask("reason", "Why nothing milder will do, in words for the person", kind="long")
    words = "Only as the last resort: the person is asked to upload a document, which is destroyed with your decision."
    return Action("ask_paper", "Ask for a document", "plain", (ask,), words)


def _accept_paper(request: Request, user: User) -> Action | None:
    return _paper(request, user, "accept_paper", "It is them: accept the document", "primary")


def _refuse_paper(request: Request, user: User) -> Action | None:
    return _paper(request, user, "refuse_paper", "Refuse the document", "plain")


def _paper(request: Request, user: User, name: str, label: str, style: str) -> Action | None:
    early = request.state in (State.RECEIVED, State.VERIFYING)
    found = papers.open_one(request) if early and _has(user, DECIDE) else None
    if found is None or found.seen_at is None:
        return None
    return Action(name, label, style, (), "The document is destroyed at once.")


CHECKED: dict[str, str] = {
    Identifier.Kind.PHONE: "The phone number is theirs, too",
    Identifier.Kind.ACCOUNT: "The customer number is theirs, too",
}


def _vouch(request: Request, user: User) -> Action | None:
    early = request.state in (State.RECEIVED, State.VERIFYING) and request.proved_at is None
    choices = tuple((code, words) for code, words in ways.by_staff().items() if ways.allowed(request.right, code))
    if not early or not choices or not _has(user, DECIDE):
        return None
    ask = Ask("method", "How you made sure", kind="choice", choices=choices)
    ticks = [
        Ask(f"checked_{kind}", CHECKED[kind], kind="tick", required=False, help="Then it is searched by.")
        for kind in proof.claimed(request)
    ]
    return Action(
        "vouch", "I made sure who is asking", "plain", (ask, *ticks), "Only the way is kept, never its evidence."
    )


def _resume(request: Request, user: User) -> Action | None:
    if request.stopped_at is None or not _has(user, DECIDE):
        return None
    ask = Ask("reason", "How you made sure", kind="choice", choices=tuple(stopping.CLEARED.items()))
    words = "Somebody on file said that they did not ask. What was found is searched anew, and decided again."
    return Action("resume", "Let it go on", "danger", (ask,), words)


def _answered(request: Request, user: User) -> Action | None:
    if request.waiting_since is None or request.state == State.CLOSED or not _works(user):
        return None
    asks = (Ask("answer", "What the person answered by mail, phone or post", kind="long"),)
    return Action("answered", "Enter the answer", "plain", asks)


def _extend(request: Request, user: User) -> Action | None:
    if request.state == State.CLOSED or hasattr(request, "extension") or not _has(user, DECIDE):
        return None
    reasons = laws.extension_reasons(request)
    if not reasons:
        return None
    asks = (
        Ask("reason", "Reason that the law knows", kind="choice", choices=tuple(reasons.items())),
        Ask("note", "Reason, in words for the person", kind="long", help="It stands in the letter as you write it."),
    )
    return Action("extend", "Extend the time", "plain", asks)


def _residence(request: Request, user: User) -> Action | None:
    if request.state == State.CLOSED or request.follows_id is not None or not _works(user):
        return None
    asks = (Ask("residence", "The person lives in", kind="choice", choices=tuple(law.residences())),)
    return Action("residence", "Correct the residence", "plain", asks)


def _decide_appeal(request: Request, user: User) -> Action | None:
    return _deciding(request, user, "appeal", "grant", "Grant the appeal", "primary", "The case opens again.")


def _refuse_appeal(request: Request, user: User) -> Action | None:
    words = "The answer stands; the person is told your reasons and where to complain."
    return _deciding(request, user, "appeal", "refuse", "Refuse the appeal", "danger", words)


def _answer_complaint(request: Request, user: User) -> Action | None:
    return _deciding(request, user, "complaint", "reply", "Answer the complaint", "primary", "")


def _deciding(
    request: Request, user: User, right: str, name: str, label: str, style: str, confirm: str
) -> Action | None:
    if request.right != right or request.state != State.IN_REVIEW or not _has(user, DENY) or request.follows is None:
        return None
    if right == "appeal" and user.pk in appeals.deciders(request.follows):
        return None
    asks = (Ask("note", "In words for the person", kind="long", help="It stands in the letter as you write it."),)
    return Action(name, label, style, asks, confirm)


def _enter_appeal(request: Request, user: User) -> Action | None:
    if request.state != State.CLOSED or not _works(user):
        return None
    if not appeals.may_appeal(request, request.followed_by.all(), timezone.now()):
        return None
    return _entering("enter_appeal", "Enter an appeal")


def _enter_complaint(request: Request, user: User) -> Action | None:
    if not _works(user) or not appeals.may_complain(request, request.followed_by.all(), timezone.now()):
        return None
    return _entering("enter_complaint", "Enter a complaint")


def _entering(name: str, label: str) -> Action:
    came = tuple((str(one.value), str(one.label)) for one in appeals.BY_HAND)
    asks = (
        Ask("channel", "How it came", kind="choice", choices=came),
        Ask("words", "The person's words", kind="long"),
    )
    return Action(name, label, "plain", asks)


def _works(user: User) -> bool:
    return _has(user, DECIDE) or _has(user, WORK)


def _hold(request: Request, user: User) -> Action | None:
    if not user.has_perm("connectors.place_legalhold"):
        return None
    if request.state == State.CLOSED or holds.whole().filter(subject=request.subject_id).exists():
        return None
    later = timezone.localdate() + timedelta(days=holds.REVIEW_DAYS)
    asks = (
        Ask("matter", "Matter, without names"),
        Ask("reason", "Reason", kind="long"),
        Ask("review_on", "Look again on", kind="date", value=later.isoformat()),
        Ask("system", "Only in one system", "choice", _listed(System.objects.order_by("name")), required=False),
        Ask("category", "Only one data category", "choice", _listed(DataCategory.objects.order_by("key")),
            help="It covers what is below it. For several, place the hold under Legal holds.", required=False),
    )  # fmt: skip
    words = "From then on nothing of this person that it covers is erased: everything, if you choose neither."
    return Action("hold", "Place a legal hold", "plain", asks, words)


def _listed(rows: "QuerySet[System] | QuerySet[DataCategory]") -> tuple[tuple[str, str], ...]:
    return tuple(rows.values_list("key", "name"))


def _raise(request: Request, user: User) -> Action | None:
    if request.state == State.CLOSED or request.raised_at is not None or not reminding.may_work(user):
        return None
    ask = Ask("reason", "Why, for colleagues", kind="long")
    return Action("raise", "Raise to the privacy officers", "plain", (ask,), "It goes on as before meanwhile.")


def _lower(request: Request, user: User) -> Action | None:
    if not raising.may_lower(raising.open_one(request), user):
        return None
    return Action("lower", "It was seen to: lower it", "plain")


def _halt(request: Request, user: User) -> Action | None:
    if not halting.may(user) or not halting.can_stop(request):
        return None
    words = "It stops before the next rows. What was done stays done; it can go on later."
    return Action("halt", "Stop the work", "plain", (), words)


def _go_on(request: Request, user: User) -> Action | None:
    if not halting.may(user) or not halting.can_go_on(request):
        return None
    return Action("go_on", "Go on with the work", "primary", (), "Exactly where it stopped, under the same approval.")


CASES = (
    _accept_authority,
    _refuse_authority,
    _accept_paper,
    _refuse_paper,
    _resume,
    _go_on,
    _propose,
    _approve,
    _send_back,
    _collect_again,
    _ask,
    _answered,
    _extend,
    _residence,
    _deny,
    _enter_appeal,
    _enter_complaint,
    _vouch,
    _ask_paper,
    _halt,
    _hold,
    _raise,
    _lower,
    _take,
    _assign,
)
FOLLOWERS = (
    _decide_appeal,
    _refuse_appeal,
    _answer_complaint,
    _ask,
    _answered,
    _extend,
    _enter_complaint,
    _raise,
    _lower,
    _take,
    _assign,
)
