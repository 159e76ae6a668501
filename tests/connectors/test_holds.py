"""A legal hold protects the rows of the held person from everybody's erasure: their own, another's, and retention's."""

from datetime import date
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors import batches, holds
from connectors.models import Batch
from inventory.models import Collection, Field, Reference
from subjects import registry
from subjects.models import DataSubject
from tests.connectors import shop as s
from tests.connectors import worlds
from tests.connectors.shop import ANNA, BEN, CLERK, Shop, allow, find, messages, order_of, person, run_all, staff
from tests.connectors.worlds import ADA, PK, table

CLEO = "cleo@people.example"
USERS = [PK, {"name": "email", "identity": "email", "category": "contact"}]


def hold(subject: DataSubject) -> None:
    holds.place(subject, matter="case-7", reason="Claim", review_on=date(2027, 1, 1), by=staff()[1])


def pairs(shop: Shop) -> list[tuple[int, int]]:
    return [(one["sender_id"], one["recipient_id"]) for one in shop.rows(messages)]


def erased(mail: str = BEN) -> Batch:
    batch = find(mail)
    allow(batch)
    run_all(batch)
    return batch


def test_a_request_leaves_what_another_person_is_held_for_and_says_so(any_shop: Shop) -> None:
    Collection.objects.filter(name="messages").update(erase_shared="delete")
    hold(person(ANNA))
    batch = erased(BEN)
    assert pairs(any_shop) == [(1, 2), (2, 1), (1, 1)], (
        "what Ben and Anna wrote to each other stays; Ben and Cleo's goes"
    )
    order = order_of(batch)
    assert order.state == "done" and order.park_reason.startswith("2 rows were left as they are, because a legal hold")
    outcomes = [one.outcome for one in batch.findings.filter(collection="messages")]
    assert sum(one["spared"] for one in outcomes) == 2 and sum(one["rows"] for one in outcomes) == 1
    assert {one["spared_for"] for one in outcomes if one["spared"]} == {"legal_hold"}
    assert not any_shop.rows(s.visits, account_id=2), "what is Ben's alone is erased"
    assert batch.findings.get(collection="visits").outcome["spared_for"] == ""


def test_fields_of_a_row_that_another_person_is_held_for_are_not_masked_either(shop: Shop) -> None:
    hold(person(ANNA))
    before = shop.rows(messages, sender_id=2, recipient_id=1)
    batch = erased(BEN)
    assert shop.rows(messages, sender_id=2, recipient_id=1) == before
    assert shop.rows(messages, sender_id=2, recipient_id=3)[0]["sender_name"] is None
    spared = [one for one in batch.findings.filter(collection="messages") if one.outcome["spared"] == one.rows]
    assert all(set(one.outcome["fields"].values()) <= {"spared", "kept"} for one in spared)


def test_the_same_account_under_another_name_of_a_held_person_is_spared(shop: Shop) -> None:
    """They wrote by e-mail; the hold was placed on whom we know by the account's number."""
    Field.objects.filter(collection__name="accounts", name="id").update(identity="account_id")
    hold(registry.find_or_make("account_id", "1", actor=CLERK))
    before = shop.rows(s.accounts, id=1)
    batch = erased(ANNA)
    assert shop.rows(s.accounts, id=1) == before and len(shop.rows(s.visits, account_id=1)) == 25
    assert len(shop.rows(messages, sender_id=1)) == 2
    assert batch.findings.get(collection="visits").outcome["spared"] == 25


def test_a_hold_on_another_person_between_two_chunks_saves_what_is_left(shop: Shop, settings, monkeypatch) -> None:
    settings.CHUNK_ROWS = 1
    Collection.objects.filter(name="messages").update(erase_shared="delete")
    batch = find(BEN)
    allow(batch)
    seen = []

    def placed(name: str) -> None:
        if name == "erase.after_receipt" and not seen:
            seen.append(len(pairs(shop)))
            hold(person(ANNA))
            hold(person(CLEO))

    monkeypatch.setattr("connectors.acting.failpoint", placed)
    run_all(batch)
    assert order_of(batch).state == "done" and len(pairs(shop)) == seen[0]


