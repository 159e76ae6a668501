"""What two people must do, one cannot: an erasure, a retention run and the end of a legal hold, at every door that there is.

Here one account may do everything that Django knows, has begun all three, and posts to every address of the site: forms,
buttons, bulk actions, the API with every scope, and what no page offers.
"""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.utils import timezone

from audit.refusal import Refused
from connectors import holds
from connectors.models import Authorisation, LegalHold
from privacyops import home
from requests_app import review
from requests_app.admin.case import BUTTONS
from requests_app.models import Request
from retention import runs, versions
from retention.models import Run, Schedule, ScheduleVersion
from tests.desk import builders
from tests.desk.builders import browser, colleague, events, fresh, mark
from tests.matrix.routes import path, routes
from tests.matrix.visitors import every_scope, program, world

# Where a second step would be somebody else's, or where nothing of this is decided: signing out ends the test.
NOT_TRIED = ("admin/logout/", "admin/signin/", "admin/login/")


@pytest.fixture
def begun(company, settings, monkeypatch) -> Iterator[tuple[Any, User]]:
    """The world of the matrix, in which one person has proposed, written the schedule, and asked for the hold's release."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")
    settings.FORMS_PER_NETWORK, settings.FLOOD_FORMS = 10**6, 0
    request = builders.everything(company)
    one = builders.root("one")
    review.propose(request, by=one, fingerprint=mark(request))
    Schedule.objects.update(author=one)
    ScheduleVersion.objects.update(author=one)
    holds.ask_release(LegalHold.objects.get(), by=one, reason="Settled.")
    yield world(fresh(request)), one


def alone(one: User) -> list[str]:
    """What this person has brought about without anybody else."""
    found = [
        *(f"request {row.reference}" for row in Request.objects.filter(proposed_by=one, approved_by=one)),
        *(f"leave to {row.operation}" for row in Authorisation.objects.filter(approved_by=one)),
        *(f"run {row.pk}" for row in Run.objects.filter(approved_by=one)),
        *(f"version {row.pk}" for row in ScheduleVersion.objects.filter(approved_by=one)),
        *(f"schedule {row.pk}" for row in Schedule.objects.filter(version__isnull=False)),
        *(f"hold {row.matter}" for row in LegalHold.objects.filter(released_at__isnull=False)),
    ]
    return found


def forms(world: Any) -> dict[str, str]:
    """Fields that any of these doors might read."""
    hold, run = LegalHold.objects.get(), Run.objects.get()
    return {
        "fingerprint": mark(world.case), "rows": str(run.rows), "reason": "Settled.", "reason_code": "other",
        "select_across": "0", "release_asked_by": "", "released_by": str(hold.placed_by_id), "by_one": "on",
        "released_at_0": "2026-01-01", "released_at_1": "00:00", "approved_by": str(hold.placed_by_id),
        "state": "approved", "proposed_by": "", "_save": "Save", "note": "Words.", "review_on": "2027-01-01",
    }  # fmt: skip


def buttons(where: str, pattern: str) -> Iterator[str]:
    """The address, with every button's name where it ends in one."""
    if "<slug:name>" in pattern or "<slug:verb>" in pattern:
        base = where.rstrip("/").rpartition("/")[0]
        names = {"approve", "release", "keep", "cancel", *BUTTONS}
        names |= {verb.name for model in admin.site._registry.values() for verb in getattr(model, "verbs", ())}
        yield from (f"{base}/{name}/" for name in sorted(names))
    else:
        yield where


def send(client: Client, method: str, where: str, given: dict[str, str]) -> None:
    if "/api/" in where:
        client.generic(method, where, json.dumps(given).encode(), content_type="application/json")
    else:
        getattr(client, method.lower())(where, given)


@pytest.mark.wide
def test_no_address_lets_one_person_do_what_two_must(begun):
    world, one = begun
    desk, robot, tried = browser(one), program(every_scope()), 0
    desk.raise_request_exception = False
    given = forms(world)
    for route in routes():
        if route.pattern.startswith(NOT_TRIED) or not route.pattern.startswith(("admin/", "api/")):
            continue
        for where in buttons(path(route, world), route.pattern):
            for method in ("POST", "PUT", "PATCH", "DELETE") if "/api/" in where else ("POST",):
                with transaction.atomic():
                    send(robot if "/api/" in where else desk, method, where, given)
                    assert not alone(one), f"{method} {where}"
                    transaction.set_rollback(True)
                tried += 1
    assert tried > 300


