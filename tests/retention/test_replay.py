"""An old backup is restored, one command is run, the erased are erased again: SQLite by file copy, PostgreSQL by pg_dump."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit import failpoints, log, triggers
from audit.models import Event
from audit.refusal import Refused
from connectors import batches, engine, holds
from connectors.kinds import sql_engines
from connectors.models import Authorisation
from consent import choices, propagating
from consent.models import Choice
from inventory.models import Collection, Purpose
from retention import append_only, erased, redoing, replays, runs, sealed, sealing, sealkeys
from retention.models import Erased, ReplayPart, Run, Schedule, SealedEntry
from tests.connectors import worlds
from tests.connectors.conftest import scratch
from tests.connectors.shop import (
    ANNA,
    BEN,
    CLERK,
    Shop,
    accounts,
    allow,
    find,
    meta,
    newsletter,
    open_shop,
    person,
    run_all,
    visits,
)
from tests.consent.builders import colleague, purpose
from tests.retention.builders import grace_over, proposed, work

pytestmark = pytest.mark.django_db


class Backup:
    """A shop with a backup of itself."""

    def __init__(self, shop: Shop, take: Callable[[], None], restore: Callable[[], None]) -> None:
        self.shop, self._take, self._restore = shop, take, restore
        self.at = timezone.now()

    def take(self) -> None:
        self._take()
        self.at = timezone.now()

    def restore(self) -> None:
        sql_engines.close_all()
        self.shop.engine.dispose()
        self._restore()


@pytest.fixture(params=["sqlite", "postgresql"])
def backup(request: pytest.FixtureRequest, db: None, tmp_path: Path, need: Callable, settings) -> Iterator[Backup]:
    """The shop on each engine, with a way to back it up and to restore it."""
    settings.SEALED_DIR = str(tmp_path / "sealed")
    if request.param == "sqlite":
        file, copy = tmp_path / "shop.sqlite3", tmp_path / "backup.sqlite3"
        one = open_shop(f"sqlite:///{file}")
        yield Backup(one, lambda: shutil.copy(file, copy), lambda: shutil.copy(copy, file))
        one.engine.dispose()
        sql_engines.close_all()
        return
    admin, name = scratch("postgresql", need)
    url = admin.url.set(database=name)
    dump = tmp_path / "shop.dump"
    where = ["-h", str(url.host), "-p", str(url.port or 5432), "-U", str(url.username)]

    def restore() -> None:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        subprocess.run(["pg_restore", *where, "--no-owner", "-d", name, str(dump)], check=True, env=os.environ)

    one = open_shop(url.render_as_string(hide_password=False))
    yield Backup(one, lambda: subprocess.run(["pg_dump", *where, "-Fc", "-f", str(dump), name], check=True), restore)
    sql_engines.close_all()
    one.engine.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture
def staff(db: None) -> SimpleNamespace:
    return SimpleNamespace(nora=colleague("nora", "retention.approve_run"), paul=colleague("paul", "retention.approve_run"),
                           rita=colleague("rita", "retention.run_replay"))  # fmt: skip


def replay(since: datetime, *more: str, system: str = "shop") -> dict[str, Any]:
    """The one command, and what it says."""
    out = StringIO()
    which = ["--system", system] if system else ["--own"]
    try:
        call_command("replay_erasures", *which, "--since", since.isoformat(), "--seconds", "20", *more, stdout=out)
    except SystemExit as stop:
        assert stop.code == 3
    return dict(json.loads(out.getvalue()))


def erase(mail: str) -> None:
    batch = find(mail)
    allow(batch, "erase")
    run_all(batch)


def purge(staff: SimpleNamespace) -> None:
    """A retention run: visits older than six months before 11 July, ten days of each."""
    schedule = Schedule.objects.create(
        key="visits", title="Visits", collection=Collection.objects.get(name="visits"), period=6, unit="months",
        reason="Nobody looks at them.", grace_hours=0, author=staff.nora,
    )  # fmt: skip
    run = proposed(schedule)
    run = runs.approve(run, by=staff.paul, rows=run.rows)
    grace_over(run)
    work()


def look(shop: Shop) -> dict[str, Any]:
    """Everything of the shop that the work touches."""
    return {one.name: shop.rows(one) for one in meta.sorted_tables}


def test_the_erased_are_erased_again(backup: Backup, staff: SimpleNamespace) -> None:
    shop = backup.shop
    backup.take()
    erase(ANNA)
    correction = find(BEN)
    allow(correction, "correct", changes={"full_name": "Benjamin Baker"})
    run_all(correction)
    opt_out = find("cleo@people.example")
    allow(opt_out, "suppress")
    run_all(opt_out)
    purge(staff)
    after = look(shop)
    assert len(shop.rows(visits)) == 30
    backup.restore()
    assert len(shop.rows(visits)) == 75 and shop.rows(accounts)[0]["full_name"] == "Anna Adler"
    told = replay(backup.at)
    assert told["state"] == "done", told
    assert look(shop) == after, "everything is as it was before the restore"
    paper = told["certificate"]
    assert {kind: one["entries"] for kind, one in paper["kinds"].items()} == {
        "erase": 1, "correct": 1, "suppress": 1, "retention": 1
    }  # fmt: skip
    assert paper["left"] == 0 and paper["changed"] > 40 and paper["list_number"] == 4
    event = Event.objects.get(name="replay.verified")
    assert event.facts["sha256"] == paper["sha256"] and not list(log.faults())
    assert set(Authorisation.objects.filter(basis="replay").values_list("operation", flat=True)) == {
        "erase", "correct", "suppress"
    }  # fmt: skip
    again = replay(backup.at)
    assert again["state"] == "done" and again["certificate"]["changed"] == 0, "a second time changes nothing"
    assert look(shop) == after


def test_what_was_erased_before_the_backup_is_not_done_again(backup: Backup, monkeypatch: pytest.MonkeyPatch) -> None:
    erase(BEN)
    sealing.complete()
    SealedEntry.objects.get()
    backup.take()
    replays_since = timezone.now() + timedelta(days=1)
    with pytest.raises(CommandError, match="future"):
        replay(replays_since)
    monkeypatch.setattr(replays, "SLACK", timedelta(0))  # allowed for clocks that differ
    told = replay(backup.at)
    assert told["state"] == "done" and told["entries"] == 0


# ---------------------------------------------------------------- what the list says, and what it leaves alone


@pytest.fixture
def copied(shop: Shop, tmp_path: Path, settings) -> Backup:
    """The shop on SQLite."""
    settings.SEALED_DIR = str(tmp_path / "sealed")
    file, copy = tmp_path / "shop.sqlite3", tmp_path / "backup.sqlite3"
    one = Backup(shop, lambda: shutil.copy(file, copy), lambda: shutil.copy(copy, file))
    one.take()
    return one


def test_whoever_is_under_hold_by_now_is_spared_and_told(copied: Backup, staff: SimpleNamespace) -> None:
    erase(ANNA)
    erase(BEN)
    copied.restore()
    holds.place(person(ANNA), matter="case-7", reason="Claim", review_on=date(2027, 1, 1), by=staff.nora)
    told = replay(copied.at)
    line = told["certificate"]["kinds"]["erase"]
    assert told["state"] == "done" and line["spared_held"] > 0 and line["left"] == 0
    kept = copied.shop.rows(accounts)
    assert kept[0]["full_name"] == "Anna Adler" and kept[1]["full_name"] != "Ben Baker"


def test_rows_that_the_run_did_not_erase_wait_for_a_colleague(copied: Backup, staff: SimpleNamespace) -> None:
    shop = copied.shop
    moved = shop.rows(visits)[0]["id"]
    shop.do(
        visits.update().where(visits.c.id == moved).values(seen_on=date(2026, 6, 1))
    )  # active again since the backup
    purge(staff)
    copied.restore()
    told = replay(copied.at)
    assert told["state"] == "running" and "1 rows are past the date" in told["waiting"][0]["why"]
    assert len(shop.rows(visits)) == 75
    part = ReplayPart.objects.get()
    with pytest.raises(Refused):
        replays.decide(part, erase=True, by=staff.paul)
    replays.decide(part, erase=False, by=staff.rita)
    told = replay(copied.at)
    assert told["state"] == "done" and len(shop.rows(visits)) == 75 and told["certificate"]["left_out"] == 1
    told = replay(copied.at)
    replays.decide(ReplayPart.objects.get(state="parked"), erase=True, by=staff.rita)
    told = replay(copied.at)
    assert told["state"] == "done" and len(shop.rows(visits)) == 45


def test_what_another_system_led_to_is_found_though_nothing_leads_there_any_more(
    copied: Backup, tmp_path: Path
) -> None:
    with worlds.sqlite(tmp_path, "CREATE TABLE tickets (id INTEGER PRIMARY KEY, account INTEGER, words TEXT)",
                       "INSERT INTO tickets VALUES (1, 1, 'hers'), (2, 2, 'his')") as desk:  # fmt: skip
        fields = [{"name": "id", "primary_key": True}, {"name": "account"}, {"name": "words", "category": "contact"}]
        worlds.describe("desk", worlds.address(desk), {"tickets": ({}, fields)},
                        links=[("tickets", "account", "shop.accounts", "id")])  # fmt: skip
        shutil.copy(tmp_path / "world.sqlite3", tmp_path / "desk.backup")
        erase(ANNA)
        assert worlds.table(desk, "SELECT words FROM tickets") == [("his",)]
        sql_engines.close_all()
        shutil.copy(tmp_path / "desk.backup", tmp_path / "world.sqlite3")
        told = replay(copied.at, system="desk")
        assert told["state"] == "done" and told["certificate"]["kinds"]["erase"]["changed"] == 1
        assert worlds.table(desk, "SELECT words FROM tickets") == [("his",)]


def test_what_was_switched_off_for_a_no_stays_on_after_a_later_yes(copied: Backup) -> None:
    purpose = Purpose.objects.create(key="news", name="News", description="d", lawful_basis="consent")
    Collection.objects.get(name="newsletter").purposes.add(purpose)
    choices.record(person(BEN), purpose, True, source="portal", actor=CLERK)
    choices.record(person(BEN), purpose, False, source="portal", actor=CLERK)
    for _ in range(6):
        propagating.sweep(timezone.now())
        for pk in batches.claimable(timezone.now()).values_list("pk", flat=True):
            engine.run(pk)
    assert not copied.shop.rows(newsletter, email=BEN)[0]["subscribed"]
    copied.restore()
    told = replay(copied.at)
    assert (
        told["certificate"]["kinds"]["suppress"]["changed"] == 1
        and not copied.shop.rows(newsletter, email=BEN)[0]["subscribed"]
    )
    choices.record(person(BEN), purpose, True, source="portal", actor=CLERK)
    copied.restore()
    told = replay(copied.at)
    assert copied.shop.rows(newsletter, email=BEN)[0]["subscribed"], "they said Yes since"


def test_rows_of_withdrawn_consent_go_again_but_not_of_who_agreed_since(copied: Backup, staff: SimpleNamespace) -> None:
    """Anna and Ben withdrew long ago and their visits went; Ben agreed again after the backup was made."""
    news, now = purpose("news"), timezone.now()
    for mail in (ANNA, BEN):
        for granted, days in ((True, 500), (False, 400)):
            choices.record(
                person(mail), news, granted, source="request", actor=CLERK, chosen_at=now - timedelta(days=days)
            )
    schedule = Schedule.objects.create(
        key="visits", title="Visits", collection=Collection.objects.get(name="visits"), period=6, unit="months",
        reason="Consent is gone.", grace_hours=0, author=staff.nora, trigger="withdrawn", purpose=news,
    )  # fmt: skip
    run = runs.propose(schedule, actor=CLERK, today=runs.today(now))
    work()
    run = runs.approve(Run.objects.get(pk=run.pk), by=staff.paul, rows=50)
    grace_over(run)
    work()
    assert {one["account_id"] for one in copied.shop.rows(visits)} == {3}
    choices.record(person(BEN), news, True, source="request", actor=CLERK)
    copied.restore()
    assert len(copied.shop.rows(visits)) == 75
    said = replay(copied.at)
    assert {one["account_id"] for one in copied.shop.rows(visits)} == {2, 3}, said


def test_the_list_says_nothing_of_anybody_without_its_key(copied: Backup) -> None:
    erase(ANNA)
    sealing.complete()
    entry = SealedEntry.objects.get()
    text = sealed.path().read_text() + entry.payload + str(list(SealedEntry.objects.values()))
    assert "anna" not in text.lower() and sealed.payload(entry)["identities"] == {"email": [ANNA]}
    assert (Path(sealed.path()).stat().st_mode & 0o077) == 0
    assert sealkeys.destroy(entry.key)
    with pytest.raises(sealkeys.Destroyed):
        sealed.payload(entry)
    copied.restore()
    told = replay(copied.at)
    assert told["state"] == "done" and told["certificate"]["left_out"] == 1, "and the certificate says so"


def test_a_changed_list_is_not_taken_over_and_a_check_says_so(copied: Backup) -> None:
    erase(ANNA)
    erase(BEN)
    sealing.complete()
    assert not list(sealed.faults()) and sealed.agrees()
    with pytest.raises(DatabaseError), transaction.atomic():
        SealedEntry.objects.filter(number=1).update(origin="PR-0")
    with pytest.raises(DatabaseError), transaction.atomic():
        SealedEntry.objects.filter(number=2).delete()
    lines = sealed.path().read_text().splitlines()
    other = copied.shop  # a list with a changed line, before an empty database
    triggers.remove(connection, append_only.TABLES[0])
    SealedEntry.objects.all().delete()
    triggers.install(connection, append_only.TABLES[0])
    sealed.path().write_text(lines[0].replace("PR-TEST", "PR-TES7") + "\n" + lines[1] + "\n")
    with pytest.raises(CommandError, match="differ at entry 1"):
        replay(copied.at)
    sealed.path().write_text("\n".join(lines) + "\n" + lines[1][:40])  # and what a crash left is cut off
    other.engine.dispose()
    copied.restore()
    told = replay(copied.at)
    assert told["taken_over_from_file"] == 2 and told["state"] == "done"
    assert sealed.path().read_text().splitlines()[:2] == lines


def test_a_crash_between_the_rows_and_the_file_is_made_good(copied: Backup) -> None:
    erase(ANNA)
    failpoints.arm("sealed.after_rows=raise")
    with pytest.raises(failpoints.Injected):
        sealing.sweep()
    failpoints.arm("")
    assert SealedEntry.objects.count() == 1 and not sealed.path().exists()
    sealing.sweep()
    assert SealedEntry.objects.count() == 1 and len(sealed.path().read_text().splitlines()) == 1


def test_a_no_that_our_restored_database_does_not_know_is_recorded_again(copied: Backup) -> None:
    purpose = Purpose.objects.create(key="news", name="News", description="d", lawful_basis="consent")
    choices.record(person(BEN), purpose, True, source="portal", actor=CLERK)
    at = timezone.now()
    choices.record(person(BEN), purpose, False, source="portal", actor=CLERK)
    sealing.complete()
    told = replay(at, system="")
    assert told["state"] == "done" and told["certificate"]["changed"] == 0, "it is known here"
    payload = sealed.payload(SealedEntry.objects.get(kind="withdrawal"))
    payload["choice"] = str(uuid.uuid4())  # as a database that was restored sees it
    payload["chosen_at"] = (timezone.now() + timedelta(seconds=1)).isoformat()
    made = redoing.sources["withdrawal"].redo([payload])
    assert made.changed == 1 and Choice.objects.filter(subject=person(BEN), granted=False).count() == 2
    assert redoing.sources["withdrawal"].redo([payload]).changed == 0
    payload["people"], payload["choice"] = [str(uuid.uuid4())], str(uuid.uuid4())
    payload["identities"] = {"email": ["new@people.example"]}
    assert redoing.sources["withdrawal"].redo([payload]).changed == 1, "of somebody whom it does not know either"
    choices.record(person("new@people.example"), purpose, True, source="portal", actor=CLERK,
                   chosen_at=timezone.now() + timedelta(seconds=30))  # fmt: skip
    payload["choice"] = str(uuid.uuid4())
    payload["chosen_at"] = (timezone.now() + timedelta(seconds=20)).isoformat()
    assert redoing.sources["withdrawal"].redo([payload]) == redoing.Redone(1, 0, 1), "a later Yes holds"


def test_whom_requests_erased_since_the_backup_is_on_the_list_again(copied: Backup) -> None:
    erase(ANNA)
    erase(BEN)
    sealing.complete()
    erased.remember_finished()
    told = replay(copied.at, system="")
    assert told["certificate"]["listed_again"] == 0, "nothing was lost"
    first = Erased.objects.get(digest=erased.digest("email", ANNA))
    # As a restored database sees it: one is lost, the other came back of their own will since.
    Erased.objects.filter(pk=first.pk).delete()
    erased.lift("email", BEN, actor=CLERK)
    told = replay(copied.at, system="")
    assert told["state"] == "done" and told["certificate"]["listed_again"] == 1
    assert erased.asked([("email", ANNA), ("email", BEN)]) == [SealedEntry.objects.order_by("number")[0].done_at, None]
    # Erased again after an earlier return: the list knows only that return.
    Erased.objects.filter(digest=erased.digest("email", BEN)).update(lifted_at=copied.at)
    assert replay(copied.at, system="")["certificate"]["listed_again"] == 1
    assert erased.asked([("email", BEN)]) != [None]
    Erased.objects.all().delete()
    assert sealkeys.destroy(SealedEntry.objects.get(number=1).key)
    assert replay(copied.at, system="")["certificate"]["listed_again"] == 0, "nobody can read it any more"
