"""References that go round in a circle: what is not searched because of them is told, and never counted as done."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors import batches, holds, settling
from connectors.models import Batch, WorkOrder
from inventory.models import Collection, Field, Reference
from privacyops import headless
from tests.connectors import shop as s
from tests.connectors import worlds
from tests.connectors.shop import allow, order_of, run_all
from tests.connectors.test_shapes import find
from tests.connectors.worlds import ADA, BEN, PK, table

CIRCLE = [("b", "a_id", "a", "id"), ("c", "b_id", "b", "id"), ("a", "c_id", "c", "id")]


@pytest.fixture
def circle(db: None, tmp_path: Path) -> Iterator[sa.Engine]:
    """a leads to b, b to c, and c back to a: to a row that nothing else leads to."""
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE a (id INTEGER PRIMARY KEY, email TEXT, c_id INTEGER, words TEXT)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER, words TEXT)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, b_id INTEGER, words TEXT)",
        f"INSERT INTO a VALUES (1, '{ADA}', 30, 'x'), (2, NULL, 30, 'over c'), (3, '{BEN}', NULL, 'his')",
        "INSERT INTO b VALUES (20, 1, 'x')",
        "INSERT INTO c VALUES (30, 20, 'x')",
    ) as engine:
        email = {"name": "email", "identity": "email", "category": "contact"}
        words = {"name": "words", "category": "content"}
        worlds.describe(
            "crm",
            worlds.address(engine),
            {
                "a": ({}, [PK, email, {"name": "c_id", "data_type": "integer"}, words]),
                "b": ({}, [PK, {"name": "a_id", "data_type": "integer"}, words]),
                "c": ({}, [PK, {"name": "b_id", "data_type": "integer"}, words]),
            },
            CIRCLE,
        )
        yield engine


def search_of(batch: Batch) -> WorkOrder:
    return order_of(batch, "find")


def test_rows_that_only_the_end_of_a_circle_leads_to_park_the_search_with_their_number(circle: sa.Engine) -> None:
    batch = find()
    order = search_of(batch)
    assert (order.state, order.park_code) == ("parked", "circle")
    assert "1 row of crm.a by c_id" in order.park_reason and "collect again" in order.park_reason
    settling.waive(order, reason_code="done_by_hand", by=s.staff()[0])
    allow(batch)
    run_all(batch)
    assert order_of(batch).state == "done"
    assert [one for (one,) in table(circle, "SELECT id FROM a ORDER BY id")] == [2, 3]


def test_a_circle_that_keeps_nothing_out_of_a_search_stops_nothing(circle: sa.Engine) -> None:
    with circle.begin() as connection:
        connection.exec_driver_sql("DELETE FROM a WHERE id = 2")
    assert search_of(find()).state == "done"


def test_a_plan_names_what_it_does_not_follow(circle: sa.Engine) -> None:
    told = headless.explain(["email"])["not_followed"]
    assert [(one["collection"], one["field"], one["from"]) for one in told] == [("a", "c_id", "crm.c.id")]
    assert find().plan["dropped"] == [
        {"collection": ["crm", "a"], "field": "c_id", "parent": ["crm", "c"], "parent_field": "id"}
    ]


def test_a_reference_that_goes_both_ways_is_no_circle(circle: sa.Engine) -> None:
    Reference.objects.filter(field__name="c_id").delete()
    Reference.objects.update(direction="both")
    batch = find()
    assert search_of(batch).state == "done" and not batch.plan["dropped"]


def test_a_circle_over_two_systems_is_looked_at_when_both_were_searched(circle: sa.Engine) -> None:
    """mails.b hangs on crm.c, and crm.a on mails.b."""
    Reference.objects.filter(field__name="c_id").delete()
    worlds.describe("mails", worlds.address(circle), {"b": ({}, [PK, {"name": "a_id", "data_type": "integer"}])})
    worlds.refer("mails", "b", "a_id", "crm.c", "id")
    worlds.refer("crm", "a", "c_id", "mails.b", "id")
    with circle.begin() as connection:
        connection.exec_driver_sql("INSERT INTO b VALUES (21, 30, 'x')")
        connection.exec_driver_sql("UPDATE a SET c_id = 21 WHERE id = 2")
    orders = {one.system.key: (one.state, one.park_code) for one in WorkOrder.objects.filter(batch=find())}
    assert orders == {"crm": ("done", ""), "mails": ("parked", "circle")}


def test_retention_spares_what_only_the_end_of_a_circle_ties_to_a_held_person(circle: sa.Engine) -> None:
    with circle.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE a ADD COLUMN made_on DATE DEFAULT '2020-01-01'")
        connection.exec_driver_sql("INSERT INTO b VALUES (21, 2, 'x')")
        connection.exec_driver_sql("INSERT INTO c VALUES (31, 21, 'x')")
        connection.exec_driver_sql("INSERT INTO a (id, c_id) VALUES (4, 31)")
    home = Collection.objects.get(name="a")
    Field.objects.create(collection=home, name="made_on", data_type="date")
    Collection.objects.filter(pk=home.pk).update(dated_by="made_on")
    _, nora = s.staff()
    holds.place(s.person(ADA), matter="m", reason="r", review_on=date(2027, 1, 1), by=nora)
    batch = batches.open_retention(origin="r", collection=("crm", "a"), before=date(2021, 1, 1), actor=s.CLERK)
    run_all(batch)
    batches.authorise(batch, operation="erase", basis="schedule", approved_by=nora, actor=s.CLERK)
    run_all(batch)
    assert order_of(batch).state == "done"
    assert [one for (one,) in table(circle, "SELECT id FROM a ORDER BY id")] == [1, 2, 4], "Ben's alone was not held"
