"""Keys of several columns in a live schema: one reference as a whole, so that no tenant's rows lead to another's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from audit import actor
from connectors.discovery import deciding
from connectors.models import Connection
from inventory import descriptions
from inventory.descriptions import own
from inventory.models import Field, Reference, System
from tests.connectors.shop import allow, find, order_of, run_all
from tests.connectors.test_discovery_survey import boss, change, draft, look
from tests.connectors.worlds import ADA, BEN, address, sqlite, table

ORDERS = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL, buyer_id INTEGER NOT NULL,"
    " payer_id INTEGER, ship_to_address TEXT, FOREIGN KEY (tenant_id, payer_id) REFERENCES users (tenant_id, id),"
    " FOREIGN KEY (tenant_id, buyer_id) REFERENCES users (tenant_id, id))"
)


@pytest.fixture
def world(db: None, tmp_path: Path) -> Iterator[tuple[System, sa.Engine]]:
    """Orders of two tenants whose users have the same numbers."""
    with sqlite(
        tmp_path,
        "CREATE TABLE users (tenant_id INTEGER, id INTEGER, email VARCHAR(120), PRIMARY KEY (tenant_id, id))",
        ORDERS,
        f"INSERT INTO users VALUES (1, 1, '{ADA}'), (2, 1, '{BEN}')",
        "INSERT INTO orders VALUES (1, 1, 1, 1, 'her street'), (2, 2, 1, 1, 'his street')",
    ) as engine:
        system = System.objects.create(key="shop", name="Shop")
        Connection.objects.create(system=system, kind="sql", address=address(engine))
        yield system, engine


def groups() -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for one in Reference.objects.select_related("field", "target"):
        found.setdefault(one.group, set()).add((one.field.name, one.target.name))
    return found


BOTH = {
    "tenant_id-buyer_id": {("tenant_id", "tenant_id"), ("buyer_id", "id")},
    "tenant_id-payer_id": {("tenant_id", "tenant_id"), ("payer_id", "id")},
}


@pytest.mark.parametrize("turn", [1, -1])
def test_two_keys_that_share_a_column_are_both_written_whole_whichever_table_is_accepted_first(
    world: tuple[System, sa.Engine], turn: int
) -> None:
    system, engine = world
    by = boss()
    for one in look(system)[::turn]:
        deciding.accept(one, by=by)
    assert groups() == BOTH
    people = set(Field.objects.filter(collection__name="orders").values_list("person", flat=True)) - {""}
    assert people == {"buyer_id"}, "the tenant is no person"
    batch = find(ADA)
    assert [one.rows for one in batch.findings.filter(collection="orders")] == [1]
    allow(batch)
    run_all(batch)
    assert order_of(batch).state == "done"
    assert (2, "his street") in table(engine, "SELECT id, ship_to_address FROM orders")
    assert "her street" not in str(table(engine, "SELECT * FROM orders"))


def test_a_draft_with_two_such_keys_is_loaded_exported_and_loaded_again(world: tuple[System, sa.Engine]) -> None:
    system, _ = world
    descriptions.load(descriptions.read(draft(system), "draft.yaml"), actor=actor.worker("test"))
    assert groups() == BOTH
    descriptions.load(own.read(own.export(), "again.yaml"), actor=actor.worker("test"))
    assert groups() == BOTH and Reference.objects.count() == 4
    assert look(system) == []


def test_a_new_column_of_such_a_key_brings_the_other_column_along_and_takes_it_with_it(
    world: tuple[System, sa.Engine],
) -> None:
    system, engine = world
    change(engine, "DROP TABLE orders", "CREATE TABLE orders (id INTEGER PRIMARY KEY, tenant_id INTEGER NOT NULL,"
           " buyer_id INTEGER NOT NULL, ship_to_address TEXT,"
           " FOREIGN KEY (tenant_id, buyer_id) REFERENCES users (tenant_id, id))")  # fmt: skip
    by = boss()
    for one in look(system):
        deciding.accept(one, by=by)
    change(engine, "DROP TABLE orders", ORDERS)
    for one in look(system):
        deciding.accept(one, by=by)
    assert groups() == BOTH
    change(engine, "PRAGMA foreign_keys = OFF", "DROP TABLE orders", "CREATE TABLE orders (id INTEGER PRIMARY KEY,"
           " tenant_id INTEGER NOT NULL, buyer_id INTEGER, ship_to_address TEXT)")  # fmt: skip
    for one in look(system):
        if one.kind == "gone_column":
            deciding.accept(one, by=by)
    assert set(groups()) == {"tenant_id-buyer_id"}
