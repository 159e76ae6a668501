"""How requests ask `law`: what applies, until when, why one may refuse, and where a person can complain.

A request keeps the statutes that applied when it came, with the version of their files; grounds and remedies are read from
those statutes, not from what would apply today.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

import law
from disclosures import third_parties as parties
from law.model import ClockRule
from requests_app.models import Clock, Pause, Request

# Why a law lets the time be extended, in words for the person.
REASONS = {
    "complexity": "Your request is complex.",
    "number_of_requests": "We have received a large number of requests.",
    "number_of_appeals": "We have received a large number of appeals.",
    "reasonably_necessary": "We reasonably need more time.",
    "justified_reason": "We have a justified reason to need more time.",
    "unreasonable_interference": "Answering sooner would unreasonably disturb our work.",
    "consultations": "We have to consult others before we can answer.",
    "consultation": "We have to consult others before we can answer.",
    "large_number_of_records": "We have to look through a large number of records.",
    "large_quantity": "Your request is about a large quantity of data.",
    "search_elsewhere": "We have to search in another place.",
}

APPEAL = (
    "You can appeal to us: sign in at %(page)s and open this request, or write to %(email)s and name the reference."
    " Somebody who did not decide before looks at it."
)
APPEAL_WITHIN = (
    "You can appeal to us within %(days)d days: sign in at %(page)s and open this request, or write to %(email)s and name"
    " the reference. Somebody who did not decide before looks at it."
)


def establishment() -> law.Establishment:
    """The zone and holidays of the establishment that answers."""
    return law.Establishment(settings.ESTABLISHMENT_TIME_ZONE, settings.ESTABLISHMENT_HOLIDAYS)


def today() -> date:
    """The day that it is where the company answers from."""
    return timezone.localdate(timezone=ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))


def known(residence: str) -> bool:
    """Whether `law` knows this place of residence."""
    places = dict(law.residences())
    return residence in places or ("-" in residence and len(residence) <= 6 and residence.partition("-")[0] in places)


# In which way somebody knows us decides, in some places, whether the law covers them (context of `law.laws_for`).
CONTEXTS = {"candidate": "employment", "employee": "employment", "business": "commercial_b2b"}


def speaking(residence: str, right: str, at: datetime, relation: str = "") -> list[law.Statute]:
    """The laws that grant this right to somebody who lives there and knows us in that way; else our own policy."""
    day = at.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()
    context = CONTEXTS.get(relation, "")
    return law.applicable(residence, right, day, facts=settings.COMPANY_FACTS, context=context)


def offered(residence: str, relation: str = "") -> frozenset[str]:
    """The rights that somebody who lives there has today: by a law of the place, or by our own policy."""
    day, context = today(), CONTEXTS.get(relation, "")
    there = law.laws_for(residence, day, facts=settings.COMPANY_FACTS, context=context)
    own = law.statute(law.VOLUNTARY)
    return frozenset(right for right in law.RIGHTS if any(law.granted_right(one, right, day) for one in (*there, own)))


def frozen(residence: str, right: str, at: datetime, relation: str = "") -> list[dict[str, str]]:
    """The laws that speak for a person now, to be kept with the request; the one that is due first stands first."""
    day = at.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()
    rows = []
    for one in speaking(residence, right, at, relation):
        dates = law.deadlines(one, right, at, establishment())
        granted = law.granted_right(one, right, day) or right
        rows.append((law.due_at(dates.respond_on, dates.zone), one.id, dates.version, granted))
    return [{"statute": one, "version": version, "right": granted} for _, one, version, granted in sorted(rows)]


def clock_values(
    request: Request, at: datetime, answered: Sequence[Pause] = (), extended: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The fields of the clocks that each law of `request` sets, counted from `at`.

    `answered` are our questions so far, the oldest first; `extended` the laws whose time was extended.
    """
    values = []
    for one in _statutes(request):
        dates = _dates(request, one, at, answered, one.id in extended)
        common = {
            "statute": one.id,
            "version": dates.version,
            "name": dates.clock,
            "start_on": dates.start_on,
            "start_at": at,
            "steps": list(dates.steps),
            "zone": dates.zone,
        }
        answer = {
            "kind": Clock.Kind.RESPOND,
            "cite": dates.cite[:120],
            "due_on": dates.respond_on,
            "due_at": law.due_at(dates.respond_on, dates.zone),
            "extended_on": dates.extended_on,
            "notice_by": dates.extension_notice_by,
        }
        values.append(common | answer)
        if dates.acknowledge_on is not None:
            values.append(
                common
                | {
                    "kind": Clock.Kind.ACKNOWLEDGE,
                    "cite": dates.acknowledge_cite[:120],
                    "due_on": dates.acknowledge_on,
                    "due_at": law.due_at(dates.acknowledge_on, dates.zone),
                }
            )
    return values


def _dates(
    request: Request, one: law.Statute, at: datetime, answered: Sequence[Pause], extended: bool
) -> law.Deadlines:
    """The dates under one law. A question asked when its time was over stops nothing: it would undo a breach."""

    def count(pauses: list[law.Pause]) -> law.Deadlines:
        return law.deadlines(one, request.right, at, establishment(), pauses=pauses, verified_at=request.proved_at)

    counted: list[law.Pause] = []
    dates = count(counted)
    for row in answered:
        last = max(dates.respond_on, dates.extended_on or dates.respond_on) if extended else dates.respond_on
        if row.asked_at < law.due_at(last, dates.zone):
            counted.append(_interval(row, one))
            dates = count(counted)
    return dates


