"""Hireline's recipients, its ledger of disclosures, the sites it links to, and its retention schedules."""

import random
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from disclosures.models import Disclosure, ExternalSite, Recipient
from inventory.models import Collection, DataCategory, Purpose
from privacyops.demo.generator import COMPANIES, NAMED
from retention.models import Schedule
from subjects import registry
from subjects.models import DataSubject

# key, name, role, kind, country, transfer basis, contract, categories, of everyone?
RECIPIENTS = (
    ("mailforge", "Mailforge", "processor", "E-mail delivery", "IE", "", "DPA 2025-03", ("contact.email",), True),
    ("cloudharbour", "Cloud Harbour", "processor", "Hosting", "DE", "", "DPA 2024-11", ("identity", "technical"), True),
    ("paywell", "Paywell", "controller", "Payment provider", "NL", "", "Contract 118", ("financial",), True),
    ("lookingglass", "Looking Glass Analytics", "processor", "Analytics", "US", "EU-US Data Privacy Framework",
     "DPA 2026-01", ("usage", "technical"), True),
    ("adstream", "Adstream Network", "third_party", "Advertising network", "US", "Standard contractual clauses",
     "Contract 131", ("marketing", "inferred"), True),
)  # fmt: skip

# key, title, dataset, collection, period, unit, reason
SCHEDULES = (
    ("server-logs", "Server logs after 90 days", "traces", "server_logs", 90, "days",
     "Long enough to find misuse; the security team never looked further back."),
    ("closed-applications", "Closed applications after 6 months", "archive", "archived_applications", 6, "months",
     "Claims of rejected applicants must be brought within that time."),
    ("sign-ins", "Sign-ins after 12 months", "traces", "sessions", 12, "months",
     "People ask about strange sign-ins for about a year."),
    ("support", "Support requests after 2 years", "platform", "support_tickets", 2, "years",
     "Follow-up questions come within two years."),
)  # fmt: skip

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
        (f"employer-{number}", name, "controller", "Employer", "DE", "", f"Terms for employers, {name}",
         ("professional", "identity", "contact"), False)
        for number, name in enumerate(COMPANIES, start=1)
    )  # fmt: skip
    for key, name, role, kind, country, basis, contract, keys, everyone in RECIPIENTS + employers:
        row, _ = Recipient.objects.update_or_create(
            key=key,
            defaults={
                "name": name, "role": role, "kind": kind, "country": country, "transfer_basis": basis,
                "contract": contract, "contact": f"privacy@{key}.example", "receives_everyone": everyone,
            },
        )  # fmt: skip
        row.categories.set([categories[one] for one in keys])


def ledger(actor: object) -> None:
    """Applications that went to employers: for the people of the tour. Written once."""
    if Disclosure.objects.exists():
        return
    dice, now = random.Random(7), timezone.now()
    employers = list(Recipient.objects.filter(kind="Employer"))
    purpose = Purpose.objects.get(key="service")
    rows = []
    for _, mail, _, _ in NAMED.values():
        subject: DataSubject = registry.find_or_make("email", mail, actor=actor)  # type: ignore[arg-type]
        for employer in dice.sample(employers, 4):
            rows.append(
                Disclosure(
                    subject=subject,
                    recipient=employer,
                    purpose=purpose,
                    occasion="Application sent",
                    categories=["professional.application", "identity", "contact.email"],
                    disclosed_at=now - timedelta(days=dice.randrange(10, 400)),
                )
            )
    Disclosure.objects.bulk_create(rows)


def schedules(author: User | None) -> None:
    """How long Hireline keeps things."""
    collections = {(one.dataset.key, one.name): one for one in Collection.objects.select_related("dataset")}
    for key, title, dataset, collection, period, unit, reason in SCHEDULES:
        Schedule.objects.get_or_create(
            key=key,
            defaults={
                "title": title, "collection": collections[dataset, collection], "period": period, "unit": unit,
                "reason": reason, "author": author, "grace_hours": 0,
            },
        )  # fmt: skip
