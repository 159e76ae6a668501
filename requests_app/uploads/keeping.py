"""Files at rest: each sealed with a key of its own under a random name, handed out with an event, destroyed on its day.

The sealed file comes first and the row second: a crash between them leaves noise that nobody holds a key for, which `tidy`
removes. Destroying empties the key first: without it the file is noise, even where it cannot be removed.
"""

import base64
import logging
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, cast

from django.conf import settings
from django.utils.translation import gettext

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.failpoints import failpoint
from audit.refusal import Refused
from requests_app import locks
from requests_app.models import Attachment, InboundMail, Message, State
from requests_app.uploads.judging import Clean
from subjects import sealed
from subjects.stores import Folder, files

logger = logging.getLogger(__name__)
KEEPER = actors.worker("requests.uploads")
AT_ONCE = 500


@dataclass(frozen=True)
class Sealed:
    """Where a sealed file lies, and its key."""

    file_name: str
    key: str


def sealed_copy(data: bytes) -> Sealed:
    """Store `data` encrypted, durably; plain bytes never reach the disk. Raises OSError."""
    key, name = sealed.new_key(), f"{secrets.token_hex(16)}.sealed"
    settings.UPLOAD_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = settings.UPLOAD_DIR / f"{name}.part"
    try:
        with draft.open("xb") as target:
            os.chmod(draft, 0o600)
            writer = sealed.Writer(cast(BinaryIO, target), key)
            writer.write(data)
            writer.close()
            target.flush()
            os.fsync(target.fileno())
        files().keep(draft, name)
    finally:
        draft.unlink(missing_ok=True)
    failpoint("upload.after_sealed")
    return Sealed(name, base64.b64encode(key).decode())


def unsealed(file_name: str, key: str) -> Iterator[bytes]:
    """The plain bytes, a frame at a time. Raises OSError here; sealed.Tampered here or while it is read."""
    return _frames(files().open(file_name), base64.b64decode(key))


def attach(message: Message, clean: Clean, kept: Sealed) -> Attachment:
    """The row of a sealed file, in the caller's transaction."""
    return Attachment.objects.create(
        message=message,
        name=clean.name,
        media=clean.media,
        size=len(clean.data),
        file_name=kept.file_name,
        key=kept.key,
    )


def fetch(attachment: Attachment, *, actor: Actor) -> Iterator[bytes]:
    """The file for somebody who may have it, which the caller made sure of; an event. Raises Refused when it is gone."""
    if attachment.destroyed_at is not None or not attachment.key:
        raise Refused(gettext("This file was destroyed some time after the request had ended."), code="file_gone")
    try:
        pieces = unsealed(attachment.file_name, attachment.key)
    except OSError as error:
        logger.error("the file of attachment %s cannot be opened: %s", attachment.pk, type(error).__name__)
        words = gettext("This file cannot be read now. Try again later, or write to us.")
        raise Refused(words, code="file_gone") from error
    request = attachment.message.request
    with log.atomic():
        log.record(
            "attachment.fetched", actor=actor, noun=request, subject_id=request.subject_id, attachment=attachment.pk
        )
    return pieces


def destroy_old(now: datetime) -> int:
    """Destroy files of requests that ended ATTACHMENT_DAYS ago: key first, then the file; how many."""
    limit = now - timedelta(days=settings.ATTACHMENT_DAYS)
    rows = Attachment.objects.filter(
        destroyed_at=None, message__request__state=State.CLOSED, message__request__closed_at__lte=limit
    )
    destroyed = 0
    for row in rows.select_related("message").order_by("pk")[:AT_ONCE]:
        with log.atomic():
            request = locks.request(row.message.request_id)
            if not Attachment.objects.filter(pk=row.pk, destroyed_at=None).update(
                destroyed_at=now, key="", file_name="", name=""
            ):
                continue
            log.record(
                "attachment.destroyed", actor=KEEPER, noun=request, subject_id=request.subject_id, attachment=row.pk
            )
        forget(row.file_name)
        destroyed += 1
    return destroyed


def forget(file_name: str) -> None:
    """Remove a file whose key is gone: one that cannot be removed now is noise, and the next tidying takes it."""
    if not file_name:
        return
    try:
        files().remove(file_name)
    except OSError as error:
        logger.warning("a destroyed file could not be removed yet: %s", type(error).__name__)


def tidy(now: datetime) -> int:
    """Remove files an hour old that no row knows: leavings of a crash, and of rows that went with their case; how many."""
    limit, removed = now - timedelta(hours=1), 0
    keeper, drafts = files(), Folder(settings.UPLOAD_DIR)
    known: set[str] | None = None
    for place in (keeper, drafts) if settings.PARCEL_STORE else (drafts,):
        for name in place.older(limit):
            known = _known() if known is None else known
            if name not in known:
                place.remove(name)
                removed += 1
    return removed


def _known() -> set[str]:
    rows = Attachment.objects.exclude(file_name="").values_list("file_name", flat=True)
    mails = InboundMail.objects.exclude(raw_file="").values_list("raw_file", flat=True)
    return {*rows, *mails}


def _frames(source: BinaryIO, key: bytes) -> Iterator[bytes]:
    with source:
        yield from sealed.read(source, key)
