"""One worker owns a row at a time, and a stalled one finds out before it writes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import leases
from connectors.models import Batch, WorkOrder
from inventory.models import System

NOW = timezone.now()


@pytest.fixture
def order(db) -> WorkOrder:
    batch = Batch.objects.create(reason="request", origin="PR-TEST")
    return WorkOrder.objects.create(batch=batch, system=System.objects.create(key="s", name="S"), operation="find")


def test_the_second_claim_of_a_row_wins_nothing(order: WorkOrder) -> None:
    assert leases.claim(WorkOrder.objects.all(), order.pk, NOW).fence == 1
    assert leases.claim(WorkOrder.objects.all(), order.pk, NOW) is None


def test_a_row_whose_lease_ran_out_can_be_claimed_and_its_old_owner_is_fenced(order: WorkOrder) -> None:
    first = leases.claim(WorkOrder.objects.all(), order.pk, NOW)
    later = NOW + timedelta(seconds=61)
    second = leases.claim(WorkOrder.objects.all(), order.pk, later)
    assert (first.fence, second.fence) == (1, 2)
    with pytest.raises(leases.Fenced):
        leases.renew(WorkOrder, order.pk, 1, later)
    with pytest.raises(leases.Fenced):
        leases.release(WorkOrder, order.pk, 1, state="done")
    leases.renew(WorkOrder, order.pk, 2, later)
    leases.release(WorkOrder, order.pk, 2, state="done")
    order.refresh_from_db()
    assert order.state == "done" and order.lease_until is None


def test_a_row_that_was_given_back_for_later_waits_until_then(order: WorkOrder) -> None:
    row = leases.claim(WorkOrder.objects.all(), order.pk, NOW)
    assert row is not None
    leases.release(WorkOrder, order.pk, row.fence, later=NOW + leases.backoff(1))
    assert leases.claim(WorkOrder.objects.all(), order.pk, NOW) is None
    assert leases.claim(WorkOrder.objects.all(), order.pk, NOW + timedelta(seconds=5)).fence == 2


def test_waiting_grows_with_each_failure_and_never_beyond_an_hour() -> None:
    waits = [leases.backoff(turn).total_seconds() for turn in range(1, 9)]
    assert waits[:3] == [5, 20, 80]
    assert max(waits) == 3600 and waits == sorted(waits)
