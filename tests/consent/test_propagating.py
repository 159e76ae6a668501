"""A No reaches the systems that use the purpose, once, and no other system."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from audit.models import Event
from connectors import engine
from connectors.models import Finding, WorkOrder
from consent import choices, propagating
from consent.models import Withdrawal
from inventory.models import Collection, Purpose
from tests.consent.builders import CLERK, ada, purpose
from tests.requests_app import builders

pytestmark = pytest.mark.django_db
SOLD = "SELECT sale_allowed FROM people ORDER BY id"


@pytest.fixture
def path(tmp_path) -> Path:
    """The company's database, whose people have a switch for advertising."""
    found = builders.company_database(tmp_path)
    builders.inventory(found)
    Collection.objects.get(name="people").purposes.add(Purpose.objects.get(key="ads"))
    return found


def say(granted: bool, key: str = "ads", **more):
    return choices.record(ada(), choices.named(key), granted, source=more.pop("source", "portal"), actor=CLERK, **more)


def pump() -> str:
    """Let the sweeps and workers work; the state of the withdrawal."""
    for _ in range(6):
        propagating.sweep(timezone.now())
        for order in WorkOrder.objects.filter(state__in=("open", "running")).values_list("pk", flat=True):
            engine.run(order)
    return Withdrawal.objects.get().state


def test_a_withdrawal_is_switched_off_in_the_system_that_uses_the_purpose(path) -> None:
    say(True)
    no = say(False)
    assert no.act == "withdrawn" and pump() == "done"
    assert builders.rows(path, SOLD) == [(0,), (1,)]
    assert set(Finding.objects.filter(decision="keep").values_list("ground", flat=True)) <= {
        "other_purpose",
        "legal_obligation",
    }
    assert Event.objects.get(name="withdrawal.carried").facts == {"outcome": "done"}
    orders = WorkOrder.objects.count()
    assert pump() == "done" and WorkOrder.objects.count() == orders


def test_a_purpose_without_a_switch_needs_nothing(path) -> None:
    purpose()
    say(False, "news")
    assert pump() == "nothing" and not WorkOrder.objects.exists()


def test_who_says_yes_again_meanwhile_is_not_switched_off(path) -> None:
    say(False)
    propagating.sweep(timezone.now())
    say(True)
    assert pump() == "overtaken" and builders.rows(path, SOLD) == [(1,), (1,)]


def test_a_no_by_request_is_carried_on_by_the_request_itself_and_a_yes_by_nobody(path) -> None:
    say(False, source="request")
    say(True)
    assert not Withdrawal.objects.exists()


def test_two_sweeps_at_once_open_one_search(path) -> None:
    no = say(False)
    now = timezone.now()
    row = Withdrawal.objects.get()
    Withdrawal.objects.update(lease_until=now + timedelta(seconds=60))
    assert propagating.carry(row.pk, now) is False and not WorkOrder.objects.exists()
    assert no.withdrawal.state == "open"
