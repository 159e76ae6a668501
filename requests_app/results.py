"""What became of a request, collection by collection, counted from the receipts and not from what was intended. Reads only."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import CharField, OuterRef, Q, QuerySet, Subquery, Sum, UUIDField
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from audit.kept import Here, Kept
from connectors.models import Finding, Receipt, WorkOrder
from connectors.scope import NOT_ASKED
from inventory import phrases
from inventory.models import Collection
from inventory.models import Field as Column
from requests_app import laws, leftovers, plans, stationery
from requests_app.models import Referral, Request

GROUNDS = {
    "legal_obligation": "a law obliges us to keep it",
    "legal_claims": "it is needed for legal claims",
    "contract": "it is needed for a contract that still runs",
    "other_person": "it concerns another person too",
    "freedom_of_expression": "it serves the freedom of expression and information",
    "security": "it is needed to detect security incidents",
}
DONE = {
    ("erase", "delete"): "deleted",
    ("erase", "mask"): "stripped of your personal data; what remains does not name you",
    ("correct", ""): "corrected",
    ("suppress", ""): "marked as not to be used for this any more",
    ("suppress", "opt_out_sale"): "marked as not for sale or sharing",
    ("restrict", ""): "marked as not to be used until the matter is settled",
    ("export", ""): "in the package",
}
# Not whose claims: that another person is under a hold is theirs to know.
SPARED = "a legal hold protects it"
CLIENT_SAID = {
    "took_over": "they take your request over and answer you themselves",
    "instructs_us": "they asked us to carry your request out for them",
    "no_data": "they say that they hold no data about you",
    "refused": "they refused your request; ask them for their reasons",
}
UNDONE = {
    "erase": "could not be erased",
    "correct": "could not be corrected",
    "suppress": "could not be marked",
    "export": "could not be handed out",
    "restrict": "could not be marked",
}


@dataclass
class Line:
    """What became of one collection, in words."""

    title: str
    text: str


@dataclass
class Summary:
    """How many findings there were, how many were wholly done and how many not, and the words for a letter."""

    found: int = 0
    done: int = 0
    left: int = 0
    lines: list[Line] = field(default_factory=list)
    withheld: list[Line] = field(default_factory=list)
    referred: list[str] = field(default_factory=list)


def summary(request: Request) -> Summary:
    """The honest outcome so far: what has a receipt is done, what was kept has a ground, the rest is left."""
    plan = plans.thaw(request.plan)
    if request.batch_id is None:
        return Summary()
    orders = _telling(request)
    result, waived = Summary(referred=referred(request, orders)), _waived(request, orders)
    given_up = {order.system_id: gettext(order.park_code.replace("_", " ")) for order in waived}
    keeping: dict[tuple[str, str], tuple[str, str]] | None = None
    told: set[int] = set()
    for one, receipted in _findings(request, plan):
        result.found += 1
        kept = one.decision == Finding.Decision.KEEP or (plan.operation == "erase" and one.action == "keep")
        if kept:
            result.left += 1
            keeping = _keeping() if keeping is None else keeping
            reason = _why(request, one, keeping)
            _say(result.withheld, one, one.rows, gettext("kept: %(reason)s") % {"reason": reason})
            result.lines.append(result.withheld[-1])
            continue
        done, undone = _counts(one, plan.operation, receipted, earlier=one.batch_id != request.batch_id)
        if done:
            _say(result.lines, one, done, gettext(done_words(plan.operation, one.action, request.right)))
        if moved := one.outcome.get("moved", 0):
            _say(result.lines, one, moved, gettext("no longer about you, so not touched"))
        if undone:
            told.add(one.system_id)
            _not_done(result, one, undone, plan.operation, given_up.get(one.system_id, ""))
        else:
            result.done += 1
    for line in [*_unsearched(waived), *_unfinished(waived, told), *_left_behind(request, orders)]:
        result.left += 1
        result.lines.append(line)
        result.withheld.append(line)
    return result


def done_words(operation: str, action: str, right: str) -> str:
    """What was done, in English: words of the action or of the right where there are some."""
    return DONE.get((operation, action)) or DONE.get((operation, right)) or DONE[operation, ""]


def _not_done(result: Summary, one: Finding, undone: int, operation: str, why: str) -> None:
    result.left += 1
    if one.outcome.get("spared_for"):
        _say(result.withheld, one, undone, gettext("kept: %(reason)s") % {"reason": gettext(SPARED)})
        result.lines.append(result.withheld[-1])
    else:
        _say(result.lines, one, undone, gettext(UNDONE[operation]) + (f" ({why})" if why else ""))


def _counts(one: Finding, operation: str, receipted: int, *, earlier: bool) -> tuple[int, int]:
    """(rows done, rows not done) of one finding.

    A finished order wrote them down, also that nothing of this person was there to change; an unfinished one left receipts.
    Of what an earlier search left, `leftovers` tells.
    """
    if operation == WorkOrder.Operation.EXPORT:
        return one.rows, 0
    if one.outcome.get("operation") == operation:
        left = 0 if earlier else max(one.outcome.get("left", {}).values(), default=0)
        return one.outcome["rows"], one.outcome["spared"] + left
    return receipted, one.rows - receipted


def ground(request: Request, code: str) -> str:
    """A ground in words: those of the request's laws where they know it."""
    return laws.ground_words(request, code) or gettext(GROUNDS.get(code, code.replace("_", " ")))