def _interval(row: Pause, one: law.Statute) -> law.Pause:
    """One question as days in the zone of a law."""
    zones = one.counting.zones
    zone = ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE if zones == ("establishment",) else zones[0])
    end = row.answered_at or row.asked_at
    return law.Pause(row.reason, row.asked_at.astimezone(zone).date(), end.astimezone(zone).date())


def stands_still(request: Request, clock: Clock, asked: Pause) -> bool:
    """Whether the law of `clock` lets it stand still while we wait for that answer; never one whose time is over."""
    if clock.kind != Clock.Kind.RESPOND or clock.statute not in law.statutes() or clock.due_at <= asked.asked_at:
        return False
    rule = law.statute(clock.statute).clocks[clock.name].pauses.get(asked.reason)
    return rule is not None and rule.effect != "none" and request.right in rule.rights


def extension_reasons(request: Request) -> dict[str, str]:
    """The reasons for which every law of this request lets its time be extended, in words; none if one does not."""
    found: dict[str, str] = {}
    for one in _statutes(request):
        extension = _clock(one, request.right).extension
        if extension is None or extension.total is None:
            return {}
        for code in extension.reasons or ("reasonably_necessary",):
            found[code] = REASONS.get(code, code.replace("_", " ").capitalize())
    return found


def extension_law(request: Request) -> str:
    """The sections by which the time may be extended: GDPR, art. 12(3)."""
    found = []
    for one in _statutes(request):
        extension = _clock(one, request.right).extension
        if extension is not None:
            found.append(cited(one.short_name, extension.cite))
    return "; ".join(found)


def _clock(one: law.Statute, right: str) -> ClockRule:
    rule = one.rights[right]
    return one.clocks[one.rights[rule.equivalent].clock if rule.equivalent else rule.clock]


def why(clocks: Sequence[Clock]) -> str:
    """Which law sets the day, when several do."""
    open_ones = sorted((one for one in clocks if one.kind == Clock.Kind.RESPOND), key=lambda one: one.due_at)
    if len(open_ones) < 2:
        return ""
    first, *others = open_ones
    rest = ", ".join(f"{short(one.statute)} on {_day(one.due_on)}" for one in others)
    return f"{short(first.statute)} is due first, on {_day(first.due_on)}; {rest} comes later. The earliest day counts."


def short(statute: str) -> str:
    """The short name of a law, or its id for one of an older release."""
    if statute == "company":
        return "Our own target"
    return law.statute(statute).short_name if statute in law.statutes() else statute


def cited(name: str, cite: str) -> str:
    """A law and its section, as the language that is spoken just now quotes them: GDPR, art. 12(3)."""
    if cite.lower() == name.lower():  # our own policy has no sections
        return gettext(name)
    return gettext("%(law)s, %(cite)s") % {"law": gettext(name), "cite": gettext(cite)}


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def grounds(request: Request) -> list[law.Ground]:
    """The grounds on which the laws of this request let us refuse it; each code once."""
    found: dict[str, law.Ground] = {}
    for one in _statutes(request):
        for ground in law.grounds(one, request.right):
            found.setdefault(ground.code, ground)
    return list(found.values())


def denial(request: Request) -> dict[str, str]:
    """The ground of a denial in the words of the law, with the section of each law that knows it, for its letter."""
    sentence, cites = "", []
    for one in _statutes(request):
        for ground in law.grounds(one, request.right):
            if ground.code == request.denial_ground:
                sentence = sentence or gettext(ground.sentence).rstrip(".。")
                cites.append(cited(one.short_name, ground.cite))
    return {"sentence": sentence, "cite": "; ".join(cites)}


def ground_words(request: Request, code: str) -> str:
    """The sentence and section for a ground that this request's laws know, else nothing."""
    for one in _statutes(request):
        if code in one.grounds:
            sentence = gettext(one.grounds[code].sentence).rstrip(".。")
            return f"{sentence} ({cited(one.short_name, one.grounds[code].cite)})"
    return ""


def remedies(request: Request) -> list[str]:
    """Where the person can turn to, a sentence each: us, the regulator, a court."""
    said: list[str] = []
    for one in _statutes(request):
        remedy = law.remedies(one)
        if remedy.appeal and request.right not in ("appeal", "complaint"):
            words = APPEAL_WITHIN if remedy.appeal_days else APPEAL
            where = {"page": f"{settings.SITE_URL}/signin/", "email": settings.COMPANY_EMAIL}
            said.append(gettext(words) % {**where, "days": remedy.appeal_days})
        if remedy.regulator:
            name, url = law.regulator(one, request.residence)
            whom = gettext(name) + (f", {url}" if url else "")
            if remedy.complaint_cite:
                whom += f" ({cited(one.short_name, remedy.complaint_cite)})"
            said.append(gettext("You can complain to the regulator: %(whom)s.") % {"whom": whom})
        if remedy.court:
            said.append(gettext(remedy.court if remedy.court.endswith(".") else f"{remedy.court}."))
    return list(dict.fromkeys(said))


def third_parties(request: Request) -> parties.Listing | None:
    """The list of third parties by name that the request's laws grant, or None. Its laws are those of the day it came."""
    on = request.received_at.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()
    return parties.answer(request.subject, _statutes(request), on)


def _statutes(request: Request) -> list[law.Statute]:
    return [law.statute(row["statute"]) for row in request.laws]
