"""Work that is stopped while a worker is in the middle of it, and a hold that two people release at once. On PostgreSQL."""

import pytest
from django.db.models import Sum

from audit.models import Event
from audit.refusal import Refused
from connectors import engine, holds
from connectors.models import LegalHold, Receipt, WorkOrder
from requests_app import halting, review
from requests_app.models import Request
from tests.desk.builders import mark as review_mark
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump
from tests.requests_app.test_at_once import at_once, company  # noqa: F401  # a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.mark.parametrize("chunk", [1, 2])
def test_an_erasure_stopped_in_the_middle_counts_what_it_did_and_ends_the_same_afterwards(company, settings, chunk):  # noqa: F811
    settings.CHUNK_ROWS = chunk
    rita, paul = builders.reviewer(), builders.approver()
    request = ask("delete")
    prove(request)
    pump()
    mark = review_mark(request)
    review.propose(request, by=rita, fingerprint=mark)
    review.approve(request, by=paul, fingerprint=mark)
    order = WorkOrder.objects.get(operation="erase")
    results = at_once(lambda: engine.run(order.pk), lambda: halting.stop(request, by=rita))
    assert not [one for one in results if isinstance(one, Exception) and not isinstance(one, Refused)], results
    order.refresh_from_db()
    done = Receipt.objects.filter(order=order).aggregate(rows=Sum("rows"))["rows"] or 0
    assert order.rows_done == done, "what is counted has its receipt"
    assert (order.state, order.park_code) in (("parked", "stopped"), ("done", "")), "stopped, or over before"
    if order.state == "parked":
        assert (f"after {done} of" in order.park_reason) == bool(done)
        engine.run(order.pk)
        order.refresh_from_db()
        assert (order.state, order.rows_done) == ("parked", done), "nothing moves until it is let go on"
        halting.go_on(request, by=paul)
    pump()
    assert Request.objects.get(pk=request.pk).state == "closed"
    assert builders.rows(company.path, "SELECT * FROM people WHERE id = 1") == []


def test_a_hold_is_released_once_and_never_by_who_asked(company):  # noqa: F811
    one, two, three = (builders.colleague(name, "release_legalhold") for name in ("one", "two", "three"))
    request = ask("delete")
    hold = holds.place(request.subject, matter="M", reason="R", review_on=builders.today(), by=one)
    asked = at_once(*(lambda by=by: holds.ask_release(hold, by=by, reason="Settled.") for by in (one, two)))
    assert len([answer for answer in asked if isinstance(answer, Refused)]) == 1
    results = at_once(*(lambda by=by: holds.release(hold, by=by) for by in (one, two, three)))
    fresh = LegalHold.objects.get()
    assert fresh.released_at and fresh.released_by_id != fresh.release_asked_by_id
    assert len([answer for answer in results if isinstance(answer, Refused)]) == 2
    assert Event.objects.filter(name="hold.released").count() == 1
