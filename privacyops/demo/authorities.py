"""What authorities want from Hireline, and who may take it over: a demand that waits for legal, one that left under a gag, one
that was refused, and a transaction with its data room. Written once; nobody is mailed.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from django.utils import timezone

from disclosures.demands import checklists, moving, registering, sealing
from disclosures.models import LegalDemand, Transaction
from disclosures.transactions import registering as dealing
from disclosures.transactions import room
from inventory.models import DataCategory, Dataset

PEOPLE = ("person11@mail.example", "person12@mail.example", "person13@mail.example")


def load(author: User) -> None:
    """Needs the demo's inventory. `author` may prepare demands; somebody of legal decides."""
    if LegalDemand.objects.exists() or Transaction.objects.exists():
        return
    counsel = _counsel()
    today = timezone.localdate()
    _scoped(
        author, 0, "court_order", "Amtsgericht Berlin-Tiergarten", "DE", "before", came=4, due_on=today + timedelta(days=6),
        legal_basis="§§ 94, 95 StPO", asks="Everything about the applicant of the attached account since January.",
    )  # fmt: skip
    secret = _scoped(
        author, 1, "subpoena", "Superior Court of California", "US", "gag", came=40, due_on=today - timedelta(days=20),
        legal_basis="Cal. Penal Code § 1524.3", asks="Contact details and log-in times of one account.", gag=True,
        gag_basis="Cal. Penal Code § 1546.2(b)", gag_until=today + timedelta(days=50),
    )  # fmt: skip
    moving.approve(secret, by=counsel)
    secret.refresh_from_db()
    sealing.seal(secret, ContentFile(b"account;mail;last seen\r\n", name="answer.csv"), by=author)
    moving.disclose(secret, by=author)
    turned = _registered(
        author, 2, "foreign_authority", "Ministry of the Interior", "XK", came=25, due_on=today - timedelta(days=10),
        legal_basis="None cited", asks="All applicants of one employer.",
    )  # fmt: skip
    moving.refuse(turned, ground="no_treaty", by=counsel)
    _transaction(author)


def _registered(
    author: User, place: int, kind: str, authority: str, country: str, *, came: int, **more: Any
) -> LegalDemand:
    asked = DataCategory.objects.filter(key__in=("contact", "usage"))
    demand = registering.register(
        {"kind": kind, "authority": registering.outsider(authority, country), "country": country, "channel": "post",
         "jurisdiction": authority, "received_at": timezone.now() - timedelta(days=came), **more}, asked=asked, by=author,
    )  # fmt: skip
    registering.add_person(demand, "email", PEOPLE[place], by=author)
    return demand


def _scoped(author: User, place: int, kind: str, authority: str, country: str, notify: str, **more: Any) -> LegalDemand:
    demand = _registered(author, place, kind, authority, country, **more)
    moving.answer(demand, {one.key: "yes" for one in checklists.questions(kind)}, {}, by=author)
    contact = DataCategory.objects.filter(key="contact")
    words = "Usage is not needed for what the order investigates; it was left out."
    moving.narrow(demand, given=contact, note_text=words, notify=notify, by=author)
    demand.refresh_from_db()
    return demand


def _transaction(author: User) -> None:
    party = registering.outsider("Heron Jobs SE", "NL", kind="successor", contact="privacy@heron-jobs.example")
    today = timezone.localdate()
    deal = dealing.register(
        {"name": "Project Heron", "kind": "asset_deal", "use_changes": True, "offers_choice": True,
         "about": "Heron Jobs SE takes the job board over and would also show profiles to its own customers.",
         "their_notice": "https://heron-jobs.example/privacy", "signing_on": today + timedelta(days=30),
         "closing_on": today + timedelta(days=90)},
        other_party=party, categories=DataCategory.objects.filter(key__in=("contact", "professional")), by=author,
    )  # fmt: skip
    for one in Dataset.objects.order_by("pk")[:2]:
        dealing.add_dataset(deal, one, by=author)
    room.show(deal, level="aggregate", what="Applicants by country and year", shown_to="Heron Jobs SE", by=author)
    room.show(deal, level="personal", what="Contracts of the five largest employers", shown_to="Their counsel",
              reason="Change-of-control clauses have to be read in the original.", by=author)  # fmt: skip


def _counsel() -> User:
    """Who decides for legal in the demo: nobody who can sign in."""
    user, made = User.objects.get_or_create(username="hireline-legal")
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    user.groups.add(Group.objects.get(name="Legal"))
    return User.objects.get(pk=user.pk)
