"""Programs record disclosures; who may not, or sends nonsense, gets a sentence."""

import pytest
from django.utils import timezone

from audit.models import Event
from disclosures.models import Disclosure
from subjects.models import DataSubject
from tests.consent.builders import ADA, Caller, purpose
from tests.disclosures.builders import recipient

pytestmark = pytest.mark.django_db
PATH = "/api/v1/disclosures/"


@pytest.fixture
def ats():
    recipient("mill", "professional")
    purpose("service", lawful_basis="contract")
    return Caller("disclosures:write", name="ats")


def entry(**change) -> dict:
    body = {"identifier": ADA, "recipient": "mill", "categories": ["professional"], "purpose": "service",
            "occasion": "application sent", "disclosed_at": "2026-11-01T10:00:00Z"}  # fmt: skip
    return {key: value for key, value in (body | change).items() if value is not ...}


def test_a_disclosure_is_recorded(ats) -> None:
    answer = ats.post(PATH, entry())
    assert answer.status_code == 201
    row = Disclosure.objects.get()
    assert answer.json() == {
        "id": str(row.pk), "recipient": "mill", "purpose": "service", "categories": ["professional"],
        "occasion": "application sent", "disclosed_at": "2026-11-01T10:00:00Z",
    }  # fmt: skip
    assert row.client == ats.client and Event.objects.get(name="disclosure.recorded").subject_id == row.subject_id


def test_purpose_and_occasion_may_be_left_out(ats) -> None:
    answer = ats.post(PATH, entry(purpose=..., occasion=...))
    assert answer.status_code == 201 and answer.json()["purpose"] is None


def test_a_repeat_gets_the_same_entry_and_another_content_a_conflict(ats) -> None:
    first, again = (ats.post(PATH, entry(), key="k") for _ in range(2))
    assert first.json() == again.json() and Disclosure.objects.count() == 1
    assert ats.post(PATH, entry(disclosed_at="2026-11-02T10:00:00Z"), key="k").status_code == 409


def test_without_an_idempotency_key_nothing_is_recorded(ats) -> None:
    answer = ats.post(PATH, entry(), key=None)
    assert answer.status_code == 400 and "Idempotency-Key" in answer.json()["message"]
    assert not Disclosure.objects.exists() and not DataSubject.objects.exists()


def test_another_scope_is_refused_and_so_is_nobody(ats, client) -> None:
    assert Caller("consent:write").post(PATH, entry()).status_code == 403
    assert client.post(PATH, entry(), content_type="application/json").status_code == 401
    assert ats.browser.get(PATH, headers={"Authorization": f"Bearer {ats.key}"}).status_code in (403, 405)
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipient": ...}, "recipient"),
        ({"recipient": "no key"}, "recipient"),
        ({"categories": []}, "categories"),
        ({"categories": "professional"}, "categories"),
        ({"categories": [{"a": 1}]}, "categories.0"),
        ({"categories": ["professional"] * 101}, "categories"),
        ({"disclosed_at": ...}, "disclosed_at"),
        ({"disclosed_at": "9999-12-31T23:59:59-23:00"}, "disclosed_at"),
        ({"occasion": "a\x00b"}, "occasion"),
        ({"occasion": "x" * 121}, "occasion"),
    ],
)
def test_what_is_malformed_is_named_by_its_field(ats, change: dict, field: str) -> None:
    answer = ats.post(PATH, entry(**change))
    assert answer.status_code == 400 and list(answer.json()["fields"]) == [field]
    assert not DataSubject.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipient": "nobody"}, "recipient"),
        ({"purpose": "nothing"}, "purpose"),
        ({"categories": ["shoe.size"]}, "categories"),
        ({"occasion": "mail to ada@example.org"}, "occasion"),
        ({"disclosed_at": timezone.now().replace(year=2200).isoformat()}, "disclosed_at"),
        ({"identifier": {"kind": "email", "value": "ada"}}, "email"),
    ],
)
def test_what_is_understood_but_cannot_be_is_refused_in_words(ats, change: dict, field: str) -> None:
    answer = ats.post(PATH, entry(**change))
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert answer.json()["message"].endswith(".") and not DataSubject.objects.exists()


def test_recording_costs_a_fixed_number_of_queries(ats, django_assert_max_num_queries) -> None:
    ats.post(PATH, entry())
    with django_assert_max_num_queries(20):
        ats.post(PATH, entry())
