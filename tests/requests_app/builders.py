"""A small company for the tests: its databases, its inventory, its people."""

import re
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

from django.contrib.auth.models import Permission, User
from django.core import mail

from audit import actor as actors
from audit.models import Event
from connectors import engine
from connectors.models import Connection, WorkOrder
from disclosures import ledger, notices
from disclosures.models import Notice, Recipient
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, Reference, System
from requests_app import delivery, intake, letters, proof, reads, workflow
from requests_app.models import Request
from subjects import registry

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

TABLES = """
CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, full_name TEXT, phone TEXT, sale_allowed INTEGER DEFAULT 1);
CREATE TABLE applications (id INTEGER PRIMARY KEY, person_id INTEGER, job TEXT, letter TEXT, sent_on TEXT);
CREATE TABLE invoices (id INTEGER PRIMARY KEY, person_id INTEGER, amount INTEGER, issued_on TEXT);
"""


def company_database(folder: Path) -> Path:
    """The company's own database with Ada, Bob and their rows."""
    path = folder / f"company-{uuid4().hex[:8]}.sqlite3"
    with sqlite3.connect(path) as database:
        database.executescript(TABLES)
        database.executemany(
            "INSERT INTO people VALUES (?, ?, ?, ?, 1)",
            [(1, "ada@example.org", "Ada Lovelace", "+49301"), (2, "bob@example.org", "Bob Babbage", "+49302")],
        )
        database.executemany(
            "INSERT INTO applications VALUES (?, ?, ?, ?, ?)",
            [
                (1, 1, "Engineer", "Dear team, I count well.", "2026-02-01"),
                (2, 1, "Poet", "=cmd|'/c calc'!A1", "2026-03-01"),
                (3, 2, "Mechanic", "Bob's secret letter", "2026-04-01"),
            ],
        )
        database.executemany(
            "INSERT INTO invoices VALUES (?, ?, ?, ?)", [(1, 1, 4900, "2025-06-01"), (2, 2, 100, "2025-06-01")]
        )
    return path


def rows(path: Path, sql: str) -> list[tuple]:
    """What the company's database says."""
    with sqlite3.connect(path) as database:
        return database.execute(sql).fetchall()


def inventory(path: Path) -> System:
    """The inventory of that database: people and applications are deleted, invoices are kept by law."""
    contact = DataCategory.objects.create(key="contact.email", name="E-mail address")
    work = DataCategory.objects.create(key="professional.history", name="Work history")
    money = DataCategory.objects.create(key="financial.invoice", name="Invoices")
    service = Purpose.objects.create(
        key="service", name="Finding you a job", description="We pass on your applications.", lawful_basis="contract"
    )
    Purpose.objects.create(
        key="ads",
        name="Advertising",
        description="We share with networks.",
        lawful_basis="consent",
        sale_or_sharing=True,
    )
    system = System.objects.create(key="site", name="Job site")
    Connection.objects.create(system=system, kind="sql", address=f"sqlite:///{path}")
    dataset = Dataset.objects.create(system=system, key="site", name="Job site", source="direct")
    people = collection(dataset, "people", "Your account", service, erase="delete")
    person_id = field(people, "id", data_type="integer", primary_key=True)
    field(people, "email", identity="email", category=contact)
    field(people, "full_name", category=contact, attribute="full_name", mask={"strategy": "null"})
    field(people, "phone", category=contact)
    field(people, "sale_allowed", data_type="integer", suppress={"value": 0})
    applications = collection(dataset, "applications", "Applications you sent", service, erase="delete")
    field(applications, "id", data_type="integer", primary_key=True)
    link = field(applications, "person_id", data_type="integer")
    field(applications, "job", category=work)
    field(applications, "letter", category=work)
    field(applications, "sent_on")
    Reference.objects.create(field=link, target=person_id)
    invoices = collection(
        dataset,
        "invoices",
        "Invoices",
        service,
        erase="keep",
        keep_ground="legal_obligation",
        keep_until="ten years after the invoice",
    )
    field(invoices, "id", data_type="integer", primary_key=True)
    bill = field(invoices, "person_id", data_type="integer")
    field(invoices, "amount", data_type="integer", category=money)
    field(invoices, "issued_on")
    Reference.objects.create(field=bill, target=person_id)
    return system


