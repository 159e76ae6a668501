"""Asking and waiting, extending, correcting the residence: dates move by each law's rule, and the person hears of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from audit.models import Event
from audit.refusal import Refused
from requests_app import acts, deadlines, laws, workflow
from requests_app.models import Clock, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, prove, pump

START = datetime(2026, 9, 1, 10, tzinfo=UTC)


@pytest.fixture
def clock_at():
    """The tests say what time it is."""
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


def in_review(right: str = "access", residence: str = "GB") -> Request:
    request = ask(right, residence=residence)
    prove(request)
    pump()
    request = Request.objects.get(pk=request.pk)
    assert request.state == "in_review"
    return request


def answers(request: Request) -> list[tuple[str, date]]:
    rows = Clock.objects.filter(request=request, kind="respond").order_by("due_at")
    return [(row.statute, row.due_on) for row in rows]


def test_a_question_stops_the_british_clock_of_a_copy_and_the_answer_moves_its_date(company, rita, clock_at):
    request = in_review()
    assert answers(request) == [("uk-gdpr", date(2026, 10, 1))]
    clock_at.move_to(datetime(2026, 9, 4, 10, tzinfo=UTC))
    acts.ask(request, by=rita, reason="clarification", question="Which years do you mean?")
    assert request.clocks.get(kind="respond").paused_at is not None
    clock_at.move_to(datetime(2026, 12, 24, 10, tzinfo=UTC))
    assert deadlines.sweep(datetime.now(UTC), actor=workflow.CONDUCTOR) == 0, "a clock that stands still is not missed"
    clock_at.move_to(datetime(2026, 9, 10, 10, tzinfo=UTC))
    acts.answer(request, actor=workflow.CONDUCTOR, words="All of them, please.")
    # Vector V012: seven days, both ends included, do not count.
    assert answers(request) == [("uk-gdpr", date(2026, 10, 8))]
    clock = request.clocks.get(kind="respond")
    assert clock.paused_at is None and clock.extended_on == date(2026, 12, 8)
    assert any("7 days of waiting" in step for step in clock.steps)
    letter = request.letters.get(kind="answered").body
    assert "8 October 2026" in letter and "UK GDPR" in letter
    event = Event.objects.get(name="clock.recomputed", noun_id=str(request.pk))
    assert event.facts == {"cause": "answered", "moved": ["uk-gdpr:respond:2026-10-01..2026-10-08"]}


def test_a_question_does_not_stop_a_clock_whose_law_knows_no_pause(company, rita, clock_at):
    request = in_review(residence="US-CA")
    before = answers(request)
    acts.ask(request, by=rita, reason="clarification", question="Which account?")
    assert request.clocks.get(kind="respond").paused_at is None
    clock_at.shift(timedelta(days=9))
    acts.answer(request, actor=workflow.CONDUCTOR, words="The old one.")
    assert answers(request) == before


def test_one_question_at_a_time_and_nothing_after_the_end(company, rita, clock_at):
    request = in_review()
    acts.ask(request, by=rita, reason="clarification", question="Which years?")
    with pytest.raises(Refused) as refused:
        acts.ask(request, by=rita, reason="clarification", question="And which months?")
    assert refused.value.code == "asked_already"
    workflow.withdraw(request, actor=workflow.CONDUCTOR)
    for verb in (
        lambda: acts.answer(request, actor=workflow.CONDUCTOR, words="None."),
        lambda: acts.extend(request, by=rita, reason="complexity", note="Much to do."),
        lambda: acts.correct_residence(request, by=rita, residence="DE"),
    ):
        with pytest.raises(Refused):
            verb()


def test_roles_are_asked_by_the_verbs_themselves(company, clock_at):
    request, passer_by = in_review(), builders.colleague("pia")
    for verb in (
        lambda: acts.ask(request, by=passer_by, reason="clarification", question="Who are you?"),
        lambda: acts.extend(request, by=passer_by, reason="complexity", note="Because."),
        lambda: acts.correct_residence(request, by=passer_by, residence="DE"),
    ):
        with pytest.raises(Refused) as refused:
            verb()
        assert refused.value.code == "not_allowed"


def test_an_extension_counts_from_the_start_and_the_letter_says_why(company, rita, clock_at):
    request = in_review(residence="DE")
    assert answers(request) == [("eu-gdpr", date(2026, 10, 1))]
    row = acts.extend(request, by=rita, reason="complexity", note="Your letters fill four archives.")
    assert answers(request) == [("eu-gdpr", date(2026, 12, 1))] and row.due_on == date(2026, 12, 1)
    request.refresh_from_db()
    assert request.due_at == datetime(2026, 12, 1, 23, tzinfo=UTC)
    letter = request.letters.get(kind="extended").body
    for words in ("1 December 2026", "Your request is complex.", "four archives", "art. 12(3)", "complain"):
        assert words in letter
    with pytest.raises(Refused) as refused:
        acts.extend(request, by=rita, reason="complexity", note="And more.")
    assert refused.value.code == "extended_already"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("reason", {"reason": "laziness", "note": "x"}),
        ("note", {"reason": "complexity", "note": "  "}),
        ("note", {"reason": "complexity", "note": "x" * 4001}),
    ],
)
def test_an_extension_needs_a_reason_of_the_law_and_words(company, rita, clock_at, field, values):
    with pytest.raises(Refused) as refused:
        acts.extend(in_review(), by=rita, **values)
    assert refused.value.field == field


def test_too_late_for_an_extension_is_refused_and_the_day_is_named(company, rita, clock_at):
    request = in_review(residence="DE")
    clock_at.move_to(datetime(2026, 10, 1, 12, tzinfo=UTC))
    assert laws.extension_reasons(request)
    clock_at.move_to(datetime(2026, 10, 2, 12, tzinfo=UTC))
    with pytest.raises(Refused, match="01 October 2026") as refused:
        acts.extend(request, by=rita, reason="complexity", note="Late.")
    assert refused.value.code == "too_late"


def test_an_extension_and_then_an_answer_keep_both(company, rita, clock_at):
    request = in_review()
    acts.extend(request, by=rita, reason="complexity", note="Much to read.")
    clock_at.move_to(datetime(2026, 9, 4, 10, tzinfo=UTC))
    acts.ask(request, by=rita, reason="clarification", question="Which years?")
    clock_at.move_to(datetime(2026, 9, 10, 10, tzinfo=UTC))
    acts.answer(request, actor=workflow.CONDUCTOR, words="All.")
    assert answers(request) == [("uk-gdpr", date(2026, 12, 8))]


def test_another_residence_brings_the_law_of_that_place_and_the_log_keeps_both(company, rita, clock_at):
    request = in_review(residence="DE")
    moved = acts.correct_residence(request, by=rita, residence="US-CA")
    assert answers(request) == [("us-ca-ccpa", date(2026, 10, 16))]
    assert [row["statute"] for row in moved.laws] == ["us-ca-ccpa"]
    facts = Event.objects.get(name="clock.recomputed", noun_id=str(request.pk)).facts
    assert "eu-gdpr:respond:2026-10-01.." in facts["moved"]
    assert "us-ca-ccpa:respond:..2026-10-16" in facts["moved"]
    assert "16 October 2026" in request.letters.get(kind="date_changed").body
    with pytest.raises(Refused) as refused:
        acts.correct_residence(moved, by=rita, residence="XX")
    assert refused.value.field == "residence"


def test_where_two_laws_speak_the_earlier_day_counts_and_the_page_says_why(company, rita, clock_at, settings):
    settings.COMPANY_FACTS = ["data_broker"]
    request = in_review("delete", residence="US-CA")
    assert {name for name, _ in answers(request)} == {"us-ca-ccpa", "us-ca-delete-act"}
    words = laws.why(list(request.clocks.all()))
    assert "is due first" in words and "The earliest day counts." in words


def test_a_question_after_the_last_day_neither_hides_nor_mends_the_breach(company, rita, clock_at):
    request = in_review()
    clock_at.move_to(datetime(2026, 10, 5, 10, tzinfo=UTC))
    deadlines.sweep(datetime.now(UTC), actor=workflow.CONDUCTOR)
    acts.ask(request, by=rita, reason="clarification", question="Which years do you mean?")
    request.refresh_from_db()
    assert request.clocks.get(kind="respond").paused_at is None and "deadline has passed" in request.attention
    clock_at.shift(timedelta(days=7))
    acts.answer(request, actor=workflow.CONDUCTOR, words="All of them.")
    assert answers(request) == [("uk-gdpr", date(2026, 10, 1))]
    assert request.clocks.get(kind="respond").breached_at is not None


def test_a_question_between_the_first_and_the_extended_day_still_counts(company, rita, clock_at):
    request = in_review()
    acts.extend(request, by=rita, reason="complexity", note="Much to read.")
    clock_at.move_to(datetime(2026, 10, 20, 10, tzinfo=UTC))
    acts.ask(request, by=rita, reason="clarification", question="Which years do you mean?")
    clock_at.move_to(datetime(2026, 10, 26, 10, tzinfo=UTC))
    acts.answer(request, actor=workflow.CONDUCTOR, words="All.")
    assert answers(request) == [("uk-gdpr", date(2026, 12, 8))]


def test_an_opt_out_is_never_asked_for_proof(company, rita, clock_at):
    request = ask("opt_out_sale", residence="US-CA")
    Request.objects.filter(pk=request.pk).update(state="collecting")
    with pytest.raises(Refused) as refused:
        acts.ask(request, by=rita, reason="identity", question="Who are you?")
    assert refused.value.code == "no_proof"


def test_the_receipt_that_was_confirmed_counts_under_the_new_law_too(company, rita, clock_at):
    request = in_review(residence="DE")
    assert not request.clocks.filter(kind="acknowledge").exists()
    acts.correct_residence(request, by=rita, residence="US-CA")
    assert request.clocks.get(kind="acknowledge").met_at == request.letters.get(kind="acknowledgement").sent_at


def test_every_move_of_the_date_is_told_also_the_third(company, rita, clock_at):
    request = in_review(residence="DE")
    for residence in ("US-CA", "DE", "US-CA"):
        acts.correct_residence(request, by=rita, residence=residence)
    assert request.letters.filter(kind="date_changed").count() == 3
    facts = Event.objects.filter(name="request.moved", noun_id=str(request.pk)).first().facts
    assert {facts["before"], facts["after"]} == {"DE", "US-CA"}
    assert {*facts["laws_before"], *facts["laws"]} == {"eu-gdpr", "us-ca-ccpa"}


def test_who_works_cases_may_ask_but_only_who_decides_extends(company, clock_at):
    request, agent = in_review(), builders.colleague("anna", "change_request")
    acts.ask(request, by=agent, reason="clarification", question="Which years?")
    with pytest.raises(Refused) as refused:
        acts.extend(request, by=agent, reason="complexity", note="Because.")
    assert refused.value.code == "not_allowed"


def test_a_question_that_stays_open_for_thirty_days_is_put_before_a_person_once(company, rita, clock_at):
    request = in_review()
    acts.ask(request, by=rita, reason="clarification", question="Which years?")
    assert acts.remind(START + timedelta(days=30) - timedelta(hours=1), actor=workflow.CONDUCTOR) == 0
    clock_at.move_to(START + timedelta(days=30, hours=1))
    assert acts.remind(datetime.now(UTC), actor=workflow.CONDUCTOR) == 1
    assert acts.remind(datetime.now(UTC), actor=workflow.CONDUCTOR) == 0
    request.refresh_from_db()
    assert "has not answered for 30 days" in request.attention and request.state == "in_review"
    acts.answer(request, actor=workflow.CONDUCTOR, words="All.")
    request.refresh_from_db()
    assert "has not answered" not in request.attention
