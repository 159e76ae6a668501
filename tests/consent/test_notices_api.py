"""The company's own service asks what a person has to be shown, and says that it showed it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent import telling
from consent.models import Told
from subjects.models import DataSubject
from tests.consent.builders import ADA, Caller, ada, earlier, officer, published

pytestmark = pytest.mark.django_db
PENDING, TOLD = "/api/v1/consent/notices/pending/", "/api/v1/consent/notices/told/"
WHO = {"identifier": ADA}


@pytest.fixture
def site():
    return Caller("consent:write", "consent:read")


@pytest.fixture
def version(site):
    ada()
    earlier(at=timezone.now() - timedelta(days=90))
    version = published("We keep less.", summary="Logs are kept for 90 days.", short="We keep little.")
    telling.announce(version, by=officer("noor"), by_mail=False)
    return version


def test_what_a_person_must_be_shown_is_told_once_and_then_no_more(site, version, settings) -> None:
    (row,) = site.post(PENDING, WHO, key=None).json()["notices"]
    assert (row["notice"], row["number"], row["summary"]) == ("privacy", 2, "Logs are kept for 90 days.")
    assert row["url"] == f"{settings.SITE_URL}/notice/1..2/"
    first = site.post(TOLD, WHO | {"number": 2}, key=None)
    again = site.post(TOLD, WHO | {"number": 2}, key=None)
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert first.json()["channel"] == "api" and Told.objects.count() == 1
    assert site.post(PENDING, WHO, key=None).json() == {"notices": []}


def test_a_person_whom_nobody_knows_has_the_same_answer_and_is_not_made(site, version) -> None:
    nobody = {"identifier": {"kind": "email", "value": "nobody@example.org"}}
    assert site.post(PENDING, nobody).json() == {"notices": []} and DataSubject.objects.count() == 1


def test_an_unknown_number_and_a_draft_are_refused_in_words(site, version) -> None:
    answer = site.post(TOLD, WHO | {"number": 7})
    assert answer.status_code == 422 and answer.json()["code"] == "unknown_notice"


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        (PENDING, {"region": "MOON"}, "region"),
        (PENDING, {"language": "tlh"}, "language"),
        (PENDING, {"identifier": None}, "identifier"),
        (TOLD, {"number": 0}, "number"),
        (TOLD, {"number": 10**30}, "number"),
        (TOLD, {"notice": "no slug!", "number": 1}, "notice"),
        (TOLD, {}, "number"),
    ],
)
def test_what_is_malformed_is_named_by_its_field(site, path, change, field) -> None:
    answer = site.post(path, WHO | change)
    assert answer.status_code == 400 and list(answer.json()["fields"]) == [field]


@pytest.mark.parametrize(("path", "scope"), [(PENDING, "consent:write"), (TOLD, "consent:read")])
def test_a_key_with_another_scope_is_refused(path, scope) -> None:
    assert Caller(scope).post(path, WHO | {"number": 1}).status_code == 403
