"""Letters on the desk: samples, a preview before they go, and the PDF after."""

import pytest
from django.urls import reverse

import law
from requests_app import review, stationery
from requests_app.models import Letter
from tests.desk.builders import QUEUE, browser, colleague, events, fresh, in_review, root, snapshot

SAMPLES = "/admin/letters/"


@pytest.fixture
def officer(company):
    return browser(colleague("Privacy officer", "petra"))


@pytest.mark.wide
def test_every_law_and_language_can_be_looked_at_without_a_person(officer):
    for statute in law.statutes():
        for language in stationery.LANGUAGES:
            page = officer.get(SAMPLES, {"law": statute, "language": language, "kind": "denied"})
            assert page.status_code == 200
            assert page.context["sheet"].body
    for bad in ({"law": "nowhere"}, {"language": "tlh"}, {"kind": "../x"}):
        assert officer.get(SAMPLES, bad).status_code == 404
    printed = officer.get(SAMPLES, {"law": "eu-gdpr", "language": "de", "kind": "erased", "as": "pdf"})
    assert printed["Content-Type"] == "application/pdf" and printed.content.startswith(b"%PDF-")
    assert "no-store" in printed["Cache-Control"]


def test_the_samples_cost_the_same_queries_for_every_letter(officer, django_assert_max_num_queries):
    officer.get(SAMPLES)
    with django_assert_max_num_queries(12):
        officer.get(SAMPLES, {"kind": "erased"})


def test_who_may_not_see_cases_sees_no_samples(company):
    assert browser(colleague("System owner")).get(SAMPLES).status_code == 403
    assert browser(colleague("Auditor")).get(SAMPLES).status_code == 200


def test_a_denial_is_seen_with_its_ground_and_words_before_it_goes_and_keeps_nothing(officer):
    request = in_review("delete")
    before, letters = snapshot(), Letter.objects.count()
    url = reverse("admin:requests_app_request_preview", args=(request.pk,))
    assert officer.get(url).status_code == 200
    given = {"kind": "denied", "ground": "legal_claims", "words": "A lawsuit <b>between</b> us.", "language": "de"}
    page = officer.post(url, given)
    body = page.context["sheet"].body
    assert "Art. 17 Abs. 3 Buchst. e DSGVO" in body and "A lawsuit <b>between</b> us." in body
    assert "&lt;b&gt;between" in page.content.decode() and "<b>between" not in page.content.decode()
    assert "Lovelace" not in page.content.decode() and "ada@" not in page.content.decode()
    assert officer.post(url, {**given, "as": "pdf"}).content.startswith(b"%PDF-")
    assert (snapshot(), Letter.objects.count()) == (before, letters)
    assert fresh(request).denial_ground == ""


def test_the_words_of_a_refusal_that_went_out_are_not_seen_in_a_preview(company):
    request = in_review("delete")
    review.deny(request, by=root(), ground="legal_claims", note="Her lawsuit against us.")
    url = reverse("admin:requests_app_request_preview", args=(request.pk,))
    page = browser(colleague("Legal")).post(url, {"kind": "denied"})
    assert page.status_code == 200 and "lawsuit" not in page.content.decode()
    assert page.context["case"].denial_ground == "legal_claims", "the ground that was chosen stands first"


def test_every_letter_that_a_case_can_bring_forth_can_be_seen(officer):
    request = in_review("delete")
    url = reverse("admin:requests_app_request_preview", args=(request.pk,))
    offered = [one.code for one in officer.get(url).context["offered"]]
    assert {"denied", "erased", "question", "extended", "withdrawn"} <= set(offered)
    assert not {"corrected", "package_ready", "appeal_refused"} & set(offered)
    for kind in offered:
        page = officer.post(url, {"kind": kind})
        assert page.status_code == 200 and request.reference in page.content.decode()
    assert officer.post(url, {"kind": "corrected"}).status_code == 404


def test_a_letter_is_printed_for_who_may_reveal_and_the_look_is_an_event(officer):
    request = in_review("access")
    letter = request.letters.get(kind="acknowledgement")
    url = reverse("admin:requests_app_request_letter_pdf", args=(request.pk, letter.pk))
    page = officer.get(url)
    assert page.status_code == 200 and page.content.startswith(b"%PDF-")
    assert "no-store" in page["Cache-Control"]
    assert request.reference in page["Content-Disposition"] and "ada@" not in page["Content-Disposition"]
    assert events("letter.printed").get().facts["letter"] == str(letter.pk)
    other = in_review("access", email="bob@example.org")
    assert officer.get(reverse("admin:requests_app_request_letter_pdf", args=(other.pk, letter.pk))).status_code == 404
    assert browser(colleague("Legal")).get(url).status_code == 403, "sees cases, but nothing personal"
    assert f"{QUEUE}{request.pk}/letter/{letter.pk}/pdf/" == url