def _telling(request: Request) -> list[WorkOrder]:
    """The orders of this request that say more than that they were done: referrals, what was given up, what left rows."""
    return _orders(origin=request.reference)


def _special() -> QuerySet[WorkOrder]:
    stopped = Q(operation__in=leftovers.CHANGING, state=WorkOrder.State.PARKED, park_code="left")
    wanted = Q(operation=WorkOrder.Operation.REFER) | Q(state=WorkOrder.State.WAIVED) | stopped
    rows = WorkOrder.objects.filter(wanted, batch__origin=Here("origin", CharField()))
    return rows.select_related("system", "referral", "batch").order_by("created_at", "pk")


_orders = Kept(_special)


def referred(request: Request, orders: list[WorkOrder] | None = None) -> list[str]:
    """The clients that decide about data which we only process for them, where to reach them, and what they said so far."""
    if request.batch_id is None:
        return []
    found: dict[str, str] = {}
    for order in _telling(request) if orders is None else orders:
        if order.operation != WorkOrder.Operation.REFER or not order.system.client:
            continue
        system, referral = order.system, getattr(order, "referral", None)
        name = f"{system.client} ({system.client_contact})" if system.client_contact else system.client
        if referral is not None or system.key not in found:
            found[system.key] = f"{name}: {_said(referral)}"
    return sorted(set(found.values()))


def _said(referral: Referral | None) -> str:
    if referral is not None and referral.answer in CLIENT_SAID:
        return gettext(CLIENT_SAID[referral.answer])
    if referral is not None and referral.sent_at is not None:
        day = date_format(timezone.localtime(referral.sent_at), stationery.day_format())
        return gettext("we passed your request on to them on %(day)s") % {"day": day}
    if referral is not None and referral.state == Referral.State.PARKED:
        return gettext("we could not reach them yet, so please ask them directly")
    return gettext("we are passing your request on to them")


def _waived(request: Request, orders: list[WorkOrder]) -> list[WorkOrder]:
    """The orders that were given up."""
    mine = [one for one in orders if one.batch_id == request.batch_id and one.state == WorkOrder.State.WAIVED]
    return [one for one in mine if one.park_code != "cancelled"]


def _unsearched(waived: list[WorkOrder]) -> list[Line]:
    """Systems whose search was given up: never silently."""
    return [
        Line(
            one.system.name,
            gettext("could not be searched (%(why)s); we have not answered for it")
            % {"why": gettext(one.park_code.replace("_", " "))},
        )
        for one in waived
        if one.operation == WorkOrder.Operation.FIND
    ]


