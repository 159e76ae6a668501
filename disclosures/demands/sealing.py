"""Sealed copies of what left: encrypted before the first byte reaches the disk, each under a key of its own.

The digest (SHA-256 of the plain file) stands in the row and in the event chain; so years later anybody can show that a file is,
or is not, what we gave. The sealed file comes first and the row second: a crash between them leaves noise without a key, which
`tidy` removes. A copy is destroyed after DEMAND_COPY_DAYS, key first; the digest stays.
"""

import base64
import hashlib
import logging
import os
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import File
from django.db.models import Max

from audit import log
from audit.failpoints import failpoint
from audit.refusal import Refused
from disclosures.demands import table
from disclosures.demands.registering import locked, may, note
from disclosures.models import DemandFile, LegalDemand
from subjects import sealed, stores

logger = logging.getLogger(__name__)

MOST_BYTES = 20 * 1024 * 1024
MOST_FILES = 100
AT_ONCE = 200


def seal(demand: LegalDemand, file: "File[Any]", *, by: User) -> DemandFile:
    """Keep a sealed copy of a file that is about to leave. The same file twice is one row. Raises Refused, OSError."""
    may(by, "change_legaldemand")
    if not file.size:
        raise Refused("This file is empty. Choose another one.", code="file_empty", field="file")
    if file.size > MOST_BYTES:
        raise Refused("This file is larger than 20 MB. Give it in parts.", code="file_size", field="file")
    if demand.state != table.APPROVED:
        raise Refused("Files are sealed once the demand is approved, and before they leave.", code="state_conflict")
    name, key, digest, size = _written(file)
    failpoint("demand.after_sealed")
    try:
        with log.atomic():
            fresh = locked(demand)
            same = fresh.files.filter(digest=digest).first()
            if same is not None:
                stores.demands().remove(name)
                return same
            if fresh.state != table.APPROVED or fresh.files.count() >= MOST_FILES:
                raise Refused("This demand takes no more files.", code="state_conflict", field="file")
            number = (fresh.files.aggregate(last=Max("number"))["last"] or 0) + 1
            row = DemandFile.objects.create(
                demand=fresh, number=number, label=(file.name or "")[:200], digest=digest, size=size, file_name=name,
                key=base64.b64encode(key).decode(), added_by=by,
            )  # fmt: skip
            note("demand.file_sealed", fresh, by, number=number, digest=digest, bytes=size)
    except Refused:
        stores.demands().remove(name)
        raise
    return row


def _written(file: "File[Any]") -> tuple[str, bytes, str, int]:
    key, name = sealed.new_key(), f"{secrets.token_hex(16)}.sealed"
    settings.DEMAND_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = settings.DEMAND_DIR / f"{name}.part"
    try:
        with draft.open("xb") as target:
            os.chmod(draft, 0o600)
            writer = sealed.Writer(cast(BinaryIO, target), key)
            for piece in file.chunks():
                writer.write(piece)
            writer.close()
            target.flush()
            os.fsync(target.fileno())
        stores.demands().keep(draft, name)
    finally:
        draft.unlink(missing_ok=True)
    return name, key, writer.digest, writer.size


def drop(demand: LegalDemand, number: int, *, by: User) -> None:
    """Take a copy out again before anything left. Raises Refused."""
    may(by, "change_legaldemand")
    with log.atomic():
        fresh = locked(demand)
        row = fresh.files.filter(number=number).first()
        if row is None or fresh.state in (table.DISCLOSED, table.REFUSED, table.WITHDRAWN):
            raise Refused("What left stays in the register.", code="state_conflict")
        digest, name = row.digest, row.file_name
        row.delete()
        note("demand.file_dropped", fresh, by, number=number, digest=digest)
    _removed(name)


def fetch(file: DemandFile, *, by: User) -> Iterator[bytes]:
    """The plain bytes of a copy, a frame at a time; an event. Raises Refused before the first byte."""
    may(by, "change_legaldemand")
    if not file.key:
        raise Refused("This copy was destroyed. Its digest still tells whether a file is the same.", code="file_gone")
    try:
        source = stores.demands().open(file.file_name)
    except OSError as error:
        logger.error("the sealed copy %s cannot be opened: %s", file.pk, type(error).__name__)
        raise Refused("This copy cannot be read now. Ask your administrator.", code="file_gone") from error
    with log.atomic():
        note("demand.file_fetched", file.demand, by, number=file.number)
    return _frames(source, base64.b64decode(file.key))


def digest_of(file: "File[Any]") -> str:
    """SHA-256 of an uploaded file, read in pieces and kept nowhere."""
    found = hashlib.sha256()
    for piece in file.chunks():
        found.update(piece)
    return found.hexdigest()


def known(digest: str) -> list[DemandFile]:
    """Every file that left with this digest, newest first; one query."""
    rows = DemandFile.objects.filter(digest=digest, demand__state=table.DISCLOSED)
    return list(rows.select_related("demand__authority").order_by("-demand__disclosed_at"))


def destroy_old(now: datetime) -> int:
    """Destroy copies whose time is over: key first, then the file; how many."""
    limit = now - timedelta(days=settings.DEMAND_COPY_DAYS)
    old = DemandFile.objects.filter(demand__closed_at__lte=limit).exclude(file_name="")
    destroyed = 0
    for row in old.select_related("demand").order_by("pk")[:AT_ONCE]:
        with log.atomic():
            mine = DemandFile.objects.filter(pk=row.pk, file_name=row.file_name)
            if not mine.update(key="", file_name="", label=""):
                continue
            note("demand.file_destroyed", row.demand, None, number=row.number, digest=row.digest)
        _removed(row.file_name)
        destroyed += 1
    return destroyed


def tidy(now: datetime) -> int:
    """Remove files an hour old that no row knows: leavings of a crash; how many."""
    limit, removed = now - timedelta(hours=1), 0
    places = [stores.demands()]
    if settings.PARCEL_STORE:
        places.append(stores.Folder(settings.DEMAND_DIR))
    for place in places:
        for name in place.older(limit):
            if not DemandFile.objects.filter(file_name=name).exists():
                place.remove(name)
                removed += 1
    return removed


def _removed(name: str) -> None:
    if not name:
        return
    try:
        stores.demands().remove(name)
    except OSError as error:  # without its key it is noise, and the next tidying takes it
        logger.warning("a sealed copy could not be removed yet: %s", type(error).__name__)


def _frames(source: BinaryIO, key: bytes) -> Iterator[bytes]:
    with source:
        yield from sealed.read(source, key)
