"""Facts that fit let a request go on and open nothing; what was typed is forgotten, and nobody learns what fitted."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.models import Event
from audit.refusal import Refused
from inventory.models import Field
from requests_app.models import FactCheck, PersonSession, Request
from requests_app.proving import facts, ways
from tests.requests_app.builders import ask, pump

RIGHT = {"full_name": "ada LOVELACE", "phone": "+49 301", "last_job": "Engineer"}


@pytest.fixture(autouse=True)
def described(company, settings):
    settings.PROOF_FACTS = ["full_name", "phone", "last_job"]
    Field.objects.filter(collection__name="people", name="phone").update(attribute="phone")
    Field.objects.filter(collection__name="applications", name="job").update(attribute="last_job")


def compare(request: Request, answers: dict[str, str]) -> Request:
    facts.answer(request, answers, now=datetime.now(UTC))
    facts.sweep(datetime.now(UTC))
    pump()
    facts.sweep(datetime.now(UTC))
    request.refresh_from_db()
    return request


def test_three_facts_that_fit_let_the_request_go_on_and_open_no_session():
    request = compare(ask("access"), RIGHT)
    assert request.proved_at is not None and PersonSession.objects.count() == 0
    assert Event.objects.get(name="request.proved").facts["channel"] == "data_compared"
    row = FactCheck.objects.get()
    assert (row.state, row.answers) == ("matched", {})


@pytest.mark.parametrize("name", RIGHT)
def test_one_that_does_not_fit_is_enough_to_fail_and_nothing_is_kept(name):
    request = compare(ask("access"), RIGHT | {name: "Babbage"})
    assert request.proved_at is None
    assert (FactCheck.objects.get().state, FactCheck.objects.get().answers) == ("failed", {})


def test_another_persons_facts_do_not_fit():
    assert compare(ask("access"), RIGHT | {"full_name": "Bob Babbage"}).proved_at is None


def test_an_address_that_nobody_knows_has_no_facts_that_could_fit():
    assert compare(ask("access", email="mallory@example.net"), RIGHT).proved_at is None
    assert FactCheck.objects.get().state == "failed"


def test_a_correction_needs_two():
    assert len(facts.asked("correct")) == 0, "two of them, name and phone, stand in public"
    assert len(facts.asked("access")) == 3


def test_a_correction_is_asked_two_when_one_is_no_public_knowledge(settings):
    settings.PROOF_FACTS = ["last_job", "full_name", "phone"]
    assert facts.asked("correct") == ["last_job", "full_name"]


@pytest.mark.parametrize("given", [[], ["full_name"], ["full_name", "phone", "no_such_attribute"]])
def test_where_too_little_is_known_nobody_is_asked(settings, given):
    settings.PROOF_FACTS = given
    assert facts.asked("access") == []
    with pytest.raises(Refused):
        facts.answer(ask("access"), RIGHT, now=datetime.now(UTC))


def test_an_opt_out_is_asked_nothing():
    assert facts.asked("opt_out_sale") == []


def test_what_stands_in_public_is_never_enough():
    assert ways.ask_about("access", ["full_name", "date_of_birth", "address"]) == []


def test_three_tries_for_a_request_and_five_a_day_for_a_person():
    one, two = ask("access"), ask("delete")
    for _ in range(facts.FOR_REQUEST + 2):
        facts.answer(one, RIGHT | {"last_job": "x"}, now=datetime.now(UTC))
    assert one.fact_checks.count() == facts.FOR_REQUEST
    for _ in range(facts.FOR_REQUEST):
        facts.answer(two, RIGHT, now=datetime.now(UTC))
    assert FactCheck.objects.count() == facts.IN_A_DAY


def test_a_missing_answer_is_told_and_not_counted():
    with pytest.raises(Refused) as refused:
        facts.answer(ask("access"), RIGHT | {"phone": " "}, now=datetime.now(UTC))
    assert refused.value.field == "facts" and FactCheck.objects.count() == 0


def test_answers_that_cannot_be_compared_are_forgotten_after_a_day():
    request = ask("access")
    facts.answer(request, RIGHT, now=datetime.now(UTC))
    facts.sweep(datetime.now(UTC))
    facts.sweep(datetime.now(UTC) + timedelta(days=1, minutes=1))
    assert (FactCheck.objects.get().state, FactCheck.objects.get().answers) == ("failed", {})


@pytest.mark.parametrize(("said", "held", "fits"), [
    ("1990-12-31", datetime(1990, 12, 31).date(), True), ("Ｅngineer", "engineer", True), ("", "", False), ("-", "-", False),
    ("eng", "engineer", False), ("12", 12, True),
])  # fmt: skip
def test_answers_are_compared_whole_by_letters_and_digits(said, held, fits):
    assert facts.same(said, held) == fits
