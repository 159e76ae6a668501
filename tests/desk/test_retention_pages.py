"""Retention on the desk: schedules from the library, versions by two people, the nightly proof, our own house."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Collection
from privacyops.home import cards
from retention import nights, versions
from retention.models import Night, Schedule, ScheduleVersion
from tests.desk.builders import browser, colleague, root

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(company) -> SimpleNamespace:
    """Maya and Noor are privacy officers, Anna only works on cases."""
    Collection.objects.filter(name="applications").update(dated_by="sent_on")
    maya, noor, anna = (colleague(role, name) for role, name in (
        ("Privacy officer", "maya"), ("Privacy officer", "noor"), ("Agent", "anna"),
    ))  # fmt: skip
    return SimpleNamespace(
        maya=browser(maya), noor=browser(noor), anna=browser(anna), people=SimpleNamespace(maya=maya, noor=noor)
    )


def form(**more) -> dict[str, object]:
    rows = Collection.objects.get(name="applications").pk
    return {
        "key": "rejected", "title": "Rejected applicants", "collection": rows, "period": 6, "unit": "months",
        "trigger": "event", "dates": "", "action": "delete", "basis": "claims", "reason": "Claims end.", "cite": "AGG §15(4)",
        "grace_hours": 24, "every_days": 1, "group_by": "", "sum_of": "", "smallest": 10, "library": "de-rejected",
        "purpose": "", "category": "", "owner": "", "why": "",
    } | more  # fmt: skip


def do(client, version: ScheduleVersion, verb: str):
    return client.post(f"/admin/retention/scheduleversion/{version.pk}/do/{verb}/", follow=True).content.decode()


def test_from_the_library_to_a_schedule_in_force_by_two_people(desk) -> None:
    page = desk.maya.get("/admin/kept/library/?where=DE").content.decode()
    assert "Rejected applicants, 6 months" in page and "29 CFR" not in page and "?library=de-rejected" in page
    add = desk.maya.get("/admin/retention/schedule/add/?library=de-rejected").content.decode()
    assert 'value="de-rejected"' in add and "ArbGG §61b(1)" in add
    assert desk.anna.get("/admin/retention/schedule/add/").status_code == 403
    answer = desk.maya.post("/admin/retention/schedule/add/", form())
    assert answer.status_code == 302, answer.content.decode()[:2000]
    version = ScheduleVersion.objects.get()
    assert not Schedule.objects.get().active and version.stands == "Waits for approval"
    assert "Approve it" not in desk.maya.get(f"/admin/retention/scheduleversion/{version.pk}/change/").content.decode()
    assert "somebody else must approve" in do(desk.maya, version, "approve")
    assert desk.anna.post(f"/admin/retention/scheduleversion/{version.pk}/do/approve/").status_code == 403
    assert [one.count for one in cards(desk.people.noor, timezone.now()) if one.label == "Schedules to approve"] == [1]
    assert [one.count for one in cards(desk.people.maya, timezone.now()) if one.label == "Schedules to approve"] == [0]
    assert "is in force" in do(desk.noor, version, "approve")
    assert Schedule.objects.get().active and Schedule.objects.get().library == "de-rejected"
    assert "In use" in desk.maya.get("/admin/kept/library/").content.decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dates": "nowhere"}, "neither a field"),
        ({"period": "0"}, "cannot be counted"),
        ({"period": "9000", "unit": "years"}, "cannot be counted"),
    ],
)
def test_what_cannot_be_is_said_beside_the_form_and_nothing_is_kept(desk, change, words) -> None:
    answer = desk.maya.post("/admin/retention/schedule/add/", form(**change))
    page = answer.content.decode()
    assert answer.status_code == 200 and words in page and not Schedule.objects.exists(), answer.context["errors"]


def test_a_change_is_a_draft_whose_page_counts_what_it_would_do(desk) -> None:
    desk.maya.post("/admin/retention/schedule/add/", form())
    do(desk.noor, ScheduleVersion.objects.get(), "approve")
    schedule = Schedule.objects.get()
    page = f"/admin/retention/schedule/{schedule.pk}/"
    assert "is a draft now" in desk.maya.post(f"{page}do/draft/", follow=True).content.decode()
    assert desk.maya.post(f"{page}change/", form(period=1)).status_code == 403, "never edited"
    draft = ScheduleVersion.objects.get(number=2)
    sent = {name: one for name, one in form(period=1, why="Shorter.").items() if name != "key"}
    answer = desk.maya.post(f"/admin/retention/scheduleversion/{draft.pk}/change/", sent)
    assert answer.status_code == 302, answer.content.decode()
    assert ScheduleVersion.objects.get(number=2).period == 1 and Schedule.objects.get().period == 6
    change = desk.noor.get(f"/admin/retention/scheduleversion/{draft.pk}/change/").content.decode()
    assert f"/admin/kept/ahead/{draft.pk}/" in change and "period" in change
    ahead = desk.noor.get(f"/admin/kept/ahead/{draft.pk}/").content.decode()
    assert "would go now" in ahead and "by what is in force it is" in ahead
    do(desk.maya, draft, "propose")
    do(desk.noor, draft, "approve")
    assert Schedule.objects.get().period == 1
    fixed = desk.maya.post(f"/admin/retention/scheduleversion/{draft.pk}/change/", form(period=9))
    assert fixed.status_code == 409 and ScheduleVersion.objects.get(pk=draft.pk).period == 1


def test_the_proof_shows_every_schedule_and_home_says_when_it_is_not_zero(desk) -> None:
    desk.maya.post("/admin/retention/schedule/add/", form())
    do(desk.noor, ScheduleVersion.objects.get(), "approve")
    schedule = Schedule.objects.get()
    assert "Not counted yet" in desk.maya.get("/admin/kept/").content.decode()
    night = nights.count(schedule, timezone.localdate())
    assert night.fault == "" and night.past > 0
    page = desk.maya.get("/admin/kept/").content.decode()
    assert f"{night.past} past their date" in page and "without an explanation" in page and "<svg" in page
    boss = root()
    assert [one.count for one in cards(boss, timezone.now()) if one.label == "Rows past their date"] == [1]
    assert "Rows past their date" in desk.maya.get("/admin/").content.decode()
    lines = b"".join(desk.maya.get("/admin/kept/nights.csv").streaming_content).decode().splitlines()
    assert len(lines) == 2 and lines[1].startswith("rejected,")
    Night.objects.update(unexplained=0)
    assert [one.count for one in cards(boss, timezone.now()) if one.label == "Rows past their date"] == [0]


def test_the_proof_costs_as_many_queries_however_many_schedules_there_are(desk) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            desk.maya.get("/admin/kept/")
        return len(seen)

    _schedules(desk, 2)
    cost()
    few = cost()
    _schedules(desk, 12)
    assert cost() == few


def _schedules(desk, many: int) -> None:
    for number in range(Schedule.objects.count(), many):
        made = versions.start(
            key=f"s{number}", by=desk.people.maya, title=f"S{number}", period=number + 1, unit="months", reason="x",
            collection=Collection.objects.get(name="applications"),
        )  # fmt: skip
        versions.approve(made, by=desk.people.noor)
        Night.objects.create(schedule=made.schedule, day=timezone.localdate(), past=1, counted_at=timezone.now())


def test_two_schedules_of_the_same_rows_are_shown_with_the_reason(desk) -> None:
    _schedules(desk, 2)
    page = desk.maya.get("/admin/kept/").content.decode()
    assert "the shorter time holds: 1 month, not 2 months" in page and "Overruled" in page
    listed = desk.maya.get("/admin/retention/schedule/?holds=overruled").content.decode()
    assert ">S1<" in listed and ">S0<" not in listed


def test_our_own_house_is_put_under_schedules_with_one_click_and_a_second_person(desk) -> None:
    page = desk.maya.get("/admin/kept/house/").content.decode()
    assert "no schedule" in page and "Draft schedules for it" in page and "Sessions of people" in page
    assert "Draft schedules for it" not in desk.anna.get("/admin/kept/house/").content.decode()
    assert "may not write schedules" in desk.anna.post("/admin/kept/house/", follow=True).content.decode()
    assert "1 drafted" in desk.maya.post("/admin/kept/house/", follow=True).content.decode()
    assert "waits for approval" in desk.maya.get("/admin/kept/house/").content.decode()
    do(desk.noor, ScheduleVersion.objects.get(schedule__key="portal-cases"), "approve")
    assert "in force" in desk.maya.get("/admin/kept/house/").content.decode()
