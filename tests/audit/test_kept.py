"""A kept statement gives what the query would give, each time anew."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import CharField, DateTimeField, Q, UUIDField
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.kept import Here, Kept
from connectors.models import Batch, WorkOrder
from inventory.models import System

orders = Kept(
    lambda: WorkOrder.objects.filter(
        Q(started_at=None) | Q(started_at__lt=Here("before", DateTimeField())),
        batch__origin=Here("origin", CharField()), batch=Here("batch", UUIDField()), operation="find",
    ).select_related("batch", "system", "authorisation").order_by("wave")
)  # fmt: skip


@pytest.fixture
def batches(db) -> list[Batch]:
    system = System.objects.create(key="s", name="S")
    made = [Batch.objects.create(reason="request", origin=f"PR-{one}") for one in "ab"]
    for batch in made:
        for wave in (1, 0):
            WorkOrder.objects.create(batch=batch, system=system, operation="find", wave=wave)
    return made


def asked(batch: Batch, origin: str = "") -> list[WorkOrder]:
    return orders(batch=batch.pk, origin=origin or batch.origin, before=timezone.now())


def test_it_gives_the_rows_of_each_call_with_what_they_refer_to(batches: list[Batch]) -> None:
    for batch in batches:
        with CaptureQueriesContext(connection) as queries:
            found = asked(batch)
            assert [(one.wave, one.batch.origin, one.system.key) for one in found] == [
                (0, batch.origin, "s"),
                (1, batch.origin, "s"),
            ]
            assert found[0].authorisation is None
        assert len(queries) == 1
    assert asked(batches[0], "PR-b") == []


def test_it_sees_what_was_changed_since_the_call_before(batches: list[Batch]) -> None:
    first = asked(batches[0])[0]
    WorkOrder.objects.filter(pk=first.pk).update(rows_done=7)
    assert asked(batches[0])[0].rows_done == 7
    WorkOrder.objects.filter(pk=first.pk).update(started_at=timezone.now() + timedelta(days=1))
    assert [one.wave for one in asked(batches[0])] == [1]


def test_nothing_equals_none(batches: list[Batch]) -> None:
    with pytest.raises(ValueError, match="origin"):
        orders(batch=batches[0].pk, origin=None, before=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_lock_needs_a_transaction() -> None:
    locked = Kept(lambda: Batch.objects.select_for_update().filter(pk=Here("pk", UUIDField())))
    batch = Batch.objects.create(reason="request", origin="PR-a")
    with pytest.raises(TransactionManagementError):
        locked.one(pk=batch.pk)
