"""A mailbox that only the company's systems know is told of a proved request, and can stop it."""

import sqlite3
from datetime import UTC, datetime

import pytest

from audit.models import Event
from inventory.models import Field
from requests_app.models import Letter, Request
from requests_app.proving import held, stopping
from subjects import registry
from subjects.models import Identifier
from tests.requests_app.builders import ask, prove, pump

OTHER = "ada.at.home@example.net"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def another_mailbox(company):
    """Ada's row names a second mailbox, in a column that is described as one."""
    Field.objects.filter(collection__name="people", name="phone").update(identity="email")
    write("UPDATE people SET phone = ? WHERE email = 'ada@example.org'", OTHER, company)


def write(sql: str, value: str, company) -> None:
    with sqlite3.connect(company.path) as base:
        base.execute(sql, [value])


def searched(right: str = "access") -> Request:
    request = ask(right)
    prove(request)
    pump()
    request.refresh_from_db()
    return request


def told(request: Request, kind: str = "opened") -> list[str]:
    return [one.identifier.value for one in Letter.objects.filter(request=request, kind=kind)]


def test_it_is_told_once_and_can_stop_the_request():
    request = searched()
    assert held.sweep(now()) == 1 and told(request) == [OTHER]
    assert held.sweep(now()) == 0 and told(request) == [OTHER]
    body = Letter.objects.get(kind="opened").body
    assert stopping.stop(body.split("/stop/")[1].split("/")[0], now=now()) == 1
    request.refresh_from_db()
    assert request.stopped_at is not None


def test_it_proves_nothing_and_finds_nobody():
    request = searched()
    held.sweep(now())
    row = Identifier.objects.get(subject=request.subject_id, held_at__isnull=False, proved_at=None)
    assert row.claimed and registry.known("email", OTHER) is None
    assert Event.objects.filter(name="subject.held").count() == 2, "the one that asked is held, too"


def test_of_a_later_request_it_hears_at_once():
    held.tell(searched().pk, now())
    later = ask("access")
    assert told(later) == [OTHER]


def test_nobody_is_told_before_the_request_is_proved_nor_of_what_needs_no_proof():
    ask("access")
    opted = ask("opt_out_sale", email="bob@example.org")
    pump()
    assert held.sweep(now()) == 0 and told(opted) == []


def test_a_column_full_of_addresses_writes_to_nobody(company):
    write("UPDATE people SET phone = ? WHERE 1", "shared@example.net", company)
    for number in range(held.MOST_MAILBOXES + 1):
        write("INSERT INTO people (email, phone) VALUES ('ada@example.org', ?)", f"x{number}@example.net", company)
    request = searched()
    held.sweep(now())
    assert told(request) == [] and Event.objects.filter(name="contacts.too_many").exists()


def test_what_is_no_address_is_left_alone(company):
    write("UPDATE people SET phone = ? WHERE email = 'ada@example.org'", "+49 301", company)
    request = searched()
    assert held.sweep(now()) == 1 and told(request) == []
