"""Plays the company, the person and the staff inside the portal's own environment. One command a process, JSON out.

python -m tests.faults.driver setup | ask | prove | decide | hold | release | twice | state
"""

import json
import os
import re
import sys
import uuid
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "privacyops.settings")
django.setup()

from django.contrib.auth.models import Group, User  # noqa: E402
from django.utils import timezone  # noqa: E402

from audit import log  # noqa: E402
from audit.models import Event  # noqa: E402
from connectors import batches, holds, settling  # noqa: E402
from connectors.models import Connection, LegalHold, Receipt, WorkOrder  # noqa: E402
from connectors.tasks import run_order  # noqa: E402
from disclosures.models import Notice, Recipient  # noqa: E402
from disclosures.tasks import send_notice  # noqa: E402
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System  # noqa: E402
from privacyops import roles  # noqa: E402
from requests_app import intake, proof, review  # noqa: E402
from requests_app.models import Letter, Parcel, Request, State  # noqa: E402
from requests_app.tasks import advance_request, build_parcel, send_letter  # noqa: E402
from subjects import registry  # noqa: E402
from tests.faults import company  # noqa: E402

FIELDS: dict[str, list[dict[str, Any]]] = {
    "accounts": [
        {"name": "id", "primary_key": True, "data_type": "integer"},
        {"name": "email", "identity": "email", "category": "contact", "mask": {"strategy": "token"}},
        {
            "name": "full_name",
            "category": "contact",
            "attribute": "full_name",
            "mask": {"strategy": "fixed", "value": "[erased]"},
        },
        {"name": "phone", "category": "contact", "mask": {"strategy": "null"}},
    ],
    "visits": [
        {"name": "id", "primary_key": True, "data_type": "integer"},
        {"name": "account_id", "data_type": "integer"},
        {"name": "ip", "category": "usage"},
        {"name": "at", "category": "usage"},
    ],
    "messages": [
        {"name": "id", "primary_key": True, "data_type": "integer"},
        {"name": "sender_id", "data_type": "integer"},
        {"name": "recipient_id", "data_type": "integer"},
        {"name": "sender_name", "category": "contact", "person": "sender_id", "mask": {"strategy": "null"}},
        {"name": "recipient_name", "category": "contact", "person": "recipient_id", "mask": {"strategy": "null"}},
        {"name": "body", "category": "contact", "person": "sender_id", "mask": {"strategy": "null"}},
    ],
    "payments": [
        {"name": "id", "primary_key": True, "data_type": "integer"},
        {"name": "account_id", "data_type": "integer"},
        {"name": "amount", "data_type": "integer", "category": "usage"},
    ],
    "newsletter": [
        {"name": "email", "primary_key": True, "identity": "email", "category": "contact"},
        {"name": "subscribed", "data_type": "integer", "category": "usage", "suppress": {"value": 0}},
    ],
}
ERASE = {"accounts": "mask", "payments": "keep"}
LINKS = [("visits", "account_id"), ("messages", "sender_id"), ("messages", "recipient_id"), ("payments", "account_id")]


def setup(database: str) -> dict[str, Any]:
    """The company's description, its connection, one recipient and three colleagues."""
    company.build(Path(database))
    roles.sync()
    for name, role in (("jonas", "Reviewer"), ("maya", "Privacy officer"), ("lena", "Legal")):
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
    system = System.objects.create(key="shop", name="Shop")
    dataset = Dataset.objects.create(system=system, key="shop", name="Shop")
    categories = {key: DataCategory.objects.create(key=key, name=key) for key in ("contact", "usage")}
    fields: dict[tuple[str, str], Field] = {}
    for table, columns in FIELDS.items():
        collection = Collection.objects.create(
            dataset=dataset,
            name=table,
            title=table.title(),
            erase=ERASE.get(table, "delete"),
            keep_ground="legal_obligation" if ERASE.get(table) == "keep" else "",
        )
        for column in columns:
            category = categories.get(column.get("category", ""))
            rest = {key: value for key, value in column.items() if key != "category"}
            fields[table, column["name"]] = Field.objects.create(collection=collection, category=category, **rest)
    for table, column in LINKS:
        Reference.objects.create(field=fields[table, column], target=fields["accounts", "id"])
    Connection.objects.create(system=system, kind="sql", address=f"sqlite:///{database}")
    for key in ("mailer", "adnet"):
        recipient = Recipient.objects.create(
            key=key, name=key.title(), role="processor", kind="Mail", contact=f"{key}@recipient.example", country="DE",
            receives_everyone=True,
        )  # fmt: skip
        recipient.categories.set(categories.values())
    return {}


