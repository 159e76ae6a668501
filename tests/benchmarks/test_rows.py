"""The rows that benchmarks write by SQL still fit the tables: a model that changed is told here, not by the next benchmark."""

from collections.abc import Iterator

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from benchmarks import consent_rows, desk_rows, disclosures_rows, sweep_inline
from connectors.models import Finding
from consent.models import Choice, Standing
from disclosures.models import Disclosure, Recipient
from requests_app.models import Clock, Letter, Request
from subjects.models import DataSubject, Identifier
from tests.consent.builders import purpose

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def url() -> str:
    """The database of this test, as the row makers are told of it."""
    given = connection.get_connection_params()
    return make_conninfo(
        **{name: given[name] for name in ("dbname", "user", "password", "host", "port") if name in given}
    )


@pytest.fixture(autouse=True)
def _a_maker_that_fails_leaves_nothing() -> Iterator[None]:
    """`desk_rows` switches triggers off for its connection, and has a table of its own while it works."""
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS made")


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
        return {one for (one,) in cursor.fetchall()}


@pytest.fixture
def as_before() -> Iterator[None]:
    """Whatever index was dropped for speed is there again; if not, the other tests shall have it all the same."""
    before = indexes()
    yield
    missing = before - indexes()
    with connection.cursor() as cursor:
        for sql in missing:
            cursor.execute(sql)
    assert not missing


def test_the_ledger_of_choices(url: str) -> None:
    for number in range(consent_rows.PURPOSES):
        purpose(f"bench-{number}")
    consent_rows.fill(url, 9)
    mails = consent_rows.name(url, 9, lambda mail: f"index of {mail}")
    assert Choice.objects.count() == Standing.objects.count() == 9 * consent_rows.PURPOSES
    assert Identifier.objects.filter(blind_index__startswith="index of ").count() == len(mails) == 9


def test_the_ledger_of_disclosures(url: str, as_before: None) -> None:
    disclosures_rows.ledger(url, 300)
    assert Disclosure.objects.count() == 300 and DataSubject.objects.count() == 3
    assert Recipient.objects.get(pk=Disclosure.objects.earliest("pk").recipient_id).key == "bench-0"


def test_people_who_are_disclosed_of(url: str) -> None:
    disclosures_rows.people(url, 7)
    assert DataSubject.objects.count() == Identifier.objects.count() == 7


def test_the_desk(as_before: None) -> None:
    desk_rows.fill(200)
    assert Request.objects.count() == 200 and Letter.objects.count() == Clock.objects.count() == 400
    assert Finding.objects.values_list("collection").distinct().count() == 3


def test_the_sweep_of_clocks() -> None:
    assert sweep_inline.run(200)["changed"] and Clock.objects.count() == 200
