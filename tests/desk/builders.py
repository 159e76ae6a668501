"""Colleagues of every role with a browser each, and a company in which every screen has something to show."""

import sqlite3
from datetime import date, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.db import models
from django.test import Client
from django.utils import timezone

from audit import actor as actors
from audit import clients
from audit.models import Event, SweepRun
from connectors import batches, holds
from connectors.discovery import surveying
from connectors.models import Finding, HandTask, Proposal, WorkOrder
from consent import choices, notices
from disclosures.models import ExternalSite, Notice, Recipient
from inventory.models import Collection, Purpose
from privacyops import roles
from requests_app.models import (
    Agent,
    Appearance,
    Attachment,
    DayOff,
    InboundMail,
    Letter,
    Message,
    Note,
    OwnTarget,
    Referral,
    Request,
)
from retention.models import Run, Schedule
from tests.requests_app import builders

ADA = "ada@example.org"
TESTS = actors.worker("tests")
QUEUE = "/admin/requests_app/request/"


def colleague(role: str, name: str = "") -> User:
    """A colleague with one role from the table."""
    roles.sync()
    user = User.objects.create_user(name or role.lower().replace(" ", "-"), is_staff=True, first_name=role)
    user.groups.add(Group.objects.get(name=role))
    return User.objects.get(pk=user.pk)


def browser(user: User) -> Client:
    """A browser in which this colleague is signed in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def root(name: str = "root") -> User:
    """An account that may do everything Django knows."""
    return User.objects.create_superuser(name)


def in_review(right: str = "delete", **more: object) -> Request:
    """Ada's request, proved, searched, and waiting for a colleague."""
    request = builders.ask(right, **more)
    builders.prove(request)
    builders.pump()
    request = fresh(request)
    assert request.state == "in_review"
    return request


def fresh(request: Request) -> Request:
    return Request.objects.select_related("batch", "subject").get(pk=request.pk)


def mark(request: Request) -> str:
    """What the page shows as its fingerprint."""
    return batches.fingerprint(fresh(request).batch)


def case(request: Request) -> str:
    return f"{QUEUE}{request.pk}/change/"


def press(client: Client, request: Request, name: str, **given: str) -> Any:
    return client.post(f"{QUEUE}{request.pk}/do/{name}/", {"form": name, **given})


def snapshot() -> list[object]:
    """Everything that a button could change."""
    return [
        list(Request.objects.order_by("pk").values_list("state", "outcome", "owner", "proposed_by", "approved_by")),
        list(WorkOrder.objects.order_by("pk").values_list("state", "park_code")),
        list(Finding.objects.order_by("pk").values_list("action", "decision", "ground")),
        list(Letter.objects.order_by("pk").values_list("state")),
        Note.objects.count(),
        list(Run.objects.order_by("pk").values_list("state", "approved_by")),
    ]


def park(request: Request) -> WorkOrder:
    """An order of this request that waits for a person."""
    order = WorkOrder.objects.filter(batch=fresh(request).batch_id, operation="find").first()
    WorkOrder.objects.filter(pk=order.pk).update(
        state="parked", park_code="connection", park_reason="The system refused us. Check its address, then retry."
    )
    return order


