"""Colleagues of legal, a demand and a transaction at each of their stages."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from audit.refusal import Refused
from disclosures import persons
from disclosures.demands import checklists, moving, registering, sealing
from disclosures.models import LegalDemand, Transaction
from disclosures.transactions import moving as deals
from disclosures.transactions import people
from disclosures.transactions import registering as dealing
from inventory.models import Dataset, System
from tests.consent.builders import colleague
from tests.disclosures.builders import Post, category, person

PREPARES = (
    "disclosures.view_legaldemand", "disclosures.add_legaldemand", "disclosures.change_legaldemand",
    "disclosures.view_transaction", "disclosures.add_transaction", "disclosures.change_transaction",
    "disclosures.view_personnotice", "disclosures.retry_personnotice", "disclosures.waive_personnotice",
    "disclosures.view_roomitem", "connectors.place_legalhold", "subjects.reveal_datasubject",
)  # fmt: skip
DECIDES = ("disclosures.approve_legaldemand", "disclosures.approve_transaction")


def team() -> tuple[Any, Any]:
    """Who prepares, and somebody else who may do everything that legal may."""
    return colleague("paula", *PREPARES), colleague("lena", *PREPARES, *DECIDES)


def registered(by: Any, kind: str = "court_order", *, mail: str = "ada@example.org", **more: Any) -> LegalDemand:
    """A demand as it came, about one person whose mailbox is proved."""
    today = timezone.localdate()
    values = {
        "kind": kind, "authority": registering.outsider("Landgericht Berlin", "DE"), "country": "DE",
        "jurisdiction": "Berlin", "signed_by": "Judge Dr. Richter", "authority_reference": "(502) 12/26",
        "received_at": timezone.now(), "channel": "post", "due_on": today + timedelta(days=20),
        "legal_basis": "§ 95 StPO", "asks": "All messages of Ada since May.",
    }  # fmt: skip
    asked = [category("contact"), category("usage")]
    demand = registering.register(values | more, asked=asked, by=by)
    person(mail)
    registering.add_person(demand, "email", mail, by=by)
    return demand


def checked(by: Any, kind: str = "court_order", **more: Any) -> LegalDemand:
    """One whose checks all say yes."""
    demand = registered(by, kind, **more)
    moving.answer(demand, {one.key: "yes" for one in checklists.questions(kind)}, {}, by=by)
    demand.refresh_from_db()
    return demand


def scoped(by: Any, kind: str = "court_order", notify: str = "before", never: str = "", **more: Any) -> LegalDemand:
    """One whose scope is set: contact data only."""
    demand = checked(by, kind, **more)
    moving.narrow(demand, given=[category("contact")], note_text="Usage is not needed.", notify=notify,
                  never_code=never, by=by)  # fmt: skip
    demand.refresh_from_db()
    return demand


def approved(by: Any, second: Any, kind: str = "court_order", **more: Any) -> LegalDemand:
    """One that legal agreed to."""
    demand = scoped(by, kind, **more)
    moving.approve(demand, by=second)
    demand.refresh_from_db()
    return demand


def sealed(demand: LegalDemand, by: Any, content: bytes = b"name;mail\r\n", name: str = "ada.csv") -> Any:
    """A file that leaves."""
    return sealing.seal(demand, ContentFile(content, name=name), by=by)


def disclosed(by: Any, second: Any, kind: str = "court_order", **more: Any) -> LegalDemand:
    """One that left; for those where people need not be told before."""
    demand = approved(by, second, kind, **more)
    sealed(demand, by)
    moving.disclose(demand, by=by)
    demand.refresh_from_db()
    return demand


def days_pass(demand: LegalDemand | Transaction, days: int = 60) -> None:
    """The last day of everything that lies ahead is over."""
    model = type(demand)
    row = model.objects.get(pk=demand.pk)
    shift = timedelta(days=days)
    changes: dict[str, Any] = {}
    for name in ("object_until", "gag_until"):
        if getattr(row, name, None) is not None:
            changes[name] = getattr(row, name) - shift
    model.objects.filter(pk=demand.pk).update(**changes)
    demand.refresh_from_db()


def deliver() -> None:
    """Send what waits for people."""
    for pk in persons.waiting(timezone.now()):
        persons.send(pk)


def link(post: Post, place: int = -1) -> str:
    """The path of the link in a mail to a person."""
    found = re.search(r"(/told/[A-Za-z0-9_-]+/)", post.text(place).replace("=\r\n", ""))
    assert found, "there is no link in this mail"
    return found[1]


def open_link(path: str, **post: str) -> str:
    """The page behind a link: looked at, or with a button pressed."""
    client = Client()
    answer = client.post(path, post) if post else client.get(path)
    assert answer.status_code in (200, 422), answer.status_code
    return answer.content.decode()


def transaction(
    by: Any, *, mails: tuple[str, ...] = ("ada@example.org", "bob@example.org"), **more: Any
) -> Transaction:
    """A signed one with a dataset and the people concerned."""
    values = {"name": "Project Heron", "kind": "asset_deal", "use_changes": False, "offers_choice": True,
              "about": "Heron SE runs the job board from January on.", "their_notice": "https://heron.example/privacy",
              "signing_on": None, "closing_on": None, "purpose": None}  # fmt: skip
    party = registering.outsider("Heron SE", "DE", kind="successor", contact="dpo@heron.example")
    row = dealing.register(values | more, other_party=party, categories=[category("contact")], by=by)
    dealing.add_dataset(row, dataset(), by=by)
    for one in mails:
        person(one)
    people.add_listed(row, "email", list(mails), by=by)
    deals.sign(row, on=timezone.localdate(), by=by)
    row.refresh_from_db()
    return row


def dataset() -> Dataset:
    system, _ = System.objects.get_or_create(key="jobboard", defaults={"name": "Job board"})
    return Dataset.objects.get_or_create(key="candidates", defaults={"name": "Candidates", "system": system})[0]


def told(row: Transaction, by: Any, days: int = 31) -> Transaction:
    """People are mailed and can object."""
    deals.tell(row, object_until=timezone.localdate() + timedelta(days=days), by=by)
    row.refresh_from_db()
    return row


def gagged(two: tuple[Any, Any], days: int = 10, **more: Any) -> LegalDemand:
    """One that left under a gag of so many days."""
    until = timezone.localdate() + timedelta(days=days)
    return disclosed(*two, notify="gag", gag=True, gag_basis="18 U.S.C. § 2705(b)", gag_until=until, **more)


def refused(code: str, verb: Any, *args: Any, **kwargs: Any) -> None:
    """A verb that refuses with this code."""
    with pytest.raises(Refused) as caught:
        verb(*args, **kwargs)
    assert caught.value.code == code, caught.value.message
