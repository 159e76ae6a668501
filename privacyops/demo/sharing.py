"""Hireline's recipients, its ledger of disclosures, and the sites it links to."""

import random
from datetime import date, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from audit import log
from audit.actor import Actor
from disclosures import clients, listing, recording, retracting
from disclosures.models import (
    Channel,
    Client,
    Disclosure,
    ExternalSite,
    Grant,
    Instruction,
    ListChange,
    Recipient,
    StandingDisclosure,
    Transfer,
)
from disclosures.reading import Item
from inventory.models import Collection, DataCategory, Purpose
from privacyops.demo.generator import COMPANIES, NAMED

# key, name, role, kind, country, contract, categories, of everyone?, in California, (sold, shared), purposes
RECIPIENTS = (
    ("mailforge", "Mailforge", "processor", "E-mail delivery", "IE", "DPA 2025-03", ("contact.email",), True,
     "service_provider", (False, False), ("support", "newsletter")),
    ("cloudharbour", "Cloud Harbour", "processor", "Hosting", "DE", "DPA 2024-11", ("identity", "technical"), True,
     "service_provider", (False, False), ("service", "security")),
    ("paywell", "Paywell", "controller", "Payment provider", "NL", "Contract 118", ("financial",), True, "third_party",
     (False, False), ("bookkeeping",)),
    ("lookingglass", "Looking Glass Analytics", "processor", "Analytics", "US", "DPA 2026-01", ("usage", "technical"), True,
     "service_provider", (False, False), ("improvement",)),
    ("adstream", "Adstream Network", "advertiser", "Advertising network", "US", "Contract 131", ("marketing", "inferred"),
     True, "third_party", (False, True), ("advertising",)),
    ("northstore", "Northstore", "sub_processor", "Backups", "CA", "DPA 2026-09", ("identity",), False,
     "service_provider", (False, False), ("service",)),
)  # fmt: skip

# recipient, since, until, purpose, how it goes over, categories, whose (nothing: everyone's), where they are found
STANDING = (
    ("mailforge", date(2025, 3, 1), None, "service", "With each mail that is sent", ("contact.email",), "", ()),
    ("cloudharbour", date(2024, 11, 1), None, "service", "Hosting", ("identity", "technical"), "", ()),
    ("lookingglass", date(2026, 1, 1), None, "improvement", "Nightly export", ("usage", "technical"), "", ()),
    ("adstream", date(2026, 2, 1), None, "", "Through the banner", ("marketing", "inferred"), "", ()),
    ("paywell", date(2023, 5, 1), date(2024, 4, 30), "service", "Monthly list", ("financial",),
     "candidates who paid for a better place", ("platform", "payments")),
)  # fmt: skip

# recipient -> country, basis, days since the assessment, days that the certification still holds
TRANSFERS = {
    "lookingglass": ("US", "framework", None, 160),
    "adstream": ("US", "clauses", 200, None),
    "northstore": ("CA", "adequacy", None, None),
}
LISTED = ("mailforge", "cloudharbour", "lookingglass")

# name, address, what it is, its policy
SITES = (
    (
        "European Data Protection Board",
        "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en",
        "The list of data protection authorities in Europe, with their addresses.",
        "https://www.edpb.europa.eu/edpb/legal-notice_en",
    ),
    (
        "Information Commissioner's Office",
        "https://ico.org.uk/make-a-complaint/",
        "The United Kingdom's data protection authority, where you can complain.",
        "https://ico.org.uk/global/privacy-notice/",
    ),
    (
        "Global Privacy Control",
        "https://globalprivacycontrol.org/",
        "What the signal is, and which browsers can send it.",
        "https://globalprivacycontrol.org/privacy",
    ),
)


def sites() -> None:
    """Sites that the notice links to, whose policies were read a month ago."""
    read = timezone.localdate() - timedelta(days=30)
    for name, address, about, policy in SITES:
        ExternalSite.objects.get_or_create(
            address=address,
            defaults={"name": name, "about": about, "policy_address": policy, "reviewed_on": read,
                      "review_due": read + timedelta(days=365)},
        )  # fmt: skip


