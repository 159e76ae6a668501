"""The conductor of packs: asked for, built by a worker, fetched, destroyed.

As with a person's package: the row is written first, a worker claims it and writes an encrypted file under a random name, the
row learns name and key last. Killed anywhere, the next build starts anew with another key; the leaving is tidied away.
"""

import base64
import logging
import os
import secrets
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.bell import ring
from audit.refusal import Refused
from privacyops import bells
from privacyops.packs import content
from privacyops.reports.periods import Period
from requests_app.models import Pack, Request
from subjects import sealed
from subjects.stores import store

logger = logging.getLogger(__name__)

BUILDER = actors.worker("packs.building")
MAKE, REVEAL = "requests_app.make_pack", "subjects.reveal_datasubject"
# More cases than this are several packs: one is built by one worker within its time.
MOST_CASES = 300
SHORTEST_REASON, LONGEST_REASON = 10, 300
PACK_DAYS = 14
BEAT_SECONDS = 10


def ask(
    *, by: User, request: Request | None = None, first: date | None = None, last: date | None = None,
    clear: bool = False, reason: str = "",
) -> Pack:  # fmt: skip
    """Order a pack of one case, or of a period. Raises Refused."""
    _may(by, clear)
    words = reason.strip()
    if clear and not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise Refused("Say in 10 to 300 characters why it needs personal data.", code="reason_missing", field="reason")
    if request is None:
        _check(first, last)
    with log.atomic():
        pack = Pack.objects.create(
            request=request, first_on=None if request else first, last_on=None if request else last, clear=clear,
            reason=words if clear else "", reasoned=clear, asked_by=by,
        )  # fmt: skip
        _record("pack.asked", pack, actors.staff(by.pk), clear=clear)
        ring(bells.build_pack, pack.pk)
    return pack


def _check(first: date | None, last: date | None) -> None:
    if first is None or last is None or last < first:
        raise Refused("Choose the first and the last day of the period.", code="period", field="last")
    count = _requests(first, last).count()
    if not count:
        raise Refused("No request arrived or ended in these days.", code="period_empty", field="last")
    if count > MOST_CASES:
        raise Refused(
            f"These are {count:,} requests; a pack holds at most {MOST_CASES}. Choose a shorter period.",
            code="period_long", field="last",
        )  # fmt: skip


def _period(first: date, last: date) -> Period:
    return Period(first, last, ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))


def _requests(first: date, last: date) -> "QuerySet[Request]":
    """What arrived or ended in these days."""
    period = _period(first, last)
    came = Q(received_at__gte=period.start, received_at__lt=period.end)
    went = Q(closed_at__gte=period.start, closed_at__lt=period.end)
    return Request.objects.filter(came | went).order_by("received_at")


def waiting(now: datetime) -> list[UUID]:
    """Packs that can be built now."""
    rows = Pack.objects.filter(leases.free(now), state=Pack.State.OPEN)
    return list(rows.order_by("asked_at").values_list("pk", flat=True)[:50])


def build(pack_id: UUID) -> None:
    """Build one pack, unless another worker has it."""
    rows = Pack.objects.filter(state=Pack.State.OPEN).select_related("request")
    pack = leases.claim(rows, pack_id, timezone.now())
    if pack is None:
        return
    if pack.attempts > settings.MOST_ATTEMPTS:
        words = (
            "It could not be built in several tries. Look at the log, then ask for it again; a shorter period may help."
        )
        leases.release(Pack, pack.pk, pack.fence, state=Pack.State.PARKED, park_reason=words)
        return
    settings.PARCEL_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = settings.PARCEL_DIR / f"{secrets.token_hex(16)}.part"
    try:
        _write(pack, pack.fence, draft)
    except leases.Fenced:
        logger.warning("pack %s was taken over by another worker", pack.pk)
    except Refused as refused:
        leases.release(Pack, pack.pk, pack.fence, state=Pack.State.PARKED, park_reason=refused.message[:300])
    except OSError as error:
        logger.warning("pack %s could not be built now: %s", pack.pk, type(error).__name__)
        leases.release(Pack, pack.pk, pack.fence, later=timezone.now() + leases.backoff(pack.attempts))
    finally:
        draft.unlink(missing_ok=True)


