from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from audit import actor as actors
from audit.models import Event
from audit.refusal import Refused
from connectors import batches, holds, settling
from connectors.models import Authorisation, WorkOrder
from inventory.models import Field
from requests_app import results, review, workflow
from requests_app.models import Letter, Request
from subjects import registry
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump, reviewer


@pytest.mark.parametrize("state", ["collecting", "in_review", "delivering", "notifying"])
def test_the_database_refuses_work_without_proof(company, state):
    request = ask("access")
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(state=state)


def test_the_database_refuses_a_fulfilment_without_proof(company):
    request = ask("access")
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(state="closed", outcome="fulfilled", closed_at=builders.NOW)


def test_the_database_refuses_that_an_opt_out_waits_for_proof(company):
    request = ask("opt_out_sale")
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(state="verifying")


def test_the_database_refuses_an_erasure_by_one_person(company, rita):
    request = ask("delete")
    changes = {"state": "delivering", "proved_at": builders.NOW, "proposed_by": rita, "approved_by": rita}
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(**changes)


def test_an_opt_out_never_waits_for_proof_nor_for_staff(company):
    request = ask("opt_out_sale")
    pump()
    request.refresh_from_db()
    assert request.state == "closed"
    assert request.proved_at is None
    assert request.proposed_by is None
    states = [event.facts["after"] for event in Event.objects.filter(noun_id=str(request.pk)) if "after" in event.facts]
    assert states == ["collecting", "delivering", "notifying", "closed"]
    assert Authorisation.objects.get().basis == "opt_out"


def test_advancing_twice_is_advancing_once(company):
    request = ask("access")
    prove(request)
    pump()
    before = Event.objects.count()
    workflow.advance(request.pk)
    workflow.advance(request.pk)
    assert Event.objects.count() == before


def test_a_second_request_for_the_same_joins_the_first_only_after_its_own_proof(company):
    first = ask("access")
    prove(first)
    pump()
    second = ask("access")
    pump()
    second.refresh_from_db()
    assert second.state == "verifying"
    prove(second)
    pump()
    second.refresh_from_db()
    assert (second.state, second.outcome, second.duplicate_of) == ("closed", "duplicate", first)
    assert first.reference in second.letters.get(kind="duplicate").body
    assert not second.clocks.filter(kind="respond", met_at=None).exists()


def test_an_unproved_request_swallows_nobody_elses(company):
    ask("delete")
    pump()
    mine = ask("delete")
    prove(mine)
    pump()
    mine.refresh_from_db()
    assert mine.state == "in_review"


def test_two_corrections_of_different_things_are_two_requests(company):
    first = ask("correct", changes={"full_name": "Ada King"})
    prove(first)
    second = ask("correct", changes={"full_name": "Ada Byron"})
    prove(second)
    pump()
    second.refresh_from_db()
    assert second.outcome != "duplicate"


def test_a_second_opt_out_joins_the_first_without_proof(company):
    first = ask("opt_out_sale")
    workflow.advance(first.pk)
    second = ask("opt_out_sale")
    workflow.advance(second.pk)
    second.refresh_from_db()
    assert second.outcome == "duplicate"


def test_a_person_withdraws_and_nothing_is_done(company):
    request = ask("delete")
    prove(request)
    pump()
    workflow.withdraw(request, actor=actors.person(request.subject_id))
    pump()
    request.refresh_from_db()
    assert (request.state, request.outcome) == ("closed", "withdrawn")
    assert len(builders.rows(company.path, "SELECT * FROM applications WHERE person_id = 1")) == 2
    with pytest.raises(Refused) as refused:
        workflow.withdraw(Request.objects.get(pk=request.pk), actor=actors.person(request.subject_id))
    assert refused.value.code == "too_late"


def test_a_person_stops_an_approved_erasure_within_the_cooling_off(company, settings, rita, paul):
    settings.ERASURE_COOLING_OFF_HOURS = 72
    request = ask("delete")
    prove(request)
    pump()
    mark = review_mark(request)
    review.propose(request, by=rita, fingerprint=mark)
    review.approve(request, by=paul, fingerprint=mark)
    pump()
    request.refresh_from_db()
    assert request.state == "delivering"
    assert len(builders.rows(company.path, "SELECT * FROM people WHERE id = 1")) == 1
    workflow.withdraw(request, actor=actors.person(request.subject_id))
    WorkOrder.objects.update(not_before=datetime.now(UTC) - timedelta(hours=1))
    pump()
    request.refresh_from_db()
    assert request.outcome == "withdrawn"
    assert len(builders.rows(company.path, "SELECT * FROM people WHERE id = 1")) == 1


