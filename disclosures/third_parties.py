"""The specific third parties to which one person's data went, or anybody's: what Oregon (ORS 646A.574(1)(a)(B)), Minnesota
(Minn. Stat. 325M.14 subd. 1(h)) and others let a person ask for.

A third party is whoever is neither the person, nor we, nor our processor (ORS 646A.570). No natural person is a recipient here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

import law
from disclosures import ledger, selling, standing
from disclosures.models import Disclosure, Flow, Recipient
from inventory.models import Purpose
from law.listing import Owed, owed
from subjects.models import DataSubject

ROLES = (
    Recipient.Role.CONTROLLER, Recipient.Role.JOINT, Recipient.Role.ADVERTISER, Recipient.Role.THIRD_PARTY,
)  # fmt: skip
HEAD = ("third_party", "kind", "country", "contact", "first", "last")


@dataclass(frozen=True)
class Party:
    """A third party that got data: from when until when, as far as we kept it. `contact`: where a law wants it named."""

    recipient: Recipient
    first: date | None
    last: date | None
    contact: str = ""


@dataclass(frozen=True)
class Listing:
    """A list of third parties by name. `anybodys`: it names those who got anybody's data, as the company chose."""

    parties: list[Party]
    anybodys: bool
    sold_only: bool
    cites: tuple[tuple[str, str], ...]


def answer(subject: DataSubject, statutes: Iterable[law.Statute], on: date) -> Listing | None:
    """The list that these laws grant this person, or None where no law asks for names. A fixed number of queries."""
    wanted = owed(statutes, on)
    if wanted is None:
        return None
    anybodys = wanted.any_allowed and settings.THIRD_PARTY_LIST == "any"
    parties = of_anybody(wanted) if anybodys else of(subject, wanted)
    return Listing(parties, anybodys, wanted.sold_only, wanted.cites)


def of(subject: DataSubject, wanted: Owed | None = None) -> list[Party]:
    """The third parties to which this person's data went, by name."""
    rows = Disclosure.objects.sound().filter(subject__in=ledger.people(subject).values("pk"))
    seen = (
        rows.filter(recipient__role__in=ROLES)
        .order_by()
        .values("recipient", "purpose__key")
        .annotate(first=Min("disclosed_at"), last=Max("disclosed_at"))
    )
    people = ledger.people(subject).values("pk")
    held = [one for one in standing.of(people, timezone.localdate(), searched=True) if one.recipient.role in ROLES]
    spans = [(one["recipient"], one["purpose__key"], _day(one["first"]), _day(one["last"])) for one in seen]
    return _parties(spans, held, wanted)


def of_anybody(wanted: Owed | None = None) -> list[Party]:
    """The third parties to which any personal data went, by name; days are those of months."""
    rows = Flow.objects.filter(recipient__role__in=ROLES).order_by()
    seen = rows.values("recipient", "purpose").annotate(first=Min("month"), last=Max("month"))
    held = [one for one in standing.between(date.min, timezone.localdate()) if one.recipient.role in ROLES]
    spans = [(one["recipient"], one["purpose"], one["first"], one["last"]) for one in seen]
    return _parties(spans, held, wanted)


def _day(at: datetime) -> date:
    return timezone.localdate(at)


def _parties(spans: list[tuple[int, Any, date, date]], held: list[standing.Held], wanted: Owed | None) -> list[Party]:
    """One line for each recipient, from entries and standing disclosures."""
    named = {one.pk: one for one in Recipient.objects.filter(pk__in={one[0] for one in spans})}
    named |= {one.recipient.pk: one.recipient for one in held}
    every: list[tuple[int, str, date | None, date | None]] = [
        (who, why or "", first, last) for who, why, first, last in spans
    ]
    every += [
        (one.recipient.pk, one.purpose.key if one.purpose else "", one.since_on, one.until_on or timezone.localdate())
        for one in held
    ]
    if wanted is not None and wanted.sold_only:
        marked = set(Purpose.objects.filter(sale_or_sharing=True).values_list("key", flat=True))
        every = [one for one in every if selling.Way.SOLD in selling.ways(named[one[0]], one[1], marked=marked)]
    contacts = wanted is not None and wanted.contacts
    found: dict[int, Party] = {}
    for who, _why, first, last in every:
        had = found.get(who)
        firsts = [first] if had is None else [first, had.first]
        lasts = [day for day in (last, had.last if had else None) if day]
        known = [day for day in firsts if day]
        found[who] = Party(
            named[who],
            min(known) if len(known) == len(firsts) else None,
            max(lasts) if lasts else None,
            named[who].contact if contacts else "",
        )
    return sorted(found.values(), key=lambda one: (one.recipient.name, one.recipient.pk))


def table(parties: Iterable[Party]) -> list[list[str]]:
    """The list as lines of a table, under HEAD."""
    return [
        [
            one.recipient.name,
            one.recipient.kind,
            one.recipient.country,
            one.contact,
            *map(_written, (one.first, one.last)),
        ]
        for one in parties
    ]


def _written(day: date | None) -> str:
    return day.isoformat() if day else ""
