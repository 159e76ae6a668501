"""Second factors, the company's own sign-in, and sessions that end."""

import re
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client

from privacyops.signin import rules
from tests.desk import identity_provider
from tests.desk.builders import browser, colleague, events

PASSWORD = "correct horse battery"


@pytest.fixture
def maya(db):
    """A colleague with a password and an address."""
    cache.clear()
    user = colleague("Privacy officer", "maya")
    user.set_password(PASSWORD)
    user.email = "maya@company.example"
    user.save()
    return user


def code(secret: str) -> str:
    """What the colleague's app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def sign_in(client: Client, **more: str):
    return client.post("/admin/login/", {"login": "maya", "password": PASSWORD, **more})


def enrol(user) -> str:
    """Sets up an authenticator app; its secret."""
    page = Client()
    sign_in(page)
    shown = page.get("/admin/signin/factors/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret" value="([A-Z2-7]+)"', shown)[1]
    assert page.post("/admin/signin/factors/totp/activate/", {"code": code(secret)}).status_code == 302
    cache.clear()  # a code is good once: the tests sign in again within its half minute
    return secret


@pytest.mark.parametrize(
    ("policy", "methods", "enrolled", "needs"),
    [
        ("optional", ["password"], False, False),
        ("required", ["password"], False, True),
        ("required", ["password", "mfa"], True, False),
        ("required", ["socialaccount"], False, False),
        ("required", [], False, True),
    ],
)
def test_who_must_set_up_a_second_factor(policy, methods, enrolled, needs):
    assert rules.needs_enrolment(policy, [{"method": one} for one in methods], enrolled) is needs


def test_where_it_is_required_nobody_works_without_a_second_factor(maya, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    page = Client()
    assert sign_in(page).status_code == 302
    for path in ("/admin/", "/admin/requests_app/request/"):
        assert page.get(path).url == "/admin/signin/factors/"
        assert page.post(path).status_code == 302
    assert "authenticator app or a passkey" in page.get("/admin/signin/factors/").content.decode()
    enrol(maya)
    assert page.get("/admin/").status_code == 200


def test_a_code_is_asked_for_and_a_wrong_one_opens_nothing(maya):
    secret = enrol(maya)
    page = Client()
    assert sign_in(page).url.startswith("/admin/signin/factors/authenticate/")
    assert page.get("/admin/").status_code == 302
    wrong = page.post("/admin/signin/factors/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200 and "Incorrect code" in wrong.content.decode()
    assert page.get("/admin/").status_code == 302
    assert page.post("/admin/signin/factors/authenticate/", {"code": code(secret)}).url == "/admin/"
    assert page.get("/admin/").status_code == 200
    assert events("signin.done").count() == 2  # before the factor was set up, and now


def test_codes_cannot_be_guessed_without_end(maya):
    secret = enrol(maya)
    page = Client()
    sign_in(page)
    for guess in range(15):
        page.post("/admin/signin/factors/authenticate/", {"code": f"{guess:06}"})
    page.post("/admin/signin/factors/authenticate/", {"code": code(secret)})
    assert page.get("/admin/").status_code == 302


def test_the_secret_of_an_app_is_encrypted(maya, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        secret = enrol(maya)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored and "v1:" in stored
    assert events("signin.factor_changed").filter(facts__change="app_added").count() == 1


def test_a_lost_device_is_freed_by_another_administrator_only(maya):
    enrol(maya)
    url = f"/admin/auth/user/{maya.pk}/do/free/"
    assert browser(colleague("Reviewer")).post(url, {"reason": "in_person"}).status_code in (302, 403)
    assert Authenticator.objects.filter(user=maya).exists()
    ada = browser(colleague("Administrator"))
    ada.post(url, {"reason": "because"})
    assert Authenticator.objects.filter(user=maya).exists()
    ada.post(url, {"reason": "in_person"})
    assert not Authenticator.objects.filter(user=maya).exists()
    assert events("signin.factors_removed").count() == 1


def test_an_idle_session_ends(maya, settings, time_machine):
    page = Client()
    time_machine.move_to("2026-11-27 09:00:00+00:00")
    sign_in(page)
    assert page.get("/admin/").status_code == 200
    time_machine.move_to("2026-11-27 09:59:00+00:00")
    assert page.get("/admin/").status_code == 200
    time_machine.move_to("2026-11-27 11:01:00+00:00")
    assert page.get("/admin/").url == "/admin/login/"
    assert "not used for a while" in page.get("/admin/login/").content.decode()


@pytest.fixture
def company(settings):
    """The company's own sign-in, running."""
    with identity_provider.running() as provider:
        app = {"provider_id": "company", "name": "Hireline", "client_id": "desk", "secret": "s",
               "settings": {"server_url": provider.issuer}}  # fmt: skip
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        yield provider


class Stay(HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def by_company(page: Client) -> str:
    """Go through the company's sign-in; where one ends up."""
    assert "Sign in with Hireline" in page.get("/admin/login/").content.decode()
    there = page.post("/admin/signin/company/oidc/company/login/").url
    try:
        build_opener(Stay).open(there)
    except Exception as answer:
        back = answer.headers["Location"]
    return page.get(back.removeprefix("http://testserver")).url


def test_the_companys_own_sign_in_opens_an_account_that_was_made(maya, company, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    company.claims = {"sub": "77", "email": "Maya@company.example", "email_verified": True}
    page = Client()
    assert by_company(page) == "/admin/"
    assert page.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "78", "email": "maya@company.example", "email_verified": False},
        {"sub": "79", "email": "nobody@company.example", "email_verified": True},
        {"sub": "80"},
    ],
)
def test_the_companys_own_sign_in_opens_nothing_else(maya, company, claims):
    company.claims = claims
    page = Client()
    assert by_company(page) == "/admin/login/"
    assert "no account here" in page.get("/admin/login/").content.decode()
    assert page.get("/admin/").status_code == 302


def test_who_is_a_colleague_no_more_does_not_get_in_by_the_company_either(maya, company):
    company.claims = {"sub": "77", "email": "maya@company.example", "email_verified": True}
    by_company(Client())
    maya.is_staff = False
    maya.save()
    page = Client()
    assert by_company(page) == "/admin/login/"
    assert page.get("/admin/").status_code == 302 and not page.session.get("_auth_user_id")


def test_nobody_signs_up(maya, client):
    for path in ("none/up/", "none/join/", "none/connections/"):
        assert client.get(f"/admin/signin/{path}").status_code == 404
