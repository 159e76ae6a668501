"""Appeals are decided by somebody else, on their own clock; complaints are answered where a law counts the days."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.refusal import Refused
from requests_app import acts, appeals, intake, laws, review, workflow
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


def test_a_question_left_open_ends_with_the_case_and_a_new_one_can_be_asked_when_it_opens_again(
    company, rita, paul, olga
):
    request = ask("access", residence="US-VA")
    prove(request)
    pump()
    request = Request.objects.get(pk=request.pk)
    acts.ask(request, by=rita, reason="clarification", question="Which account?")
    denied = review.deny(request, by=paul, ground=laws.grounds(request)[0].code, note="No.")
    appeals.decide(appealed(denied), by=olga, granted=True, note="Yes.")
    pump()
    acts.ask(denied, by=rita, reason="clarification", question="Which of the two?")
    assert denied.pauses.filter(answered_at=None).count() == 1


def test_waiting_before_the_case_opened_again_is_no_part_of_its_new_clock(company, rita, paul, olga):
    request = ask("access", residence="US-VA")
    prove(request)
    pump()
    with time_machine.travel(timezone.now(), tick=True) as clock:
        acts.ask(request, by=rita, reason="clarification", question="Which account is yours?")
        clock.shift(timedelta(days=10))
        acts.answer(request, actor=workflow.CONDUCTOR, words="The first.")
        denied = review.deny(request, by=paul, ground=laws.grounds(request)[0].code, note="No.")
        appeals.decide(appealed(denied), by=olga, granted=True, note="Yes.")
        clock.shift(timedelta(hours=1))
        moved = acts.correct_residence(denied, by=rita, residence="GB")
    respond = moved.clocks.get(kind="respond")
    assert respond.statute == "uk-gdpr" and not [step for step in respond.steps if "waiting" in step]


def test_an_appeal_is_never_searched(denied, rita):
    one = appealed(denied)
    with pytest.raises(Refused):
        review.collect_again(one, by=rita)
    assert Request.objects.get(pk=one.pk).state == "in_review"


def test_who_denied_the_first_time_does_not_decide_about_the_second_denial_either(denied, paul, olga):
    appeals.decide(appealed(denied), by=olga, granted=True, note="Yes.")
    pump()
    again = Request.objects.get(pk=denied.pk)
    third = builders.approver("theo")
    review.deny(again, by=third, ground=laws.grounds(again)[0].code, note="Still no.")
    one = appealed(again)
    for by in (paul, third):
        with pytest.raises(Refused) as refused:
            appeals.decide(one, by=by, granted=False, note="No.")
        assert refused.value.code == "same_person"
    assert appeals.decide(one, by=olga, granted=False, note="No.").outcome == "denied"


def test_one_answer_is_appealed_against_once(denied, olga):
    appeals.decide(appealed(denied), by=olga, granted=False, note="No.")
    with pytest.raises(Refused) as refused:
        appeals.appeal(denied, words="Again.", actor=workflow.CONDUCTOR)
    assert refused.value.code == "appealed_already"


def test_an_appeal_that_was_withdrawn_can_be_made_again(denied):
    one = appealed(denied)
    assert workflow.withdraw(one, actor=workflow.CONDUCTOR).outcome == "withdrawn"
    assert appealed(denied).pk != one.pk


def test_a_complaint_about_a_request_that_was_never_proved_is_looked_into(company):
    request = ask("access", residence="GB")
    one = appeals.complain(request, words="Your link never came.", actor=workflow.CONDUCTOR)
    pump()
    assert Request.objects.get(pk=one.pk).state == "in_review"


def test_a_colleague_enters_what_came_by_post(denied, rita):
    one = appeals.enter(denied, by=rita, right="appeal", channel="post", words=WORDS)
    assert (one.right, one.channel, one.follows_id) == ("appeal", "post", denied.pk)
    assert "enter_appeal" not in {action.name for action in review.actions(denied, rita)}, "one is open"
    for values, field in (
        ({"right": "access", "channel": "post"}, "right"),
        ({"right": "appeal", "channel": "pigeon"}, "channel"),
    ):
        with pytest.raises(Refused) as refused:
            appeals.enter(denied, by=rita, words=WORDS, **values)
        assert refused.value.field == field
    with pytest.raises(Refused) as refused:
        appeals.enter(denied, by=builders.colleague("pia"), right="appeal", channel="post", words=WORDS)
    assert refused.value.code == "not_allowed"


def test_an_appeal_is_extended_where_its_law_gives_more_time_and_the_letter_says_so(company, rita, paul):
    one = appealed(denial("US-CO", paul))
    before = one.clocks.get(kind="respond").due_on
    reasons = laws.extension_reasons(one)
    row = acts.extend(one, by=rita, reason=next(iter(reasons)), note="We need to ask our archive.")
    assert row.due_on > before and one.clocks.get(kind="respond").due_on == row.due_on
    assert "our archive" in one.letters.get(kind="extended").body
