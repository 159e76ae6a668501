import re
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.db.models import F

from audit import actor as actors
from audit.models import Event
from audit.refusal import Refused
from requests_app import intake, letters
from requests_app.models import Letter, Proof, Request
from subjects.models import DataSubject
from tests.requests_app import builders
from tests.requests_app.builders import NOW, ask, pump


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("right", {"right": "everything"}),
        ("email", {"email": "ada"}),
        ("email", {"email": "ada@[127.0.0.1]"}),
        ("email", {"email": "ada@example.org\nBcc: all@example.org"}),
        ("name", {"name": "x" * 201}),
        ("name", {"name": "Ada\x00"}),
        ("residence", {"residence": "Atlantis"}),
        ("details", {"details": "x" * 4001}),
        ("details", {"details": "lone \ud800 surrogate"}),
        ("changes", {"right": "correct"}),
        ("changes", {"right": "correct", "changes": {"salary": "1"}}),
        ("changes", {"right": "correct", "changes": {"full_name": "x" * 501}}),
        ("channel", {"channel": "pigeon"}),
        ("nonce", {"nonce": "n" * 65}),
        ("received_at", {"received_at": NOW + timedelta(days=1)}),
        ("received_at", {"received_at": NOW - timedelta(days=3000)}),
    ],
)
def test_a_mistake_names_its_field_and_stores_nothing(company, field, values):
    before = DataSubject.objects.count()
    with pytest.raises(Refused) as refused:
        ask(**{"right": "access", **values}, now=NOW)
    assert refused.value.field == field
    assert refused.value.message.endswith((".", "?"))
    assert not Request.objects.exists()
    assert DataSubject.objects.count() == before


def test_a_request_is_stored_with_its_law_its_clock_and_its_plan(company):
    request = ask("access", now=NOW)
    assert request.reference.startswith("PR-")
    assert request.laws
    assert request.laws[0]["statute"] and request.laws[0]["version"]
    assert request.plan["operation"] == "export"
    clocks = list(request.clocks.filter(kind="respond"))
    assert clocks
    assert all(clock.steps and clock.cite and clock.version for clock in clocks)
    assert request.due_at == min(clock.due_at for clock in clocks)
    assert Event.objects.filter(name="request.received", noun_id=str(request.pk)).count() == 1


def test_the_same_form_twice_is_one_request(company):
    first = ask("access", nonce="form-1", now=NOW)
    again = ask("access", nonce="form-1", now=NOW)
    assert first.pk == again.pk
    assert Request.objects.count() == 1
    assert Letter.objects.filter(kind="acknowledgement").count() == 1


@pytest.mark.parametrize(
    "other", [{"email": "bob@example.org"}, {"details": "All of it."}, {"identifiers": {"account_id": "2"}}]
)
def test_another_request_under_the_same_key_is_refused_and_not_taken_for_the_first(company, other):
    ask("access", nonce="key-1", now=NOW)
    with pytest.raises(Refused) as caught:
        ask("access", nonce="key-1", now=NOW, **other)
    assert caught.value.code == "idempotency_conflict"
    assert Request.objects.count() == 1


def test_two_forms_of_one_person_belong_to_one_person(company):
    assert ask("access").subject_id == ask("delete", email="ADA@example.org").subject_id


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_forms_that_arrive_at_once_make_one_request_and_one_person(tmp_path):
    builders.inventory(builders.company_database(tmp_path))
    got, gate = [], Barrier(8)

    def submit(number: int) -> None:
        gate.wait()
        try:
            got.append(ask("access", email="new@example.org", nonce="same" if number < 4 else f"own-{number}").pk)
        finally:
            connections.close_all()

    threads = [Thread(target=submit, args=(number,)) for number in range(8)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    assert len(got) == 8
    assert len(set(got)) == Request.objects.count() == 5
    assert DataSubject.objects.count() == 1


def test_nobody_learns_whether_we_know_a_person(company):
    known = ask("access", email="ada@example.org", now=NOW)
    unknown = ask("access", email="eve@example.org", now=NOW)
    texts = []
    for request in (known, unknown):
        letter = request.letters.get()
        text = f"{letter.subject_line}\n{letter.body}".replace(request.reference, "REF")
        text = text.replace(builders.link_in(letter.body), "TOKEN")
        texts.append(re.sub(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", "CODE", text))
        assert request.state == "received"
    assert texts[0] == texts[1]


def test_a_stranger_cannot_flood_a_mailbox_and_every_request_is_kept(company):
    for _ in range(6):
        ask("access", now=NOW)
    assert Request.objects.count() == 6
    assert Letter.objects.filter(kind="acknowledgement").count() == 3
    assert Proof.objects.count() == 3


def test_a_mailbox_gets_three_confirmations_a_day_however_many_forms_name_it(company):
    for _hour in range(0, 24, 2):
        Letter.objects.update(queued_at=F("queued_at") - timedelta(hours=2))
        ask("access")
        ask("delete")
    assert Request.objects.count() == 24
    assert Letter.objects.filter(kind="acknowledgement").count() == 3


def test_strangers_use_up_nobodys_own_letters(company):
    for _ in range(4):
        request = ask("access")
    mailbox, now = request.identifier, datetime.now(UTC)
    assert letters.limited(mailbox, now, "acknowledgement") and letters.limited(mailbox, now, "sign_in")
    assert not letters.limited(mailbox, now, "fresh"), "only a signed-in person can ask for it"
    later = now + timedelta(minutes=61)
    assert letters.limited(mailbox, later, "acknowledgement")
    assert not letters.limited(mailbox, later, "sign_in"), "one who has mail from us can always get in within the hour"


def test_what_a_stranger_typed_does_not_travel_to_the_mailbox(company):
    ask("delete", email="victim@example.org", name="Win at http://evil.example", details="click http://evil.example")
    ask("delete", email="victim@example.org", name="Claim your prize now")
    for letter in Letter.objects.all():
        assert "evil" not in letter.body + letter.subject_line
        assert "prize" not in letter.body + letter.subject_line


def test_a_colleague_enters_what_came_by_post(company, rita):
    submission = intake.Submission(
        "access", "ada@example.org", "Ada", "DE", channel="post", received_at=NOW - timedelta(days=4)
    )
    request = intake.submit(submission, now=NOW, actor=actors.staff(rita.pk))
    assert request.received_at == NOW - timedelta(days=4)
    assert Event.objects.get(name="request.received").actor == f"staff:{rita.pk}"


def test_a_receipt_that_the_law_wants_confirmed_is_confirmed_once_the_mailbox_has_room(company):
    asked = [ask(right, residence="US-CA", now=NOW) for right in ("access", "delete", "access", "delete")]
    with_letter = [one for one in asked if one.letters.exists()]
    held = next(one for one in asked if not one.letters.exists())
    assert len(with_letter) == 3 and held.clocks.filter(kind="acknowledge", met_at=None).exists()
    soon = datetime.now(UTC)
    assert intake.acknowledge_owed(soon) == 0, "the mailbox had three within the hour"
    assert intake.acknowledge_owed(soon + timedelta(hours=23)) == 0, "and within the day"
    assert intake.acknowledge_owed(soon + timedelta(hours=25)) == 1
    assert intake.acknowledge_owed(soon + timedelta(hours=25)) == 0
    pump()
    assert held.letters.get().kind == "acknowledgement"
    assert not held.clocks.filter(kind="acknowledge", met_at=None).exists()
