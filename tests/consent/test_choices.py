"""What a person said yes or no to is appended, and the newest holds."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import actor, clients, log
from audit.models import Event
from audit.refusal import Refused
from consent import choices
from consent.models import Choice
from subjects.models import DataSubject, Identifier
from tests.consent.builders import CLERK, ada, at_once, purpose

pytestmark = pytest.mark.django_db


def say(granted: bool, what, **more) -> Choice:
    return choices.record(ada(), what, granted, source="portal", actor=CLERK, **more)


def test_a_choice_is_appended_and_the_newest_holds() -> None:
    news = purpose()
    for granted in (True, False, True):
        say(granted, news)
    assert [one.granted for one in Choice.objects.order_by("recorded_at")] == [True, False, True]
    assert choices.current(ada())["news"].granted is True


def test_a_choice_that_arrives_late_does_not_overrule_a_newer_one() -> None:
    news, now = purpose(), timezone.now()
    say(False, news, chosen_at=now - timedelta(minutes=1))
    say(True, news, chosen_at=now - timedelta(days=2))
    assert choices.current(ada())["news"].granted is False


def test_everybody_has_choices_of_their_own() -> None:
    say(True, purpose())
    assert choices.current(DataSubject.objects.create()) == {}


@pytest.mark.parametrize("basis", ["contract", "legal_obligation"])
def test_a_no_to_what_is_required_is_refused_with_its_consequence(basis: str) -> None:
    account = purpose("account", required=True, lawful_basis=basis, consequence="We cannot offer you an account.")
    with pytest.raises(Refused, match="We cannot offer you an account") as refused:
        say(False, account)
    assert (refused.value.code, refused.value.field) == ("required_purpose", "purpose")
    assert not Choice.objects.exists()
    assert say(True, account).granted


@pytest.mark.parametrize(
    "more",
    [
        {"required": False, "lawful_basis": "contract"},
        {"required": True, "lawful_basis": "consent"},
        {"required": True, "lawful_basis": "legitimate_interests"},
        {"required": True, "lawful_basis": "contract", "sale_or_sharing": True},
    ],
)
def test_a_no_that_the_law_grants_is_taken_however_the_purpose_is_marked(more: dict) -> None:
    assert say(False, purpose(**more)).granted is False


def test_nobody_chooses_in_the_future() -> None:
    with pytest.raises(Refused, match="future"):
        say(True, purpose(), chosen_at=timezone.now() + timedelta(hours=1))


def test_an_opt_out_of_sale_says_no_to_every_sale_once() -> None:
    ads, partners, _news = purpose("ads", sale_or_sharing=True), purpose("partners", sale_or_sharing=True), purpose()
    say(True, ads)
    say(False, partners)
    made = choices.opt_out_of_sale(ada(), source="request", actor=CLERK)
    assert [one.purpose for one in made] == [ads]
    assert {key: one.granted for key, one in choices.current(ada()).items()} == {"ads": False, "partners": False}
    assert choices.opt_out_of_sale(ada(), source="request", actor=CLERK) == []


def test_each_choice_leaves_one_event_that_names_nobody() -> None:
    choice = say(True, purpose())
    event = Event.objects.get(name="choice.recorded")
    assert event.noun_id == str(choice.pk) and event.subject_id == ada().pk
    assert event.facts == {"purpose": "news", "granted": True, "source": "portal", "notice": None}
    assert list(log.faults()) == []


def test_the_same_key_again_is_the_same_choice_and_another_content_is_a_conflict() -> None:
    news, (client, _) = purpose(), clients.create("site", [], actor=CLERK)
    first = say(True, news, client=client, idempotency_key="k-1")
    assert say(True, news, client=client, idempotency_key="k-1").pk == first.pk
    with pytest.raises(Refused) as refused:
        say(False, news, client=client, idempotency_key="k-1")
    assert refused.value.code == "idempotency_conflict"
    assert Choice.objects.count() == Event.objects.filter(name="choice.recorded").count() == 1


def test_two_clients_may_use_the_same_key() -> None:
    news = purpose()
    for name in ("site", "shop"):
        client, _ = clients.create(name, [], actor=CLERK)
        say(True, news, client=client, idempotency_key="k-1")
    assert Choice.objects.count() == 2


def test_a_key_without_a_client_is_a_mistake_in_our_code() -> None:
    with pytest.raises(ValueError, match="client"):
        say(True, purpose(), idempotency_key="k-1")


def test_current_choices_cost_one_query_however_long_the_history(django_assert_num_queries) -> None:
    person = ada()
    for key in ("a", "b", "c"):
        one = purpose(key)
        for turn in range(5):
            choices.record(person, one, bool(turn % 2), source="portal", actor=CLERK)
    with django_assert_num_queries(1):
        found = choices.current(person)
        assert {one.purpose.name for one in found.values()} == {"A", "B", "C"}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_calls_at_once_with_one_key_make_one_person_and_one_choice() -> None:
    purpose()
    client, _ = clients.create("site", [], actor=CLERK)

    def call(_turn: int) -> Choice:
        return choices.record_for("email", "new@example.org", "news", True, client=client, idempotency_key="k-1")

    found = at_once(call, 8)
    assert len({one.pk for one in found}) == 1, found
    assert Choice.objects.count() == DataSubject.objects.count() == Identifier.objects.count() == 1
    assert Event.objects.filter(name="choice.recorded", actor=str(actor.client(client.pk))).count() == 1
    assert list(log.faults()) == []
