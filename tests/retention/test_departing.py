"""Whom a schedule erased is on the list of who was erased: whoever went, and nobody else; also when a worker dies between."""

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from audit import clients, failpoints
from audit.models import Event
from connectors import acting, batches, dated, engine, everybody, leaving, rowholds
from connectors.kinds import sql_dated, sql_engines
from connectors.models import Receipt, RowHold, WorkOrder
from inventory.models import Collection
from retention import archiving, departing, erased, runs
from retention.models import Archive, Departure, DepartureMark, Erased, Revival, Run, Schedule
from tests.connectors import worlds
from tests.consent.builders import CLERK
from tests.retention.builders import first_chunk, fresh, grace_over, proposed, work

pytestmark = pytest.mark.django_db
OLD, NEW, CUTOFF = "2025-12-01", "2026-07-01", date(2026, 1, 11)
WENT = [f"p{one}@x.example" for one in range(1, 7)]


@pytest.fixture(params=["sqlite", "postgresql"])
def club(request: pytest.FixtureRequest, db: None, tmp_path: Path, settings: Any) -> Any:
    """Six members who were seen long ago, one of whom also lately, and one seen lately only; p6 went by two rows."""
    settings.CHUNK_ROWS = settings.RETENTION_CHUNK_ROWS = 2
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
    else:
        server = sa.create_engine(f"sqlite:///{tmp_path / 'club.sqlite3'}")
    rows = [(one, WENT[one - 1].upper(), OLD) for one in range(1, 7)]
    rows += [(7, WENT[5], OLD), (8, "loyal@x.example", OLD), (9, "Loyal@x.example", NEW), (10, "young@x.example", NEW)]
    words = ", ".join(f"({pk}, '{mail}', '+49 30 {pk}', '{day}')" for pk, mail, day in rows)
    worlds.do(
        server,
        "CREATE TABLE members (id INTEGER PRIMARY KEY, email VARCHAR(80), phone VARCHAR(40), seen_on DATE)",
        f"INSERT INTO members VALUES {words}",
        "CREATE TABLE steps (id INTEGER PRIMARY KEY, words VARCHAR(80), seen_on DATE)",
        f"INSERT INTO steps VALUES (1, 'one', '{OLD}')",
    )
    mail = worlds.MAIL | {"mask": {"strategy": "token", "suffix": "@gone.invalid"}}
    phone = {"name": "phone", "identity": "phone", "category": "contact"}
    worlds.describe(
        "club", worlds.address(server),
        {"members": ({"dated_by": "seen_on"}, [worlds.PK, mail, phone, {"name": "seen_on"}]),
         "steps": ({"dated_by": "seen_on"}, [worlds.PK, worlds.WORDS, {"name": "seen_on"}])},
    )  # fmt: skip
    yield server
    sql_engines.close_all()
    server.dispose()


def schedule(staff: SimpleNamespace, name: str = "members", **more: Any) -> Schedule:
    return Schedule.objects.create(
        key=name, title=name, collection=Collection.objects.get(name=name), period=6, unit="months",
        reason="Nobody looks at them.", grace_hours=0, author=staff.nora, **more,
    )  # fmt: skip


def approved(staff: SimpleNamespace, **more: Any) -> Run:
    run = proposed(schedule(staff, **more))
    run = runs.approve(run, by=staff.paul, rows=run.rows, reason="So old.")
    if run.state == "proposed":  # unusually many: two people
        run = runs.approve(run, by=staff.rosa, rows=run.rows)
    grace_over(run)
    return run


def order_of(run: Run) -> WorkOrder:
    runs.advance(run.pk)
    return WorkOrder.objects.exclude(operation="find").get(batch=fresh(run).batch)


def mails() -> list[str]:
    """Who of all is on the list."""
    people = [*WENT, "loyal@x.example", "young@x.example"]
    found = erased.asked([("email", one) for one in people])
    return [one for one, at in zip(people, found, strict=True) if at]


def listed() -> list[str]:
    """The same, once the sweep was there."""
    departing.settle(timezone.now())
    return mails()


