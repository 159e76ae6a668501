"""The printed grants are enough for the work and for nothing more, on real servers; and what is missing is told before."""

import json
import os
import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from connectors import examining, sql_grants
from connectors.discovery import surveying
from connectors.kinds import sql_engines, sql_schema
from connectors.models import Connection
from inventory.models import Field
from tests.connectors import worlds
from tests.connectors.conftest import scratch
from tests.connectors.shop import ANNA, CLERK, Shop, accounts, allow, find, meta, open_shop, order_of, run_all, visits

SECRET, LOGIN = "correct-horse-battery-staple", f"po_granted_{os.getpid()}"


@pytest.fixture(params=["postgresql", "mysql"])
def shop(request: pytest.FixtureRequest, db: None, need: Callable[[str, bool, str], None]) -> Iterator[Shop]:
    """The shop on a server with logins."""
    admin, database = scratch(request.param, need)
    one = open_shop(admin.url.set(database=database).render_as_string(hide_password=False))
    yield one
    sql_engines.close_all()
    meta.drop_all(one.engine)
    one.engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {database}")
        connection.exec_driver_sql(f"DROP {'ROLE' if request.param == 'postgresql' else 'USER'} IF EXISTS {LOGIN}")
    admin.dispose()


def connect_as_granted(shop: Shop, leave_out: str = "^$") -> list[str]:
    """Run the printed statements as an administrator would, and connect as the login that they make."""
    statements = sql_grants.statements(Connection.objects.get())
    with shop.engine.begin() as connection:
        for one in statements:
            if not re.search(leave_out, one):
                mine = re.sub(rf"\b{sql_grants.LOGIN}\b", LOGIN, one).replace(sql_grants.PASSWORD, SECRET)
                connection.exec_driver_sql(mine.replace("%", "%%") if shop.engine.dialect.name == "mysql" else mine)
    url = shop.engine.url.set(username=LOGIN, password=SECRET)
    Connection.objects.update(address=url.render_as_string(hide_password=False))
    sql_schema.forget()
    return statements


def as_granted() -> sa.Engine:
    return sql_engines.engine_for(Connection.objects.get().address)


def test_an_access_and_an_erasure_run_with_the_printed_grants_and_nothing_more(shop: Shop) -> None:
    statements = connect_as_granted(shop)
    assert not [one for one in statements if SECRET in one] and sql_grants.PASSWORD in statements[0]
    assert not examining.examine(Connection.objects.get(), actor=CLERK)
    batch = find(ANNA)
    allow(batch)
    run_all(batch)
    assert (order_of(batch).state, order_of(batch).park_reason) == ("done", "")
    assert shop.rows(accounts, id=1)[0]["email"] == "erased-1@erased.invalid" and not shop.rows(visits, account_id=1)
    name = "DELETE FROM accounts WHERE id = 2"
    for more in (name, "UPDATE payments SET amount = 0", "UPDATE accounts SET id = 9 WHERE id = 2", "DROP TABLE visits",
                 "INSERT INTO newsletter (id, email, subscribed) VALUES (99, 'x', true)", "DELETE FROM payments",
                 "CREATE TABLE mine (id INTEGER)"):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError) as error, as_granted().begin() as connection:
            connection.exec_driver_sql(more)
        assert re.search("denied|must be owner", str(error.value)), more


def test_the_printed_grants_show_a_table_that_nobody_described_and_that_would_go_along(shop: Shop) -> None:
    shop.do(
        sa.text(
            "CREATE TABLE secrets (id INTEGER PRIMARY KEY, a INTEGER, FOREIGN KEY (a) REFERENCES visits (id) ON DELETE CASCADE)"
        )
    )
    try:
        connect_as_granted(shop)
        sentences = [one.sentence for one in examining.examine(Connection.objects.get(), actor=CLERK)]
        assert [one for one in sentences if "shop.visits" in one and "secrets" in one and "CASCADE" in one], sentences
    finally:
        shop.do(sa.text("DROP TABLE secrets"))


def test_a_login_that_only_reads_is_told_with_the_field_and_touches_nothing(shop: Shop) -> None:
    connect_as_granted(shop, leave_out=r"^GRANT (UPDATE|DELETE)")
    sentences = [one.sentence for one in examining.examine(Connection.objects.get(), actor=CLERK)]
    assert any("may not change shop.accounts.full_name" in one for one in sentences)
    assert any("may not delete rows of shop.visits" in one for one in sentences)
    assert not any("payments" in one for one in sentences), "they are kept, so they need no more than to be read"
    before = shop.rows(accounts), shop.rows(visits)
    batch = find(ANNA)
    allow(batch)
    run_all(batch)
    assert order_of(batch).park_code == "permission" and "Our login may not" in order_of(batch).park_reason
    assert (shop.rows(accounts), shop.rows(visits)) == before


