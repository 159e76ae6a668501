"""Masks that the database would refuse, or that would not erase: told before the first row, or made so that they fit."""

from typing import Any

import pytest

from connectors.strategies import Secrets, mask_of
from tests.connectors import worlds
from tests.connectors.conftest import Fill
from tests.connectors.shop import allow, find, order_of, run_all
from tests.connectors.worlds import ADA, BEN, PK, table

pytestmark = pytest.mark.django_db
EMAIL = {"name": "email", "identity": "email", "category": "contact"}
BOTH = f"(1, '{ADA}'), (2, '{BEN}')"
ON = {
    "email": "CREATE UNIQUE INDEX ui ON t (email)",
    "email, tenant": "CREATE UNIQUE INDEX ui ON t (tenant, email)",
    "lower(email)": "CREATE UNIQUE INDEX ui ON t (lower(email))",
    "some rows": "CREATE UNIQUE INDEX ui ON t (email) WHERE gone = 0",
    "some rows, lower": "CREATE UNIQUE INDEX ui ON t (tenant, lower(email)) WHERE gone = 0",
}


def erased(mail: str = ADA) -> Any:
    batch = find(mail)
    allow(batch)
    run_all(batch)
    return order_of(batch)


def describe(engine: Any, *fields: dict[str, Any]) -> None:
    worlds.describe("crm", worlds.address(engine), {"t": ({"erase": "mask"}, [PK, *fields])})


@pytest.mark.parametrize("index", sorted(ON))
@pytest.mark.parametrize("mask", [None, {"strategy": "fixed", "value": "gone"}])
def test_what_is_unique_in_any_way_gets_a_token_and_a_fixed_word_is_refused(
    fill: Fill, index: str, mask: dict[str, Any] | None
) -> None:
    engine = fill(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL DEFAULT 1, email VARCHAR(60) NOT NULL, "
        "gone INTEGER NOT NULL DEFAULT 0)"
    )
    if engine.dialect.name == "mysql":
        if "rows" in index:
            return  # it has no partial indexes, and one over an expression is over a computed column
        if "lower" in index:
            fill("ALTER TABLE t ADD low VARCHAR(60) AS (lower(email)) VIRTUAL", "CREATE UNIQUE INDEX ui ON t (low)")
    if not (engine.dialect.name == "mysql" and "lower" in index):
        fill(ON[index])
    fill(f"INSERT INTO t (id, email) VALUES {BOTH}")
    describe(engine, EMAIL | ({"mask": mask} if mask else {}))
    for who in (ADA, BEN):
        order = erased(who)
        if mask:
            assert order.park_code == "schema" and "must be unique" in order.park_reason
        else:
            assert order.state == "done", order.park_reason
    left = [row[0] for row in table(engine, "SELECT email FROM t ORDER BY id")]
    assert left == ([ADA, BEN] if mask else ["erased-1", "erased-2"])


def test_a_fixed_word_is_taken_where_another_column_of_the_key_differs_anyway(fill: Fill) -> None:
    engine = fill(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(60) NOT NULL, plan VARCHAR(20) NOT NULL)",
        "CREATE UNIQUE INDEX ui ON t (email, plan)",
        f"INSERT INTO t VALUES (1, '{ADA}', 'a'), (2, '{BEN}', 'b'), (3, '{ADA}', 'c')",
    )
    token, fixed = {"mask": {"strategy": "token"}}, {"mask": {"strategy": "fixed", "value": "x"}}
    describe(engine, EMAIL | token, {"name": "plan", "category": "usage"} | fixed)
    order = erased()
    assert order.state == "done", order.park_reason
    left = table(engine, "SELECT email, plan FROM t ORDER BY id")
    assert left == [("erased-1", "x"), (BEN, "b"), ("erased-3", "x")]


@pytest.mark.parametrize(
    "mask", [None, {"strategy": "fixed", "value": "c"}, {"strategy": "hash"}, {"strategy": "token"}]
)
def test_a_column_of_certain_words_is_told_before_the_first_row(fill: Fill, mask: dict[str, Any] | None) -> None:
    engine = fill("SELECT 1")
    if engine.dialect.name == "sqlite":
        return  # it has no such type
    word = "ENUM ('a', 'b')"
    if engine.dialect.name == "postgresql":
        fill(f"CREATE TYPE word AS {word}")
        word = "word"
    fill(f"CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(60), sort {word} NOT NULL)")
    fill(f"INSERT INTO t VALUES (1, '{ADA}', 'a')")
    describe(engine, EMAIL, {"name": "sort", "category": "usage"} | ({"mask": mask} if mask else {}))
    order = erased()
    assert order.park_code == "schema" and "crm.t.sort takes certain words only (a, b)" in order.park_reason
    worlds.Field.objects.filter(name="sort").update(mask={"strategy": "fixed", "value": "b"})
    assert erased().state == "done"
    assert table(engine, "SELECT email, sort FROM t") == [(None, "b")]


