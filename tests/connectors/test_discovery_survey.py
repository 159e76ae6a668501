"""A look at a live schema: what it sees on each server, and what becomes of it when the schema changes."""

import io
from pathlib import Path

import pytest
import sqlalchemy as sa
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit import actor
from audit.models import Event
from audit.refusal import Refused
from connectors import proposaldesk
from connectors.discovery import deciding, surveying
from connectors.kinds import sql_survey
from connectors.kinds.base import open_kind
from connectors.models import Connection, Proposal, Survey
from connectors.tasks import sweep_surveys, take_survey
from inventory import descriptions
from inventory.models import Collection, Dataset, Field, Reference, System
from tests.connectors.shop import find, order_of
from tests.connectors.worlds import address, do, sqlite

ADA = "ada@people.example"
TABLES = (
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, email VARCHAR(120) NOT NULL UNIQUE, vorname VARCHAR(60), pwd VARCHAR(80))",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id), note TEXT,"
    " total INTEGER NOT NULL)",
    "CREATE TABLE colours (id INTEGER PRIMARY KEY, name VARCHAR(20))",
    f"INSERT INTO customers VALUES (1, '{ADA}', 'Ada', 'secret-of-ada'), (2, 'ben@people.example', 'Ben', 'x'),"
    " (3, 'cy@people.example', 'Cy', 'x')",
    "INSERT INTO orders VALUES (10, 1, 'ring Ada before you come by please', 5),"
    " (11, 2, 'leave it at the door of the house', 6)",
)  # fmt: skip


@pytest.fixture
def world(db, tmp_path: Path):
    """A shop's database behind a connection, with an inventory that does not know it yet."""
    with sqlite(tmp_path, *TABLES) as engine:
        system = System.objects.create(key="shop", name="Shop")
        Connection.objects.create(system=system, kind="sql", address=address(engine))
        yield system, engine


