"""The same verb on many requests: a table of what may be done together, why it cannot be done to one, and doing it.

Nothing here decides: every row goes through the verb that its case page calls, in a transaction of its own, and a refusal
of one stops no other. To approve is not in the table: whoever approves as second person has to have seen that case. A
proposal made here still waits for somebody else, and covers only the findings whose fingerprint the preview showed.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum

from audit import typed
from audit.refusal import Refused
from connectors import batches, settling
from connectors.models import Finding, WorkOrder
from requests_app import acts, assignment, laws, letters, plans, playbooks, raising, reminding, review
from requests_app.buttons import Ask
from requests_app.models import Clock, Extension, Letter, Raising, Request, State, StepTick
from requests_app.policy import DECIDE

MOST = 100
Fields = dict[str, str]


@dataclass
class Facts:
    """What the checks know about all chosen requests, read in a fixed number of queries."""

    prints: dict[UUID, str] = field(default_factory=dict)
    places: dict[UUID, int] = field(default_factory=dict)
    rows: dict[UUID, int] = field(default_factory=dict)
    undecided: set[UUID] = field(default_factory=set)
    letters: dict[UUID, int] = field(default_factory=dict)
    orders: dict[UUID, int] = field(default_factory=dict)
    ticked: dict[UUID, set[int]] = field(default_factory=dict)
    extended: set[UUID] = field(default_factory=set)
    running: dict[UUID, list[date | None]] = field(default_factory=dict)  # by when to tell of an extension, per clock
    raised: dict[UUID, Raising] = field(default_factory=dict)


@dataclass(frozen=True)
class Deed:
    """One thing that can be done to many. `hinder` gives the reason why not, if it is known; `says` what would happen."""

    name: str
    label: str
    may: Callable[[User], bool]
    hinder: Callable[[Request, User, Facts], str]
    says: Callable[[Request, User, Facts], str]
    run: Callable[[Request, User, Fields], str]
    asks_colleague: bool = False
    asks: Callable[[Sequence[Request]], tuple[Ask, ...]] = lambda requests: ()


@dataclass(frozen=True)
class Row:
    """One request of the preview: what would happen, or why nothing will; `mark` is the fingerprint that was shown."""

    request: Request
    says: str
    hindered: str
    mark: str


@dataclass(frozen=True)
class Result:
    """What became of one request."""

    pk: str
    reference: str
    ok: bool
    sentence: str


def _propose(one: Request, by: User, given: Fields) -> str:
    done = review.propose(one, by=by, fingerprint=given.get("mark", ""))
    return "Proposed; a second person has to approve it." if done.state == State.IN_REVIEW else "Carried out."


def _retry_letters(one: Request, by: User, given: Fields) -> str:
    parked = list(Letter.objects.filter(request=one.pk, state=Letter.State.PARKED))
    if not parked:
        raise Refused("No letter of it is parked any more.", code="state_conflict")
    for letter in parked:
        letters.retry(letter, by=by)
    return f"{len(parked)} sent again."


def _retry_orders(one: Request, by: User, given: Fields) -> str:
    if not by.has_perm("connectors.retry_workorder"):
        raise Refused("Your role may not retry work. Ask a privacy officer.", code="not_allowed")
    parked = list(WorkOrder.objects.filter(batch=one.batch_id, state=WorkOrder.State.PARKED))
    if not parked:
        raise Refused("No work of it is parked any more.", code="order_conflict")
    for order in parked:
        settling.retry(order, by=by)
    return f"{len(parked)} opened again."


def _taken(one: Request, by: User, given: Fields) -> str:
    review.take(one, by=by)
    return "Yours now."


def _assigned(one: Request, by: User, given: Fields) -> str:
    to = User.objects.filter(pk=typed.number(given.get("to"))).first()
    if to is None:
        raise Refused("Choose a colleague.", code="missing", field="to")
    assignment.assign(one, by=by, to=to, today=laws.today())
    return f"With {to.get_full_name() or to.get_username()} now."


def _extended(one: Request, by: User, given: Fields) -> str:
    row = acts.extend(one, by=by, reason=given.get("reason", ""), note=given.get("note", ""))
    return f"Extended until {_day(row.due_on)}; the person is told by letter."


def _not_extended(one: Request, user: User, facts: Facts) -> str:
    """Why its time cannot be extended, as `acts.extend` would say; that has the last word."""
    if one.state == State.CLOSED or one.pk not in facts.running:
        return "It is closed." if one.state == State.CLOSED else "No clock of a law runs."
    if one.pk in facts.extended:
        return "Its time was extended already; the law allows it once."
    if not laws.extension_reasons(one):
        return "A law of this request gives no more time."
    last = _tell_by(one, facts)
    if last is not None and laws.today() > last:
        return f"The person had to hear of it by {_day(last)}. It is too late; answer now."
    return ""


def _extension(one: Request, user: User, facts: Facts) -> str:
    last = _tell_by(one, facts)
    told = f"; to be told by {_day(last)}" if last else ""
    grounds = "; ".join(laws.extension_reasons(one).values())
    return f"Its time is extended under {laws.extension_law(one)}. Grounds: {grounds}{told}"


def _tell_by(one: Request, facts: Facts) -> date | None:
    return min((day for day in facts.running.get(one.pk, ()) if day is not None), default=None)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _grounds(requests: Sequence[Request]) -> tuple[Ask, ...]:
    """The grounds that the laws of these requests know. One that a request's law does not know is refused for it."""
    known: dict[str, str] = {}
    for one in requests:
        known |= laws.extension_reasons(one)
    return (
        Ask("reason", "Ground that the law knows", kind="choice", choices=tuple(known.items()),
            help="For a request whose law does not know it, it is refused."),
        Ask("note", "Reason, in words for each person", kind="long", help="It stands in each letter as you write it."),
    )  # fmt: skip


