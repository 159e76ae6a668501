"""Every public page works, refuses the wrong verb, and carries the headers and the plain markup that we promise."""

import re
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from consent.models import Choice, NoticeVersion
from inventory.models import Purpose
from tests.portal.builders import person

FORM = ["/request/", "/request/?right=delete", "/do-not-sell/", "/signin/"]
READ = [
    "/",
    "/notice/",
    "/notice/versions/",
    "/privacy-choices/",
    "/rights/",
    "/rights/?place=US-CA",
    "/request/received/",
    "/signin/sent/",
]
OPEN = [*READ, *FORM]
OWN = ["/my/", "/my/{}/", "/my/{}/package/", "/my/{}/withdraw/", "/my/recipients/", "/choices/"]
POSTS = ["/my/{}/fresh/", "/my/{}/download/", "/signout/"]


@pytest.mark.parametrize("path", OPEN)
def test_an_open_page_works_for_a_stranger(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", OPEN)
def test_a_page_is_small_strict_and_alone(client, path):
    response = client.get(path)
    html = response.content.decode()
    assert len(response.content) < 60_000
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "style-src 'self'" in policy and "unsafe" not in policy
    assert response["Cache-Control"] == "no-store"
    assert response["X-Frame-Options"] == "DENY" and response["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in html and "style=" not in html and "<style" not in html and " onclick" not in html
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', html), "a request to somebody else"
    assert '<html lang="en"' in html and html.count("<h1") == 1 and '<main id="content"' in html


@pytest.mark.parametrize("path", OWN)
def test_a_page_of_ones_own_is_small_strict_and_alone(path):
    ada, request = person()
    test_a_page_is_small_strict_and_alone(ada, path.format(request.pk))


def test_each_page_has_a_title_of_its_own(client):
    titles = [re.search(r"<title>(.*?)</title>", client.get(path).content.decode()).group(1) for path in OPEN]
    assert len(set(titles)) == len(OPEN) - 1, "only the form, opened in two ways, has one title twice"


@pytest.mark.parametrize("path", [*READ, "/my/", "/my/recipients/", "/.well-known/gpc.json"])
def test_a_page_to_read_refuses_to_be_posted_to(client, path):
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("path", POSTS)
def test_what_changes_something_refuses_get_and_head(client, path):
    assert client.get(path.format(uuid.uuid4())).status_code == 405
    assert client.head(path.format(uuid.uuid4())).status_code == 405


@pytest.mark.parametrize("path", [*OPEN, *OWN, *POSTS, "/proof/abc/"])
def test_no_page_takes_put_or_delete(client, path):
    assert client.put(path.format(uuid.uuid4())).status_code == 405
    assert client.delete(path.format(uuid.uuid4())).status_code == 405


@pytest.mark.parametrize("path", ["/request/", "/do-not-sell/", "/signin/", "/proof/abc/", "/signout/"])
def test_a_form_without_its_mark_is_refused_with_a_page_that_helps(path):
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(path, {"email": "ada@example.org"})
    assert response.status_code == 403
    assert b"Please send that once more" in response.content


def test_a_browsers_form_passes_the_csrf_check_with_the_policy_that_we_send():
    # Under "no-referrer" browsers send `Origin: null` with forms, and Django refuses that.
    strict = Client(enforce_csrf_checks=True)
    page = strict.get("/signin/")
    assert page["Referrer-Policy"] == "same-origin"


def test_the_notice_in_force_is_shown_with_version_day_and_fingerprint(client):
    digest = "ab" * 32
    NoticeVersion.objects.create(
        number=3, title="Privacy notice", body="# Privacy notice\n\nWe keep **little**.", digest=digest,
        effective_on=timezone.now().date(), published_at=timezone.now(),
    )  # fmt: skip
    html = client.get("/notice/").content.decode()
    assert "Version 3" in html and digest in html and "We keep <strong>little</strong>." in html
    assert html.count("Privacy notice</h") == 1, "the title stands there once"


def test_without_a_notice_the_page_says_whom_to_ask(client):
    assert b"No notice is published here yet" in client.get("/notice/").content


def test_an_address_that_is_not_there_is_a_page_that_helps(client):
    response = client.get("/nothing-here/")
    assert response.status_code == 404 and b"There is nothing here" in response.content


@pytest.mark.parametrize("path", [*OPEN, "/embed/request/", "/nothing-here/", "/proof/abc/", "/leaving/9/"])
def test_a_browsers_signal_is_confirmed_on_every_page_errors_too(client, path):
    with_signal, without = client.get(path, headers={"Sec-GPC": "1"}), client.get(path)
    words = b"opt-out signal is on"
    assert words in with_signal.content and words not in without.content
    assert "Sec-GPC" in without["Vary"] and "Sec-GPC" in with_signal["Vary"]


def test_what_the_site_says_of_the_signal_is_what_the_specification_wants(client):
    answer = client.get("/.well-known/gpc.json")
    assert answer["Content-Type"] == "application/json" and answer.json()["gpc"] is True
    assert set(answer.json()) == {"gpc", "lastUpdate"} and re.match(r"^\d{4}-\d\d-\d\d$", answer.json()["lastUpdate"])


def test_for_somebody_who_is_signed_in_the_signal_is_put_on_record_by_any_page():
    ada, request = person()
    Purpose.objects.create(
        key="ads", name="Advertising", description="A", lawful_basis="consent", sale_or_sharing=True, consequence="C"
    )
    page = ada.get("/notice/", headers={"Sec-GPC": "1"})
    assert b"We recorded that your data is not sold or shared" in page.content
    assert Choice.objects.filter(subject=request.subject, granted=False).count() == 1
    again = ada.get("/my/", headers={"Sec-GPC": "1"})
    assert b"We recorded" not in again.content and Choice.objects.count() == 1, "once"


def test_every_answer_carries_the_headers_that_keep_others_out(client):
    for path in ("/", "/admin/login/", "/.well-known/gpc.json", "/brand.css", "/nothing-here/", "/api/v1/schema/"):
        answer = client.get(path)
        assert answer["X-Content-Type-Options"] == "nosniff" and answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in answer["Permissions-Policy"] and answer["Referrer-Policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"], path