def test_a_computed_column_is_told_before_the_first_row(fill: Fill) -> None:
    low = "low VARCHAR(60) GENERATED ALWAYS AS (lower(email)) STORED"
    engine = fill(
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(60), {low})",
        f"INSERT INTO t (id, email) VALUES {BOTH}",
    )
    describe(engine, EMAIL, {"name": "low", "category": "contact"})
    order = erased()
    assert order.park_code == "schema" and "crm.t.low is worked out by the database" in order.park_reason
    worlds.Field.objects.filter(name="low").update(read_only=True)
    assert erased().state == "done"
    assert table(engine, "SELECT email, low FROM t ORDER BY id") == [(None, None), (BEN, BEN)]


@pytest.mark.parametrize(("type", "value"), [("SMALLINT", 31999), ("INTEGER", 2147483646), ("BIGINT", 2**63 - 2)])
def test_random_numbers_fit_into_their_column(fill: Fill, type: str, value: int) -> None:
    engine = fill(
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(60), n {type})",
        *(f"INSERT INTO t VALUES ({one}, '{ADA}', {value})" for one in range(1, 20)),
    )
    describe(engine, EMAIL, {"name": "n", "category": "usage", "mask": {"strategy": "random"}})
    order = erased()
    assert order.state == "done", order.park_reason
    made = [row[0] for row in table(engine, "SELECT n FROM t")]
    assert value not in made and {len(str(one)) for one in made} == {len(str(value))}


def test_random_on_a_date_and_a_fixed_value_that_does_not_fit_are_told_before_the_first_row(fill: Fill) -> None:
    engine = fill(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(60), born DATE, n INTEGER)",
        f"INSERT INTO t VALUES (1, '{ADA}', '2001-02-03', 7)",
    )
    born = {"name": "born", "category": "usage", "mask": {"strategy": "random"}}
    describe(engine, EMAIL, born, {"name": "n", "category": "usage", "mask": {"strategy": "fixed", "value": "none"}})
    order = erased()
    assert order.park_code == "schema" and "crm.t.born" in order.park_reason and "truncate" in order.park_reason
    worlds.Field.objects.filter(name="born").update(mask={"strategy": "truncate"})
    order = erased()
    assert order.park_code == "schema" and "crm.t.n cannot hold" in order.park_reason
    worlds.Field.objects.filter(name="n").update(mask={"strategy": "fixed", "value": 2**70})
    order = erased()
    assert order.park_code == "schema" and "crm.t.n" in order.park_reason
    assert table(engine, "SELECT email FROM t") == [(ADA,)]


def test_a_persons_own_value_of_a_marks_form_is_replaced_too(fill: Fill) -> None:
    own = ["anon-42", "anon-bad", "anon-", "anon-" + "a1" * 12, "bob"]
    engine = fill(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(60), login VARCHAR(60))",
        *(f"INSERT INTO t VALUES ({turn}, '{ADA}', '{one}')" for turn, one in enumerate(own)),
    )
    describe(engine, EMAIL, {"name": "login", "category": "contact", "mask": {"strategy": "hash"}})
    order = erased()
    assert order.state == "done", order.park_reason
    left = {row[0] for row in table(engine, "SELECT login FROM t")}
    assert not left & set(own) and len(left) == len(own) and {len(one) for one in left} == {29}


@pytest.mark.parametrize("length", [None, 60, 29, 20, 12, 8, 5, 3])
@pytest.mark.parametrize("suffix", ["", "@x.example"])
def test_a_mark_is_known_again_at_any_length_and_by_its_own_secret_only(length: int | None, suffix: str) -> None:
    asked = {"strategy": "hmac", "suffix": suffix}
    mask = mask_of(asked, Secrets(b"batch", b"system"), "d.c.x", length)
    made = mask.wanted((1,), "ada")
    assert mask.wanted((1,), made) == made and (length is None or len(made) <= length)
    assert mask.wanted((1,), made + "   ") == made + "   ", "a column of fixed width pads it"
    if length is None:
        other = mask_of(asked, Secrets(b"batch", b"another"), "d.c.x", length)
        assert other.wanted((1,), made) != made


@pytest.mark.parametrize(
    ("before", "after"),
    [("20200315", "20200101"), ("2020-03-15", "2020-01-01"), ("2020-03-15T10:11:12", "2020-01-01T00:00:00"),
     ("2020-03-15x", ""), ("20201399", ""), ("2020-W11-1", "")],
)  # fmt: skip
def test_a_date_is_coarsened_however_long_it_is_written(before: str, after: str) -> None:
    mask = mask_of({"strategy": "truncate"}, Secrets())
    assert mask.wanted((1,), before) == after