def change(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for one in statements:
            connection.exec_driver_sql(one)


def look(system: System) -> list[Proposal]:
    """Take a survey; the open proposals."""
    survey = surveying.take(surveying.ask(system).pk)
    assert survey.state == "taken", survey.failure
    return list(Proposal.objects.filter(system=system, state="open").order_by("table", "column"))


def boss() -> User:
    return User.objects.create_user("boss")


def draft(system: System) -> str:
    out = io.StringIO()
    call_command("discover", system.key, yaml=True, stdout=out)
    return out.getvalue()


def test_a_survey_sees_tables_keys_and_references_on_every_server(any_shop) -> None:
    tables = {one.name: one for one in open_kind(Connection.objects.get()).survey()}
    assert {"accounts", "visits", "messages", "ratings"} <= set(tables)
    accounts, ratings = tables["accounts"], tables["ratings"]
    assert accounts.primary_key == ("id",) and ratings.primary_key == ("account_id", "item")
    email = accounts.column("email")
    assert (email.kind, email.nullable, email.unique, email.length) == ("text", False, True, 120)
    assert accounts.column("phone").nullable and accounts.column("id").kind == "integer"
    assert tables["visits"].column("seen_on").kind == "date"
    assert {(one.columns, one.table, one.target) for one in tables["messages"].foreign_keys} == {
        (("sender_id",), "accounts", ("id",)), (("recipient_id",), "accounts", ("id",)),
    }  # fmt: skip
    assert tables["accounts"].rows is not None
    assert not [name for name in tables if name.startswith(("sqlite_", "pg_", "information_schema"))]


def test_samples_are_few_and_short_on_every_server(any_shop) -> None:
    kind = open_kind(Connection.objects.get())
    tables = {one.name: one for one in kind.survey()}
    found = kind.samples(tables["accounts"], ["email", "full_name"], 2)
    assert len(found["email"]) == 2 and all("@" in one for one in found["email"])
    kind.samples(tables["accounts"], ["email"], 2)  # the limit on time was taken back, or this would be refused
    with pytest.raises(surveying.base.Permanent):
        kind.samples(tables["accounts"], ["there_is_no_such_column"], 2)


def test_a_sample_that_takes_too_long_is_given_up(world, monkeypatch) -> None:
    system, engine = world
    change(engine, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
                   " INSERT INTO colours SELECT i + 10, 'colour' FROM n")  # fmt: skip
    monkeypatch.setattr(sql_survey, "SAMPLE_SECONDS", -1)
    kind = open_kind(system.connection)
    tables = kind.survey()
    colours = [one for one in tables if one.name == "colours"]
    with pytest.raises(surveying.base.Temporary):
        kind.samples(colours[0], ["name"], 50_000)
    assert surveying.look(kind, []) == {}


@pytest.mark.django_db
def test_tables_of_another_schema_are_seen_read_and_called_by_it(request, need) -> None:
    from tests.connectors.conftest import scratch  # noqa: PLC0415

    admin, database = scratch("postgresql", need)
    url = admin.url.set(database=database)
    engine = sa.create_engine(url)
    change(engine, "CREATE SCHEMA hr", "CREATE TABLE hr.staff (id int PRIMARY KEY, email text UNIQUE)",
           "CREATE TABLE leave (id int PRIMARY KEY, staff_id int REFERENCES hr.staff(id), reason text)",
           f"INSERT INTO hr.staff VALUES (1, '{ADA}')", "INSERT INTO leave VALUES (1, 1, 'a week at the sea')")  # fmt: skip
    try:
        system = System.objects.create(key="hr", name="HR")
        Connection.objects.create(system=system, kind="sql", address=url.render_as_string(hide_password=False))
        for one in look(system):
            deciding.accept(one, by=User.objects.get_or_create(username="boss")[0])
        assert set(Collection.objects.values_list("name", flat=True)) == {"hr.staff", "leave"}
        found = find(ADA)
        assert order_of(found, "find").park_reason == ""
        assert {one.collection for one in found.findings.all()} == {"hr.staff", "leave"}
    finally:
        surveying.base.open_kind(system.connection).engine.dispose()
        engine.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {database}")
        admin.dispose()


def test_a_draft_is_a_sound_description_that_finds_a_person_and_never_shows_a_secret(world) -> None:
    system, _ = world
    text = draft(system)
    assert "Ada" not in text and "secret-of-ada" not in text and "come by" not in text, "values stand in no draft"
    assert "3 of 3 sampled values look like it" in text
    descriptions.load(descriptions.read(text, "draft.yaml"), actor=actor.worker("test"))
    found = find(ADA)
    assert {one.collection: one.rows for one in found.findings.all()} == {"customers": 1, "orders": 1}
    password = Field.objects.get(collection__name="customers", name="pwd")
    assert password.category is None and password.mask, "shown to nobody, erased all the same"
    assert Collection.objects.get(name="colours").skip


def test_what_nobody_described_becomes_proposals_and_accepting_them_makes_the_same_way_to_a_person(world) -> None:
    system, _ = world
    proposals = look(system)
    assert [(one.kind, one.table) for one in proposals] == [
        ("new_table", "colours"), ("new_table", "customers"), ("new_table", "orders")
    ]  # fmt: skip
    assert ADA not in str([(one.suggestion, one.evidence) for one in proposals])
    by = boss()
    # The one that refers is accepted before the one that it refers to: the reference comes when both are there.
    for one in reversed(proposals):
        deciding.accept(one, by=by)
    assert Reference.objects.get().target.collection.name == "customers"
    assert {one.collection for one in find(ADA).findings.all()} == {"customers", "orders"}
    assert Event.objects.filter(name="proposal.accepted").count() == 3
    assert look(system) == []
    with pytest.raises(Refused, match="decided"):
        deciding.accept(proposals[0], by=by)


def test_a_new_column_and_a_new_table_become_tasks_and_end_by_themselves_when_they_go_again(world) -> None:
    system, engine = world
    descriptions.load(descriptions.read(draft(system), "draft.yaml"), actor=actor.worker("test"))
    assert look(system) == []
    change(engine, "ALTER TABLE customers ADD COLUMN phone VARCHAR(40)", "CREATE TABLE visits (id INTEGER PRIMARY KEY,"
           " customer_id INTEGER REFERENCES customers(id), ip VARCHAR(40))")  # fmt: skip
    proposals = look(system)
    assert [(one.kind, one.table, one.column) for one in proposals] == [
        ("new_column", "customers", "phone"), ("new_table", "visits", ""),
    ]  # fmt: skip
    assert proposals[0].suggestion["field"]["category"] == "contact.phone"
    assert look(system) == proposals, "a second look asks nothing twice"
    change(engine, "ALTER TABLE customers DROP COLUMN phone", "DROP TABLE visits")
    assert look(system) == []
    assert set(Proposal.objects.values_list("state", flat=True)) == {"gone"}


def test_what_was_dismissed_stays_away_until_it_changes(world) -> None:
    system, engine = world
    by = boss()
    colours = look(system)[0]
    with pytest.raises(Refused, match="why"):
        deciding.dismiss(colours, reason=" ", by=by)
    deciding.dismiss(colours, reason="Colours are no people.", by=by)
    assert "colours" not in [one.table for one in look(system)]
    change(engine, "ALTER TABLE colours ADD COLUMN email VARCHAR(99)")
    assert "colours" in [one.table for one in look(system)]


def test_what_is_gone_is_proposed_and_accepting_takes_it_out_of_searches(world) -> None:
    system, engine = world
    descriptions.load(descriptions.read(draft(system), "draft.yaml"), actor=actor.worker("test"))
    look(system)
    change(engine, "DROP TABLE orders", "ALTER TABLE customers DROP COLUMN vorname")
    proposals = look(system)
    assert [(one.kind, one.table) for one in proposals] == [("gone_table", "orders"), ("gone_column", "customers")] or [
        (one.kind, one.table) for one in proposals
    ] == [("gone_column", "customers"), ("gone_table", "orders")]
    by = boss()
    for one in proposals:
        deciding.accept(one, by=by)
    assert Collection.objects.get(name="orders").skip and not Reference.objects.exists()
    assert not Field.objects.filter(name="vorname").exists()
    assert look(system) == []
    assert order_of(find(ADA), "find").park_reason == ""


def test_a_column_that_changes_its_type_is_asked_about_once_and_ends_when_it_changes_back(world, tmp_path) -> None:
    system, engine = world
    descriptions.load(descriptions.read(draft(system), "draft.yaml"), actor=actor.worker("test"))
    look(system)
    longer, shorter = "note VARCHAR(10)", "note TEXT"

    def reshape(column: str) -> None:
        change(engine, "DROP TABLE orders", f"CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL"
               f" REFERENCES customers(id), {column}, total INTEGER NOT NULL)")  # fmt: skip

    reshape(longer)
    assert [(one.kind, one.column) for one in look(system)] == [("changed", "note")]
    assert [(one.kind, one.column) for one in look(system)] == [("changed", "note")], "the question stands"
    reshape(shorter)
    assert look(system) == []


def test_in_a_table_that_is_left_out_only_what_looks_personal_is_asked_about(world) -> None:
    system, engine = world
    descriptions.load(descriptions.read(draft(system), "draft.yaml"), actor=actor.worker("test"))
    change(engine, "ALTER TABLE colours ADD COLUMN code VARCHAR(9)", "ALTER TABLE colours ADD COLUMN email VARCHAR(99)")
    proposals = look(system)
    assert [(one.table, one.column) for one in proposals] == [("colours", "email"), ("colours", "name")], (
        "the code is not; a name is, now that the table is about people"
    )
    with pytest.raises(Refused, match="left out"):
        deciding.accept(proposals[0], by=boss())
    assert Proposal.objects.get(pk=proposals[0].pk).state == "open"


def test_a_colleague_chooses_another_category_or_none(world) -> None:
    system, _ = world
    proposals = {one.table: one for one in look(system)}
    chosen = deciding.Choices(
        {"note": "financial", "total": deciding.NO_CATEGORY}, erase="keep", keep_ground="legal_obligation"
    )
    deciding.accept(proposals["orders"], by=boss(), choices=chosen)
    fields = {one.name: one for one in Field.objects.filter(collection__name="orders").select_related("category")}
    assert fields["note"].category.key == "financial" and fields["total"].category is None
    assert Collection.objects.get(name="orders").erase == "keep"
    bad = deciding.Choices({"email": "nonsense"})
    with pytest.raises(Refused, match="no category"):
        deciding.accept(proposals["customers"], by=User.objects.get(), choices=bad)
    assert not Collection.objects.filter(name="customers").exists()


def test_the_sweep_surveys_each_system_once_a_day_and_a_broken_one_stops_no_other(world, tmp_path) -> None:
    system, _ = world
    broken = System.objects.create(key="broken", name="Broken")
    Connection.objects.create(system=broken, kind="sql", address=f"sqlite:///{tmp_path / 'nowhere.sqlite3'}")
    Connection.objects.create(system=System.objects.create(key="paper", name="Paper"), kind="hand", address="-")
    ids = surveying.ask_due(timezone.now())
    assert len(ids) == 2 and surveying.ask_due(timezone.now()) == ids, "asked for once"
    for one in ids:
        take_survey(one)
        take_survey(one)
    assert Survey.objects.get(system=system).state == "taken"
    failed = Survey.objects.get(system=broken)
    assert failed.state == "failed" and "did not answer" in failed.failure
    assert surveying.ask_due(timezone.now()) == []
    assert len(surveying.ask_due(timezone.now() + timezone.timedelta(hours=25))) == 2
    assert sweep_surveys() >= 0
    assert Event.objects.filter(name__in=("survey.taken", "survey.failed")).count() == 2


def test_the_command_lists_proposals_and_says_in_words_what_is_wrong(world) -> None:
    out = io.StringIO()
    call_command("discover", "shop", take=True, stdout=out)
    assert "3 tables" in out.getvalue() and "New table: customers" in out.getvalue()
    with pytest.raises(CommandError, match="no system"):
        call_command("discover", "nothing")
    Connection.objects.update(active=False)
    with pytest.raises(CommandError, match="Switch it on"):
        call_command("discover", "shop", take=True)
    assert Dataset.objects.count() == 0


def test_tables_and_schemas_with_odd_names_are_surveyed_like_others(postgresql: sa.Engine, db: None) -> None:
    do(
        postgresql,
        'CREATE TABLE "We.ird ""T""" (id INTEGER PRIMARY KEY, "e mail" TEXT, "x%%y" TEXT)',
        'CREATE SCHEMA "s.x"',
        'CREATE TABLE "s.x".t (id INTEGER PRIMARY KEY, email TEXT)',
        'CREATE TABLE "s.x"."a.b" (id INTEGER PRIMARY KEY, email TEXT)',
        "CREATE TABLE part (id INTEGER, email TEXT) PARTITION BY RANGE (id)",
        f'INSERT INTO "We.ird ""T""" VALUES (1, \'{ADA}\', \'x\')',
    )
    tables = {one.name: one for one in sql_survey.survey(postgresql)}
    assert set(tables) == {'We.ird "T"', "s.x.t", "s.x.a.b", "part"}
    odd = tables['We.ird "T"']
    assert odd.rows == 1 and sql_survey.samples(postgresql, odd, ["e mail"], 5) == {"e mail": [ADA]}
    system = System.objects.create(key="crm", name="Crm")
    Connection.objects.create(system=system, kind="sql", address=address(postgresql))
    assert {one.table for one in look(system)} >= {'We.ird "T"', "s.x.t"}


def test_a_sqlite_table_with_a_dot_in_its_name_is_surveyed(db: None, tmp_path: Path) -> None:
    with sqlite(tmp_path, 'CREATE TABLE "a.b" (id INTEGER PRIMARY KEY, email TEXT)') as engine:
        system = System.objects.create(key="crm", name="Crm")
        Connection.objects.create(system=system, kind="sql", address=address(engine))
        assert {one.table for one in look(system)} == {"a.b"}


@pytest.mark.parametrize(("skip", "fields"), [(None, {"id"}), (False, {"id", "iban", "birthday"})])
def test_a_left_out_table_that_is_taken_in_after_all_has_the_columns_that_look_personal(world, skip, fields) -> None:
    system, engine = world
    change(
        engine,
        "CREATE TABLE leads (id INTEGER PRIMARY KEY, iban VARCHAR(40), birthday DATE, colour VARCHAR(9))",
    )
    proposal = next(one for one in look(system) if one.table == "leads")
    assert proposal.suggestion["collection"]["skip"] and [line.name for line in proposaldesk.lines(proposal)] == [
        "id", "iban", "birthday"
    ]  # fmt: skip
    deciding.accept(proposal, by=boss(), choices=deciding.Choices(skip=skip))
    taken = {one.name: one for one in Field.objects.filter(collection__name="leads").select_related("category")}
    assert set(taken) == fields
    assert all(one.category for name, one in taken.items() if name != "id")
    assert Collection.objects.get(name="leads").erase == "mask"
