"""Whose a row is when a reference has several columns, other types, or leads over something that is no key."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import reading
from connectors.models import Batch
from tests.connectors import worlds
from tests.connectors.shop import allow, order_of, run_all
from tests.connectors.test_shapes import find
from tests.connectors.worlds import ADA, BEN, PK, table

NUMBER = {"data_type": "integer"}
EMAIL = {"name": "email", "identity": "email", "category": "contact"}
TENANT = {"name": "tenant", "primary_key": True, **NUMBER}


def found(batch: Batch, collection: str) -> dict[tuple[str, bool], int]:
    """(link, shared) -> rows of a collection."""
    rows = batch.findings.filter(collection=collection)
    return {(one.via, one.shared): one.rows for one in rows}


def erase(batch: Batch) -> None:
    allow(batch)
    run_all(batch)
    assert order_of(batch).state == "done", order_of(batch).park_reason


def test_an_address_with_a_key_of_several_columns_is_shared_like_any_other(db: None, tmp_path: Path) -> None:
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE addresses (tenant INTEGER, no INTEGER, street TEXT, PRIMARY KEY (tenant, no))",
        "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, tenant INTEGER, address_no INTEGER)",
        "INSERT INTO addresses VALUES (1, 1, 'common'), (1, 2, 'hers'), (2, 2, 'his')",
        f"INSERT INTO people VALUES (1, '{ADA}', 1, 1), (2, '{BEN}', 1, 1), (3, '{ADA}', 1, 2), (4, '{BEN}', 2, 2)",
    ) as engine:
        worlds.describe(
            "crm",
            worlds.address(engine),
            {
                "people": ({}, [PK, EMAIL, {"name": "tenant", **NUMBER}, {"name": "address_no", **NUMBER}]),
                "addresses": (
                    {},
                    [TENANT, {"name": "no", "primary_key": True, **NUMBER}, {"name": "street", "category": "contact"}],
                ),
            },
            [
                ("people", "tenant", "addresses", "tenant", "up", "address"),
                ("people", "address_no", "addresses", "no", "up", "address"),
            ],
        )
        batch = find()
        assert found(batch, "addresses") == {("tenant", False): 1, ("tenant", True): 1}
        assert batch.findings.get(collection="addresses", shared=True).action == "keep"
        erase(batch)
        assert table(engine, "SELECT street FROM addresses ORDER BY 1") == [("common",), ("his",)]


def test_an_address_is_shared_by_who_refers_to_it_in_another_type_or_by_another_column(
    db: None, tmp_path: Path
) -> None:
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE addresses (id INTEGER PRIMARY KEY, code TEXT UNIQUE, street TEXT)",
        "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, address_id INTEGER)",
        "CREATE TABLE depots (id INTEGER PRIMARY KEY, address_id TEXT)",
        "CREATE TABLE guests (id INTEGER PRIMARY KEY, code TEXT)",
        "INSERT INTO addresses VALUES (5, 'E', 'depot'), (6, 'F', 'guest'), (7, 'G', 'hers')",
        f"INSERT INTO people VALUES (1, '{ADA}', 5), (2, '{ADA}', 6), (3, '{ADA}', 7)",
        "INSERT INTO depots VALUES (1, '5')",
        "INSERT INTO guests VALUES (1, 'F'), (2, NULL)",
    ) as engine:
        worlds.describe(
            "crm",
            worlds.address(engine),
            {
                "people": ({}, [PK, EMAIL, {"name": "address_id", **NUMBER}]),
                "depots": ({}, [PK, {"name": "address_id"}]),
                "guests": ({}, [PK, {"name": "code"}]),
                "addresses": ({}, [PK, {"name": "code"}, {"name": "street", "category": "contact"}]),
            },
            [
                ("people", "address_id", "addresses", "id", "up"),
                ("depots", "address_id", "addresses", "id", "up"),
                ("guests", "code", "addresses", "code", "up"),
            ],
        )
        batch = find()
        assert found(batch, "addresses") == {("id", False): 1, ("id", True): 2}
        erase(batch)
        assert table(engine, "SELECT street FROM addresses ORDER BY 1") == [("depot",), ("guest",)]


HOUSEHOLDS = (
    "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, household INTEGER, part INTEGER, number TEXT UNIQUE)",
    "CREATE TABLE bills (id INTEGER PRIMARY KEY, household INTEGER, words TEXT)",
    "CREATE TABLE meters (id INTEGER PRIMARY KEY, household INTEGER, part INTEGER, words TEXT)",
    "CREATE TABLE cards (id INTEGER PRIMARY KEY, number TEXT, words TEXT)",
    f"INSERT INTO people VALUES (1, '{ADA}', 7, 1, 'a'), (2, '{BEN}', 7, 2, 'b'), (3, '{ADA}', 8, 1, 'c')",
    "INSERT INTO bills VALUES (1, 7, 'of both'), (2, 8, 'hers')",
    "INSERT INTO meters VALUES (1, 7, 1, 'hers'), (2, 7, 2, 'his'), (3, 8, 1, 'hers too')",
    "INSERT INTO cards VALUES (1, 'a', 'hers'), (2, 'b', 'his')",
)


def describe_households(engine: sa.Engine) -> None:
    words = {"name": "words", "category": "usage"}
    household, part, number = ({"name": "household", **NUMBER}, {"name": "part", **NUMBER}, {"name": "number"})
    worlds.describe(
        "crm",
        worlds.address(engine),
        {
            "people": ({}, [PK, EMAIL, household, part, number]),
            "bills": ({}, [PK, household, words]),
            "meters": ({}, [PK, household, part, words]),
            "cards": ({}, [PK, number, words]),
        },
        [
            ("bills", "household", "people", "household"),
            ("meters", "household", "people", "household", "down", "meter"),
            ("meters", "part", "people", "part", "down", "meter"),
            ("cards", "number", "people", "number"),
        ],
    )


def test_what_hangs_on_a_value_that_another_persons_row_holds_too_is_shared(db: None, tmp_path: Path) -> None:
    with worlds.sqlite(tmp_path, *HOUSEHOLDS) as engine:
        describe_households(engine)
        batch = find()
        assert found(batch, "bills") == {("household", False): 1, ("household", True): 1}
        assert found(batch, "meters") == {("household", False): 2}, "of both columns together nobody else has hers"
        assert found(batch, "cards") == {("number", False): 1}
        erase(batch)
        assert table(engine, "SELECT words FROM bills") == [("of both",)]
        assert table(engine, "SELECT words FROM meters") == [("his",)]
        with engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO people VALUES (4, '{ADA}', 7, 2, 'd')")
        again = find()
        assert found(again, "meters") == {("household", True): 1}, "Ben has the same part of the same household"


def test_a_bill_that_becomes_another_persons_too_after_the_approval_stops_the_erasure(db: None, tmp_path: Path) -> None:
    with worlds.sqlite(tmp_path, *HOUSEHOLDS) as engine:
        describe_households(engine)
        batch = find()
        allow(batch)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO people VALUES (4, '{BEN}', 8, 9, 'z')")
        run_all(batch)
        assert (order_of(batch).state, order_of(batch).park_code) == ("parked", "stale")
        assert len(table(engine, "SELECT id FROM bills")) == 2


@pytest.fixture
def tenants(db: None, tmp_path: Path) -> Any:
    """Two tenants whose users have the same numbers, messages between users, and a profile of each."""
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE users (tenant INTEGER, id INTEGER, email TEXT, PRIMARY KEY (tenant, id))",
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, tenant INTEGER, sender INTEGER, receiver INTEGER,"
        " sender_name TEXT, receiver_name TEXT)",
        "CREATE TABLE profiles (tenant INTEGER, user INTEGER, bio TEXT, PRIMARY KEY (tenant, user))",
        f"INSERT INTO users VALUES (1, 1, '{ADA}'), (1, 2, '{BEN}'), (2, 2, '{ADA}'), (2, 1, '{BEN}')",
        "INSERT INTO messages VALUES (1, 1, 1, 2, 'Ada', 'Ben'), (2, 2, 1, 2, 'Ben', 'Ada'), (3, 1, 1, 1, 'Ada', 'Ada'),"
        " (4, 1, 1, NULL, 'Ada', NULL), (5, 2, 1, 1, 'Ben', 'Ben')",
        "INSERT INTO profiles VALUES (1, 1, 'hers'), (1, 2, 'SECRET OF BEN'), (2, 2, 'hers too'), (2, 1, 'BEN AGAIN')",
    ) as engine:
        names = [{"name": f"{one}_name", "category": "contact", "person": one} for one in ("sender", "receiver")]
        worlds.describe(
            "crm",
            worlds.address(engine),
            {
                "users": ({}, [TENANT, {"name": "id", "primary_key": True, **NUMBER}, EMAIL]),
                "messages": ({}, [PK, *({"name": one, **NUMBER} for one in ("tenant", "sender", "receiver")), *names]),
                "profiles": (
                    {},
                    [TENANT, {"name": "user", "primary_key": True, **NUMBER}, {"name": "bio", "category": "content"}],
                ),
            },
        )
        yield engine


def tie(*links: tuple[str, str, str]) -> None:
    """(column of messages, parent, its column): each with the tenant beside it."""
    for column, parent, target in links:
        way = "down" if parent == "users" else "up"
        worlds.refer("crm", "messages", "tenant", parent, "tenant", way, column)
        worlds.refer("crm", "messages", column, parent, target, way, column)


def test_a_key_of_several_columns_never_leads_from_a_shared_row_to_the_other_persons_rows(tenants: sa.Engine) -> None:
    tie(("sender", "users", "id"), ("receiver", "profiles", "user"))
    batch = find()
    shown = str([row for one in batch.findings.all() for row in reading.rows(one)])
    assert "SECRET" not in shown and "AGAIN" not in shown and "Ben" not in shown
    assert not found(batch, "profiles"), "whether a receiver is she is known of no message"
    assert found(batch, "messages") == {("sender", False): 1, ("sender", True): 2}
    assert {"sender_name": "Ada", "receiver_name": reading.ANOTHER_PERSON} in [
        row for one in batch.findings.filter(collection="messages") for row in reading.rows(one)
    ]
    erase(batch)
    assert ("SECRET OF BEN",) in table(tenants, "SELECT bio FROM profiles")
    assert table(tenants, "SELECT sender_name, receiver_name FROM messages WHERE id = 1") == [(None, "Ben")]


def test_a_number_of_another_tenant_is_another_person_and_each_half_goes_with_its_own(tenants: sa.Engine) -> None:
    tie(("sender", "users", "id"), ("receiver", "users", "id"), ("receiver", "profiles", "user"))
    batch = find()
    assert found(batch, "messages") == {("sender", False): 2, ("sender", True): 1, ("receiver", True): 1}
    assert found(batch, "profiles") == {("tenant", False): 1, ("tenant", True): 1}, "over hers, and over Ben's to her"
    shown = str([row for one in batch.findings.all() for row in reading.rows(one)])
    assert "BEN" not in shown and "Ben" not in shown
    erase(batch)
    assert table(tenants, "SELECT id, sender_name, receiver_name FROM messages ORDER BY id") == [
        (1, None, "Ben"),
        (2, "Ben", None),
        (5, "Ben", "Ben"),
    ]
    assert table(tenants, "SELECT bio FROM profiles ORDER BY bio") == [
        ("BEN AGAIN",),
        ("SECRET OF BEN",),
        ("hers too",),
    ]
