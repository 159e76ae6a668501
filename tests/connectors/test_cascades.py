"""Databases that delete or change other rows by themselves: nothing goes that was not found, decided on and named."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import batches, examining, holds, settling
from connectors.models import Batch, Connection
from inventory.models import Collection, Field
from tests.connectors.shop import CLERK, allow, find, order_of, person, run_all, staff
from tests.connectors.worlds import ADA, BEN, PK, address, describe, do, table

pytestmark = pytest.mark.django_db
USERS = [PK, {"name": "email", "identity": "email", "category": "contact"}]
CHILD = [PK, {"name": "u"}, {"name": "note", "category": "usage"}]
KEPT = {"erase": "keep", "keep_ground": "legal_obligation"}
REFERS = "INTEGER, FOREIGN KEY (u) REFERENCES users (id) ON DELETE"


def users(engine: sa.Engine) -> None:
    do(
        engine,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(60), last_on DATE)",
        f"INSERT INTO users VALUES (1, '{ADA}', '2026-07-01'), (2, '{BEN}', '2020-01-01')",
    )


def child(engine: sa.Engine, name: str, action: str, *rows: str) -> None:
    do(engine, f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, note VARCHAR(20), u {REFERS} {action})")
    do(engine, *(f"INSERT INTO {name} VALUES {one}" for one in rows))


def crm(engine: sa.Engine, collections: dict[str, Any], *referring: str) -> None:
    links = [(one, "u", "users", "id") for one in referring]
    describe("crm", address(engine), {"users": ({}, USERS), **collections}, links)


def erased(mail: str = ADA) -> Batch:
    batch = find(mail)
    allow(batch)
    run_all(batch)
    return batch


def faults() -> list[str]:
    return [one.sentence for one in examining.examine(Connection.objects.get(), actor=CLERK)]


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL"])
def test_rows_that_are_kept_are_not_carried_along_by_the_database(any_server: sa.Engine, action: str) -> None:
    users(any_server)
    child(any_server, "payments", action, "(1, 'paid', 1)", "(2, 'paid', 2)")
    crm(any_server, {"payments": (KEPT, CHILD)}, "payments")
    assert any("crm.users" in one and "payments" in one and action in one for one in faults())
    order = order_of(erased())
    assert (order.state, order.park_code) == ("parked", "cascade")
    assert "crm.users" in order.park_reason and "rows of payments" in order.park_reason
    assert table(any_server, "SELECT id, u FROM payments ORDER BY id") == [(1, 1), (2, 2)]
    assert table(any_server, "SELECT count(*) FROM users") == [(2,)]
    Collection.objects.filter(name="users").update(erase="mask")
    assert not faults()
    assert order_of(erased(BEN)).state == "done", "whose row stays carries nothing along"
    assert table(any_server, "SELECT id, email FROM users ORDER BY id") == [(1, ADA), (2, None)]


def test_a_table_that_nobody_described_is_not_changed_in_passing(any_server: sa.Engine) -> None:
    users(any_server)
    child(any_server, "visits", "CASCADE", "(1, 'hers', 1)")
    child(any_server, "secrets", "SET NULL", "(1, 'x', 1)")
    crm(any_server, {"visits": ({}, CHILD)}, "visits")
    (sentence,) = faults()
    assert "secrets" in sentence
    assert order_of(erased()).park_code == "cascade"
    assert table(any_server, "SELECT u FROM secrets") == [(1,)]
    assert table(any_server, "SELECT count(*) FROM visits") == [(1,)], "told before the first row"
    assert order_of(erased(BEN)).state == "done", "nothing there refers to Ben"


def test_children_that_are_described_go_first_and_then_nothing_is_left_to_carry_along(any_server: sa.Engine) -> None:
    users(any_server)
    child(any_server, "orders", "CASCADE", "(1, 'hers', 1)", "(2, 'his', 2)")
    do(
        any_server,
        "CREATE TABLE items (id INTEGER PRIMARY KEY, o INTEGER, FOREIGN KEY (o) REFERENCES orders (id) ON DELETE CASCADE)",
        "INSERT INTO items VALUES (1, 1), (2, 2)",
    )
    described = {"orders": ({}, CHILD), "items": ({}, [PK, {"name": "o", "category": "usage"}])}
    links = [("orders", "u", "users", "id"), ("items", "o", "orders", "id")]
    describe("crm", address(any_server), {"users": ({}, USERS), **described}, links)
    assert not faults()
    order = order_of(erased())
    assert order.state == "done", order.park_reason
    left = [table(any_server, f"SELECT id FROM {one}") for one in ("users", "orders", "items")]
    assert left == [[(2,)], [(2,)], [(2,)]]


def test_a_reference_that_a_mask_empties_first_is_not_in_the_way(any_server: sa.Engine) -> None:
    users(any_server)
    child(any_server, "orders", "SET NULL", "(1, 'hers', 1)")
    crm(any_server, {"orders": ({"erase": "mask"}, CHILD)}, "orders")
    assert faults()
    Field.objects.filter(collection__name="orders", name="u").update(mask={"strategy": "null"})
    assert not faults()
    order = order_of(erased())
    assert order.state == "done", order.park_reason
    assert table(any_server, "SELECT id, u, note FROM orders") == [(1, None, None)]


def test_the_other_half_of_a_message_stays(any_server: sa.Engine) -> None:
    users(any_server)
    both = ", ".join(f"FOREIGN KEY ({one}) REFERENCES users (id) ON DELETE CASCADE" for one in "sr")
    do(
        any_server,
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, s INTEGER, r INTEGER, sname VARCHAR(9), rname VARCHAR(9),"
        f" {both})",
        "INSERT INTO messages VALUES (1, 1, 2, 'Ada', 'Ben'), (2, 1, 1, 'Ada', 'Ada')",
    )
    named = [{"name": f"{one}name", "category": "contact", "person": one} for one in "sr"]
    messages = ({}, [PK, {"name": "s"}, {"name": "r"}, *named])
    links = [("messages", one, "users", "id") for one in "sr"]
    describe("crm", address(any_server), {"users": ({}, USERS), "messages": messages}, links)
    assert len(faults()) == 2
    assert order_of(erased()).park_code == "cascade"
    assert table(any_server, "SELECT rname FROM messages ORDER BY id") == [("Ben",), ("Ada",)]
    assert table(any_server, "SELECT count(*) FROM users") == [(2,)]


def test_retention_of_one_row_does_not_delete_what_a_held_person_wrote(any_server: sa.Engine) -> None:
    users(any_server)
    both = ", ".join(f"FOREIGN KEY ({one}) REFERENCES users (id) ON DELETE CASCADE" for one in "sr")
    do(
        any_server,
        f"CREATE TABLE messages (id INTEGER PRIMARY KEY, s INTEGER, r INTEGER, body VARCHAR(20), {both})",
        "INSERT INTO messages VALUES (1, 1, 2, 'evidence')",
        "INSERT INTO users VALUES (3, 'cleo@people.example', '2020-01-01')",
    )
    dated = ({"dated_by": "last_on"}, [*USERS, {"name": "last_on", "category": "usage", "data_type": "date"}])
    body = [PK, {"name": "s"}, {"name": "r"}, {"name": "body", "category": "contact", "person": "s"}]
    links = [("messages", one, "users", "id") for one in "sr"]
    describe("crm", address(any_server), {"users": dated, "messages": ({}, body)}, links)
    jonas, maya = staff()
    holds.place(person(ADA), matter="m", reason="r", review_on=date(2030, 1, 1), by=maya)
    batch = batches.open_retention(origin="run:1", collection=("crm", "users"), before=date(2026, 1, 1), actor=CLERK)
    run_all(batch)
    batches.authorise(batch, operation="erase", basis="schedule", proposed_by=jonas, approved_by=maya, actor=CLERK)
    run_all(batch)
    assert (order_of(batch).state, order_of(batch).park_code) == ("parked", "cascade")
    assert table(any_server, "SELECT body FROM messages") == [("evidence",)]
    assert table(any_server, "SELECT count(*) FROM users") == [(3,)]
    do(any_server, "UPDATE messages SET r = 1")
    settling.retry(order_of(batch), by=maya)
    run_all(batch)
    assert order_of(batch).state == "done", order_of(batch).park_reason
    assert table(any_server, "SELECT id FROM users") == [(1,)], "once nothing refers to them they go"


def test_a_tree_whose_rows_all_go_is_no_cascade_and_a_branch_of_others_is(any_server: sa.Engine) -> None:
    users(any_server)
    do(
        any_server,
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, u INTEGER, note VARCHAR(9), reply_to INTEGER,"
        " FOREIGN KEY (reply_to) REFERENCES posts (id) ON DELETE CASCADE)",
        "INSERT INTO posts VALUES (1, 1, 'a', NULL), (2, 1, 'b', 1), (3, 2, 'c', NULL), (4, 1, 'd', 3)",
    )
    crm(any_server, {"posts": ({}, CHILD)}, "posts")
    assert order_of(erased(BEN)).park_code == "cascade", "Ada answered Ben"
    assert table(any_server, "SELECT count(*) FROM posts") == [(4,)]
    order = order_of(erased())
    assert order.state == "done", order.park_reason
    assert table(any_server, "SELECT id FROM posts") == [(3,)]
    assert order_of(erased(BEN)).state == "done"


def test_rows_that_our_login_cannot_see_are_told_and_nothing_is_deleted(postgresql: sa.Engine) -> None:
    users(postgresql)
    child(postgresql, "secrets", "CASCADE", "(1, 'x', 1)")
    crm(postgresql, {})
    login = f"po_blind_{postgresql.url.database}"
    do(
        postgresql,
        f"CREATE ROLE {login} LOGIN",
        f"GRANT SELECT, DELETE ON users TO {login}",
    )
    Connection.objects.update(address=address(postgresql).replace("root@", f"{login}@"))
    try:
        order = order_of(erased())
        assert order.park_code == "permission" and "secrets (u)" in order.park_reason
        do(
            postgresql,
            f"GRANT SELECT ON secrets TO {login}",
            "ALTER TABLE secrets ENABLE ROW LEVEL SECURITY",
        )
        settling.retry(order, by=staff()[0])
        run_all(order.batch)
        assert order_of(order.batch).park_code == "permission", "rules of rows hide some of them"
        assert table(postgresql, "SELECT count(*) FROM secrets") == [(1,)]
    finally:
        do(postgresql, f"DROP OWNED BY {login}", f"DROP ROLE {login}")


def test_a_table_of_another_schema_is_looked_at_as_well(postgresql: sa.Engine) -> None:
    do(
        postgresql,
        "CREATE SCHEMA hr",
        "CREATE TABLE hr.users (id INTEGER PRIMARY KEY, email TEXT)",
        f"INSERT INTO hr.users VALUES (1, '{ADA}'), (2, '{BEN}')",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, u INTEGER REFERENCES hr.users ON DELETE CASCADE)",
        "INSERT INTO notes VALUES (1, 1)",
    )
    describe("crm", address(postgresql), {"hr.users": ({}, USERS)})
    assert any("rows of notes" in one for one in faults())
    assert order_of(erased()).park_code == "cascade"
    assert table(postgresql, "SELECT count(*) FROM notes") == [(1,)]
