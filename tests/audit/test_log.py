"""Events are appended in the caller's transaction, chained, and hold no personal data."""

from contextlib import suppress

import pytest
from django.db import DatabaseError, connection, transaction

from audit import actor, clients, log, triggers
from audit.models import ApiClient, Event

CLERK = actor.worker("test")


def three() -> list[Event]:
    for name in ("first", "second", "third"):
        clients.create(name, ["consent:read"], actor=CLERK)
    return list(Event.objects.order_by("number"))


@pytest.mark.django_db
def test_events_are_numbered_without_gaps_and_each_covers_the_one_before() -> None:
    events = three()
    assert [one.number for one in events] == [1, 2, 3]
    assert events[0].previous == log.GENESIS
    assert [one.previous for one in events[1:]] == [one.digest for one in events[:2]]
    assert list(log.faults()) == []


@pytest.mark.django_db
def test_an_event_of_a_change_that_was_rolled_back_is_gone_with_it() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        clients.create("undone", [], actor=CLERK)
        raise RuntimeError("the change failed")
    assert not Event.objects.exists() and not ApiClient.objects.exists()
    three()
    assert list(log.faults()) == []


@pytest.mark.django_db
def test_events_of_one_block_go_in_together_at_its_end_and_those_of_a_failed_part_never() -> None:
    with log.atomic():
        clients.create("one", [], actor=CLERK)
        with pytest.raises(RuntimeError), log.atomic(apart=True):
            clients.create("undone", [], actor=CLERK)
            raise RuntimeError("this part failed")
        with pytest.raises(RuntimeError), transaction.atomic():  # a savepoint that is not the log's own
            log.record("client.created", actor=CLERK, noun=ApiClient.objects.get(name="one"))
            raise RuntimeError("and this one")
        clients.create("two", [], actor=CLERK)
        assert not Event.objects.exists()
    names = {str(one.pk): one.name for one in ApiClient.objects.all()}
    assert [names[one.noun_id] for one in Event.objects.order_by("number")] == ["one", "two"]
    assert list(log.faults()) == []


@pytest.mark.django_db(transaction=True)
def test_a_part_that_fails_takes_the_whole_with_it_and_never_silently() -> None:
    with pytest.raises(RuntimeError, match="apart=True"), log.atomic():
        clients.create("one", [], actor=CLERK)
        with suppress(ValueError), log.atomic():
            clients.create("undone", [], actor=CLERK)
            raise ValueError("somebody catches this and goes on")
    assert not ApiClient.objects.exists() and not Event.objects.exists()
    clients.create("two", [], actor=CLERK)
    assert ApiClient.objects.get().name == "two" and Event.objects.count() == 1


@pytest.mark.django_db
def test_a_rehearsal_leaves_no_event() -> None:
    with log.atomic():
        with log.atomic(apart=True):
            clients.create("rehearsed", [], actor=CLERK)
            transaction.set_rollback(True)
        clients.create("one", [], actor=CLERK)
    assert ApiClient.objects.get().name == "one" and Event.objects.count() == 1


@pytest.mark.django_db
def test_who_asks_for_the_events_of_a_noun_sees_those_of_the_same_block() -> None:
    with log.atomic():
        clients.create("one", [], actor=CLERK)
        assert [one.name for one in log.of(ApiClient.objects.get())] == ["client.created"]


@pytest.mark.django_db(transaction=True)
def test_a_block_that_fails_leaves_nothing_for_the_next_one() -> None:
    with pytest.raises(RuntimeError), log.atomic():
        clients.create("undone", [], actor=CLERK)
        raise RuntimeError("the change failed")
    clients.create("one", [], actor=CLERK)
    assert Event.objects.count() == ApiClient.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["anna@example.org", "Anna Lind", "two\nlines", 'say "hi"', "Zoë"])
def test_a_fact_that_could_be_personal_data_is_refused(value: str) -> None:
    noun = ApiClient.objects.create(name="x", key_hash="x")
    with pytest.raises(ValueError, match="free text"):
        log.record("client.created", actor=CLERK, noun=noun, note=value)


@pytest.mark.django_db
def test_an_event_that_nobody_declared_is_refused() -> None:
    noun = ApiClient.objects.create(name="x", key_hash="x")
    with pytest.raises(ValueError, match="not declared"):
        log.record("client.eaten", actor=CLERK, noun=noun)


TAMPER = {
    "update": "UPDATE audit_event SET actor = 'staff:9' WHERE number = 2",
    "delete": "DELETE FROM audit_event WHERE number = 2",
    "replace": (
        "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE number = 2"
        if connection.vendor == "sqlite"
        else "INSERT INTO audit_event SELECT * FROM audit_event WHERE number = 2"
        " ON CONFLICT (number) DO UPDATE SET actor = 'staff:9'"
    ),
    "truncate": "DELETE FROM audit_event" if connection.vendor == "sqlite" else "TRUNCATE audit_event",
}


@pytest.mark.django_db
@pytest.mark.parametrize("statement", TAMPER.values(), ids=TAMPER.keys())
def test_the_database_refuses_to_change_history(statement: str) -> None:
    three()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE audit_event SET actor = 'staff:9' WHERE number = 2", "event 2 was changed"),
        ("UPDATE audit_event SET facts = '{}' WHERE number = 1", "event 1 was changed"),
        ("UPDATE audit_event SET at = '2020-01-01 00:00:00+00:00' WHERE number = 3", "event 3 was changed"),
        ("DELETE FROM audit_event WHERE number = 2", "event 2 is missing"),
        ("DELETE FROM audit_event WHERE number = 1", "event 1 is missing"),
    ],
)
def test_whoever_removes_the_triggers_still_leaves_a_trace(statement: str, words: str) -> None:
    three()
    triggers.remove(connection)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        assert any(words in fault for fault in log.faults())
    finally:
        triggers.install(connection)


@pytest.mark.django_db
def test_an_api_key_is_shown_once_and_stored_as_a_hash() -> None:
    client, key = clients.create("sync", ["consent:write"], actor=CLERK)
    assert clients.find(key) == client
    assert clients.find(key + "x") is None
    assert key not in str(ApiClient.objects.values().get())
    ApiClient.objects.update(active=False)
    assert clients.find(key) is None
