"""Rows put aside in a sealed archive before the engine deletes them; brought back by two people, or destroyed in the end.

1. `ready` is what a run asks before it starts: it opens the archive (a row), and says yes once the file is written and sealed.
   The event holds the file's digest.
2. `ask` and `grant` are two people; then the rows come back where they are missing, and what was erased in that system since
   is erased again by a replay: an archive must not revive anybody.
3. `sweep` destroys the key and then the file when the days are over, with a certificate; and archives that no run needs.
The key lies in the folder of the sealed list's keys, never in the database: no backup of the database opens an archive.
"""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.bell import ring
from audit.failpoints import failpoint
from audit.refusal import Refused
from connectors import batches, setting_aside
from connectors.kinds.base import Permanent, Temporary
from connectors.models import Batch, WorkOrder
from inventory.models import System
from retention import actions, archivefiles, replays, sealkeys
from retention.bells import write_archive
from retention.models import Archive, Run
from subjects.vault import Undecryptable

logger = logging.getLogger(__name__)
KEEPER = actors.worker("retention.archiving")
State = Archive.State
ACTION = "archive"
# Archived rows leave by the same road as deleted ones, once their file is sealed.
actions.register(ACTION, WorkOrder.Operation.ERASE)


# ---------------------------------------------------------------- for runs


def ready(run: Run) -> bool:
    """Whether a run may start: at once, unless its schedule archives; then when the archive is sealed. Opens it at the first
    call, in the caller's transaction.
    """
    if getattr(run.schedule, "action", "") != ACTION:
        return True
    assert run.batch is not None and run.approved_by is not None
    archive = Archive.objects.filter(batch=run.batch).first()
    if archive is None:
        days = getattr(run.schedule, "archive_days", None) or settings.ARCHIVE_DAYS
        open_archive(run.batch, origin=f"run:{run.pk}", days=days, by=run.approved_by)
        return False
    return archive.state != State.WRITING


def open_archive(batch: Batch, *, origin: str, days: int, by: User) -> Archive:
    """Open the archive of what a batch found; a worker writes it. All its rows are then to be deleted, not masked."""
    for finding in batch.findings.exclude(action="delete"):
        batches.act_on(finding, action="delete", by=by)
    system = System.objects.get(pk=batch.findings.values_list("system", flat=True)[:1].get())
    archive = Archive.objects.create(batch=batch, origin=origin, system=system, days=days)
    ring(write_archive, archive.pk)
    return archive


def paper(batch: Batch) -> dict[str, Any] | None:
    """For the certificate of a run: where its rows are and until when."""
    one = Archive.objects.filter(batch=batch).first()
    if one is None or one.purge_at is None:
        return None
    return {
        "archive": str(one.pk),
        "rows": one.rows,
        "sha256": one.sha256,
        "purged_on": one.purge_at.date().isoformat(),
    }


def write(archive_id: UUID) -> None:
    """Write the file and seal it. Safe to repeat: it begins anew. What cannot be done stays, with its reason in sight."""
    with _alone(archive_id) as archive:
        if archive is None or archive.state != State.WRITING:
            return
        try:
            key = sealkeys.of_archive(archive.pk, make=True)
            rows, size, digest = archivefiles.write(_path(archive), archive.pk, key, setting_aside.rows(archive.batch))
        except (Permanent, Temporary) as error:
            words = error.sentence if isinstance(error, Permanent) else f"The system did not answer ({error.code})."
            Archive.objects.filter(pk=archive.pk).update(note=words[:300])
            return
        failpoint("archive.before_seal")
        now = timezone.now()
        with log.atomic():
            Archive.objects.filter(pk=archive.pk, state=State.WRITING).update(
                state=State.SEALED, file=_path(archive).name, sha256=digest, rows=rows, size=size, sealed_at=now,
                purge_at=now + timedelta(days=archive.days), note="",
            )  # fmt: skip
            log.record("archive.sealed", actor=KEEPER, noun=archive, origin=archive.origin, rows=rows, sha256=digest)


# ---------------------------------------------------------------- brought back


def ask(archive: Archive, *, by: User, reason: str) -> None:
    """Ask for the rows to come back. Raises Refused: "not_allowed", "reason_missing", "state_conflict"."""
    _may(by)
    if not reason.strip():
        raise Refused("Say why the rows are needed again.", code="reason_missing", field="reason")
    with log.atomic():
        free = Archive.objects.filter(pk=archive.pk, state=State.SEALED, asked_by=None, purge_at__gt=timezone.now())
        if not free.update(asked_by=by, asked_at=timezone.now(), reason=reason.strip()[:300]):
            raise Refused("This archive cannot be asked for now. Load the page again.", code="state_conflict")
        log.record("archive.asked", actor=actors.staff(by.pk), noun=archive, origin=archive.origin)


