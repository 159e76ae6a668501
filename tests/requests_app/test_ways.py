"""The table of ways: proportionate, complete, and nothing that a stranger could fake counts."""

from dataclasses import replace

import pytest
from django.utils import timezone

from audit.refusal import Refused
from law import NO_PROOF_RIGHTS, RIGHTS
from requests_app import plans, proof
from requests_app.models import Request
from requests_app.proving import ways
from tests.requests_app.builders import ask


@pytest.mark.parametrize("right", sorted(NO_PROOF_RIGHTS))
def test_what_needs_no_proof_allows_none(right):
    assert ways.of(right) == () and ways.facts(right) == 0


@pytest.mark.parametrize("right", sorted(RIGHTS - NO_PROOF_RIGHTS))
def test_every_other_right_has_a_mild_way_and_a_document_never_stands_alone(right):
    assert {"mailbox", "host", "openid"} <= set(ways.of(right))
    assert 2 <= ways.facts(right) <= 3
    assert set(ways.of(right)) <= set(ways.WAYS)


def test_table_and_plans_agree():
    for right, plan in plans.PLANS.items():
        assert plan.needs_proof == bool(ways.of(right)), right


def test_every_way_names_its_source():
    assert all(one.cite and one.words for one in ways.WAYS.values())


def test_an_email_that_came_in_proves_nothing(company, rita):
    assert not {"email", "sender", "dkim"} & set(ways.WAYS)
    request = ask("access", channel="email")
    assert request.proved_at is None
    with pytest.raises(Refused):
        proof.vouch(request, by=rita, method="email", now=timezone.now())
    with pytest.raises(Refused):
        proof.accept(request, [], channel="email", now=timezone.now(), actor=None)
    assert Request.objects.get().proved_at is None


def test_what_was_only_claimed_is_neither_searched_nor_written_to(company):
    request = ask("access", email="mallory@example.net", identifiers={"email": "ada@example.org", "account_id": "1"})
    assert [one.identifier.value for one in request.letters.all()] == ["mallory@example.net"]
    bob = ask("access", email="ada@example.org")
    assert bob.subject_id != request.subject_id, "the owner of an address does not become who claimed it"


def test_a_right_outside_the_table_is_held_to_the_stricter_count(monkeypatch):
    assert ways.facts("something_new") == ways.FACTS and not ways.allowed("something_new", "document")
    odd = replace(ways.WAYS["mailbox"], code="odd")
    assert not ways.allowed("access", odd.code)