def collection(dataset: Dataset, name: str, title: str, purpose: Purpose, **more: object) -> Collection:
    row = Collection.objects.create(dataset=dataset, name=name, title=title, **more)
    row.purposes.add(purpose)
    return row


def field(owner: Collection, name: str, **more: object) -> Field:
    return Field.objects.create(collection=owner, name=name, **more)


def client_system() -> System:
    """A system in which we only work on behalf of Acme."""
    return System.objects.create(
        key="acme-ats", name="Acme's applicants", role="processor", client="Acme Ltd", client_contact="dpo@acme.example"
    )


def recipients(email: str = "ada@example.org") -> list[Recipient]:
    """An employer that got the person's application, and an advertising network that gets everyone's address."""
    employer = Recipient.objects.create(
        key="employer", name="Mill & Sons", role="controller", kind="Employer", contact="hr@mill.example", country="GB"
    )
    network = Recipient.objects.create(
        key="adnet",
        name="AdNet",
        role="third_party",
        kind="Advertising network",
        contact="privacy@adnet.example",
        country="US",
        receives_everyone=True,
    )
    network.categories.add(DataCategory.objects.get(key="contact.email"))
    employer.categories.add(DataCategory.objects.get(key="professional.history"))
    subject = registry.find_or_make("email", email, actor=actors.worker("tests"))
    ledger.record(
        subject,
        employer,
        categories=["professional.history"],
        purpose=Purpose.objects.get(key="service"),
        occasion="application sent",
        disclosed_at=NOW,
        actor=actors.worker("tests"),
    )
    return [employer, network]


def colleague(name: str, *permissions: str) -> User:
    """A member of staff with these permissions."""
    user = User.objects.create_user(name, is_staff=True)
    wanted = [one.split(".")[-1] for one in permissions]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    return User.objects.get(pk=user.pk)


def reviewer(name: str = "rita") -> User:
    return colleague(name, "decide_request", "retry_workorder", "waive_workorder")


def approver(name: str = "paul") -> User:
    return colleague(name, "approve_request", "decide_request", "deny_request")


def ask(
    right: str = "access",
    *,
    email: str = "ada@example.org",
    residence: str = "DE",
    now: datetime | None = None,
    **more: object,
) -> Request:
    """Ada fills in the form."""
    values = {"right": right, "email": email, "name": "Ada Lovelace", "residence": residence, **more}
    return intake.submit(intake.Submission(**values), now=now or datetime.now(UTC))


def link_in(text: str) -> str:
    """The token of the link in a letter."""
    found = re.search(r"/proof/([A-Za-z0-9_-]+)/", text)
    assert found, "there is no link in this letter"
    return found[1]


def mails_to(address: str) -> list[mail.EmailMessage]:
    return [one for one in mail.outbox if address in one.to]


def prove(request: Request, now: datetime | None = None) -> proof.Exchange:
    """Ada opens her mailbox and presses the button behind the link."""
    pump()
    body = request.letters.filter(kind__in=("acknowledgement", "open")).order_by("-queued_at").first().body
    return proof.exchange(link_in(body), now=now or datetime.now(UTC))


def pump(most: int = 40) -> None:
    """Let the workers work until nothing more happens."""
    for _ in range(most):
        now = datetime.now(UTC)
        before = (Event.objects.count(), state_of_things())
        for pk in reads.can_move(now):
            workflow.advance(pk)
        for order in WorkOrder.objects.filter(state__in=("open", "running")).values_list("pk", flat=True):
            engine.run(order)
        for pk in delivery.waiting(now):
            delivery.build(pk)
        for pk in letters.waiting(now):
            letters.send(pk)
        for pk in Notice.objects.filter(state="queued").values_list("pk", flat=True):
            notices.send(pk)
        if (Event.objects.count(), state_of_things()) == before:
            return
    raise AssertionError("the workers never came to rest")


def state_of_things() -> list[object]:
    return [
        *Request.objects.order_by("pk").values_list("state", "attention"),
        *WorkOrder.objects.order_by("pk").values_list("state", "rows_done"),
        *Notice.objects.order_by("pk").values_list("state"),
    ]


def today() -> date:
    return datetime.now(UTC).date()
