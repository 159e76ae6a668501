"""Many rows of one person on PostgreSQL: what the server does with a whole set of them is what we would do row by row."""

import json
import random
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from audit import failpoints
from connectors import acting, frozen, holds, reading, wholly
from connectors.models import Batch, LegalHold, Receipt
from tests.connectors import shop as s
from tests.connectors.shop import allow, order_of, run_all
from tests.connectors.test_shapes import find
from tests.connectors.worlds import ADA, BEN, MAIL, NAME, PK, address, describe, do, table

TYPES = {
    "words": "text", "short": "varchar(40) NOT NULL", "price": "numeric(20,9)", "flag": "boolean", "big": "bigint",
    "moment": "timestamptz", "local_at": "timestamp", "day": "date", "mark": "uuid", "raw": "bytea", "doc": "jsonb",
}  # fmt: skip
NASTY = (
    "NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
    r"'null', '\N \"quoted\" \\ back', 12.500000000, true, 9223372036854775807, '2024-02-29 12:00:00.5+02',"
    r" '2024-02-29 1:02:03', '2024-02-29', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\xdead'",
    r"E'line\nbreak\ttab\r \b\f\v \x01 \x1f end\\', 'Zoë, 東京 😀 ''', -0.000000001, false, -1,"
    " 'infinity', '-infinity', 'infinity', NULL, ''",
    "'[\"not\", {\"json\": 1}]', ',', 'NaN', NULL, 0, '1883-01-01 00:00+00', '0044-03-15 12:00 BC',"
    " '0044-03-15 BC', NULL, NULL",
    "' ', ' ', 0, NULL, 1, '10000-01-01 00:00+00', '10000-01-01 00:00', '10000-01-01', NULL, NULL",
    "'a' || chr(127) || chr(8232), '{}', 1, true, 1, '2024-07-01 00:00:00.123456-03:30', '2024-07-01',"
    " '9999-12-31', NULL, NULL",
)
ROWS = 300


@pytest.fixture
def posts(db: None, postgresql: sa.Engine) -> sa.Engine:
    """Ada's 300 rows of every type, and Ben's one."""
    columns = ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    usual = "'words', 'short', 1.5, true, 7, '2024-01-01 12:00+00', '2024-01-01', '2024-01-01', NULL, NULL"
    do(
        postgresql,
        "CREATE TABLE people (id int PRIMARY KEY, email text, name text)",
        f"INSERT INTO people VALUES (1, '{ADA}', 'Ada'), (2, '{BEN}', 'Ben')",
        f"CREATE TABLE posts (id bigint PRIMARY KEY, person_id int NOT NULL REFERENCES people, {columns})",
        f"INSERT INTO posts SELECT n, 1, {usual} FROM generate_series(1, {ROWS - len(NASTY)}) n",
        *(f"INSERT INTO posts VALUES ({ROWS - turn}, 1, {one})".replace("%", "%%") for turn, one in enumerate(NASTY)),
        f"INSERT INTO posts SELECT n, 2, {usual} FROM generate_series({ROWS + 1}, {ROWS + 1}) n",
    )
    fields = [PK, {"name": "person_id"}, *({"name": name, "category": "content"} for name in TYPES)]
    describe(
        "crm", address(postgresql), {"people": ({}, [PK, MAIL, NAME]), "posts": ({}, fields)},
        [("posts", "person_id", "people", "id")],
    )  # fmt: skip
    return postgresql


def told(value: Any) -> Any:
    """A value as what it means: a moment however its fractions are written, a number however its decimals are."""
    for kind in (datetime.fromisoformat, Decimal):
        try:
            return str(kind(value)) if isinstance(value, str) and value.strip() and not value.isdigit() else value
        except (ValueError, ArithmeticError):
            continue
    return value.replace("T", " ") if isinstance(value, str) and value[:1].isdigit() else value


def meant(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps({name: told(value) for name, value in row.items()}) for row in rows)


def kinds(row: dict[str, Any]) -> list[str]:
    return [type(value).__name__ for value in row.values()]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns", "Africa/Monrovia"])
def test_the_server_writes_every_value_as_we_would(posts: sa.Engine, zone: str) -> None:
    do(posts, f"ALTER DATABASE {posts.url.database} SET TimeZone = '{zone}'")
    finding = find().findings.get(collection="posts")
    pages = list(reading.written(finding))
    assert len(pages) == 1 and pages[0].text is not None and finding.rows == ROWS
    theirs, ours = pages[0].rows, list(reading.rows(finding))
    assert meant(theirs) == meant(ours)
    assert sorted(map(kinds, theirs)) == sorted(map(kinds, ours))


