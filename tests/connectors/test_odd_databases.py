"""Addresses with odd options and dates without end: told in words, or taken as they are, and never tried again for ever."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from django.contrib.auth.models import User
from django.test import Client

from connectors import examining, reading
from connectors.discovery import surveying
from connectors.kinds.base import Permanent
from connectors.kinds.sql_errors import translate
from connectors.models import Connection
from tests.connectors.shop import CLERK, allow, find, order_of, run_all
from tests.connectors.worlds import ADA, BEN, PK, address, describe, do, sqlite, table

pytestmark = pytest.mark.django_db
USERS = [PK, {"name": "email", "identity": "email", "category": "contact"}]
MYSQL, POSTGRESQL = "mysql+pymysql://root:sesame@127.0.0.1/mysql", "postgresql://root:sesame@127.0.0.1/postgres"


@pytest.mark.parametrize(
    "odd",
    [
        f"{MYSQL}?foo=bar", f"{MYSQL}?charset=zzz", f"{MYSQL}?connect_timeout=abc", f"{MYSQL}?ssl_ca=/nope",
        f"{POSTGRESQL}?foo=bar", f"{POSTGRESQL}?client_encoding=zzz", "postgresql://root@127.0.0.1:99999/postgres",
        "mysql+pymysql://root@127.0.0.1:99999/mysql", "postgresql+asyncpg://root@127.0.0.1/postgres", "oracle://a@b/c",
        "sqlite://", "SQLITE?timeout=abc", "postgresql://[::1/x", "foo",
    ],
)  # fmt: skip
def test_an_odd_address_is_told_in_words_by_every_button(client: Client, tmp_path: Path, odd: str) -> None:
    with sqlite(tmp_path, "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)") as engine:
        system = describe("crm", address(engine), {"users": ({}, USERS)})
        connection = Connection.objects.get()
        Connection.objects.update(address=odd.replace("SQLITE", address(engine)))
        connection.refresh_from_db()
        (fault,) = examining.examine(connection, actor=CLERK)
        assert fault.code in ("connection", "database", "schema") and fault.sentence
        client.force_login(User.objects.create_superuser("root"))
        for button in ("test", "examine"):
            page = client.post(f"/admin/connectors/connection/{connection.pk}/do/{button}/", follow=True)
            assert page.status_code == 200 and "sesame" not in page.content.decode()
        survey = surveying.take(surveying.ask(system).pk)
        assert survey.state == "failed" and survey.failure and "sesame" not in survey.failure


def test_rows_with_a_date_without_end_are_found_read_and_erased_like_others(postgresql: sa.Engine) -> None:
    do(
        postgresql,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, until DATE, at TIMESTAMPTZ, ts TIMESTAMP, t TIME)",
        f"INSERT INTO users VALUES (1, '{ADA}', 'infinity', '-infinity', '12000-01-01', '24:00'),"
        f" (2, '{ADA}', '2020-01-01', '2020-01-01', '2020-01-01', '10:00'), (3, '{BEN}', '0044-03-15 BC', NULL, NULL, NULL)",
    )
    times = [{"name": name, "category": "usage"} for name in ("until", "at", "ts", "t")]
    describe("crm", address(postgresql), {"users": ({"dated_by": "until"}, USERS + times)})
    batch = find(ADA)
    finding = batch.findings.get()
    assert finding.rows == 2
    assert str(next(iter(reading.rows(finding)))["until"]) == "infinity"
    allow(batch)
    run_all(batch)
    assert order_of(batch).state == "done", order_of(batch).park_reason
    assert table(postgresql, "SELECT id FROM users") == [(3,)]


def test_a_value_that_the_driver_cannot_read_is_no_trouble_that_passes() -> None:
    error = translate(sa.exc.DataError("SELECT", {}, Exception("date too large: 'infinity'")), "crm.users")
    assert isinstance(error, Permanent) and error.code == "value" and "crm.users" in error.sentence
    assert "infinity" not in error.sentence
