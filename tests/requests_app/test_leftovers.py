"""A request whose erasure left rows: it searches from what was erased, or says what is left; it never closes as fulfilled."""

import sqlite3
from typing import Any

import pytest
from django.contrib.auth.models import User

from connectors import batches
from connectors.models import WorkOrder
from inventory.models import Field, Reference
from requests_app import review
from requests_app.models import Request
from tests.requests_app.builders import approver, ask, prove, pump, rows

pytestmark = pytest.mark.django_db


def erase(request: Request, rita: Any) -> Request:
    """Propose and approve what was found, and let the workers work."""
    paul = User.objects.filter(username="paul").first() or approver()
    for verb, by in ((review.propose, rita), (review.approve, paul)):
        request = Request.objects.get(pk=request.pk)
        assert request.batch is not None
        verb(request, by=by, fingerprint=batches.fingerprint(request.batch))
    WorkOrder.objects.update(not_before=None)
    pump()
    return Request.objects.get(pk=request.pk)


def stopped(company: Any, rita: Any, trigger: str) -> Request:
    """A request whose erasure parked because a row came meanwhile, searched again."""
    with sqlite3.connect(company.path) as database:
        database.execute(trigger)
    request = ask("delete")
    prove(request)
    pump()
    request = erase(request, rita)
    assert "parked" in request.attention
    review.collect_again(request, by=rita)
    pump()
    return Request.objects.get(pk=request.pk)


LATE = (
    "CREATE TRIGGER late AFTER DELETE ON applications WHEN OLD.id = 1 "
    "BEGIN INSERT INTO applications VALUES (99, 1, 'late', 'late letter of Ada', '2026-11-01'); END"
)


def test_the_new_search_finds_a_letter_that_came_during_the_erasure(company: Any, rita: Any) -> None:
    request = stopped(company, rita, LATE)
    assert [one.rows for one in request.batch.findings.filter(collection="applications")] == [1]
    request = erase(request, rita)
    assert rows(company.path, "SELECT * FROM applications WHERE person_id = 1") == []
    assert request.state == "closed" and request.attention == ""


def test_what_no_search_leads_to_any_more_is_told_and_the_request_is_only_partly_done(company: Any, rita: Any) -> None:
    """Calls are found by the person's phone number, which is gone with the account."""
    with sqlite3.connect(company.path) as database:
        database.execute("CREATE TABLE calls (id INTEGER PRIMARY KEY, caller TEXT, words TEXT)")
        database.execute("INSERT INTO calls VALUES (1, '+49301', 'a call')")
    people = Field.objects.get(collection__name="people", name="phone")
    calls = people.collection.dataset.collections.create(name="calls", title="Calls", erase="delete")
    Field.objects.create(collection=calls, name="id", primary_key=True, data_type="integer")
    Field.objects.create(collection=calls, name="words", category=people.category)
    caller = Field.objects.create(collection=calls, name="caller")
    Reference.objects.create(field=caller, target=people)
    late = "CREATE TRIGGER late AFTER DELETE ON calls BEGIN INSERT INTO calls VALUES (9, '+49301', 'late'); END"
    request = stopped(company, rita, late)
    assert not request.batch.findings.filter(collection="calls").exists()
    request = erase(request, rita)
    assert (request.state, request.outcome) == ("closed", "partly")
    letter = request.letters.order_by("-queued_at").first()
    assert "Calls" in letter.body and "1 row could not be erased" in letter.body
    assert "1 rows of Calls" in request.attention and "by hand" in request.attention
