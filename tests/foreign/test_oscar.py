"""One access and one deletion on django-oscar's own schema. `make foreign` fills the shop and runs this."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from audit import actor
from connectors import batches, reading
from connectors.models import Connection
from inventory import descriptions
from inventory.models import System
from tests.connectors.shop import allow, find, order_of, run_all

SHOP = os.environ.get("SHOP_DATABASE", "")
BRUNO = "bruno.fischer0@shop.example"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not SHOP, reason="fills a shop in an environment of its own first; to run it: make foreign"),
]


@pytest.fixture
def shop(tmp_path: Path) -> sqlite3.Connection:
    """A copy of the filled shop, described by hand and connected."""
    copy = tmp_path / "shop.sqlite3"
    shutil.copy(SHOP, copy)
    path = Path(__file__).with_name("oscar.yaml")
    descriptions.load(descriptions.read(path.read_text(), path.name), actor=actor.worker("test"))
    Connection.objects.create(system=System.objects.get(key="oscar"), kind="sql", address=f"sqlite:///{copy}")
    return sqlite3.connect(copy)


def words_of(shop: sqlite3.Connection, *words: str) -> dict[str, int]:
    """In how many rows of each table one of these words stands, whatever the column: nobody's description is trusted."""
    found = {}
    for (table,) in shop.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
        columns = [row[1] for row in shop.execute(f'PRAGMA table_info("{table}")')]
        where = " OR ".join(
            f"instr(lower(CAST(\"{column}\" AS TEXT)), '{word}') > 0" for column in columns for word in words
        )
        count = shop.execute(f'SELECT count(*) FROM "{table}" WHERE {where}').fetchone()[0]
        if count:
            found[table] = count
    return found


def test_a_customer_of_a_foreign_shop_sees_all_that_it_holds(shop: sqlite3.Connection) -> None:
    batch = find(BRUNO)
    assert order_of(batch, "find").park_reason == ""
    found = {}
    for one in batch.findings.all():
        found[one.collection] = found.get(one.collection, 0) + one.rows
    user = shop.execute("SELECT id FROM auth_user WHERE email=?", (BRUNO,)).fetchone()[0]
    for table, column in (("address_useraddress", "user_id"), ("order_order", "user_id"), ("reviews_productreview", "user_id"),
                          ("analytics_userproductview", "user_id"), ("wishlists_wishlist", "owner_id")):  # fmt: skip
        assert found[table] == shop.execute(f"SELECT count(*) FROM {table} WHERE {column}=?", (user,)).fetchone()[0]
    assert found["order_shippingaddress"] == found["order_order"], "an order leads to the address that it names"
    text = str([row for one in batch.findings.all() for row in reading.rows(one)])
    assert "Bruno" in text and "Harbour Street" in text
    print("\naccess:", dict(sorted(found.items())))


def test_a_customer_of_a_foreign_shop_is_erased_and_the_books_are_kept(shop: sqlite3.Connection) -> None:
    orders = shop.execute("SELECT count(*) FROM order_order").fetchone()[0]
    others = shop.execute("SELECT * FROM reviews_productreview WHERE user_id <> 1 ORDER BY id").fetchall()
    before = words_of(shop, "bruno.fischer0")
    batch = find(BRUNO)
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_reason) == ("done", "")
    left = words_of(shop, "bruno.fischer0")
    print("\nbefore:", before, "\nleft after the erasure:", left)
    assert before and not left
    assert shop.execute("SELECT count(*) FROM order_order").fetchone()[0] == orders, "the books are kept"
    assert not shop.execute("PRAGMA foreign_key_check").fetchall()
    assert [row for row in shop.execute("SELECT * FROM reviews_productreview WHERE user_id <> 1 ORDER BY id")] == others
    user = shop.execute("SELECT id FROM auth_user WHERE username LIKE 'erased-%'").fetchone()[0]
    assert not shop.execute("SELECT 1 FROM address_useraddress WHERE user_id=?", (user,)).fetchone()
    assert batches.settled(batch, "erase")
