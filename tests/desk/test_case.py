"""The case page: what it shows, what it hides, and what it says when it refuses."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from connectors import batches
from connectors.models import Finding
from requests_app import acts, appeals, laws, review
from requests_app.models import Letter, Parcel, Request
from tests.desk import builders
from tests.desk.builders import (
    ADA,
    QUEUE,
    TESTS,
    browser,
    case,
    colleague,
    events,
    fresh,
    in_review,
    mark,
    press,
    snapshot,
)
from tests.requests_app.builders import ask, prove, pump

SECRETS = (ADA, "Lovelace", "I count well")


@pytest.fixture
def maya(company) -> Client:
    """The privacy officer's browser."""
    return browser(colleague("Privacy officer", "maya"))


@pytest.fixture
def rita(company) -> Client:
    """The reviewer's browser."""
    return browser(colleague("Reviewer", "rita"))


def buttons(page: str) -> set[str]:
    return set(re.findall(r"/do/([a-z_]+)/", page))


def shown(client: Client, request: Request) -> str:
    answer = client.get(case(request))
    assert answer.status_code == 200
    return answer.content.decode()


def test_who_somebody_is_stays_masked_until_it_is_revealed_and_that_is_an_event(maya):
    request = in_review("correct", changes={"full_name": "Ada King"}, details="I married. Ada Lovelace")
    page = shown(maya, request)
    for secret in (*SECRETS, "Ada King", "I married"):
        assert secret not in page
    assert "a•••@example.org" in page
    assert not events("subject.revealed").exists()

    for reason in ("", "curious"):
        refused = maya.post(f"{QUEUE}{request.pk}/reveal/", {"reason": reason})
        assert refused.status_code == 422 and ADA not in refused.content.decode()
    assert not events("subject.revealed").exists(), "no reason, no look"
    revealed = maya.post(f"{QUEUE}{request.pk}/reveal/", {"reason": "answer"})
    page = revealed.content.decode()
    for clear in (ADA, "Ada Lovelace", "Ada King", "I married."):
        assert clear in page
    event = events("subject.revealed").get()
    assert event.actor.startswith("staff:") and event.subject_id == request.subject_id
    assert event.facts["reason"] == "answer"
    # Nothing of it travels on: not in a cookie, not on the next page.
    assert ADA not in str(maya.cookies) and ADA not in shown(maya, request)


def test_every_page_of_the_desk_masks_who_somebody_is(company):
    request = builders.everything(company)
    boss = browser(builders.root())
    for url in (
        QUEUE, case(request), reverse("admin:subjects_datasubject_change", args=(request.subject_id,)),
        reverse("admin:connectors_legalhold_changelist"), reverse("admin:audit_event_changelist"),
        reverse("admin:requests_app_letter_changelist"), reverse("admin:connectors_batch_changelist"), "/admin/",
        reverse("admin:connectors_batch_change", args=(request.batch_id,)),
        reverse("admin:requests_app_letter_change", args=(request.letters.first().pk,)),
    ):  # fmt: skip
        page = boss.get(url).content.decode()
        assert not [secret for secret in SECRETS if secret in page], url


def test_a_person_is_revealed_from_their_own_page_too(company):
    request = in_review("access")
    boss = browser(builders.root())
    answer = boss.post(
        reverse("admin:subjects_datasubject_do", args=(request.subject_id, "reveal")), {"reason": "identify"}
    )
    assert answer.status_code == 200 and ADA in answer.content.decode()
    assert events("subject.revealed").count() == 1
    assert ADA not in str(boss.cookies)


def test_rows_are_shown_on_demand_and_the_look_is_an_event(maya):
    request = in_review("access")
    finding = Finding.objects.get(batch=request.batch_id, collection="applications")
    assert "I count well" not in shown(maya, request)
    page = maya.get(f"{QUEUE}{request.pk}/finding/{finding.pk}/rows/").content.decode()
    assert "I count well" in page and "secret letter" not in page
    event = events("desk.viewed").get()
    assert event.noun_id == str(request.pk) and event.facts["collection"] == "site.applications"


