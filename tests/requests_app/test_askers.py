"""Who may ask for somebody else: the person always hears of it, an opt-out never waits, nothing else goes round the gate."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

import law
from audit.models import Event
from audit.refusal import Refused
from connectors.models import WorkOrder
from requests_app import authority, proof, workflow
from requests_app.askers import Given
from requests_app.models import Agent, Asker, Letter, Proof, Request
from tests.requests_app import builders
from tests.requests_app.builders import ask, link_in, mails_to, pump

EVE, ADA = "eve@agents.example", "ada@example.org"
NOW = datetime.now(UTC)
PROVED = sorted(law.RIGHTS - law.NO_PROOF_RIGHTS - {"adm_review", "correct"})
FREE = sorted(law.NO_PROOF_RIGHTS - {"appeal", "complaint"})


def given(kind: str = "agent", **more: str) -> Given:
    return Given(**{"kind": kind, "name": "Eve Agent", "email": EVE, "basis": law.BASES[kind][0], **more})


def fresh(request: Request) -> Request:
    return Request.objects.get(pk=request.pk)


def searched() -> int:
    return WorkOrder.objects.count()


@pytest.mark.parametrize("right", FREE)
@pytest.mark.parametrize("kind", ["agent", "parent"])
@pytest.mark.parametrize("residence", ["DE", "US-CA", "US-TX", "ZZ"])
def test_what_needs_no_proof_takes_effect_at_once_whoever_asks(company, right, kind, residence):
    request = ask(right, residence=residence, asker=given(kind))
    pump()
    assert fresh(request).outcome in ("fulfilled", "partly") and fresh(request).authority == ""
    assert Asker.objects.get().gate == "none" and not Proof.objects.exists()
    assert "/proof/" not in "".join(letter.body for letter in Letter.objects.all()), "nobody is asked to confirm"


@pytest.mark.parametrize("right", PROVED)
def test_an_agent_gets_nothing_going_before_the_person_confirms(company, right):
    request = ask(right, residence="US-CA", asker=given())
    pump()
    assert fresh(request).state == "verifying" and searched() == 0
    (notice,) = [one for one in mails_to(ADA) if "asked us for you" in one.subject]
    assert not any("/proof/" in one.body for one in mails_to(EVE)), "the link is the person's alone"
    proof.exchange(link_in(notice.body), now=NOW + timedelta(minutes=1))
    pump()
    assert fresh(request).state == "in_review"


def test_both_hear_of_it_and_the_agent_learns_nothing_of_the_person(company):
    ask("access", asker=given(organisation="Agents Ltd"))
    pump()
    (to_agent,) = mails_to(EVE)
    assert "for somebody else" in to_agent.subject and "confirmed it by a link" in to_agent.body
    assert ADA not in to_agent.body and "Ada" not in to_agent.body + to_agent.subject
    assert len(mails_to(ADA)) == 1


@pytest.mark.parametrize(
    ("kind", "more", "residence", "cite"),
    [
        ("parent", {}, "DE", "recital 38"),
        ("parent", {}, "US-CA", "7070"),
        ("agent", {"basis": "power_of_attorney"}, "US-CA", "7063(b)"),
        ("heir", {}, "FR", "art. 85"),
    ],
)
def test_where_the_law_lets_us_not_ask_the_person_a_colleague_decides(company, rita, kind, more, residence, cite):
    request = ask("access", residence=residence, asker=given(kind, **more))
    pump()
    assert fresh(request).state == "verifying" and fresh(request).authority == "awaiting" and searched() == 0
    assert cite in Asker.objects.get().cite and not Proof.objects.exists()
    assert "Look at their authority" in fresh(request).attention
    authority.accept(request, by=rita, reason="The deed was shown at the counter.")
    pump()
    assert fresh(request).state == "in_review" and fresh(request).attention == ""
    decided = Asker.objects.get()
    assert decided.decided_by == rita and decided.decided_at and decided.reason.startswith("The deed")


def test_a_link_of_the_person_does_not_replace_the_authority(company):
    request = ask("access", asker=given("parent"))
    pump()
    proof.send(request, Proof.Purpose.OPEN, actor=workflow.CONDUCTOR)
    pump()
    link = next(link_in(one.body) for one in mails_to(ADA) if "/proof/" in one.body)
    proof.exchange(link, now=NOW + timedelta(minutes=1))
    pump()
    assert fresh(request).proved_at and fresh(request).state == "verifying" and searched() == 0


def test_a_colleague_cannot_confirm_in_place_of_the_person(company, rita):
    request = ask("delete", asker=given())
    pump()
    with pytest.raises(Refused, match="own mailbox"):
        authority.accept(request, by=rita, reason="Looks fine.")
    assert fresh(request).state == "verifying" and searched() == 0


def test_a_refused_authority_ends_the_case_and_tells_both(company, rita):
    request = ask("access", residence="FR", asker=given("heir"))
    pump()
    authority.refuse(request, by=rita, reason="The certificate is of another person.")
    pump()
    assert (fresh(request).state, fresh(request).outcome, fresh(request).authority) == ("closed", "denied", "refused")
    assert searched() == 0
    assert any("certificate is of another" in one.body for one in mails_to(EVE))
    assert any("certificate is of another" in one.body for one in mails_to(ADA))
    with pytest.raises(Refused):
        authority.accept(request, by=rita, reason="Changed my mind.")


def test_who_may_not_decide_may_not_accept(company):
    request = ask("access", asker=given("parent"))
    with pytest.raises(Refused, match="role may not"):
        authority.accept(request, by=builders.colleague("agnes", "change_request"), reason="Fine.")
    with pytest.raises(Refused, match="Write what showed"):
        authority.accept(request, by=builders.reviewer(), reason=" ")


@pytest.mark.parametrize("state", ["collecting", "in_review", "delivering", "notifying"])
@pytest.mark.parametrize("told", ["awaiting", "refused"])
def test_the_database_keeps_the_gate_too(company, state, told):
    request = ask("access", asker=given("parent"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(state=state, proved_at=NOW, authority=told)


def test_the_database_lets_no_opt_out_wait_for_an_authority(company):
    request = ask("opt_out_sale", asker=given())
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=request.pk).update(authority="awaiting")


def test_what_waits_for_us_is_not_closed_for_want_of_proof(company):
    request = ask("access", asker=given("parent"), received_at=NOW - timedelta(days=60))
    pump()
    workflow.close_unproved(NOW)
    assert fresh(request).state == "verifying"


@pytest.mark.parametrize(
    ("more", "residence", "field"),
    [
        ({"name": " "}, "DE", "asker_name"),
        ({"email": "nonsense"}, "DE", "asker_email"),
        ({"email": ADA}, "DE", "email"),
        ({"basis": "heir"}, "DE", "basis"),
        ({"kind": "friend", "basis": "permission"}, "DE", "asked_by"),
        ({"kind": "heir", "basis": "heir"}, "DE", "asked_by"),
        ({"organisation": "x" * 201}, "DE", "asker_organisation"),
    ],
)
def test_what_an_asker_leaves_out_or_may_not_is_refused_beside_its_field(company, more, residence, field):
    with pytest.raises(Refused) as refused:
        ask(
            "access",
            residence=residence,
            asker=Given(**{"kind": "agent", "name": "E", "email": EVE, "basis": "permission", **more}),
        )
    assert refused.value.field == field and not Request.objects.exists()


def test_a_listed_agent_is_recognised_while_its_mandate_holds_and_gains_nothing_by_it(company):
    listed = Agent.objects.create(name="Eve", organisation="Agents Ltd", contact=EVE)
    request = ask("access", asker=given(email="Eve@agents.example"))
    assert request.asker.agent == listed
    pump()
    assert fresh(request).state == "verifying"
    Agent.objects.update(mandate_until=NOW.date() - timedelta(days=2))
    assert ask("delete", asker=given()).asker.agent is None


def test_the_asker_hears_that_it_ended_and_nothing_more(company):
    ask("opt_out_sale", asker=given())
    pump()
    last = mails_to(EVE)[-1]
    assert "has ended" in last.subject and ADA not in last.body and "Ada" not in last.body


def test_no_event_names_the_asker(company):
    ask("access", asker=given(organisation="Canary Agents"))
    text = " ".join(f"{event.actor} {event.facts}" for event in Event.objects.all())
    assert "Eve" not in text and "eve@" not in text and "Canary" not in text
