"""Rows that a run puts aside come back by two people, or are destroyed with the key when their days are over."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import failpoints
from audit.models import Event
from audit.refusal import Refused
from connectors import engine
from retention import archivefiles, archiving, replays, runs, sealkeys
from retention.models import Archive, Replay, Run, Schedule
from subjects.vault import Undecryptable
from tests.connectors.shop import ANNA, Shop, allow, find, run_all, visits
from tests.consent.builders import colleague
from tests.retention.builders import days, grace_over, proposed, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def aside(schedule: Schedule, staff: SimpleNamespace, settings, tmp_path: Path) -> Run:
    """A run whose schedule archives, approved, its grace over."""
    settings.SEALED_DIR, settings.ARCHIVE_DIR = str(tmp_path / "sealed"), str(tmp_path / "archives")
    Schedule.objects.update(action="archive")
    schedule.refresh_from_db()
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    grace_over(run)
    return run


def archived(run: Run) -> Archive:
    work()
    one = Archive.objects.get()
    archiving.step(one.pk)
    work()
    return Archive.objects.get(pk=one.pk)


def back(archive: Archive) -> Archive:
    """Both people agree, and the worker does it."""
    one, two = colleague("una", "retention.restore_archive"), colleague("uwe", "retention.restore_archive")
    archiving.ask(archive, by=one, reason="The audit needs them.")
    archiving.grant(archive, by=two)
    archiving.step(archive.pk)
    return Archive.objects.get(pk=archive.pk)


def test_nothing_is_deleted_before_the_archive_is_sealed(shop: Shop, aside: Run) -> None:
    work()
    assert Archive.objects.get().state == "writing" and len(days(shop)) == 75
    failpoints.arm("archive.before_seal=raise")
    with pytest.raises(failpoints.Injected):
        archiving.step(Archive.objects.get().pk)
    failpoints.arm("")
    work()
    assert len(days(shop)) == 75, "written, and not sealed yet"
    archive = archived(aside)
    assert archive.state == "sealed" and archive.rows == 30 and len(days(shop)) == 45
    run = Run.objects.get(pk=aside.pk)
    assert run.state == "done" and run.certificate["archive"]["sha256"] == archive.sha256
    assert Event.objects.get(name="archive.sealed").facts["sha256"] == archive.sha256
    content = Path(archiving._path(archive)).read_bytes()
    assert b"192.0.2" not in content and archivefiles.sha256(archiving._path(archive)) == archive.sha256


def test_the_rows_come_back_as_they_were_by_two_people(shop: Shop, aside: Run, staff: SimpleNamespace) -> None:
    before = shop.rows(visits)
    archive = archived(aside)
    una = colleague("una", "retention.restore_archive")
    with pytest.raises(Refused, match="role"):
        archiving.ask(archive, by=staff.ole, reason="Because")
    archiving.ask(archive, by=una, reason="The audit needs them.")
    with pytest.raises(Refused, match="somebody else"):
        archiving.grant(archive, by=una)
    with pytest.raises(IntegrityError), transaction.atomic():
        Archive.objects.update(state="restored", granted_by=una)
    archiving.grant(archive, by=colleague("uwe", "retention.restore_archive"))
    failpoints.arm("archive.after_rows=raise")
    with pytest.raises(failpoints.Injected):
        archiving.step(archive.pk)
    failpoints.arm("")
    archiving.step(archive.pk)  # once more after the crash
    archive.refresh_from_db()
    assert archive.state == "restored" and shop.rows(visits) == before


def test_whoever_was_erased_meanwhile_does_not_come_back(shop: Shop, aside: Run) -> None:
    archive = archived(aside)
    batch = find(ANNA)
    allow(batch, "erase")
    run_all(batch)
    assert not days(shop, 1)
    back(archive)
    assert len(days(shop)) == 60, "the replay has not run yet"
    replay = Replay.objects.get()
    for _ in range(30):
        replays.advance(replay.pk)
        for pk in engine.WorkOrder.objects.filter(state="open").values_list("pk", flat=True):
            engine.run(pk)
    replay.refresh_from_db()
    assert replay.state == "done" and not days(shop, 1), "Anna's archived visits were erased again"
    assert len(days(shop, 2)) == 25 and len(days(shop, 3)) == 25, "the archive's own rows are not deleted again"


def test_a_changed_file_brings_nothing_back(shop: Shop, aside: Run) -> None:
    archive = archived(aside)
    file = archiving._path(archive)
    content = bytearray(file.read_bytes())
    content[40] ^= 1
    file.write_bytes(content)
    archive = back(archive)
    assert archive.state == "restoring" and "sealed" in archive.note and len(days(shop)) == 45


def test_a_cut_or_swapped_file_is_not_read(tmp_path: Path, aside: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archivefiles, "FRAME", 64)
    key, pk = b"k" * 32, aside.pk
    lines = [b"x" * 50 for _ in range(20)]
    archivefiles.write(tmp_path / "a", pk, key, lines)
    assert list(archivefiles.read(tmp_path / "a", pk, key)) == lines
    whole = (tmp_path / "a").read_bytes()
    frame = 4 + 64 + 16
    for broken in (whole[: 16 + frame], whole[: 16 + frame + 7], whole[:16] + whole[16 + frame :], whole[:16]):
        (tmp_path / "b").write_bytes(broken)
        with pytest.raises(Undecryptable):
            list(archivefiles.read(tmp_path / "b", pk, key))


def test_when_its_days_are_over_key_and_file_are_destroyed(shop: Shop, aside: Run) -> None:
    archive = archived(aside)
    archiving.sweep(timezone.now())
    assert archiving._path(archive).exists()
    later = timezone.now() + timedelta(days=91)
    failpoints.arm("archive.after_key=raise")
    with pytest.raises(failpoints.Injected):
        archiving.sweep(later)
    failpoints.arm("")
    with pytest.raises(sealkeys.Destroyed):
        sealkeys.of_archive(archive.pk)
    archiving.sweep(later)
    archive.refresh_from_db()
    assert archive.state == "purged" and not archiving._path(archive).exists()
    assert archive.certificate["rows"] == 30 and Event.objects.filter(name="archive.purged").count() == 1
    with pytest.raises(Refused):
        archiving.ask(archive, by=colleague("una", "retention.restore_archive"), reason="Too late")


def test_the_archive_of_a_cancelled_run_is_dropped(shop: Shop, aside: Run, staff: SimpleNamespace) -> None:
    work()
    archive = Archive.objects.get()
    archiving.step(archive.pk)
    runs.cancel(Run.objects.get(pk=aside.pk), by=staff.paul)
    archiving.sweep(timezone.now())
    archive.refresh_from_db()
    assert archive.state == "dropped" and not archiving._path(archive).exists() and len(days(shop)) == 75