def test_a_finding_of_another_case_is_not_shown_here(maya):
    ada, bob = in_review("access"), in_review("access", email="bob@example.org", name="Bob")
    foreign = Finding.objects.filter(batch=bob.batch_id).first()
    assert maya.get(f"{QUEUE}{ada.pk}/finding/{foreign.pk}/rows/").status_code == 404
    assert maya.post(f"{QUEUE}{ada.pk}/finding/{foreign.pk}/", {}).status_code == 404
    assert maya.get(f"{QUEUE}{ada.pk}/letter/{bob.letters.first().pk}/").status_code == 404


def test_a_letter_is_read_without_the_link_that_is_only_the_persons(maya, company):
    request = ask("access")
    pump()
    letter = request.letters.get(kind="acknowledgement")
    assert re.search(r"/proof/[A-Za-z0-9_-]{20,}/", letter.body), "there is a link to hide"
    page = maya.get(f"{QUEUE}{request.pk}/letter/{letter.pk}/").content.decode()
    assert "We received your request" in page and "/proof/…/" in page
    assert not re.search(r"/proof/[A-Za-z0-9_-]{5,}", page)
    assert events("desk.viewed").count() == 1


def test_the_buttons_follow_the_state(maya, rita):
    waiting = ask("access")
    at_any_time = {"take", "assign", "extend", "residence", "raise"}
    assert buttons(shown(maya, waiting)) == {"vouch", "ask_paper", "hold"} | at_any_time
    request = in_review("delete")
    assert buttons(shown(maya, request)) == {"hold", "propose", "collect_again", "deny", "ask"} | at_any_time
    press(rita, request, "propose", fingerprint=mark(request))
    assert buttons(shown(rita, request)) == {"send_back", "collect_again", "ask"} | at_any_time - {"take"}
    at_any_time -= {"assign"}  # it is Rita's since she proposed, and nobody else is there
    assert (
        buttons(shown(maya, request)) == {"hold", "approve", "send_back", "collect_again", "deny", "ask"} | at_any_time
    )
    press(maya, request, "approve", fingerprint=mark(request))
    assert buttons(shown(maya, request)) == {"halt", "hold"} | at_any_time
    pump()
    assert fresh(request).state == "closed"
    assert buttons(shown(maya, request)) == set()


def test_asking_extending_and_moving_are_buttons_of_the_case_page(maya):
    request = in_review("access")
    asked = press(maya, request, "ask", reason="clarification", question="Which years?")
    assert asked.status_code == 302
    page = shown(maya, request)
    assert "no answer yet" in page and "stands still" in page and "Which years?" in page
    assert "answered" in buttons(page) and "ask" not in buttons(page)
    press(maya, request, "answered", answer="By phone: all of them.")
    assert "By phone" not in shown(maya, request), "the person's words are shown to who reveals them"
    refused = press(maya, request, "extend", reason="complexity", note="")
    assert refused.status_code == 422
    press(maya, request, "extend", reason="complexity", note="Four archives.")
    assert "extended" in shown(maya, request)
    press(maya, request, "residence", residence="US-CA")
    assert "CCPA" in shown(maya, request)


def test_the_page_says_what_approving_does_and_why_the_clock_stands_there(maya):
    request = in_review("delete")
    page = shown(maya, request)
    assert "<strong>3</strong> rows are deleted" in page
    assert "<strong>1</strong> row is kept on a ground" in page
    assert "GDPR, art. 12(3)" in page and "How this day was counted" in page
    for step in request.clocks.first().steps:
        assert step.replace("'", "&#x27;") in page


def test_an_approval_of_what_changed_since_is_refused_in_words_on_the_same_page(maya, rita):
    request = in_review("delete")
    seen = mark(request)
    press(rita, request, "propose", fingerprint=seen)
    finding = Finding.objects.get(batch=request.batch_id, collection="applications")
    review.decide_finding(fresh(request), finding, by=builders.root(), decision="keep", ground="legal_claims")
    before = snapshot()
    answer = press(maya, request, "approve", fingerprint=seen)
    assert answer.status_code == 422
    assert review.STALE in answer.content.decode()
    assert snapshot() == before


