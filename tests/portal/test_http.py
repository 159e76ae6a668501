"""HTTP as attackers write it: methods, hosts, forged headers, doubled parameters, bodies that lie. Each answer is one of ours."""

import itertools
import json

import pytest
from django.test import Client

from audit import actor as actors
from audit import clients
from privacyops import errors
from requests_app.models import Request
from tests.portal.builders import ADA, MALLORY, answers, marks

PAGES = ["/", "/notice/", "/rights/", "/request/", "/request/received/", "/do-not-sell/", "/signin/", "/signin/sent/"]
TRICKS = ["TRACE", "TRACK", "CONNECT", "PUT", "PATCH", "DELETE", "PROPFIND", "DEBUG", "FOO"]


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("page", PAGES)
def test_head_is_get_without_a_body_and_tricks_are_refused_in_our_own_words(browser, page):
    got, head = browser.get(page), browser.head(page)
    assert head.status_code == got.status_code == 200 and head.content == b""
    assert sorted(head.headers) == sorted(got.headers)
    for method in [*TRICKS, "OPTIONS"]:
        answer = browser.generic(method, page, headers={"Cookie": "sign=Canary-7731", "X-Own": "Canary-7731"})
        assert answer.status_code == 405 and "GET" in answer["Allow"], method
        assert b"There is nothing to do here that way" in answer.content
        assert b"Canary-7731" not in answer.content, "TRACE echoes nothing"


@pytest.mark.parametrize("page", [*PAGES, "/no/such/page/"])
def test_every_answer_carries_the_headers_that_protect(browser, page):
    answer = browser.get(page)
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert "object-src 'none'" in policy and "base-uri 'none'" in policy and "form-action 'self'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff" and answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin" and answer["Cache-Control"] == "no-store"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin" and "camera=()" in answer["Permissions-Policy"]
    assert "Server" not in answer and "X-Powered-By" not in answer


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "evil.example:80", "[::1", "127.0.0.1:80:80", "", "\xff",
     "127.0.0.1, evil.example", "127.0.0.1/evil", "localhost\x00"],
)  # fmt: skip
def test_another_host_name_is_refused_and_stands_nowhere(browser, settings, host):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    answer = browser.get("/", headers={"Host": host})
    assert answer.status_code == 400 and b"evil" not in answer.content and b"We could not read that" in answer.content


