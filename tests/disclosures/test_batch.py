"""Programs record disclosures by the thousand: each is judged alone, a repeat is a repeat, and nothing is ever changed."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from audit import actor, triggers
from audit.models import Event
from disclosures import append_only, forgetting, recording
from disclosures.models import Disclosure, Flow
from disclosures.reading import Reader
from subjects.models import DataSubject
from tests.consent.builders import ADA, CLERK, Caller, at_once, purpose
from tests.disclosures.builders import recipient

pytestmark = pytest.mark.django_db
PATH, WHO = "/api/v1/disclosures/batch/", "/api/v1/disclosures/received/"
SHARED = {"recipient": "mill", "categories": ["professional", "contact"], "purpose": "service",
          "occasion": "application sent", "disclosed_at": "2026-11-01T10:00:00Z"}  # fmt: skip


@pytest.fixture
def ats():
    recipient("mill", "professional", "contact")
    recipient("lake", "contact")
    purpose("service", lawful_basis="contract")
    return Caller("disclosures:write", "disclosures:read", name="ats")


def someone(number: int, **more) -> dict:
    return {"identifier": {"kind": "email", "value": f"p{number}@example.org"}} | more


def body(*entries: dict, shared: dict | None = None) -> dict:
    return {"shared": SHARED if shared is None else shared, "disclosures": list(entries)}


def test_many_people_and_one_recipient_are_said_once_and_recorded_with_one_event(ats) -> None:
    answer = ats.post(PATH, body(*(someone(n) for n in range(30))))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["recorded"], told["repeated"], told["refused"]) == (30, 0, 0)
    rows = Disclosure.objects.all()
    assert {str(one.pk) for one in rows} == {one["disclosure"] for one in told["results"]}
    one = rows.first()
    assert one.categories == ["contact", "professional"] and one.source == "api" and one.recorded_at is not None
    event = Event.objects.get(name="disclosures.recorded")
    assert event.facts["count"] == 30 and event.facts["recipients"] == ["mill"] and event.subject_id is None
    assert set(Flow.objects.values_list("category", "purpose")) == {("contact", "service"), ("professional", "service")}


def test_each_that_cannot_be_taken_says_why_and_the_others_are_taken(ats) -> None:
    wrong = [
        (someone(1, recipient="nobody"), "unknown_recipient", "recipient"),
        (someone(2, purpose="nothing"), "unknown_purpose", "purpose"),
        (someone(3, categories=["shoe.size"]), "unknown_category", "categories"),
        (someone(4, categories=[]), "malformed", "categories"),
        (someone(5, categories=[{"a": 1}]), "malformed", "categories"),
        (someone(6, disclosed_at="2200-01-01T00:00:00Z"), "disclosed_in_future", "disclosed_at"),
        (someone(7, disclosed_at="yesterday"), "malformed", "disclosed_at"),
        (someone(8, disclosed_at=5), "malformed", "disclosed_at"),
        (someone(9, occasion="mail to ada@example.org"), "occasion_personal", "occasion"),
        (someone(10, occasion="a\x00b"), "malformed", "occasion"),
        (someone(11, colour="red"), "malformed", "colour"),
        (someone(12, key="a b"), "malformed", "key"),
        ({"identifier": {"kind": "email", "value": "ada"}}, "email_shape", "email"),
        ({"identifier": {"kind": "name", "value": "Ada"}}, "malformed", "identifier.kind"),
        ({"identifier": "ada"}, "malformed", "identifier"),
        ("ada", "malformed", None),
        (someone(13, recipient=["mill"]), "malformed", "recipient"),
    ]
    told = ats.post(PATH, body(someone(0), *(one for one, _, _ in wrong), someone(99))).json()
    assert (told["recorded"], told["refused"]) == (2, len(wrong))
    for place, (_, code, field) in enumerate(wrong, start=1):
        refused = told["results"][place]["refused"]
        assert (refused["code"], refused.get("field")) == (code, field), wrong[place - 1]
        assert refused["message"].endswith((".", ":", "Z.", "-"))
    assert Disclosure.objects.count() == DataSubject.objects.count() == 2


def test_the_same_call_again_changes_nothing_and_says_so(ats) -> None:
    sent = body(*(someone(n) for n in range(5)))
    first, again = (ats.post(PATH, sent, key="night-1").json() for _ in range(2))
    assert again["repeated"] == 5 and again["recorded"] == 0
    assert [one["disclosure"] for one in first["results"]] == [one["disclosure"] for one in again["results"]]
    assert Disclosure.objects.count() == 5 and Event.objects.filter(name="disclosures.recorded").count() == 1


def test_the_same_call_with_other_content_is_a_conflict_of_that_entry_and_makes_nobody(ats) -> None:
    ats.post(PATH, body(someone(1), someone(2)), key="night-1")
    told = ats.post(PATH, body(someone(1), someone(77)), key="night-1").json()
    assert (told["repeated"], told["refused"]) == (1, 1)
    assert told["results"][1]["refused"]["code"] == "idempotency_conflict"
    assert Disclosure.objects.count() == DataSubject.objects.count() == 2


def test_an_entry_with_a_key_of_its_own_is_one_in_whatever_call_it_comes(ats) -> None:
    ats.post(PATH, body(someone(1, key="app-1"), someone(2, key="app-2")), key="a")
    told = ats.post(
        PATH, body(someone(2, key="app-2"), someone(3, key="app-3"), someone(4, key="app-3")), key="b"
    ).json()
    assert [one.get("repeated") for one in told["results"]] == [True, False, None]
    assert told["results"][2]["refused"]["field"] == "key" and Disclosure.objects.count() == 3
    single = {**SHARED, "identifier": someone(1)["identifier"]}
    assert ats.post("/api/v1/disclosures/", single, key="app-1").status_code == 201
    assert Disclosure.objects.count() == 3


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "disclosures"), ({"disclosures": []}, "disclosures"), ({"disclosures": {}}, "disclosures"),
        ([], "disclosures"), ({"disclosures": [{}] * 5001}, "disclosures"),
        ({"disclosures": [{}], "shared": []}, "shared"), ({"disclosures": [{}], "shared": {"key": "k"}}, "shared.key"),
        ({"disclosures": [{}], "shared": {"identifier": ADA}}, "shared.identifier"),
    ],
)  # fmt: skip
def test_a_call_that_is_no_list_of_disclosures_is_refused_as_a_whole(ats, sent, field: str) -> None:
    answer = ats.post(PATH, sent)
    assert answer.status_code == 422 and answer.json()["field"] == field


def test_another_scope_and_a_missing_key_are_refused(ats) -> None:
    assert Caller("disclosures:read").post(PATH, body(someone(1))).status_code == 403
    assert Caller("disclosures:write", name="crm").post(WHO, {"identifier": ADA}).status_code == 403
    assert ats.post(PATH, body(someone(1)), key=None).status_code == 400


def test_ten_times_as_many_cost_no_more_queries(ats, django_assert_max_num_queries) -> None:
    ats.post(PATH, body(someone(0)))
    with django_assert_max_num_queries(30) as few:
        ats.post(PATH, body(*(someone(n) for n in range(1, 11))))
    with django_assert_max_num_queries(len(few.captured_queries)):
        ats.post(PATH, body(*(someone(n) for n in range(20, 120))))


def test_who_received_is_told_page_by_page(ats) -> None:
    entries = [someone(1, disclosed_at=f"2026-10-{day:02}T10:00:00Z", recipient=who)
               for day in range(1, 11) for who in ("mill", "lake")]  # fmt: skip
    ats.post(PATH, body(*entries, someone(2)))
    seen, after = [], {}
    while True:
        page = ats.post(WHO, {"identifier": entries[0]["identifier"], "limit": 7} | after).json()
        seen += [(one["disclosed_at"], one["name"]) for one in page["disclosures"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen)) == 20 and seen == sorted(seen, key=lambda one: one[0], reverse=True)
    nobody = ats.post(WHO, {"identifier": someone(404)["identifier"]}).json()
    assert nobody == {"disclosures": [], "standing": [], "next": None}


# ---------------------------------------------------------------- nothing is changed


def refused(work) -> bool:
    try:
        with transaction.atomic():
            work()
    except DatabaseError as error:
        return "append-only" in str(error)
    return False


@pytest.mark.parametrize(
    "change",
    [{"categories": []}, {"occasion": "x"}, {"disclosed_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"source": "import"},
     {"idempotency_key": "k"}, {"idempotency_key": "", "occasion": "x"}, {"recipient": 0}],
)  # fmt: skip
def test_no_column_of_an_entry_can_be_changed(ats, change: dict) -> None:
    ats.post(PATH, body(someone(1)))
    assert refused(lambda: Disclosure.objects.update(**change))


def test_no_entry_can_be_deleted(ats) -> None:
    ats.post(PATH, body(someone(1)))
    with connection.cursor() as cursor:
        assert refused(lambda: cursor.execute("DELETE FROM disclosures_disclosure"))
    assert all(triggers.installed(connection, one) for one in append_only.LEDGER)


@pytest.mark.postgres
def test_nor_can_the_table_be_emptied() -> None:
    with connection.cursor() as cursor:
        assert refused(lambda: cursor.execute("TRUNCATE disclosures_disclosure CASCADE"))


def test_a_person_is_forgotten_and_the_account_stays(ats) -> None:
    ats.post(PATH, body(someone(1, key="user-1")))
    subject = DataSubject.objects.get()
    assert [forgetting.forget(subject, actor=CLERK) for _ in range(2)] == [1, 0]
    entry = Disclosure.objects.get()
    assert entry.idempotency_key == "" and entry.categories and entry.subject_id == subject.pk


def test_what_is_written_comes_back_letter_for_letter(ats) -> None:
    odd = ["a\\b\\nc", "tab\there", "two\nlines\r", "\\N", "naïve – 名前 🙂", "'; --", '"quoted"', "", "\\.", "{a,b}"]
    told = ats.post(PATH, body(*(someone(n, occasion=one) for n, one in enumerate(odd)))).json()
    assert told["refused"] == 0
    kept = {str(one.pk): one.occasion for one in Disclosure.objects.all()}
    assert [kept[one["disclosure"]] for one in told["results"]] == odd
    entry = Disclosure.objects.first()
    assert entry.disclosed_at == datetime(2026, 11, 1, 10, tzinfo=UTC) and entry.purpose.key == "service"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_four_batches_at_once_under_one_key_are_one(ats) -> None:
    read = Reader(SHARED)
    items = [read.item(someone(n)) for n in range(50)]

    def call(_turn: int) -> list:
        return recording.record_many(
            items, source="api", actor=actor.client(ats.client.pk), client=ats.client, call_key="night"
        )

    outcomes = at_once(call, 4)
    assert Disclosure.objects.count() == 50
    assert len({tuple(one.entry for one in outcome) for outcome in outcomes}) == 1
