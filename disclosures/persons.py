"""Telling people themselves: a mail with a link and nothing about them, for legal demands and transactions.

1. `queue_*` writes one row for each person in the caller's transaction; for a transaction in one statement, however many.
2. `send` claims a row, talks to the mail server outside any transaction, and marks it afterwards. The Message-ID comes from the
   row: a mail that was taken but not marked goes out again as the same one.
3. What fails for now is tried again for days; somebody without an address, or a refused one, is parked for a colleague.
4. The link opens a page with a button (`behind`); what the message is about stands behind the button, for scanners open links.
"""

import base64
import binascii
import hmac
import logging
import smtplib
import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import connection
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac

from audit import actor as actors
from audit import leases, log
from audit.bell import ring
from audit.failpoints import failpoint
from audit.refusal import Refused
from disclosures.bells import send_person_notice
from disclosures.models import LegalDemand, PersonNotice, Transaction, TransactionPerson
from disclosures.notices import given_up
from subjects.models import DataSubject, Identifier

logger = logging.getLogger(__name__)

SENDER = actors.worker("disclosures.persons")
State, Kind = PersonNotice.State, PersonNotice.Kind
NAMESPACE = uuid.UUID("6f0f7b5e-6a5c-4d0e-9c55-5b7f0f2d8a11")
ID_BYTES, SEAL_BYTES = 8, 24
AT_ONCE = 200
WAIVE_REASONS = {
    "told_otherwise": "The person was told another way",
    "no_address": "There is no way to reach the person",
    "other": "Another reason",
}


def queue_demand(demand: LegalDemand, kind: str) -> int:
    """A row for everybody in a demand, in the caller's transaction; safe to repeat. How many there are."""
    now = timezone.now()
    rows = [
        PersonNotice(subject_id=one, kind=kind, demand=demand, queued_at=now)
        for one in demand.people.values_list("subject", flat=True)
    ]
    PersonNotice.objects.bulk_create(rows, ignore_conflicts=True)
    for pk in PersonNotice.objects.filter(demand=demand, kind=kind, state=State.QUEUED).values_list("pk", flat=True):
        ring(send_person_notice, pk)
    return len(rows)


