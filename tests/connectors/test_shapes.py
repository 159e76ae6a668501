"""Companies of awkward shape: an address of two customers, keys of several columns, masks that the database cannot make."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import batches, reading
from connectors.models import Batch
from inventory.models import Collection, DataCategory, Field, Reference
from tests.connectors import shop as s
from tests.connectors import worlds
from tests.connectors.shop import Shop, allow, order_of, person, run_all
from tests.connectors.worlds import ADA, BEN, PK, table

PEOPLE = [PK, {"name": "email", "identity": "email", "category": "contact"}, {"name": "address_id"}]


def find(mail: str = ADA, **more: Any) -> Batch:
    batch = batches.open_find(
        origin=f"PR-{uuid.uuid4().hex[:8]}", subject=person(mail), identities={"email": [mail]}, actor=s.CLERK, **more
    )
    run_all(batch)
    return batch


def addresses(folder: Path, link_direction: str = "up") -> Any:
    return worlds.sqlite(
        folder,
        "CREATE TABLE addresses (id INTEGER PRIMARY KEY, street TEXT)",
        "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, address_id INTEGER REFERENCES addresses)",
        "CREATE TABLE depots (id INTEGER PRIMARY KEY, address_id INTEGER REFERENCES addresses)",
        "INSERT INTO addresses VALUES (1, 'Own Way 1'), (2, 'Common Road 2'), (3, 'Depot Lane 3')",
        f"INSERT INTO people VALUES (1, '{ADA}', 1), (2, '{ADA}', 2), (3, '{BEN}', 2), (4, '{ADA}', 3)",
        "INSERT INTO depots VALUES (1, 3)",
    )


def describe_addresses(engine: sa.Engine) -> None:
    worlds.describe(
        "crm",
        worlds.address(engine),
        {
            "people": ({}, PEOPLE),
            "depots": ({}, [PK, {"name": "address_id"}]),
            "addresses": ({"erase": "mask"}, [PK, {"name": "street", "category": "contact"}]),
        },
        [("people", "address_id", "addresses", "id", "up"), ("depots", "address_id", "addresses", "id", "up")],
    )


def test_an_address_of_two_customers_is_counted_apart_and_not_blanked(db: None, tmp_path: Path) -> None:
    with addresses(tmp_path) as engine:
        describe_addresses(engine)
        batch = find()
        rows = {one.shared: one for one in batch.findings.filter(collection="addresses")}
        assert rows[False].rows == 1 and rows[True].rows == 2, "Ben lives at one, the depot stands at the other"
        assert rows[True].action == "keep" and rows[True].ground == "rights_of_others"
        allow(batch)
        run_all(batch)
        assert order_of(batch).state == "done"
        assert table(engine, "SELECT street FROM addresses ORDER BY id") == [
            (None,),
            ("Common Road 2",),
            ("Depot Lane 3",),
        ]
        assert table(engine, "SELECT id FROM people") == [(3,)]


def test_a_colleague_may_decide_that_a_shared_address_goes_all_the_same(db: None, tmp_path: Path) -> None:
    with addresses(tmp_path) as engine:
        describe_addresses(engine)
        batch = find()
        shared = batch.findings.get(collection="addresses", shared=True)
        batches.act_on(shared, action="mask", by=s.staff()[0])
        Field.objects.filter(collection__name="addresses", name="street").update(person="id")
        allow(batch)
        run_all(batch)
        assert table(engine, "SELECT count(*) FROM addresses WHERE street IS NULL") == [(3,)]


def test_a_key_of_several_columns_leads_only_to_rows_that_match_in_all_of_them(db: None, tmp_path: Path) -> None:
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE users (tenant INTEGER, id INTEGER, email TEXT, PRIMARY KEY (tenant, id))",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, tenant INTEGER, user_id INTEGER, words TEXT)",
        f"INSERT INTO users VALUES (1, 1, '{ADA}'), (2, 2, '{ADA}'), (1, 2, '{BEN}'), (2, 1, 'c@x.example')",
        "INSERT INTO notes VALUES (1, 1, 1, 'hers'), (2, 2, 2, 'hers'), (3, 1, 2, 'his'), (4, 2, 1, 'c'), (5, 1, NULL, '-')",
    ) as engine:
        key = {"primary_key": True, "data_type": "integer"}
        users = [{"name": "tenant", **key}, {"name": "id", **key}]
        worlds.describe(
            "app",
            worlds.address(engine),
            {
                "users": ({}, [*users, {"name": "email", "identity": "email", "category": "contact"}]),
                "notes": ({}, [PK, {"name": "tenant"}, {"name": "user_id"}, {"name": "words", "category": "usage"}]),
            },
            [("notes", "tenant", "users", "tenant"), ("notes", "user_id", "users", "id")],
        )
        Reference.objects.update(group="user")
        batch = find()
        notes = batch.findings.get(collection="notes")
        assert sorted(row["words"] for row in reading.rows(notes)) == ["hers", "hers"]
        allow(batch)
        run_all(batch)
        assert order_of(batch).state == "done"
        assert table(engine, "SELECT id FROM notes ORDER BY id") == [(3,), (4,), (5,)]
        assert table(engine, "SELECT tenant, id FROM users ORDER BY 1") == [(1, 2), (2, 1)]


def test_masks_that_depend_on_the_old_value_are_written_and_a_second_run_changes_nothing(any_shop: Shop) -> None:
    Field.objects.filter(collection__name="accounts", name="full_name").update(mask={"strategy": "hash"})
    Field.objects.filter(collection__name="accounts", name="email").update(mask={"strategy": "keep_domain"})
    DataCategory.objects.filter(key="usage").update(mask={"strategy": "truncate"})
    Collection.objects.filter(name="visits").update(erase="mask")
    batch = s.find()
    batch.refresh_from_db()
    assert batch.salt is None
    allow(batch)
    batch.refresh_from_db()
    assert len(batch.salt) == 64
    run_all(batch)
    order = order_of(batch)
    assert order.state == "done", order.park_reason
    batch.refresh_from_db()
    assert batch.salt is None, "the secret is destroyed with the end of the work"
    anna = any_shop.rows(s.accounts, id=1)[0]
    assert (
        anna["email"] == "erased-1@People.example" and anna["full_name"].startswith("anon-") and anna["phone"] is None
    )
    assert {row["ip"] for row in any_shop.rows(s.visits, account_id=1)} == {"192.0.2.0"}
    assert {(row["seen_on"].month, row["seen_on"].day) for row in any_shop.rows(s.visits, account_id=1)} == {(1, 1)}
    assert {row["ip"] for row in any_shop.rows(s.visits, account_id=2)} == {"192.0.2.2"}
    outcome = batch.findings.get(collection="accounts").outcome
    assert outcome["fields"] == {"email": "erase", "full_name": "erase", "phone": "erase"} and not outcome["left"]


def test_an_erasure_of_one_category_leaves_the_others_and_the_rows(shop: Shop) -> None:
    Field.objects.filter(name="subscribed").update(mask={"strategy": "fixed", "value": False})
    batch = find(s.ANNA, categories=["usage"])
    assert "full_name" not in next(iter(reading.rows(batch.findings.get(collection="visits"))))
    accounts = batch.findings.get(collection="accounts")
    assert accounts.action == "keep" and accounts.ground == "not_asked"
    allow(batch)
    run_all(batch)
    assert shop.rows(s.accounts, id=1)[0]["full_name"] == "Anna Adler"
    assert shop.rows(s.visits, account_id=1) == []
    assert shop.rows(s.newsletter, id=1)[0]["email"] == "Anna@People.example"


def test_a_restriction_writes_its_mark_and_an_anonymisation_deletes_no_row(shop: Shop) -> None:
    Field.objects.filter(collection__name="newsletter", name="subscribed").update(restrict={"value": False})
    batch = find(s.ANNA)
    allow(batch, "restrict")
    run_all(batch)
    assert [row["subscribed"] for row in shop.rows(s.newsletter)] == [False, True, True]
    again = find(s.ANNA)
    allow(again, "anonymise")
    run_all(again)
    assert order_of(again, "anonymise").state == "parked", "a described key holds personal data and cannot be masked"
    Field.objects.filter(collection__name="ratings", name="item").update(category=None)
    again = find(s.ANNA)
    allow(again, "anonymise")
    run_all(again)
    order = order_of(again, "anonymise")
    assert order.state == "parked" and "seen_on" in order.park_reason, "a date that may not be empty needs a mask"
    Field.objects.filter(name__in=("seen_on", "stars")).update(mask={"strategy": "fixed", "value": "1970-01-01"})
    Field.objects.filter(name="stars").update(mask={"strategy": "fixed", "value": 0})
    Field.objects.filter(name="subscribed").update(mask={"strategy": "fixed", "value": False})
    again = find(s.ANNA)
    allow(again, "anonymise")
    run_all(again)
    assert order_of(again, "anonymise").state == "done", order_of(again, "anonymise").park_reason
    assert len(shop.rows(s.visits, account_id=1)) == 25 and shop.rows(s.accounts, id=1)[0]["phone"] is None


def test_what_is_left_after_an_erasure_is_told_by_field(shop: Shop) -> None:
    """A trigger of the company's own puts the phone number back."""
    shop.do(
        sa.text(
            "CREATE TRIGGER back AFTER UPDATE OF full_name ON accounts WHEN NEW.phone IS NULL "
            "BEGIN UPDATE accounts SET phone = '+49 30 1' WHERE id = NEW.id; END"
        )
    )
    batch = find(s.ANNA)
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert order.state == "parked" and order.park_code == "left"
    assert shop.rows(s.accounts, id=1)[0]["full_name"] == "Anna Adler", "the chunk was rolled back as a whole"


