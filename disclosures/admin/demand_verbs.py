"""The buttons of a legal demand."""

from datetime import date

from django.contrib.auth.models import User
from django.utils import timezone

from audit.accountable import Input, Verb
from audit.refusal import Refused
from disclosures.demands import gags, moving, registering, table
from disclosures.models import LegalDemand

PREPARE, DECIDE = "disclosures.change_legaldemand", "disclosures.approve_legaldemand"


def day(text: str, field: str) -> date:
    """A day as the browser sends it. Raises Refused."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("Write the day as 2027-03-31.", code="day", field=field) from None


def _approve(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    moving.approve(demand, by=by)
    demand.refresh_from_db()
    if demand.object_until is not None:
        return f"Approved. The people are told now and can object until {demand.object_until:%-d %B %Y}."
    return "Approved. Seal a copy of each file that leaves, then note that it left."


def _disclose(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    moving.disclose(demand, by=by)
    demand.refresh_from_db()
    silent = demand.notify == LegalDemand.Notify.GAG
    later = " The ledger and the people hear of it when the gag ends." if silent else ""
    return f"Noted: it left, with the digest of every file.{later}"


def _consider(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    moving.consider(demand, words=given["words"], by=by)
    return "Noted. The demand can go on."


def _send_back(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    moving.send_back(demand, by=by)
    return "Back to the checks; the scope has to be set and approved anew."


def _refuse(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    moving.refuse(demand, ground=given["ground"], words=given["words"], by=by)
    return "Refused. Answer the authority with the ground."


def _withdraw(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    moving.withdraw(demand, by=by)
    return "Noted: the authority took it back."


def _postpone(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    registering.postpone(demand, due_on=day(given["due_on"], "due_on"), by=by)
    return "The new date is noted."


def _hold(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    placed = registering.hold(demand, by=by)
    return f"Under hold now: {len(placed)}. The matter is {demand.reference}."


def _lift(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    gags.lift(demand, by=by)
    return "The gag is over. The people are told within a minute."


def _prolong(demand: LegalDemand, by: User, given: dict[str, str]) -> str:
    gags.prolong(demand, until=day(given["until"], "until"), basis=given["basis"], by=by)
    return "The gag lasts until then."


def _open(demand: LegalDemand) -> bool:
    return demand.state in table.OPEN


def _silent(demand: LegalDemand) -> bool:
    ended = demand.state in (table.REFUSED, table.WITHDRAWN)
    return gags.running(demand, timezone.localdate()) and not ended


VERBS = (
    Verb("approve", "Approve", DECIDE, _approve, style="primary",
         shown=lambda demand: demand.state == table.NARROWED,
         offered=lambda demand, by: demand.prepared_by_id != by.pk,
         confirm="Exactly this scope may leave then, and nothing else."),
    Verb("consider", "Objections considered", DECIDE, _consider, (Input("words", "What came of it"),),
         shown=lambda demand: demand.state == table.APPROVED
         and demand.people.filter(objected_at__isnull=False).exists()),
    Verb("disclose", "It left", PREPARE, _disclose, style="danger",
         confirm="The sealed copies below went to the authority. This cannot be taken back.",
         shown=lambda demand: demand.state == table.APPROVED),
    Verb("send_back", "Back to the checks", PREPARE, _send_back,
         shown=lambda demand: demand.state in (table.NARROWED, table.APPROVED)),
    Verb("refuse", "Refuse", DECIDE, _refuse,
         (Input("ground", "Ground", tuple(table.GROUNDS.items())), Input("words", "In words", required=False)),
         style="danger", shown=_open),
    Verb("withdraw", "The authority took it back", PREPARE, _withdraw, style="danger", shown=_open),
    Verb("postpone", "More time", PREPARE, _postpone, (Input("due_on", "New date", kind="date"),), shown=_open),
    Verb("hold", "Place legal holds", "connectors.place_legalhold", _hold, shown=_open,
         confirm="Nothing of these people is erased while the hold lasts."),
    Verb("lift_gag", "The gag was lifted", PREPARE, _lift, shown=_silent, style="danger",
         confirm="The people are told from today."),
    Verb("prolong_gag", "The gag was prolonged", PREPARE, _prolong,
         (Input("until", "Last day", kind="date"), Input("basis", "Order that says so", most=200)),
         shown=lambda demand: demand.gag and demand.told_at is None),
)  # fmt: skip