def grant(archive: Archive, *, by: User) -> None:
    """Agree, as another person. Raises Refused: "not_allowed", "own_question", "state_conflict"."""
    _may(by)
    with log.atomic():
        fresh = Archive.objects.select_for_update(of=("self",)).get(pk=archive.pk)
        if fresh.asked_by_id == by.pk:
            raise Refused("You asked for it, so somebody else must agree.", code="own_question")
        if (
            fresh.state != State.SEALED
            or fresh.asked_by_id is None
            or not fresh.purge_at
            or fresh.purge_at <= timezone.now()
        ):
            raise Refused("Nobody asks for this archive now. Load the page again.", code="state_conflict")
        Archive.objects.filter(pk=fresh.pk).update(state=State.RESTORING, granted_by=by)
        log.record("archive.granted", actor=actors.staff(by.pk), noun=fresh, origin=fresh.origin)
        ring(write_archive, fresh.pk)


def bring_back(archive_id: UUID) -> None:
    """Put the rows back that are missing, then open the replay of what was erased in that system since. Safe to repeat."""
    with _alone(archive_id) as archive:
        if archive is None or archive.state != State.RESTORING:
            return
        try:
            if archivefiles.sha256(_path(archive)) != archive.sha256:
                raise Undecryptable("the archive was changed")
            lines = archivefiles.read(_path(archive), archive.pk, sealkeys.of_archive(archive.pk))
            _, put = setting_aside.put_back(archive.batch, lines)
        except (Permanent, Temporary) as error:
            words = error.sentence if isinstance(error, Permanent) else f"The system did not answer ({error.code})."
            Archive.objects.filter(pk=archive.pk).update(note=words[:300])
            return
        except (Undecryptable, sealkeys.Destroyed, FileNotFoundError) as error:
            words = f"The file cannot be read ({type(error).__name__}): it is not the one that was sealed."
            Archive.objects.filter(pk=archive.pk).update(note=words)
            return
        failpoint("archive.after_rows")
        assert archive.sealed_at is not None
        with suppress(Refused):  # one that is open there already covers it, or a colleague sees to it
            replays.open_replay(
                archive.system.key,
                archive.sealed_at,
                by=archive.granted_by,
                actor=KEEPER,
                partial=True,
                leave_out=(archive.origin,),
            )
        with log.atomic():
            Archive.objects.filter(pk=archive.pk, state=State.RESTORING).update(
                state=State.RESTORED, restored_at=timezone.now(), brought_back=put, note=""
            )
            log.record("archive.restored", actor=KEEPER, noun=archive, origin=archive.origin, rows=put)


# ---------------------------------------------------------------- destroyed


def sweep(now: datetime) -> int:
    """Go on with what a lost bell left, drop archives that no run needs, destroy those whose days are over; how many."""
    count = 0
    for pk in list(Archive.objects.filter(state__in=(State.WRITING, State.RESTORING)).values_list("pk", flat=True)):
        ring(write_archive, pk)
        count += 1
    needed = Run.objects.filter(batch__isnull=False).exclude(state=Run.State.CANCELLED).values("batch")
    for one in Archive.objects.filter(state__in=(State.WRITING, State.SEALED)).exclude(batch__in=needed):
        if not one.batch.authorisations.exists():
            _destroy(one, State.DROPPED, "archive.dropped")
            count += 1
    for one in Archive.objects.filter(state__in=(State.SEALED, State.RESTORED), purge_at__lte=now):
        _destroy(one, State.PURGED, "archive.purged")
        count += 1
    return count


def _destroy(archive: Archive, state: str, event: str) -> None:
    """The key first: a file without it is noise."""
    sealkeys.destroy_of_archive(archive.pk)
    failpoint("archive.after_key")
    _path(archive).unlink(missing_ok=True)
    _path(archive).with_suffix(".part").unlink(missing_ok=True)
    now = timezone.now()
    certificate = {"archive": str(archive.pk), "origin": archive.origin, "rows": archive.rows, "sha256": archive.sha256,
                   "key_destroyed_at": now.isoformat()}  # fmt: skip
    with log.atomic():
        changed = Archive.objects.filter(pk=archive.pk).exclude(state=state)
        if changed.update(state=state, purged_at=now, certificate=certificate):
            log.record(
                event, actor=KEEPER, noun=archive, origin=archive.origin, rows=archive.rows, sha256=archive.sha256
            )


# ---------------------------------------------------------------- steps


def step(archive_id: UUID) -> None:
    """Whatever this archive waits for."""
    write(archive_id)
    bring_back(archive_id)


def _may(by: User) -> None:
    if not by.has_perm("retention.restore_archive"):
        raise Refused("Your role may not bring rows of an archive back. Ask your privacy officer.", code="not_allowed")


def _path(archive: Archive) -> Path:
    return Path(settings.ARCHIVE_DIR) / f"{archive.pk}.sealed"


@contextmanager
def _alone(archive_id: UUID) -> Iterator[Archive | None]:
    """The archive, while no other worker has its file; None where one has."""
    folder = Path(settings.ARCHIVE_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / f".{archive_id}.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield Archive.objects.select_related("batch", "system").filter(pk=archive_id).first()
