"""Playbooks and approvals from several sides at once, on PostgreSQL."""

import pytest

from audit.models import Event
from connectors.models import Authorisation
from requests_app import automatic, playing, review
from requests_app.models import Playbook, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump
from tests.requests_app.test_at_once import at_once, company, refusals  # noqa: F401
from tests.requests_app.test_playbooks import fresh, mark

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def manager() -> object:
    return builders.colleague("maya", "change_playbook", "decide_request", "approve_request")


def test_a_playbook_and_a_colleague_at_once_approve_an_objection_once(company):  # noqa: F811
    maya, rita = manager(), builders.reviewer()
    playing.keep(Playbook(name="Ours", right="object", auto_approve=True), [], by=maya)
    request = ask("object")
    prove(request)
    pump()
    shown = mark(request)
    calls = [lambda: automatic.approve(request.pk), lambda: review.propose(fresh(request), by=rita, fingerprint=shown)]
    results = at_once(*calls, lambda: automatic.approve(request.pk))
    assert [one for one in results if isinstance(one, Exception)] == refusals(results)
    assert Authorisation.objects.count() == 1
    assert Event.objects.filter(name__in=("request.approved", "request.approved_by_playbook")).count() == 1
    assert Request.objects.get(pk=request.pk).state == "delivering"


def test_two_colleagues_who_approve_at_once_are_the_second_and_the_third_person(company):  # noqa: F811
    maya, rita, paul = manager(), builders.reviewer(), builders.approver()
    playing.keep(Playbook(name="Ours", right="delete", extra_approval=True), [], by=maya)
    request = ask("delete")
    prove(request)
    pump()
    shown = mark(request)
    review.propose(fresh(request), by=rita, fingerprint=shown)
    results = at_once(*[lambda by=by: review.approve(fresh(request), by=by, fingerprint=shown) for by in (paul, maya)])
    assert refusals(results) == [] and Request.objects.get(pk=request.pk).state == "delivering"
    assert Event.objects.filter(name="request.approved_first").count() == 1 and Authorisation.objects.count() == 1
