"""A legal demand from its arrival to what left: checks, scope, a second person, telling people, sealed copies, the ledger."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import assurance, log
from audit.models import Event
from connectors.models import LegalHold
from disclosures import persons
from disclosures.demands import checklists, moving, registering, table
from disclosures.models import Disclosure, LegalDemand, PersonNotice
from tests.disclosures import legal
from tests.disclosures.builders import Post, category, person
from tests.disclosures.legal import refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


def state(demand: LegalDemand) -> str:
    return LegalDemand.objects.get(pk=demand.pk).state


# ---------------------------------------------------------------- pure


def test_every_kind_has_a_checklist_and_a_foreign_authority_is_asked_for_its_treaty():
    for kind in LegalDemand.Kind.values:
        keys = {one.key for one in checklists.questions(kind)}
        assert {"power", "jurisdiction", "addressed", "specific", "verified"} <= keys, kind
    assert {"treaty", "transfer"} <= {one.key for one in checklists.questions("foreign_authority")}
    assert "treaty" not in {one.key for one in checklists.questions("court_order")}
    assert set(checklists.ALL) == set(LegalDemand.Kind.values)


def test_an_answer_that_may_not_be_left_open_is_missed_and_a_no_is_seen():
    every = {one.key: "yes" for one in checklists.questions("subpoena")}
    assert not checklists.missing("subpoena", every) and not checklists.failed("subpoena", every)
    assert [one.key for one in checklists.missing("subpoena", every | {"verified": "na"})] == ["verified"]
    assert not checklists.missing("subpoena", every | {"content": "na"})
    assert [one.key for one in checklists.failed("subpoena", every | {"served": "no"})] == ["served"]


def test_the_table_knows_every_state_and_nothing_follows_an_end():
    assert set(table.MOVES) == set(LegalDemand.State.values)
    assert all(not table.MOVES[one] for one in table.MOVES if one not in table.OPEN)
    assert not table.may("received", "disclosed") and not table.may("checking", "approved")


# ---------------------------------------------------------------- the road


def test_a_demand_goes_from_arrival_to_the_ledger(two, post: Post):
    paula, lena = two
    demand = legal.approved(paula, lena)
    legal.sealed(demand, paula)
    refused("objection_time", moving.disclose, demand, by=paula)
    legal.deliver()
    legal.days_pass(demand)
    moving.disclose(demand, by=paula)
    entry = Disclosure.objects.get()
    assert entry.recipient.name == "Landgericht Berlin" and entry.recipient.kind == "authority"
    assert entry.categories == ["contact"] and demand.reference in entry.occasion
    assert not entry.recipient.active, "the privacy notice would have to name it"
    assert all(one.run().ok for one in assurance.checks() if one.promise == "P9")
    names = list(Event.objects.filter(noun="disclosures.legaldemand").order_by("number").values_list("name", flat=True))
    assert names == [
        "demand.registered", "demand.person_added", "demand.checking", "demand.checked", "demand.narrowed",
        "demand.approved", "demand.people_told", "demand.file_sealed", "demand.disclosed",
    ]  # fmt: skip
    assert not list(log.faults())


def test_nothing_is_scoped_with_an_open_or_failed_check(two):
    paula, _ = two
    demand = legal.registered(paula, "foreign_authority")
    scope = {"given": [category("contact")], "note_text": "All.", "notify": "before", "by": paula}
    refused("checks_missing", moving.narrow, demand, **scope)
    answers = {one.key: "yes" for one in checklists.questions("foreign_authority")} | {"treaty": "no"}
    moving.answer(demand, answers, {"treaty": "No MLAT."}, by=paula)
    refused("checks_failed", moving.narrow, demand, **scope)
    refused("not_allowed", moving.refuse, demand, ground="no_treaty", by=paula)
    assert state(demand) == "checking"


def test_never_more_is_given_than_was_asked_for(two):
    paula, _ = two
    day = timezone.localdate()
    demand = legal.checked(paula, asked_from=day - timedelta(days=30), asked_to=day)
    scope = {"note_text": "All.", "notify": "before", "by": paula}
    whole = {"given_from": demand.asked_from, "given_to": demand.asked_to}
    refused("scope_wider", moving.narrow, demand, given=[category("financial")], **whole, **scope)
    refused("scope_wider", moving.narrow, demand, given=[category("contact")], **scope)
    longer = {"given_from": day - timedelta(days=31), "given_to": day}
    refused("scope_wider", moving.narrow, demand, given=[category("contact")], **longer, **scope)
    moving.narrow(demand, given=[category("contact.email")], **whole, **scope)
    demand.refresh_from_db()
    assert demand.whole is False and Event.objects.get(name="demand.narrowed").facts["given"] == ["contact.email"]


def test_everything_that_was_asked_for_is_said_to_be_whole(two):
    paula, _ = two
    demand = legal.checked(paula)
    moving.narrow(demand, given=[category("contact"), category("usage")], note_text="All is needed.",
                  notify="before", by=paula)  # fmt: skip
    assert LegalDemand.objects.get().whole is True


def test_who_prepared_it_never_approves_it_and_the_database_says_so_too(two):
    _, lena = two
    demand = legal.scoped(lena)
    refused("same_person", moving.approve, demand, by=lena)
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalDemand.objects.update(state="approved", approved_by=lena, approved_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalDemand.objects.update(state="disclosed", disclosed_at=timezone.now())
    assert state(demand) == "narrowed"


def test_who_may_not_decide_is_refused(two):
    paula, lena = two
    demand = legal.scoped(lena)
    refused("not_allowed", moving.approve, demand, by=paula)


def test_nothing_leaves_without_a_sealed_copy_or_from_another_state(two):
    paula, lena = two
    demand = legal.approved(paula, lena, notify="never", never="no_address")
    refused("no_files", moving.disclose, demand, by=paula)
    other = legal.scoped(paula, mail="bob@example.org")
    refused("state_conflict", moving.disclose, other, by=paula)
    refused("state_conflict", legal.sealed, other, paula)
    assert not Disclosure.objects.exists()


def test_sent_back_it_has_to_be_scoped_and_approved_anew(two):
    paula, lena = two
    demand = legal.approved(paula, lena, notify="never", never="knows")
    moving.send_back(demand, by=lena)
    demand.refresh_from_db()
    assert (demand.state, demand.approved_by, demand.prepared_by) == ("checking", None, None)
    refused("state_conflict", moving.approve, demand, by=lena)


def test_a_refusal_has_its_ground_and_is_the_end(two):
    paula, lena = two
    demand = legal.registered(paula)
    refused("ground", moving.refuse, demand, ground="because", by=lena)
    refused("ground_note", moving.refuse, demand, ground="other", by=lena)
    moving.refuse(demand, ground="no_power", words="The police cannot ask for content.", by=lena)
    refused("state_conflict", moving.withdraw, demand, by=paula)
    assert Event.objects.get(name="demand.refused").facts == {"ground": "no_power"}


def test_what_nobody_may_read_stands_in_no_event_and_in_no_plain_column(two):
    paula, lena = two
    demand = legal.disclosed(paula, lena, notify="never", never="knows")
    row = LegalDemand.objects.values().get()
    plain = {name for name, value in row.items() if "Richter" in str(value) or "messages of Ada" in str(value)}
    assert plain == {"signed_by", "asks"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT signed_by, asks, authority_reference, scope_note FROM disclosures_legaldemand")
        assert all(one.startswith("v1:") for one in cursor.fetchone())
    events = " ".join(str(one.facts) for one in Event.objects.all())
    for word in ("Ada", "ada@", "Richter", "Berlin", "ada.csv"):
        assert word not in events
    assert not Event.objects.filter(noun="disclosures.legaldemand").exclude(subject_id=None).exists(), demand


def test_a_person_is_found_or_made_and_a_hold_bears_our_reference(two):
    paula, _ = two
    known = person()
    demand = legal.registered(paula)
    assert demand.people.get().subject == known
    registering.hold(demand, by=paula)
    hold = LegalHold.objects.get()
    assert (hold.matter, hold.subject, hold.reason) == (demand.reference, known, "Legal demand")
    refused("hold_people", registering.hold, demand, by=paula)


def test_more_time_is_noted_and_less_is_refused(two):
    paula, _ = two
    demand = legal.registered(paula)
    refused("due_day", registering.postpone, demand, due_on=demand.due_on, by=paula)
    registering.postpone(demand, due_on=demand.due_on + timedelta(days=5), by=paula)
    assert Event.objects.filter(name="demand.postponed").exists()


# ---------------------------------------------------------------- telling before


def test_people_are_told_before_and_their_objection_stops_it_until_legal_considered_it(two, post: Post):
    paula, lena = two
    demand = legal.approved(paula, lena)
    legal.sealed(demand, paula)
    for _ in range(2):
        legal.deliver()
    assert [one.rcpt_tos for one in post.got] == [["ada@example.org"]]
    assert "Landgericht" not in post.text() and demand.reference not in post.text()
    path = legal.link(post)
    assert "Landgericht" not in legal.open_link(path), "a scanner that opens the link reads it"
    assert PersonNotice.objects.get().seen_at is None
    page = legal.open_link(path, show="1")
    assert "Landgericht Berlin" in page and "ada@example.org" not in page and "Richter" not in page
    assert "You objected" in legal.open_link(path, object="1", words="My lawyer writes to you.")
    legal.open_link(path, object="1")
    assert Event.objects.filter(name="demand.objected").count() == 1
    legal.days_pass(demand)
    refused("objected", moving.disclose, demand, by=paula)
    refused("not_allowed", moving.consider, demand, words="No ground.", by=paula)
    moving.consider(demand, words="No ground.", by=lena)
    moving.disclose(demand, by=paula)
    assert state(demand) == "disclosed"


def test_whoever_could_not_be_told_holds_it_up_until_a_colleague_saw_to_it(two, post: Post):
    paula, lena = two
    demand = legal.approved(paula, lena)
    legal.sealed(demand, paula)
    post.answer = "rcpt 550 No such user"
    legal.deliver()
    legal.days_pass(demand)
    notice = PersonNotice.objects.get()
    assert notice.state == "parked" and "550" in notice.park_reason
    refused("not_told", moving.disclose, demand, by=paula)
    persons.waive(notice, by=paula, reason_code="told_otherwise")
    moving.disclose(demand, by=paula)
    assert state(demand) == "disclosed"


def test_it_is_too_late_to_object_once_it_left(two, post: Post):
    paula, lena = two
    demand = legal.approved(paula, lena)
    legal.sealed(demand, paula)
    legal.deliver()
    legal.days_pass(demand)
    moving.disclose(demand, by=paula)
    assert "too late" in legal.open_link(legal.link(post), object="1")
    assert demand.people.get().objected_at is None


def test_a_link_that_is_not_ours_leads_nowhere(client):
    for text in ("x", "A" * 43, "é" * 43):
        assert client.get(f"/told/{text}/").status_code == 404


def test_only_in_an_emergency_are_people_told_afterwards(two, post: Post):
    paula, lena = two
    demand = legal.checked(paula)
    scope = {"given": [category("contact")], "note_text": "All.", "by": paula}
    refused("notify_after", moving.narrow, demand, notify="after", **scope)
    refused("never_code", moving.narrow, demand, notify="never", **scope)
    refused("notify_gag", moving.narrow, demand, notify="gag", **scope)
    urgent = legal.disclosed(paula, lena, "emergency", notify="after", mail="bob@example.org")
    legal.deliver()
    assert [one.rcpt_tos for one in post.got] == [["bob@example.org"]]
    assert "An authority got data about you" in legal.open_link(legal.link(post), show="1")
    assert urgent.told_at is not None
