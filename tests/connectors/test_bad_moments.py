"""Holds, kills, late workers and changed minds, each at the worst moment."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from audit import failpoints, leases
from audit.refusal import Refused
from connectors import batches, engine, findings, holds, settling, sparing
from connectors.models import Authorisation, Chunk, Finding, Receipt, WorkOrder
from connectors.planning import thaw
from inventory.models import Field
from subjects import registry
from tests.connectors import shop as s
from tests.connectors.shop import ANNA, CLERK, Shop, allow, find, order_of, run_all, staff


@pytest.fixture(autouse=True)
def _disarmed():
    yield
    failpoints.arm("")


def hold(batch) -> None:
    holds.place(batch.subject, matter="case-1", reason="claim", review_on=date(2027, 1, 1), by=staff()[1])


def test_a_hold_between_two_chunks_saves_every_row_that_is_left(shop: Shop, settings, monkeypatch) -> None:
    settings.CHUNK_ROWS = 4
    batch = find()
    allow(batch)
    real, turns = failpoints.failpoint, []

    def placing(name: str) -> None:
        real(name)
        if name == "erase.after_receipt":
            turns.append(name)
            if len(turns) == 3:
                hold(batch)

    monkeypatch.setattr("connectors.acting.failpoint", placing)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "held") and len(turns) == 3
    left = [shop.rows(one) for one in (s.visits, s.accounts, s.messages, s.ratings, s.newsletter)]
    settling.retry(order, by=staff()[0])
    run_all(batch)
    order.refresh_from_db()
    assert order.park_code == "held"
    assert [shop.rows(one) for one in (s.visits, s.accounts, s.messages, s.ratings, s.newsletter)] == left


def test_an_erasure_of_a_held_person_is_not_even_authorised(shop: Shop) -> None:
    batch = find()
    hold(batch)
    with pytest.raises(Refused, match="legal hold"):
        allow(batch)
    assert not Authorisation.objects.exists() and not WorkOrder.objects.filter(operation="erase").exists()


def test_work_is_authorised_once_and_only_when_everything_is_decided(shop: Shop) -> None:
    batch = find()
    Finding.objects.filter(collection="visits").update(decision="")
    with pytest.raises(Refused, match="not decided"):
        allow(batch)
    Finding.objects.filter(collection="visits").update(decision="include")
    allow(batch)
    with pytest.raises(Refused, match="already"):
        allow(batch)


def test_a_worker_whose_order_dies_with_it_each_time_hands_it_to_a_person(shop: Shop, settings) -> None:
    settings.MOST_ATTEMPTS = 3
    batch = find()
    allow(batch)
    order = order_of(batch)
    for _ in range(3):  # claimed, then killed: nobody gave the order back
        assert leases.claim(WorkOrder.objects.all(), order.pk, timezone.now())
        WorkOrder.objects.update(lease_until=timezone.now() - timedelta(seconds=1), state="running")
    engine.run(order.pk)
    order.refresh_from_db()
    assert (order.state, order.park_code) == ("parked", "tries") and not Receipt.objects.exists()


def test_a_search_that_lost_its_order_does_not_clear_what_the_next_worker_wrote(shop: Shop) -> None:
    batch = find()
    rows = Chunk.objects.count()
    late = order_of(batch, "find")

    def beat() -> None:
        leases.renew(WorkOrder, late.pk, 1, timezone.now())

    for one in thaw(batch.plan):
        with pytest.raises(leases.Fenced):
            findings.clear(batch, one, beat)
    assert Chunk.objects.count() == rows


def test_cancelling_stops_what_has_not_begun_and_leaves_what_has(shop: Shop, settings) -> None:
    settings.CHUNK_ROWS = 4
    batch = find()
    allow(batch)
    assert settling.cancel(batch, actor=CLERK) == 1
    run_all(batch)
    assert order_of(batch).state == "waived" and len(shop.rows(s.visits, account_id=1)) == 25
    second = find()
    allow(second)
    failpoints.arm("erase.after_receipt=raise@2")
    run_all(second)
    assert settling.cancel(second, actor=CLERK) == 0, "half an erasure is not undone by a change of mind"
    order = order_of(second)
    assert order.state == "parked" and not batches.settled(second, "erase")


def test_a_worker_at_work_is_stopped_by_a_cancellation_before_its_first_row(shop: Shop, monkeypatch) -> None:
    batch = find()
    allow(batch)
    real = failpoints.failpoint

    def cancelling(name: str) -> None:
        real(name)
        if name == "erase.before_lock":
            settling.cancel(batch, actor=CLERK)

    monkeypatch.setattr("connectors.acting.failpoint", cancelling)
    run_all(batch)
    assert order_of(batch).state == "waived" and len(shop.rows(s.visits, account_id=1)) == 25


def test_when_the_time_is_up_the_order_is_given_back_and_goes_on_where_it_was(shop: Shop, settings) -> None:
    settings.CHUNK_ROWS, settings.WORK_SECONDS = 4, 0
    batch = find()
    allow(batch)
    order = order_of(batch)
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "open" and order.lease_until is None and not Receipt.objects.exists()
    settings.WORK_SECONDS = 60
    failpoints.arm("erase.after_receipt=raise@2")
    engine.run(order.pk)
    failpoints.arm("")
    settling.retry(order, by=staff()[0])
    settings.WORK_SECONDS = 0
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "running" and order.lease_until is None, "begun work is not open any more"
    settings.WORK_SECONDS = 60
    run_all(batch)
    assert order_of(batch).state == "done" and not shop.rows(s.visits, account_id=1)


def test_rows_that_come_while_the_erasure_runs_are_seen_and_it_is_not_called_done(shop: Shop, monkeypatch) -> None:
    batch = find()
    allow(batch)
    real = failpoints.failpoint

    def arriving(name: str) -> None:
        real(name)
        if name == "erase.after_receipt" and not shop.rows(s.visits, account_id=1):
            shop.do(s.visits.insert(), [{"account_id": 1, "ip": "192.0.2.1", "seen_on": date(2026, 11, 1)}])

    monkeypatch.setattr("connectors.acting.failpoint", arriving)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "left") and "1 rows of shop.visits" in order.park_reason


def test_a_field_that_somebody_writes_again_is_seen_by_the_second_look(shop: Shop, monkeypatch) -> None:
    batch = find()
    allow(batch)
    shop.do(s.messages.update().values(sender_name="Anna Adler").where(s.messages.c.sender_id == 1))
    real = failpoints.failpoint

    def restored(name: str) -> None:
        real(name)
        if name == "erase.after_receipt":
            shop.do(s.messages.update().values(sender_name="Anna Adler").where(s.messages.c.sender_id == 1))

    monkeypatch.setattr("connectors.acting.failpoint", restored)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "left") and "shop.messages" in order.park_reason


def test_retention_spares_a_held_person_whose_address_is_written_in_another_case(shop: Shop, settings) -> None:
    """The shop says Anna@People.example, we know anna@people.example; and the hold comes between two chunks."""
    settings.CHUNK_ROWS = 1
    Field.objects.filter(collection__name="newsletter", name="subscribed").update(data_type="date")
    shop.do(s.visits.update().values(seen_on=date(2020, 1, 1)))
    batch = batches.open_retention(origin="r", collection=("shop", "visits"), before=date(2021, 1, 1), actor=CLERK)
    run_all(batch)
    batches.authorise(batch, operation="erase", basis="schedule", approved_by=staff()[1], actor=CLERK)
    failpoints.arm("erase.after_receipt=raise@3")
    run_all(batch)
    failpoints.arm("")
    before = len(shop.rows(s.visits, account_id=1))
    holds.place(s.person("ANNA@people.EXAMPLE"), matter="m", reason="r", review_on=date(2027, 1, 1), by=staff()[1])
    settling.retry(order_of(batch), by=staff()[0])
    run_all(batch)
    assert order_of(batch).state == "done"
    assert len(shop.rows(s.visits, account_id=1)) == before and not shop.rows(s.visits, account_id=2)
    assert batch.findings.get().outcome["spared"] == before


def test_a_list_of_held_values_too_long_for_one_statement_spares_the_same_rows(shop: Shop, monkeypatch) -> None:
    monkeypatch.setattr(sparing, "MOST_VALUES", 0)
    registry.add(s.person(ANNA), "account_id", "1", actor=CLERK)
    holds.place(s.person(ANNA), matter="m", reason="r", review_on=date(2027, 1, 1), by=staff()[1])
    batch = batches.open_retention(origin="r", collection=("shop", "visits"), before=date(2027, 1, 1), actor=CLERK)
    run_all(batch)
    batches.authorise(batch, operation="erase", basis="schedule", approved_by=staff()[1], actor=CLERK)
    run_all(batch)
    assert {pk: len(shop.rows(s.visits, account_id=pk)) for pk in (1, 2, 3)} == {1: 25, 2: 0, 3: 0}


CHILD = """
import django, sys; django.setup()
from connectors import batches, engine
from connectors.models import WorkOrder
from django.utils import timezone
from datetime import timedelta
WorkOrder.objects.filter(state="running").update(lease_until=timezone.now() - timedelta(seconds=1))
for _ in range(10):
    for one in batches.claimable(timezone.now()): engine.run(one.pk)
