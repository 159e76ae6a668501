"""An entry that was wrong is taken back: it stays on the ledger with its reason, and nobody's page or list counts it."""

import csv
import io
import json
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import assurance, triggers
from audit.models import Event
from audit.refusal import Refused
from disclosures import (
    accounting,
    append_only,
    california,
    flows,
    forgetting,
    ledger,
    notices,
    received,
    retracting,
    third_parties,
)
from disclosures.models import Disclosure, Flow, Notice, Retraction
from disclosures.selling import Way
from law.listing import Owed
from subjects.models import DataSubject
from tests.consent.builders import ADA, CLERK, Caller, at_once, purpose
from tests.desk.builders import browser, colleague
from tests.disclosures import legal
from tests.disclosures.builders import person, recipient
from tests.disclosures.test_batch import refused
from tests.disclosures.test_ledger import enter

pytestmark = pytest.mark.django_db
PATH, BACK = "/api/v1/disclosures/", "/api/v1/disclosures/take-back/"
DESK = "/admin/disclosures/disclosure/"


@pytest.fixture
def officer():
    return colleague("Privacy officer", "maya")


@pytest.fixture
def ats():
    recipient("mill", "contact")
    return Caller("disclosures:write", "disclosures:read", name="ats")


def sent(ats: Caller, key: str = "app-1") -> Disclosure:
    body = {"identifier": ADA, "recipient": "mill", "categories": ["contact"], "disclosed_at": "2026-11-01T10:00:00Z"}
    return Disclosure.objects.get(pk=ats.post(PATH, body, key=key).json()["id"])


# ---------------------------------------------------------------- by a colleague


def test_a_colleague_takes_an_entry_back_once_and_the_log_says_why(officer) -> None:
    entry = enter(person(), recipient("mill"), "contact")
    row = retracting.take_back(entry, reason="person", by=officer)
    assert (row.entry, row.taken_back_by, row.client) == (entry, officer, None) and Disclosure.objects.count() == 1
    event = Event.objects.get(name="disclosure.taken_back")
    assert event.facts == {"reason": "person", "recipient": "mill"} and event.subject_id == entry.subject_id
    assert event.noun_id == str(entry.pk) and event.actor == f"staff:{officer.pk}"
    with pytest.raises(Refused) as again:
        retracting.take_back(entry, reason="twice", by=officer)
    assert again.value.code == "taken_back_already" and Retraction.objects.get().reason == "person"
    assert Event.objects.filter(name="disclosure.taken_back").count() == 1


@pytest.mark.parametrize("reason", ["", "because", "sent to ada@example.org"])
def test_a_reason_that_is_none_of_the_list_is_refused(officer, reason: str) -> None:
    entry = enter(person(), recipient("mill"), "contact")
    with pytest.raises(Refused) as error:
        retracting.take_back(entry, reason=reason, by=officer)
    assert error.value.code == "reason_missing" and not Retraction.objects.exists()


@pytest.mark.parametrize("role", ["Agent", "Reviewer", "Legal", "Auditor"])
def test_other_roles_take_nothing_back(role: str) -> None:
    entry = enter(person(), recipient("mill"), "contact")
    with pytest.raises(Refused) as error:
        retracting.take_back(entry, reason="never", by=colleague(role))
    assert error.value.code == "not_allowed" and not Retraction.objects.exists()


def test_what_a_legal_demand_entered_stays(officer) -> None:
    legal.disclosed(*legal.team(), notify="never", never="knows")
    entry = Disclosure.objects.get()
    with pytest.raises(Refused) as error:
        retracting.take_back(entry, reason="never", by=officer)
    assert error.value.code == "entry_of_demand" and not Retraction.objects.exists()


# ---------------------------------------------------------------- by the program that sent it