def test_whoever_went_is_on_the_list_and_whoever_is_there_still_is_not(club: Any, staff: SimpleNamespace) -> None:
    run = approved(staff)
    work()
    assert fresh(run).state == "done" and DepartureMark.objects.exists() and not mails()
    assert listed() == WENT and not DepartureMark.objects.exists() and listed() == WENT
    assert Erased.objects.filter(kind="phone").count() == 8, "a phone for each row that went"
    one = Erased.objects.filter(kind="email").first()
    assert one and (one.origin, one.place, one.before) == (f"run:{run.pk}", "club.members", CUTOFF)
    assert Event.objects.get(name="erased.listed").facts["identifiers"] == Erased.objects.count() == 14
    assert not any(mail.lower() in str(vars(row)).lower() for row in Erased.objects.all() for mail in WENT)


@pytest.mark.parametrize("place", ["erase.after_target_commit", "erase.before_target_commit"])
@pytest.mark.parametrize("action", ["delete", "anonymise"])
def test_a_worker_that_dies_between_the_commits_loses_nobody(
    club: Any, staff: SimpleNamespace, place: str, action: str
) -> None:
    Collection.objects.update(erase="mask" if action == "anonymise" else "delete")
    run = approved(staff, action=action)
    order = order_of(run)
    failpoints.arm(f"{place}=raise@2")
    engine.run(order.pk)
    failpoints.arm("")
    order.refresh_from_db()
    assert order.park_code == "error" and listed() == []
    WorkOrder.objects.update(state="open", park_code="", park_reason="")
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "done" and listed() == WENT and not DepartureMark.objects.exists()
    assert Erased.objects.filter(kind="email").count() == 6, "no mask is taken for a person"


