import sqlite3

import pytest

from audit.models import Event
from audit.refusal import Refused
from connectors import batches
from connectors.models import Connection, Finding, WorkOrder
from requests_app import laws, review
from requests_app.models import Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump


@pytest.fixture
def erasure(company) -> Request:
    """Ada's erasure, in review."""
    return in_review("delete")


def in_review(right: str, **more: object) -> Request:
    request = ask(right, **more)
    prove(request)
    pump()
    request = Request.objects.get(pk=request.pk)
    assert request.state == "in_review"
    return request


def mark(request: Request) -> str:
    return batches.fingerprint(Request.objects.get(pk=request.pk).batch)


def names(request: Request, user: object) -> set[str]:
    return {one.name for one in review.actions(Request.objects.get(pk=request.pk), user)}


def test_an_erasure_takes_two_people(erasure, rita, paul):
    review.propose(erasure, by=rita, fingerprint=mark(erasure))
    erasure.refresh_from_db()
    assert erasure.state == "in_review"
    assert not WorkOrder.objects.filter(operation="erase").exists()
    review.approve(erasure, by=paul, fingerprint=mark(erasure))
    erasure.refresh_from_db()
    assert erasure.state == "delivering"
    assert (erasure.proposed_by, erasure.approved_by) == (rita, paul)


def test_who_proposes_does_not_approve(erasure, paul):
    review.propose(erasure, by=paul, fingerprint=mark(erasure))
    with pytest.raises(Refused) as refused:
        review.approve(erasure, by=paul, fingerprint=mark(erasure))
    assert refused.value.code == "same_person"
    assert "approve" not in names(erasure, paul)


def test_roles_are_asked_by_the_verb_itself(erasure, rita):
    passer_by = builders.colleague("pia")
    for verb in (
        lambda: review.propose(erasure, by=passer_by, fingerprint=mark(erasure)),
        lambda: review.approve(erasure, by=rita, fingerprint=mark(erasure)),
        lambda: review.deny(erasure, by=rita, ground="x", note="x"),
        lambda: review.collect_again(erasure, by=passer_by),
        lambda: review.take(erasure, by=passer_by),
        lambda: review.note(erasure, by=passer_by, text="x"),
    ):
        with pytest.raises(Refused) as refused:
            verb()
        assert refused.value.code == "not_allowed"
    assert review.actions(erasure, passer_by) == []


def test_an_approval_covers_what_was_shown_and_nothing_else(erasure, rita, paul):
    shown = mark(erasure)
    review.propose(erasure, by=rita, fingerprint=shown)
    finding = Finding.objects.get(collection="applications")
    Finding.objects.filter(pk=finding.pk).update(rows=finding.rows + 1)
    assert mark(erasure) != shown
    with pytest.raises(Refused) as refused:
        review.approve(erasure, by=paul, fingerprint=shown)
    assert refused.value.message == review.STALE
    with pytest.raises(Refused):
        review.approve(erasure, by=paul, fingerprint=mark(erasure))


def test_a_changed_decision_fells_the_proposal(erasure, rita, paul):
    review.propose(erasure, by=rita, fingerprint=mark(erasure))
    finding = Finding.objects.get(collection="applications")
    review.decide_finding(erasure, finding, by=rita, decision="keep", ground="legal_claims", note="")
    erasure.refresh_from_db()
    assert erasure.proposed_by is None
    with pytest.raises(Refused) as refused:
        review.approve(erasure, by=paul, fingerprint=mark(erasure))
    assert refused.value.code == "not_proposed"


def test_a_proposal_goes_back_with_a_reason(erasure, rita, paul):
    review.propose(erasure, by=rita, fingerprint=mark(erasure))
    with pytest.raises(Refused):
        review.send_back(erasure, by=paul, reason_code="because")
    review.send_back(erasure, by=paul, reason_code="incomplete")
    erasure.refresh_from_db()
    assert erasure.proposed_by is None
    assert "propose" in names(erasure, rita)


