"""Who got whose data is on the ledger, and from it follows who must be told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import clients, log
from audit.models import Event
from audit.refusal import Refused
from disclosures import ledger
from disclosures.models import Disclosure, Recipient
from subjects.models import DataSubject
from tests.consent.builders import CLERK, at_once
from tests.disclosures.builders import category, person, recipient

pytestmark = pytest.mark.django_db


def enter(subject: DataSubject, to: Recipient, *categories: str, **more) -> Disclosure:
    for one in categories:
        category(one)
    values = {"purpose": None, "occasion": "application sent", "disclosed_at": timezone.now(), "actor": CLERK} | more
    return ledger.record(subject, to, categories=categories, **values)


def keys(subject: DataSubject, *categories: str) -> list[str]:
    return [one.key for one in ledger.recipients_of(subject, set(categories))]


def test_an_entry_is_recorded_with_an_event_that_names_nobody() -> None:
    ada, mill = person(), recipient("mill")
    entry = enter(ada, mill, "contact.phone", "contact.email", "contact.email")
    assert entry.categories == ["contact.email", "contact.phone"]
    event = Event.objects.get(name="disclosure.recorded")
    assert event.subject_id == ada.pk and event.noun_id == str(entry.pk)
    assert event.facts == {"recipient": "mill", "categories": ["contact.email", "contact.phone"], "purpose": None}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"occasion": "sent to ada@example.org"}, "occasion_personal"),
        ({"occasion": "x" * 121}, "occasion_personal"),
        ({"disclosed_at": timezone.now() + timedelta(days=1)}, "disclosed_in_future"),
    ],
)
def test_what_cannot_be_so_is_refused(change: dict, code: str) -> None:
    with pytest.raises(Refused) as refused:
        enter(person(), recipient("mill"), "contact", **change)
    assert refused.value.code == code and not Disclosure.objects.exists()


def test_a_category_that_the_inventory_does_not_know_is_refused() -> None:
    for categories, code in (([], "no_category"), (["shoe.size"], "unknown_category")):
        with pytest.raises(Refused) as refused:
            ledger.record(
                person(), recipient(f"r-{code}"[:20].replace("_", "-")), categories=categories, purpose=None, occasion="",
                disclosed_at=timezone.now(), actor=CLERK,
            )  # fmt: skip
        assert refused.value.code == code


def test_a_person_sees_their_own_entries_newest_first_in_one_query(django_assert_num_queries) -> None:
    ada, mill, now = person(), recipient("mill"), timezone.now()
    for days in (3, 1, 2):
        enter(ada, mill, "contact", disclosed_at=now - timedelta(days=days))
    enter(person("bob@example.org"), mill, "contact")
    with django_assert_num_queries(1):
        rows = list(ledger.of(ada))
        assert {one.recipient.name for one in rows} == {"Mill"}
    assert [(now - one.disclosed_at).days for one in rows] == [1, 2, 3]


def test_told_are_those_with_an_entry_and_those_who_get_such_data_of_everyone() -> None:
    ada, bob = person(), person("bob@example.org")
    enter(ada, recipient("mill", "professional"), "professional")
    enter(ada, recipient("closed", active=False), "professional")
    enter(bob, recipient("bobs-mill"), "contact")
    recipient("mailer", "contact", receives_everyone=True)
    recipient("bank", "financial", receives_everyone=True)
    recipient("former", "contact", receives_everyone=True, active=False)
    assert keys(ada, "contact.email") == ["closed", "mailer", "mill"]
    assert keys(ada) == ["closed", "mill"]
    assert keys(bob, "financial", "contact") == ["bank", "bobs-mill", "mailer"]


@pytest.mark.parametrize(
    ("theirs", "ours", "told"),
    [
        ("contact", "contact", True),
        ("contact", "contact.email", True),
        ("contact.email", "contact", True),
        ("contact.email.work", "contact", True),
        ("contact", "contacts.email", False),
        ("contact.email", "contact.emails", False),
        ("contact.email", "contact.phone", False),
        ("con%act", "contact", False),
        ("contact", "con_act", False),
    ],
)
def test_a_category_covers_those_below_it_by_whole_segments(theirs: str, ours: str, told: bool) -> None:
    recipient("mailer", theirs, receives_everyone=True)
    assert keys(person(), ours) == (["mailer"] if told else [])


def test_finding_who_must_be_told_costs_one_query(django_assert_num_queries) -> None:
    ada = person()
    for turn in range(6):
        recipient(f"r{turn}", "contact", "usage", receives_everyone=bool(turn % 2))
    with django_assert_num_queries(1):
        assert len(ledger.recipients_of(ada, {"contact.email", "usage", "usage.pages"})) == 3


def test_the_same_key_again_is_the_same_entry_and_another_content_is_a_conflict() -> None:
    ada, mill, now = person(), recipient("mill"), timezone.now()
    client, _ = clients.create("ats", [], actor=CLERK)
    more = {"client": client, "idempotency_key": "k", "disclosed_at": now}
    assert enter(ada, mill, "contact", **more).pk == enter(ada, mill, "contact", **more).pk
    for other in ((person("bob@example.org"), mill, "contact"), (ada, mill, "usage")):
        with pytest.raises(Refused) as refused:
            enter(*other, **more)
        assert refused.value.code == "idempotency_conflict"
    assert Disclosure.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_entries_at_once_with_one_key_are_one() -> None:
    recipient("mill", "contact")
    client, _ = clients.create("ats", [], actor=CLERK)
    now = timezone.now()

    def call(_turn: int) -> Disclosure:
        return ledger.record_for(
            "email", "new@example.org", "mill", categories=["contact"], purpose_key="", occasion="", disclosed_at=now,
            client=client, idempotency_key="k",
        )  # fmt: skip

    assert len({one.pk for one in at_once(call, 8)}) == 1
    assert Disclosure.objects.count() == Event.objects.filter(name="disclosure.recorded").count() == 1
    assert list(log.faults()) == []
