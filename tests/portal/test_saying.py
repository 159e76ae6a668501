"""What a person can say on the page of a request: an answer, an appeal, a complaint."""

from django.utils import timezone

from requests_app import acts
from requests_app.models import Outcome, Request, State
from tests.portal.builders import person
from tests.requests_app.builders import reviewer


def closed(residence: str, outcome: str = Outcome.DENIED):
    ada, request = person()
    rows = {"US-VA": "us-va-vcdpa", "GB": "uk-gdpr", "DE": "eu-gdpr"}
    Request.objects.filter(pk=request.pk).update(
        state=State.CLOSED, outcome=outcome, closed_at=timezone.now(), denial_ground="manifestly_unfounded",
        residence=residence, laws=[{"statute": rows[residence], "version": "x", "right": "access"}],
    )  # fmt: skip
    return ada, Request.objects.get(pk=request.pk)


def test_the_question_stands_on_the_page_and_the_answer_goes_into_the_case():
    ada, request = person()
    Request.objects.filter(pk=request.pk).update(state=State.IN_REVIEW, proved_at=timezone.now())
    assert "We have a question" not in ada.get(f"/my/{request.pk}/").content.decode()
    acts.ask(request, by=reviewer(), reason="clarification", question="Which of your two accounts?")
    assert "Which of your two accounts?" in ada.get(f"/my/{request.pk}/").content.decode()
    empty = ada.post(f"/my/{request.pk}/answer/", {"words": "  "})
    assert empty.status_code == 422 and "Write your answer." in empty.content.decode()
    answered = ada.post(f"/my/{request.pk}/answer/", {"words": "Both."}, follow=True)
    assert "Thank you. We go on" in answered.content.decode()
    assert request.pauses.get().answer == "Both."
    assert "We have a question" not in ada.get(f"/my/{request.pk}/").content.decode()


def test_an_appeal_is_offered_where_the_law_gives_one_and_leads_to_a_request_of_its_own():
    ada, request = closed("US-VA")
    page = ada.get(f"/my/{request.pk}/").content.decode()
    assert "You can appeal." in page and "Write a complaint" not in page
    done = ada.post(f"/my/{request.pk}/appeal/", {"words": "Look again, please."}, follow=True)
    assert "Your appeal has arrived." in done.content.decode()
    made = Request.objects.get(follows=request)
    assert made.details == "Look again, please." and made.reference in done.content.decode()
    assert "You can appeal." not in done.content.decode()
    assert ada.get(f"/my/{made.pk}/").status_code == 200


def test_what_was_typed_is_not_lost_when_it_is_refused():
    ada, request = closed("US-VA")
    answer = ada.post(f"/my/{request.pk}/appeal/", {"words": "long " * 1000})
    assert answer.status_code == 422
    assert "long long long" in answer.content.decode() and "under 4,000" in answer.content.decode()


def test_a_briton_may_complain_and_a_german_is_not_offered_it():
    ada, request = closed("GB")
    assert "Write a complaint" in ada.get(f"/my/{request.pk}/").content.decode()
    done = ada.post(f"/my/{request.pk}/complain/", {"words": "Nobody answered."}, follow=True)
    assert "Your complaint has arrived." in done.content.decode()
    Request.objects.filter(pk=request.pk).update(residence="DE")
    Request.objects.filter(follows=request).update(
        state=State.CLOSED, outcome=Outcome.FULFILLED, closed_at=timezone.now()
    )
    assert "Write a complaint" not in ada.get(f"/my/{request.pk}/").content.decode()
