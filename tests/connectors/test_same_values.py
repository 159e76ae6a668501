"""References whose two ends are of different types, or write the same value otherwise, find what they refer to."""

import uuid
from collections.abc import Callable, Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from connectors import batches, holds, sparing
from connectors.kinds import sql_engines
from connectors.models import Batch
from inventory.models import Reference
from tests.connectors import worlds
from tests.connectors.conftest import scratch
from tests.connectors.shop import CLERK, allow, order_of, person, run_all, staff
from tests.connectors.worlds import ADA, PK, table

USERS = [PK, {"name": "email", "identity": "email", "category": "contact"}]
NOTE = {"name": "note", "category": "contact"}
DAY = {"name": "on_day", "category": "usage", "data_type": "date"}


@pytest.fixture
def postgres(db: None, need: Callable[[str, bool, str], None]) -> Iterator[sa.Engine]:
    """An empty database on PostgreSQL."""
    admin, name = scratch("postgresql", need)
    engine = sa.create_engine(admin.url.set(database=name), poolclass=sa.NullPool)
    yield engine
    sql_engines.close_all()
    engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


def fill(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for one in statements:
            connection.exec_driver_sql(one)


def find(identities: dict[str, list[str]] | None = None) -> Batch:
    given = identities or {"email": [ADA]}
    batch = batches.open_find(origin=f"PR-{uuid.uuid4().hex[:8]}", subject=person(ADA), identities=given, actor=CLERK)
    run_all(batch)
    return batch


def found(batch: Batch) -> dict[str, int]:
    assert order_of(batch, "find").state == "done", order_of(batch, "find").park_reason
    return {one.collection: one.rows for one in batch.findings.filter(shared=False)}


def test_padded_text_leads_to_text_that_is_not_and_back(postgres: sa.Engine) -> None:
    fill(
        postgres, "CREATE TABLE users (id int PRIMARY KEY, email text, code char(6), t int)",
        "CREATE TABLE a (id int PRIMARY KEY, code varchar(6), note text)",
        "CREATE TABLE b (code char(6) PRIMARY KEY, note text)",
        "CREATE TABLE c (id int PRIMARY KEY, code varchar(6), note text)",
        "CREATE TABLE d (id int PRIMARY KEY, t int, code char(6), note text)",
        "CREATE TABLE e (id int PRIMARY KEY, t int, code varchar(6), note text)",
        f"INSERT INTO users VALUES (1, '{ADA}', 'AB', 1)", "INSERT INTO a VALUES (1, 'AB', 'x'), (2, 'ABC', 'x')",
        "INSERT INTO b VALUES ('AB', 'x'), ('CD', 'x')", "INSERT INTO c VALUES (1, 'AB', 'x'), (2, 'CD', 'x')",
        "INSERT INTO d VALUES (1, 1, 'AB', 'x'), (2, 2, 'AB', 'x')",
        "INSERT INTO e VALUES (1, 1, 'AB', 'x'), (2, 1, 'CD', 'x')",
    )  # fmt: skip
    pair = [PK, {"name": "t"}, {"name": "code"}, NOTE]
    worlds.describe(
        "crm", worlds.address(postgres),
        {"users": ({}, [*USERS, {"name": "code"}, {"name": "t"}]), "a": ({}, [PK, {"name": "code"}, NOTE]),
         "b": ({}, [{"name": "code", "primary_key": True}, NOTE]), "c": ({}, [PK, {"name": "code"}, NOTE]),
         "d": ({}, pair), "e": ({}, pair)},
        [("a", "code", "users", "code"), ("b", "code", "users", "code"), ("c", "code", "b", "code"),
         ("d", "t", "users", "t"), ("d", "code", "users", "code"), ("e", "t", "users", "t"), ("e", "code", "users", "code")],
    )  # fmt: skip
    Reference.objects.filter(field__collection__name__in="de").update(group="both")
    batch = find()
    assert found(batch) == dict.fromkeys(("users", "a", "b", "c", "d", "e"), 1)
    allow(batch)
    run_all(batch)
    assert order_of(batch).state == "done", order_of(batch).park_reason
    left = {name: table(postgres, f"SELECT count(*) FROM {name}")[0][0] for name in ("users", "a", "b", "c", "d", "e")}
    assert left == {"users": 0, "a": 1, "b": 1, "c": 1, "d": 1, "e": 1}


def test_a_number_is_the_same_number_in_every_type(postgres: sa.Engine) -> None:
    names = ("plain", "big", "word", "long_word", "exact")
    fill(
        postgres,
        "CREATE TABLE people (id int PRIMARY KEY, email text, f double precision, n numeric(10,2), n0 numeric)",
        "CREATE TABLE plain (id int PRIMARY KEY, note text)", "CREATE TABLE big (id bigint PRIMARY KEY, note text)",
        "CREATE TABLE word (id text PRIMARY KEY, note text)", "CREATE TABLE long_word (id text PRIMARY KEY, note text)",
        "CREATE TABLE exact (id numeric(12,4) PRIMARY KEY, note text)",
        "CREATE TABLE below (id int PRIMARY KEY, exact_id int, note text)",
        f"INSERT INTO people VALUES (1, '{ADA}', 5, 5, 5)", *(f"INSERT INTO {one} VALUES ('5', 'x'), ('50', 'x')" for one in
        ("plain", "big", "word", "exact")), "INSERT INTO long_word VALUES ('5.00', 'x'), ('5.05', 'x')",
        "INSERT INTO below VALUES (1, 5, 'x'), (2, 50, 'x')",
    )  # fmt: skip
    worlds.describe(
        "crm", worlds.address(postgres),
        {"people": ({}, [*USERS, {"name": "f"}, {"name": "n"}, {"name": "n0"}]),
         **{one: ({}, [{"name": "id", "primary_key": True}, NOTE]) for one in names},
         "below": ({}, [PK, {"name": "exact_id"}, NOTE])},
        [("people", "f", "plain", "id", "up"), ("people", "n", "big", "id", "up"), ("people", "f", "word", "id", "up"),
         ("people", "n", "long_word", "id", "up"), ("people", "n0", "exact", "id", "up"), ("below", "exact_id", "exact", "id")],
    )  # fmt: skip
    assert found(find()) == dict.fromkeys(("people", "below", *names), 1)


def test_a_uuid_is_found_with_and_without_its_dashes(postgres: sa.Engine) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    fill(
        postgres, "CREATE TYPE k AS ENUM ('a', 'b')", "CREATE TABLE users (id int PRIMARY KEY, email text, u uuid, kind k)",
        "CREATE TABLE bare (id int PRIMARY KEY, u char(32), note text)",
        "CREATE TABLE back (id int PRIMARY KEY, u uuid, note text)", "CREATE TABLE word (id int PRIMARY KEY, kind text)",
        f"INSERT INTO users VALUES (1, '{ADA}', '{one}', 'a')", f"INSERT INTO bare VALUES (1, '{one.hex}'), (2, '{other.hex}')",
        f"INSERT INTO back VALUES (1, '{one}'), (2, '{other}')", "INSERT INTO word VALUES (1, 'a'), (2, 'b')",
    )  # fmt: skip
    worlds.describe(
        "crm", worlds.address(postgres),
        {"users": ({}, [*USERS, {"name": "u"}, {"name": "kind"}]), "bare": ({}, [PK, {"name": "u"}, NOTE]),
         "back": ({}, [PK, {"name": "u"}, NOTE]), "word": ({}, [PK, {"name": "kind"}])},
        [("bare", "u", "users", "u"), ("back", "u", "bare", "u"), ("word", "kind", "users", "kind")],
    )  # fmt: skip
    assert found(find()) == {"users": 1, "bare": 1, "back": 1, "word": 1}


@pytest.mark.parametrize("grouped", [False, True])
def test_an_address_is_the_same_in_any_case_wherever_references_lead(postgres: sa.Engine, grouped: bool) -> None:
    """n refers to the address of users, and m to the one of n: neither is described as an identity."""
    fill(
        postgres, "CREATE TABLE users (id int PRIMARY KEY, email text, t int)",
        "CREATE TABLE n (id int PRIMARY KEY, mail text, t int, note text)",
        "CREATE TABLE m (id int PRIMARY KEY, mail text, t int, on_day date)",
        f"INSERT INTO users VALUES (1, 'Ada@People.example', 1), (2, '{worlds.BEN}', 1)",
        f"INSERT INTO n VALUES (1, '{ADA}', 1, 'x'), (2, '{worlds.BEN}', 1, 'x')",
        f"INSERT INTO m VALUES (1, ' ADA@people.example', 1, '2020-01-01'), (2, '{worlds.BEN}', 1, '2020-01-01')",
    )  # fmt: skip
    more = [{"name": "mail"}, {"name": "t"}]
    worlds.describe(
        "crm", worlds.address(postgres),
        {"users": ({}, [*USERS, {"name": "t"}]), "n": ({}, [PK, *more, NOTE]), "m": ({"dated_by": "on_day"}, [PK, *more, DAY])},
        [("n", "mail", "users", "email"), ("m", "mail", "n", "mail")],
    )  # fmt: skip
    if grouped:
        worlds.refer("crm", "n", "t", "users", "t")
        worlds.refer("crm", "m", "t", "n", "t")
        Reference.objects.update(group="g")
    assert found(find()) == {"users": 1, "n": 1, "m": 1}
    holds.place(person(ADA), matter="m", reason="r", review_on=date(2027, 1, 1), by=staff()[1])
    assert retention("m").findings.get().held == 1
    assert table(postgres, "SELECT id FROM m") == [(1,)]


def test_a_search_by_address_uses_the_index_on_its_lower_case(postgres: sa.Engine) -> None:
    fill(
        postgres, "CREATE TABLE users (id int PRIMARY KEY, email text)", "CREATE INDEX ON users (lower(email))",
        "INSERT INTO users SELECT g, 'p' || g || '@people.example' FROM generate_series(1, 20000) g", "ANALYZE users",
    )  # fmt: skip
    worlds.describe("crm", worlds.address(postgres), {"users": ({}, USERS)})
    seen: list[str] = []

    def plan(connection, cursor, statement, parameters, context, many) -> None:
        if "lower(users.email)" in statement and not statement.startswith("EXPLAIN"):
            seen.extend(row[0] for row in connection.connection.cursor().execute(f"EXPLAIN {statement}", parameters))

    engine = sql_engines.engine_for(worlds.address(postgres))
    sa.event.listen(engine, "before_cursor_execute", plan)
    assert found(find({"email": ["P77@people.example"]})) == {"users": 1}
    assert "Index Scan" in " ".join(seen) and "Seq Scan" not in " ".join(seen)


def test_a_reference_between_things_that_cannot_be_equal_is_told_and_not_taken_for_nothing(postgres: sa.Engine) -> None:
    fill(
        postgres, "CREATE TABLE users (id int PRIMARY KEY, email text, account text)",
        "CREATE TABLE orders (id int PRIMARY KEY, account int, note text)",
        f"INSERT INTO users VALUES (1, '{ADA}', 'A-7')", "INSERT INTO orders VALUES (1, 7, 'x')",
    )  # fmt: skip
    account = {"name": "account", "identity": "account_id"}
    worlds.describe(
        "crm", worlds.address(postgres),
        {"users": ({}, [*USERS, {"name": "account"}]), "orders": ({}, [PK, account, NOTE])},
        [("orders", "account", "users", "account")],
    )  # fmt: skip
    order = order_of(find(), "find")
    assert (order.state, order.park_code) == ("parked", "schema")
    assert "crm.users.account" in order.park_reason and "crm.orders.account" in order.park_reason
    assert "A-7" not in order.park_reason
    Reference.objects.all().delete()
    assert found(find({"account_id": ["A-7"]})) == {}, "what somebody typed and nobody has is not found, and no fault"
    fill(postgres, "UPDATE users SET account = ' '")
    worlds.refer("crm", "orders", "account", "users", "account")
    assert found(find()) == {"users": 1}, "nothing leads to nothing"


def retention(collection: str) -> Batch:
    batch = batches.open_retention(origin="r", collection=("crm", collection), before=date(2026, 1, 1), actor=CLERK)
    run_all(batch)
    batches.authorise(batch, operation="erase", basis="schedule", approved_by=staff()[1], actor=CLERK)
    run_all(batch)
    assert order_of(batch).state == "done", order_of(batch).park_reason
    return batch


@pytest.mark.parametrize(
    ("theirs", "mine", "held", "other"),
    [
        ("char(6)", "varchar(6)", "AB", "CD"),
        ("double precision", "int", "5", "6"),
        ("int", "numeric(12,2)", "5", "6"),
        ("numeric(12,2)", "text", "5", "6"),
        ("uuid", "char(32)", "00000000-0000-0000-0000-00000000abcd", "00000000-0000-0000-0000-00000000abce"),
    ],
)
@pytest.mark.parametrize("most", [500, 0])
def test_retention_spares_held_rows_across_types(
    postgres: sa.Engine, monkeypatch, theirs: str, mine: str, held: str, other: str, most: int
) -> None:
    monkeypatch.setattr(sparing, "MOST_VALUES", most)
    one, two = (text.replace("-", "") if mine == "char(32)" else text for text in (held, other))
    fill(
        postgres, f"CREATE TABLE users (id int PRIMARY KEY, email text, code {theirs})",
        f"CREATE TABLE visits (id int PRIMARY KEY, code {mine}, on_day date)",
        f"INSERT INTO users VALUES (1, '{ADA}', '{held}')",
        f"INSERT INTO visits VALUES (1, '{one}', '2020-01-01'), (2, '{two}', '2020-01-01'), (3, NULL, '2020-01-01')",
    )  # fmt: skip
    worlds.describe(
        "crm", worlds.address(postgres),
        {"users": ({}, [*USERS, {"name": "code"}]), "visits": ({"dated_by": "on_day"}, [PK, {"name": "code"}, DAY])},
        [("visits", "code", "users", "code")],
    )  # fmt: skip
    holds.place(person(ADA), matter="m", reason="r", review_on=date(2027, 1, 1), by=staff()[1])
    assert retention("visits").findings.get().held == 1
    assert table(postgres, "SELECT id FROM visits") == [(1,)]


def test_more_held_values_than_one_statement_takes_are_compared_by_the_columns_type(postgres: sa.Engine) -> None:
    fill(
        postgres, "CREATE TABLE users (id int PRIMARY KEY, email text)", "CREATE TABLE orders (id int PRIMARY KEY, u int)",
        "CREATE TABLE pays (id int PRIMARY KEY, o numeric(12,2), on_day date)", f"INSERT INTO users VALUES (1, '{ADA}')",
        "INSERT INTO orders SELECT g, 1 FROM generate_series(1, 600) g",
        "INSERT INTO pays SELECT g, g, '2020-01-01' FROM generate_series(1, 700) g",
    )  # fmt: skip
    worlds.describe(
        "crm", worlds.address(postgres),
        {"users": ({}, USERS), "orders": ({}, [PK, {"name": "u"}]), "pays": ({"dated_by": "on_day"}, [PK, {"name": "o"}, DAY])},
        [("orders", "u", "users", "id"), ("pays", "o", "orders", "id")],
    )  # fmt: skip
    holds.place(person(ADA), matter="m", reason="r", review_on=date(2027, 1, 1), by=staff()[1])
    assert retention("pays").findings.get().held == 600
    assert table(postgres, "SELECT count(*), max(id) FROM pays") == [(600, 600)]
