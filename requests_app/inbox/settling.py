"""What becomes of a mail: part of a request, a draft for a colleague, or passed over with its reason. A mail proves nobody.

1. `settle` claims the row, reads the sealed mail and decides; killed anywhere, the next try decides the same again.
2. A mail belongs to a request when it answers a letter of ours (its Message-ID is known to nobody else), or when a reference
   stands in its subject. It becomes a message that is marked as not proved; answers go to the address on file as ever.
3. What no person wrote, what we wrote ourselves, and more than so many of one sender in an hour, is kept and passed over.
4. Everything else is a draft. What cannot be read is parked in sight.
"""

import hashlib
import hmac
import logging
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

import law
from audit import leases, log
from audit.failpoints import failpoint
from audit.refusal import Refused
from requests_app import conversation, letters, policy, stationery, uploads
from requests_app.inbox import reading, sorting
from requests_app.inbox.taking import TAKER
from requests_app.models import InboundMail, Letter, Request
from subjects import identifiers, sealed, vault
from subjects.models import Identifier

logger = logging.getLogger(__name__)
State, Reason = InboundMail.State, InboundMail.Reason
EVENTS = {
    State.MATCHED: "mail.matched",
    State.DRAFT: "mail.drafted",
    State.IGNORED: "mail.ignored",
    State.PARKED: "mail.parked",
}
BROKEN = "This mail cannot be taken apart: it is broken, or made to be. Read it in the mailbox, and enter it by hand."
NO_SENDER = "This mail names no sender that we could write to. Read it, and enter a request by hand if it is one."


def waiting(now: datetime) -> list[UUID]:
    """Mails that nobody looked into yet, the oldest first."""
    rows = InboundMail.objects.filter(leases.free(now), state=State.NEW)
    return list(rows.order_by("arrived_at").values_list("pk", flat=True)[:200])


def settle(mail_id: UUID) -> None:
    """Decide what one mail is, unless another worker does."""
    now = timezone.now()
    row = leases.claim(InboundMail.objects.filter(state=State.NEW), mail_id, now)
    if row is None:
        return
    fence = row.fence
    try:
        if row.attempts > settings.MOST_ATTEMPTS:
            _end(row, fence, State.PARKED, reason=Reason.BROKEN, park_reason=BROKEN)
            return
        _settle(row, fence)
    except (OSError, sealed.Tampered, IntegrityError) as error:
        logger.warning("mail %s could not be read now: %s", row.pk, type(error).__name__)
        leases.release(InboundMail, row.pk, fence, later=now + leases.backoff(row.attempts))
    except leases.Fenced:
        logger.warning("mail %s was taken over by another worker", row.pk)


def opened(row: InboundMail) -> reading.Mail:
    """The mail of a row, taken apart. Raises reading.Unreadable, OSError, sealed.Tampered; Refused when it is forgotten."""
    return reading.read(_raw(row))


def _raw(row: InboundMail) -> bytes:
    if not row.raw_file:
        raise Refused("This mail was forgotten some time after it was decided.", code="mail_gone")
    return b"".join(uploads.unsealed(row.raw_file, row.raw_key))


def _settle(row: InboundMail, fence: int) -> None:
    raw = _raw(row)
    try:
        mail = reading.read(raw)
    except reading.Unreadable:
        _end(row, fence, State.PARKED, reason=Reason.BROKEN, park_reason=BROKEN)
        return
    known = _facts(row, mail, raw)
    print_ = fingerprint(mail, raw)
    if InboundMail.objects.filter(fingerprint=print_).exclude(pk=row.pk).exists():
        _end(row, fence, State.IGNORED, reason=Reason.TWICE, **known)
        return
    known["fingerprint"] = print_
    request = _request(mail)
    own = {settings.COMPANY_EMAIL.lower(), parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower()}
    reason = sorting.reason(mail, own=own, host=settings.SITE_HOST)
    if reason == Reason.BOUNCE:
        known["letter"] = _came_back(mail)
    elif not reason and _too_many(known["sender_index"], row):
        reason = Reason.FLOOD
    if reason:
        _end(row, fence, State.IGNORED, reason=reason, request=request, **known)
    elif request is not None:
        _matched(row, fence, request, mail, known)
    elif not known["sender_index"]:
        _end(row, fence, State.PARKED, reason=Reason.SENDER, park_reason=NO_SENDER, **known)
    else:
        _end(row, fence, State.DRAFT, guess=guess_for(mail), **known)