def _raised(one: Request, by: User, given: Fields) -> str:
    raising.raise_up(one, by=by, reason=given.get("reason", ""))
    return "Raised to the privacy officers."


def _not_raised(one: Request, user: User, facts: Facts) -> str:
    if one.state == State.CLOSED:
        return "It is closed."
    return "It is raised already." if one.raised_at is not None else ""


def _lowered(one: Request, by: User, given: Fields) -> str:
    raising.lower(one, by=by)
    return "Lowered."


def _not_lowered(one: Request, user: User, facts: Facts) -> str:
    if one.raised_at is None:
        return "It is not raised."
    may = raising.may_lower(facts.raised.get(one.pk), user)
    return "" if may else "A privacy officer lowers it, or whoever raised it."


def _reminded(one: Request, by: User, given: Fields) -> str:
    reminding.remind(one, by=by)
    return "Reminded."


def _again(one: Request, by: User, given: Fields) -> str:
    review.collect_again(one, by=by)
    return "Searched anew."


def _decides(user: User) -> bool:
    return user.has_perm(f"requests_app.{DECIDE}")


def _not_proposed(one: Request, user: User, facts: Facts) -> str:
    if one.state != State.IN_REVIEW or one.batch_id is None:
        return "It is not in review."
    if one.proposed_by_id is not None:
        return "It has been proposed already."
    if one.batch_id in facts.undecided:
        return "Some findings are not decided yet."
    plan = plans.thaw(one.plan)
    if not plan.second_person and (
        words := playbooks.unticked(
            playbooks.open_steps(playbooks.thaw(one.playbook), plan, facts.ticked.get(one.pk, set()))
        )
    ):
        return words
    return "" if review.may_propose(one, user) else "Your role may not propose this."


def _proposal(one: Request, user: User, facts: Facts) -> str:
    known = one.batch_id or UUID(int=0)
    what = f"{facts.rows.get(known, 0):,} rows in {facts.places.get(known, 0)} places"
    alone = not plans.thaw(one.plan).second_person and _decides(user)
    return f"Carried out at once: {what}" if alone else f"Proposed to a second person: {what}"


def _closed(one: Request, user: User, facts: Facts) -> str:
    return "It is closed." if one.state == State.CLOSED else ""


DEEDS: tuple[Deed, ...] = (
    Deed("take", "Take on", reminding.may_work, _closed, lambda one, user, facts: "Becomes yours", _taken),
    Deed("assign", "Give to a colleague", reminding.may_work, _closed, lambda one, user, facts: "Goes to the colleague",
         _assigned, asks_colleague=True),
    Deed("propose", "Propose to carry out", reminding.may_work, _not_proposed, _proposal, _propose),
    Deed("remind", "Remind to prove who asks", reminding.may_work,
         lambda one, user, facts: "" if one.state == State.VERIFYING else "It does not wait for a proof.",
         lambda one, user, facts: "Gets a letter with a new link", _reminded),
    Deed("search", "Search again", _decides,
         lambda one, user, facts: "" if one.state in (State.IN_REVIEW, State.DELIVERING) else "It is not in review.",
         lambda one, user, facts: "Is searched anew; a proposal falls", _again),
    Deed("extend", "Extend the time", _decides, _not_extended, _extension, _extended, asks=_grounds),
    Deed("raise", "Raise to the privacy officers", reminding.may_work, _not_raised,
         lambda one, user, facts: "Stands before the privacy officers", _raised,
         asks=lambda requests: (Ask("reason", "Why, for colleagues", kind="long"),)),
    Deed("lower", "Lower what was raised", reminding.may_work, _not_lowered,
         lambda one, user, facts: "Was seen to", _lowered),
    Deed("letters", "Send parked letters again", _decides,
         lambda one, user, facts: "" if facts.letters.get(one.pk) else "No letter of it is parked.",
         lambda one, user, facts: f"{facts.letters[one.pk]} sent again", _retry_letters),
    Deed("orders", "Retry parked work", lambda user: user.has_perm("connectors.retry_workorder"),
         lambda one, user, facts: "" if one.batch_id in facts.orders else "No work of it is parked.",
         lambda one, user, facts: f"{facts.orders.get(one.batch_id or UUID(int=0), 0)} opened again", _retry_orders),
)  # fmt: skip