def queue_transaction(transaction: Transaction) -> int:
    """A row for everybody concerned by a transaction, in one statement and the caller's transaction; safe to repeat."""
    people, notices = TransactionPerson._meta.db_table, PersonNotice._meta.db_table
    key = transaction.pk if connection.vendor == "postgresql" else transaction.pk.hex
    sql = (
        f'INSERT INTO "{notices}" (subject_id, kind, transaction_id, state, park_reason, queued_at, attempts, fence)'
        f" SELECT subject_id, %s, transaction_id, %s, '', %s, 0, 0 FROM \"{people}\" WHERE transaction_id = %s"
        " ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [Kind.TRANSACTION.value, State.QUEUED.value, timezone.now(), key])
        return int(cursor.rowcount)


def unsettled(about: LegalDemand | Transaction) -> bool:
    """Whether somebody concerned was not told yet: their mail waits for a server or for a colleague."""
    return about.notices.filter(state__in=(State.QUEUED, State.PARKED)).exists()


def waiting(now: datetime) -> list[int]:
    """Notices that can be sent now, the oldest first."""
    rows = PersonNotice.objects.filter(leases.free(now), state=State.QUEUED)
    return list(rows.order_by("queued_at", "pk").values_list("pk", flat=True)[:AT_ONCE])


def send(notice_id: int) -> None:
    """Send one, unless another worker has it or it is settled."""
    now = timezone.now()
    rows = PersonNotice.objects.filter(state=State.QUEUED).select_related("subject", "demand", "transaction")
    notice = leases.claim(rows, notice_id, now)
    if notice is None:
        return
    try:
        _send(notice, notice.fence, now)
    except leases.Fenced:
        logger.info("notice to a person %s was settled by somebody else meanwhile", notice.pk)


def _send(notice: PersonNotice, fence: int, now: datetime) -> None:
    address = _address(notice.subject)
    if not address:
        _park(notice, fence, "This person has no e-mail address. Tell them another way, then give this up.")
        return
    try:
        failpoint("person_notice.before_send")
        _mail(notice, address).send()
        failpoint("person_notice.after_send")
    except (smtplib.SMTPException, OSError) as error:
        _failed(notice, fence, error, now)
        return
    with log.atomic():
        leases.release(PersonNotice, notice.pk, fence, state=State.SENT, sent_at=timezone.now())
        _note("person.told", notice)


def _address(subject: DataSubject) -> str:
    """A proved address first, then one that our systems hold, then the oldest; "" if there is none."""
    who = subject.merged_into_id or subject.pk
    rows = Identifier.objects.filter(subject=who, kind=Identifier.Kind.EMAIL, claimed=False)
    best = F("proved_at").desc(nulls_last=True), F("held_at").desc(nulls_last=True), "created_at"
    found = rows.order_by(*best).first()
    return found.value if found is not None else ""


def _mail(notice: PersonNotice, address: str) -> EmailMessage:
    link = f"{settings.SITE_URL}/told/{token(notice)}/"
    context = {"company": settings.COMPANY_NAME, "company_email": settings.COMPANY_EMAIL, "link": link,
               "transaction": notice.kind == Kind.TRANSACTION}  # fmt: skip
    with translation.override(settings.PUBLIC_LANGUAGE):
        first, _, body = render_to_string("disclosures/person_notice.txt", context).strip().partition("\n")
    return EmailMessage(
        subject=" ".join(first.split())[:200],
        body=body.strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
        reply_to=[settings.COMPANY_EMAIL],
        headers={
            "Message-ID": f"<{uuid.uuid5(NAMESPACE, str(notice.pk))}@{settings.SITE_HOST}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        },
    )


def _failed(notice: PersonNotice, fence: int, error: Exception, now: datetime) -> None:
    code = _refusal(error)
    logger.warning("notice to a person %s was not taken: %s %s", notice.pk, type(error).__name__, code or "")
    if code:
        _park(notice, fence, f"The mail server refused the address or the mail ({code}). Tell them another way.")
    elif given_up(notice.queued_at, notice.attempts, now):
        _park(notice, fence, "No mail server took this for days. Check the mail settings, then send it again.")
    else:
        leases.release(PersonNotice, notice.pk, fence, later=now + leases.backoff(notice.attempts))


def _refusal(error: Exception) -> int | None:
    """The SMTP code where the server refused this very mail for good; None for what may pass (RFC 5321 4.2.1)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values() if code >= 500), None)
    if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500:
        return error.smtp_code
    return None


def _park(notice: PersonNotice, fence: int, reason: str) -> None:
    with log.atomic():
        leases.release(PersonNotice, notice.pk, fence, state=State.PARKED, park_reason=reason)
        _note("person.not_told", notice)


def _note(event: str, notice: PersonNotice, by: User | None = None, **facts: str) -> None:
    actor = actors.staff(by.pk) if by is not None else SENDER
    log.record(event, actor=actor, noun=notice, subject_id=notice.subject_id, kind=notice.kind, **facts)


# ---------------------------------------------------------------- the link


def token(notice: PersonNotice) -> str:
    """The last part of the person's link: the row's number and an HMAC of it under SECRET_KEY, 43 characters."""
    raw = notice.pk.to_bytes(ID_BYTES, "big") + _seal(notice.pk)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _seal(pk: int) -> bytes:
    return bytes(salted_hmac("disclosures.persons", str(pk), algorithm="sha256").digest()[:SEAL_BYTES])


def behind(text: str) -> PersonNotice | None:
    """The notice behind a link, or None."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
    if len(raw) != ID_BYTES + SEAL_BYTES:
        return None
    key = int.from_bytes(raw[:ID_BYTES], "big")
    if not hmac.compare_digest(_seal(key), raw[ID_BYTES:]):
        return None
    return PersonNotice.objects.select_related("demand__authority", "transaction__other_party").filter(pk=key).first()


def seen(notice: PersonNotice, now: datetime) -> None:
    """Somebody opened what the link leads to; the first time counts, and it stands in the log."""
    with log.atomic():
        if PersonNotice.objects.filter(pk=notice.pk, seen_at=None).update(seen_at=now):
            _note("person.notice_seen", notice)


# ---------------------------------------------------------------- what a colleague does with a parked one


def retry(notice: PersonNotice, *, by: User) -> None:
    """Send a parked one again; its days are counted anew. Raises Refused."""
    _decide(notice, by, "retry_personnotice", "person.notice_retried", state=State.QUEUED, attempts=0,
            next_try_at=None, queued_at=timezone.now())  # fmt: skip


def waive(notice: PersonNotice, *, by: User, reason_code: str) -> None:
    """Give a parked one up, for a reason of WAIVE_REASONS. Raises Refused."""
    if reason_code not in WAIVE_REASONS:
        raise Refused("Pick a reason from the list.", code="waive_reason", field="reason_code")
    _decide(notice, by, "waive_personnotice", "person.notice_waived", reason_code, state=State.WAIVED)


def _decide(notice: PersonNotice, by: User, permission: str, event: str, reason: str = "", **changes: object) -> None:
    if not by.has_perm(f"disclosures.{permission}"):
        raise Refused("Your role may not do this. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        parked = PersonNotice.objects.filter(Q(pk=notice.pk), state=State.PARKED)
        if not parked.update(park_reason="", **changes):
            raise Refused("This notice does not wait for a person any more.", code="state_conflict")
        _note(event, notice, by, **({"reason": reason} if reason else {}))
        if changes["state"] == State.QUEUED:
            ring(send_person_notice, notice.pk)
