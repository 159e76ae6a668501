"""Rows that become somebody else's between the search and the work: never read out, corrected or erased for the wrong one."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from audit import failpoints
from connectors import batches, reading, settling
from connectors.kinds import sql_schema
from connectors.models import Batch, Receipt
from inventory.models import Field
from tests.connectors import shop as s
from tests.connectors import worlds
from tests.connectors.shop import Shop, allow, order_of, run_all
from tests.connectors.test_shapes import find
from tests.connectors.worlds import ADA, BEN, PK, WORDS, do, table

BOOKED_OVER = "UPDATE orders SET person_id = 2, words = 'Bens now' WHERE id = 1"
GIVEN_AGAIN = ("DELETE FROM orders WHERE id = 2", "INSERT INTO orders VALUES (2, 2, 'Bens new one')")
RENAMED = f"UPDATE people SET email = '{BEN}', name = 'Ben' WHERE id = 1"


def told(batch: Batch, collection: str) -> list[Any]:
    return [row for one in batch.findings.filter(collection=collection) for row in reading.rows(one)]


def test_a_row_that_was_booked_over_or_whose_number_was_given_again_is_not_read_out(crm: sa.Engine) -> None:
    batch = find()
    do(crm, BOOKED_OVER, *GIVEN_AGAIN)
    assert told(batch, "orders") == [{"words": "hers as well"}]
    _, items = reading.items(batch.findings.get(collection="orders"), 0, 10)
    assert [one.row["words"] for one in items] == ["hers as well"]


def test_of_an_account_that_became_somebody_elses_neither_it_nor_its_orders_are_read_out(crm: sa.Engine) -> None:
    batch = find()
    do(crm, RENAMED)
    assert told(batch, "people") == [] and told(batch, "orders") == []


def test_an_erasure_with_rows_that_moved_on_after_the_approval_is_stale_and_touches_nothing(crm: sa.Engine) -> None:
    batch = find()
    allow(batch)
    do(crm, BOOKED_OVER, *GIVEN_AGAIN)
    before = table(crm, "SELECT * FROM orders")
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "stale")
    assert "2 rows of crm.orders are no longer this person's" in order.park_reason and ADA not in order.park_reason
    assert table(crm, "SELECT * FROM orders") == before and len(table(crm, "SELECT * FROM people")) == 2


def test_an_account_that_became_somebody_elses_stops_the_erasure_in_another_system_too(
    crm: sa.Engine, tmp_path: Path
) -> None:
    (tmp_path / "post").mkdir()
    with worlds.sqlite(
        tmp_path / "post",
        "CREATE TABLE letters (id INTEGER PRIMARY KEY, person_id INTEGER, words TEXT)",
        "INSERT INTO letters VALUES (1, 1, 'a letter')",
    ) as post:
        worlds.describe("post", worlds.address(post), {"letters": ({}, [PK, {"name": "person_id"}, WORDS])})
        worlds.refer("post", "letters", "person_id", "crm.people", "id")
        batch = find()
        allow(batch)
        do(crm, RENAMED)
        run_all(batch)
        order = batch.orders.get(operation="erase", system__key="post")
        assert (order.state, order.park_code) == ("parked", "stale") and "crm.people" in order.park_reason
        assert table(post, "SELECT * FROM letters") == [(1, 1, "a letter")]


def test_a_row_that_moves_on_while_the_erasure_runs_is_left_alone_and_counted(
    crm: sa.Engine, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHUNK_ROWS = 1
    batch = find()
    allow(batch)
    real, turns = failpoints.failpoint, []

    def meanwhile(name: str) -> None:
        real(name)
        if name == "erase.after_receipt" and not turns:
            turns.append(name)
            do(crm, *GIVEN_AGAIN)

    monkeypatch.setattr("connectors.acting.failpoint", meanwhile)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_reason) == ("done", "")
    assert table(crm, "SELECT id, words FROM orders") == [(2, "Bens new one"), (9, "his")]
    outcome = batch.findings.get(collection="orders").outcome
    assert (outcome["rows"], outcome["moved"], outcome["spared"], outcome["left"]) == (2, 1, 0, {})


def test_a_correction_does_not_write_into_an_account_that_became_somebody_elses(crm: sa.Engine) -> None:
    batch = find()
    do(crm, RENAMED)
    allow(batch, "correct", changes={"full_name": "Ada Byron"})
    run_all(batch)
    assert order_of(batch, "correct").state == "done"
    assert table(crm, "SELECT name FROM people ORDER BY id") == [("Ben",), ("Ben",)]
    outcome = batch.findings.get(collection="people").outcome
    assert (outcome["rows"], outcome["moved"]) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_a_chunk_that_was_killed_before_its_receipt_counts_as_done_though_its_link_was_masked(shop: Shop) -> None:
    batch = s.find()
    allow(batch)
    failpoints.arm("erase.after_target_commit=raise@1")
    try:
        run_all(batch)
    finally:
        failpoints.arm("")
    assert shop.rows(s.accounts, id=1)[0]["email"] == "erased-1@erased.invalid" and not Receipt.objects.exists()
    settling.retry(order_of(batch), by=s.staff()[0])
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_reason) == ("done", "")
    outcome = batch.findings.get(collection="accounts").outcome
    assert (outcome["rows"], outcome["moved"]) == (1, 0)


def test_a_message_that_was_hers_alone_and_names_another_by_now_is_not_read_out(any_shop: Shop) -> None:
    batch = s.find()
    own = batch.findings.get(collection="messages", shared=False)
    assert len(list(reading.rows(own))) == 1
    any_shop.do(
        s.messages.update().where(s.messages.c.sender_id == 1, s.messages.c.recipient_id == 1).values(recipient_id=2)
    )
    assert list(reading.rows(own)) == []


def test_a_row_that_was_dated_anew_after_the_proposal_is_not_erased_by_its_schedule(any_shop: Shop) -> None:
    batch = batches.open_retention(
        origin="run:1", collection=("shop", "visits"), before=date(2026, 1, 11), actor=s.CLERK
    )
    run_all(batch)
    batches.authorise(batch, operation="erase", basis="schedule", approved_by=s.staff()[1], actor=s.CLERK)
    kept = any_shop.rows(s.visits, account_id=1)[0]["id"]
    any_shop.do(s.visits.update().where(s.visits.c.id == kept).values(seen_on=date(2026, 10, 1)))
    run_all(batch)
    assert order_of(batch).state == "done"
    assert [row["id"] for row in any_shop.rows(s.visits) if row["seen_on"] < date(2026, 1, 11)] == []
    assert any_shop.rows(s.visits, id=kept), "a retention run has no reason to erase it any more"
    outcome = batch.findings.get().outcome
    assert (outcome["rows"], outcome["moved"], outcome["spared"]) == (29, 1, 0)


def test_a_value_that_a_system_writes_in_another_way_is_still_the_same_persons(any_shop: Shop) -> None:
    """A UUID that the person wrote in capitals; SQLite and MariaDB keep 32 digits as a text, and texts compare exactly."""
    number = UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
    given = str(number).upper() if any_shop.engine.dialect.name == "postgresql" else number.hex
    wallets = sa.Table(
        "wallets", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("no", sa.Uuid)
    )
    wallets.create(any_shop.engine)
    try:
        any_shop.do(sa.insert(wallets).values(id=1, no=number))
        sql_schema.forget()
        fields = [PK, {"name": "no", "identity": "account_id", "category": "contact"}]
        address = any_shop.engine.url.render_as_string(hide_password=False)
        worlds.describe("bank", address, {"wallets": ({}, fields)})
        batch = _by_number(given)
        assert len(list(reading.rows(batch.findings.get(collection="wallets")))) == 1
        allow(batch)
        run_all(batch)
        assert batch.orders.get(operation="erase", system__key="bank").state == "done"
        assert any_shop.rows(wallets) == []
    finally:
        wallets.drop(any_shop.engine)


def _by_number(number: str) -> Batch:
    batch = batches.open_find(origin="PR-NO", subject=s.person(), identities={"account_id": [number]}, actor=s.CLERK)
    run_all(batch)
    return batch


def test_a_link_that_is_no_key_is_followed_from_rows_that_are_still_hers(crm: sa.Engine) -> None:
    do(
        crm,
        "CREATE TABLE calls (id INTEGER PRIMARY KEY, caller TEXT, words TEXT)",
        "INSERT INTO calls VALUES (1, 'A', 'x')",
    )
    sql_schema.forget()
    rows = worlds.Collection.objects.create(dataset=worlds.Dataset.objects.get(), name="calls", title="Calls")
    for one in (PK, {"name": "caller"}):
        Field.objects.create(collection=rows, **one)
    Field.objects.create(collection=rows, name="words", category=worlds.category("content"))
    worlds.refer("crm", "calls", "caller", "people", "name")
    batch = find()
    assert told(batch, "calls") == [{"words": "x"}]
    do(crm, "UPDATE calls SET caller = 'Ben'")
    assert told(batch, "calls") == []
    do(crm, "UPDATE calls SET caller = 'A'", RENAMED)
    assert told(batch, "calls") == [], "what led there is Ben's by now"
