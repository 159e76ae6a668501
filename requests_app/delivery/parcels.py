"""The conductor of parcels: build, hand out, destroy.

1. `build` claims the row, writes an encrypted file under a random name that ends in `.part`, and renames it when it is whole;
   the row learns name and key last. Killed anywhere, the next build starts anew with another key; the leaving is tidied away.
2. `stream` asks for everything before the first byte: the person, a fresh proof, the day, the count. The count goes up by
   compare-and-swap, so that two downloads at once cannot be one too many.
3. `destroy_expired` empties the key first: without it the file is noise, even where the file cannot be removed.
"""

import base64
import logging
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext

from audit import actor as actors
from audit import leases, log
from audit.bell import ring
from audit.failpoints import failpoint
from audit.refusal import Refused
from connectors.kinds import base
from connectors.models import WorkOrder
from requests_app import attention, bells, locks
from requests_app.delivery import locked, package
from requests_app.models import Pack, Paper, Parcel, PersonSession, Request, State
from subjects import sealed, stores
from subjects.stores import store

logger = logging.getLogger(__name__)

BUILDER = actors.worker("requests.delivery")
OPEN = leases.Claimable(
    lambda: Parcel.objects.filter(state=Parcel.State.OPEN, request__state=State.DELIVERING),
    "request__subject", "request__batch",
)  # fmt: skip
HEARTBEAT_SECONDS = 15
PIECE = 64 * 1024


def waiting(now: datetime) -> list[UUID]:
    """Parcels that can be built now: approved, and every system has handed its rows out."""
    rows = Parcel.objects.filter(leases.free(now), state=Parcel.State.OPEN, request__state=State.DELIVERING)
    pending = WorkOrder.objects.filter(batch=OuterRef("request__batch"), operation=WorkOrder.Operation.EXPORT)
    rows = rows.exclude(Exists(pending.exclude(state__in=(WorkOrder.State.DONE, WorkOrder.State.WAIVED))))
    return list(rows.order_by("pk").values_list("pk", flat=True)[:100])


def build(parcel_id: UUID) -> None:
    """Build one package, unless another worker has it or it is not wanted any more."""
    now = timezone.now()
    parcel = OPEN.claim(parcel_id, now)
    if parcel is None:
        return
    fence: int = parcel.fence
    if parcel.attempts > settings.MOST_ATTEMPTS:
        _park(parcel, fence, "tries", "The package could not be built in several tries. Look at the log, then retry.")
        return
    settings.PARCEL_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = settings.PARCEL_DIR / f"{secrets.token_hex(16)}.part"
    try:
        _write(parcel, fence, draft)
    except base.Permanent as error:
        _park(parcel, fence, error.code, error.sentence)
    except leases.Fenced:
        logger.warning("parcel %s was taken over by another worker", parcel.pk)
    except (base.Temporary, OSError) as error:
        logger.warning("parcel %s could not be built now: %s", parcel.pk, type(error).__name__)
        leases.release(Parcel, parcel.pk, fence, later=timezone.now() + leases.backoff(parcel.attempts))
    finally:
        draft.unlink(missing_ok=True)


def stream(parcel: Parcel, session: PersonSession, *, now: datetime, password: str = "") -> Iterator[bytes]:
    """The ZIP, decrypted frame by frame, or locked anew with a password that the person chose. Raises Refused before the first
    byte when it may not be fetched.

    Each call counts as one download. Raises sealed.Tampered in the middle when the file is not what was written.
    """
    request = Request.objects.select_related("batch").get(pk=parcel.request_id)
    owner = request.subject_id
    if session.subject_id != owner or request.batch is None or request.batch.subject_id != owner:
        raise Refused(gettext("There is no such package here."), code="not_yours")
    if request.stopped_at is not None:
        raise Refused(gettext("This request was stopped. We make sure who asked; you hear from us."), code="stopped")
    if session.fresh_until is None or session.fresh_until <= now:
        raise Refused(gettext("Confirm once more that it is you: we mail you a new link."), code="not_fresh")
    fresh = Parcel.objects.get(pk=parcel.pk)
    if fresh.state != Parcel.State.READY or fresh.expires_at is None or fresh.expires_at <= now:
        raise Refused(gettext("This package is not available any more. Ask for a new copy."), code="parcel_gone")
    with ExitStack() as undo:
        source = undo.enter_context(_open(fresh))
        _count(fresh, request, now)
        undo.pop_all()
    return _pieces(source, fresh, password)


