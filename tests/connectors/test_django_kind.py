"""Models of the project that the portal is installed in: tables and columns are what the models say, the work is SQL."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from connectors import sql_grants
from connectors.kinds import base, sql_engines, sql_schema
from connectors.kinds.base import Mask, Permanent
from connectors.models import Connection
from inventory.graph import CollectionSpec, FieldSpec
from tests.connectors.shop import ANNA, allow, find, order_of, run_all
from tests.connectors.worlds import describe

FIELDS = (
    FieldSpec("pk", data_type="integer", primary_key=True),
    FieldSpec("email", identity="email", category="contact"),
)


@pytest.fixture
def host(db: None, tmp_path: Path, settings) -> Iterator[None]:
    """A database of the project, with its users."""
    connections.databases["host"] = connections.configure_settings(
        {"default": {}, "host": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "host.sqlite3")}}
    )["host"]
    with sqlite3.connect(tmp_path / "host.sqlite3") as made:
        made.execute(
            "CREATE TABLE auth_permission (id INTEGER PRIMARY KEY, name VARCHAR(255), content_type_id INTEGER)"
        )
        made.execute(
            "CREATE TABLE auth_user (id INTEGER PRIMARY KEY, email VARCHAR(254) NOT NULL, first_name VARCHAR(150) NOT NULL)"
        )
        people = [(1, "Anna@People.example", "A"), (2, "ben@people.example", "A")]
        made.executemany("INSERT INTO auth_user VALUES (?, ?, ?)", people)
    sql_schema.forget()
    yield
    sql_engines.close_all()
    if hasattr(connections._connections, "host"):
        del connections["host"]
    del connections.databases["host"]


def rows() -> list[tuple]:
    with sqlite3.connect(connections["host"].settings_dict["NAME"]) as made:
        return made.execute("SELECT id, email, first_name FROM auth_user ORDER BY id").fetchall()


def kind(address: str = "django:host") -> base.Kind:
    return base.open_kind(Connection(kind="django", address=address))


def test_a_person_of_the_project_is_found_and_erased_by_an_order(host: None) -> None:
    describe("crm", "django:host", {"auth.User": ({"erase": "mask"}, [
        {"name": "pk", "primary_key": True, "data_type": "integer"},
        {"name": "email", "identity": "email", "category": "contact",
         "mask": {"strategy": "token", "suffix": "@erased.invalid"}},
        {"name": "first_name", "category": "contact"},
    ])})  # fmt: skip
    Connection.objects.update(kind="django")
    batch = find(ANNA)
    allow(batch)
    run_all(batch)
    assert (order_of(batch).state, order_of(batch).park_reason) == ("done", "")
    assert rows() == [(1, "erased-1@erased.invalid", "[erased]"), (2, "ben@people.example", "A")]
    with pytest.raises(Exception, match="has no logins"):
        sql_grants.statements(Connection.objects.get())


@pytest.mark.parametrize(
    ("name", "field", "words"),
    [
        ("auth.Nobody", "email", "no such model is installed"),
        ("nonsense", "email", "no such model is installed"),
        ("auth.User", "groups", "has no column in the model's own table"),
        ("auth.User", "nickname", "nickname"),
    ],
)
def test_what_the_project_does_not_have_is_told_by_its_name(host: None, name: str, field: str, words: str) -> None:
    spec = CollectionSpec("d", "s", name, name, (*FIELDS, FieldSpec(field, category="contact")))
    with pytest.raises(Permanent) as error:
        list(kind().find(spec, field, ["x"], folded=False))
    assert error.value.code == "schema" and words in error.value.sentence


def test_an_alias_that_is_not_there_is_told(host: None) -> None:
    with pytest.raises(Permanent) as error:
        kind("django:elsewhere")
    assert "DATABASES" in error.value.sentence


def test_a_foreign_key_is_its_column(host: None) -> None:
    spec = CollectionSpec("d", "s", "auth.Permission", "P", (FIELDS[0], FieldSpec("content_type", data_type="integer")))
    assert "content_type" in kind().columns(spec)
    with kind().changing() as session:
        assert session.count_unlike(spec, [(1,)], {"content_type": Mask(1)}, {}) == 0