def _unfinished(waived: list[WorkOrder], told: set[int]) -> list[Line]:
    """Systems where work was given up that no line tells of: what was to be looked at once more was not."""
    orders = [one for one in waived if one.operation in leftovers.CHANGING and one.system_id not in told]
    words = gettext("could not be checked to the end (%(why)s); something may be left there")
    return [Line(one.system.name, words % {"why": gettext(one.park_code.replace("_", " "))}) for one in orders]


def _left_behind(request: Request, orders: list[WorkOrder]) -> list[Line]:
    """What an earlier try was to erase and left, and no later one took."""
    lines: list[Line] = []
    for one in leftovers.of(request, [one for one in orders if leftovers.is_behind(request, one)]):
        words = gettext("could not be erased")
        text = ngettext("%(rows)d row %(words)s", "%(rows)d rows %(words)s", one.rows) % {
            "rows": one.rows,
            "words": words,
        }
        lines.append(Line(phrases.said(one.title), text if one.rows else gettext("rows are left there")))
    return lines


def _findings(request: Request, plan: plans.Plan) -> list[tuple[Finding, int]]:
    """The findings that this right is about, with the rows that have a receipt.

    Those of an earlier search, which was made again, count only where it had an effect.
    """
    rows: list[Any] = _counted(origin=request.reference, operation=plan.operation, batch=request.batch_id)
    concerned = _concerned(request, plan)
    wanted = [one for one in rows if concerned is None or (one.dataset, one.collection) in concerned]
    return [(one, one.receipted) for one in wanted]


def _receipted() -> QuerySet[Finding]:
    receipts = Receipt.objects.filter(chunk__finding=OuterRef("pk"), order__operation=Here("operation", CharField()))
    total = receipts.order_by().values("chunk__finding").annotate(total=Sum("rows")).values("total")
    rows = Finding.objects.filter(batch__origin=Here("origin", CharField()), rows__gt=0)
    rows = rows.annotate(receipted=Coalesce(Subquery(total), 0))
    rows = rows.filter(Q(batch=Here("batch", UUIDField())) | Q(receipted__gt=0))
    # Where the request is limited to other data there is nothing to say about these.
    return rows.exclude(ground=NOT_ASKED).order_by("batch__created_at", "place", "pk")


_counted = Kept(_receipted)


def _concerned(request: Request, plan: plans.Plan) -> set[tuple[str, str]] | None:
    """For a correction, an opt-out and a restriction: the collections that have something to change; None means all."""
    if plan.operation == "correct":
        rows = Column.objects.filter(attribute__in=list(request.changes))
    elif plan.operation == "suppress":
        rows = Column.objects.exclude(suppress=None)
    elif plan.operation == "restrict":
        rows = Column.objects.exclude(restrict=None)
    else:
        return None
    return set(rows.values_list("collection__dataset__key", "collection__name"))


def _keeping() -> dict[tuple[str, str], tuple[str, str]]:
    """Ground and end of keeping, as the inventory states them, by collection."""
    rows = Collection.objects.values_list("dataset__key", "name", "keep_ground", "keep_until")
    return {(dataset, name): (reason, until) for dataset, name, reason, until in rows}


def _why(request: Request, one: Finding, keeping: dict[tuple[str, str], tuple[str, str]]) -> str:
    reason, until = keeping.get((one.dataset, one.collection), ("", ""))
    words = ground(request, one.ground or reason or "legal_obligation")
    if one.ground_note and one.ground_note != until:
        words = f"{words}; {one.ground_note}"
    return (
        gettext("%(words)s. We keep it until %(until)s") % {"words": words, "until": phrases.said(until)}
        if until
        else words
    )


def _say(lines: list[Line], one: Finding, rows: int, words: str) -> None:
    lines.append(
        Line(
            phrases.said(one.title),
            ngettext("%(rows)d row %(words)s", "%(rows)d rows %(words)s", rows) % {"rows": rows, "words": words},
        )
    )
