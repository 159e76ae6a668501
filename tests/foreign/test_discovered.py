"""Two schemas that none of us designed, discovered and not described: what was guessed right, one access, one erasure, and
where the person still stands afterwards. tests/foreign/run fills them and runs this with its figures.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit import actor
from connectors import reading
from connectors.discovery import surveying, wording
from connectors.discovery.drafting import Drafted
from connectors.kinds.base import open_kind
from connectors.models import Connection
from inventory import descriptions
from inventory.descriptions.own import dump
from inventory.models import System
from tests.connectors.shop import allow, find, order_of, run_all

HERE = Path(__file__).parent
FILES = {"oscar": os.environ.get("SHOP_DATABASE", ""), "helpdesk": os.environ.get("DESK_DATABASE", "")}
PEOPLE = {"oscar": "bruno.fischer0@shop.example", "helpdesk": "bruno.fischer0@people.example"}
# Where the person still stands after an erasure by the bare draft. A wish list's name is taken for a mere fact of a row that
# stays, because addresses of friends refer to it: one line of a person's corrections mends that.
LEFT_BY_THE_DRAFT = {"oscar": {"wishlists_wishlist.name"}, "helpdesk": set[str]()}

WANTED = "fills applications in environments of their own first; to run it: make foreign"
pytestmark = [pytest.mark.django_db, pytest.mark.skipif(not all(FILES.values()), reason=WANTED)]


@dataclass
class Found:
    """A discovered application: its name, its file, the draft of each table, and the draft as YAML."""

    name: str
    file: sqlite3.Connection
    drafted: dict[str, Drafted]
    text: str
    columns: int


@pytest.fixture(params=list(FILES))
def application(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Found]:
    """A copy of a filled application behind a connection, surveyed and drafted."""
    name = request.param
    copy = tmp_path / f"{name}.sqlite3"
    shutil.copy(FILES[name], copy)
    system = System.objects.create(key=name, name=name.title())
    connection = Connection.objects.create(system=system, kind="sql", address=f"sqlite:///{copy}")
    kind: Any = open_kind(connection)
    tables = kind.survey()
    drafted = surveying.drafted(system, tables, surveying.look(kind, tables))
    text = wording.written({"key": name, "name": name.title()}, {"key": name, "name": name.title()}, drafted)
    with sqlite3.connect(copy) as file:
        yield Found(name, file, drafted, text, sum(len(one.columns) for one in tables))
    file.close()


def corrected(one: Found) -> str:
    """The draft with what a person changed in it."""
    data = yaml.safe_load(one.text)
    rows = {row["name"]: row for row in data["systems"][0]["datasets"][0]["collections"]}
    for place, said in yaml.safe_load((HERE / "corrections.yaml").read_text())[one.name].items():
        table, _, column = place.partition(".")
        row = rows[table]
        if column:
            row = next(each for each in row["fields"] if each["name"] == column)
        for key, value in said.items():
            row.pop(key, None)
            if value is not None:
                row[key] = value
    return dump(data)


def loaded(one: Found, *, mended: bool = True) -> None:
    text = corrected(one) if mended else one.text
    descriptions.load(descriptions.read(text, f"{one.name}.yaml"), actor=actor.worker("test"))


def places(file: sqlite3.Connection, *words: str) -> dict[str, int]:
    """table.column -> rows in which one of these words stands: every column of every table, nobody's description is trusted."""
    found = {}
    for (table,) in file.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
        for row in file.execute(f'PRAGMA table_info("{table}")').fetchall():
            test = " OR ".join(f'instr(lower(CAST("{row[1]}" AS TEXT)), ?) > 0' for _ in words)
            count = file.execute(f'SELECT count(*) FROM "{table}" WHERE {test}', words).fetchone()[0]
            if count:
                found[f"{table}.{row[1]}"] = count
    return found


def test_most_personal_columns_are_guessed_and_little_else_is_taken_for_one(application: Found) -> None:
    truth = {
        f"{table}.{column}"
        for table, columns in yaml.safe_load((HERE / "truth.yaml").read_text())[application.name].items()
        for column in columns
    }
    known = {f"{table}.{name}" for table, one in application.drafted.items() for name in one.guesses}
    assert truth <= known, truth - known
    claimed = {
        f"{table}.{name}"
        for table, one in application.drafted.items()
        for name, guess in one.guesses.items()
        if guess.personal and not guess.fact
    }
    right = truth & claimed
    precision, recall = len(right) / len(claimed), len(right) / len(truth)
    print(
        f"\n{application.name}: {len(application.drafted)} tables, {application.columns} columns; personal by hand"
        f" {len(truth)}, guessed {len(claimed)}, right {len(right)}: precision {precision:.2f}, recall {recall:.2f}"
    )
    print("  not seen:", ", ".join(sorted(truth - claimed)))
    print("  too much:", ", ".join(sorted(claimed - truth)))
    assert precision >= 0.8 and recall >= 0.8


def test_the_draft_of_a_foreign_schema_is_sound_and_holds_no_value(application: Found) -> None:
    descriptions.read(application.text, "draft.yaml")
    assert (
        "bruno" not in application.text.lower()
        and "@shop" not in application.text
        and "box-secret" not in application.text
    )


def test_a_person_of_a_discovered_application_is_found_and_no_secret_is_shown(application: Found) -> None:
    loaded(application)
    batch = find(PEOPLE[application.name])
    assert order_of(batch, "find").park_reason == ""
    found: dict[str, int] = {}
    for one in batch.findings.all():
        found[one.collection] = found.get(one.collection, 0) + one.rows
    print(f"\n{application.name}, access:", dict(sorted(found.items())))
    shown = str([row for one in batch.findings.all() for row in reading.rows(one)])
    assert "Bruno" in shown and "md5$" not in shown
    # Everything that bears the address is found, but for what nobody's row leads to.
    assert {place.partition(".")[0] for place in places(application.file, PEOPLE[application.name])} <= set(found)


@pytest.mark.parametrize("mended", [False, True], ids=["bare-draft", "mended"])
def test_a_person_of_a_discovered_application_is_erased_and_what_is_left_is_known(
    application: Found, mended: bool
) -> None:
    loaded(application, mended=mended)
    mail = PEOPLE[application.name]
    others = people(application.file, mail)
    before = places(application.file, mail, "bruno")
    batch = find(mail)
    allow(batch)
    run_all(batch)
    order, left = order_of(batch), places(application.file, mail, "bruno")
    changes = len(yaml.safe_load((HERE / "corrections.yaml").read_text())[application.name]) if mended else 0
    print(f"\n{application.name}, {changes} corrections: {order.state} {order.park_reason}; the address or the name stood in"
          f" {sum(before.values())} rows of {len(before)} columns; left: {left}")  # fmt: skip
    assert (order.state, order.park_reason) == ("done", "")
    assert not application.file.execute("PRAGMA foreign_key_check").fetchall()
    assert set(left) == (set() if mended else LEFT_BY_THE_DRAFT[application.name])
    assert people(application.file, mail) == others, "nobody else's account changed"


def people(file: sqlite3.Connection, mail: str) -> list[Any]:
    """Everybody else's account."""
    return file.execute("SELECT * FROM auth_user WHERE email <> ? AND username NOT LIKE 'erased%' AND"
                        " email NOT LIKE 'erased%' AND email <> '[erased]' ORDER BY id", (mail,)).fetchall()  # fmt: skip
