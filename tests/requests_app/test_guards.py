"""The table says where a request may go; the guard says when. Each is asked by the conductor itself."""

import pytest
from django.utils import timezone

from audit.refusal import Refused
from connectors import batches
from connectors.models import WorkOrder
from disclosures.models import Notice
from requests_app import reads, review, workflow
from requests_app.models import Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump


def refused(request: Request, to: str, **changes: object) -> str:
    with pytest.raises(Refused) as error:
        workflow.move(Request.objects.get(pk=request.pk), to, actor=workflow.CONDUCTOR, **changes)
    return error.value.code


def approved_erasure(rita, paul) -> Request:
    request = ask("delete")
    prove(request)
    pump()
    shown = batches.fingerprint(Request.objects.get(pk=request.pk).batch)
    review.propose(request, by=rita, fingerprint=shown)
    return review.approve(request, by=paul, fingerprint=shown)


def test_nothing_is_searched_without_proof(company):
    request = ask("access")
    assert refused(request, "collecting") == "guard_may_work"
    pump()
    assert refused(request, "collecting") == "guard_may_work"


def test_an_opt_out_cannot_be_sent_for_proof(company):
    assert refused(ask("opt_out_sale"), "verifying") == "guard_needs_proof"


def test_the_review_does_not_begin_before_every_system_answered(company):
    request = ask("access")
    prove(request)
    assert refused(request, "in_review") == "guard_found"
    WorkOrder.objects.update(state="parked", park_code="tries", park_reason="Down.")
    assert refused(request, "in_review") == "guard_found"


def test_what_takes_review_cannot_go_round_it(company):
    request = ask("access")
    prove(request)
    WorkOrder.objects.update(state="done")
    assert refused(request, "delivering") == "guard_needs_no_review"


def test_nothing_is_carried_out_without_leave(company, rita, paul):
    request = ask("delete")
    prove(request)
    pump()
    assert refused(request, "delivering", proposed_by=rita, approved_by=paul) == "guard_approved"


def test_a_parked_order_is_never_counted_as_done(company, rita, paul):
    request = approved_erasure(rita, paul)
    WorkOrder.objects.filter(operation="erase").update(state="parked", park_code="tries", park_reason="Down.")
    assert refused(request, "notifying") == "guard_carried_out"


def test_what_was_begun_cannot_be_stopped(company, rita, paul):
    request = approved_erasure(rita, paul)
    pump()
    assert builders.rows(company.path, "SELECT * FROM people WHERE id = 1") == []
    Request.objects.filter(pk=request.pk).update(state="delivering", outcome="", closed_at=None)
    assert refused(request, "closed") == "guard_untouched"
    with pytest.raises(Refused) as late:
        workflow.withdraw(request, actor=workflow.CONDUCTOR)
    assert late.value.code == "too_late"
    assert "begun already" in late.value.message


def test_a_request_is_not_closed_before_recipients_were_told(company, rita, paul):
    request = approved_erasure(rita, paul)
    pump()
    Request.objects.filter(pk=request.pk).update(state="notifying", outcome="", closed_at=None)
    for state, reason in (("parked", "Refused."), ("queued", ""), ("handed", "")):
        Notice.objects.update(state=state, park_reason=reason, sent_at=None)
        assert refused(request, "closed") == "guard_told"
    assert request.pk not in reads.can_move(timezone.now()), (
        "what is with a colleague is not asked for every three seconds"
    )


def test_a_withdrawn_request_does_not_come_back(company):
    request = ask("access")
    workflow.withdraw(request, actor=workflow.CONDUCTOR)
    assert refused(request, "collecting") == "guard_may_reopen"
