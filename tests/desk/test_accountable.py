"""What colleagues change on the desk leaves an event that names fields and never values."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import get_resolver

from audit import clients
from audit.admin import SCOPES
from audit.models import ApiClient
from connectors.models import Connection, LegalHold
from consent.models import NoticeVersion
from disclosures.models import Notice
from inventory.models import Collection, DataCategory, System
from retention.models import Run, Schedule
from tests.desk import builders
from tests.desk.builders import ADA, browser, colleague, events, in_review, posted


@pytest.fixture
def admin_desk(company) -> Client:
    """The administrator's browser."""
    return browser(colleague("Administrator", "alex"))


def test_an_edit_is_an_event_with_the_names_of_its_fields(admin_desk, company):
    form = {"key": "site", "name": "Job site of Ada Lovelace", "role": "controller", "region": "EU"}
    assert admin_desk.post(f"/admin/inventory/system/{company.system.pk}/change/", form).status_code == 302
    event = events("desk.changed").get()
    assert (event.noun, event.noun_id) == ("inventory.system", str(company.system.pk))
    assert event.facts["fields"] == ["name", "region"]
    assert event.actor == f"staff:{User.objects.get(username='alex').pk}"
    assert "Ada" not in str(event.facts)
    assert not LogEntry.objects.exists(), "Django's own log would repeat names"


def test_an_added_record_and_a_changed_row_beneath_it_are_events(admin_desk):
    assert (
        admin_desk.post("/admin/inventory/datacategory/add/", {"key": "contact.fax", "name": "Fax"}).status_code == 302
    )
    assert events("desk.added").get().noun_id == str(DataCategory.objects.get(key="contact.fax").pk)
    people = Collection.objects.get(name="people")
    page = admin_desk.get(f"/admin/inventory/collection/{people.pk}/change/")
    form = posted(page)
    assert form["fields-0-name"]
    form["fields-0-title"] = "Number"
    answer = admin_desk.post(f"/admin/inventory/collection/{people.pk}/change/", form)
    assert (answer.status_code, answer.url) == (302, "/admin/inventory/collection/"), answer.url
    assert events("desk.changed").get().facts["fields"] == ["fields.title"]


def test_an_address_with_its_password_can_be_written_and_never_read(admin_desk, company):
    connection = Connection.objects.get()
    secret = "postgresql://reader:hunter2-secret@db.example/shop"
    url = f"/admin/connectors/connection/{connection.pk}/change/"
    form = {"system": company.system.pk, "kind": "sql", "active": "on"}
    assert admin_desk.post(url, {**form, "address": secret}).status_code == 302
    connection.refresh_from_db()
    assert connection.address == secret
    for page in (url, "/admin/connectors/connection/", "/admin/audit/event/"):
        assert "hunter2" not in admin_desk.get(page).content.decode()
    assert admin_desk.post(url, {**form, "address": ""}).status_code == 302
    connection.refresh_from_db()
    assert connection.address == secret, "empty keeps what is stored"
    wrong = admin_desk.post(url, {**form, "kind": "teleport", "address": secret})
    assert wrong.status_code == 200 and "hunter2" not in wrong.content.decode()
    assert "hunter2" not in str([event.facts for event in events("desk.changed")])


def test_a_connection_is_tested_by_a_button_that_posts(admin_desk, company):
    url = f"/admin/connectors/connection/{Connection.objects.get().pk}/do/test/"
    assert admin_desk.get(url).status_code == 405
    assert admin_desk.post(url).status_code == 302
    assert events("connection.checked").get().facts["works"] is True
    assert Connection.objects.get().check_result


def test_an_api_key_is_shown_once_and_kept_as_a_hash(admin_desk):
    answer = admin_desk.post("/admin/audit/apiclient/add/", {"name": "shop", "scopes": ["consent:write"]})
    page = answer.content.decode()
    key = re.search(r"po_[A-Za-z0-9_-]{40,}", page).group()
    assert answer.status_code == 200
    assert clients.find(key) == ApiClient.objects.get(name="shop")
    assert key not in str(admin_desk.cookies)
    again = admin_desk.get(f"/admin/audit/apiclient/{ApiClient.objects.get().pk}/change/").content.decode()
    assert key not in again and key not in admin_desk.get("/admin/audit/apiclient/").content.decode()
    assert events("client.created").count() == 1 and not events("desk.added").exists()
    assert admin_desk.post(f"/admin/audit/apiclient/{ApiClient.objects.get().pk}/do/off/").status_code == 302
    assert clients.find(key) is None


def test_the_desk_offers_the_scopes_that_the_api_asks_for():
    asked = set()
    for pattern in walk(get_resolver().url_patterns):
        view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        asked |= set(getattr(view, "scopes", {}).values())
    assert asked and asked == set(SCOPES)


def walk(patterns: list) -> list:
    return [leaf for one in patterns for leaf in (walk(one.url_patterns) if hasattr(one, "url_patterns") else [one])]


def test_nobody_gives_themselves_a_role_or_takes_an_account_that_may_do_everything(admin_desk):
    alex, boss = User.objects.get(username="alex"), builders.root("boss")
    officer = Group.objects.get(name="Privacy officer")
    form = {"username": "alex", "is_active": "on", "is_staff": "on", "groups": [officer.pk]}
    admin_desk.post(f"/admin/auth/user/{alex.pk}/change/", form)
    assert [one.name for one in alex.groups.all()] == ["Administrator"]
    url = f"/admin/auth/user/{boss.pk}/"
    assert admin_desk.post(f"{url}change/", {**form, "username": "boss"}).status_code == 403
    words = {"password1": "a new long secret", "password2": "a new long secret", "usable_password": "true"}
    assert admin_desk.post(f"{url}password/", words).status_code == 403
    boss.refresh_from_db()
    assert not boss.check_password("a new long secret")


