"""A person is found and erased behind an HTTP interface: through batches and orders, as workers do it."""

from typing import Any

import yaml

from audit import leases
from connectors import checking
from connectors.kinds import http_calls
from connectors.models import Chunk, Connection, Receipt
from connectors.strategies import Secrets, mask_of
from inventory.models import Field, Reference
from tests.connectors.shop import CLERK, allow, find, order_of, run_all
from tests.connectors.web import (
    ANNA,
    ROWS,
    Web,
    changed,
    connection,
    describe,
    kind,
    spec,
    status,
)  # fmt: skip


def others(web: Web) -> list[Any]:
    rows = web.state()["rows"]
    return [one for one in rows["customers"] if one["id"] != 1] + [
        one for one in rows["orders"] if one["customer_id"] != 1
    ]


def test_a_person_is_found_and_erased_and_nobody_else_is_touched(web: Web, db: None, settings) -> None:
    settings.CHUNK_ROWS = 2
    describe(web)
    before, batch = others(web), find(ANNA)
    assert {(one.collection, one.rows, one.action) for one in batch.findings.all()} == {
        ("customers", 1, "mask"), ("orders", 5, "delete")}  # fmt: skip
    assert str(batch.findings.get(collection="orders").oldest_on) == "2025-01-01"
    web.set(trouble=[status(503, **{"Retry-After": "0"}), {"kind": "cut"}, status(429, **{"Retry-After": "0"})])
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_reason) == ("done", "")
    assert web.rows("customers", id=1) == [
        {"id": 1, "email": "erased-1@erased.invalid", "name": None, "address": {"city": None, "country": "DE"},
         "tags": None, "marketing": True}
    ]  # fmt: skip
    assert not web.rows("orders", customer_id=1) and others(web) == before
    assert len(web.state()["writes"]) == 6 and Receipt.objects.filter(order=order).count() == 4
    assert not find(ANNA).findings.exists()


def test_a_chunk_that_is_done_again_changes_nothing(web: Web, db: None) -> None:
    describe(web)
    batch = find(ANNA)
    allow(batch)
    run_all(batch)
    writes = web.state()["writes"]
    Receipt.objects.all().delete()
    order = order_of(batch)
    type(order).objects.filter(pk=order.pk).update(state="open")
    run_all(batch)
    assert order_of(batch).state == "done" and web.state()["writes"] == writes
    assert set(Receipt.objects.values_list("changed", flat=True)) == {0}


def test_what_hangs_on_a_value_that_the_interface_cannot_search_by_is_shared_unless_it_is_said_to_be_unique(
    web: Web, db: None
) -> None:
    web.set(rows=ROWS | {"customers": [{**one, "name": str(one["id"])} for one in ROWS["customers"]]})
    describe(web)
    Reference.objects.update(target=Field.objects.get(collection__name="customers", name="name"))
    orders = find(ANNA).findings.get(collection="orders")
    assert (orders.rows, orders.shared, orders.action) == (5, True, "keep")
    words = changed("collections", "customers", "fields", "name", to={"unique": True})
    Connection.objects.update(described=yaml.safe_dump(words))
    orders = find(ANNA).findings.get(collection="orders")
    assert (orders.rows, orders.shared, orders.action) == (5, False, "delete")


def test_a_correction_and_an_opt_out_write_their_fields_only(web: Web, db: None) -> None:
    describe(web)
    batch = find(ANNA)
    allow(batch, "correct", changes={"full_name": "Anna Neumann"})
    allow(batch, "suppress")
    run_all(batch)
    assert sorted(str(one[2]) for one in web.state()["writes"]) == ["{'marketing': False}", "{'name': 'Anna Neumann'}"]


def test_what_cannot_be_done_is_told_before_the_first_row_is_touched(web: Web, db: None) -> None:
    describe(web, changed("collections", "customers", "update", to=None))
    batch = find(ANNA)
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "schema") and "customers.update is missing" in order.park_reason
    assert web.state()["writes"] == []


def test_a_change_that_did_not_take_is_parked_and_never_called_done(web: Web, db: None) -> None:
    describe(web)
    batch = find(ANNA)
    allow(batch)
    words = changed(
        "collections", "orders", "delete", to={"method": "GET", "path": "/orders/{id}"}
    )  # answers 200, does nothing
    Connection.objects.update(described=connection(web, words).described)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "left") and len(web.rows("orders", customer_id=1)) == 5


def test_a_search_that_lags_behind_an_erasure_is_tried_again_later(web: Web, db: None) -> None:
    describe(web)
    web.set(lag=True)
    batch = find(ANNA)
    allow(batch)
    run_all(batch, times=1)
    assert order_of(batch).state == "running" and order_of(batch).next_try_at is not None
    web.set(lag=False)
    type(order_of(batch)).objects.update(next_try_at=None)
    run_all(batch)
    assert order_of(batch).state == "done"


def test_the_chunks_of_a_slow_system_are_small(web: Web, db: None) -> None:
    describe(web, changed("chunk_rows", to=2))
    batch = find(ANNA)
    assert sorted(Chunk.objects.filter(finding__batch=batch).values_list("rows", flat=True)) == [1, 1, 2, 2]


def test_a_search_that_finds_nothing_for_long_keeps_its_lease(web: Web, db: None, monkeypatch) -> None:
    kept: list[object] = []
    renew = leases.renew
    monkeypatch.setattr(leases, "renew", lambda *given: (kept.append(given[1]), renew(*given)))
    describe(web)
    for seconds, times in ((3600.0, 0), (0.0, 1)):  # quick: nothing to write, so nothing renews; slow: each call does
        monkeypatch.setattr(http_calls, "BEAT_SECONDS", seconds)
        order = order_of(find("nobody@people.example"), "find")
        assert order.state == "done" and kept.count(order.pk) == times


def test_the_desks_button_says_what_is_wrong(web: Web, db: None) -> None:
    describe(web)
    one = Connection.objects.get()
    assert checking.check(one, actor=CLERK) == (True, "Connected; 2 collections are described.")
    web.set(secret="Bearer other")
    assert checking.check(one, actor=CLERK)[0] is False
    one.described = "collections: 7"
    assert "line 1: collections must be a mapping" in checking.check(one, actor=CLERK)[1]


def test_masks_that_we_compute_are_the_same_each_time(web: Web) -> None:
    mask = mask_of({"strategy": "hmac"}, Secrets(b"a" * 32, b"b" * 32), "web.customers.name")
    for times in (1, 0):
        with kind(web).changing() as session:
            assert session.update(spec("customers"), [(1,)], {"name": mask}, {}) == times
