"""Several colleagues on one case: who gave it to whom, forms that are older than a colleague's change, watchers, mentions."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from requests_app import assignment, automatic, deadlines, laws, review
from requests_app.models import Absence, AssignmentRule, Mention, Note, Playbook, Request
from tests.desk import builders
from tests.desk.builders import QUEUE, browser, case, colleague, events, fresh, in_review, mark, press, snapshot
from tests.requests_app.builders import ask, pump

TEAM = "/admin/requests_app/absence/team/"


@pytest.fixture
def maya(company) -> Client:
    return browser(colleague("Privacy officer", "maya"))


@pytest.fixture
def rita(company) -> Client:
    return browser(colleague("Reviewer", "rita"))


def user(name: str) -> User:
    return User.objects.get(username=name)


def seen(page: object) -> str:
    return re.search(r'name="seen" value="(\d+)"', page.content.decode())[1]


def words(answer: object) -> str:
    return " ".join(answer.content.decode().split())


# ---------------------------------------------------------------- a form that is older than a colleague's change


def test_a_form_that_is_older_than_a_colleagues_change_is_told_and_loses_nothing(maya, rita):
    request = in_review("access")
    page = rita.get(case(request))
    press(maya, request, "residence", residence="FR", seen=seen(maya.get(case(request))))
    assert fresh(request).residence == "FR"
    before = snapshot()

    late = press(rita, request, "ask", reason="clarification", question="Which account do you mean?", seen=seen(page))
    assert late.status_code == 409 and snapshot() == before
    assert "residence corrected (Privacy officer)" in words(late) and "Which account do you mean?" in words(late)
    assert not request.pauses.exists()

    again = press(rita, request, "ask", reason="clarification", question="Which account?", seen=seen(late))
    assert again.status_code == 302 and request.pauses.get().question == "Which account?"


def test_what_was_typed_stays_even_where_its_button_is_gone(maya, rita):
    request = in_review("access")
    page = maya.get(case(request))
    press(rita, request, "propose", fingerprint=mark(request))
    pump()
    ground = laws.grounds(fresh(request))[0].code
    late = press(maya, request, "deny", ground=ground, note="A long and careful reason.", seen=seen(page))
    assert late.status_code == 409 and "/do/deny/" not in words(late)
    assert "What you had typed" in words(late) and "A long and careful reason." in words(late)


def test_two_decisions_about_one_finding_do_not_overwrite_each_other(maya, rita):
    request = in_review("delete")
    finding = request.batch.findings.get(collection="applications")
    url, opened = f"{QUEUE}{request.pk}/finding/{finding.pk}/", seen(rita.get(case(request)))
    maya.post(url, {"form": f"finding-{finding.pk}", "action": "mask", "seen": seen(maya.get(case(request)))})
    late = rita.post(url, {"form": f"finding-{finding.pk}", "action": "delete", "seen": opened})
    assert late.status_code == 409
    finding.refresh_from_db()
    assert finding.action == "mask"


def test_ones_own_changes_and_the_work_of_machines_and_notes_and_looks_stop_no_form(maya, rita):
    request = in_review("access")
    opened = seen(rita.get(case(request)))
    rita.post(f"{QUEUE}{request.pk}/note/", {"form": "note", "text": "My own"})
    maya.post(f"{QUEUE}{request.pk}/note/", {"form": "note", "text": "Somebody's note"})
    finding = request.batch.findings.get(collection="applications")
    assert maya.get(f"{QUEUE}{request.pk}/finding/{finding.pk}/rows/").status_code == 200
    deadlines.sweep(request.due_at + timedelta(days=1), actor=builders.TESTS)
    assert press(rita, request, "take", seen=opened).status_code == 302


def test_a_form_with_nonsense_for_its_age_is_taken_as_one_without(rita):
    request = in_review("access")
    for value in ("", "x", "-1", "9" * 40, "٣"):
        assert press(rita, request, "take", seen=value).status_code in (302, 422)


# ---------------------------------------------------------------- to whom, and why


def test_the_case_says_who_has_it_and_why(maya, rita):
    request = in_review("delete")
    AssignmentRule.objects.create(name="Erasures", place=2, rights=["delete"], pick="fewest").people.set([user("rita")])
    assignment.sweep(laws.today())
    page = words(maya.get(case(request)))
    assert "Given to Reviewer: rule 2, right is Delete my data, fewest open (0)." in page
    Absence.objects.create(
        person=user("rita"), starts_on=laws.today(), ends_on=laws.today() + timedelta(days=2), stand_in=user("maya")
    )
    page = words(maya.get(case(request)))
    assert "The owner is away" in page and "Privacy officer stands in" in page


def test_a_case_is_given_to_a_colleague_by_hand_and_not_to_one_who_is_away(maya, rita):
    request = in_review("access")
    assert press(maya, request, "assign", to=str(user("rita").pk)).status_code == 302
    assert fresh(request).owner == user("rita")
    assert events("request.assigned").get().facts == {"to": user("rita").pk}
    assert press(maya, request, "assign", to="").status_code == 422
    assert press(maya, request, "assign", to="999999").status_code == 422


def test_the_team_page_shows_who_has_what_in_a_constant_number_of_queries(maya, rita, django_assert_max_num_queries):
    request = in_review("access")
    review.take(request, by=user("rita"))
    maya.get(TEAM)
    with django_assert_max_num_queries(20) as few:
        page = words(maya.get(TEAM))
    assert "Reviewer" in page and 'data-unit="open">1<' in page
    for number in range(10):
        review.take(ask(email=f"p{number}@example.org"), by=colleague("Reviewer", f"r{number}"))
    with django_assert_max_num_queries(len(few)):
        maya.get(TEAM)


def test_everybody_enters_their_own_absence_and_ends_it(rita, maya):
    today = laws.today()
    given = {
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=5)).isoformat(),
        "stand_in": str(user("maya").pk),
    }
    wrong = rita.post(f"{TEAM}away/", given | {"ends_on": (today - timedelta(days=1)).isoformat()})
    assert wrong.status_code == 422 and "The last day lies before the first." in words(wrong)
    assert f'value="{today.isoformat()}"' in words(wrong)
    assert rita.post(f"{TEAM}away/", given).status_code == 302
    row = Absence.objects.get()
    assert (row.person, row.stand_in) == (user("rita"), user("maya"))
    maya.post(f"{TEAM}away/", {"back": str(row.pk)})  # not hers to end here
    row.refresh_from_db()
    assert not row.cancelled
    rita.post(f"{TEAM}away/", {"back": str(row.pk)})
    row.refresh_from_db()
    assert row.cancelled


def test_a_rule_for_a_place_that_is_not_there_is_refused(maya):
    url = "/admin/requests_app/assignmentrule/add/"
    given = {"name": "A", "place": "1", "pick": "turns", "people": [str(user("maya").pk)], "active": "on"}
    wrong = maya.post(url, given | {"regions": "DE, XX"})
    assert wrong.status_code == 200 and "No place is called XX" in words(wrong)
    assert maya.post(url, given | {"regions": "de us"}).status_code == 302
    assert AssignmentRule.objects.get().regions == "DE US"
    assert events("desk.added").exists()


# ---------------------------------------------------------------- watchers and mentions


def test_a_colleague_named_in_a_note_is_told_until_they_have_read_it(maya, rita):
    request = in_review("access")
    note = f"{QUEUE}{request.pk}/note/"
    assert (
        maya.post(note, {"form": "note", "text": "Please look, @Rita. Mail of ada@example.org is known."}).status_code
        == 302
    )
    assert [one.person for one in Mention.objects.all()] == [user("rita")]
    assert "Notes that name you" in words(rita.get("/admin/")) and "Notes that name you" not in words(
        maya.get("/admin/")
    )
    assert request.reference in words(rita.get(f"{QUEUE}?waits=named"))
    assert request.reference not in words(maya.get(f"{QUEUE}?waits=named"))
    assert "Privacy officer named you in a note." in words(rita.get(case(request)))
    rita.post(f"{QUEUE}{request.pk}/team/read/")
    assert "named you" not in words(rita.get(case(request)))
    assert "Notes that name you" not in words(rita.get("/admin/"))


def test_a_name_that_is_nobodys_is_refused_and_the_note_stays(maya):
    request = in_review("access")
    colleague("System owner", "sam")  # signs in, and may see no case
    for name in ("nobody", "sam"):
        wrong = maya.post(f"{QUEUE}{request.pk}/note/", {"form": "note", "text": f"Ask @{name} about it"})
        assert (
            wrong.status_code == 422
            and f"Ask @{name} about it" in words(wrong)
            and f"is called @{name}" in words(wrong)
        )
    assert not Note.objects.exists() and not Mention.objects.exists()


def test_whoever_watches_finds_the_case_again_until_it_is_closed(maya, rita):
    request = in_review("access")
    for _ in range(2):
        assert rita.post(f"{QUEUE}{request.pk}/team/watch/").status_code == 302
    assert events("request.watched").count() == 1
    assert request.reference in words(rita.get(f"{QUEUE}?waits=watched"))
    assert "Reviewer" in words(maya.get(case(request))) and "Watch no more" in words(rita.get(case(request)))
    rita.post(f"{QUEUE}{request.pk}/team/unwatch/")
    assert request.reference not in words(rita.get(f"{QUEUE}?waits=watched"))
    assert rita.get(f"{QUEUE}{request.pk}/team/watch/").status_code == 405
    assert rita.post(f"{QUEUE}{request.pk}/team/nonsense/").status_code == 404
    assert Request.objects.count() == 1


# ---------------------------------------------------------------- playbooks on the desk

BOOKS = "/admin/requests_app/playbook/"
BOOK = {
    "name": "Copies", "right": "access", "statute": "", "active": "on", "auto_rows": "100", "review_over": "",
    "steps": "Look at the address\nCall back", "defaults": "{}", "texts-TOTAL_FORMS": "1", "texts-INITIAL_FORMS": "0",
    "texts-0-kind": "package_ready", "texts-0-language": "en", "texts-0-words": "Ask for Ms Chen.",
}  # fmt: skip


def test_a_manager_keeps_a_playbook_and_a_case_shows_and_ticks_its_steps(maya, rita, django_assert_max_num_queries):
    assert maya.post(f"{BOOKS}add/", BOOK).status_code == 302
    request = in_review("access")
    page = words(rita.get(case(request)))
    assert "version 1, kept by Privacy officer" in page and "Call back" in page and "0 of 2 done" in page
    with django_assert_max_num_queries(42) as few:
        rita.get(case(request))
    most = len(few)
    for number in (1, 2):
        assert rita.post(f"{QUEUE}{request.pk}/step/{number}/", {"done": "1"}).status_code == 302
    with django_assert_max_num_queries(most):
        page = words(rita.get(case(request)))
    assert "2 of 2 done" in page and "Reviewer, " in page
    assert rita.post(f"{QUEUE}{request.pk}/step/9/", {"done": "1"}).status_code == 422
    shown = rita.post(f"{QUEUE}{request.pk}/preview/", {"kind": "package_ready", "language": "en"})
    assert "Ask for Ms Chen." in words(shown)


def test_a_playbook_is_edited_with_its_paragraphs_and_each_time_is_a_version(maya):
    maya.post(f"{BOOKS}add/", BOOK)
    row = Playbook.objects.get()
    edit = builders.posted(maya.get(f"{BOOKS}{row.pk}/change/"))
    assert edit["texts-0-words"] == "Ask for Ms Chen."
    assert maya.post(f"{BOOKS}{row.pk}/change/", edit | {"texts-0-words": "Ask for Mr Li."}).status_code == 302
    row.refresh_from_db()
    assert row.version == 2 and [one.words for one in row.texts.all()] == ["Ask for Mr Li."]
    edit = builders.posted(maya.get(f"{BOOKS}{row.pk}/change/"))
    assert maya.post(f"{BOOKS}{row.pk}/change/", edit | {"texts-0-words": " "}).status_code == 302
    assert not row.texts.exists()


def test_a_playbook_that_a_colleague_saved_meanwhile_is_not_overwritten(maya):
    maya.post(f"{BOOKS}add/", BOOK)
    row = Playbook.objects.get()
    url, opened = f"{BOOKS}{row.pk}/change/", builders.posted(maya.get(f"{BOOKS}{row.pk}/change/"))
    assert browser(colleague("Privacy officer", "olga")).post(url, opened | {"steps": "Hers"}).status_code == 302
    late = maya.post(url, opened | {"steps": "Mine, typed at length"})
    assert late.status_code == 200 and "saved version 2 since you opened this page" in words(late)
    assert "Mine, typed at length" in words(late)
    row.refresh_from_db()
    assert (row.version, row.steps) == (2, "Hers")
    again = opened | {"steps": "Mine, typed at length", "seen": re.search(r'name="seen" value="(\d+)"', words(late))[1]}
    assert maya.post(url, again).status_code == 302
    row.refresh_from_db()
    assert (row.version, row.steps) == (3, "Mine, typed at length")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"right": "delete", "auto_approve": "on", "texts-TOTAL_FORMS": "0"}, "An erasure needs two people"),
        (
            {"right": "opt_out_sale", "extra_approval": "on", "texts-TOTAL_FORMS": "0"},
            "Nothing may delay or narrow an opt-out",
        ),
        ({"defaults": '{"proof": "none"}'}, "Proof is asked for as the right and its law want it."),
        (
            {"right": "delete", "defaults": '{"legal_hold": false}', "texts-TOTAL_FORMS": "0"},
            "A legal hold stops an erasure",
        ),
        ({"categories": ["contact.email"], "texts-TOTAL_FORMS": "0"}, "People must be told of a limit."),
        ({"texts-0-kind": "erased"}, "Choose a letter that people get about this right."),
        ({"defaults": "{no json"}, "Enter a valid JSON."),
        ({"defaults": '{"a": ' + "1" * 5000 + "}"}, "Enter a valid JSON."),
        ({"defaults": "[" * 100_000}, "Enter a valid JSON."),
    ],
)
def test_a_forbidden_playbook_is_refused_beside_its_field_and_nothing_is_kept(maya, change, said):
    wrong = maya.post(f"{BOOKS}add/", BOOK | change)
    assert wrong.status_code == 200 and said in words(wrong).replace("&#x27;", "'")
    assert (
        "Look at the address" in words(wrong) and not Playbook.objects.exists() and not events("playbook.kept").exists()
    )


def test_a_second_playbook_for_the_same_right_and_law_is_refused_in_words(maya):
    maya.post(f"{BOOKS}add/", BOOK)
    wrong = maya.post(f"{BOOKS}add/", BOOK)
    assert wrong.status_code == 200 and "There is a playbook for this right and law already." in words(wrong)


def test_the_timeline_names_the_version_and_the_manager_of_what_a_playbook_approved(maya):
    book = BOOK | {"right": "object", "auto_approve": "on", "texts-TOTAL_FORMS": "0"}
    assert maya.post(f"{BOOKS}add/", book).status_code == 302
    request = in_review("object")
    assert automatic.sweep() == 1
    page = words(maya.get(case(request)))
    assert "Approved by its playbook" in page and "version 1 of the playbook, which Privacy officer kept" in page


def test_only_managers_keep_playbooks_rules_and_absences(rita):
    for noun in ("playbook", "assignmentrule", "absence"):
        assert rita.post(f"/admin/requests_app/{noun}/add/", BOOK).status_code == 403
    assert rita.get(BOOKS).status_code == 200 and rita.get("/admin/requests_app/absence/").status_code == 403
