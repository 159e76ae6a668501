"""Notices on the desk: two people, what a notice names, drift, announcements, and purposes that wait for their launch."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Event
from consent import drifting, launching, telling
from consent.models import Announcement, Drift, Launch, NoticeVersion, Told
from disclosures.models import Recipient
from inventory.models import DataCategory, Purpose
from privacyops.home import cards
from tests.consent.builders import CLERK, ada
from tests.desk.builders import browser, colleague, root
from tests.desk.companions import noticed

VERSIONS = "/admin/consent/noticeversion/"
FORM = {"title": "Notice", "body": "We keep little.", "effective_on": "2026-01-01", "key": "privacy", "language": "en",
        "regions": "", "short": "", "summary": ""}  # fmt: skip


@pytest.fixture
def maya(company):
    return browser(colleague("Privacy officer", "maya"))


@pytest.fixture
def noor(company):
    return browser(colleague("Privacy officer", "noor"))


def press(desk, version, verb, **given):
    return desk.post(f"{VERSIONS}{version.pk}/do/{verb}/", given, follow=True).content.decode()


def decide(desk, version, **given):
    return desk.post(f"/admin/notices/{version.pk}/read/", {"digest": version.digest, "do": "approve", **given})


def written(desk, **more) -> NoticeVersion:
    assert desk.post(f"{VERSIONS}add/", FORM | more).status_code == 302
    return NoticeVersion.objects.order_by("pk").last()


def test_one_writes_another_approves_and_publishes_and_nobody_does_both(maya, noor):
    version = written(maya)
    assert "Proposed." in press(maya, version, "propose")
    page = decide(maya, version)
    assert page.status_code == 422 and "You had a hand in this version" in page.content.decode()
    version.refresh_from_db()
    assert version.state == "proposed"
    assert decide(noor, version).status_code == 302
    assert "another person has to do this" in press(maya, version, "publish", others="wait")
    version.refresh_from_db()
    assert version.state == "approved"
    assert "Published." in press(noor, version, "publish", others="wait")
    version.refresh_from_db()
    assert version.state == "published" and Event.objects.filter(name="notice.published").count() == 1


def test_what_waits_is_counted_for_the_second_person_only(company):
    maya, noor = colleague("Privacy officer", "maya"), colleague("Privacy officer", "noor")
    press(browser(maya), written(browser(maya)), "propose")
    count = {user.username: next(one.count for one in cards(user, timezone.now()) if one.label == "Notices to approve")
             for user in (maya, noor)}  # fmt: skip
    assert count == {"maya": 0, "noor": 1}


def test_returned_words_come_back_and_what_was_typed_is_not_lost(maya, noor):
    version = written(maya)
    press(maya, version, "propose")
    decide(noor, version, do="return", words="Say how long you keep logs.")
    assert "Say how long you keep logs." in maya.get(f"/admin/notices/{version.pk}/read/").content.decode()
    press(maya, version, "propose")
    version.refresh_from_db()
    maya.post(f"{VERSIONS}{version.pk}/change/", FORM | {"body": "Other words."})
    press(maya, version, "propose")
    stale = decide(noor, version)
    assert stale.status_code == 422 and "changed while you read" in stale.content.decode()


def test_an_edit_by_form_takes_an_approval_back_and_a_wrong_place_comes_back_with_what_was_typed(maya, noor):
    version = written(maya)
    press(maya, version, "propose")
    decide(noor, version)
    wrong = maya.post(f"{VERSIONS}{version.pk}/change/", FORM | {"regions": "MOON", "body": "My long words."})
    assert wrong.status_code == 200 and "MOON" in wrong.content.decode() and "My long words." in wrong.content.decode()
    assert maya.post(f"{VERSIONS}{version.pk}/change/", FORM | {"body": "Other words."}).status_code == 302
    version.refresh_from_db()
    assert version.state == "draft" and version.approved_by is None
    forged = FORM | {"approved_by": "1", "published_at": "2026-01-01", "proposed_at_0": "2026-01-01"}
    maya.post(f"{VERSIONS}{version.pk}/change/", forged)
    version.refresh_from_db()
    assert version.state == "draft"


@pytest.mark.parametrize("role", ["Agent", "Reviewer", "Auditor", "Administrator", "System owner"])
def test_other_roles_decide_nothing(maya, role):
    version = written(maya)
    press(maya, version, "propose")
    other = browser(colleague(role))
    for answer in (
        decide(other, version), other.post(f"{VERSIONS}{version.pk}/do/publish/", {"others": "wait"}),
        other.post(f"/admin/notices/{version.pk}/names/", {"do": "all"}), other.post("/admin/notices/drift/", {}),
    ):  # fmt: skip
        assert answer.status_code in (302, 403, 404, 422)
    version.refresh_from_db()
    assert version.state == "proposed" and version.names == [] and NoticeVersion.objects.count() == 1


def test_legal_may_approve_but_not_publish(maya):
    version, legal = written(maya), browser(colleague("Legal"))
    press(maya, version, "propose")
    assert decide(legal, version).status_code == 302
    assert legal.post(f"{VERSIONS}{version.pk}/do/publish/", {"others": "wait"}).status_code == 403


def test_drift_is_shown_with_links_and_a_draft_that_names_it_all_is_one_click(maya, noor):
    noticed(root("writer"), root("reviewer"))
    page = maya.get("/admin/notices/drift/").content.decode()
    ads = Purpose.objects.get(key="ads")
    assert "difference" in page and f"/admin/inventory/purpose/{ads.pk}/change/" in page
    assert f"/admin/disclosures/recipient/{Recipient.objects.first().pk}/change/" in page
    drifting.refresh(timezone.now())
    card = next(one for one in cards(root("boss"), timezone.now()) if one.label == "Notice drift")
    assert card.count == Drift.objects.count() > 0 and card.url == "/admin/notices/drift/"
    version = NoticeVersion.objects.get()
    answer = maya.post("/admin/notices/drift/", {"version": version.pk})
    draft = NoticeVersion.objects.get(published_at=None)
    assert answer.url == f"/admin/notices/{draft.pk}/names/" and draft.names
    assert maya.post("/admin/notices/drift/", {"version": "nonsense"}).status_code == 404
    blocks = "[[purposes]]\n\n[[categories]]\n\n[[sources]]\n\n[[recipients]]\n\n[[retention]]"
    maya.post(
        f"{VERSIONS}{draft.pk}/change/", FORM | {"body": blocks, "effective_on": timezone.localdate().isoformat()}
    )
    press(maya, draft, "propose")
    draft.refresh_from_db()
    decide(noor, draft)
    press(noor, draft, "publish", others="wait")
    drifting.refresh(timezone.now())
    assert not Drift.objects.exists()
    assert "no difference" in maya.get("/admin/notices/drift/").content.decode()


def test_what_a_notice_names_is_ticked_and_worded(maya):
    version = written(maya)
    url = f"/admin/notices/{version.pk}/names/"
    maya.post(url, {"named": ["purposes:ads", "purposes:nonsense", "x"], "words:purposes:ads": "  adverts  that fit "})
    version.refresh_from_db()
    assert [(one["kind"], one["key"], one["words"]) for one in version.names] == [
        ("purposes", "ads", "adverts that fit")
    ]
    page = maya.get(url).content.decode()
    assert re.search(r'value="purposes:ads" checked', page) and "the wording does not say it" in page
    refused = press(maya, version, "propose")
    assert "adverts that fit" in refused and "The wording does not say" in refused


def test_the_pages_cost_as_many_queries_however_much_there_is(maya):
    noticed(root("writer"), root("reviewer"))
    version = NoticeVersion.objects.get()
    paths = ("/admin/notices/drift/", f"/admin/notices/{version.pk}/read/", f"/admin/notices/{version.pk}/names/", VERSIONS,
             "/admin/consent/launch/", "/admin/inventory/purpose/")  # fmt: skip

    def cost() -> list[int]:
        found = []
        for path in paths:
            maya.get(path)
            with CaptureQueriesContext(
                connection,
            ) as seen:
                maya.get(path)
            found.append(len(seen))
        return found

    before = cost()
    for number in range(6):
        Purpose.objects.create(key=f"p{number}", name=f"P{number}", description="x", lawful_basis="consent")
        DataCategory.objects.create(key=f"c{number}", name=f"C{number}")
        Recipient.objects.create(
            key=f"r{number}", name=f"R{number}", role="controller", kind=f"K{number}", country="DE"
        )
    launching.settle(timezone.now())
    assert cost() == before


def test_an_announcement_shows_its_progress_stops_and_gives_the_list(maya):
    person = ada()
    version = noticed(root("writer"), root("reviewer"))
    row = Announcement.objects.get()
    telling.told(person, version, channel="banner", actor=CLERK)
    url = f"/admin/consent/announcement/{row.pk}/"
    assert "1 of 1 told" in maya.get(f"{url}change/").content.decode()
    maya.post(f"{url}do/stop/")
    row.refresh_from_db()
    assert row.state == "stopped"
    maya.post(f"{url}do/resume/")
    answer = maya.get(f"/admin/notices/told/{row.pk}/")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[1].startswith(f"{person.pk},privacy,1,en,banner,told,") and "ada@" not in "".join(lines)
    assert Event.objects.filter(name="notice.announcement_exported").count() == 1
    assert browser(colleague("System owner")).get(f"/admin/notices/told/{row.pk}/").status_code == 403
    assert Told.objects.count() == 1


def test_a_version_is_announced_from_its_page(maya, noor):
    version = written(maya)
    press(maya, version, "propose")
    version.refresh_from_db()
    decide(noor, version)
    press(noor, version, "publish", others="wait")
    again = noor.post(
        f"{VERSIONS}{version.pk}/do/announce/", {"audience": "everyone", "ways": "both", "per_minute": "many"}
    )
    assert again.status_code == 422 and 'value="many"' in again.content.decode()
    assert "People are being told" in press(noor, version, "announce", audience="chose", ways="mail", per_minute="60")
    row = Announcement.objects.get()
    assert (row.audience, row.by_mail, row.in_service, row.per_minute) == ("chose", True, False, 60)


def test_changing_a_live_purpose_asks_for_a_new_launch_and_says_so(company):
    admin, officer = browser(colleague("Administrator")), browser(colleague("Privacy officer"))
    ads = Purpose.objects.get(key="ads")
    form = {name: getattr(ads, name) for name in ("key", "name", "description", "lawful_basis", "consequence",
                                                  "data_subjects", "measures")}  # fmt: skip
    form |= {name: "on" for name in ("required", "sale_or_sharing") if getattr(ads, name)}
    url = f"/admin/inventory/purpose/{ads.pk}/change/"
    launching._go(ads, "*", None, "before", timezone.now(), CLERK)
    assert "no longer live" not in admin.post(url, form | {"measures": "Locked."}, follow=True).content.decode()
    page = admin.post(url, form | {"description": "Sell it to everybody."}, follow=True).content.decode()
    assert "no longer live" in page and not launching.live(Purpose.objects.get(pk=ads.pk))
    waits = Launch.objects.get(live_at=None)
    assert waits.asked_by.username == "administrator"
    assert "does not" in (page := officer.get(f"/admin/consent/launch/{waits.pk}/change/").content.decode()) or (
        "no privacy notice" in page
    )
    officer.post(f"/admin/consent/launch/{waits.pk}/do/same/")
    assert launching.live(Purpose.objects.get(pk=ads.pk)), "a second person says that it means the same"