@pytest.mark.parametrize("sparse", [False, True])
def test_what_the_server_writes_is_what_the_reader_gives_whatever_stands_there(posts: sa.Engine, sparse: bool) -> None:
    chance = random.Random(20)
    signs = [*map(chr, range(1, 300)), "\u2028", "\ufffd", "😀", '"', "\\", "/", "\\u0041", "null"]
    rows = [
        {
            "id": turn, "words": chance.choice((None, "".join(chance.choices(signs, k=chance.randrange(40))))),
            "short": "".join(chance.choices(signs, k=9)), "flag": chance.choice((None, True, False)),
            "price": chance.choice((None, Decimal(chance.randrange(-(10**9), 10**9)).scaleb(-chance.randrange(9)))),
            "big": chance.choice((None, chance.randrange(-(2**63), 2**63))),
            "moment": datetime.fromtimestamp(chance.uniform(-6e10, 2e11), UTC), "mark": UUID(int=chance.getrandbits(128)),
            "raw": chance.randbytes(chance.randrange(9)),
            "day": chance.choice((None, date.fromordinal(chance.randrange(1, date.max.toordinal())))),
        }
        for turn in range(1, ROWS + 1)
    ]  # fmt: skip
    documents = (None, 1.0, 1e300, 2**70, 'a\tb"', [1, [None, 0.1]], {"ä\\": {"b": ""}, "1": []}, "2024-01-01")
    for row in rows:
        row["doc"] = json.dumps(chance.choice(documents))
    changes = ", ".join(f"{name} = :{name}" for name in rows[0] if name not in ("id", "doc"))
    with posts.begin() as connection:
        connection.execute(sa.text(f"UPDATE posts SET {changes}, doc = CAST(:doc AS jsonb) WHERE id = :id"), rows)
        if sparse:
            connection.execute(sa.text(f"UPDATE posts SET id = id * 100000 WHERE id <= {ROWS}"))
    finding = find().findings.get(collection="posts")
    pages = list(reading.written(finding))
    ours = list(reading.rows(finding))
    assert {one.text is None for one in pages} == {False} and len(ours) == ROWS
    theirs = [row for one in pages for row in one.rows]
    assert meant(theirs) == meant(ours) and sorted(map(kinds, theirs)) == sorted(map(kinds, ours))
    assert json.loads(b"[" + b",\n".join(one.text or b"" for one in pages) + b"]") == theirs


def test_a_row_of_hers_that_came_between_the_others_is_not_written(posts: sa.Engine) -> None:
    do(posts, "UPDATE posts SET person_id = 2 WHERE id = 7")
    finding = find().findings.get(collection="posts")
    do(posts, "UPDATE posts SET person_id = 1, words = 'Late' WHERE id = 7")
    pages = list(reading.written(finding))
    assert {one.text is None for one in pages} == {False} and len(pages[0].rows) == ROWS - 1
    assert "Late" not in str(pages[0].rows)


def test_who_stops_reading_half_way_leaves_nothing_behind(posts: sa.Engine, settings: Any) -> None:
    settings.CHUNK_ROWS = 10
    pages = reading.written(find().findings.get(collection="posts"))
    assert len(next(pages).rows) == 10 * wholly.AT_ONCE
    pages.close()  # type: ignore[attr-defined]
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]


def test_a_row_that_is_bens_by_now_is_not_written(posts: sa.Engine) -> None:
    finding = find().findings.get(collection="posts")
    do(posts, "UPDATE posts SET person_id = 2, words = 'Bens' WHERE id = 7")
    rows = [row for page in reading.written(finding) for row in page.rows]
    assert len(rows) == ROWS - 1 and "Bens" not in str(rows)


