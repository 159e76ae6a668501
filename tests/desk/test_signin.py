"""Signing in, being locked out, and the headers of the desk."""

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.test import Client

from tests.desk.builders import browser, colleague, events

WORDS = {"login": "maya", "password": "correct horse battery"}


@pytest.fixture
def maya(db):
    """A colleague with a password."""
    user = colleague("Privacy officer", "maya")
    user.set_password(WORDS["password"])
    user.save()
    return user


def policy(answer: object) -> dict[str, str]:
    header = answer.headers["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


def test_a_colleague_signs_in_and_lands_on_the_desk(maya, client):
    assert client.get("/admin/").url == "/admin/login/?next=/admin/"
    for path in ("/admin/login/", "/admin/login/?next=/admin/"):
        page = Client()
        assert page.get(path).status_code == 200
        answer = page.post(path, WORDS)
        assert (answer.status_code, answer.url) == (302, "/admin/"), path
        assert page.get("/admin/").status_code == 200


def test_too_many_wrong_passwords_lock_the_account_and_an_administrator_unlocks_it(maya, client):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        client.post("/admin/login/", {**WORDS, "password": "wrong"})
    locked = client.post("/admin/login/", WORDS)
    assert locked.status_code == 429
    assert WORDS["password"] not in str(list(AccessAttempt.objects.values()))
    attempt = AccessAttempt.objects.get()
    url = f"/admin/axes/accessattempt/{attempt.pk}/do/unlock/"
    assert browser(colleague("Reviewer")).post(url).status_code in (403, 404)
    assert browser(colleague("Administrator")).post(url).status_code == 302
    assert events("signin.unlocked").count() == 1
    assert client.post("/admin/login/", WORDS).status_code == 302


def test_somebody_elses_wrong_passwords_do_not_lock_out_another_address(maya):
    stranger = Client(REMOTE_ADDR="192.0.2.1")
    for _ in range(settings.AXES_FAILURE_LIMIT + 1):
        stranger.post("/admin/login/", {**WORDS, "password": "wrong"})
    assert Client(REMOTE_ADDR="192.0.2.2").post("/admin/login/", WORDS).status_code == 302


def test_only_the_desk_may_evaluate_and_nobody_may_run_inline_scripts(maya, client):
    desk, public = policy(client.get("/admin/login/")), policy(client.get("/"))
    assert desk["script-src"] == "'self' 'unsafe-eval'"
    assert public["script-src"] == "'self'" and public["style-src"] == "'self'"
    assert policy(browser(maya).get("/admin/"))["script-src"] == "'self' 'unsafe-eval'"
    for part in (desk, public):
        assert (
            part["object-src"] == "'none'" and part["frame-ancestors"] == "'none'" and part["form-action"] == "'self'"
        )


def test_pages_of_the_desk_are_kept_by_no_cache(maya):
    answer = browser(maya).get("/admin/")
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "same-origin"