def test_a_forwarded_host_is_not_believed(browser, settings):
    answer = browser.get("/request/", headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
    assert answer.status_code == 200 and b"evil.example" not in answer.content


def test_links_in_letters_come_from_our_settings_and_not_from_the_visitor(browser, settings):
    settings.ALLOWED_HOSTS = ["*"]
    given = answers(browser)
    assert (
        browser.post(
            "/request/", given, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        ).status_code
        == 303
    )
    letter = Request.objects.get().letters.get()
    assert settings.SITE_URL in letter.body and "evil.example" not in letter.body


@pytest.mark.parametrize("proto", ["https", "http", "https, http", "javascript"])
def test_a_forwarded_scheme_is_not_believed_without_a_proxy(browser, proto):
    answer = browser.get("/", headers={"X-Forwarded-Proto": proto, "X-Forwarded-Ssl": "on"})
    assert answer.status_code == 200 and not answer.wsgi_request.is_secure()


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_method_cannot_be_overridden(browser, name):
    assert browser.post("/notice/", {"_method": "GET"}, headers={name: "GET"}).status_code == 405
    assert browser.get("/signout/", headers={name: "POST"}).status_code == 405
    assert browser.get("/signout/?_method=POST").status_code == 405


@pytest.mark.parametrize("name", ["X-Original-URL", "X-Rewrite-URL"])
def test_an_address_cannot_be_overridden(browser, name):
    assert browser.get("/", headers={name: "/admin/"}).content == browser.get("/").content


def test_doubled_parameters_are_one_answer_and_never_two(browser):
    given = [*answers(browser).items(), ("email", MALLORY), ("right", "delete")]
    body = "&".join(f"{key}={value}" for key, value in given)
    answer = browser.generic("POST", "/request/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 303
    made = Request.objects.get()
    assert (made.right, made.identifier.value) == ("delete", MALLORY), "the last one, in the row as in the letter"
    assert made.letters.get().identifier.value == MALLORY


def test_parameters_that_we_never_asked_for_change_nothing(browser):
    flags = [
        "process_now",
        "force",
        "status",
        "state",
        "verified_at",
        "is_verified",
        "proved_at",
        "approved_by",
        "subject",
        "pk",
        "id",
        "outcome",
    ]
    plain = {**answers(browser), "right": "delete"}
    browser.post(
        "/request/",
        plain | dict.fromkeys(flags, "1") | {"state": "in_review", "proved_at": "2026-01-01", "channel": "api"},
    )
    made = Request.objects.get()
    assert (
        made.state in ("received", "verifying")
        and made.proved_at is None
        and made.channel == "web"
        and made.approved_by is None
    )


BODIES = {
    "no boundary": (b"x", "multipart/form-data"),
    "a wrong boundary": (b"--a\r\n\r\nx\r\n--a--", "multipart/form-data; boundary=b"),
    "an endless boundary": (b"x", "multipart/form-data; boundary=" + "x" * 300),
    "ten thousand parts": (b"".join(b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(10_000)) + b"--b--", "multipart/form-data; boundary=b"),
    "a file with a path": (b'--b\r\nContent-Disposition: form-data; name="email"; filename="../../evil.py"\r\n\r\nx\r\n--b--', "multipart/form-data; boundary=b"),
    "a file name in two spellings": (b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename*=utf-8''..%2f..%2fevil; filename=\"a\"\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
    "a header without end": (b'--b\r\nContent-Disposition: form-data; name="' + b"x" * 60_000, "multipart/form-data; boundary=b"),
    "base64 that is none": (b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--b--', "multipart/form-data; boundary=b"),
    "two thousand fields": (b"a=1&" * 2000, "application/x-www-form-urlencoded"),
    "JSON": (b'{"email": "a@b.c"}', "application/json"),
    "XML": (b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", "application/xml"),
    "UTF-16": ("email=a".encode("utf-16"), "application/x-www-form-urlencoded; charset=utf-16"),
    "UTF-7": (b"email=+ADw-", "application/x-www-form-urlencoded; charset=utf-7"),
    "no such charset": (b"email=a", "application/x-www-form-urlencoded; charset=klingon"),
    "nonsense type": (b"email=a", "\xff/\x00"),
    "no type": (b"email=a", ""),
    "broken escapes": (b"email=%&name=%zz&details=%u0041&=&&;", "application/x-www-form-urlencoded"),
}  # fmt: skip


@pytest.mark.parametrize("path", ["/request/", "/do-not-sell/", "/signin/"])
@pytest.mark.parametrize("body", BODIES)
def test_bodies_that_lie_are_refused_and_leave_nothing(browser, path, body):
    content, kind = BODIES[body]
    answer = browser.generic("POST", path, content, content_type=kind)
    assert answer.status_code in (400, 413, 422), answer.status_code
    assert answer["Content-Type"].startswith("text/html") and Request.objects.count() == 0


def test_what_is_too_large_is_said_to_be_too_large(browser):
    answer = browser.generic(
        "POST", "/request/", b"details=" + b"x" * 1_100_000, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 413 and b"too large" in answer.content
    many = browser.generic("POST", "/request/", b"a=1&" * 2000, content_type="application/x-www-form-urlencoded")
    assert many.status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[" * 100_000, b'{"a":' * 50_000, b'{"email": NaN}', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"email":"\\ud800"}',
     b'{"email":"a","email":"b"}', b'"x"', b"null", b"[]", b"1e999", b'{"right":{}}', b"{}" * 1000, b'{"x":"' + b"y" * 1_200_000 + b'"}'],
)  # fmt: skip
def test_the_api_refuses_broken_bodies_in_its_own_words(body, db):
    _, key = clients.create("shop", ["requests:write"], actor=actors.worker("tests"))
    browser = Client(raise_request_exception=False)
    answer = browser.generic(
        "POST", "/api/v1/requests/", body, content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {key}",
        HTTP_IDEMPOTENCY_KEY="k" * 20,
    )  # fmt: skip
    assert answer.status_code in (400, 413, 422), answer.status_code
    assert answer["Content-Type"].startswith("application/json") and json.loads(answer.content)["code"]


def test_programs_are_told_in_json_what_people_are_told_by_a_page(browser):
    answer = browser.get("/api/v1/no-such-thing/")
    assert answer.status_code == 404 and answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    "header",
    [{"User-Agent": "x" * 60_000}, {"Accept-Language": "de," * 20_000}, {"Cookie": "a=b; " * 10_000}, {"Cookie": "csrf=\xff; person=\x01"},
     {"Accept-Language": "../../etc"}, {"If-Modified-Since": "yesterday"}, {"Range": "bytes=0-,0-,0-"}, {"If-None-Match": '"' * 5000},
     {"Content-Length": "-1"}, {"Content-Length": "x"}, {"Expect": "200-ok"}, {"Sec-GPC": "2"}, {"Accept": "application/x-evil"}],
)  # fmt: skip
def test_odd_headers_change_nothing(browser, header):
    answer = browser.get("/request/", headers=header)
    assert answer.status_code == 200


def test_each_error_page_is_in_the_house_style_and_shows_nothing_of_the_visitor(rf, browser, db):
    pages = {
        400: browser.get("/", headers={"Host": "evil<b>"}),
        403: Client(enforce_csrf_checks=True).post("/request/", {"details": "canary<b>"}),
        404: browser.get("/canary<b>/"),
        405: browser.delete("/request/?canary<b>"),
        413: browser.generic("POST", "/request/", b"details=canary<b>" + b"x" * 1_100_000, content_type="application/x-www-form-urlencoded"),
        500: errors.broken(rf.get("/canary<b>")),
    }  # fmt: skip
    for status, page in pages.items():
        text = page.content.decode()
        assert page.status_code == status
        assert text.startswith("<!doctype html>") and "portal.css" in text and "<h1>" in text, status
        assert "canary" not in text and "evil" not in text, status


def test_too_many_wrong_passwords_are_answered_in_the_house_style(browser, settings, db):
    for _ in range(settings.AXES_FAILURE_LIMIT + 1):
        answer = browser.post("/admin/login/", {"login": "maya", "password": "wrong"}, REMOTE_ADDR="203.0.113.9")
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0
    assert b"portal.css" in answer.content and b"minutes" in answer.content


def test_a_form_without_its_token_is_refused_and_names_no_field(db):
    strict = Client(enforce_csrf_checks=True)
    page = strict.get("/request/")
    given = marks(page.content) | {"right": "access", "email": ADA, "residence": "DE"}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Referer": "https://evil.example/"}):
        assert strict.post("/request/", given, headers=headers).status_code == 403
    assert Request.objects.count() == 0


def test_no_address_redirects_to_where_a_visitor_says(browser):
    names = ("next", "url", "to", "redirect", "return", "continue")
    for page, name, where in itertools.product(
        ["/", "/signin/", "/admin/login/"], names, ["//evil.example", "https:evil.example", "/\\evil.example"]
    ):
        answer = browser.get(f"{page}?{name}={where}")
        assert answer.status_code == 200 or not answer.url.startswith(("http", "//", "/\\"))


def test_half_a_character_in_a_call_is_quoted_and_breaks_nothing(db):
    _, key = clients.create("shop", ["consent:write"], actor=actors.worker("tests"))
    browser = Client(raise_request_exception=False)
    answer = browser.generic(
        "POST", "/api/v1/consent/withdraw/", b'{"identifier": {"kind": "\\ud800", "value": "x"}, "purpose": "ads"}',
        content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {key}", HTTP_IDEMPOTENCY_KEY="k" * 20,
    )  # fmt: skip
    assert answer.status_code == 400 and "kind" in str(answer.json()["fields"])
