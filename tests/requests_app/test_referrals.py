"""Where we are only a processor: the client is told, has a day, and what they say is kept."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from audit import actor as actors
from audit.models import Event
from audit.refusal import Refused
from inventory.models import System
from requests_app import attention, laws, letters, referrals, results, review, stationery, workflow
from requests_app.models import DayOff, Letter, Referral, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, mails_to, prove, pump

ACME, DPO = "Acme Ltd", "dpo@acme.example"
SWEEPER = actors.worker("tests")


@pytest.fixture
def acme(company) -> System:
    """A system that we run for Acme."""
    return builders.client_system()


def sweep() -> int:
    return referrals.sweep(timezone.now(), actor=SWEEPER)


def settle() -> None:
    """Sweep and send until it comes to rest."""
    for _ in range(3):
        sweep()
        pump()


def searched(right: str = "access", **more: object) -> Request:
    request = ask(right, **more)
    prove(request)
    pump()
    return fresh(request)


def fresh(request: Request) -> Request:
    return Request.objects.select_related("batch").get(pk=request.pk)


def officer(name: str = "olga"):
    return builders.colleague(name, "answer_referral")


def test_the_client_gets_one_letter_with_the_day_and_one_identifier(acme) -> None:
    request = searched(details="My sister Byron wrote to you.")
    settle()
    referral = Referral.objects.get()
    assert (referral.state, referral.request, referral.sent_at is not None) == ("sent", request, True)
    (letter,) = mails_to(DPO)
    assert letter.body.count("ada@example.org") == 1 and request.reference in letter.body
    assert "Acme's applicants" in letter.body and "A copy of my data" in letter.body
    with stationery.speaking("en"):
        assert f"by {referrals.wording.day(referral.due_on)}" in letter.body
    for personal in ("Lovelace", "Byron", "Engineer", "/proof/", "/my/"):
        assert personal not in letter.body + letter.subject
    settle()
    assert len(mails_to(DPO)) == 1 and Referral.objects.count() == 1


def test_a_letter_to_a_client_lies_encrypted_and_has_one_address(acme) -> None:
    searched()
    sweep()
    row = Letter.objects.get(kind="referred_client")
    assert (row.identifier, row.to, row.to_name) == (None, DPO, ACME)
    with_raw = Letter.objects.extra(select={"raw": 'requests_app_letter."to"'}).get(pk=row.pk)
    assert DPO not in with_raw.raw
    assert letters.addressee(row) == ACME, "the envelope is the client's"


def test_the_day_is_counted_in_working_days_of_ours(acme, settings) -> None:
    settings.REFERRAL_DAYS = 5
    today = laws.today()
    for one in range(1, 9):
        DayOff.objects.create(day=today + timedelta(days=one), name="Closed")
    searched()
    sweep()
    assert Referral.objects.get().due_on > today + timedelta(days=12)


def test_a_search_made_again_does_not_refer_twice(acme) -> None:
    request = searched()
    settle()
    review.collect_again(request, by=builders.reviewer())
    pump()
    settle()
    assert Referral.objects.count() == 1 and len(mails_to(DPO)) == 1


def test_an_opt_out_that_is_over_within_seconds_is_referred_all_the_same(acme) -> None:
    request = ask("opt_out_sale", residence="US-CA")
    pump()
    assert fresh(request).state == "closed"
    settle()
    assert len(mails_to(DPO)) == 1


def test_a_withdrawn_request_is_not_referred(acme) -> None:
    request = searched()
    workflow.withdraw(request, actor=actors.person(request.subject_id))
    settle()
    assert not Referral.objects.exists() and not mails_to(DPO)


@pytest.mark.parametrize("contact", ["", "not an address"])
def test_without_a_contact_it_stands_on_the_case_until_somebody_mends_it(acme, contact) -> None:
    System.objects.filter(pk=acme.pk).update(client_contact=contact)
    request = searched()
    settle()
    referral = Referral.objects.get()
    assert referral.state == "parked" and not mail.outbox[-1].to[0].endswith("acme.example")
    assert "No mailbox of Acme Ltd is known" in fresh(request).attention
    with pytest.raises(Refused, match="No mailbox"):
        referrals.send_again(referral, by=officer())
    System.objects.filter(pk=acme.pk).update(client_contact=DPO)
    referrals.send_again(referral, by=officer("otto"))
    settle()
    referral.refresh_from_db()
    assert referral.state == "sent" and len(mails_to(DPO)) == 1 and "mailbox" not in fresh(request).attention


def test_a_letter_that_fails_parks_the_referral_and_is_sent_again(acme) -> None:
    request = searched()
    sweep()
    Letter.objects.filter(kind="referred_client").update(
        state="parked", park_reason="The mail server refused it (550)."
    )
    sweep()
    referral = Referral.objects.get()
    assert referral.state == "parked" and "could not be sent" in fresh(request).attention
    assert [code for code, _ in attention.reasons(fresh(request))].count("letter") == 0, "said once"
    referrals.send_again(referral, by=officer())
    settle()
    referral.refresh_from_db()
    assert referral.state == "sent" and Letter.objects.filter(kind="referred_client").count() == 2


def test_a_client_who_does_not_answer_is_put_before_a_colleague_even_after_the_case(acme) -> None:
    request = searched()
    settle()
    assert "Acme" not in fresh(request).attention
    Referral.objects.update(due_on=laws.today() - timedelta(days=1))
    assert sweep() == 1 and sweep() == 0, "told once"
    assert "Acme Ltd has not answered our referral" in fresh(request).attention
    assert referrals.stuck().count() == 1
    referrals.answer(Referral.objects.get(), answer="no_data", by=officer())
    assert fresh(request).attention == "" and not referrals.stuck().exists()


def test_an_answer_is_recorded_once_and_by_who_may(acme) -> None:
    request = searched()
    settle()
    referral = Referral.objects.get()
    with pytest.raises(Refused) as refused:
        referrals.answer(referral, answer="no_data", by=builders.colleague("vera"))
    assert refused.value.code == "not_allowed"
    with pytest.raises(Refused) as refused:
        referrals.answer(referral, answer="perhaps", by=officer())
    assert refused.value.code == "choice_unknown"
    olga = officer("olga2")
    referrals.answer(referral, answer="took_over", note="By phone.", by=olga)
    with pytest.raises(Refused) as refused:
        referrals.answer(referral, answer="refused", by=olga)
    assert refused.value.code == "referral_conflict"
    event = Event.objects.get(name="referral.answered")
    assert (event.facts["answer"], event.noun_id) == ("took_over", str(request.pk))
    assert "By phone" not in str(event.facts)
    assert results.referred(request) == [f"{ACME} ({DPO}): they take your request over and answer you themselves"]


def test_an_instruction_stays_open_until_our_help_is_recorded(acme) -> None:
    request = searched()
    settle()
    referral, olga = Referral.objects.get(), officer()
    referrals.answer(referral, answer="instructs_us", by=olga)
    assert "Acme Ltd instructs us" in fresh(request).attention
    for reason, note, code in (("", "Done", "choice_unknown"), ("client_instructed", " ", "note_missing")):
        with pytest.raises(Refused) as refused:
            referrals.assist(referral, reason=reason, note=note, by=olga)
        assert refused.value.code == code
    referrals.assist(referral, reason="client_instructed", note="Erased 3 applications in their desk.", by=olga)
    assert fresh(request).attention == ""
    assert Event.objects.get(name="referral.assisted").facts["reason"] == "client_instructed"
    with pytest.raises(Refused, match="already"):
        referrals.assist(referral, reason="urgent_harm", note="Again", by=olga)


def test_two_clients_get_a_letter_each(acme) -> None:
    System.objects.create(
        key="birch", name="Birch's desk", role="processor", client="Birch Inc", client_contact="privacy@birch.example"
    )
    request = searched()
    settle()
    assert len(mails_to(DPO)) == len(mails_to("privacy@birch.example")) == 1
    referrals.answer(Referral.objects.get(order__system=acme), answer="no_data", by=officer())
    with stationery.speaking("en"):
        said = results.referred(request)
    assert said[0].endswith("no data about you") and said[1].startswith("Birch Inc") and "we passed" in said[1]