@pytest.fixture
def careful(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many chunks were done row by row."""
    groups, real = list[int](), acting.Acting._carefully

    def counting(self: acting.Acting, group: Any) -> list[Receipt]:
        groups.append(sum(task.spec.name == "posts" for task, _ in group))
        return real(self, group)

    monkeypatch.setattr(acting.Acting, "_carefully", counting)
    return groups


def erased(engine: sa.Engine, batch: Batch) -> tuple[str, str]:
    allow(batch)
    run_all(batch)
    return order_of(batch).state, order_of(batch).park_code


def left(engine: sa.Engine) -> int:
    return int(table(engine, "SELECT count(*) FROM posts")[0][0])


def test_all_go_at_once_and_bens_stays(posts: sa.Engine, careful: list[int], settings: Any) -> None:
    settings.CHUNK_ROWS = 50
    batch = find()
    assert erased(posts, batch) == ("done", "")
    assert table(posts, "SELECT id, person_id FROM posts") == [(ROWS + 1, 2)] and sum(careful) == 0
    receipts = Receipt.objects.filter(chunk__finding__collection="posts")
    assert [(one.rows, one.changed, one.moved) for one in receipts] == [(50, 50, 0)] * 6
    assert table(posts, "SELECT id FROM people") == [(2,)]


@pytest.mark.parametrize("tied, code", [(True, "constraint"), (False, "stale")])
def test_one_row_gone_and_another_come_stops_it_before_the_first_row(posts: sa.Engine, tied: bool, code: str) -> None:
    if not tied:
        do(posts, "ALTER TABLE posts DROP CONSTRAINT posts_person_id_fkey")
    batch = find()
    do(posts, "DELETE FROM posts WHERE id = 7", "INSERT INTO posts (id, person_id, short) VALUES (900, 1, 'new')")
    assert erased(posts, batch) == ("parked", code) and left(posts) == ROWS + 1


def test_a_row_that_changed_hands_is_stale_before_the_first_row(posts: sa.Engine) -> None:
    batch = find()
    do(posts, "UPDATE posts SET person_id = 2 WHERE id = 7")
    assert erased(posts, batch) == ("parked", "stale") and left(posts) == ROWS + 1


def test_a_row_that_changes_hands_in_mid_erasure_is_left_alone(
    posts: sa.Engine, careful: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = failpoints.failpoint

    def booking_over(name: str) -> None:
        if name == "erase.before_lock":
            do(posts, "UPDATE posts SET person_id = 2 WHERE id = 7")
        real(name)

    monkeypatch.setattr("connectors.acting.failpoint", booking_over)
    erased(posts, find())
    assert sum(careful) == 1 and table(posts, "SELECT id FROM posts ORDER BY id") == [(7,), (ROWS + 1,)]
    assert Receipt.objects.get(chunk__finding__collection="posts").moved == 1


def test_a_row_of_hers_that_comes_between_the_others_in_mid_erasure_stays(
    posts: sa.Engine, careful: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    do(posts, "DELETE FROM posts WHERE id = 7")
    batch, real = find(), failpoints.failpoint

    def coming(name: str) -> None:
        if name == "erase.before_lock":
            do(posts, "INSERT INTO posts (id, person_id, short) VALUES (7, 1, 'new') ON CONFLICT DO NOTHING")
        real(name)

    monkeypatch.setattr("connectors.acting.failpoint", coming)
    assert erased(posts, batch)[0] == "parked" and sum(careful) == 0
    assert table(posts, "SELECT id FROM posts ORDER BY id") == [(7,), (ROWS + 1,)]
    assert [one.rows for one in Receipt.objects.filter(chunk__finding__collection="posts")] == [ROWS - 1]


@pytest.mark.parametrize("event", ["BEFORE", "AFTER"])
def test_a_trigger_that_keeps_rows_is_found_out(posts: sa.Engine, careful: list[int], event: str) -> None:
    again = "RETURN NULL" if event == "BEFORE" else "INSERT INTO posts SELECT OLD.*; RETURN NULL"
    do(
        posts,
        f"CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {again}; END $$",
        f"CREATE TRIGGER kept {event} DELETE ON posts FOR EACH ROW WHEN (OLD.id = 7) EXECUTE FUNCTION kept()",
    )
    assert erased(posts, find()) == ("parked", "left") and left(posts) == ROWS + 1 and sum(careful) == 1


def test_rows_that_others_refer_to_are_looked_at_one_by_one(posts: sa.Engine, careful: list[int]) -> None:
    do(posts, "CREATE TABLE likes (id int PRIMARY KEY, post_id bigint REFERENCES posts ON DELETE CASCADE)")
    do(posts, "INSERT INTO likes VALUES (1, 7)")
    assert erased(posts, find())[1] in ("cascade", "constraint") and left(posts) == ROWS + 1


def test_killed_after_the_deletion_the_repeat_settles_it(posts: sa.Engine, careful: list[int]) -> None:
    batch = find()
    allow(batch)
    failpoints.arm("erase.after_target_commit=raise")
    try:
        run_all(batch, times=1)
    finally:
        failpoints.arm("")
    assert left(posts) == 1 and not Receipt.objects.exists()
    order_of(batch).__class__.objects.filter(pk=order_of(batch).pk).update(state="open", park_code="", park_reason="")
    run_all(batch)
    assert order_of(batch).state == "done" and sum(careful) == 1
    one = Receipt.objects.get(chunk__finding__collection="posts")
    assert (one.rows, one.changed, one.moved) == (ROWS, 0, 0)


def test_beside_a_hold_on_ben_adas_rows_still_go_and_his_stay(posts: sa.Engine, careful: list[int]) -> None:
    jonas, _ = s.staff()
    holds.place(s.person(BEN), matter="M", reason="R", review_on=date(2030, 1, 1), by=jonas)
    assert erased(posts, find()) == ("done", "") and sum(careful) == 0
    assert table(posts, "SELECT id FROM posts") == [(ROWS + 1,)] and LegalHold.objects.count() == 1


def test_frozen_keys_are_numbers_only_where_each_is_one() -> None:
    assert frozen.of_keys([(1,), (-22,)]).numbers == "1,-22"
    for keys in ([("1",)], [(1, 2)], [(1,), (2, 3)], [(1.5,)], [()], [(None,)], []):
        assert frozen.of_keys(keys).numbers is None
    assert frozen.numbers([frozen.of_keys([(1,)]), frozen.of_keys([(2,)])]) == "1,2"
    assert [len(one) for one in frozen.together([frozen.of_keys([(1,), (2,)])] * 3, 4)] == [2, 1]
    assert wholly.MANY > 1