def test_a_hold_stops_an_erasure_and_the_case_says_so(company, settings, rita, paul):
    settings.ERASURE_COOLING_OFF_HOURS = 1
    request = ask("delete")
    prove(request)
    pump()
    mark = review_mark(request)
    review.propose(request, by=rita, fingerprint=mark)
    review.approve(request, by=paul, fingerprint=mark)
    lawyer = builders.colleague("lena", "place_legalhold", "release_legalhold")
    hold = holds.place(request.subject, matter="Case 7", reason="Claim", review_on=builders.today(), by=lawyer)
    WorkOrder.objects.filter(operation="erase").update(not_before=None)
    pump()
    request.refresh_from_db()
    assert request.state == "delivering"
    assert "hold" in request.attention
    assert len(builders.rows(company.path, "SELECT * FROM people WHERE id = 1")) == 1
    holds.ask_release(hold, by=lawyer, reason="Settled.")
    holds.release(hold, by=builders.colleague("lou", "release_legalhold"))
    for order in WorkOrder.objects.filter(state="parked"):
        settling.retry(order, by=reviewer("rob"))
    pump()
    request.refresh_from_db()
    assert request.state == "closed"
    assert request.attention == ""
    assert builders.rows(company.path, "SELECT * FROM people WHERE id = 1") == []


def test_what_a_hold_of_another_person_protects_is_said_in_the_letter_and_the_request_is_partly_done(
    company, rita, paul
):
    """They are known by two names: who asked by e-mail is not the record that is held. The letter does not say whose hold."""
    Field.objects.filter(collection__name="applications", name="job").update(identity="account_id")
    held = registry.find_or_make("account_id", "Engineer", actor=actors.worker("test"))
    lawyer = builders.colleague("lena", "place_legalhold")
    holds.place(held, matter="Case 7", reason="Claim", review_on=builders.today(), by=lawyer)
    request = ask("delete")
    prove(request)
    pump()
    mark = review_mark(request)
    review.propose(request, by=rita, fingerprint=mark)
    review.approve(request, by=paul, fingerprint=mark)
    pump()
    request.refresh_from_db()
    assert (request.state, request.outcome) == ("closed", "partly")
    assert [row[0] for row in builders.rows(company.path, "SELECT job FROM applications")] == ["Engineer", "Mechanic"]
    said = [line.text for line in results.summary(request).withheld]
    assert "1 row kept: a legal hold protects it" in said
    letter = Letter.objects.filter(request=request).latest("queued_at").body
    assert "a legal hold protects it" in letter and "Case 7" not in letter


def test_a_system_that_cannot_be_reached_stays_in_sight(company, settings):
    settings.MOST_ATTEMPTS = 1
    company.system.connection.address = "sqlite:////nowhere/at/all.sqlite3"
    company.system.connection.save()
    request = ask("access")
    prove(request)
    for _ in range(4):
        pump()
        WorkOrder.objects.update(next_try_at=None)
    request.refresh_from_db()
    assert request.state == "collecting"
    assert WorkOrder.objects.get(operation="find").state == "parked"
    assert "parked" in request.attention


def test_a_system_that_was_given_up_is_named_in_the_answer(company, rita):
    company.system.connection.active = False
    company.system.connection.save()
    request = ask("access")
    prove(request)
    pump()
    settling.waive(WorkOrder.objects.get(operation="find"), reason_code="system_gone", by=rita)
    pump()
    review.propose(request, by=rita, fingerprint=review_mark(request))
    pump()
    request.refresh_from_db()
    assert request.outcome == "partly"
    letter = request.letters.get(kind="nothing_held").body
    assert "Job site: could not be searched (system gone)" in letter
    assert "we hold no personal data" not in letter.lower()


def review_mark(request: Request) -> str:

    return batches.fingerprint(Request.objects.get(pk=request.pk).batch)
