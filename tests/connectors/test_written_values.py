"""Values that are read, or searched by, as they are written: numbers as text, times beyond a day, texts in a JSON column."""

import uuid
from typing import Any

import pytest

from connectors import reading
from tests.connectors import worlds
from tests.connectors.conftest import Fill
from tests.connectors.shop import CLERK, batches, find, person, run_all
from tests.connectors.worlds import ADA, PK

pytestmark = pytest.mark.django_db
EMAIL = {"name": "email", "identity": "email", "category": "contact"}


def found(number: str) -> int:
    batch = batches.open_find(
        origin=f"PR-{uuid.uuid4().hex[:8]}", subject=person(ADA), identities={"account_id": [number]}, actor=CLERK
    )
    run_all(batch)
    return sum(batch.findings.values_list("rows", flat=True))


@pytest.mark.parametrize("type", ["INTEGER", "NUMERIC(10,2)", "DECIMAL(12,4)", "DOUBLE PRECISION", "VARCHAR(20)"])
def test_an_account_number_finds_only_what_is_written_like_it(fill: Fill, type: str) -> None:
    engine = fill(f"CREATE TABLE t (id INTEGER PRIMARY KEY, account {type}, words VARCHAR(9))")
    fill("INSERT INTO t VALUES (1, 7, 'x'), (2, 70, 'y'), (3, 8, 'z')")
    account = {"name": "account", "identity": "account_id", "category": "contact"}
    worlds.describe("crm", worlds.address(engine), {"t": ({}, [PK, account])})
    assert found("7") == 1 and found("70") == 1
    for other in ("007", "7.0", "7.00", "7e0", "+7", "\N{ARABIC-INDIC DIGIT SEVEN}", "7_0", "0x7", "nan", "inf"):
        assert found(other) == 0, other


def read(*fields: str) -> list[dict[str, Any]]:
    return list(reading.rows(find(ADA).findings.get()))


def test_a_text_that_is_no_json_is_read_as_it_stands(fill: Fill) -> None:
    engine = fill("CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(60), j JSON)")
    if engine.dialect.name != "sqlite":
        return  # the others take no such value
    fill(
        f"INSERT INTO t VALUES (1, '{ADA}', 'not json'), (2, '{ADA}', '{{\"a\": 1}}'), (3, '{ADA}', NULL), (4, '{ADA}', 5)"
    )
    worlds.describe("crm", worlds.address(engine), {"t": ({}, [PK, EMAIL, {"name": "j", "category": "usage"}])})
    assert [row["j"] for row in read()] == ["not json", {"a": 1}, None, 5]


def test_a_time_beyond_a_day_is_handed_out_whole(fill: Fill) -> None:
    engine = fill("CREATE TABLE t (id INTEGER PRIMARY KEY, email VARCHAR(60), spent TIME)")
    if engine.dialect.name != "mysql":
        return  # to the others a time is one of a day
    fill(f"INSERT INTO t VALUES (1, '{ADA}', '200:00:00'), (2, '{ADA}', '-10:30:05'), (3, '{ADA}', '08:00:00')")
    worlds.describe("crm", worlds.address(engine), {"t": ({}, [PK, EMAIL, {"name": "spent", "category": "usage"}])})
    assert [row["spent"] for row in read()] == ["200:00:00", "-10:30:05", "08:00:00"]
