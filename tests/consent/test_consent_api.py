"""Programs record and read choices; who may not, or sends nonsense, gets a sentence."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.throttling import UserRateThrottle

from audit import actor
from audit.models import ApiClient, Event
from consent.models import Choice
from subjects.models import DataSubject
from tests.consent.builders import ADA, Caller, ada, colleague, earlier, purpose

pytestmark = pytest.mark.django_db
CHOICES, WITHDRAW, CURRENT = "/api/v1/consent/choices/", "/api/v1/consent/withdraw/", "/api/v1/consent/current/"
YES = {"identifier": ADA, "purpose": "news", "granted": True}


@pytest.fixture
def site():
    purpose()
    return Caller("consent:write", "consent:read")


def test_a_choice_is_recorded_and_read_back(site) -> None:
    answer = site.post(CHOICES, YES)
    assert answer.status_code == 201
    assert {key: answer.json()[key] for key in ("purpose", "granted", "source")} == {
        "purpose": "news", "granted": True, "source": "api",
    }  # fmt: skip
    choice = Choice.objects.get()
    assert choice.client == site.client and choice.subject == ada()
    assert Event.objects.get(name="choice.recorded").actor == str(actor.client(site.client.pk))
    assert site.post(CURRENT, {"identifier": ADA}, key=None).json() == {"choices": [answer.json()]}


def test_withdrawing_is_saying_no(site) -> None:
    site.post(CHOICES, YES)
    answer = site.post(WITHDRAW, {"identifier": ADA, "purpose": "news"})
    assert answer.status_code == 201 and answer.json()["granted"] is False
    assert [one["granted"] for one in site.post(CURRENT, {"identifier": ADA}).json()["choices"]] == [False]


def test_a_person_is_the_same_however_the_address_is_written(site) -> None:
    for value in ("ada@example.org", "ADA@example.ORG"):
        site.post(CHOICES, YES | {"identifier": {"kind": "email", "value": value}})
    assert DataSubject.objects.count() == 1


def test_a_person_whom_nobody_knows_has_the_same_shape_of_answer_and_is_not_made(site) -> None:
    answer = site.post(CURRENT, {"identifier": {"kind": "email", "value": "nobody@example.org"}})
    assert answer.status_code == 200 and answer.json() == {"choices": []}
    assert not DataSubject.objects.exists()


def test_a_choice_knows_the_wording_in_force_when_it_was_made(site) -> None:
    earlier(at=timezone.now() - timedelta(days=9))
    assert site.post(CHOICES, YES).json()["notice"] == 1
    before = (timezone.now() - timedelta(days=30)).isoformat()
    assert site.post(CHOICES, YES | {"chosen_at": before}).json()["notice"] is None


def test_a_repeat_whose_answer_was_lost_gets_the_same_choice(site) -> None:
    first = site.post(CHOICES, YES, key="lost-1")
    again = site.post(CHOICES, YES, key="lost-1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert Choice.objects.count() == 1
    other = site.post(CHOICES, YES | {"granted": False}, key="lost-1")
    assert other.status_code == 409 and other.json()["code"] == "idempotency_conflict"


@pytest.mark.parametrize("path", [CHOICES, WITHDRAW])
def test_without_an_idempotency_key_nothing_is_recorded(site, path: str) -> None:
    answer = site.post(path, YES, key=None)
    assert answer.status_code == 400 and answer.json()["code"] == "idempotency_key_missing"
    assert "Idempotency-Key" in answer.json()["message"]
    assert site.post(path, YES, key="no spaces, no commas").json()["code"] == "idempotency_key_shape"
    assert site.post(path, YES, key="x" * 81).status_code == 400
    assert not Choice.objects.exists() and not DataSubject.objects.exists()


@pytest.mark.parametrize("path", [CHOICES, WITHDRAW, CURRENT])
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer po_wrong", "Basic cG86cG8=", "Bearer \u2028"])
def test_without_a_known_key_nobody_comes_in(path: str, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    answer = Client().post(path, YES, content_type="application/json", headers=headers)
    assert answer.status_code == 401 and set(answer.json()) == {"code", "message"}


def test_a_client_that_was_switched_off_stays_out(site) -> None:
    ApiClient.objects.update(active=False)
    assert site.post(CHOICES, YES).status_code == 401


@pytest.mark.parametrize(
    ("path", "scope"), [(CHOICES, "consent:read"), (WITHDRAW, "consent:read"), (CURRENT, "consent:write")]
)
def test_a_key_with_another_scope_is_refused(path: str, scope: str) -> None:
    purpose()
    answer = Caller(scope, "disclosures:write").post(path, YES)
    assert answer.status_code == 403 and answer.json()["code"] == "permission_denied"
    assert not Choice.objects.exists()


@pytest.mark.parametrize("path", [CHOICES, WITHDRAW, CURRENT])
@pytest.mark.parametrize("verb", ["get", "put", "patch", "delete"])
def test_only_post_is_answered_for_a_person_is_never_named_in_an_address(site, path: str, verb: str) -> None:
    headers = {"Authorization": f"Bearer {site.key}"}
    assert getattr(site.browser, verb)(path, headers=headers).status_code in (403, 405)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"identifier": {"kind": "name", "value": "Ada"}}, "identifier.kind"),
        ({"identifier": {"kind": "email"}}, "identifier.value"),
        ({"identifier": {"kind": "email", "value": ""}}, "identifier.value"),
        ({"identifier": {"kind": "email", "value": "a\x00@b.example"}}, "identifier.value"),
        ({"identifier": {"kind": "account_id", "value": "\ud800"}}, "identifier.value"),
        ({"identifier": ["ada@example.org"]}, "identifier.non_field_errors"),
        ({"identifier": None}, "identifier"),
        ({"granted": "perhaps"}, "granted"),
        ({"granted": None}, "granted"),
        ({"purpose": "no purpose"}, "purpose"),
        ({"chosen_at": "yesterday"}, "chosen_at"),
        ({"chosen_at": "0001-01-01T00:00:00+14:00"}, "chosen_at"),
    ],
)
def test_what_is_malformed_is_named_by_its_field(site, change: dict, field: str) -> None:
    answer = site.post(CHOICES, YES | change)
    assert answer.status_code == 400 and answer.json()["code"] == "malformed"
    assert list(answer.json()["fields"]) == [field]
    assert not Choice.objects.exists() and not DataSubject.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"ada"', "1e999", "[" * 5000, '{"identifier": ' * 3000])
def test_a_body_that_is_no_object_is_refused_in_words(site, body: str) -> None:
    headers = {"Authorization": f"Bearer {site.key}", "Idempotency-Key": "k"}
    answer = site.browser.generic("POST", CHOICES, body, content_type="application/json", headers=headers)
    assert answer.status_code == 400 and answer.json()["message"]


@pytest.mark.parametrize(
    "value", ["ada", "ada@", "a@localhost", '"a b"@example.org', "a@[127.0.0.1]", "x" * 65 + "@a.example"]
)
def test_an_address_that_cannot_be_one_is_refused_in_words(site, value: str) -> None:
    answer = site.post(CHOICES, YES | {"identifier": {"kind": "email", "value": value}})
    assert answer.status_code == 422 and answer.json()["message"].endswith(".")
    assert not DataSubject.objects.exists()


def test_an_unknown_purpose_and_a_no_to_a_required_one_are_refused_and_make_nobody(site) -> None:
    purpose("account", required=True, lawful_basis="contract", consequence="Your account ends.")
    unknown = site.post(CHOICES, YES | {"purpose": "nothing"})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "purpose")
    required = site.post(WITHDRAW, {"identifier": ADA, "purpose": "account"})
    assert required.status_code == 422 and "Your account ends." in required.json()["message"]
    assert not DataSubject.objects.exists()


def test_another_content_type_than_json_is_refused(site) -> None:
    headers = {"Authorization": f"Bearer {site.key}", "Idempotency-Key": "k"}
    assert site.browser.post(CHOICES, YES["identifier"], headers=headers).status_code == 415


def test_the_description_of_the_api_is_for_clients_and_staff(site, client) -> None:
    assert client.get("/api/v1/schema/").status_code == 401
    described = site.browser.get("/api/v1/schema/", headers={"Authorization": f"Bearer {site.key}"})
    assert described.status_code == 200 and CHOICES in described.json()["paths"]
    client.force_login(colleague("ole"))
    assert client.get("/api/v1/schema/", headers={"Accept": "text/html"}).status_code in (200, 406)
    assert client.get("/api/v1/schema/").json()["openapi"].startswith("3.")


def test_too_many_calls_are_slowed_down(site, settings, monkeypatch) -> None:
    monkeypatch.setattr(UserRateThrottle, "rate", "2/min", raising=False)
    answers = [site.post(CURRENT, {"identifier": ADA}) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] and answers[2].json()["code"] == "throttled"


def test_recording_and_reading_cost_a_fixed_number_of_queries(site, django_assert_max_num_queries) -> None:
    site.post(CHOICES, YES)
    with django_assert_max_num_queries(20):
        site.post(CHOICES, YES)
    with django_assert_max_num_queries(5):
        site.post(CURRENT, {"identifier": ADA})