def test_who_was_seen_again_or_is_held_in_the_last_moment_is_not_on_the_list(
    club: Any, staff: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = order_of(approved(staff))
    todo = [
        lambda: worlds.do(club, f"UPDATE members SET seen_on = '{NEW}' WHERE id = 1"),
        lambda: worlds.do(club, "DELETE FROM members WHERE id = 3"),
    ]

    def passing(name: str) -> None:
        if name in ("erase.before_lock", "sweep.before_lock") and todo:
            todo.pop(0)()

    for module in (acting, dated):
        monkeypatch.setattr(module, "failpoint", passing)
    engine.run(order.pk)
    monkeypatch.undo()
    assert Receipt.objects.filter(moved=1).count() == 1 and not todo
    assert listed() == WENT[1:]


def test_a_held_row_keeps_its_person_off_the_list(club: Any, staff: SimpleNamespace) -> None:
    order = order_of(approved(staff))
    RowHold.objects.create(
        collection=Collection.objects.get(name="members"), field="id", values=["2", "4"], matter="m", reason="r",
        placed_by=staff.nora, placed_at=timezone.now(), review_on=date(2030, 1, 1), system=order.system,
    )  # fmt: skip
    assert rowholds.rules()
    engine.run(order.pk)
    assert worlds.table(club, "SELECT id FROM members ORDER BY id") == [(2,), (4,), (9,), (10,)]
    assert listed() == [WENT[0], WENT[2], WENT[4], WENT[5]]


def test_a_run_that_was_ended_lists_only_whom_it_took(club: Any, staff: SimpleNamespace) -> None:
    run = approved(staff)
    order = order_of(run)
    failpoints.arm("erase.before_target_commit=raise@2")
    first_chunk(order)
    engine.run(order.pk)
    failpoints.arm("")
    assert Receipt.objects.count() == 1 and DepartureMark.objects.values("chunk").distinct().count() > 1
    runs.cancel(fresh(run), by=staff.paul)
    assert listed() == WENT[:2] and not DepartureMark.objects.exists()


def test_rows_put_aside_are_on_the_list_once_their_archive_is_destroyed(
    club: Any, staff: SimpleNamespace, settings: Any, tmp_path: Path
) -> None:
    settings.SEALED_DIR, settings.ARCHIVE_DIR = str(tmp_path / "sealed"), str(tmp_path / "archives")
    approved(staff, action="archive")
    work()
    archiving.step(Archive.objects.get().pk)
    work()
    assert len(worlds.table(club, "SELECT id FROM members")) == 2
    assert listed() == [], "they may come back"
    archiving.sweep(timezone.now() + timedelta(days=91))
    assert Archive.objects.get().state == "purged" and listed() == WENT


def test_rows_that_were_brought_back_are_never_on_the_list(
    club: Any, staff: SimpleNamespace, settings: Any, tmp_path: Path
) -> None:
    settings.SEALED_DIR, settings.ARCHIVE_DIR = str(tmp_path / "sealed"), str(tmp_path / "archives")
    approved(staff, action="archive")
    work()
    archiving.step(Archive.objects.get().pk)
    work()
    Archive.objects.update(state="restored", restored_at=timezone.now(), asked_by=staff.nora, granted_by=staff.paul)
    assert listed() == [] and not DepartureMark.objects.exists()
    assert Departure.objects.exclude(listed_at=None).exists()


def test_who_signs_up_anew_is_no_task_and_importers_tell_by_the_date(
    club: Any, staff: SimpleNamespace, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    approved(staff)
    work()
    assert listed() == WENT
    worlds.do(club, f"INSERT INTO members VALUES (50, '{WENT[0]}', NULL, '{NEW}'), (51, '{WENT[1]}', NULL, '{OLD}')")
    assert erased.look(timezone.now() + timedelta(days=1)) == 0 and not Revival.objects.exists()
    key = clients.create("importer", ["retention:read"], actor=CLERK)[1]
    people = [{"kind": "email", "value": WENT[0], "on": day} for day in (OLD, "2026-01-11")]
    people += [{"kind": "email", "value": WENT[0]}, {"kind": "email", "value": "young@x.example"}]
    answer = client.post(
        "/api/v1/retention/erased/", {"people": people}, "application/json", headers={"Authorization": f"Bearer {key}"}
    ).json()
    assert [at is not None for at in answer["erased_at"]] == [True, False, True, False]
    assert answer["rows"] == [{"collection": "club.members", "before": "2026-01-11"}, None] * 1 + [
        {"collection": "club.members", "before": "2026-01-11"}, None,
    ]  # fmt: skip
    file, clean = tmp_path / "people.csv", tmp_path / "clean.csv"
    file.write_text(f"email,seen\n{WENT[0]},{NEW}\n{WENT[1]},{OLD}\n", encoding="utf-8")
    call_command("erased", str(file), dated="seen", without=clean)
    assert clean.read_text(encoding="utf-8").split() == ["email,seen", f"{WENT[0]},{NEW}"]
    assert erased.lift("email", WENT[0], actor=CLERK) and mails() == WENT[1:]


def test_what_a_person_asked_for_counts_for_more_than_a_schedule(club: Any, staff: SimpleNamespace) -> None:
    erased.remember([("email", WENT[0])], origin="DSR-1", at=timezone.now() - timedelta(days=9), actor=CLERK)
    approved(staff)
    work()
    assert listed() == WENT
    answer = erased.told([("email", WENT[0], date(2030, 1, 1))])[0]
    assert answer and answer.place == "" and Erased.objects.filter(kind="email").count() == 7
    worlds.do(club, f"INSERT INTO members VALUES (50, '{WENT[0]}', NULL, '{NEW}')")
    assert erased.look(timezone.now() + timedelta(days=1)) == 1 and Revival.objects.get().erased.origin == "DSR-1"
    assert erased.lift("email", WENT[0], actor=CLERK) and erased.asked([("email", WENT[0])]) == [None]


def test_collections_that_name_nobody_are_asked_nothing_more(
    club: Any, staff: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*given: Any, **more: Any) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(sql_dated.SqlDated, "read", never)
    monkeypatch.setattr(leaving, "_held", never)
    monkeypatch.setattr(everybody, "values", never)
    run = approved(staff, name="steps")
    work()
    assert fresh(run).state == "done" and not Departure.objects.exists() and departing.settle(timezone.now()) == 0


def test_a_system_that_is_away_is_asked_again_and_the_check_says_so(
    club: Any, staff: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(staff)
    work()

    def away(*given: Any) -> None:
        raise engine.Temporary("connection")

    with monkeypatch.context() as patch:
        patch.setattr(everybody, "values", away)
        assert listed() == []
    later = timezone.now() + timedelta(days=3)
    assert departing.late(later) == 1 and listed() == WENT and departing.late(later) == 0


def test_the_list_is_made_once_more_where_it_was_cut_off(club: Any, staff: SimpleNamespace) -> None:
    run = approved(staff)
    work()
    failpoints.arm("departing.before_list=raise")
    with pytest.raises(failpoints.Injected):
        listed()
    failpoints.arm("")
    assert batches.settled(fresh(run).batch, "erase") and not mails() and listed() == WENT