@pytest.mark.parametrize("by_key", [True, False])
def test_the_program_that_sent_it_takes_it_back_by_id_or_key_as_often_as_it_likes(ats, by_key: bool) -> None:
    entry = sent(ats)
    named = {"key": "app-1"} if by_key else {"disclosure": str(entry.pk)}
    first, again = (ats.post(BACK, named | {"reason": why}, key=None).json() for why in ("recipient", "twice"))
    assert first["disclosure"] == str(entry.pk) and first["repeated"] is False
    assert again == first | {"repeated": True}
    assert Retraction.objects.get().client == ats.client
    event = Event.objects.get(name="disclosure.taken_back")
    assert event.actor == f"client:{ats.client.pk}" and event.facts["reason"] == "recipient"
    assert ats.post("/api/v1/disclosures/received/", {"identifier": ADA}).json()["disclosures"] == []


def test_another_programs_entry_is_answered_like_none_at_all(ats) -> None:
    entry, crm = sent(ats), Caller("disclosures:write", name="crm")
    hand = enter(DataSubject.objects.get(), entry.recipient, "contact")
    ids = [{"disclosure": str(one)} for one in (entry.pk, hand.pk, uuid.uuid4())]
    for named in (*ids, {"key": "app-1"}):
        answer = crm.post(BACK, named | {"reason": "never"})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_disclosure"), named
    assert not Retraction.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"reason": "never"}, 422), ({"key": "app-1"}, 400), ({"key": "app-1", "reason": "because"}, 400),
        ({"key": "", "reason": "never"}, 400), ({"disclosure": "x", "reason": "never"}, 400),
        ({"key": "app-1", "disclosure": str(uuid.UUID(int=1)), "reason": "never"}, 422),
    ],
)  # fmt: skip
def test_a_call_that_names_no_entry_or_no_reason_is_refused(ats, body: dict, status: int) -> None:
    sent(ats)
    answer = ats.post(BACK, body)
    assert (answer.status_code, answer.json()["code"]) == (status, "malformed") and not Retraction.objects.exists()


def test_another_scope_takes_nothing_back(ats) -> None:
    entry = sent(ats)
    body = {"disclosure": str(entry.pk), "reason": "never"}
    assert Caller("disclosures:read", name="crm").post(BACK, body).status_code == 403


def test_the_key_stays_used_and_the_right_one_comes_under_a_new_key(ats) -> None:
    entry = sent(ats)
    ats.post(BACK, {"key": "app-1", "reason": "content"})
    assert sent(ats) == entry and Disclosure.objects.count() == 1
    assert not received.page(entry.subject).entries and not Flow.objects.exists()
    right = sent(ats, "app-2")
    assert received.page(entry.subject).entries == [right] and Flow.objects.count() == 1


def test_what_a_program_took_back_a_colleague_cannot_take_back_again(ats, officer) -> None:
    entry = sent(ats)
    ats.post(BACK, {"key": "app-1", "reason": "twice"})
    with pytest.raises(Refused):
        retracting.take_back(entry, reason="never", by=officer)


# ---------------------------------------------------------------- nobody reads it


def test_it_is_gone_from_what_people_read_and_from_who_is_told(officer) -> None:
    ada, mill, lake = person(), recipient("mill"), recipient("lake", role="third_party")
    wrong, right = enter(ada, lake, "contact"), enter(ada, mill, "contact")
    retracting.take_back(wrong, reason="recipient", by=officer)
    assert received.page(ada).entries == list(ledger.of(ada)) == [right]
    assert ledger.recipients_of(ada, set()) == [mill]
    assert third_parties.of(ada) == third_parties.of_anybody() == []
    sale = purpose("ads", sale_or_sharing=True)
    assert not notices.queue_withdrawal(ada, sale, origin="w", actor=CLERK)


