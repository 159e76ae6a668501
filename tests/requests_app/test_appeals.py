"""Appeals are decided by somebody else, on their own clock; complaints are answered where a law counts the days."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.refusal import Refused
from requests_app import appeals, intake, laws, review, workflow
from requests_app.models import Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump

WORDS = "You overlooked my second account."


@pytest.fixture
def olga(db):
    """A colleague who may deny and had no hand in the case."""
    return builders.approver("olga")


@pytest.fixture
def denied(company, paul) -> Request:
    """Ada's request from Virginia, denied by Paul."""
    return denial("US-VA", paul)


def denial(residence: str, by: object, right: str = "access") -> Request:
    request = ask(right, residence=residence)
    prove(request)
    pump()
    request = Request.objects.get(pk=request.pk)
    return review.deny(request, by=by, ground=laws.grounds(request)[0].code, note="We do not think so.")


def appealed(request: Request) -> Request:
    made = appeals.appeal(request, words=WORDS, actor=workflow.CONDUCTOR)
    pump()
    return Request.objects.get(pk=made.pk)


def test_an_appeal_is_a_request_of_its_own_with_the_clock_of_its_law(denied):
    with time_machine.travel(datetime(2026, 4, 1, 12, tzinfo=UTC)):
        Request.objects.filter(pk=denied.pk).update(closed_at=timezone.now())
        one = appealed(Request.objects.get(pk=denied.pk))
    assert (one.right, one.state, one.follows_id) == ("appeal", "in_review", denied.pk)
    clock = one.clocks.get(kind="respond")
    # Vector V037: sixty days, not moved from a Sunday.
    assert (clock.statute, clock.name, clock.due_on) == ("us-va-vcdpa", "appeal", date(2026, 5, 31))
    assert "31 May 2026" in one.letters.get(kind="appeal_received").body


def test_the_same_appeal_sent_twice_is_one(denied):
    assert appealed(denied) == appealed(denied)


def test_who_denied_does_not_decide_the_appeal(denied, paul, olga):
    one = appealed(denied)
    with pytest.raises(Refused) as refused:
        appeals.decide(one, by=paul, granted=False, note="No.")
    assert refused.value.code == "same_person"
    assert {action.name for action in review.actions(one, paul)}.isdisjoint({"grant", "refuse"})
    assert {"grant", "refuse"} <= {action.name for action in review.actions(one, olga)}
    with pytest.raises(Refused):
        review.deny(one, by=olga, ground="id_unverified", note="By the back door.")
    with pytest.raises(Refused):
        review.propose(one, by=olga, fingerprint="")


def test_a_role_that_may_not_deny_does_not_decide(denied):
    for by in (builders.colleague("pia"), builders.reviewer("rose")):
        with pytest.raises(Refused) as refused:
            appeals.decide(appealed(denied), by=by, granted=True, note="Yes.")
        assert refused.value.code == "not_allowed"


def test_granted_the_case_opens_again_with_new_clocks_and_is_decided_anew(denied, paul, olga):
    appeals.decide(appealed(denied), by=olga, granted=True, note="We had searched one account only.")
    pump()
    again = Request.objects.get(pk=denied.pk)
    assert (again.state, again.outcome, again.denial_ground, again.decided_by) == ("in_review", "", "", None)
    assert again.clocks.get(kind="respond").met_at is None
    one = Request.objects.get(follows=denied)
    assert (one.state, one.outcome, one.decided_by) == ("closed", "fulfilled", olga)
    assert "searched one account only" in one.letters.get(kind="appeal_granted").body
    review.deny(again, by=paul, ground=laws.grounds(again)[0].code, note="Looked at again, and still no.")
    assert again.letters.filter(kind="denied").count() == 2


def test_refused_the_answer_stands_and_the_letter_names_the_regulator(denied, olga):
    one = appeals.decide(appealed(denied), by=olga, granted=False, note="There is no second account.")
    assert (one.state, one.outcome) == ("closed", "denied")
    letter = one.letters.get(kind="appeal_refused").body
    assert "no second account" in letter and "Virginia Attorney General" in letter and "appeal to us" not in letter
    assert Request.objects.get(pk=denied.pk).state == "closed"


def test_where_no_law_gives_an_appeal_or_its_time_is_over_it_is_refused(company, paul):
    german = denial("DE", paul)
    with pytest.raises(Refused) as refused:
        appeals.appeal(german, words=WORDS, actor=workflow.CONDUCTOR)
    assert refused.value.code == "no_appeal"


def test_the_window_of_an_appeal_closes(denied):
    late = denied.closed_at + timedelta(days=61)
    assert appeals.appeal_laws(denied, late - timedelta(seconds=1)) and not appeals.appeal_laws(denied, late)


def test_an_appeal_needs_words(denied):
    with pytest.raises(Refused) as refused:
        appeals.appeal(denied, words=" ", actor=workflow.CONDUCTOR)
    assert refused.value.field == "words"


def test_a_british_complaint_is_confirmed_on_its_clock_and_answered_in_words(company, paul, olga):
    request = denial("GB", paul)
    with time_machine.travel(datetime(2026, 11, 5, 12, tzinfo=UTC)):
        one = appeals.complain(request, words="Nobody called me back.", actor=workflow.CONDUCTOR)
        confirm = one.clocks.get(kind="acknowledge")
        assert (confirm.due_on, confirm.cite) == (date(2026, 12, 7), "DPA 2018 s.164A")
        pump()
    confirm.refresh_from_db()
    assert confirm.met_at is not None, "the letter that went out confirms it"
    one = appeals.answer(Request.objects.get(pk=one.pk), by=olga, note="We are sorry, and have called.")
    assert (one.state, one.outcome) == ("closed", "fulfilled")
    assert "have called" in one.letters.get(kind="complaint_answered").body


def test_a_complaint_from_elsewhere_is_told_where_to_write(denied):
    with pytest.raises(Refused) as refused:
        appeals.complain(denied, words="Slow.", actor=workflow.CONDUCTOR)
    assert refused.value.code == "no_complaint"


@pytest.mark.parametrize("right", ["appeal", "complaint"])
def test_neither_can_be_made_by_the_public_form(company, right):
    with pytest.raises(Refused) as refused:
        ask(right)
    assert refused.value.code == "right_unknown"
    assert intake.plans.PLANS[right].proof == "none"
