"""The questions on the page with the reference: the same for everybody, and only where the company names facts."""

import re

import pytest
from django.test import Client

from inventory.models import Collection, Dataset, Field, System
from requests_app.models import FactCheck
from tests.portal.builders import ADA, NOBODY, ask, person

ASK = "/request/received/facts/"
GIVEN = {"member_since": "2020-01-01", "last_order": "77", "city": "Berlin"}


@pytest.fixture
def named(settings):
    settings.PROOF_FACTS = list(GIVEN)
    system = System.objects.create(key="shop", name="Shop")
    dataset = Dataset.objects.create(system=system, key="shop", name="Shop", source="direct")
    people = Collection.objects.create(dataset=dataset, name="people", title="People")
    for name in GIVEN:
        Field.objects.create(collection=people, name=name, attribute=name)


def test_nobody_is_asked_where_none_are_named(client):
    ask(client)
    assert ASK.encode() not in client.get("/request/received/").content


def test_known_and_unknown_are_asked_and_answered_alike(named):
    person(ADA)
    seen = []
    for address in (ADA, NOBODY):
        browser = Client()
        request = ask(browser, email=address)
        assert b'name="last_order"' in browser.get("/request/received/").content
        page = browser.post(ASK, GIVEN, follow=True)
        text = page.content.decode().replace(request.reference, "")
        seen.append((page.status_code, re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", text)))
    assert seen[0] == seen[1] and "We compare it with what we know" in seen[0][1]
    assert FactCheck.objects.count() == 2


def test_another_browser_answers_for_nobody(named, client):
    ask(client)
    Client().post(ASK, GIVEN)
    assert FactCheck.objects.count() == 0