def test_no_bulk_action_lets_one_person_do_what_two_must(begun):
    world, one = begun
    desk, given = browser(one), forms(world)
    for model, pk in ((Request, world.case.pk), (Run, Run.objects.get().pk), (LegalHold, LegalHold.objects.get().pk)):
        where = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        page = desk.get(where)
        offered = {name for name, _ in admin.site._registry[model].get_action_choices(page.wsgi_request)}
        for name in offered | {
            "approve",
            "approve_selected",
            "release",
            "release_selected",
            "propose",
            "delete_selected",
        }:
            with transaction.atomic():
                desk.post(where, {**given, "action": name, "_selected_action": [str(pk)], "index": "0", "post": "yes"})
                assert not alone(one), f"{name} on {where}"
                transaction.set_rollback(True)


def test_the_verbs_and_the_database_refuse_one_person_alone(begun):
    world, one = begun
    hold, run = LegalHold.objects.get(), Run.objects.get()
    with pytest.raises(Refused, match="somebody else has to approve"):
        review.approve(world.case, by=one, fingerprint=mark(world.case))
    with pytest.raises(Refused, match="somebody else must approve"):
        runs.approve(run, by=one, rows=run.rows)
    with pytest.raises(Refused, match="somebody else must approve"):
        versions.approve(ScheduleVersion.objects.get(), by=one)
    with pytest.raises(Refused, match="somebody else has to grant"):
        holds.release(hold, by=one)
    now = timezone.now()
    for changes in (
        {"released_at": now},
        {"released_at": now, "released_by": one},
        {"released_at": now, "released_by": one, "release_asked_by": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            LegalHold.objects.filter(pk=hold.pk).update(**changes)
    with pytest.raises(IntegrityError), transaction.atomic():
        Authorisation.objects.create(
            batch=world.case.batch, operation="erase", basis="request", proved_at=now, proposed_by=one, approved_by=one,
            approved_at=now, fingerprint="x",
        )  # fmt: skip


def test_another_person_can_do_each_of_them(begun):
    """Else the tests above prove nothing."""
    world, _ = begun
    other = browser(builders.root("two"))
    other.post(f"{builders.QUEUE}{world.case.pk}/do/send_back/", {"reason_code": "other"})
    run = Run.objects.get()
    assert other.post(f"/admin/retention/run/{run.pk}/do/approve/", {"rows": "3"}).status_code == 302
    version = ScheduleVersion.objects.get()
    assert other.post(f"/admin/retention/scheduleversion/{version.pk}/do/approve/").status_code == 302
    assert Schedule.objects.get().version_id == version.pk
    assert other.post(f"/admin/connectors/legalhold/{LegalHold.objects.get().pk}/do/release/").status_code == 302
    run.refresh_from_db()
    assert run.state == "approved" and LegalHold.objects.get().released_at
    assert events("hold.release_asked").count() == events("hold.released").count() == 1


def test_a_hold_is_kept_or_looked_at_again_and_home_says_what_waits(company):
    builders.in_review("delete")
    lena, maya = colleague("Legal", "lena"), colleague("Privacy officer", "maya")
    desk, form = (
        browser(lena),
        {"email": builders.ADA, "matter": "Case 1", "reason": "A claim", "review_on": "2020-01-01"},
    )
    desk.post("/admin/connectors/legalhold/add/", {**form, "scope": "Orders since 2024"})
    hold = LegalHold.objects.get()
    assert hold.scope == "Orders since 2024"
    doing = f"/admin/connectors/legalhold/{hold.pk}/do/"
    assert cards(maya)["Holds to look at again"] == 1
    assert desk.post(f"{doing}review/", {"review_on": "2019-01-01"}).status_code == 422
    later = date.fromordinal(timezone.localdate().toordinal() + 60)
    assert desk.post(f"{doing}review/", {"review_on": later.isoformat()}).status_code == 302
    assert cards(maya)["Holds to look at again"] == 0
    assert desk.post(f"{doing}ask_release/", {"reason": ""}).status_code == 422
    desk.post(f"{doing}ask_release/", {"reason": "Settled."})
    assert (cards(maya)["Releases of holds to decide"], cards(lena)["Releases of holds to decide"]) == (1, 0)
    page = browser(maya).get(f"/admin/connectors/legalhold/{hold.pk}/change/").content.decode()
    assert "Grant the release" in page and "Settled." in page
    assert "Grant the release" not in desk.get(f"/admin/connectors/legalhold/{hold.pk}/change/").content.decode()
    assert browser(maya).post(f"{doing}keep/").status_code == 302
    hold.refresh_from_db()
    assert hold.release_asked_by is None and hold.released_at is None
    assert events("hold.kept").count() == events("hold.reviewed").count() == 1
    with pytest.raises(Refused, match="Nobody asked for a release"):
        holds.release(hold, by=maya)
    with pytest.raises(Refused, match="may not end legal holds"):
        holds.ask_release(hold, by=colleague("Agent"), reason="Settled.")


def cards(user: User) -> dict[str, int]:
    return {one.label: one.count for one in home.cards(user, timezone.now())}