def test_a_request_is_not_slowed_by_how_many_others_are_held(shop: Shop) -> None:
    counts = []
    for held in (0, 1, 20):
        for turn in range(held):
            hold(person(f"held{turn}@people.example"))
        shop.do(s.newsletter.insert(), [{"email": f"n{held}@people.example", "subscribed": True}])
        batch = find(f"n{held}@people.example")
        allow(batch)
        with CaptureQueriesContext(connection) as captured:
            run_all(batch)
        assert order_of(batch).state == "done"
        counts.append(len(captured))
    none, one, twenty = counts
    assert twenty == one and one - none <= 12
    assert not shop.rows(s.newsletter, email="n20@people.example")


def retention(collection: str) -> Batch:
    batch = batches.open_retention(origin="r", collection=("crm", collection), before=date(2026, 1, 1), actor=CLERK)
    run_all(batch)
    batches.authorise(batch, operation="erase", basis="schedule", approved_by=staff()[1], actor=CLERK)
    run_all(batch)
    return batch


def test_a_key_of_several_columns_spares_the_held_persons_rows_and_not_the_whole_tenants(db, tmp_path: Path) -> None:
    day = {"name": "on_day", "category": "usage", "data_type": "date"}
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE users (tenant TEXT, id INTEGER, email TEXT, PRIMARY KEY (tenant, id))",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, tenant TEXT, user INTEGER, on_day DATE)",
        f"INSERT INTO users VALUES ('a', 1, '{ADA}'), ('a', 2, '{worlds.BEN}')",
        "INSERT INTO notes VALUES (1, 'a', 1, '2020-01-01'), (2, 'a', 2, '2020-01-01')",
    ) as engine:
        key = [{"name": "tenant", "primary_key": True}, {"name": "id", "primary_key": True, "data_type": "integer"}]
        worlds.describe(
            "crm", worlds.address(engine),
            {"users": ({}, [*key, USERS[1]]),
             "notes": ({"dated_by": "on_day"}, [PK, {"name": "tenant"}, {"name": "user"}, day])},
            [("notes", "tenant", "users", "tenant"), ("notes", "user", "users", "id")],
        )  # fmt: skip
        Reference.objects.update(group="owner")
        hold(person(ADA))
        batch = retention("notes")
        assert order_of(batch).state == "done" and table(engine, "SELECT id FROM notes") == [(1,)]
        assert batch.findings.get().held == 1


def test_rows_that_only_a_circle_of_references_leads_to_are_spared(db, tmp_path: Path) -> None:
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE a (id INTEGER PRIMARY KEY, email TEXT, c_id INTEGER, on_day DATE)",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, b_id INTEGER)",
        f"INSERT INTO a VALUES (1, '{ADA}', NULL, '2020-01-01'), (2, NULL, 30, '2020-01-01'), (3, NULL, 31, '2020-01-01')",
        "INSERT INTO b VALUES (20, 1)", "INSERT INTO c VALUES (30, 20)",
    ) as engine:  # fmt: skip
        day = {"name": "on_day", "category": "usage", "data_type": "date"}
        worlds.describe(
            "crm", worlds.address(engine),
            {"a": ({"dated_by": "on_day"}, [*USERS, {"name": "c_id"}, day]), "b": ({}, [PK, {"name": "a_id"}]),
             "c": ({}, [PK, {"name": "b_id"}])},
            [("b", "a_id", "a", "id"), ("c", "b_id", "b", "id"), ("a", "c_id", "c", "id")],
        )  # fmt: skip
        hold(person(ADA))
        retention("a")
        assert table(engine, "SELECT id FROM a ORDER BY id") == [(1,), (2,)]
