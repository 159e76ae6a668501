"""A link is not a session: looking uses nothing up, the button works once, and a stranger learns nothing."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit import actor
from requests_app.models import Letter, PersonSession, Request
from requests_app.views import visitor
from subjects import registry
from tests.portal.builders import ADA, NOBODY, ask, confirm, marks, person, token, used


def sign_in(browser: Client, address: str):
    return browser.post("/signin/", marks(browser.get("/signin/").content) | {"email": address})


def test_opening_the_link_twenty_times_uses_nothing_up(client):
    request = ask(client)
    path = f"/proof/{token(request)}/"
    for _ in range(10):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
    assert used(request) == 0 and Request.objects.get().proved_at is None
    assert client.post(path).status_code == 303


def test_the_link_never_travels_as_a_referrer(client):
    response = client.get(f"/proof/{token(ask(client))}/")
    assert response["Referrer-Policy"] == "strict-origin"
    assert b"Confirm that it is me" in response.content


def test_the_button_proves_the_request_and_opens_it():
    ada, request = person()
    assert request.proved_at is not None and request.state != "verifying"
    cookie = ada.cookies[visitor.cookie_name()]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/" and not cookie["domain"]
    assert PersonSession.objects.filter(key_hash=cookie.value).count() == 0, "only its hash is kept"
    assert request.reference.encode() in ada.get(f"/my/{request.pk}/").content


def test_the_redirect_after_the_button_holds_no_token(client):
    request = ask(client)
    response = client.post(f"/proof/{token(request)}/")
    assert response.url == f"/my/{request.pk}/"


def test_on_https_the_cookie_is_bound_to_the_host(client, settings):
    settings.HTTPS = True
    request = ask(client)
    response = client.post(f"/proof/{token(request)}/", secure=True)
    cookie = response.cookies["__Host-person"]
    assert cookie["secure"] and cookie["path"] == "/" and not cookie["domain"]


def test_a_link_works_once(client):
    request = ask(client)
    path = f"/proof/{token(request)}/"
    client.post(path)
    for again in (client.get(path), client.post(path)):
        assert again.status_code == 410 and b"This link no longer works" in again.content
    assert used(request) == 1


def test_a_link_dies_on_its_hour_and_the_page_offers_a_new_one(client, settings):
    path = f"/proof/{token(ask(client))}/"
    with time_machine.travel(timezone.now() + timedelta(minutes=settings.PROOF_LINK_MINUTES + 1)):
        for late in (client.get(path), client.post(path)):
            assert late.status_code == 410 and b'href="/signin/"' in late.content
    assert Request.objects.get().proved_at is None


@pytest.mark.parametrize("guess", ["x", "a" * 43, "..", "' OR 1=1 --"])
def test_a_guessed_link_gets_the_same_page(client, guess):
    response = client.get(f"/proof/{guess}/")
    assert response.status_code in (404, 410)
    assert client.post(f"/proof/{guess}/").status_code in (404, 410)


def test_a_link_that_no_text_can_hold_is_refused_before_it_is_looked_up(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/proof/%00/").status_code == 400
        assert client.post("/proof/%00/").status_code == 400


def test_ada_signs_in_with_a_mailed_link(client):
    request = ask(client)
    browser = Client()
    assert sign_in(browser, ADA).url == "/signin/sent/"
    confirm(browser, request, "sign_in")
    assert request.reference.encode() in browser.get("/my/").content


def test_signing_in_does_not_confirm_the_request(client):
    request = ask(client)
    sign_in(client, ADA)
    confirm(client, request, "sign_in")
    assert Request.objects.get().proved_at is None


def plain(page) -> str:
    """A page without the token against forgery, which no two pages share."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.content.decode())


def test_whoever_asks_for_a_link_gets_the_same_answer(client):
    ask(client)
    seen = []
    for address in (ADA, NOBODY):
        browser = Client()
        response = sign_in(browser, address)
        page = browser.get(response.url)
        seen.append(
            (response.status_code, response.content, sorted(response.items()), plain(page), set(browser.cookies))
        )
    assert seen[0] == seen[1]
    assert Letter.objects.filter(kind="sign_in").count() == 1


def test_an_address_that_two_people_share_gets_the_same_answer_too(client):
    tests = actor.worker("tests")
    for name in ("bob", "rob"):
        subject = registry.find_or_make("email", f"{name}@example.org", actor=tests)
        registry.add(subject, "email", "shared@example.org", actor=tests)
    assert sign_in(client, "shared@example.org").url == "/signin/sent/"


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "ada@[1.2.3.4]"])
def test_what_is_no_address_is_refused_beside_the_field(client, typed):
    response = sign_in(client, typed)
    assert response.status_code == 422 and b"id_email_error" in response.content


def test_signing_out_ends_the_session_here_and_with_us():
    ada, _ = person()
    stolen = ada.cookies[visitor.cookie_name()].value
    assert ada.post("/signout/").url == "/"
    assert PersonSession.objects.count() == 0
    thief = Client()
    thief.cookies[visitor.cookie_name()] = stolen
    assert thief.get("/my/").url == "/signin/"


def test_signing_out_twice_does_no_harm():
    ada, _ = person()
    assert ada.post("/signout/").status_code == 303
    assert ada.post("/signout/").status_code == 303


def test_a_session_ends_by_itself():
    ada, _ = person()
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        assert ada.get("/my/").url == "/signin/"
