"""Colleagues of every role with a browser each, and a company in which every screen has something to show."""

import sqlite3
from datetime import date, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.db import models
from django.test import Client
from django.utils import timezone

from audit import clients
from audit.models import Event, SweepRun
from connectors import batches, holds, rowholds
from connectors.discovery import surveying
from connectors.models import Finding, HandTask, Proposal, Throttle, WorkOrder
from consent import choices
from consent.models import Cookie, SeenCookie, Site
from disclosures.models import (
    Attempt,
    Channel,
    Errand,
    ExternalSite,
    Notice,
    PassingRule,
    PersonNotice,
    Recipient,
    RoomItem,
    StandingDisclosure,
)
from inventory import phrases
from inventory.models import Collection, Purpose
from privacyops import roles
from requests_app.models import (
    Agent,
    Appearance,
    DayOff,
    InboundMail,
    Letter,
    Note,
    OwnTarget,
    Pack,
    Referral,
    ReportSchedule,
    Request,
)
from retention.models import (
    Limits,
    Run,
    Schedule,
)
from tests.desk.companions import TESTS, backed_up, consents, kept, left, noticed, sharing, talk, together
from tests.disclosures import legal
from tests.requests_app import builders

ADA = "ada@example.org"
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
    noticed(writer, root("second reader"))
    ads = Purpose.objects.get(key="ads")
    choices.record(request.subject, ads, False, source="portal", actor=TESTS)
    together(request, writer)
    schedule = Schedule.objects.create(
        key="old", title="Old applications", collection=company.system.datasets.get().collections.get(name="applications"),
        period=24, reason="Claims end by then", unit="months", author=writer,
    )  # fmt: skip
    Collection.objects.filter(name="applications").update(dated_by="sent_on")
    Limits.objects.create(schedule=schedule)
    Throttle.objects.create(system=schedule.collection.dataset.system, hours="Mon-Fri 22:00-05:00")
    rowholds.place(
        schedule.collection.dataset.system, matter="Case 4712", reason="A claim", review_on=date(2030, 1, 1), by=writer
    )
    batch = batches.open_retention(
        origin="R-1", collection=("site", "applications"), before=date(2024, 1, 1), actor=TESTS
    )
    WorkOrder.objects.filter(batch=batch).update(state="done")
    Run.objects.create(
        schedule=schedule, state="proposed", cutoff_on=date(2024, 1, 1), rows=3, proposed_at=now, terms="24 months",
        batch=batch,
    )  # fmt: skip
    backed_up(company.system, batch)
    order = WorkOrder.objects.filter(batch=request.batch_id, operation="find").first()
    kept(schedule, writer, batch)
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
    shop = Site.objects.create(key="shop", name="www.shop.example", origins="https://www.shop.example")
    shop.purposes.add(ads)
    Cookie.objects.create(site=shop, name="_ga_*", provider="Looking Glass", purpose=ads)
    SeenCookie.objects.create(site=shop, name="mystery")
    phrases.save("de", [(ads.name, "Werbung")], actor=TESTS)
    talk(request, writer)
    InboundMail.objects.create(
        folder="INBOX", validity=1, uid=1, arrived_at=now, state="draft", sender="cleo@example.org",
        sender_index="x" * 64, subject_line="My data", text="Please delete my data.", guess={"right": "delete"},
    )  # fmt: skip
    User.objects.filter(pk=writer.pk).update(email="writer@company.example")
    ReportSchedule.objects.create(every="month").to.add(writer)
    Pack.objects.create(request=request, asked_by=writer)
    OwnTarget.objects.create(right="access", working_days=10)
    DayOff.objects.create(day=date(2026, 12, 24), name="Christmas Eve")
    Agent.objects.create(name="Eve", organisation="Agents Ltd", contact="eve@agents.example")
    shop, _ = clients.create("shop", ["consent:write"], actor=TESTS)
    consents(request.subject, shop)
    SweepRun.objects.create(job="requests.sweep", slot=1, started_at=now, finished_at=now)
    AccessAttempt.objects.create(username="mallory", ip_address="192.0.2.7", failures_since_start=3, attempt_time=now)
    partner = Recipient.objects.first()
    StandingDisclosure.objects.create(recipient=partner, since_on=date(2026, 1, 1)).categories.set(
        partner.categories.all()
    )
    PassingRule.objects.create(system=company.system, recipient=partner).categories.set(partner.categories.all())
    sharing(writer)
    demand = legal.scoped(writer, mail="gina@example.org")
    deal = legal.transaction(writer, mails=("gina@example.org",))
    RoomItem.objects.create(transaction=deal, level="aggregate", what="Head counts", shown_to="Heron", asked_by=writer)
    PersonNotice.objects.create(subject=request.subject, kind="demand_before", demand=demand, state="parked",
                                park_reason="This person has no e-mail address.", queued_at=now)  # fmt: skip
    left(writer)
    told = Notice.objects.create(
        recipient=Recipient.objects.first(), subject=request.subject, kind="erasure", origin=request.reference,
        state="parked", park_reason="The mail server refused the address.",
    )  # fmt: skip
    Attempt.objects.create(notice=told, number=1, way="mail", begun_at=now, ms=12, code="550", verdict="parked")
    Channel.objects.create(recipient=Recipient.objects.first(), kind="desk", how="Use their form.")
    Errand.objects.create(notice=told, due_on=date(2030, 1, 1))
    return request


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
                if isinstance(value, list):
                    value = [getattr(one, "pk", one) for one in value]
                form[bound.html_name] = "on" if value is True else getattr(value, "pk", value)
                if bound.field.show_hidden_initial:
                    form[bound.html_initial_name] = form[bound.html_name]
    return form
