"""Appeals and questions from several sides at once, on PostgreSQL."""

import pytest

from requests_app import acts, appeals, laws, review, workflow
from requests_app.models import Clock, Extension, Pause, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump
from tests.requests_app.test_at_once import at_once, company, refusals  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def in_review(residence: str) -> Request:
    request = ask(residence=residence)
    prove(request)
    pump()
    return Request.objects.get(pk=request.pk)


def denied() -> Request:
    request = in_review("US-VA")
    return review.deny(request, by=builders.approver(), ground=laws.grounds(request)[0].code, note="No.")


def test_the_same_appeal_six_times_at_once_is_one(company):  # noqa: F811
    request = denied()
    results = at_once(*[lambda: appeals.appeal(request, words="No!", actor=workflow.CONDUCTOR)] * 6)
    assert refusals(results) == [] and len({one.pk for one in results}) == 1
    assert Request.objects.filter(follows=request).count() == 1


def test_an_appeal_granted_and_refused_at_once_has_one_end(company):  # noqa: F811
    request = denied()
    one = appeals.appeal(request, words="No!", actor=workflow.CONDUCTOR)
    pump()
    one = Request.objects.get(pk=one.pk)
    olga, theo = builders.approver("olga"), builders.approver("theo")
    results = at_once(
        lambda: appeals.decide(one, by=olga, granted=True, note="Yes."),
        lambda: appeals.decide(one, by=theo, granted=False, note="No."),
    )
    assert len(refusals(results)) == 1
    one.refresh_from_db()
    request.refresh_from_db()
    assert (request.state != "closed") == (one.outcome == "fulfilled")


def test_a_question_asked_and_an_answer_given_by_several_at_once_count_once(company):  # noqa: F811
    request, rita = in_review("GB"), builders.reviewer()
    asks = [lambda: acts.ask(request, by=rita, reason="clarification", question="Which?")] * 4
    assert len(refusals(at_once(*asks))) == 3 and Pause.objects.count() == 1
    says = [lambda: acts.answer(request, actor=workflow.CONDUCTOR, words="All.")] * 4
    assert len(refusals(at_once(*says))) == 3
    assert request.letters.filter(kind="answered").count() == 1


def test_an_extension_by_several_at_once_and_a_moved_residence_leave_one_truth(company):  # noqa: F811
    request, rita = in_review("GB"), builders.reviewer()
    calls = [lambda: acts.extend(request, by=rita, reason="complexity", note="Much.")] * 3
    results = at_once(*calls, lambda: acts.correct_residence(request, by=rita, residence="DE"))
    assert len(refusals(results)) == 2 and Extension.objects.count() == 1
    clock = Clock.objects.get(request=request, kind="respond")
    assert clock.statute == "eu-gdpr"
    assert Request.objects.get(pk=request.pk).due_at == clock.due_at