def test_what_was_typed_is_not_lost_when_it_is_refused(maya):
    request = in_review("delete")
    ground = laws.grounds(request)[0].code
    answer = press(maya, request, "deny", ground="", note="She is a party to a claim.")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose a ground that this law allows." in page
    assert re.search(r'<textarea name="note"[^>]*>She is a party to a claim.</textarea>', page)
    assert page.count("She is a party to a claim.") == 1, "it comes back in its own form only"
    page = press(maya, request, "deny", ground=ground, note=" ").content.decode()
    assert f'<option value="{ground}" selected>' in page
    long = "x" * 4001
    page = maya.post(f"{QUEUE}{request.pk}/note/", {"form": "note", "text": long})
    assert page.status_code == 422 and long in page.content.decode()


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("finding/{finding}/", {"ground": "because I say so", "action": "delete"}),
        ("finding/{finding}/", {"action": "burn"}),
        ("order/{order}/waive/", {"reason_code": "ada@example.org said so"}),
        ("order/{order}/waive/", {"reason_code": ""}),
        ("do/send_back/", {"reason_code": "x y"}),
        ("do/propose/", {"fingerprint": "0"}),
    ],
)
def test_a_choice_that_was_not_offered_is_refused_and_breaks_nothing(maya, path, given):
    request = in_review("delete")
    order = builders.park(request)
    finding = Finding.objects.filter(batch=request.batch_id).first()
    before = snapshot()
    answer = maya.post(f"{QUEUE}{request.pk}/{path.format(finding=finding.pk, order=order.pk)}", given)
    assert answer.status_code == 422
    assert snapshot() == before


def test_rows_that_the_law_keeps_are_not_deleted_by_pressing_decide(maya):
    request = in_review("delete")
    kept = Finding.objects.get(batch=request.batch_id, collection="invoices")
    assert kept.action == "keep"
    page = shown(maya, request)
    form = page[page.index(f"/finding/{kept.pk}/") :]
    assert '<option value="keep" selected>' in form[: form.index("</form>")]
    maya.post(f"{QUEUE}{request.pk}/finding/{kept.pk}/", {"action": "keep", "ground": "", "note": ""})
    kept.refresh_from_db()
    assert (kept.action, kept.ground) == ("keep", "legal_obligation")


def test_a_closed_case_tells_which_fields_kept_their_value_and_which_are_left(maya):
    request = ask("access")
    prove(request)
    pump()
    review.propose(fresh(request), by=colleague("Reviewer", "rolf"), fingerprint=mark(fresh(request)))
    found = Finding.objects.filter(batch=fresh(request).batch_id).first()
    told = {"rows": 3, "why": {"note": "read_only"}, "left": {"phone": 2}, "fields": {"note": "kept", "phone": "left"}}
    Finding.objects.filter(pk=found.pk).update(outcome=told)
    page = shown(maya, request)
    assert "3 done; kept: note (read-only); left: phone (2)" in page


def test_a_case_names_the_references_that_were_not_followed(maya):
    request = in_review("delete")
    assert "Not followed" not in shown(maya, request)
    batch = fresh(request).batch
    batch.plan["dropped"] = [
        {"collection": ["crm", "a"], "field": "c_id", "parent": ["crm", "c"], "parent_field": "id"}
    ]
    batch.save(update_fields=["plan"])
    assert "Not followed, because references go round in a circle: crm.c to crm.a (c_id)." in shown(maya, request)


def test_looking_never_changes_anything(maya):
    request = in_review("delete")
    order, finding = builders.park(request), Finding.objects.filter(batch=request.batch_id).first()
    letter = request.letters.first()
    before = snapshot()
    for path in (
        *(f"do/{name}/" for name in ("take", "propose", "approve", "send_back", "collect_again", "deny")),
        f"finding/{finding.pk}/", f"order/{order.pk}/retry/", f"order/{order.pk}/waive/", "reveal/", "note/",
        f"letter/{letter.pk}/again/", "parcel/again/",
    ):  # fmt: skip
        answer = maya.get(f"{QUEUE}{request.pk}/{path}", {"fingerprint": mark(request), "form": "x"})
        assert answer.status_code == 405, path
    assert maya.get(f"{QUEUE}search/").status_code == 405
    assert snapshot() == before
    assert not events("subject.revealed").exists()


def test_no_button_works_without_the_token_of_its_form(company):
    request = in_review("delete")
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(colleague("Reviewer"), backend="django.contrib.auth.backends.ModelBackend")
    assert press(careful, request, "propose", fingerprint=mark(request)).status_code == 403
    assert fresh(request).proposed_by is None