def post(row: InboundMail, mail: reading.Mail, request: Request, index: str) -> conversation.Post:
    """What of a mail goes into the conversation about a request: subject, words, files, when it arrived, and whether its
    sender (by the blind index) is an address of the person, which anybody may write into a mail.
    """
    said = f"{mail.subject}\n\n{mail.text}" if mail.subject else mail.text
    files = [uploads.Given(one.name, one.data) for one in mail.files]
    theirs = Identifier.objects.filter(subject=request.subject_id, kind=Identifier.Kind.EMAIL, blind_index=index)
    words = said[: policy.LONGEST_MAIL].strip()
    return conversation.Post(f"mail-{row.pk}", words, files, row.arrived_at, bool(index) and theirs.exists())


def fingerprint(mail: reading.Mail, raw: bytes) -> str:
    """The same mail by two ways (an alias, a folder that was made anew) has one: its Message-ID and what it says."""
    body = raw.partition(b"\r\n\r\n")[2] or raw.partition(b"\n\n")[2]
    parts = (mail.message_id.encode(), mail.sender.lower().encode(), body if mail.message_id else raw)
    key = hashlib.sha256(b"privacyops mail v1" + settings.INDEX_KEY.encode()).digest()
    return hmac.new(key, b"\0".join(parts), hashlib.sha256).hexdigest()


def guess_for(mail: reading.Mail) -> dict[str, str]:
    """What the words of a mail suggest."""
    return sorting.guess(mail, dict(law.residences()), stationery.LANGUAGES)


def _facts(row: InboundMail, mail: reading.Mail, raw: bytes) -> dict[str, Any]:
    try:
        index = vault.blind_index("email", identifiers.email(mail.sender)) if mail.sender else ""
    except Refused:
        index = ""
    return {
        "sender": mail.sender,
        "sender_name": mail.sender_name,
        "sender_index": index,
        "subject_line": mail.subject[:300],
        "text": mail.text,
        "files": len(mail.files),
        "authentication": reading.authentication(raw, settings.MAILBOX_AUTHSERV_IDS)[:60],
    }


def _request(mail: reading.Mail) -> Request | None:
    """The request that a mail is about: by the letter that it answers, else by the one reference in its subject."""
    answered = Letter.objects.filter(message_id__in=mail.answers, to__isnull=True).select_related("request")
    letter = answered.order_by("-queued_at").first()
    if letter is not None:
        return letter.request
    named = sorting.references(mail.subject)
    return Request.objects.filter(reference=named[0]).first() if len(named) == 1 else None


def _too_many(index: str, row: InboundMail) -> bool:
    """Whether this sender sent more within an hour than we look at: somebody's loop, or a flood."""
    if not index:
        return False
    since = row.arrived_at - timedelta(hours=1)
    recent = InboundMail.objects.filter(sender_index=index, arrived_at__gt=since, arrived_at__lte=row.arrived_at)
    return recent.exclude(pk=row.pk).count() >= settings.MAILBOX_PER_SENDER


def _came_back(mail: reading.Mail) -> Letter | None:
    """A letter of ours that the report is about. Who made the report up would have to know its Message-ID."""
    letter = Letter.objects.filter(message_id__in=mail.returned).first()
    if letter is not None and mail.action in ("failed", ""):
        letters.returned(letter, status=mail.status, actor=TAKER)
    return letter


def _matched(row: InboundMail, fence: int, request: Request, mail: reading.Mail, known: dict[str, Any]) -> None:
    message = conversation.arrived(request, mail=post(row, mail, request, known["sender_index"]), actor=TAKER)
    failpoint("mail.after_message")
    known["text"] = ""  # it stands in the message
    _end(row, fence, State.MATCHED, request=request, message=message, **known)


def _end(row: InboundMail, fence: int, state: str, **changes: Any) -> None:
    request, reason = changes.get("request"), changes.get("reason", "")
    with log.atomic():
        leases.release(InboundMail, row.pk, fence, state=state, attempts=0, **changes)
        facts = {"reason": reason} if reason else {}
        subject_id = request.subject_id if request is not None else None
        log.record(EVENTS[State(state)], actor=TAKER, noun=row, subject_id=subject_id, **facts)
