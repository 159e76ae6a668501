"""What is typed on the desk: wrong input is refused in words, and nothing that was typed is lost."""

import pytest
from django.utils import timezone

from audit.refusal import Refused
from disclosures.models import Client, Instruction
from inventory.models import Collection
from requests_app.models import Letter
from retention import versions
from retention.models import CopySet, Schedule, ScheduleVersion
from tests.desk import builders
from tests.desk.builders import QUEUE, browser, case, colleague, in_review, mark

pytestmark = pytest.mark.django_db
SCHEDULES = "/admin/retention/schedule/add/"


@pytest.fixture
def officer(company):
    """Maya, a privacy officer."""
    Collection.objects.filter(name="applications").update(dated_by="sent_on")
    return colleague("Privacy officer", "maya")


@pytest.fixture
def maya(officer):
    return browser(officer)


@pytest.fixture
def backup():
    return CopySet.objects.create(key="dumps", title="Dumps", place="Berlin", every_hours=24, kept_days=30)


def terms(**more):
    return {
        "key": "rejected", "title": "Rejected applicants", "collection": Collection.objects.get(name="applications").pk,
        "period": 6, "unit": "months", "trigger": "event", "dates": "", "action": "delete", "basis": "claims",
        "reason": "Claims end.", "cite": "", "grace_hours": 24, "every_days": 1, "group_by": "", "sum_of": "", "smallest": 10,
        "library": "", "purpose": "", "category": "", "owner": "", "why": "",
    } | more  # fmt: skip


@pytest.mark.parametrize(
    "since", ["2026-02-30T10:00", "2026-13-01T10:00", "2026-11-01T25:00", "0001-01-01T00:00", "9999-12-31T23:59"]
)
def test_a_moment_that_is_in_no_calendar_is_refused_in_words(maya, backup, since):
    answer = maya.post(f"/admin/retention/copyset/{backup.pk}/do/replay/", {"since": since, "what": "partial"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "there is no such day" in page
    assert f'value="{since}"' in page and 'value="partial" selected' in page


def test_the_form_of_a_record_is_saved_from_the_page_that_refused_a_button_too(maya, backup):
    url = f"/admin/retention/copyset/{backup.pk}/"
    answer = maya.post(f"{url}do/replay/", {"title": "Dumps in Kiel", "_save": "Save"})
    assert (answer.status_code, answer["Location"]) == (307, f"{url}change/"), "the browser sends the same form there"


def test_words_that_are_too_long_are_refused_and_not_cut(maya, officer, backup):
    demand = "x" * 2001
    answer = maya.post(f"/admin/retention/copyset/{backup.pk}/do/replay/", {"since": demand, "what": "partial"})
    assert answer.status_code == 422 and "2,000 characters are the most, and these are 2,001" in answer.content.decode()


def test_an_old_tab_of_a_draft_that_was_approved_meanwhile_loses_nothing(maya, officer):
    rows = Collection.objects.get(name="applications")
    version = versions.start(key="a", by=officer, title="Kept", collection=rows, period=6, unit="months", reason="x")
    url = f"/admin/retention/scheduleversion/{version.pk}/change/"
    assert maya.get(url).status_code == 200
    versions.approve(version, by=builders.root("two"))
    answer = maya.post(url, terms(why="Because of the new act", unit="years"))
    page = answer.content.decode()
    assert answer.status_code == 409 and "can no longer be edited" in page
    assert "What you typed, not saved" in page and "Because of the new act" in page and "<dd>years</dd>" in page
    assert ScheduleVersion.objects.get().why == ""
    assert browser(colleague("Agent", "anna")).post(url, terms()).status_code == 403


def test_what_is_refused_while_it_is_saved_comes_back_with_the_form(maya, monkeypatch):
    def quicker(**given):
        raise Refused("There is a schedule with this key already. Choose another.", code="key_conflict", field="key")

    monkeypatch.setattr(versions, "start", quicker)
    answer = maya.post(SCHEDULES, terms(title="Typed with care"))
    page = answer.content.decode()
    assert answer.status_code == 200 and "schedule with this key already" in page and "Typed with care" in page
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("to", ["9" * 5000, "²", "x", ""])
def test_a_colleague_who_is_none_is_refused_in_words(maya, to):
    request = in_review()
    answer = maya.post(f"{case(request)}".replace("change/", "do/assign/"), {"to": to, "seen": mark(request)})
    assert answer.status_code == 422 and "Choose a colleague." in answer.content.decode()


def test_a_case_that_is_none_gets_no_pack_and_a_key_that_is_none_no_action(maya):
    answer = maya.post("/admin/packs/", {"request": "x", "reason": "Asked for"})
    assert answer.status_code == 422 and "There is no such case." in answer.content.decode()
    actions = maya.post(QUEUE, {"action": "assign", "_selected_action": "x"})
    assert actions.status_code == 400


def test_a_form_of_the_desk_with_a_character_that_no_database_takes_is_refused(maya):
    request = in_review()
    url = f"{case(request)}".replace("change/", "do/hold/")
    given = {"matter": "M 1", "reason": "x", "review_on": "2027-03-31", "system": "\0", "seen": mark(request)}
    assert maya.post(url, given).status_code == 400


def test_letters_and_instructions_are_named_in_words_that_may_break(maya, officer):
    request = in_review()
    Letter.objects.filter(request=request).update(kind="asker_acknowledged")
    page = maya.get("/admin/requests_app/letter/").content.decode()
    assert "Asker acknowledged" in page and ">asker_acknowledged<" not in page
    assert maya.get("/admin/requests_app/letter/?letter=denial").status_code == 200
    client = Client.objects.create(name="Northwind")
    Instruction.objects.create(
        client=client, kind="process", given_on=timezone.localdate(), given_by="Head of personnel", processing="All"
    )
    page = maya.get(f"/admin/disclosures/client/{client.pk}/change/").content.decode()
    link = page[: page.index(str(Instruction.objects.get()))].rpartition("<a ")[2]
    assert "instruction" in link and "po-ref" not in link, "a reference is never broken; a sentence must be"


def test_a_paragraph_of_a_playbook_without_its_letter_is_refused_beside_its_field(maya):
    formset = {"TOTAL_FORMS": 1, "INITIAL_FORMS": 0, "MIN_NUM_FORMS": 0, "MAX_NUM_FORMS": 10, "0-words": "Kept words."}
    texts = {f"texts-{name}": value for name, value in formset.items()}
    answer = maya.post("/admin/requests_app/playbook/add/", {"name": "Ours", "right": "delete", "steps": "", **texts})
    page = answer.content.decode()
    assert answer.status_code == 200 and "This field is required." in page and "Kept words." in page


def test_the_title_of_a_record_names_what_it_is_about_and_no_key(maya, company):
    request = in_review()
    letter = request.letters.first()
    page = maya.get(f"/admin/requests_app/letter/{letter.pk}/change/").content.decode()
    title = page[page.index("<title>") : page.index("</title>")]
    assert request.reference in title and str(request.pk) not in title
    assert str(Letter.objects.get(pk=letter.pk)).endswith(str(request.pk)), "without a query where it was not loaded"