def test_a_colleagues_role_and_password_are_changed_with_an_event(admin_desk):
    rita = colleague("Agent", "rita")
    reviewer = Group.objects.get(name="Reviewer")
    form = {"username": "rita", "first_name": "Agent", "is_active": "on", "is_staff": "on", "groups": [reviewer.pk]}
    assert admin_desk.post(f"/admin/auth/user/{rita.pk}/change/", form).status_code == 302
    assert [one.name for one in rita.groups.all()] == ["Reviewer"]
    words = {"password1": "a new long secret", "password2": "a new long secret", "usable_password": "true"}
    assert admin_desk.post(f"/admin/auth/user/{rita.pk}/password/", words).status_code == 302
    assert [one.facts["fields"] for one in events("desk.changed").order_by("number")] == [["groups"], ["password"]]
    made = admin_desk.post("/admin/auth/user/add/", {"username": "sam", **words})
    assert made.status_code == 302 and events("desk.added").count() == 1


def test_a_hold_for_nobody_we_know_is_refused_in_words(company):
    in_review("delete")
    desk = browser(colleague("Legal"))
    form = {"email": "stranger@example.org", "matter": "Case", "reason": "A claim", "review_on": "2030-01-01"}
    page = desk.post("/admin/connectors/legalhold/add/", form)
    assert page.status_code == 200 and "Nobody with this address is known" in page.content.decode()
    assert not LegalHold.objects.exists()
    assert desk.post("/admin/connectors/legalhold/add/", {**form, "email": ADA}).status_code == 302
    assert events("hold.placed").count() == 1 and not events("desk.added").exists()
    wrong = desk.post(
        "/admin/connectors/legalhold/add/", {**form, "email": ADA, "others": f"{ADA}\nnobody@example.org"}
    )
    assert "Nobody with the address in line 2 is known" in wrong.content.decode() and LegalHold.objects.count() == 1
    category = DataCategory.objects.order_by("key").first()
    more = {**form, "email": ADA, "categories": [str(category.pk)], "matter": "Other"}
    assert desk.post("/admin/connectors/legalhold/add/", more).status_code == 302
    page = desk.get("/admin/connectors/legalhold/").content.decode()
    assert category.name in page and "everything" in page


def test_a_retention_run_is_approved_by_somebody_else_and_for_the_rows_that_were_shown(company):
    builders.everything(company)
    run, maya = Run.objects.get(), colleague("Privacy officer", "maya")
    url = f"/admin/retention/run/{run.pk}/do/approve/"
    desk = browser(maya)
    for rows in ("", "many", "4"):
        page = desk.post(url, {"rows": rows})
        assert page.status_code == 422 and f'value="{rows}"' in page.content.decode()
    Schedule.objects.update(author=maya)
    assert desk.post(url, {"rows": "3"}).status_code == 422
    run.refresh_from_db()
    assert run.state == "proposed"
    assert browser(colleague("Reviewer")).post(url, {"rows": "3"}).status_code == 403
    Schedule.objects.update(author=User.objects.get(username="writer"))
    assert desk.post(url, {"rows": "3"}).status_code == 302
    run.refresh_from_db()
    assert (run.state, run.approved_by) == ("approved", maya)


def test_a_published_notice_can_be_read_and_no_longer_changed(company):
    builders.everything(company)
    desk, version = browser(colleague("Privacy officer")), NoticeVersion.objects.get()
    url = f"/admin/consent/noticeversion/{version.pk}/change/"
    assert desk.get(url).status_code == 200
    form = {"title": "Other", "body": "Other words", "effective_on": "2030-01-01"}
    late = desk.post(url, form)
    assert late.status_code == 409 and "Other words" in late.content.decode(), "an old tab keeps what was typed"
    version.refresh_from_db()
    assert version.title != "Other"
    draft = {**form, "key": "privacy", "language": "en"}
    assert desk.post("/admin/consent/noticeversion/add/", draft).status_code == 302
    made = NoticeVersion.objects.order_by("pk").last()
    assert (made.title, made.published_at) == ("Other", None)


def test_the_systems_description_names_who_we_process_for(admin_desk):
    form = {"key": "acme", "name": "Acme", "role": "processor", "client": ""}
    page = admin_desk.post("/admin/inventory/system/add/", form)
    assert page.status_code == 200, "refused on the form, not by a crash"
    assert not System.objects.filter(key="acme").exists()


def test_a_recipient_who_could_not_be_told_is_tried_again_or_given_up_with_a_reason(company):
    builders.everything(company)
    desk, url = browser(colleague("Privacy officer")), f"/admin/disclosures/notice/{Notice.objects.get().pk}/do/"
    assert desk.post(f"{url}waive/", {"reason_code": "nonsense"}).status_code == 422
    assert browser(colleague("Agent")).post(f"{url}retry/").status_code == 403
    assert desk.post(f"{url}waive/", {"reason_code": "recipient_gone"}).status_code == 302
    assert Notice.objects.get().state == "waived"
    assert desk.post(f"{url}retry/", follow=True).status_code == 200
    assert Notice.objects.get().state == "waived", "what is settled is not tried again"