def recipients() -> None:
    """Service providers, and each employer as a recipient of its own."""
    categories = {one.key: one for one in DataCategory.objects.all()}
    employers = tuple(
        (f"employer-{number}", name, "controller", "Employer", "DE", f"Terms for employers, {name}",
         ("professional", "identity", "contact"), False, "third_party", (False, False), ("service",))
        for number, name in enumerate(COMPANIES, start=1)
    )  # fmt: skip
    purposes, today = {one.key: one for one in Purpose.objects.all()}, timezone.localdate()
    for key, name, role, kind, country, contract, keys, everyone, ccpa, (sold, shared), whys in RECIPIENTS + employers:
        row, _ = Recipient.objects.update_or_create(
            key=key,
            defaults={
                "name": name, "role": role, "kind": kind, "country": country, "contract": contract, "ccpa": ccpa,
                "sold": sold, "shared": shared, "contact": f"privacy@{key}.example", "receives_everyone": everyone,
            },
        )  # fmt: skip
        row.categories.set([categories[one] for one in keys])
        for category in keys:
            for why in whys:
                if why in purposes:
                    Grant.objects.get_or_create(recipient=row, category=categories[category], purpose=purposes[why])
        if key in TRANSFERS:
            place, basis, assessed, certified = TRANSFERS[key]
            Transfer.objects.get_or_create(
                recipient=row, country=place,
                defaults={
                    "basis": basis, "assessed_on": today - timedelta(days=assessed) if assessed else None,
                    "assessment": f"Assessment {name} 1" if assessed else "",
                    "certified_until": today + timedelta(days=certified) if certified else None,
                },
            )  # fmt: skip
    Recipient.objects.filter(key="paywell", contract_until=None).update(contract_until=today + timedelta(days=45))


def for_clients(actor: Actor, officer: User) -> None:
    """For whom Hireline processes, what they instructed, who works for it, and who is announced. Written once."""
    if ListChange.objects.exists():
        return
    with log.atomic():
        _for_clients(actor, officer)


def _for_clients(actor: Actor, officer: User) -> None:
    clients.from_inventory(actor=actor)
    today = timezone.localdate()
    for client in Client.objects.all():
        client.contract, client.contract_from = "Processing agreement 2025", date(2025, 2, 1)
        client.save(update_fields=["contract", "contract_from"])
        told = Instruction(
            client=client, kind="process", given_on=date(2025, 2, 1), given_by="Head of personnel",
            way="Processing agreement, annex 1", processing="Host the applicant desk: receive, show and answer applications.",
        )  # fmt: skip
        clients.record(told, list(client.systems), by=officer)
    for key in LISTED:
        row = Recipient.objects.get(key=key)
        listing.enter_first(row, by=officer, since=date(2025, 3, 1), words="Annex 3 of the processing agreements")
    new = Recipient.objects.get(key="northstore")
    Recipient.objects.filter(pk=new.pk).update(active=False)  # until it starts
    listing.announce(
        new, by=officer, starts_on=today + timedelta(days=40), words="Encrypted backups; Hireline has the key."
    )


# recipient, way, by which sign, purposes whose withdrawal they hear of
WAYS = (
    ("mailforge", "mail", "email", ("newsletter",)),
    ("adstream", "mail", "sha256", ("advertising",)),
    ("lookingglass", "page", "email", ("improvement",)),
)


def ways() -> None:
    """How some of them are told; the others by an e-mail that names the person."""
    for key, kind, names, purposes in WAYS:
        recipient = Recipient.objects.get(key=key)
        row, _ = Channel.objects.get_or_create(recipient=recipient, defaults={"kind": kind, "names": names})
        row.purposes.set(Purpose.objects.filter(key__in=purposes))


def ledger(actor: Actor, officer: User) -> None:
    """Applications that went to employers, of the people of the tour; one came twice and is taken back. Written once."""
    if Disclosure.objects.exists():
        return
    dice, now = random.Random(7), timezone.now()
    employers = list(Recipient.objects.filter(kind="Employer").values_list("key", flat=True))
    items = [
        Item("email", mail, employer, ("contact.email", "identity", "professional.application"),
             now - timedelta(days=dice.randrange(10, 400)), "service", "Application sent")
        for _, mail, _, _ in NAMED.values()
        for employer in dice.sample(employers, 4)
    ]  # fmt: skip
    with log.atomic():
        made = recording.record_many([*items, items[-1]], source=Disclosure.Source.IMPORT, actor=actor)
        retracting.take_back(Disclosure.objects.get(pk=str(made[-1].entry)), reason="twice", by=officer)


def all_the_time() -> None:
    """What recipients get without an entry for each person: of everyone, and of candidates; one has ended."""
    purposes = {one.key: one for one in Purpose.objects.all()}
    categories = {one.key: one for one in DataCategory.objects.all()}
    for key, since, until, purpose, occasion, keys, group, collection in STANDING:
        recipient = Recipient.objects.get(key=key)
        if StandingDisclosure.objects.filter(recipient=recipient, since_on=since).exists():
            continue
        row = StandingDisclosure.objects.create(
            recipient=recipient, since_on=since, until_on=until, purpose=purposes.get(purpose), occasion=occasion,
            group=group,
        )  # fmt: skip
        row.categories.set([categories[one] for one in keys])
        if collection:
            row.collections.set(Collection.objects.filter(dataset__key=collection[0], name=collection[1]))
