"""A mail becomes a row before anything else is done with it: sealed as it came, and what it is gets decided afterwards."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.bell import ring
from audit.failpoints import failpoint
from requests_app import bells, uploads
from requests_app.models import InboundMail

TAKER = actors.worker("requests.inbox")
State, Reason = InboundMail.State, InboundMail.Reason
SETTLED = (State.MATCHED, State.IGNORED, State.REFUSED)
AT_ONCE = 500


def take(
    raw: bytes, *, folder: str, validity: int, uid: int, arrived_at: datetime, size: int | None = None
) -> InboundMail:
    """The row of this mail; one that is known already is returned as it is. Raises OSError.

    `size` larger than MAILBOX_MB: `raw` holds the headers only, and a colleague looks into the mailbox.
    """
    whole = len(raw) if size is None else size
    place = {"folder": folder, "validity": validity, "uid": uid}
    known = InboundMail.objects.filter(**place).first()
    if known is not None:
        return known
    kept = uploads.sealed_copy(raw)
    large = whole > settings.MAILBOX_MB * 1024 * 1024
    try:
        with log.atomic():
            row = InboundMail.objects.create(
                **place,
                arrived_at=min(arrived_at, timezone.now()),
                size=whole,
                raw_file=kept.file_name,
                raw_key=kept.key,
                state=State.PARKED if large else State.NEW,
                reason=Reason.LARGE if large else Reason.NONE,
                park_reason=_large(whole) if large else "",
            )
            log.record("mail.taken", actor=TAKER, noun=row, bytes=whole)
            if not large:
                ring(bells.settle_mail, row.pk)
            failpoint("mail.before_commit")
    except IntegrityError:  # another worker took it at the same time
        uploads.forget(kept.file_name)
        return InboundMail.objects.get(**place)
    return row


def forget(now: datetime) -> int:
    """Forget mails that were decided MAILBOX_DAYS ago: their words, their sender and the mail itself; how many."""
    limit = now - timedelta(days=settings.MAILBOX_DAYS)
    rows = InboundMail.objects.filter(state__in=SETTLED, forgotten_at=None, taken_at__lt=limit)
    gone = list(rows.order_by("taken_at")[:AT_ONCE])
    for row in gone:
        with log.atomic():
            InboundMail.objects.filter(pk=row.pk).update(
                forgotten_at=now, sender="", sender_name="", sender_index="", subject_line="", text="", raw_file="",
                raw_key="", guess={},
            )  # fmt: skip
            log.record("mail.forgotten", actor=TAKER, noun=row)
        uploads.forget(row.raw_file)
    return len(gone)


def _large(size: int) -> str:
    has, most = -(-size // (1024 * 1024)), settings.MAILBOX_MB
    return f"This mail has {has} MB; we take {most}. Read it in the mailbox, and enter a request by hand if it is one."
