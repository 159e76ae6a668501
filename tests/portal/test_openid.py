"""Sign-in by OpenID Connect against a real provider over HTTP: what is not in order opens nothing."""

import time

import jwt
import pytest
from django.test import Client

from requests_app.models import PersonSession, Request
from requests_app.proving import openid
from requests_app.views import visitor
from tests.portal import provider
from tests.portal.builders import ADA, ask, package


@pytest.fixture
def there(settings):
    with provider.running() as server:
        settings.OIDC_ISSUER = server.issuer
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = provider.CLIENT, provider.SECRET
        settings.OUTGOING_NETWORKS = ["127.0.0.1/32"]
        openid._document.cache_clear()
        openid._key_set.cache_clear()
        yield server


def begin(client: Client, query: str = "") -> str:
    response = client.get(f"/signin/openid/{query}")
    assert response.status_code == 303
    return response.url


def back(client: Client, there, **more: str):
    answer = there.login(begin(client)) | more
    return client.get(provider.address(there.issuer, answer))


def test_the_button_is_there_only_where_the_company_has_a_provider(client, settings):
    assert b"/signin/openid/" not in client.get("/signin/").content
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = "https://id.example", "portal"
    assert b"/signin/openid/" in client.get("/signin/").content


def test_who_signs_in_there_is_signed_in_here_and_their_request_goes_on(client, there):
    request = ask(client)
    response = back(client, there)
    assert response.status_code == 303 and response.url == "/my/"
    request.refresh_from_db()
    assert request.proved_at is not None and request.reference.encode() in client.get("/my/").content


def test_nothing_of_the_secrets_stands_in_the_address(client, there):
    url = begin(client)
    cookie = client.cookies["openid"]
    assert cookie["httponly"] and cookie["path"] == "/signin/openid/" and cookie["samesite"] == "Lax"
    assert "code_challenge_method=S256" in url and provider.SECRET not in url and "code_verifier" not in url


def test_a_fresh_sign_in_allows_the_download_and_an_old_one_does_not(client, there):
    request = ask(client)
    back(client, there)
    package(request)
    assert client.post(f"/my/{request.pk}/download/").status_code == 409
    url = begin(client, f"?request={request.pk}")
    assert "prompt=login" in url and "max_age=0" in url
    there.claims = {"auth_time": int(time.time()) - 3600}
    client.get(provider.address(there.issuer, there.login(url)))
    assert client.post(f"/my/{request.pk}/download/").status_code == 409
    there.claims = {}
    response = client.get(provider.address(there.issuer, there.login(begin(client, f"?request={request.pk}"))))
    assert response.url == f"/my/{request.pk}/"
    assert client.post(f"/my/{request.pk}/download/").status_code == 200


def test_a_provider_that_changed_its_key_is_asked_for_it(client, there):
    back(client, there)
    there.change_key()
    assert back(Client(), there).status_code == 303


def other_key(server):
    wrong = provider.rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return lambda claims: jwt.encode(claims, wrong, algorithm="RS256", headers={"kid": server.kid})


FAULTS = {
    "address not checked": lambda s: s.claims.update(email_verified=False),
    "not said whether checked": lambda s: s.claims.update(email_verified=None),
    "checked as a word": lambda s: s.claims.update(email_verified="true"),
    "no address": lambda s: s.claims.update(email=None),
    "an address that is none": lambda s: s.claims.update(email="ada"),
    "another issuer": lambda s: s.claims.update(iss="https://elsewhere.example"),
    "for another client": lambda s: s.claims.update(aud="another"),
    "for several, handed to another": lambda s: s.claims.update(aud=[provider.CLIENT, "b"], azp="b"),
    "for several, not said to whom": lambda s: s.claims.update(aud=[provider.CLIENT, "b"]),
    "another nonce": lambda s: s.claims.update(nonce="x"),
    "no nonce": lambda s: s.claims.update(nonce=None),
    "dead": lambda s: s.claims.update(exp=int(time.time()) - 120),
    "from the future": lambda s: s.claims.update(iat=int(time.time()) + 3600),
    "another's key": lambda s: setattr(s, "sign", other_key(s)),
    "unsigned": lambda s: setattr(s, "sign", lambda c: jwt.encode(c, None, algorithm="none", headers={"kid": s.kid})),
    "signed with our secret": lambda s: setattr(
        s, "sign", lambda c: jwt.encode(c, provider.SECRET * 2, algorithm="HS256", headers={"kid": s.kid})
    ),
    "no token at all": lambda s: setattr(s, "sign", lambda c: None),
    "a key of no one": lambda s: setattr(
        s, "sign", lambda c: jwt.encode(c, s.key, algorithm="RS256", headers={"kid": "nobody"})
    ),
    "names itself otherwise": lambda s: s.document.update(issuer="https://elsewhere.example"),
    "keys on a forbidden address": lambda s: s.document.update(jwks_uri="http://169.254.169.254/keys"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_is_not_in_order_gets_the_same_answer(client, there, fault):
    ask(client)
    url = begin(client)
    openid._document.cache_clear()
    FAULTS[fault](there)
    response = client.get(provider.address(there.issuer, there.login(url)))
    assert response.status_code == 422 and b"This sign-in did not work" in response.content
    assert PersonSession.objects.count() == 0 and Request.objects.get().proved_at is None


@pytest.mark.parametrize("more", [{"state": "x"}, {"code": "x"}, {"code": ""}, {"iss": "https://mix-up.example"}])
def test_an_answer_that_was_tampered_with_opens_nothing(client, there, more):
    assert back(client, there, **more).status_code == 422
    assert PersonSession.objects.count() == 0


def test_another_browser_cannot_finish_what_this_one_began(client, there):
    answer = there.login(begin(client))
    begin(other := Client())
    for stranger in (other, Client()):
        assert stranger.get(provider.address(there.issuer, answer)).status_code == 422
    assert PersonSession.objects.count() == 0


def test_an_answer_works_once(client, there):
    answer = there.login(begin(client))
    cookie = client.cookies["openid"].value
    assert client.get(provider.address(there.issuer, answer)).status_code == 303
    client.cookies["openid"] = cookie
    assert client.get(provider.address(there.issuer, answer)).status_code == 422
    assert PersonSession.objects.count() == 1


def test_a_provider_that_is_away_is_told_in_words(client, settings):
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID = "http://127.0.0.1:9/realm", "portal"
    response = client.get("/signin/openid/")
    assert response.status_code == 422 and b"ask for a link by e-mail" in response.content
    assert visitor.cookie_name() not in client.cookies and ADA.encode() not in response.content