def test_a_stuck_letter_and_a_stuck_package_can_be_set_going_again(maya):
    request = in_review("access")
    Letter.objects.filter(request=request).update(state="parked", park_reason="The mail server refused the address.")
    Parcel.objects.create(request=request, state="parked", park_reason="The disk is full.")
    page = shown(maya, request)
    assert "The disk is full." in page and "The mail server refused the address." in page
    letter = request.letters.first()
    assert maya.post(f"{QUEUE}{request.pk}/letter/{letter.pk}/again/").status_code == 302
    assert maya.post(f"{QUEUE}{request.pk}/parcel/again/").status_code == 302
    letter.refresh_from_db()
    assert (letter.state, Parcel.objects.get().state) == ("queued", "open")
    assert maya.post(f"{QUEUE}{request.pk}/parcel/again/").status_code == 422


def test_the_page_takes_the_same_number_of_queries_however_long_the_story(maya, django_assert_max_num_queries):
    request = in_review("delete")
    by = builders.root()
    review.note(request, by=by, text="The first note")
    with django_assert_max_num_queries(46) as first:
        shown(maya, request)
    for number in range(30):
        review.note(request, by=by, text=f"Note {number}")
    for finding in list(Finding.objects.filter(batch=request.batch_id)):
        for number in range(10):
            finding.pk, finding.via = None, f"way{number}"
            finding.save()
    with django_assert_max_num_queries(len(first)):
        shown(maya, request)


def test_questions_and_followers_cost_no_queries_of_their_own(maya, django_assert_max_num_queries):
    request, by = in_review("access", residence="GB"), builders.root()
    for number in range(2):
        acts.ask(request, by=by, reason="clarification", question="Which?")
        acts.answer(request, actor=TESTS, words="All.")
    one = appeals.complain(request, words="Slow.", actor=TESTS)
    shown(maya, request)
    with django_assert_max_num_queries(46) as first:
        shown(maya, request)
    for number in range(4):
        acts.ask(request, by=by, reason="clarification", question="Which?")
        acts.answer(request, actor=TESTS, words="All.")
        pump()
        appeals.answer(fresh(one), by=by, note="Sorry.")
        one = appeals.complain(request, words="Slow.", actor=TESTS)
    with django_assert_max_num_queries(len(first)):
        shown(maya, request)


def test_a_case_that_is_not_there_is_not_found(maya):
    assert maya.get(f"{QUEUE}00000000-0000-4000-8000-000000000000/change/").status_code == 404
    assert maya.get(f"{QUEUE}nonsense/change/").status_code == 404


def test_a_hold_is_placed_from_the_case_and_who_will_be_told_is_named_before(maya, rita, company):
    request = in_review("delete")
    page = shown(maya, request)
    assert "Recipients to tell" in page and company.recipients[1].name in page
    given = {"matter": "Case 9", "reason": "A claim", "review_on": "2020-01-01"}
    assert press(rita, request, "hold", **given).status_code == 422, "a reviewer places no holds"
    assert press(maya, request, "hold", **{**given, "review_on": "soon"}).status_code == 422
    assert press(maya, request, "hold", **given).status_code == 302
    page = shown(maya, request)
    assert "Case 9" in page and "It was to be looked at again on 1 January 2020" in page
    assert "Place a legal hold" not in page and events("hold.placed").count() == 1


def test_a_limited_hold_says_beside_each_finding_what_stays_and_the_preview_counts_it_apart(maya, company):
    request = in_review("delete")
    found = request.batch.findings.exclude(action="keep").first()
    given = {"matter": "Case 9", "reason": "A claim", "review_on": "2030-01-01"}
    refused = press(maya, request, "hold", **given, system="nowhere")
    assert refused.status_code == 422 and not events("hold.placed").exists(), "an unknown limit is not taken for none"
    assert press(maya, request, "hold", **given, system=found.system.key).status_code == 302
    page = shown(maya, request)
    assert f"It covers the system {found.system.name}: nothing of that is erased" in page
    assert "under the hold “Case 9”" in page and "a legal hold covers them" in page
    assert "Place a legal hold" in page, "another hold may cover more"
    mark = batches.fingerprint(request.batch)
    assert press(maya, request, "propose", fingerprint=mark).status_code == 302, "the rest can be erased"