@pytest.fixture
def many(db: None) -> Callable[[int], None]:
    def make(count: int) -> None:
        system = worlds.System.objects.create(key="big", name="Big")
        dataset = worlds.Dataset.objects.create(system=system, key="big", name="Big")
        rows = Collection.objects.bulk_create(
            Collection(dataset=dataset, name=f"t{one}", title=f"T {one}") for one in range(count)
        )
        Field.objects.bulk_create(
            Field(collection=row, name=name, primary_key=name == "id", identity="email" if name == "email" else "")
            for row in rows for name in ("id", "email", "parent_id")
        )  # fmt: skip
        ids = {(one.collection_id, one.name): one for one in Field.objects.all()}
        Reference.objects.bulk_create(
            Reference(field=ids[row.pk, "parent_id"], target=ids[rows[at // 3].pk, "id"])
            for at, row in enumerate(rows) if at
        )  # fmt: skip

    return make


def test_twelve_hundred_collections_are_planned_in_a_fixed_number_of_queries(
    many: Callable[[int], None], django_assert_max_num_queries: Any
) -> None:
    many(1200)
    with django_assert_max_num_queries(40):
        batch = batches.open_find(origin="PR-BIG", subject=person(), identities={"email": [ADA]}, actor=s.CLERK)
    assert len(batch.plan["steps"]) == 1200
