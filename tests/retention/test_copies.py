"""The register of archives and backups: what lies where is seen, what is past its date is ended, what still exists is told."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from audit import failpoints
from audit.models import Event
from audit.refusal import Refused
from inventory.models import System
from retention import copies, remaining, sealing, sealkeys
from retention.models import CopySet, StoredCopy
from tests.connectors.shop import ANNA, Shop, allow, find, run_all
from tests.consent.builders import CLERK, colleague

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Dumps of 2, 20 and 40 days ago, a note that is no dump, and a link to a file elsewhere."""
    one = tmp_path / "backups"
    (one / "old").mkdir(parents=True)
    for name, days in (("new.dump", 2), ("middle.dump", 20), ("old/first.dump", 40), ("old/note.txt", 400)):
        (one / name).write_bytes(b"x" * 10)
        moment = (timezone.now() - timedelta(days=days)).timestamp()
        os.utime(one / name, (moment, moment))
    (tmp_path / "elsewhere.dump").write_bytes(b"y")
    os.utime(tmp_path / "elsewhere.dump", (1, 1))
    (one / "link.dump").symlink_to(tmp_path / "elsewhere.dump")
    return one


def registered(folder: Path | str, shop: Shop | None = None, **more: object) -> CopySet:
    given = {"key": "dumps", "title": "Nightly dumps", "kind": "dump", "place": "Rack 3", "kept_days": 30, "expiry": "ours",
             "pattern": "*.dump", "verified_at": timezone.now()} | more  # fmt: skip
    return CopySet.objects.create(system=System.objects.filter(key="shop").first(), address=str(folder), **given)


def test_what_is_past_its_date_is_deleted_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    one = registered(folder)
    words = copies.look(one, timezone.now(), actor=CLERK)
    assert words == "2 copies are there. 1 past their date were deleted."
    assert not (folder / "old/first.dump").exists() and (folder / "old/note.txt").exists()
    assert (tmp_path / "elsewhere.dump").exists() and (folder / "middle.dump").exists()
    row = StoredCopy.objects.get(state="gone")
    assert row.ended_by_us and row.gone_at and Event.objects.get(name="copies.ended").facts["copies"] == 1
    copies.look(one, timezone.now(), actor=CLERK)
    assert Event.objects.filter(name="copies.ended").count() == 1


def test_the_sweep_looks_into_each_store_that_has_an_address_once_an_hour(folder: Path) -> None:
    one, paper = registered(folder), registered("", key="tapes")
    now = timezone.now()
    assert copies.sweep(now) == 1 and not (folder / "old/first.dump").exists()
    one.refresh_from_db()
    paper.refresh_from_db()
    assert one.looked_at == now and paper.looked_at is None
    assert copies.sweep(now + timedelta(minutes=59)) == 0 and copies.sweep(now + timedelta(minutes=61)) == 1


def test_nothing_is_deleted_before_a_colleague_verified_the_entry(folder: Path) -> None:
    one = registered(folder, verified_at=None)
    assert "1 are past their date" in copies.look(one, timezone.now(), actor=CLERK)
    assert (folder / "old/first.dump").exists()
    with pytest.raises(Refused):
        copies.verify(one, by=colleague("ole"))
    copies.verify(one, by=colleague("vera", "retention.verify_copyset"))
    copies.look(CopySet.objects.get(), timezone.now(), actor=CLERK)
    assert not (folder / "old/first.dump").exists()


@pytest.mark.parametrize("place", ["copies.before_delete", "copies.after_delete"])
def test_killed_in_between_it_is_ended_by_the_next_look(folder: Path, place: str) -> None:
    one = registered(folder)
    failpoints.arm(f"{place}=raise")
    with pytest.raises(failpoints.Injected):
        copies.look(one, timezone.now(), actor=CLERK)
    failpoints.arm("")
    assert StoredCopy.objects.filter(state="ending").count() == 1
    copies.look(one, timezone.now(), actor=CLERK)
    assert not (folder / "old/first.dump").exists() and StoredCopy.objects.filter(state="gone").count() == 1


def test_locked_copies_stay_and_are_told(folder: Path) -> None:
    words = copies.look(registered(folder, immutable_days=60), timezone.now(), actor=CLERK)
    assert "1 past their date are locked" in words and (folder / "old/first.dump").exists()
    assert StoredCopy.objects.get(state="locked").locked_until > timezone.now() + timedelta(days=19)


def test_a_job_of_theirs_that_ends_nothing_is_seen(folder: Path) -> None:
    one = registered(folder, expiry="theirs")
    assert "1 are past their date and still there" in copies.look(one, timezone.now(), actor=CLERK)
    one.refresh_from_db()
    assert not one.sound and copies.overdue(timezone.now()).count() == 1
    (folder / "old/first.dump").unlink()
    copies.look(one, timezone.now(), actor=CLERK)
    one.refresh_from_db()
    assert one.sound and StoredCopy.objects.get(state="gone").ended_by_us is False


def test_a_store_that_is_away_says_nothing_is_gone(folder: Path) -> None:
    one = registered(folder)
    copies.look(one, timezone.now(), actor=CLERK)
    folder.rename(folder.with_name("unmounted"))
    assert "did not answer" in copies.look(one, timezone.now(), actor=CLERK)
    assert StoredCopy.objects.filter(state="there").count() == 2


def test_after_an_erasure_it_is_told_which_backups_still_hold_the_person(shop: Shop, folder: Path) -> None:
    registered(folder, expiry="theirs")
    copies.look(CopySet.objects.get(), timezone.now(), actor=CLERK)
    CopySet.objects.create(key="own", title="Ours", kind="snapshot", place="Cloud", kept_days=7)
    batch = find(ANNA)
    allow(batch, "erase")
    run_all(batch)
    lines = remaining.of_erasure("PR-TEST")
    assert [(one.title, one.known, one.late) for one in lines] == [("Nightly dumps", 3, True), ("Ours", 0, False)]
    assert (lines[0].until - timezone.now()).days == 29 and (lines[1].until - timezone.now()).days == 6
    assert remaining.latest(lines) == lines[0].until and not remaining.unregistered(["shop"])
    assert remaining.unregistered(["mail"]) == ["mail"] and remaining.of_erasure("PR-OTHER") == []


def test_a_months_key_goes_when_no_backup_can_need_it(shop: Shop, folder: Path, settings, tmp_path: Path) -> None:
    settings.SEALED_DIR = str(tmp_path / "sealed")
    batch = find(ANNA)
    allow(batch, "erase")
    run_all(batch)
    sealing.complete()
    (month,) = sealkeys.there()
    end = datetime.combine(sealkeys.last_day(month), datetime.min.time(), UTC)
    assert remaining.needed_until(month, timezone.now()) == end + timedelta(days=settings.SEALED_DAYS), (
        "nobody registered any"
    )
    one = registered(folder, expiry="theirs")
    assert remaining.needed_until(month, timezone.now()) == end + timedelta(days=32)
    copies.look(one, timezone.now(), actor=CLERK)
    assert remaining.destroy_keys(end + timedelta(days=33)) == 0, "copies are there that should be gone"
    StoredCopy.objects.update(state="gone")
    assert remaining.destroy_keys(end + timedelta(days=33)) == 1 and sealkeys.there() == []
    assert Event.objects.get(name="list.key_destroyed").facts["month"] == month