def test_an_access_is_approved_by_who_decides(company, rita):
    request = in_review("access")
    review.propose(request, by=rita, fingerprint=mark(request))
    request.refresh_from_db()
    assert request.state == "delivering"


def test_an_opt_out_is_never_refused_for_want_of_proof(company):
    # In Europe an opt-out is answered as an objection; the grounds are still those of what the person asked for.
    for residence in ("DE", "GB", "US-CA"):
        offered = {one.code for one in laws.grounds(ask("opt_out_sale", residence=residence))}
        assert offered and not offered & {"id_unverified", "compelling_grounds"}


def test_a_denial_needs_a_ground_of_the_law_and_words(erasure, paul):
    ground = laws.grounds(erasure)[0].code
    for bad in ({"ground": "because", "note": "x"}, {"ground": ground, "note": "  "}):
        with pytest.raises(Refused) as refused:
            review.deny(erasure, by=paul, **bad)
        assert refused.value.field in ("ground", "note")
    review.deny(erasure, by=paul, ground=ground, note="A lawsuit between us is pending.")
    erasure.refresh_from_db()
    assert (erasure.state, erasure.outcome) == ("closed", "denied")
    letter = erasure.letters.get(kind="denied").body
    assert "A lawsuit between us is pending." in letter
    assert laws.denial(erasure)["cite"] in letter
    assert "If you disagree" in letter
    assert sqlite3.connect(erasure_path()).execute("SELECT count(*) FROM people").fetchone() == (2,)


def erasure_path() -> str:

    return Connection.objects.get().address.removeprefix("sqlite:///")


def test_a_search_can_be_made_again_and_the_proposal_falls(erasure, rita):
    review.propose(erasure, by=rita, fingerprint=mark(erasure))
    old = erasure.batch_id
    review.collect_again(Request.objects.get(pk=erasure.pk), by=rita)
    pump()
    erasure.refresh_from_db()
    assert erasure.state == "in_review"
    assert erasure.batch_id != old
    assert erasure.proposed_by is None


def test_rows_that_changed_after_the_approval_lead_back_to_a_new_search(erasure, rita, paul):

    review.propose(erasure, by=rita, fingerprint=mark(erasure))
    review.approve(erasure, by=paul, fingerprint=mark(erasure))
    WorkOrder.objects.filter(operation="erase").update(
        state="parked", park_code="stale", park_reason="Rows changed after the approval."
    )
    pump()
    erasure.refresh_from_db()
    assert "Search again" in erasure.attention
    assert "collect_again" in names(erasure, rita)
    review.collect_again(erasure, by=rita)
    pump()
    erasure.refresh_from_db()
    assert erasure.state == "in_review"
    assert erasure.attention == ""
    assert sqlite3.connect(erasure_path()).execute("SELECT count(*) FROM people").fetchone() == (2,)


def test_the_buttons_are_those_of_the_table_and_the_role(erasure, rita, paul):
    time = {"take", "assign", "ask", "extend", "residence", "raise"}
    assert names(erasure, rita) == {"propose", "collect_again"} | time
    assert names(erasure, paul) == {"propose", "collect_again", "deny"} | time
    review.propose(erasure, by=rita, fingerprint=mark(erasure))
    assert names(erasure, rita) == {"send_back", "collect_again"} | time - {"take"}  # it is hers since she proposed
    assert names(erasure, paul) == {"approve", "send_back", "collect_again", "deny"} | time - {"assign"}  # to whom?
    button = next(one for one in review.actions(Request.objects.get(pk=erasure.pk), paul) if one.name == "approve")
    assert button.fields[0].value == mark(erasure)
    assert "cannot be undone" in button.confirm


def test_a_note_is_for_colleagues_and_never_in_an_event(erasure, rita):

    review.note(erasure, by=rita, text="Called her; she is friendly.")
    assert "friendly" not in str(list(Event.objects.values_list("facts", flat=True)))
    assert erasure.notes.get().text.startswith("Called")
