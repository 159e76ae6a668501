"""Codes to a phone: only to a number on file, by the outbox, and whoever asks is told the same."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from audit import actor
from requests_app import letters
from requests_app.models import Letter, Request
from requests_app.proving import senders
from subjects import registry
from tests.portal.builders import ADA, NOBODY, ask, package, person

ASK, TYPE = "/request/received/phone/", "/request/received/code/"
texts: list[tuple[str, str]] = []


def gateway(number: str, text: str) -> None:
    texts.append((number, text))


def away(number: str, text: str) -> None:
    raise OSError("the gateway is away")


def refusing(number: str, text: str) -> None:
    raise senders.Rejected


@pytest.fixture(autouse=True)
def sender(settings):
    texts.clear()
    settings.PHONE_SENDER = f"{__name__}.gateway"


def on_file(request: Request, number: str = "+49 30 1234567", *, proved: bool = True) -> None:
    who = actor.worker("tests")
    row = registry.add(request.subject, "phone", number, claimed=True, actor=who)
    if proved:
        registry.prove(row, at=timezone.now(), actor=who)


def send_all() -> None:
    for pk in letters.waiting(timezone.now()):
        letters.send(pk)


def code() -> str:
    return re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", texts[-1][1]).group()


def test_a_code_to_the_phone_on_file_proves_the_request(client):
    request = ask(client)
    on_file(request)
    assert b"Send a code to my phone" in client.get("/request/received/").content
    assert client.post(ASK).status_code == 303
    send_all()
    assert texts[-1][0] == "+49 30 1234567" and "http" not in texts[-1][1]
    assert client.post(TYPE, {"code": code()}).status_code == 303
    request.refresh_from_db()
    assert request.proved_at is not None


def test_it_proves_the_phone_and_not_the_address_that_was_typed(client):
    request = ask(client)
    on_file(request)
    client.post(ASK)
    send_all()
    client.post(TYPE, {"code": code()})
    assert [one.proved_at is not None for one in request.subject.identifiers.filter(kind="email")] == [False]


@pytest.mark.parametrize("proved", [None, False])
def test_no_number_on_file_no_code_and_the_same_answer(client, proved):
    request = ask(client)
    if proved is not None:
        on_file(request, proved=proved)
    response = client.post(ASK, follow=True)
    assert b"If we know a phone number of yours" in response.content
    assert not Letter.objects.filter(kind="phone_code").exists()


def test_known_and_unknown_get_the_same_page():
    seen = []
    _, known = person(ADA)
    on_file(known)
    for address in (ADA, NOBODY):
        browser = Client()
        request = ask(browser, email=address)
        page = browser.post(ASK, follow=True)
        text = page.content.decode().replace(request.reference, "")
        seen.append((page.status_code, re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", text)))
    assert seen[0] == seen[1]
    assert Letter.objects.filter(kind="phone_code").count() == 1


def test_another_browser_has_no_code_sent(client):
    on_file(ask(client))
    assert Client().post(ASK).status_code == 303
    assert not Letter.objects.filter(kind="phone_code").exists()


def test_a_phone_is_not_flooded(client):
    on_file(ask(client))
    for _ in range(5):
        client.post(ASK)
    assert Letter.objects.filter(kind="phone_code").count() == 3


def test_a_gateway_that_is_away_is_tried_again_and_a_refused_number_parks(client, settings):
    on_file(ask(client))
    client.post(ASK)
    settings.PHONE_SENDER = f"{__name__}.away"
    send_all()
    row = Letter.objects.get(kind="phone_code")
    assert row.state == "queued" and row.next_try_at is not None
    Letter.objects.filter(pk=row.pk).update(next_try_at=None)
    settings.PHONE_SENDER = f"{__name__}.refusing"
    send_all()
    assert Letter.objects.get(kind="phone_code").state == "parked"


def test_a_phone_code_allows_the_download():
    ada, request = person()
    on_file(request)
    package(request)
    ada.post(f"/my/{request.pk}/phone/")
    send_all()
    assert ada.post(f"/my/{request.pk}/code/", {"code": code()}).status_code == 303
    assert ada.post(f"/my/{request.pk}/download/").status_code == 200


def test_without_a_sender_nothing_is_offered(client, settings):
    settings.PHONE_SENDER = ""
    on_file(ask(client))
    assert b"Send a code to my phone" not in client.get("/request/received/").content
    client.post(ASK)
    assert not Letter.objects.filter(kind="phone_code").exists()


def test_the_demo_sends_into_its_mailbox():
    senders.demo("+49 30 1", "text")
    assert mail.outbox[-1].to == ["phone-49301@sms.invalid"] and mail.outbox[-1].body == "text"