def test_who_was_told_because_of_it_stays_told(officer) -> None:
    ada, mill = person(), recipient("mill")
    entry = enter(ada, mill, "contact")
    (notice,) = notices.queue(ada, "erasure", origin="PR-1", categories={"contact"}, actor=CLERK)
    retracting.take_back(entry, reason="never", by=officer)
    assert Notice.objects.get() == notice and not notices.queue(
        ada, "erasure", origin="PR-2", categories={"contact"}, actor=CLERK
    )


def test_a_page_goes_on_after_an_entry_that_was_taken_back_meanwhile(officer) -> None:
    ada, mill, now = person(), recipient("mill"), timezone.now()
    rows = [enter(ada, mill, "contact", disclosed_at=now - timedelta(hours=n)) for n in range(6)]
    first = received.page(ada, limit=2)
    for one in (rows[1], rows[3]):
        retracting.take_back(one, reason="twice", by=officer)
    assert received.page(ada, after=first.next, limit=2).entries == [rows[2], rows[4]]


def test_pages_and_lists_cost_the_same_however_much_was_taken_back(officer, django_assert_num_queries) -> None:
    ada, mill, now = person(), recipient("mill", role="third_party"), timezone.now()
    rows = [enter(ada, mill, "contact", disclosed_at=now - timedelta(minutes=n)) for n in range(30)]

    def costs() -> None:
        with django_assert_num_queries(6):
            received.page(ada, limit=10)
        with django_assert_num_queries(1):
            ledger.recipients_of(ada, set())
        with django_assert_num_queries(1):
            list(accounting.rows(accounting.Wanted(None, None, ada, "csv")))

    costs()
    for one in rows[::2]:
        retracting.take_back(one, reason="twice", by=officer)
    costs()
    assert len(received.page(ada, limit=100).entries) == 15


def test_each_entry_is_looked_up_by_its_key_and_retractions_are_never_read_through(officer) -> None:
    people = [person().pk]
    rows = Disclosure.objects.filter(subject__in=people).sound().order_by("-disclosed_at", "-pk")[:10]
    assert "SCAN" not in rows.explain().upper() or connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        kept = connection.introspection.get_primary_key_columns(cursor, Retraction._meta.db_table)
    assert kept == ["entry_id"]


# ---------------------------------------------------------------- months, for California and anybody's list


def test_californias_lists_forget_what_only_that_entry_told(officer) -> None:
    ada, bob, net = person(), person("bob@example.org"), recipient("adnet", role="third_party", kind="Network")
    at = timezone.now()
    both = enter(ada, net, "usage", "contact", disclosed_at=at)
    other = enter(bob, net, "contact", disclosed_at=at)
    enter(bob, net, "usage", disclosed_at=at - timedelta(days=62))  # another month tells nothing of this one
    enter(bob, recipient("mill"), "usage", disclosed_at=at)  # nor does another recipient
    enter(bob, net, "usage", disclosed_at=at, purpose=purpose("ads"))  # nor another purpose

    def month() -> set[str]:
        rows = Flow.objects.filter(recipient=net, purpose="", month=flows.month(at))
        return {one.category for one in rows}

    assert month() == {"usage", "contact"}
    retracting.take_back(both, reason="person", by=officer)
    assert month() == {"contact"} and Flow.objects.filter(category="usage").count() == 3
    retracting.take_back(other, reason="person", by=officer)
    assert month() == set()
    assert [one.recipient for one in third_parties.of_anybody(Owed(True, False, False, ()))] == [net]


def test_the_statement_that_nothing_was_sold_is_true_again(officer) -> None:
    today = timezone.localdate()
    entry = enter(person(), recipient("adnet", role="third_party"), "usage")
    assert california.lists(today).lines[Way.SOLD]
    retracting.take_back(entry, reason="never", by=officer)
    assert not any(california.lists(today).lines.values())


