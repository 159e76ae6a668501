"""Connections and work orders on the desk: nothing is offered that cannot be done, nothing shown that is not true any more."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connectors.models import Connection, WorkOrder
from tests.connectors.shop import Shop, find


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.mark.parametrize(("code", "offered"), [("waiting", False), ("constraint", True)])
def test_an_order_that_waits_for_a_colleague_cannot_be_retried(
    shop: Shop, desk: Client, code: str, offered: bool
) -> None:
    order = find().orders.get()
    WorkOrder.objects.filter(pk=order.pk).update(state="parked", park_code=code, park_reason="Look there.")
    page = desk.get(f"/admin/connectors/workorder/{order.pk}/change/").content.decode()
    assert (f"/admin/connectors/workorder/{order.pk}/do/retry/" in page) is offered
    assert f"/admin/connectors/workorder/{order.pk}/do/waive/" in page


@pytest.mark.parametrize(("address", "kept"), [("", True), ("sqlite:////elsewhere/shop.sqlite3", False)])
def test_the_result_of_a_test_is_forgotten_with_the_address_that_was_tested(
    shop: Shop, desk: Client, address: str, kept: bool
) -> None:
    row = Connection.objects.get()
    Connection.objects.update(checked_at=timezone.now(), check_result="Connected (sqlite); 6 tables are visible.")
    given = {"system": row.system_id, "kind": "sql", "address": address, "described": "", "active": "on"}
    answer = desk.post(f"/admin/connectors/connection/{row.pk}/change/", given)
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.checked_at is not None, bool(row.check_result)) == (kept, kept)