def take_over(parcel: Parcel, *, by: User, password: str = "") -> Iterator[bytes]:
    """The ZIP for a colleague who hands it over in another way than the portal: by post, in person, by a pipeline.

    Raises Refused before the first byte when their role may not, or there is no package.
    """
    if not by.has_perm("requests_app.approve_request"):
        raise Refused("Your role may not take packages out. Ask a colleague who approves requests.", code="not_allowed")
    fresh = Parcel.objects.select_related("request").get(pk=parcel.pk)
    if fresh.state != Parcel.State.READY or fresh.expires_at is None or fresh.expires_at <= timezone.now():
        raise Refused("There is no package to take: it is not built yet, or destroyed.", code="parcel_gone")
    with ExitStack() as undo:
        source = undo.enter_context(_open(fresh))
        with log.atomic():
            request = locks.request(fresh.request_id)
            log.record("parcel.taken_over", actor=actors.staff(by.pk), noun=request, subject_id=request.subject_id)
        undo.pop_all()
    return _pieces(source, fresh, password)


def destroy_expired(now: datetime) -> int:
    """Destroy the packages whose day has come: key first, then the file; how many."""
    destroyed = 0
    for row in Parcel.objects.filter(state=Parcel.State.READY, expires_at__lte=now).order_by("pk")[:500]:
        with log.atomic():
            request = locks.request(row.request_id)
            ready = Parcel.objects.filter(pk=row.pk, state=Parcel.State.READY)
            if not ready.update(state=Parcel.State.EXPIRED, key="", file_name=""):
                continue
            log.record(
                "parcel.destroyed", actor=BUILDER, noun=request, subject_id=request.subject_id, downloads=row.downloads
            )
        failpoint("parcel.after_key_emptied")
        _remove(row.file_name)
        destroyed += 1
    return destroyed


def tidy_folder(now: datetime) -> int:
    """Remove what a killed build left behind: files an hour old that no package knows; how many."""
    limit = now - timedelta(hours=1)
    keeper: stores.Store = store()
    drafts = stores.Folder(settings.PARCEL_DIR)
    known = set(Parcel.objects.exclude(file_name="").values_list("file_name", flat=True))
    known |= set(Pack.objects.exclude(file_name="").values_list("file_name", flat=True))
    known |= set(Paper.objects.exclude(file_name="").values_list("file_name", flat=True))
    removed = 0
    for place in {id(keeper): keeper, id(drafts): drafts}.values():
        for name in place.older(limit):
            if name not in known:
                place.remove(name)
                removed += 1
    return removed


def retry(parcel: Parcel, *, by: User) -> None:
    """Build a parked package again."""
    if not by.has_perm("requests_app.decide_request"):
        raise Refused("Your role may not retry packages. Ask a colleague who reviews requests.", code="not_allowed")
    who = actors.staff(by.pk)
    with log.atomic():
        request = locks.request(parcel.request_id)
        parked = Parcel.objects.filter(pk=parcel.pk, state=Parcel.State.PARKED)
        if not parked.update(state=Parcel.State.OPEN, park_reason="", attempts=0, next_try_at=None):
            raise Refused("This package is not parked any more.", code="state_conflict")
        log.record("parcel.retried", actor=who, noun=request, subject_id=request.subject_id)
        attention.refresh(request.pk, actor=who)