def test_a_column_that_may_not_be_read_is_told_by_its_name(shop: Shop) -> None:
    statements = sql_grants.statements(Connection.objects.get())
    whole = next(one for one in statements if "SELECT" in one and "newsletter" in one)
    connect_as_granted(shop, leave_out=f"^{re.escape(whole)}$")
    sentences = [one.sentence for one in examining.examine(Connection.objects.get(), actor=CLERK)]
    assert sentences and all("newsletter" in one for one in sentences), sentences


@pytest.fixture
def small(db: None, tmp_path: Path) -> Iterator[Shop]:
    one = open_shop(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    yield one
    sql_engines.close_all()
    one.engine.dispose()


def run(*options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("connection", *options, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_tells_faults_and_its_exit_status_says_whether_there_are_any(small: Shop) -> None:
    assert run("shop") == (0, "Nothing is to be mended: schema, keys, masks and rights fit the description.\n")
    Field.objects.filter(collection__name="accounts", name="full_name").update(name="fullname")
    Field.objects.filter(collection__name="accounts", name="email").update(mask={"strategy": "fixed", "value": "x"})
    Field.objects.filter(collection__name="visits", name="id").update(primary_key=False)
    Field.objects.filter(collection__name="visits", name="account_id").update(primary_key=True)
    code, text = run("shop", "--json")
    faults = {(one["place"], one["sentence"].partition(".")[2].split(" ")[0]) for one in json.loads(text)}
    assert code == 3 and {one[0] for one in faults} == {"shop.accounts", "shop.visits"}
    assert "has no column fullname" in text and "is not unique there" in text
    Field.objects.filter(name="fullname").update(name="full_name")
    assert "must be unique there" in run("shop")[1]
    small.do(sa.text("DROP TABLE messages"))
    assert "shop.messages: A table or column" in run("shop")[1]
    Connection.objects.update(address="sqlite:////nowhere/x.sqlite3")
    assert run("shop") == (3, f"{examining.SILENT}\n")
    with pytest.raises(CommandError):
        run("nothing")
    with pytest.raises(CommandError):
        run("shop", "--grants")


def test_the_desk_shows_grants_and_examines_by_a_button(small: Shop, client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    pk = Connection.objects.get().pk
    page = client.get(f"/admin/connectors/connection/{pk}/change/").content.decode()
    assert "has no logins" in page and "Examine schema and rights" in page and "/shop.sqlite3" not in page
    Connection.objects.update(address="postgresql://someone:sesame@127.0.0.1/shop")
    page = client.get(f"/admin/connectors/connection/{pk}/change/").content.decode()
    assert "GRANT SELECT (&quot;id&quot;, &quot;email&quot;" in page and "sesame" not in page
    Connection.objects.update(address=small.engine.url.render_as_string(hide_password=False))
    small.do(sa.text("DROP TABLE messages"))
    answer = client.post(f"/admin/connectors/connection/{pk}/do/examine/", follow=True).content.decode()
    assert "shop.messages" in answer


def test_grants_for_a_table_of_another_schema_run_and_are_enough(
    postgresql: sa.Engine, db: None, need: Callable[[str, bool, str], None]
) -> None:
    worlds.do(
        postgresql,
        "CREATE SCHEMA hr",
        "CREATE TABLE hr.users (id INTEGER PRIMARY KEY, email TEXT)",
        'CREATE TABLE "odd.name" (id INTEGER PRIMARY KEY, email TEXT)',
        "CREATE TABLE other (id INTEGER PRIMARY KEY, words TEXT)",
        f"INSERT INTO hr.users VALUES (1, '{ANNA}')",
    )
    fields = [worlds.PK, {"name": "email", "identity": "email", "category": "contact"}]
    system = worlds.describe("crm", worlds.address(postgresql), {"hr.users": ({}, fields), "odd.name": ({}, fields)})
    try:
        statements = connect_as_granted(Shop(postgresql))
        assert 'GRANT USAGE ON SCHEMA "hr" TO privacyops' in statements
        assert not examining.examine(Connection.objects.get(), actor=CLERK)
        survey = surveying.take(surveying.ask(system).pk)
        assert (survey.state, survey.failure) == ("taken", ""), "a table that we may not read does not end it"
        assert {one["name"] for one in survey.tables} == {"hr.users", "odd.name", "other"}
        batch = find(ANNA)
        allow(batch)
        run_all(batch)
        assert order_of(batch).state == "done", order_of(batch).park_reason
    finally:
        sql_engines.close_all()
        worlds.do(postgresql, f"DROP OWNED BY {LOGIN}", f"DROP ROLE {LOGIN}")