def offered(user: User) -> list[Deed]:
    """What this colleague's role may do to many."""
    return [one for one in DEEDS if one.may(user)]


def deed(name: str, user: User) -> Deed | None:
    """The deed of this name, if the role may do it."""
    return next((one for one in offered(user) if one.name == name), None)


def preview(one: Deed, requests: Sequence[Request], user: User) -> list[Row]:
    """What would happen to each; changes nothing. A fixed number of queries."""
    facts = _facts(requests)
    rows = []
    for request in requests:
        hindered = one.hinder(request, user, facts)
        says = "" if hindered else one.says(request, user, facts)
        rows.append(Row(request, says, hindered, facts.prints.get(request.batch_id or UUID(int=0), "")))
    return rows


def _facts(requests: Sequence[Request]) -> Facts:
    ids = [one.batch_id for one in requests if one.batch_id is not None]
    facts = Facts(prints=batches.fingerprints(ids))
    findings = Finding.objects.filter(batch__in=ids).order_by().values("batch")
    counted = findings.annotate(
        places=Count("pk", filter=Q(rows__gt=0)), total=Sum("rows", filter=Q(decision="include")),
        undecided=Count("pk", filter=Q(decision=Finding.Decision.OPEN)),
    )  # fmt: skip
    for row in counted:
        facts.places[row["batch"]], facts.rows[row["batch"]] = row["places"], row["total"] or 0
        if row["undecided"]:
            facts.undecided.add(row["batch"])
    parked = Letter.objects.filter(request__in=[one.pk for one in requests], state=Letter.State.PARKED).order_by()
    facts.letters = {row["request"]: row["many"] for row in parked.values("request").annotate(many=Count("pk"))}
    stuck = WorkOrder.objects.filter(batch__in=ids, state=WorkOrder.State.PARKED).order_by()
    facts.orders = {row["batch"]: row["many"] for row in stuck.values("batch").annotate(many=Count("pk"))}
    pks = [one.pk for one in requests]
    for pk, number in StepTick.objects.filter(request__in=pks).values_list("request", "number"):
        facts.ticked.setdefault(pk, set()).add(number)
    facts.extended = set(Extension.objects.filter(request__in=pks).values_list("request", flat=True))
    clocks = Clock.objects.filter(request__in=pks, kind=Clock.Kind.RESPOND, met_at=None).order_by()
    for pk, day in clocks.values_list("request", "notice_by"):
        facts.running.setdefault(pk, []).append(day)
    facts.raised = {one.request_id: one for one in Raising.objects.filter(request__in=pks, lowered_at=None)}
    return facts


def missing(one: Deed, given: Fields) -> str:
    """What a deed asks for and was not given, in words; "" if nothing is."""
    lacking = [ask.label for ask in one.asks(()) if ask.required and not given.get(ask.name, "").strip()]
    return f"Please fill this in: {', '.join(lacking)}." if lacking else ""


def carry_out(one: Deed, marks: dict[UUID, str], user: User, given: Fields) -> list[Result]:
    """Do it to each of these requests by the verb of its case page; `marks` are the fingerprints that were shown."""
    found = {row.pk: row for row in Request.objects.filter(pk__in=list(marks)[:MOST]).order_by("due_at", "pk")}
    results = []
    for pk, request in found.items():
        try:
            said, ok = one.run(request, user, given | {"mark": marks[pk]}), True
        except Refused as error:
            said, ok = error.message, False
        results.append(Result(str(pk), request.reference, ok, said))
    return results


def summed(results: Sequence[Result]) -> dict[bool, int]:
    """How many were done and how many refused."""
    sums: dict[bool, int] = defaultdict(int)
    for one in results:
        sums[one.ok] += 1
    return sums