@pytest.mark.parametrize("day", [datetime(2026, 1, 31, 23, 59, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, tzinfo=UTC)])
def test_a_month_ends_with_its_last_moment(officer, day: datetime) -> None:
    ada, mill = person(), recipient("mill")
    entry = enter(ada, mill, "contact", disclosed_at=day)
    enter(ada, mill, "contact", disclosed_at=day + timedelta(minutes=1))
    retracting.take_back(entry, reason="never", by=officer)
    assert [one.month for one in Flow.objects.all()] == [(day + timedelta(minutes=1)).date()]
    last = enter(ada, mill, "contact", disclosed_at=day)
    enter(ada, mill, "contact", disclosed_at=day.replace(day=1, hour=0, minute=0))
    retracting.take_back(last, reason="never", by=officer)
    assert Flow.objects.count() == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_take_back_the_last_two_at_once_leave_no_month_behind() -> None:
    ada, mill, officer = person(), recipient("mill"), colleague("Privacy officer")
    entries = [enter(ada, mill, "contact") for _ in range(2)]
    at_once(lambda turn: retracting.take_back(entries[turn], reason="never", by=officer))
    assert Retraction.objects.count() == 2 and not Flow.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_recorded_while_the_only_other_is_taken_back_keeps_its_month() -> None:
    ada, mill, officer = person(), recipient("mill"), colleague("Privacy officer")
    for _ in range(15):
        wrong = enter(ada, mill, "contact")

        def work(turn: int, wrong: Disclosure = wrong) -> object:
            if turn:
                return retracting.take_back(wrong, reason="never", by=officer)
            return enter(ada, mill, "contact")

        made = at_once(work)
        assert all(isinstance(one, Disclosure | Retraction) for one in made) and Flow.objects.count() == 1
        retracting.take_back(next(one for one in made if isinstance(one, Disclosure)), reason="never", by=officer)
        assert not Flow.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_entry_taken_back_twice_at_once_is_taken_back_once() -> None:
    entry, officer = enter(person(), recipient("mill"), "contact"), colleague("Privacy officer")
    found = at_once(lambda _turn: retracting.take_back(entry, reason="never", by=officer))
    assert sorted(type(one).__name__ for one in found) == ["Refused", "Retraction"]
    assert Event.objects.filter(name="disclosure.taken_back").count() == 1


# ---------------------------------------------------------------- the account explains itself, and nothing is deleted


def test_the_account_carries_it_with_its_mark(officer) -> None:
    ada, mill = person(), recipient("mill")
    wrong, right = enter(ada, mill, "contact"), enter(ada, mill, "contact")
    row = retracting.take_back(wrong, reason="twice", by=officer)
    wanted = accounting.Wanted(date(2000, 1, 1), date(2100, 1, 1), ada, "csv")
    lines = csv.DictReader(io.StringIO("".join(accounting.as_csv(wanted)).removeprefix("\ufeff")))
    marks = {one["id"]: (one["taken_back_at"], one["taken_back_reason"]) for one in lines}
    assert marks == {str(wrong.pk): (row.taken_back_at.isoformat(), "twice"), str(right.pk): ("", "")}
    told = {
        one["id"]: one["taken_back_reason"] for one in json.loads("".join(accounting.as_json(wanted)))["disclosures"]
    }
    assert told == {str(wrong.pk): "twice", str(right.pk): None}


