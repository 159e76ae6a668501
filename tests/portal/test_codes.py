"""A code works where it was asked for, for ten minutes and five tries; whatever does not work gets one and the same answer."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from requests_app import limits, policy
from requests_app.models import Letter, PersonSession, Proof, Request
from requests_app.proving import codes
from requests_app.views import visitor
from tests.portal.builders import ADA, NOBODY, ask, confirm, marks, package, person, token

RECEIVED, SIGNIN = "/request/received/code/", "/signin/code/"


def code_of(request: Request, kind: str = "acknowledgement") -> str:
    """The code in the newest letter of this kind."""
    letter = Letter.objects.filter(request__subject=request.subject_id, kind=kind).order_by("queued_at").last()
    return re.search(r"^[0-9A-Z]{4}-[0-9A-Z]{4}$", letter.body, re.MULTILINE).group()


def sign_in(browser: Client, address: str) -> None:
    assert browser.post("/signin/", marks(browser.get("/signin/").content) | {"email": address}).status_code == 303


def test_the_code_of_the_letter_proves_the_request_in_the_browser_that_asked(client):
    request = ask(client)
    assert b'action="/request/received/code/"' in client.get("/request/received/").content
    response = client.post(RECEIVED, {"code": code_of(request)})
    assert response.status_code == 303 and response.url == f"/my/{request.pk}/"
    request.refresh_from_db()
    assert request.proved_at is not None and visitor.cookie_name() in client.cookies


@pytest.mark.parametrize(
    "way", [str.lower, lambda code: code.replace("-", " "), lambda code: f" {code[:4]}{code[5:]}\n"]
)
def test_a_code_is_read_as_people_type_it(client, way):
    request = ask(client)
    assert client.post(RECEIVED, {"code": way(code_of(request))}).status_code == 303


def test_misread_signs_are_taken_for_what_was_meant():
    assert codes.clean("oI1l-0O") == "011100"


def test_a_code_is_nothing_in_another_browser(client):
    request, other = ask(client), Client()
    ask(other, email=NOBODY)
    code = code_of(request)
    for stranger in (other, Client()):
        assert stranger.post(RECEIVED, {"code": code}).status_code == 422
    request.refresh_from_db()
    assert request.proved_at is None
    assert client.post(RECEIVED, {"code": code}).status_code == 303


def test_a_code_dies_after_ten_minutes_and_its_link_lives_on(client):
    request = ask(client)
    path, code = f"/proof/{token(request)}/", code_of(request)
    with time_machine.travel(timezone.now() + timedelta(minutes=policy.CODE_MINUTES, seconds=1)):
        assert client.post(RECEIVED, {"code": code}).status_code == 422
        assert client.post(path).status_code == 303


def test_after_five_tries_a_code_is_dead(client):
    request = ask(client)
    for _ in range(policy.CODE_TRIES):
        assert client.post(RECEIVED, {"code": "AAAA-AAAA"}).status_code == 422
    assert client.post(RECEIVED, {"code": code_of(request)}).status_code == 422
    assert Request.objects.get().proved_at is None and PersonSession.objects.count() == 0
    assert Proof.objects.get().code_tries == policy.CODE_TRIES


def test_link_and_code_are_one_attempt(client):
    request = ask(client)
    code = code_of(request)
    confirm(Client(), request)
    assert client.post(RECEIVED, {"code": code}).status_code == 422
    assert PersonSession.objects.count() == 1


def test_a_code_works_once(client):
    request = ask(client)
    code = code_of(request)
    assert client.post(RECEIVED, {"code": code}).status_code == 303
    assert client.post(RECEIVED, {"code": code}).status_code == 422


def test_a_code_is_kept_under_a_key_and_bound_to_its_row(client, settings):
    request = ask(client)
    code, row = code_of(request), Proof.objects.get()
    assert code not in str(list(Proof.objects.values())) and codes.clean(code) not in str(list(Proof.objects.values()))
    assert codes.fits(row.pk, code, row.code_hash) and not codes.fits(request.pk, code, row.code_hash)
    settings.INDEX_KEY = "another"
    assert not codes.fits(row.pk, code, row.code_hash)


def test_signing_in_by_code_opens_the_requests(client):
    _, request = person()
    sign_in(client, ADA)
    assert client.post(SIGNIN, {"code": code_of(request, "sign_in")}).url == "/my/"
    assert client.get("/my/").status_code == 200


def test_a_wrong_code_tells_nothing_about_the_address():
    person()
    seen = []
    for address in (ADA, NOBODY):
        browser = Client()
        sign_in(browser, address)
        answers = [browser.post(SIGNIN, {"code": "0000-0000"}) for _ in range(policy.CODE_TRIES + 2)]
        bodies = [re.sub(rb'csrfmiddlewaretoken" value="[^"]+"', b"", one.content) for one in answers]
        seen.append(([one.status_code for one in answers], bodies, [sorted(one.headers) for one in answers]))
    assert seen[0] == seen[1]
    assert seen[0][0] == [422] * (policy.CODE_TRIES + 2)


def test_tries_are_limited_alike_for_known_and_unknown(monkeypatch):
    monkeypatch.setattr(limits, "CODES", limits.Limit("codes", 3, 600))
    person()
    for address in (ADA, NOBODY):
        browser = Client()
        sign_in(browser, address)
        statuses = [browser.post(SIGNIN, {"code": "0000-0000"}).status_code for _ in range(4)]
        assert statuses == [422, 422, 422, 429]


def test_a_fresh_code_allows_the_download():
    ada, request = person()
    package(request)
    ada.post(f"/my/{request.pk}/fresh/")
    assert ada.post(f"/my/{request.pk}/download/").status_code == 409
    assert ada.post(f"/my/{request.pk}/code/", {"code": "0000-0000"}).status_code == 422
    assert ada.post(f"/my/{request.pk}/code/", {"code": code_of(request, "fresh")}).status_code == 303
    assert ada.post(f"/my/{request.pk}/download/").status_code == 200


def test_a_sign_in_code_allows_no_download(client):
    _, request = person()
    package(request)
    sign_in(client, ADA)
    client.post(SIGNIN, {"code": code_of(request, "sign_in")})
    assert client.post(f"/my/{request.pk}/download/").status_code == 409


def test_an_opt_out_asks_for_no_code(client):
    request = ask(client, right="opt_out_sale")
    assert b"/request/received/code/" not in client.get("/request/received/").content
    assert not re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}$", Letter.objects.get(request=request).body, re.MULTILINE)