def _write(pack: Pack, fence: int, draft: Path) -> None:
    period, key = None, sealed.new_key()
    if pack.request is not None:
        requests = [pack.request]
    else:
        assert pack.first_on is not None and pack.last_on is not None  # a constraint of the table
        period, requests = _period(pack.first_on, pack.last_on), list(_requests(pack.first_on, pack.last_on))
    with draft.open("xb") as target:
        os.chmod(draft, 0o600)
        writer = sealed.Writer(cast(BinaryIO, target), key)
        content.write(cast(BinaryIO, writer), pack, requests, period=period, beat=_heartbeat(pack, fence))
        writer.close()
        target.flush()
        os.fsync(target.fileno())
    name, now = f"{draft.stem}.sealed", timezone.now()
    store().keep(draft, name)
    try:
        with log.atomic():
            leases.release(
                Pack, pack.pk, fence, state=Pack.State.READY, file_name=name, key=base64.b64encode(key).decode(),
                size=writer.size, digest=writer.digest, cases=len(requests), built_at=now, attempts=0,
                expires_at=now + timedelta(days=PACK_DAYS),
            )  # fmt: skip
            # The digest stands in the chain from now on: the next pack proves this one.
            _record("pack.built", pack, BUILDER, cases=len(requests), bytes=writer.size, digest=writer.digest)
    except leases.Fenced:
        store().remove(name)
        raise


def _heartbeat(pack: Pack, fence: int) -> Any:
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last > BEAT_SECONDS:
            leases.renew(Pack, pack.pk, fence, timezone.now())
            last = time.monotonic()

    return beat


def fetch(pack: Pack, *, by: User) -> Iterator[bytes]:
    """The ZIP, decrypted frame by frame. Each fetch is counted and an event. Raises Refused before the first byte."""
    fresh = Pack.objects.select_related("request").get(pk=pack.pk)
    _may(by, fresh.clear)
    if fresh.state != Pack.State.READY or fresh.expires_at is None or fresh.expires_at <= timezone.now():
        raise Refused("This pack is not built yet, or destroyed. Ask for it again.", code="pack_gone")
    try:
        source = store().open(fresh.file_name)
    except OSError as error:
        logger.error("the file of pack %s cannot be opened: %s", fresh.pk, type(error).__name__)
        raise Refused("This pack cannot be read any more. Ask for it again.", code="pack_gone") from error
    with log.atomic():
        Pack.objects.filter(pk=fresh.pk).update(downloads=F("downloads") + 1)
        _record("pack.fetched", fresh, actors.staff(by.pk), clear=fresh.clear, download=fresh.downloads + 1)
    return _frames(source, base64.b64decode(fresh.key))


def _frames(source: BinaryIO, key: bytes) -> Iterator[bytes]:
    with source:
        yield from sealed.read(source, key)


def destroy_expired(now: datetime) -> int:
    """Destroy the packs whose day has come: key first, then the file; how many."""
    destroyed = 0
    for row in Pack.objects.filter(state=Pack.State.READY, expires_at__lte=now).order_by("pk")[:200]:
        with log.atomic():
            ready = Pack.objects.filter(pk=row.pk, state=Pack.State.READY)
            if not ready.update(state=Pack.State.EXPIRED, key="", file_name=""):
                continue
            _record("pack.destroyed", row, BUILDER, downloads=row.downloads)
        try:
            store().remove(row.file_name)
        except OSError as error:  # without its key it is noise, and the next tidying takes it
            logger.warning("a destroyed pack could not be removed yet: %s", type(error).__name__)
        destroyed += 1
    return destroyed


def _may(by: User, clear: bool) -> None:
    if not by.has_perm(MAKE):
        raise Refused("Your role may not make packs of evidence. Ask your privacy officer.", code="not_allowed")
    if clear and not by.has_perm(REVEAL):
        raise Refused("Your role sees masked data only. Ask for it masked.", code="not_allowed", field="clear")


def _record(name: str, pack: Pack, actor: actors.Actor, **facts: object) -> None:
    subject = pack.request.subject_id if pack.request is not None else None
    log.record(name, actor=actor, noun=pack, subject_id=subject, **facts)