def ask(*wishes: str) -> list[str]:
    """`anna=delete` ... straight through the intake verb; references out."""
    found = []
    for wish in wishes:
        name, right = wish.split("=")
        submission = intake.Submission(
            right=right,
            email=company.PEOPLE[name],
            name=f"{name.title()} Faultproof",
            residence="US-CA" if right == "opt_out_sale" else "DE",
            changes={"full_name": f"{name.title()} Newname"} if right == "correct" else {},
            nonce=str(uuid.uuid4()),
        )
        found.append(intake.submit(submission, now=timezone.now()).reference)
    return found


def prove() -> int:
    """Open every proof link that was written, as the person would."""
    done = 0
    for letter in Letter.objects.filter(request__proved_at=None, request__state__in=(State.RECEIVED, State.VERIFYING)):
        token = re.search(r"/proof/([\w-]+)", letter.body)
        if token:
            proof.exchange(token[1], now=timezone.now())
            done += 1
    return done


def decide() -> int:
    """Jonas proposes, Maya approves, whatever waits in review."""
    jonas, maya = User.objects.get(username="jonas"), User.objects.get(username="maya")
    done = 0
    for request in Request.objects.filter(state=State.IN_REVIEW):
        assert request.batch is not None
        shown = batches.fingerprint(request.batch)
        review.propose(request, by=jonas, fingerprint=shown)
        request.refresh_from_db()
        if request.state == State.IN_REVIEW:
            review.approve(request, by=maya, fingerprint=shown)
        done += 1
    return done


def hold(name: str) -> str:
    subject = registry.known("email", company.PEOPLE[name])
    assert subject is not None
    maya = User.objects.get(username="maya")
    row = holds.place(subject, matter="case-7", reason="Claim", review_on=timezone.now().date(), by=maya)
    return str(row.pk)


def release() -> int:
    """Release every hold and retry what it parked."""
    maya = User.objects.get(username="maya")
    for row in LegalHold.objects.filter(released_at=None):
        holds.ask_release(row, by=User.objects.get(username="lena"), reason="Settled.")
        holds.release(row, by=maya)
    parked = WorkOrder.objects.filter(state="parked")
    for order in parked:
        settling.retry(order, by=maya)
    return len(parked)


def twice() -> int:
    """Ring for everything there is, three times each: the broker may deliver anything any number of times."""
    rung = 0
    for task, model in (
        (run_order, WorkOrder),
        (advance_request, Request),
        (send_letter, Letter),
        (build_parcel, Parcel),
        (send_notice, Notice),
    ):
        for pk in model.objects.values_list("pk", flat=True):
            for _ in range(3):
                task.delay(str(pk))
                rung += 1
    return rung


def state() -> dict[str, Any]:
    """Everything the oracle asks of the portal's own tables."""
    requests = {
        one.reference: {"right": one.right, "state": one.state, "outcome": one.outcome, "attention": one.attention,
                        "clocks": one.clocks.filter(kind="respond").count(), "nonce": one.nonce}
        for one in Request.objects.prefetch_related("clocks")
    }  # fmt: skip
    moves = Event.objects.filter(name="request.moved").values_list("noun_id", "facts")
    return {
        "requests": requests,
        "orders": list(WorkOrder.objects.values("operation", "state", "park_code", "rows_done", "attempts")),
        "receipts": Receipt.objects.count(),
        "receipt_rows": sum(Receipt.objects.values_list("rows", flat=True)),
        "letters": list(Letter.objects.values("kind", "state", "message_id")),
        "notices": list(Notice.objects.values("kind", "state", "message_id")),
        "parcels": list(Parcel.objects.values_list("state", flat=True)),
        "chain": list(log.faults()),
        "events": Event.objects.count(),
        "moves": [[noun, json.dumps(facts, sort_keys=True)] for noun, facts in moves],
        "event_text": json.dumps(list(Event.objects.values("actor", "noun_id", "facts")), default=str),
    }


COMMANDS = {one.__name__: one for one in (setup, ask, prove, decide, hold, release, twice, state)}

if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    print("RESULT " + json.dumps(COMMANDS[command](*arguments), default=str))
