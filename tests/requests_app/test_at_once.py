"""The same thing from several sides at once. Threads share no in-memory SQLite, so this is asked of PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Barrier, Thread
from types import SimpleNamespace

import pytest
from django.db import connections

from audit import actor as actors
from audit import log
from audit.models import Event
from audit.refusal import Refused
from connectors import batches, engine
from connectors.models import WorkOrder
from requests_app import delivery, proof, review, workflow
from requests_app.models import Letter, Parcel, PersonSession, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, link_in, prove, pump
from tests.requests_app.test_parcels import fresh_session, ready

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
]


@pytest.fixture
def company(tmp_path, settings) -> SimpleNamespace:
    """The company, in committed rows that every thread sees."""
    settings.PARCEL_DIR = tmp_path / "parcels"
    path = builders.company_database(tmp_path)
    return SimpleNamespace(path=path, system=builders.inventory(path), recipients=builders.recipients())


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run all calls in threads that start together; results and Refused in any order."""
    gate, results = Barrier(len(calls)), []

    def run(call: Callable[[], object]) -> None:
        gate.wait()
        try:
            results.append(call())
        except Refused as refused:
            results.append(refused)
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(call,)) for call in calls]
    [one.start() for one in threads]
    [one.join(60) for one in threads]
    assert list(log.faults()) == []
    return results


def refusals(results: list[object]) -> list[Refused]:
    wrong = [one for one in results if isinstance(one, Exception) and not isinstance(one, Refused)]
    assert wrong == []
    return [one for one in results if isinstance(one, Refused)]


def test_a_link_that_is_used_twice_at_once_works_once(company):
    request = ask("access")
    token = link_in(request.letters.get().body)
    results = at_once(*[lambda: proof.exchange(token, now=datetime.now(UTC))] * 6)
    assert len(refusals(results)) == 5
    assert PersonSession.objects.count() == 1


def test_downloads_at_once_are_never_one_too_many(company, rita, settings):
    parcel = ready(rita)
    session = fresh_session(parcel.request)
    results = at_once(*[lambda: len(b"".join(delivery.stream(parcel, session, now=datetime.now(UTC))))] * 8)
    assert len(refusals(results)) == 8 - settings.PARCEL_DOWNLOADS
    assert Parcel.objects.get().downloads == settings.PARCEL_DOWNLOADS


def test_a_request_that_is_pushed_from_all_sides_moves_once(company):
    request = ask("access")
    at_once(*[lambda: workflow.advance(request.pk)] * 6)
    proof.exchange(link_in(request.letters.get(kind="acknowledgement").body), now=datetime.now(UTC))
    refusals(at_once(*[lambda: workflow.advance(request.pk)] * 6))
    names = list(Event.objects.filter(noun_id=str(request.pk)).values_list("name", flat=True))
    assert names.count("request.proof_asked") == 1
    assert names.count("request.search_started") == 1


def test_of_two_requests_proved_at_once_one_joins_the_other(company):
    tokens = [link_in(ask("access").letters.get().body) for _ in range(2)]
    refusals(at_once(*[lambda token=token: proof.exchange(token, now=datetime.now(UTC)) for token in tokens]))
    pump()
    assert sorted(Request.objects.values_list("outcome", flat=True)) == ["", "duplicate"]


def test_letters_asked_for_at_once_stay_within_the_limit(company):
    refusals(at_once(*[lambda: ask("access", email="new@example.org")] * 8))
    assert Request.objects.count() == 8
    assert Letter.objects.filter(kind="acknowledgement").count() == 3


def test_two_approvals_at_once_are_one(company, rita, paul):
    request = ask("delete")
    prove(request)
    pump()
    shown = batches.fingerprint(Request.objects.get(pk=request.pk).batch)
    review.propose(request, by=rita, fingerprint=shown)
    approvers = [builders.approver(f"p{number}") for number in range(4)]
    calls = [lambda one=one: review.approve(request, by=one, fingerprint=shown) for one in approvers]
    assert len(refusals(at_once(*calls))) == 3
    assert WorkOrder.objects.filter(operation="erase").count() == 1


def test_withdrawing_while_the_erasure_starts_ends_with_all_or_nothing(company, rita, paul):
    request = ask("delete")
    prove(request)
    pump()
    shown = batches.fingerprint(Request.objects.get(pk=request.pk).batch)
    review.propose(request, by=rita, fingerprint=shown)
    review.approve(request, by=paul, fingerprint=shown)
    order = WorkOrder.objects.get(operation="erase")
    results = at_once(
        lambda: engine.run(order.pk),
        lambda: workflow.withdraw(Request.objects.get(pk=request.pk), actor=actors.person(request.subject_id)),
    )
    refused = refusals(results)
    pump()
    left = len(builders.rows(company.path, "SELECT * FROM people WHERE id = 1"))
    request.refresh_from_db()
    assert (request.outcome, left) == (("partly", 0) if refused else ("withdrawn", 1))
