"""Whoever asks for somebody else proves nothing from their own browser: not by code, not by phone, not by facts."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from requests_app import letters
from requests_app.models import FactCheck, Letter, Proof, Request
from tests.portal.builders import ADA, ask
from tests.portal.test_facts_page import ASK as FACTS
from tests.portal.test_facts_page import GIVEN, named
from tests.portal.test_phone import ASK as PHONE
from tests.portal.test_phone import gateway, on_file, texts

__all__ = ["named"]
FOR_OTHERS = {
    "agent": {"asked_by": "agent", "basis": "permission", "asker_organisation": "Agents Ltd"},
    "parent": {"asked_by": "parent", "basis": "parent"},
    "heir": {"asked_by": "heir", "basis": "heir", "residence": "FR"},
}
CODE = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b")


@pytest.fixture(params=FOR_OTHERS)
def eve(request, settings, named) -> tuple[Client, Request]:
    """A browser that asked for Ada, whose phone and facts are on file."""
    settings.PHONE_SENDER = f"{gateway.__module__}.gateway"
    texts.clear()
    browser = Client()
    given = {"asker_name": "Eve", "asker_email": "eve@agents.example"} | FOR_OTHERS[request.param]
    asked = ask(browser, email=ADA, **given)
    on_file(asked)
    return browser, asked


def proved(request: Request) -> bool:
    request.refresh_from_db()
    return request.proved_at is not None


def test_their_page_offers_no_proof_and_takes_none(eve):
    browser, request = eve
    page = browser.get("/request/received/").content.decode()
    assert FACTS not in page and PHONE not in page
    assert browser.post(FACTS, GIVEN).status_code == 303 and browser.post(PHONE).status_code == 303
    for pk in letters.waiting(timezone.now()):
        letters.send(pk)
    assert not FactCheck.objects.exists() and texts == [] and not proved(request)


def test_no_code_is_made_for_such_a_request(eve):
    _browser, request = eve
    for pk in letters.waiting(timezone.now()):
        letters.send(pk)
    assert Letter.objects.filter(request=request).exists()
    assert not Proof.objects.exclude(code_hash="").exists() and not Proof.objects.exclude(holder="").exists()


def test_what_was_written_to_them_opens_nothing(eve):
    _browser, request = eve
    for pk in letters.waiting(timezone.now()):
        letters.send(pk)
    theirs = [one.body for one in Letter.objects.all() if "eve@agents.example" in str(one.identifier.value)]
    assert not re.search(r"/proof/", "".join(theirs)) and not CODE.search(
        "".join(theirs).replace(request.reference, "")
    )
