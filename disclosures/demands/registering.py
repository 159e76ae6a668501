"""The register of demands: entering one, whom it is about, its answer's date, a legal hold for it."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.text import slugify

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors import holds
from connectors.models import LegalHold
from disclosures.demands import table
from disclosures.models import DemandPerson, LegalDemand, Recipient
from inventory.models import DataCategory
from subjects import registry
from subjects.models import DataSubject

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
MOST_PEOPLE = 200
# Who gets data because a law makes us give it. One place to change the role once there is one of their own.
KIND = "authority"


def fresh_reference(prefix: str) -> str:
    """A reference such as LD-7K3M-2Q9D: about 40 random bits."""
    letters = [secrets.choice(ALPHABET) for _ in range(8)]
    return f"{prefix}-{''.join(letters[:4])}-{''.join(letters[4:])}"


def outsider(name: str, country: str, *, kind: str = KIND, contact: str = "") -> Recipient:
    """The recipient row of an authority, or of the other side of a transaction (`kind`); made if it is new.

    Switched off: neither a secret order nor a deal that nobody knows of yet may show up as a recipient that the privacy notice
    has to name. Whoever takes the business over is switched on at the closing.
    """
    words, place = name.strip(), country.strip().upper()
    if not words or len(place) != 2 or not place.isalpha():
        raise Refused("Name it, and its country in two letters, such as DE.", code="authority", field="authority")
    found = Recipient.objects.filter(name__iexact=words, country=place, kind=kind).first()
    if found is not None:
        return found
    key = f"{kind[:12]}-{slugify(words)[:32] or 'x'}-{secrets.token_hex(3)}"
    return Recipient.objects.create(
        key=key, name=words, kind=kind,
        role=Recipient.Role.AUTHORITY if kind == KIND else Recipient.Role.CONTROLLER, country=place,
        contact=contact or settings.COMPANY_EMAIL,
        contract="Legal demand" if kind == KIND else "Transaction", transfer_basis="", active=False,
    )  # fmt: skip


def check(values: Mapping[str, Any]) -> None:
    """Whether what came can be entered as it is. Raises Refused."""
    received: datetime = values["received_at"]
    if received > timezone.now() + timedelta(minutes=5):
        raise Refused("It cannot have come in the future.", code="received_in_future", field="received_at")
    if values["due_on"] < timezone.localdate(received):
        raise Refused("The answer cannot be due before the demand came.", code="due_early", field="due_on")
    if values.get("asked_from") and values.get("asked_to") and values["asked_from"] > values["asked_to"]:
        raise Refused("The period ends before it begins.", code="period", field="asked_to")
    if values.get("gag") and not (values.get("gag_until") or values.get("gag_review_on")):
        raise Refused(
            "Say on which day the gag ends; for one without an end, when you ask the authority again.",
            code="gag_end", field="gag_until",
        )  # fmt: skip


def register(values: Mapping[str, Any], *, asked: Iterable[DataCategory], by: User) -> LegalDemand:
    """Enter a demand. `values`: fields of LegalDemand that describe what came. Raises Refused."""
    may(by, "add_legaldemand")
    check(values)
    categories = list(asked)
    if not categories:
        raise Refused("Tick at least one category of data.", code="no_category", field="asked")
    with log.atomic():
        demand = LegalDemand.objects.create(reference=fresh_reference("LD"), registered_by=by, **values)
        demand.asked.set(categories)
        note("demand.registered", demand, by, kind=demand.kind, due_on=demand.due_on, gag=demand.gag)
    return demand


def add_person(demand: LegalDemand, kind: str, value: str, *, by: User) -> DemandPerson:
    """Whom the demand is about, by an identifier; made in the register of people if they are new. Raises Refused."""
    may(by, "change_legaldemand")
    with log.atomic():
        fresh = locked(demand)
        if fresh.state not in (table.RECEIVED, table.CHECKING):
            raise Refused("The scope is set. Take the demand back to the checks first.", code="state_conflict")
        if fresh.people.count() >= MOST_PEOPLE:
            raise Refused(f"A demand takes up to {MOST_PEOPLE} people. Register the rest apart.", code="people_many")
        subject = registry.find_or_make(kind, value, actor=actors.staff(by.pk))
        person, made = DemandPerson.objects.get_or_create(demand=fresh, subject=subject)
        if made:
            note("demand.person_added", fresh, by, people=fresh.people.count())
    return person


def drop_person(demand: LegalDemand, person_id: int, *, by: User) -> None:
    """A person was entered by mistake. Raises Refused."""
    may(by, "change_legaldemand")
    with log.atomic():
        fresh = locked(demand)
        if fresh.state not in (table.RECEIVED, table.CHECKING):
            raise Refused("The scope is set. Take the demand back to the checks first.", code="state_conflict")
        if fresh.people.filter(pk=person_id).delete()[0]:
            note("demand.person_dropped", fresh, by, people=fresh.people.count())


def postpone(demand: LegalDemand, *, due_on: date, by: User) -> None:
    """The authority gave us more time. Raises Refused."""
    may(by, "change_legaldemand")
    with log.atomic():
        fresh = locked(demand)
        if fresh.state not in table.OPEN or due_on <= fresh.due_on:
            raise Refused("Choose a later day, for a demand that is open.", code="due_day", field="due_on")
        was, fresh.due_on = fresh.due_on, due_on
        fresh.save(update_fields=["due_on"])
        note("demand.postponed", fresh, by, was=was, due_on=due_on)


def hold(demand: LegalDemand, *, by: User) -> list[LegalHold]:
    """Put everybody whom the demand is about under a legal hold; the matter is our reference. Raises Refused."""
    if not by.has_perm("connectors.place_legalhold"):
        raise Refused("Your role may not place legal holds. Ask your privacy officer or legal.", code="not_allowed")
    with log.atomic():
        fresh = locked(demand)
        held = LegalHold.objects.filter(matter=fresh.reference, released_at=None).values("subject")
        people = list(DataSubject.objects.filter(demands__demand=fresh).exclude(pk__in=held))
        if not people:
            raise Refused("Everybody in this demand is under hold already, or nobody is entered.", code="hold_people")
        # Never the demand's own words: whoever works on a request of the person sees the hold.
        placed = holds.place_all(
            people, matter=fresh.reference, reason="Legal demand", by=by,
            review_on=timezone.localdate() + timedelta(days=holds.REVIEW_DAYS),
        )  # fmt: skip
        note("demand.held", fresh, by, people=len(placed))
    return placed


def locked(demand: LegalDemand) -> LegalDemand:
    """The demand as it is now, locked until the transaction ends."""
    return LegalDemand.objects.select_for_update().get(pk=demand.pk)


def may(by: User, permission: str) -> None:
    """Raises Refused without the permission."""
    if not by.has_perm(f"disclosures.{permission}"):
        raise Refused("Your role may not do this. Ask legal or your privacy officer.", code="not_allowed")


def note(event: str, demand: LegalDemand, by: User | None, **facts: Any) -> None:
    """An event about a demand. Never with a person's id: a gag covers our own timelines too."""
    actor = actors.staff(by.pk) if by is not None else actors.worker("disclosures.demands")
    log.record(event, actor=actor, noun=demand, **facts)
