"""A thousand choices in one transaction: each judged alone, once for each key, with a fixed number of queries."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import log
from audit.models import Event
from consent import choices, rebuilding, recording
from consent.models import Choice, Standing, Terms
from consent.recording import Item
from subjects import registry
from subjects.models import DataSubject, Identifier
from tests.consent.builders import ADA, CLERK, Caller, ada, at_once, purpose

pytestmark = pytest.mark.django_db
BATCH, HISTORY = "/api/v1/consent/choices/batch/", "/api/v1/consent/history/"


def said(value: str = "ada@example.org", granted: bool = True, **more) -> dict:
    return {"identifier": {"kind": "email", "value": value}, "purpose": "news", "granted": granted} | more


@pytest.fixture
def site() -> Caller:
    purpose()
    return Caller("consent:write", "consent:read")


def test_a_batch_is_recorded_and_what_is_newest_holds(site) -> None:
    before = (timezone.now() - timedelta(days=9)).isoformat()
    sent = [said(), said(granted=False, words="No thanks", language="en", region="de"), said("b@example.org"),
            said(granted=True, chosen_at=before)]  # fmt: skip
    answer = site.post(BATCH, {"choices": sent})
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["recorded"], found["repeated"], found["refused"]) == (4, 0, 0)
    rows = [Choice.objects.get(pk=one["choice"]) for one in found["results"]]
    assert [one.act for one in rows] == ["given", "withdrawn", "given", "given"]
    assert rows[1].wording.text == "No thanks" and rows[1].region == "DE" and rows[0].expires_at is not None
    held = {one.holder: one.granted for one in Standing.objects.all()}
    assert DataSubject.objects.count() == 2 and sorted(held.values()) in ([False, True], [True, True])
    assert rebuilding.compare().agrees
    assert registry.values(rows[2].subject_id) == {"email": ["b@example.org"]}


def test_a_choice_that_cannot_be_taken_refuses_itself_and_the_others_are_taken(site) -> None:
    purpose("law", required=True, lawful_basis="legal_obligation", consequence="The law asks for it.")
    Terms.objects.create(purpose=purpose("sms"), double_opt_in=True)
    late = (timezone.now() + timedelta(hours=1)).isoformat()
    sent = [
        said(), said(purpose="nothing"), said(purpose="law", granted=False), said("no address"), 7, said(granted="yes"),
        said(chosen_at=late), said(chosen_at="yesterday"), said(color="red"), said(signal=True), said(purpose="sms"),
        said("b@example.org", purpose="sms", confirmed=True), said(words="x" * 4001), said(key="a b"),
    ]  # fmt: skip
    found = site.post(BATCH, {"choices": sent}).json()
    codes = [one.get("refused", {}).get("code") for one in found["results"]]
    assert codes == [
        None, "unknown_purpose", "required_purpose", "email_shape", "malformed", "malformed", "chosen_in_future", "malformed",
        "malformed", "signal_is_no", "needs_confirmation", None, "malformed", "malformed",
    ]  # fmt: skip
    assert [one["index"] for one in found["results"]] == list(range(len(sent)))
    assert (found["recorded"], found["refused"], Choice.objects.count()) == (2, 12, 2)
    assert all(
        one["refused"]["message"].endswith(".") or "key" in one["refused"]["message"]
        for one in found["results"]
        if "refused" in one
    )


def test_a_repeat_of_the_call_is_a_repeat_of_each(site) -> None:
    sent = {"choices": [said(), said("b@example.org", key="mine-1")]}
    first = site.post(BATCH, sent, key="call-1").json()
    again = site.post(BATCH, sent, key="call-1").json()
    assert [one["choice"] for one in again["results"]] == [one["choice"] for one in first["results"]]
    assert (again["recorded"], again["repeated"], Choice.objects.count()) == (0, 2, 2)
    other = site.post(
        BATCH, {"choices": [said(granted=False), said("c@example.org", key="mine-1")]}, key="call-1"
    ).json()
    assert [one["refused"]["code"] for one in other["results"]] == ["idempotency_conflict"] * 2
    twice = site.post(BATCH, {"choices": [said(key="k"), said(key="k", granted=False)]}).json()
    assert [one.get("refused", {}).get("code") for one in twice["results"]] == [None, "idempotency_conflict"]


@pytest.mark.parametrize("sent", [{}, {"choices": []}, {"choices": [1] * 1001}, {"choices": "x"}, []])
def test_no_list_or_too_long_a_list_is_refused(site, sent) -> None:
    answer = site.post(BATCH, sent)
    assert answer.status_code == 422 and answer.json()["code"] == "too_many"
    assert site.post(BATCH, {"choices": [said()]}, key=None).status_code == 400


def test_two_people_who_share_an_identifier_are_for_a_colleague(site) -> None:
    ada()
    registry.add(DataSubject.objects.create(), "email", "ada@example.org", actor=CLERK)
    found = site.post(BATCH, {"choices": [said(), said("b@example.org")]}).json()
    assert [one.get("refused", {}).get("code") for one in found["results"]] == ["shared_identifier", None]


def test_one_event_tells_of_all_and_the_chain_holds(site) -> None:
    site.post(BATCH, {"choices": [said(), said("b@example.org", granted=False)]})
    event = Event.objects.get(name="choices.recorded")
    assert event.facts["count"] == 2 and event.facts["granted"] == 1 and len(event.facts["digest"]) == 64
    assert Event.objects.get(name="subjects.made").facts["count"] == 2
    assert list(log.faults()) == []


def test_a_batch_costs_as_many_queries_whatever_its_size(site, django_assert_max_num_queries) -> None:
    def record(number: int) -> None:
        items = [Item("email", f"p{number}.{n}@example.org", "news", n % 2 > 0, words="Yes?") for n in range(number)]
        recording.record_many(items, source="api", actor=CLERK, client=site.client, call_key=f"call-{number}")

    record(1)
    with django_assert_max_num_queries(22):
        record(300)
    assert rebuilding.compare().agrees


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_batches_at_once_about_the_same_people_lose_nothing_and_repeat_nothing() -> None:
    purpose()
    site = Caller("consent:write")

    def call(turn: int) -> list:
        people = range(60) if turn % 2 else range(59, -1, -1)
        items = [Item("email", f"p{n}@example.org", "news", turn % 2 > 0, key=f"k.{turn // 2}.{n}") for n in people]
        items = [Item(one.kind, one.value, one.purpose, True, key=one.key) for one in items]
        return recording.record_many(items, source="api", actor=CLERK, client=site.client)

    found = at_once(call, 8)
    assert all(isinstance(one, list) and all(row.refused is None for row in one) for one in found), found
    assert Choice.objects.count() == 240 and Identifier.objects.count() == 60
    assert rebuilding.compare().agrees and list(log.faults()) == []


# ---------------------------------------------------------------- history


def test_a_history_is_read_page_by_page_newest_first(site) -> None:
    for turn in range(5):
        site.post("/api/v1/consent/choices/", said(granted=bool(turn % 2), words=f"Words {turn}", language="en"))
    seen, after = [], {}
    for _ in range(3):
        page = site.post(HISTORY, {"identifier": ADA, "limit": 2} | after, key=None).json()
        seen += page["choices"]
        after = {"after": page["next"]}
    assert [one["words"] for one in seen] == [f"Words {n}" for n in (4, 3, 2, 1, 0)] and page["next"] is None
    assert seen[0]["act"] == "refused" or seen[0]["act"] == "withdrawn"
    unknown = {"identifier": {"kind": "email", "value": "nobody@example.org"}}
    assert site.post(HISTORY, unknown, key=None).json() == {"choices": [], "next": None}


@pytest.mark.parametrize("after", ["x", "é", "MjAyNg==", "AAAA" * 30])
def test_a_place_that_is_none_of_ours_is_refused(site, after: str) -> None:
    answer = site.post(HISTORY, {"identifier": ADA, "after": after}, key=None)
    assert answer.status_code == 422 and answer.json()["code"] == "unknown_place"


def test_a_single_choice_says_how_it_was_made(site) -> None:
    mother = {"kind": "email", "value": "mother@example.org"}
    body = said(words="May we?", language="en", region="de", guardian=mother)
    answer = site.post("/api/v1/consent/choices/", body)
    assert answer.status_code == 201 and answer.json()["region"] == "DE" and answer.json()["act"] == "given"
    row = Choice.objects.get()
    assert row.guardian == registry.known("email", "mother@example.org") and row.wording.text == "May we?"
    assert site.post("/api/v1/consent/choices/", said(signal=True)).json()["code"] == "signal_is_no"
    assert site.post("/api/v1/consent/choices/", said(granted=False, signal=True)).json()["act"] == "signal"


def test_the_noes_since_a_moment_are_read_in_order(site) -> None:
    news, start = choices.named("news"), timezone.now()
    choices.record(ada(), news, True, source="portal", actor=CLERK)
    no = choices.record(ada(), news, False, source="portal", actor=CLERK)
    assert list(choices.withdrawn_since(start)) == [no] and not choices.withdrawn_since(timezone.now()).exists()
