"""A transaction from the data room to the ledger: who sees what before, who is told, who objects, what goes over."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import failpoints, log
from audit.models import Event
from audit.refusal import Refused
from disclosures import persons, tasks, third_parties
from disclosures.models import Disclosure, PersonNotice, RoomItem, Transaction, TransactionPerson
from disclosures.transactions import closing, moving, people, registering, room, table
from subjects.models import DataSubject
from tests.disclosures import legal
from tests.disclosures.builders import Post, person
from tests.disclosures.legal import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def two():
    yield legal.team()
    failpoints.arm("")


def state(row: Transaction) -> str:
    return Transaction.objects.get(pk=row.pk).state


def proposed(two, post: Post) -> Transaction:
    """People were told, one objected, the time is over, and Paula proposed the closing."""
    paula, _ = two
    row = legal.told(legal.transaction(paula), paula)
    legal.deliver()
    people.object_for(row, "email", "bob@example.org", now=timezone.now(), by=paula)
    legal.days_pass(row)
    moving.propose(row, by=paula)
    row.refresh_from_db()
    return row


def test_the_table_knows_every_state_and_nothing_follows_an_end():
    assert set(table.MOVES) == set(Transaction.State.values)
    assert not table.MOVES["closed"] and not table.MOVES["abandoned"] and table.MOVES["closing"] == ("closed",)


def test_a_transaction_goes_from_signing_to_the_ledger(two, post: Post):
    paula, lena = two
    row = proposed(two, post)
    assert not row.other_party.active, "nobody outside knows of it yet"
    moving.approve(row, by=lena)
    assert not closing.run(row.pk) and state(row) == "closing", "a dataset is still to be handed over"
    entry = Disclosure.objects.get()
    assert (
        entry.recipient.active
        and entry.recipient.name == "Heron SE"
        and row.reference in entry.occasion
        and entry.categories == ["contact"]
    )
    assert entry.subject == person("ada@example.org")
    assert entry.recipient in [one.recipient for one in third_parties.of_anybody()], (
        "the lists of a year tell of it as well"
    )
    refused("too_many_people", registering.hand_over, row, row.datasets.get().pk, people=2, left_out=0, by=paula)
    registering.hand_over(row, row.datasets.get().pk, people=1, left_out=1, digest="a" * 64, by=paula)
    tasks.sweep_closings()
    tasks.close_transaction(str(row.pk))
    assert state(row) == "closed"
    assert Event.objects.get(name="transaction.closed").facts == {"people": 1, "left_out": 1}
    assert not list(log.faults())


def test_who_proposed_the_closing_never_approves_it_and_the_database_says_so_too(two, post: Post):
    _, lena = two
    row = proposed((lena, lena), post)
    refused("same_person", moving.approve, row, by=lena)
    with pytest.raises(IntegrityError), transaction.atomic():
        Transaction.objects.update(state="closing", approved_by=lena)
    with pytest.raises(IntegrityError), transaction.atomic():
        TransactionPerson.objects.filter(objected_at__isnull=False).update(transferred_at=timezone.now())


def test_nothing_closes_before_people_were_told_and_had_their_time(two, post: Post):
    paula, _ = two
    row = legal.transaction(paula)
    refused("not_told", moving.propose, row, by=paula)
    refused("period", moving.tell, row, object_until=timezone.localdate() + timedelta(days=29), by=paula)
    legal.told(row, paula)
    refused("objection_time", moving.propose, row, by=paula)
    legal.days_pass(row)
    refused("not_told", moving.propose, row, by=paula)
    legal.deliver()
    moving.propose(row, by=paula)
    moving.send_back(row, by=two[1])
    assert state(row) == "telling"


def test_where_no_records_go_over_nobody_has_to_be_told(two):
    paula, lena = two
    row = legal.transaction(paula)
    row.datasets.all().delete()
    row.people.all().delete()
    moving.propose(row, by=paula)
    moving.approve(row, by=lena)
    closing.run(row.pk)
    assert state(row) == "closed" and not Disclosure.objects.exists()


def test_a_materially_changed_use_always_offers_a_choice(two):
    paula, _ = two
    with pytest.raises(Refused) as caught:
        legal.transaction(paula, use_changes=True, offers_choice=False)
    assert caught.value.code == "choice_missing"
    row = legal.transaction(paula)
    with pytest.raises(IntegrityError), transaction.atomic():
        Transaction.objects.filter(pk=row.pk).update(use_changes=True, offers_choice=False)


def test_a_person_reads_what_happens_and_objects_with_one_button(two, post: Post):
    paula, _ = two
    row = legal.told(legal.transaction(paula, use_changes=True), paula)
    for _ in range(2):
        legal.deliver()
    assert sorted(one.rcpt_tos[0] for one in post.got) == ["ada@example.org", "bob@example.org"]
    path = legal.link(post, 0)
    page = legal.open_link(path)
    assert "Heron SE" in page and "https://heron.example/privacy" in page and "materially different" in page
    assert "example.org" not in page and not TransactionPerson.objects.filter(objected_at__isnull=False).exists()
    assert "You objected" in legal.open_link(path, object="1")
    legal.open_link(path, object="1")
    assert TransactionPerson.objects.filter(objected_at__isnull=False).count() == 1
    assert Event.objects.filter(name="transaction.objected").count() == 1
    legal.days_pass(row)
    assert "too late" in legal.open_link(legal.link(post, 1), object="1")
    assert TransactionPerson.objects.filter(objected_at__isnull=False).count() == 1


def test_whoever_wrote_or_called_is_noted_once_and_a_stranger_is_not(two, post: Post):
    paula, _ = two
    row = legal.transaction(paula)
    now = timezone.now()
    refused("too_late", people.object_for, row, "email", "ada@example.org", now=now, by=paula)
    legal.told(row, paula)
    refused("not_concerned", people.object_for, row, "email", "eve@example.org", now=now, by=paula)
    for _ in range(2):
        people.object_for(row, "email", "Ada@Example.org", now=now, by=paula)
    assert row.people.get(objected_at__isnull=False).noted_by == paula
    assert Event.objects.filter(name="transaction.objected").count() == 1


def test_everybody_is_entered_and_told_in_as_many_statements_as_one(two, post: Post):
    paula, _ = two
    row = legal.transaction(paula)
    DataSubject.objects.bulk_create([DataSubject() for _ in range(3000)])
    merged = DataSubject.objects.create(merged_into=person())
    with CaptureQueriesContext(connection) as seen:
        assert people.add_everybody(row, by=paula) == 3000
    assert len(seen) < 15
    assert people.add_everybody(row, by=paula) == 0 and not row.people.filter(subject=merged).exists()
    with CaptureQueriesContext(connection) as seen:
        legal.told(row, paula)
    assert len(seen) < 20 and PersonNotice.objects.count() == 3002
    assert len(persons.waiting(timezone.now())) == persons.AT_ONCE


def test_a_closing_that_is_killed_goes_on_and_nobody_is_entered_twice(two, post: Post, monkeypatch):
    paula, lena = two
    row = legal.transaction(paula)
    DataSubject.objects.bulk_create([DataSubject() for _ in range(250)])
    people.add_everybody(row, by=paula)
    legal.told(row, paula)
    PersonNotice.objects.update(state="sent")
    people.object_for(row, "email", "bob@example.org", now=timezone.now(), by=paula)
    legal.days_pass(row)
    moving.propose(row, by=paula)
    moving.approve(row, by=lena)
    monkeypatch.setattr(closing, "AT_ONCE", 100)
    failpoints.arm("transaction.after_batch=raise")
    with pytest.raises(Exception, match=r"transaction\.after_batch"):
        closing.run(row.pk)
    failpoints.arm("")
    assert Disclosure.objects.count() == 100
    while closing.run(row.pk):
        pass
    assert Disclosure.objects.count() == 251 == Disclosure.objects.values("subject").distinct().count()
    assert not Disclosure.objects.filter(subject=person("bob@example.org")).exists()
    assert sum(one.facts["count"] for one in Event.objects.filter(name="transaction.entered")) == 251


def test_the_list_of_who_objected_names_nobody_unless_the_role_may_see(two, post: Post):
    paula, _ = two
    row = legal.told(legal.transaction(paula), paula)
    people.object_for(row, "email", "ada@example.org", now=timezone.now(), by=paula)
    text = "".join(people.left_out(row, clear=False, by=paula))
    assert str(person().pk) in text and "ada@" not in text and "bob" not in text
    assert "ada@example.org" in "".join(people.left_out(row, clear=True, by=paula))
    assert Event.objects.filter(name="transaction.list_taken").count() == 2


def test_what_is_told_cannot_be_changed_afterwards(two, post: Post):
    paula, _ = two
    row = legal.told(legal.transaction(paula), paula)
    refused("state_conflict", registering.drop_dataset, row, row.datasets.get().pk, by=paula)
    refused("state_conflict", people.add_everybody, row, by=paula)
    refused("state_conflict", people.add_listed, row, "email", ["eve@example.org"], by=paula)


def test_a_line_that_is_no_identifier_is_named_and_nobody_is_added(two):
    paula, _ = two
    row = legal.transaction(paula)
    with pytest.raises(Refused) as caught:
        people.add_listed(row, "email", ["eve@example.org", "not an address"], by=paula)
    assert "Line 2" in caught.value.message and row.people.count() == 2


# ---------------------------------------------------------------- the data room


def test_figures_are_noted_and_personal_data_is_refused_unless_somebody_else_agrees(two):
    paula, lena = two
    row = legal.transaction(paula)
    shown = {"what": "Head counts by country", "shown_to": "Heron SE, Ms Falk", "by": paula}
    room.show(row, level="aggregate", **shown)
    refused("personal_refused", room.show, row, level="personal", **shown)
    refused("missing", room.show, row, level="dataset", **shown)
    refused("what_personal", room.show, row, level="aggregate", **(shown | {"what": "mails of ada@example.org"}))
    item = room.show(row, level="personal", reason="Contracts of the board", **shown)
    assert item.shown_at is None
    refused("not_allowed", room.allow, item, by=paula)
    other = room.show(row, level="personal", reason="More", **(shown | {"by": lena}))
    refused("same_person", room.allow, other, by=lena)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoomItem.objects.filter(pk=other.pk).update(shown_at=timezone.now(), approved_by=lena)
    room.allow(item, by=lena)
    refused("state_conflict", room.turn_down, item, by=lena)
    assert RoomItem.objects.get(pk=item.pk).shown_at is not None
    events = " ".join(str(one.facts) for one in Event.objects.all())
    assert "Falk" not in events and "Contracts" not in events