def _write(parcel: Parcel, fence: int, draft: Path) -> None:
    request = parcel.request
    if request.batch is None or request.batch.subject_id != request.subject_id:
        raise base.Permanent("owner", "The search belongs to another person. Tell your privacy team's administrator.")
    key = sealed.new_key()
    with draft.open("xb") as target:
        os.chmod(draft, 0o600)
        writer = sealed.Writer(cast(BinaryIO, target), key)
        rows = package.write(cast(BinaryIO, writer), request, beat=_heartbeat(parcel, fence))
        writer.close()
        target.flush()
        os.fsync(target.fileno())
    failpoint("parcel.before_rename")
    name = f"{draft.stem}.sealed"
    store().keep(draft, name)
    failpoint("parcel.after_rename")
    now = timezone.now()
    try:
        with log.atomic():
            locks.request(request.pk)
            leases.release(
                Parcel,
                parcel.pk,
                fence,
                state=Parcel.State.READY,
                file_name=name,
                key=base64.b64encode(key).decode(),
                size=writer.size,
                rows=rows,
                digest=writer.digest,
                built_at=now,
                expires_at=now + timedelta(days=settings.PARCEL_DAYS),
                attempts=0,
            )
            facts = {"rows": rows, "bytes": writer.size}
            log.record("parcel.built", actor=BUILDER, noun=request, subject_id=request.subject_id, **facts)
            ring(bells.advance_request, request.pk)
    except leases.Fenced:
        store().remove(name)
        raise


def _heartbeat(parcel: Parcel, fence: int) -> Any:
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last > HEARTBEAT_SECONDS:
            leases.renew(Parcel, parcel.pk, fence, timezone.now())
            last = time.monotonic()

    return beat


def _park(parcel: Parcel, fence: int, code: str, reason: str) -> None:
    with log.atomic():
        request = locks.request(parcel.request_id)
        leases.release(Parcel, parcel.pk, fence, state=Parcel.State.PARKED, park_reason=reason)
        log.record("parcel.parked", actor=BUILDER, noun=request, subject_id=request.subject_id, code=code)
        attention.refresh(request.pk, actor=BUILDER)


def _open(parcel: Parcel) -> BinaryIO:
    try:
        return store().open(parcel.file_name)
    except OSError as error:
        logger.error("the file of parcel %s cannot be opened: %s", parcel.pk, type(error).__name__)
        raise Refused(
            gettext("This package cannot be read now. Write to us, and we make a new one."), code="parcel_gone"
        ) from error


def _count(parcel: Parcel, request: Request, now: datetime) -> None:
    with log.atomic():
        locks.request(request.pk)
        allowed = Parcel.objects.filter(
            pk=parcel.pk, state=Parcel.State.READY, expires_at__gt=now, downloads__lt=settings.PARCEL_DOWNLOADS
        )
        if not allowed.update(downloads=F("downloads") + 1):
            raise Refused(
                gettext("This package was fetched %(times)d times already. Ask for a new copy.")
                % {"times": settings.PARCEL_DOWNLOADS},
                code="parcel_used_up",
            )
        log.record(
            "parcel.fetched",
            actor=actors.person(request.subject_id),
            noun=request,
            subject_id=request.subject_id,
            download=parcel.downloads + 1,
        )


def _remove(name: str) -> None:
    """The key is gone already: a file that cannot be removed now is noise, and the next tidying takes it."""
    try:
        store().remove(name)
    except OSError as error:
        logger.warning("a destroyed package could not be removed yet: %s", type(error).__name__)


def _pieces(source: BinaryIO, parcel: Parcel, password: str) -> Iterator[bytes]:
    key = base64.b64decode(parcel.key)
    return locked.pieces(source, key, password) if password else _frames(source, key)


def _frames(source: BinaryIO, key: bytes) -> Iterator[bytes]:
    with source:
        yield from sealed.read(source, key)