"""
PREPARE = """
import django, sys; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.connectors import shop as s
s.open_shop(sys.argv[1])
batch = s.find()
s.allow(batch)
"""
PLACES = ["order.after_claim", "erase.before_lock", "erase.before_target_commit", "erase.after_target_commit",
          "erase.after_receipt", "order.before_done"]  # fmt: skip


class Children:
    """Processes of their own on a portal and a company that are prepared once and put back for each test."""

    def __init__(self, folder: Path) -> None:
        self.portal, self.company = folder / "portal.sqlite3", folder / "shop.sqlite3"
        self.env = {
            **os.environ,
            "STATE_DIR": str(folder),
            "CHUNK_ROWS": "4",
            "DATABASE_URL": f"sqlite:///{self.portal}",
            "PYTHONPATH": os.getcwd(),
        }
        self.company.touch()
        self.run(PREPARE, f"sqlite:///{self.company}")
        self.ask(self.portal, "PRAGMA wal_checkpoint(TRUNCATE)")
        self.kept = {path: path.read_bytes() for path in (self.portal, self.company)}

    def put_back(self) -> None:
        for path, content in self.kept.items():
            for extra in ("-wal", "-shm", "-journal"):
                Path(f"{path}{extra}").unlink(missing_ok=True)
            path.write_bytes(content)

    def run(self, code: str, *arguments: str, **more: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], env={**self.env, **more}, capture_output=True, text=True
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
        assert "people.example" not in done.stderr + done.stdout
        return done.returncode

    def ask(self, path: Path, sql: str) -> tuple:
        with closing(sqlite3.connect(path)) as database:
            return database.execute(sql).fetchone()


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> Children:
    return Children(tmp_path_factory.mktemp("children"))


@pytest.mark.wide
@pytest.mark.timeout(600)  # the first one prepares a portal in a process of its own
@pytest.mark.parametrize("place", PLACES)
def test_a_worker_killed_anywhere_leaves_work_that_the_next_one_ends_with_each_receipt_once(
    place: str, children: Children
) -> None:
    children.put_back()
    portal, company = children.portal, children.company
    turn = 1 if place.startswith("order") else 3
    assert children.run(CHILD, FAILPOINTS=f"{place}=kill@{turn}") == -signal.SIGKILL
    order = "SELECT state, rows_done, rows_planned FROM connectors_workorder WHERE operation='erase'"
    assert children.ask(portal, order)[0] == "running"
    children.run(CHILD)
    state, done, planned = children.ask(portal, order)
    receipts = children.ask(portal, "SELECT sum(rows), count(*), count(DISTINCT chunk_id) FROM connectors_receipt")
    assert (state, done) == ("done", planned) and receipts[0] == planned and receipts[1] == receipts[2]
    assert children.ask(company, "SELECT count(*) FROM visits WHERE account_id=1") == (0,)
    assert children.ask(company, "SELECT count(*) FROM visits") == (50,)
    assert children.ask(company, "SELECT email FROM accounts WHERE id=1") == ("erased-1@erased.invalid",)
