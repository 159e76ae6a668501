"""The company's own site hands a signed-in person over: once, within minutes, under its key; all else gets one answer."""

import base64
import time
from datetime import timedelta

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from django.utils import timezone

from audit import actor
from requests_app import proof
from requests_app.models import PersonSession, Request, SpentToken
from requests_app.proving import hosting
from requests_app.views import visitor
from subjects import registry
from subjects.models import DataSubject, Identifier
from tests.portal.builders import ADA, MALLORY, ask, package

SECRET = bytes(range(32))
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
PUBLIC = SIGNER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture(autouse=True)
def keys(settings):
    settings.HOST_TOKEN_KEYS = [f"shop=HS256:{b64(SECRET)}", f"app=EdDSA:{b64(PUBLIC)}"]


def token(settings, *, key=SECRET, algorithm="HS256", kid="shop", **claims) -> str:
    now = int(time.time())
    base = {"email": ADA, "iat": now, "exp": now + 300, "aud": settings.SITE_URL, "jti": f"id-{time.time_ns()}"}
    body = {name: value for name, value in (base | claims).items() if value is not None}
    return jwt.encode(body, key, algorithm=algorithm, headers={"kid": kid})


def post(client: Client, text: str):
    return client.post("/signin/host/", {"token": text})


def test_a_signed_in_person_of_the_site_is_signed_in_here_and_their_request_goes_on(client, settings):
    request = ask(client)
    response = post(client, token(settings))
    assert response.status_code == 303 and response.url == "/my/"
    assert request.reference.encode() in client.get("/my/").content
    request.refresh_from_db()
    assert request.proved_at is not None
    assert Identifier.objects.get(subject=request.subject, kind="email").proved_at is not None


def test_it_comes_from_another_site_so_no_csrf_token_is_asked(settings):
    strict = Client(enforce_csrf_checks=True)
    sent = strict.post("/signin/host/", {"token": token(settings)}, headers={"origin": "https://shop.example"})
    assert sent.status_code == 303


def test_eddsa_needs_no_shared_secret(client, settings):
    assert post(client, token(settings, key=SIGNER, algorithm="EdDSA", kid="app")).status_code == 303


def test_a_token_works_once(client, settings):
    text = token(settings)
    assert post(client, text).status_code == 303
    assert post(Client(), text).status_code == 422
    assert PersonSession.objects.count() == 1 and text not in str(list(SpentToken.objects.values()))


def test_only_requests_of_that_address_are_proved(client, settings):
    ada, other = ask(client), ask(Client(), email=MALLORY)
    post(client, token(settings))
    ada.refresh_from_db()
    other.refresh_from_db()
    assert ada.proved_at is not None and other.proved_at is None
    assert client.get(f"/my/{other.pk}/").status_code == 404


def test_the_number_that_the_site_vouches_for_is_searched_by(client, settings):
    request = ask(client, right="access")
    post(client, token(settings, account_id="7"))
    row = Identifier.objects.get(subject=request.subject, kind="account_id")
    assert row.value == "7" and row.proved_at is not None and row.claimed


def test_a_token_is_fresh_only_when_the_person_signed_in_just_now(client, settings):
    request = ask(client)
    post(client, token(settings))
    package(request)
    assert client.post(f"/my/{request.pk}/download/").status_code == 409
    post(client, token(settings, auth_time=int(time.time()) - settings.FRESH_PROOF_MINUTES * 60 - 5))
    assert client.post(f"/my/{request.pk}/download/").status_code == 409
    post(client, token(settings, auth_time=int(time.time()) - 30))
    assert client.post(f"/my/{request.pk}/download/").status_code == 200


NOW = int(time.time())
BAD = {
    "no key of ours": lambda s: token(s, kid="nobody"),
    "another secret": lambda s: token(s, key=b"x" * 32),
    "the public key as a secret": lambda s: token(s, key=PUBLIC, kid="app"),
    "the other key's algorithm": lambda s: token(s, key=SIGNER, algorithm="EdDSA", kid="shop"),
    "no signature": lambda s: jwt.encode({"email": ADA}, None, algorithm="none", headers={"kid": "shop"}),
    "another audience": lambda s: token(s, aud="https://elsewhere.example"),
    "no audience": lambda s: token(s, aud=None),
    "dead": lambda s: token(s, iat=int(time.time()) - 400, exp=int(time.time()) - 100),
    "from the future": lambda s: token(s, iat=int(time.time()) + 200, exp=int(time.time()) + 300),
    "lives too long": lambda s: token(s, exp=int(time.time()) + 3600),
    "lives for ever": lambda s: token(s, exp=float("inf")),
    "no end": lambda s: token(s, exp=None),
    "no id": lambda s: token(s, jti=None),
    "an empty id": lambda s: token(s, jti=""),
    "no address": lambda s: token(s, email=None),
    "an address that is none": lambda s: token(s, email="ada"),
    "an address in a list": lambda s: token(s, email=[ADA]),
    "an address not checked": lambda s: token(s, email_verified=False),
    "a number as a number": lambda s: token(s, account_id=7),
    "too long": lambda s: token(s, jti="x" * 5000),
    "nothing": lambda s: "",
    "no token": lambda s: "a.b.c",
    "odd signs": lambda s: "é.\x00.🙂",
}


@pytest.mark.parametrize("fault", BAD)
def test_whatever_is_not_in_order_gets_the_same_answer(client, settings, fault):
    ask(client)
    response = post(client, BAD[fault](settings))
    assert response.status_code == 422 and b"This sign-in did not work" in response.content
    assert PersonSession.objects.count() == 0 and visitor.cookie_name() not in client.cookies
    assert Request.objects.get().proved_at is None and SpentToken.objects.count() == 0


def test_the_spent_token_is_forgotten_once_it_is_dead_by_itself(client, settings):
    text = token(settings)
    post(client, text)
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        proof.forget_old(timezone.now())
        assert SpentToken.objects.count() == 0
        assert post(Client(), text).status_code == 422


def test_an_address_that_two_people_share_opens_nothing(client, settings):
    for _ in range(2):
        registry.add(DataSubject.objects.create(), "email", ADA, actor=actor.worker("tests"))
    assert post(client, token(settings)).status_code == 422
    assert PersonSession.objects.count() == 0


@pytest.mark.parametrize(
    "given", ["shop", "shop=RS256:AAAA", "shop=HS256:c2hvcnQ", "=HS256:" + b64(SECRET), "a=HS256:%%"]
)
def test_a_key_that_cannot_be_used_is_named(given):
    with pytest.raises(ValueError, match="HOST_TOKEN_KEYS"):
        hosting.keys([given])
