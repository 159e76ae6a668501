"""Rows that refer to each other: trees, circles of tables, and rows that stay and hold on to what shall go."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import batches, holds, sql_grants
from connectors.models import Connection, Receipt
from tests.connectors import worlds
from tests.connectors.conftest import Fill
from tests.connectors.shop import CLERK, allow, find, order_of, person, run_all, staff
from tests.connectors.worlds import ADA, BEN, PK, table

pytestmark = pytest.mark.django_db
EMAIL = {"name": "email", "identity": "email", "category": "contact"}
WORDS = {"name": "words", "category": "content"}
PEOPLE = "CREATE TABLE people (id INTEGER PRIMARY KEY, email VARCHAR(60)"
BOTH = f"INSERT INTO people (id, email) VALUES (1, '{ADA}'), (2, '{BEN}')"


def posts(may_be_empty: bool = True, action: str = "") -> str:
    empty = "" if may_be_empty else " NOT NULL"
    return (
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL, words VARCHAR(60), "
        f"parent_id INTEGER{empty}, FOREIGN KEY (person_id) REFERENCES people(id), "
        f"FOREIGN KEY (parent_id) REFERENCES posts(id){action})"
    )


def describe(engine: sa.Engine, links: Any, **collections: Any) -> None:
    worlds.describe("crm", worlds.address(engine), collections, links)


def describe_posts(engine: sa.Engine) -> None:
    fields = [PK, {"name": "person_id"}, WORDS]
    describe(engine, [("posts", "person_id", "people", "id")], people=({}, [PK, EMAIL]), posts=({}, fields))


def erased(mail: str = ADA) -> Any:
    batch = find(mail)
    allow(batch)
    run_all(batch)
    return order_of(batch)


@pytest.mark.parametrize("chunk", [2, 500])
def test_a_tree_of_one_persons_rows_goes_within_a_chunk_and_across_chunks(
    fill: Fill, settings: Any, chunk: int
) -> None:
    settings.CHUNK_ROWS = chunk
    engine = fill(
        f"{PEOPLE})", posts(), BOTH,
        "INSERT INTO posts VALUES (1, 1, 'a', 1), (2, 1, 'b', 1), (3, 1, 'c', 2), (4, 1, 'd', 1), (5, 2, 'e', NULL)",
        "INSERT INTO posts VALUES (6, 1, 'f', 5)",
    )  # fmt: skip
    describe_posts(engine)
    order = erased()
    assert order.state == "done", order.park_reason
    assert table(engine, "SELECT id, parent_id FROM posts") == [(5, None)]
    assert table(engine, "SELECT id FROM people") == [(2,)]
    assert sum(Receipt.objects.filter(order=order).values_list("changed", flat=True)) == 6


@pytest.mark.parametrize("chunk", [2, 500])
def test_a_tree_in_which_no_reference_may_be_empty_goes_from_its_leaves(fill: Fill, settings: Any, chunk: int) -> None:
    settings.CHUNK_ROWS = chunk
    engine = fill(
        f"{PEOPLE})", posts(may_be_empty=False), BOTH,
        "INSERT INTO posts VALUES (1, 1, 'a', 1)",
        "INSERT INTO posts VALUES (2, 1, 'b', 1), (3, 1, 'c', 1)",
        "INSERT INTO posts VALUES (4, 1, 'd', 2)", "INSERT INTO posts VALUES (5, 1, 'e', 4)",
        "INSERT INTO posts VALUES (9, 2, 'f', 9)",
    )  # fmt: skip
    describe_posts(engine)
    order = erased()
    if engine.dialect.name == "mysql":  # MariaDB lets no row go that refers to itself
        assert order.park_code == "constraint" and "refer to themselves (parent_id)" in order.park_reason
        assert len(table(engine, "SELECT id FROM posts")) == 6
        return
    assert order.state == "done", order.park_reason
    assert table(engine, "SELECT id FROM posts") == [(9,)]
    receipts = Receipt.objects.filter(order=order)
    assert sum(receipts.values_list("rows", flat=True)) == 6


@pytest.mark.parametrize("chunk", [2, 500])
def test_a_branch_under_another_tables_root_goes_from_its_leaves(fill: Fill, settings: Any, chunk: int) -> None:
    """The reference may not be empty; the tree hangs on a row that nobody asked to erase."""
    settings.CHUNK_ROWS = chunk
    engine = fill(
        f"{PEOPLE})", posts(may_be_empty=False), BOTH,
        "INSERT INTO posts VALUES (9, 2, 'f', 9)", "INSERT INTO posts VALUES (1, 1, 'a', 9)",
        "INSERT INTO posts VALUES (2, 1, 'b', 1), (3, 1, 'c', 1)",
        "INSERT INTO posts VALUES (4, 1, 'd', 2)", "INSERT INTO posts VALUES (5, 1, 'e', 4)",
    )  # fmt: skip
    describe_posts(engine)
    order = erased()
    assert order.state == "done", order.park_reason
    assert table(engine, "SELECT id FROM posts") == [(9,)]
    assert sum(Receipt.objects.filter(order=order).values_list("rows", flat=True)) == 6


def test_another_persons_answer_keeps_a_row_and_nothing_is_touched_before_that_is_said(fill: Fill) -> None:
    engine = fill(
        f"{PEOPLE})", posts(), BOTH,
        "INSERT INTO posts VALUES (1, 1, 'a', NULL), (2, 1, 'b', 1)", "INSERT INTO posts VALUES (3, 2, 'c', 2)",
    )  # fmt: skip
    describe_posts(engine)
    order = erased()
    assert (order.state, order.park_code) == ("parked", "constraint")
    assert "crm.posts" in order.park_reason and "parent_id" in order.park_reason and "Mask" in order.park_reason
    assert table(engine, "SELECT id, parent_id FROM posts ORDER BY id") == [(1, None), (2, 1), (3, 2)]
    assert not Receipt.objects.filter(order=order).exists()


@pytest.mark.parametrize("chunk", [1, 500])
@pytest.mark.parametrize("may_be_empty", ["main_address", "person_id"])
def test_two_tables_that_refer_to_each_other_are_both_emptied(
    fill: Fill, settings: Any, chunk: int, may_be_empty: str
) -> None:
    settings.CHUNK_ROWS = chunk
    first, second = ("", " NOT NULL") if may_be_empty == "main_address" else (" NOT NULL DEFAULT 10", "")
    key = "FOREIGN KEY (main_address) REFERENCES addresses(id)"
    address = f"CREATE TABLE addresses (id INTEGER PRIMARY KEY, person_id INTEGER{second}, street VARCHAR(20)"
    if may_be_empty == "main_address":
        rows = [BOTH, "INSERT INTO addresses VALUES (10, 1, 'x'), (11, 1, 'y'), (12, 2, 'z')"]
        rows.append("UPDATE people SET main_address = 10 WHERE id = 1")
    else:
        rows = ["INSERT INTO addresses VALUES (10, NULL, 'x'), (11, NULL, 'y'), (12, NULL, 'z')"]
        rows += [f"INSERT INTO people VALUES (1, '{ADA}', 10), (2, '{BEN}', 12)"]
        rows += ["UPDATE addresses SET person_id = 1 WHERE id < 12", "UPDATE addresses SET person_id = 2 WHERE id = 12"]
    engine = fill("SELECT 1")
    if engine.dialect.name == "sqlite":
        fill(f"{PEOPLE}, main_address INTEGER{first} REFERENCES addresses(id))")
        fill(f"{address}, FOREIGN KEY (person_id) REFERENCES people(id))", *rows)
    else:
        fill(f"{PEOPLE}, main_address INTEGER{first})", f"{address}, FOREIGN KEY (person_id) REFERENCES people(id))")
        fill(f"ALTER TABLE people ADD CONSTRAINT main {key}", *rows)
    describe(
        engine,
        [("addresses", "person_id", "people", "id"), ("people", "main_address", "addresses", "id", "up")],
        people=({}, [PK, EMAIL, {"name": "main_address"}]),
        addresses=({}, [PK, {"name": "person_id"}, {"name": "street", "category": "contact"}]),
    )
    order = erased()
    assert order.state == "done", order.park_reason
    assert table(engine, "SELECT id FROM people") == [(2,)] and table(engine, "SELECT id FROM addresses") == [(12,)]


def test_a_circle_in_which_nothing_may_be_empty_is_refused_before_the_first_write(fill: Fill) -> None:
    engine = fill("SELECT 1")
    if engine.dialect.name == "sqlite":
        fill(f"{PEOPLE}, team INTEGER NOT NULL REFERENCES teams(id))")
    else:
        fill(f"{PEOPLE}, team INTEGER NOT NULL)")
    fill(
        "CREATE TABLE teams (id INTEGER PRIMARY KEY, head INTEGER NOT NULL, words VARCHAR(20), "
        "FOREIGN KEY (head) REFERENCES people(id))"
    )
    rows = [f"INSERT INTO people VALUES (1, '{ADA}', 5)", "INSERT INTO teams VALUES (5, 1, 'x')"]
    fill(*rows, "ALTER TABLE people ADD CONSTRAINT teamed FOREIGN KEY (team) REFERENCES teams(id)")
    fields = [PK, {"name": "head"}, WORDS]
    describe(engine, [("teams", "head", "people", "id")], people=({}, [PK, EMAIL]), teams=({}, fields))
    order = erased()
    assert (order.state, order.park_code) == ("parked", "constraint")
    assert "people, teams" in order.park_reason and "circle" in order.park_reason
    assert len(table(engine, "SELECT id FROM teams")) == 1


@pytest.mark.parametrize("kept", [{"erase": "keep", "keep_ground": "legal_obligation"}, {"erase": "mask"}, None])
def test_rows_that_stay_and_refer_to_what_shall_go_are_named_before_the_first_write(
    fill: Fill, kept: Mapping[str, Any] | None
) -> None:
    child = "CREATE TABLE {} (id INTEGER PRIMARY KEY, person_id INTEGER, words VARCHAR(20), FOREIGN KEY (person_id) {})"
    engine = fill(
        f"{PEOPLE})", child.format("orders", "REFERENCES people(id)"), child.format("visits", "REFERENCES people(id)"), BOTH,
        "INSERT INTO orders VALUES (1, 1, 'x')", "INSERT INTO visits VALUES (1, 1, 'y')",
    )  # fmt: skip
    fields = [PK, {"name": "person_id"}, WORDS]
    links = [(name, "person_id", "people", "id") for name in ("visits", "orders") if kept or name == "visits"]
    collections: dict[str, Any] = {"people": ({}, [PK, EMAIL]), "visits": ({}, fields)} | (
        {"orders": (kept, fields)} if kept else {}
    )
    describe(engine, links, **collections)
    order = erased()
    assert (order.state, order.park_code) == ("parked", "constraint")
    assert "orders" in order.park_reason and "crm.people" in order.park_reason and "person_id" in order.park_reason
    assert len(table(engine, "SELECT id FROM visits")) == 1, "nothing went before it was told"


def test_a_reference_that_its_mask_empties_holds_on_to_nothing(fill: Fill) -> None:
    engine = fill(
        f"{PEOPLE})", "CREATE TABLE orders (id INTEGER PRIMARY KEY, person_id INTEGER, words VARCHAR(20), "
        "FOREIGN KEY (person_id) REFERENCES people(id))", BOTH, "INSERT INTO orders VALUES (1, 1, 'x'), (2, 2, 'y')",
    )  # fmt: skip
    fields = [PK, {"name": "person_id", "mask": {"strategy": "null"}}, WORDS]
    links = [("orders", "person_id", "people", "id")]
    describe(engine, links, people=({}, [PK, EMAIL]), orders=({"erase": "mask"}, fields))
    order = erased()
    assert order.state == "done", order.park_reason
    assert table(engine, "SELECT id, person_id FROM orders ORDER BY id") == [(1, None), (2, 2)]


def test_the_printed_grants_hold_the_reference_that_is_emptied(fill: Fill) -> None:
    engine = fill(f"{PEOPLE})", posts(), BOTH, "INSERT INTO posts VALUES (1, 1, 'a', NULL), (2, 1, 'b', 1)")
    describe_posts(engine)
    if engine.dialect.name == "sqlite":
        return  # it has no logins
    connection = Connection.objects.get()
    granted = [one for one in sql_grants.statements(connection) if "UPDATE" in one]
    assert len(granted) == 1 and "parent_id" in granted[0] and "posts" in granted[0]


def test_a_row_under_a_legal_hold_keeps_its_reference_and_what_it_refers_to(fill: Fill) -> None:
    engine = fill(f"{PEOPLE})", posts().replace("words", "written_on DATE, words"), BOTH)
    fill(
        "INSERT INTO posts VALUES (1, 1, '2020-01-01', 'a', NULL)", "INSERT INTO posts VALUES (2, 1, '2020-01-01', 'b', 1)",
        "INSERT INTO posts VALUES (3, 2, '2020-01-01', 'c', 1)",
    )  # fmt: skip
    fields = [PK, {"name": "person_id"}, {"name": "written_on"}, WORDS]
    described = {"people": ({"erase": "mask"}, [PK, EMAIL]), "posts": ({"dated_by": "written_on"}, fields)}
    describe(engine, [("posts", "person_id", "people", "id")], **described)
    holds.place(person(BEN), matter="m", reason="r", review_on=date(2030, 1, 1), by=staff()[0])
    batch = batches.open_retention(origin="run:1", collection=("crm", "posts"), before=date(2021, 1, 1), actor=CLERK)
    run_all(batch)
    _, maya = staff()
    batches.authorise(batch, operation="erase", basis="schedule", proposed_by=None, approved_by=maya, actor=CLERK)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "constraint")
    assert table(engine, "SELECT id, parent_id FROM posts ORDER BY id") == [(1, None), (2, 1), (3, 1)]
