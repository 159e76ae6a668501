"""What came where nothing had been found, and what an unfinished erasure left: told, and found again; never silently done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors import batches, settling
from connectors.kinds import sql_schema
from connectors.kinds.sql_changing import SqlChanging
from connectors.models import Batch, Connection
from tests.connectors import shop as s
from tests.connectors import worlds
from tests.connectors.shop import allow, order_of, person, run_all
from tests.connectors.test_changed_hands import told
from tests.connectors.test_shapes import find
from tests.connectors.worlds import ADA, BEN, MAIL, PK, do, table


@pytest.fixture
def leads(db: None, tmp_path: Path) -> Iterator[sa.Engine]:
    """A second system, where nobody is yet."""
    (tmp_path / "leads").mkdir()
    with worlds.sqlite(tmp_path / "leads", "CREATE TABLE leads (id INTEGER PRIMARY KEY, email TEXT)") as engine:
        worlds.describe("leads", worlds.address(engine), {"leads": ({}, [PK, MAIL])})
        yield engine


def test_a_row_that_came_to_a_collection_where_nothing_was_found_stops_the_erasure(crm: sa.Engine) -> None:
    do(crm, "DELETE FROM orders WHERE person_id = 1")
    batch = find()
    allow(batch)
    do(crm, "INSERT INTO orders VALUES (5, 1, 'new after the approval')")
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "stale") and "1 new rows of crm.orders" in order.park_reason
    assert len(table(crm, "SELECT * FROM people")) == 2


def test_a_row_that_came_to_a_system_where_nothing_was_found_is_told(crm: sa.Engine, leads: sa.Engine) -> None:
    batch = find()
    allow(batch)
    do(leads, f"INSERT INTO leads VALUES (1, '{ADA}')")
    run_all(batch)
    order = batch.orders.get(operation="erase", system__key="leads")
    assert order.rows_planned == 0
    assert (order.state, order.park_code) == ("parked", "stale") and "1 new rows of leads.leads" in order.park_reason
    assert not batches.settled(batch, "erase")


def test_a_system_where_nothing_is_still_is_done_and_one_that_was_given_up_is_not_asked(
    crm: sa.Engine,
    leads: sa.Engine,
) -> None:
    batch = find()
    allow(batch)
    run_all(batch)
    assert {one.system.key: one.state for one in batch.orders.filter(operation="erase")} == {
        "crm": "done",
        "leads": "done",
    }
    Connection.objects.filter(system__key="leads").update(active=False)
    other = find(BEN)
    settling.waive(
        other.orders.get(operation="find", system__key="leads"), reason_code="system_retired", by=s.staff()[0]
    )
    allow(other)
    run_all(other)
    assert [one.system.key for one in other.orders.filter(operation="erase")] == ["crm"]


def test_a_row_that_comes_during_the_erasure_where_nothing_was_found_is_not_called_done(crm: sa.Engine) -> None:
    do(
        crm,
        "DELETE FROM orders WHERE person_id = 1",
        "CREATE TRIGGER late AFTER DELETE ON people BEGIN INSERT INTO orders VALUES (7, OLD.id, 'late'); END",
    )
    batch = find()
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "left") and "1 rows of crm.orders came" in order.park_reason


LATE = "CREATE TRIGGER late AFTER DELETE ON orders WHEN OLD.id = 1 BEGIN INSERT INTO orders VALUES (77, 1, 'late'); END"


def again(first: Batch) -> Batch:
    batch = batches.open_find(origin=first.origin, subject=person(ADA), identities={"email": [ADA]}, actor=s.CLERK)
    run_all(batch)
    return batch


@pytest.mark.parametrize("people", ["delete", "mask"])
def test_a_new_search_of_the_same_request_finds_what_an_unfinished_erasure_left(crm: sa.Engine, people: str) -> None:
    do(crm, LATE)
    worlds.Collection.objects.filter(name="people").update(erase=people)
    first = find()
    allow(first)
    run_all(first)
    assert order_of(first).park_code == "left"
    second = again(first)
    assert second.findings.get(collection="orders").rows == 1 and told(second, "orders") == [{"words": "late"}]
    allow(second)
    run_all(second)
    assert order_of(second).state == "done", order_of(second).park_reason
    assert table(crm, "SELECT id FROM orders") == [(9,)]


def test_a_key_that_somebody_else_has_by_now_leads_nowhere(crm: sa.Engine) -> None:
    do(crm, LATE)
    first = find()
    allow(first)
    run_all(first)
    do(crm, "INSERT INTO people VALUES (1, 'cleo@people.example', 'Cleo')")
    assert not again(first).findings.exists(), "number 1 is Cleo's by now, and so is what refers to it"


def test_another_request_and_another_person_do_not_start_from_what_was_erased(crm: sa.Engine) -> None:
    do(crm, LATE)
    first = find()
    allow(first)
    run_all(first)
    assert not find().findings.exists()


def test_a_key_that_is_a_floating_point_number_is_refused_in_words(any_shop: s.Shop) -> None:
    number = sa.Float(24)
    keyed = sa.Table(
        "gauges", sa.MetaData(), sa.Column("no", number, primary_key=True),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), sa.Column("email", sa.String(90)),
    )  # fmt: skip
    keyed.create(any_shop.engine)
    try:
        any_shop.do(sa.insert(keyed).values(no=0.1, id=1, email=ADA))
        sql_schema.forget()
        address = any_shop.engine.url.render_as_string(hide_password=False)
        worlds.describe("lab", address, {"gauges": ({}, [{"name": "no", "primary_key": True}, PK, worlds.MAIL])})
        order = find().orders.get(operation="find", system__key="lab")
        assert (order.state, order.park_code) == ("parked", "key")
        assert "lab.gauges.no" in order.park_reason and "Name another key" in order.park_reason
    finally:
        keyed.drop(any_shop.engine)


def test_rows_that_are_found_and_that_their_key_does_not_lead_to_are_not_called_done(
    crm: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = find()
    allow(batch)
    monkeypatch.setattr(SqlChanging, "delete", lambda *args: 0)
    monkeypatch.setattr(SqlChanging, "count", lambda *args: 0)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "left") and "3 rows of crm.orders" in order.park_reason