def everything(company: Any) -> Request:
    """At least one row for every screen of the desk; Ada's erasure in review is handed back."""
    now = timezone.now()
    roles.sync()
    writer = root("writer")
    request = in_review("delete")
    holds.place(request.subject, matter="Case 4711", reason="A claim", review_on=date(2030, 1, 1), by=writer)
    draft = notices.draft(title="Privacy notice", body="# Notice\n\nWords.", effective_on=now.date(), by=writer)
    notices.publish(draft, by=writer)
    ads = Purpose.objects.get(key="ads")
    choices.record(request.subject, ads, False, source="portal", actor=TESTS)
    schedule = Schedule.objects.create(
        key="old", title="Old applications", collection=company.system.datasets.get().collections.get(name="applications"),
        period=24, reason="Claims end by then", unit="months", author=writer,
    )  # fmt: skip
    Collection.objects.filter(name="applications").update(dated_by="sent_on")
    batch = batches.open_retention(
        origin="R-1", collection=("site", "applications"), before=date(2024, 1, 1), actor=TESTS
    )
    WorkOrder.objects.filter(batch=batch).update(state="done")
    Run.objects.create(
        schedule=schedule, state="proposed", cutoff_on=date(2024, 1, 1), rows=3, proposed_at=now, terms="24 months",
        batch=batch,
    )  # fmt: skip
    order = WorkOrder.objects.filter(batch=request.batch_id, operation="find").first()
    ask = {
        "operation": "find",
        "instructions": "Cabinet 3.",
        "places": [
            {"dataset": "site", "collection": "people", "title": "Paper", "fields": [{"name": "note", "title": "Note"}]}
        ],
    }
    HandTask.objects.create(order=order, ask=ask, details={"look_for": []}, due_on=date(2030, 1, 1))
    acme = builders.client_system()
    refer = WorkOrder.objects.create(batch=request.batch, system=acme, operation="refer", state="done")
    Referral.objects.create(
        request=request, order=refer, state="parked", park_reason="No mailbox of Acme Ltd is known."
    )
    with sqlite3.connect(company.path) as new:
        new.execute(
            "CREATE TABLE visits (id INTEGER PRIMARY KEY, people_id INTEGER REFERENCES people(id), client_ip VARCHAR(40),"
            " user_agent TEXT, session_token VARCHAR(64), seen_at DATETIME, remark TEXT)"
        )
    survey = surveying.take(surveying.ask(company.system).pk)
    assert survey.state == "taken", survey.failure
    guess = {"name": "phone_home", "category": "contact.phone"}
    Proposal.objects.create(
        system=company.system, kind="new_column", table="people", column="phone_home", confidence=85,
        suggestion={"field": guess}, evidence=["its name is one for phone numbers"],
    )  # fmt: skip
    Appearance.objects.create(name="Nordwind")
    ExternalSite.objects.create(
        name="Authority", address="https://dpa.example/", about="Complaints", review_due=date(2030, 1, 1)
    )
    talk(request, writer)
    InboundMail.objects.create(
        folder="INBOX", validity=1, uid=1, arrived_at=now, state="draft", sender="cleo@example.org",
        sender_index="x" * 64, subject_line="My data", text="Please delete my data.", guess={"right": "delete"},
    )  # fmt: skip
    OwnTarget.objects.create(right="access", working_days=10)
    DayOff.objects.create(day=date(2026, 12, 24), name="Christmas Eve")
    Agent.objects.create(name="Eve", organisation="Agents Ltd", contact="eve@agents.example")
    clients.create("shop", ["consent:write"], actor=TESTS)
    SweepRun.objects.create(job="requests.sweep", slot=1, started_at=now, finished_at=now)
    AccessAttempt.objects.create(username="mallory", ip_address="192.0.2.7", failures_since_start=3, attempt_time=now)
    Notice.objects.create(
        recipient=Recipient.objects.first(), subject=request.subject, kind="erasure", origin=request.reference,
        state="parked", park_reason="The mail server refused the address.",
    )  # fmt: skip
    return request


def talk(request: Request, by: User) -> None:
    """A conversation: a colleague's words, a mail whose file was not taken, and a file that was."""
    now = timezone.now()
    Message.objects.create(request=request, author="staff", by=by, text="Which account is yours?", written_at=now)
    came = Message.objects.create(
        request=request, author="person", channel="email", on_file=False, text="The old one.\n\nSee the scan.", written_at=now,
        left_out=["“bill.exe” is none of: PDF, PNG, JPEG, plain text (UTF-8)."],
    )  # fmt: skip
    Attachment.objects.create(
        message=came, name="scan.png", media="image/png", size=48_213, file_name="none", key="none"
    )


def events(name: str) -> "models.QuerySet[Event]":
    return Event.objects.filter(name=name)


def yesterday() -> Any:
    return timezone.now() - timedelta(days=1)


def posted(page: Any) -> dict[str, str]:
    """What a browser would send back for a change page."""
    form = {}
    parts = [page.context["adminform"].form]
    for one in page.context["inline_admin_formsets"]:
        parts += [one.formset.management_form, *one.formset.forms]
    for part in parts:
        for bound in part:  # by the name that the form gives it
            value = bound.value()
            if value is not None and value is not False:  # a 0 is sent
                form[bound.html_name] = "on" if value is True else getattr(value, "pk", value)
                if bound.field.show_hidden_initial:
                    form[bound.html_initial_name] = form[bound.html_name]
    return form
