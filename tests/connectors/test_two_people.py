"""A row about two people: what is Ada's goes, what is Ben's stays, whatever is done and however the row was found."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors import reading
from inventory.models import Collection, Field
from tests.connectors import worlds
from tests.connectors.shop import allow, find, order_of, run_all
from tests.connectors.worlds import ADA, BEN, PK, table

A, B, C = (f"00000000-0000-4000-8000-00000000000{one}" for one in "abc")


@pytest.fixture
def letters(db: None, tmp_path: Path) -> Iterator[sa.Engine]:
    """People with UUID keys, letters between them with attachments, and an envelope that both share."""
    people = ", ".join(
        f"('{pk}', '{mail}', '{who}')" for pk, mail, who in ((A, ADA, "Ada"), (B, BEN, "Ben"), (C, "c@x.example", "Cy"))
    )
    with worlds.sqlite(
        tmp_path,
        "CREATE TABLE people (id CHAR(36) PRIMARY KEY, email TEXT, name TEXT)",
        "CREATE TABLE letters (id INTEGER PRIMARY KEY, sender CHAR(36), receiver CHAR(36), copied CHAR(36), sender_name TEXT,"
        " receiver_name TEXT, copied_name TEXT, words TEXT NOT NULL, envelope INTEGER)",
        "CREATE TABLE scans (id INTEGER PRIMARY KEY, letter INTEGER, picture TEXT)",
        "CREATE TABLE envelopes (id INTEGER PRIMARY KEY, stamp TEXT)",
        f"INSERT INTO people VALUES {people}",
        "INSERT INTO letters VALUES"
        f" (1, '{A}', '{B}', NULL, 'Ada', 'Ben', NULL, 'from Ada', 7),"
        f" (2, '{B}', '{A}', '{A}', 'Ben', 'Ada', 'Ada', 'from Ben', 8),"
        f" (3, '{A}', NULL, NULL, 'Ada', 'A stranger', NULL, 'to nobody', 9),"
        f" (4, '{A}', '{A}', NULL, 'Ada', 'Ada', NULL, 'to myself', 10),"
        f" (5, '{B}', '{C}', NULL, 'Ben', 'Cy', NULL, 'secret', 11)",
        "INSERT INTO scans VALUES (1, 1, 'of one'), (2, 2, 'of two'), (3, 3, 'of three'), (5, 5, 'of five')",
        "INSERT INTO envelopes VALUES (7, 'a'), (8, 'b'), (9, 'c'), (10, 'd'), (11, 'e')",
    ) as engine:  # fmt: skip
        describe(engine)
        yield engine


def describe(engine: sa.Engine) -> None:
    names = [
        {"name": f"{one}_name", "category": "contact", "person": one, "attribute": "full_name"}
        for one in ("sender", "receiver", "copied")
    ]
    worlds.describe(
        "post",
        worlds.address(engine),
        {
            "people": (
                {},
                [
                    {"name": "id", "primary_key": True},
                    {"name": "email", "identity": "email", "category": "contact"},
                    {"name": "name", "category": "contact", "attribute": "full_name"},
                ],
            ),
            "letters": (
                {},
                [
                    PK,
                    *({"name": one} for one in ("sender", "receiver", "copied", "envelope")),
                    *names,
                    {"name": "words", "category": "content", "person": "sender"},
                ],
            ),
            "scans": ({}, [PK, {"name": "letter"}, {"name": "picture", "category": "content"}]),
            "envelopes": ({}, [PK, {"name": "stamp", "category": "content"}]),
        },
        [
            *(("letters", one, "people", "id") for one in ("sender", "receiver", "copied")),
            ("scans", "letter", "letters", "id"),
            ("letters", "envelope", "envelopes", "id", "up"),
        ],
    )


def test_rows_are_hers_alone_or_shared_and_what_hangs_on_a_shared_row_is_shared_too(letters: sa.Engine) -> None:
    found = {(one.collection, one.via, one.shared): (one.rows, one.action) for one in find(ADA).findings.all()}
    assert found == {
        ("people", "email", False): (1, "delete"),
        ("letters", "sender", False): (2, "delete"),
        ("letters", "sender", True): (1, "mask"),
        ("letters", "receiver", True): (1, "mask"),
        ("letters", "copied", True): (1, "mask"),
        ("scans", "letter", False): (1, "delete"),
        ("scans", "letter", True): (2, "keep"),
        ("envelopes", "id", False): (2, "delete"),
        ("envelopes", "id", True): (2, "keep"),
    }


def test_an_erasure_takes_her_half_of_a_shared_row_by_every_link_and_leaves_the_other_half(letters: sa.Engine) -> None:
    batch = find(ADA)
    allow(batch)
    run_all(batch)
    assert order_of(batch).state == "done"
    assert table(letters, "SELECT id, sender_name, receiver_name, copied_name, words FROM letters ORDER BY id") == [
        (1, None, "Ben", None, "[erased]"),
        (2, "Ben", None, None, "from Ben"),
        (5, "Ben", "Cy", None, "secret"),
    ]
    assert table(letters, "SELECT id FROM scans") == [(1,), (2,), (5,)], "Ben's letters keep their scans"
    assert table(letters, "SELECT id FROM envelopes") == [(7,), (8,), (11,)]
    kept = batch.findings.get(collection="scans", shared=True)
    assert kept.ground == "rights_of_others" and kept.outcome["rows"] == 0 and kept.outcome["spared"] == 2


def test_a_corrected_name_is_written_beside_her_own_link_only(letters: sa.Engine) -> None:
    batch = find(ADA)
    allow(batch, "correct", changes={"full_name": "Ada Byron"})
    run_all(batch)
    assert order_of(batch, "correct").state == "done"
    assert table(letters, "SELECT id, sender_name, receiver_name FROM letters WHERE id < 4 ORDER BY id") == [
        (1, "Ada Byron", "Ben"),
        (2, "Ben", "Ada Byron"),
        (3, "Ada Byron", "A stranger"),
    ]
    assert table(letters, "SELECT name FROM people ORDER BY id") == [("Ada Byron",), ("Ben",), ("Cy",)]


def test_her_package_shows_no_field_of_anybody_else_and_all_of_her_own(letters: sa.Engine) -> None:
    batch = find(ADA)
    rows = [row for one in batch.findings.filter(collection="letters") for row in reading.rows(one)]
    text = str(rows)
    assert "Ben" not in text and "from Ben" not in text and "A stranger" not in text and "secret" not in text
    notes = [row for row in rows if row["words"] == "to myself"]
    assert notes == [{"sender_name": "Ada", "receiver_name": "Ada", "copied_name": None, "words": "to myself"}]
    _, items = reading.items(batch.findings.get(collection="letters", via="sender", shared=True), 0, 1)
    assert [one.row for one in items] == [
        {"sender_name": "Ada", "receiver_name": "[another person]", "copied_name": None, "words": "from Ada"}
    ]


def test_a_reference_read_both_ways_never_leads_over_a_shared_row_to_the_other_person(letters: sa.Engine) -> None:
    """Letters are found by her address; the account of whoever wrote to her is not hers."""
    Collection.objects.filter(name="people").update(dataset=Collection.objects.get(name="letters").dataset)
    people, sender = (
        Field.objects.get(collection__name="people", name="email"),
        Field.objects.get(collection__name="letters", name="sender"),
    )
    people.identity = ""
    people.save()
    sender.referred_by.all().delete()
    Field.objects.filter(collection__name="letters", name="receiver_name").update(identity="email")
    for row in Field.objects.get(collection__name="people", name="id").referred_by.all():
        row.direction = "up"
        row.save()
    with letters.begin() as connection:
        connection.exec_driver_sql(f"UPDATE letters SET receiver_name='{ADA}' WHERE id=2")
    found = find(ADA)
    assert {one.collection for one in found.findings.all()} >= {"letters"}
    assert not found.findings.filter(collection="people").exists(), "Ben's account was found over a letter to Ada"


def test_a_row_that_became_another_persons_too_after_the_approval_stops_the_erasure(letters: sa.Engine) -> None:
    batch = find(ADA)
    allow(batch)
    with letters.begin() as connection:
        connection.exec_driver_sql(f"UPDATE letters SET receiver='{B}' WHERE id=3")
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "stale") and "post.letters" in order.park_reason
    assert len(table(letters, "SELECT id FROM letters")) == 5
