"""A changed notice on the public pages: the banner for whoever is signed in, the short notice, notices for other places."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from consent import telling
from consent.models import Told
from subjects.models import DataSubject
from tests.consent.builders import earlier, officer, published
from tests.portal.builders import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    """Ada's browser; she came before the version that is announced."""
    browser, _request = person()
    DataSubject.objects.update(created_at=timezone.now() - timedelta(days=60))
    earlier(at=timezone.now() - timedelta(days=90))
    version = published("We keep less.", summary="Logs are kept for 90 days.", effective_on=timezone.localdate())
    telling.announce(version, by=officer("noor"), by_mail=False)
    browser.version = version
    return browser


def test_the_banner_says_what_changed_until_it_was_seen(ada) -> None:
    for path in ("/my/", "/choices/"):
        html = ada.get(path).content.decode()
        assert "Our notice changed" in html and "Logs are kept for 90 days." in html and 'href="/notice/1..2/"' in html
    answer = ada.post(f"/notice/seen/{ada.version.pk}/", {"back": "/choices/"})
    assert (answer.status_code, answer.url) == (303, "/choices/")
    assert "Our notice changed" not in ada.get("/my/").content.decode()
    assert Told.objects.get().channel == "banner"


def test_a_stranger_sees_no_banner_and_cannot_say_that_they_did(ada) -> None:
    stranger = Client()
    assert "Our notice changed" not in stranger.get("/").content.decode()
    assert stranger.post(f"/notice/seen/{ada.version.pk}/").url == "/signin/" and not Told.objects.exists()


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "/\\evil.example"]
)
def test_the_way_back_leads_to_our_own_pages_only(ada, back) -> None:
    assert ada.post(f"/notice/seen/{ada.version.pk}/", {"back": back}).url == "/my/"
    assert ada.post("/notice/seen/999999/").status_code == 404


def test_the_short_notice_stands_where_people_give_data(client) -> None:
    assert 'class="short"' not in client.get("/request/").content.decode()
    assert client.get("/notice/short/").status_code == client.get("/notice/short.json").status_code == 404
    published(short="We use this to **answer you**.")
    for path in ("/request/", "/do-not-sell/", "/limit/", "/notice/short/"):
        html = client.get(path).content.decode()
        assert "We use this to <strong>answer you</strong>." in html and 'href="/notice/"' in html, path


def test_the_short_notice_can_be_read_by_any_site_and_framed_by_those_that_were_named(client) -> None:
    published(short="We use this to **answer you**.")
    answer = client.get("/notice/short.json")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert (
        answer.json()["text"] == "We use this to **answer you**."
        and answer.json()["url"] == f"{settings.SITE_URL}/notice/"
    )
    assert "frame-ancestors 'none'" in client.get("/notice/short/")["Content-Security-Policy"]


def test_people_of_a_place_read_the_notice_that_is_for_them(client) -> None:
    published("For everybody.")
    published("For Europe.", regions="EU")
    assert "For everybody." in client.get("/notice/").content.decode()
    html = client.get("/notice/?region=DE").content.decode()
    assert "For Europe." in html and "For people in: European Union and EEA" in html
    assert "/notice/?region=EU" in html and "Everywhere else" in html
    assert "For everybody." in client.get("/notice/?region=nonsense").content.decode()


def test_a_notice_for_one_audience_has_its_own_pages(client) -> None:
    published("For everybody.")
    published("For candidates.", key="candidates")
    published("For candidates, and shorter.", key="candidates", effective_on=timezone.localdate())
    html = client.get("/notice/?for=candidates").content.decode()
    assert "and shorter" in html and "/notice/1..2/?for=candidates" in html
    assert "For everybody." not in client.get("/notice/versions/?for=candidates").content.decode()
    assert re.search("shorter", client.get("/notice/1..2/?for=candidates").content.decode())
    assert client.get("/notice/versions/?for=candidates&from=1&to=2").url == "/notice/1..2/?for=candidates"
    assert client.get("/notice/?for=../etc").status_code == 404
