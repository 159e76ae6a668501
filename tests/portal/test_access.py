"""The access matrix: every address of the portal, for a stranger, another person and the person themselves."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import get_resolver

from audit import actor as actors
from requests_app import conversation, uploads, urls
from requests_app.models import Request
from tests.portal.builders import MALLORY, person

# name: method, then the status for a stranger, for another person, for the person themselves.
MATRIX = {
    "home": ("get", 200, 200, 200),
    "notice": ("get", 200, 200, 200),
    "notice_versions": ("get", 200, 200, 200),
    "notice_version": ("get", 404, 404, 404),
    "notice_compared": ("get", 404, 404, 404),
    "leaving": ("get", 404, 404, 404),
    "brand_css": ("get", 200, 200, 200),
    "logo": ("get", 404, 404, 404),
    "privacy_choices": ("get", 200, 200, 200),
    "limit": ("get", 200, 200, 200),
    "embed": ("get", 200, 200, 200),
    "rights": ("get", 200, 200, 200),
    "gpc": ("get", 200, 200, 200),
    "package_schema": ("get", 200, 200, 200),
    "ask": ("get", 200, 200, 200),
    "received": ("get", 200, 200, 200),
    "received_code": ("post", 422, 422, 422),
    "received_facts": ("post", 303, 303, 303),
    "received_phone": ("post", 303, 303, 303),
    "do_not_sell": ("get", 200, 200, 200),
    "proof": ("get", 410, 410, 410),
    "stop": ("get", 410, 410, 410),
    "signin": ("get", 200, 200, 200),
    "sent": ("get", 200, 200, 200),
    "signin_code": ("post", 422, 422, 422),
    "host": ("post", 404, 404, 404),
    "openid": ("get", 404, 404, 404),
    "openid_back": ("get", 404, 404, 404),
    "signout": ("post", 303, 303, 303),
    "mine": ("get", 303, 200, 200),
    "recipients": ("get", 303, 200, 200),
    "one": ("get", 303, 404, 200),
    "package": ("get", 303, 404, 200),
    "withdraw": ("get", 303, 404, 200),
    "answer": ("post", 303, 404, 422),
    "write": ("post", 303, 404, 422),
    "file": ("get", 303, 404, 200),
    "appeal": ("post", 303, 404, 422),
    "complain": ("post", 303, 404, 422),
    "fresh": ("post", 303, 404, 409),
    "code": ("post", 303, 404, 422),
    "phone": ("post", 303, 404, 303),
    "paper": ("post", 303, 404, 409),
    "download": ("post", 303, 404, 409),
    "choices": ("get", 303, 200, 200),
    "choices_history": ("get", 303, 200, 200),
    "choices_withdraw": ("post", 303, 303, 303),  # each their own
    "receipts": ("get", 303, 404, 404),
    "receipt": ("get", 303, 404, 404),
    "embed_choices": ("post", 403, 403, 403),
    "notice_short": ("get", 404, 404, 404),
    "notice_short_json": ("get", 404, 404, 404),
    "notice_seen": ("post", 303, 404, 404),
    "cookies": ("get", 200, 200, 200),
    "cookies_of": ("get", 404, 404, 404),
    "subprocessors": ("get", 200, 200, 200),
    "subprocessors_asked": ("get", 200, 200, 200),
    "subprocessors_confirm": ("get", 404, 404, 404),
    "subprocessors_stop": ("get", 404, 404, 404),
    "subprocessors_answer": ("get", 404, 404, 404),
    "receipt_keys": ("get", 200, 200, 200),
    "receipt_shapes": ("get", 200, 200, 200),
    "banner": ("get", 404, 404, 404),
    "banner_choices": ("post", 404, 404, 404),
    "banner_standing": ("post", 404, 404, 404),
    "banner_person": ("post", 404, 404, 404),
    "banner_cookies": ("post", 404, 404, 404),
}


# What anybody may send, and is led on from.
ANYBODYS = ("signout", "received_phone", "received_facts", "choices_withdraw")


def file_of(request: Request) -> uuid.UUID:
    """A file that the person of this request sent."""
    given = [uploads.Given("a.txt", b"words")]
    who = actors.person(request.subject_id)
    return conversation.write(request, words="See the file.", files=given, actor=who).attachments.get().pk


def test_every_address_of_the_portal_is_in_the_matrix():
    assert {pattern.name for pattern in urls.urlpatterns} == set(MATRIX)
    names = {name for name in get_resolver().namespace_dict["portal"][1].reverse_dict if isinstance(name, str)}
    assert names == set(MATRIX)


@pytest.mark.parametrize("name", MATRIX)
def test_the_right_people_get_in_and_nobody_else(name):
    ada, request = person()
    mallory, _ = person(MALLORY)
    method, *expected = MATRIX[name]
    pattern = next(one for one in urls.urlpatterns if one.name == name)
    path = "/" + str(pattern.pattern).replace("<uuid:pk>", str(request.pk)).replace("<str:token>", "a" * 43)
    path = path.replace("<uuid:file_id>", str(file_of(request)))
    path = re.sub(r"<(int|slug):\w+>", "7", path)
    # The person comes last: signing out ends their session.
    for browser, status in zip((Client(), mallory, ada), expected, strict=True):
        response = getattr(browser, method)(path)
        assert response.status_code == status
        if status == 303 and name not in ANYBODYS and browser is not ada:
            assert response.url == "/signin/", "a stranger is asked to sign in, whether or not the thing exists"
        if status == 404:
            assert request.reference.encode() not in response.content


@pytest.mark.parametrize(
    "name",
    [
        "one",
        "package",
        "withdraw",
        "answer",
        "write",
        "file",
        "appeal",
        "complain",
        "fresh",
        "code",
        "phone",
        "paper",
        "download",
    ],
)
def test_another_persons_request_looks_like_one_that_never_was(name):
    _ada, request = person()
    mallory, _ = person(MALLORY)
    mallory.get("/my/")  # the greeting after signing in is shown once, and here
    method = MATRIX[name][0]
    path = "/" + str(next(one for one in urls.urlpatterns if one.name == name).pattern)
    path = path.replace("<uuid:file_id>", str(file_of(request)))
    real = getattr(mallory, method)(path.replace("<uuid:pk>", str(request.pk)))
    never = getattr(mallory, method)(path.replace("<uuid:pk>", str(uuid.uuid4())))
    assert (real.status_code, real.content, sorted(real.items())) == (404, never.content, sorted(never.items()))


def test_mallory_cannot_withdraw_adas_request():
    _ada, request = person()
    mallory, _ = person(MALLORY)
    assert mallory.post(f"/my/{request.pk}/withdraw/").status_code == 404
    request.refresh_from_db()
    assert request.state != "closed"


@pytest.mark.parametrize("cookie", ["", "x", "a" * 43, "' OR 1=1 --"])
def test_a_made_up_cookie_opens_nothing(cookie):
    person()
    browser = Client()
    browser.cookies["person"] = cookie
    assert browser.get("/my/").url == "/signin/"