@pytest.mark.parametrize(
    "change", [{"reason": "never"}, {"taken_back_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"client": None}]
)
def test_nothing_of_a_retraction_can_be_changed_or_deleted(ats, change: dict) -> None:
    sent(ats)
    ats.post(BACK, {"key": "app-1", "reason": "twice"})

    def stays(work) -> bool:
        try:
            with transaction.atomic():
                work()
        except Exception as error:
            return "stays so" in str(error)
        return False

    with connection.cursor() as cursor:
        assert stays(lambda: Retraction.objects.update(**change))
        assert stays(lambda: cursor.execute("DELETE FROM disclosures_retraction"))
        assert refused(lambda: cursor.execute("DELETE FROM disclosures_disclosure"))
    assert Retraction.objects.get().reason == "twice"


def test_a_retraction_of_nobody_or_of_two_is_refused_by_the_database(ats, officer) -> None:
    entry = sent(ats)
    for by in ({}, {"taken_back_by": officer, "client": ats.client}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Retraction.objects.create(entry=entry, reason="never", taken_back_at=timezone.now(), **by)
    with pytest.raises(IntegrityError), transaction.atomic():
        Retraction.objects.create(entry=entry, reason="", taken_back_at=timezone.now(), taken_back_by=officer)


def test_the_check_of_the_ledger_looks_after_retractions_too() -> None:
    check = next(one for one in assurance.checks() if one.key == "disclosures.ledger_kept")
    assert check.run().ok and append_only.RETRACTIONS[0] in triggers.TABLES
    triggers.remove(connection, append_only.RETRACTIONS[0])
    assert not check.run().ok
    triggers.install(connection, append_only.RETRACTIONS[0])
    assert check.run().ok


def test_a_wrong_entry_about_a_recipient_that_is_switched_off_no_longer_fails_its_check(officer) -> None:
    entry = enter(person(), recipient("mill", active=False), "contact")
    check = next(one for one in assurance.checks() if one.key == "disclosures.to_active")
    assert not check.run().ok
    retracting.take_back(entry, reason="recipient", by=officer)
    assert check.run().ok


def test_a_person_is_forgotten_and_what_was_taken_back_stays_so(ats) -> None:
    entry = sent(ats)
    ats.post(BACK, {"key": "app-1", "reason": "twice"})
    forgetting.forget(entry.subject, actor=CLERK)
    assert Retraction.objects.get().entry == entry and not received.page(entry.subject).entries
    assert ats.post(BACK, {"key": "app-1", "reason": "twice"}).status_code == 422
    assert ats.post(BACK, {"disclosure": str(entry.pk), "reason": "twice"}).json()["repeated"] is True


# ---------------------------------------------------------------- on the desk


def test_the_desk_has_a_button_a_filter_and_a_mark(officer) -> None:
    maya, ada = browser(officer), person()
    wrong, right = enter(ada, recipient("mill"), "contact"), enter(ada, recipient("lake"), "contact")
    page, do = f"{DESK}{wrong.pk}/change/", f"{DESK}{wrong.pk}/do/take_back/"
    assert "Take it back" in maya.get(page).content.decode()
    assert maya.post(do, {}).status_code == 422 and not Retraction.objects.exists()
    assert maya.post(do, {"reason": "because"}).status_code == 422 and not Retraction.objects.exists()
    assert maya.post(do, {"reason": "recipient"}).status_code == 302
    shown = maya.get(page).content.decode()
    assert "It went to another recipient. By maya" in shown and do not in shown
    again = maya.post(do, {"reason": "never"})
    assert again.status_code == 422 and "taken back already" in again.content.decode()
    for query, there in (("", {wrong, right}), ("?taken_back=yes", {wrong}), ("?taken_back=no", {right})):
        text = maya.get(f"{DESK}{query}").content.decode()
        assert {one for one in (wrong, right) if str(one.pk) in text} == there, query
    agent = browser(colleague("Agent"))
    assert do not in agent.get(f"{DESK}{right.pk}/change/").content.decode()
    assert agent.post(f"{DESK}{right.pk}/do/take_back/", {"reason": "never"}).status_code == 403


def test_the_list_of_the_desk_costs_the_same_with_many_taken_back(officer, django_assert_max_num_queries) -> None:
    maya, ada, mill = browser(officer), person(), recipient("mill")
    rows = [enter(ada, mill, "contact") for _ in range(12)]
    maya.get(DESK)
    with django_assert_max_num_queries(100) as few:
        maya.get(DESK)
    for one in rows:
        retracting.take_back(one, reason="twice", by=officer)
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert "Taken back" in maya.get(DESK).content.decode()
