"""Double opt-in: a Yes that counts only once the person pressed a button behind a link in a mail to the address that was given.

The row is the mail. Its token is derived from the row's id under SECRET_KEY, so that a mail that was taken but not marked goes
out again as the same one; the row holds its hash. Opening the link changes nothing (mail scanners open links); the button does.
"""

import base64
import hashlib
import logging
import smtplib
import uuid
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac

from audit import actor as actors
from audit import leases, log, once
from audit.actor import Actor
from audit.bell import ring
from audit.failpoints import failpoint
from audit.models import ApiClient
from audit.refusal import Refused
from consent import bells, choices, notices
from consent.choices import How
from consent.models import Choice, PendingChoice, Terms
from inventory.models import Purpose
from subjects import registry
from subjects.models import Identifier

logger = logging.getLogger(__name__)
SENDER = actors.worker("consent.doubly")
State = PendingChoice.State
OPEN = (State.QUEUED, State.SENT)
HOURS = 7 * 24


def needed(purpose: Purpose) -> bool:
    """Whether a Yes to this purpose must be confirmed."""
    return Terms.objects.filter(purpose=purpose, double_opt_in=True).exists()


def ask(
    identifier: Identifier,
    purpose: Purpose,
    *,
    source: str,
    actor: Actor,
    how: How | None = None,
    client: ApiClient | None = None,
    idempotency_key: str = "",
) -> PendingChoice:
    """Ask a person, by mail, to confirm a Yes. One that is waiting already is answered with, and no second mail goes out.

    Raises Refused for anything but an e-mail address, and like `choices.check`.
    """
    if identifier.kind != Identifier.Kind.EMAIL:
        raise Refused(
            "A Yes to this purpose is confirmed by a mail. Name the person by an e-mail address.",
            code="email_needed", field="identifier",
        )  # fmt: skip
    now, how = timezone.now(), how or How()
    choices.check(purpose, True, None, now=now)
    with log.atomic():
        same = {"subject": identifier.subject, "purpose": purpose}
        waiting = PendingChoice.objects.select_for_update().filter(**same, state__in=OPEN, ends_at__gt=now).first()
        if waiting is not None:
            return waiting
        PendingChoice.objects.filter(**same, state__in=OPEN).update(state=State.LAPSED)
        key = uuid.uuid4()
        row, made = once.create(
            PendingChoice, client=client, key=idempotency_key, same=same,
            id=key, identifier=identifier, notice=notices.current(), language=how.language, region=how.region,
            wording=choices.wording(how.words, how.language) if how.words else None, source=source,
            token_hash=_hashed(_token(key)), asked_at=now, ends_at=now + timedelta(hours=HOURS),
        )  # fmt: skip
        if made:
            log.record("pending.asked", actor=actor, noun=row, subject_id=identifier.subject_id, purpose=purpose.key)
            ring(bells.send_pending, row.pk)
    return row


def ask_for(
    kind: str, value: str, purpose: Purpose, *, client: ApiClient, idempotency_key: str, how: How
) -> PendingChoice:
    """`ask` for an API client."""
    actor = actors.client(client.pk)
    if kind != Identifier.Kind.EMAIL:
        raise Refused(
            "A Yes to this purpose is confirmed by a mail. Name the person by an e-mail address.",
            code="email_needed", field="identifier",
        )  # fmt: skip
    with log.atomic():
        subject = registry.find_or_make(kind, value, actor=actor)
        identifier = registry.add(subject, kind, value, actor=actor)
        return ask(
            identifier, purpose, source=Choice.Source.API, actor=actor, how=how, client=client,
            idempotency_key=idempotency_key,
        )  # fmt: skip


def _token(key: UUID) -> str:
    seal = salted_hmac("consent.doubly", str(key), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(key.bytes + bytes(seal)).decode()


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def by_token(token: str) -> PendingChoice | None:
    """The pending Yes behind a link, or None."""
    rows = PendingChoice.objects.select_related("purpose", "wording", "identifier", "subject", "notice")
    return rows.filter(token_hash=_hashed(token)).first()


def usable(row: PendingChoice, now: datetime) -> bool:
    """Whether its button still counts."""
    return row.state in OPEN and row.ends_at > now


def confirm(token: str, *, now: datetime) -> PendingChoice:
    """Let the Yes count; twice is once. Raises Refused for a link that is not ours or has lapsed."""
    with log.atomic():
        row = PendingChoice.objects.select_for_update().filter(token_hash=_hashed(token)).first()
        if row is None:
            raise Refused("This link is not complete. Copy it whole from our mail.", code="unknown_token")
        if row.state == State.CONFIRMED:
            return row
        if not usable(row, now):
            raise Refused("This link has lapsed. Please say Yes again, and we send a new one.", code="link_lapsed")
        how = How(
            words=row.wording.text if row.wording else "", language=row.language, region=row.region,
            evidence={"confirmed_by": "link", "asked_at": row.asked_at.isoformat(), "pending": str(row.pk)},
        )  # fmt: skip
        person = actors.person(row.subject_id)
        choice = choices.record(
            row.subject, row.purpose, True, source=row.source, actor=person, notice=row.notice, how=how
        )
        registry.prove(row.identifier, at=now, actor=person)
        # Whoever is mailing it this moment loses the row.
        PendingChoice.objects.filter(pk=row.pk).update(
            state=State.CONFIRMED, choice=choice, fence=row.fence + 1, lease_until=None
        )
        log.record("pending.confirmed", actor=person, noun=row, subject_id=row.subject_id, purpose=row.purpose.key)
    row.refresh_from_db()
    return row


# ---------------------------------------------------------------- mail, and what lapses


def waiting(now: datetime) -> list[UUID]:
    """Mails that can be sent now, the oldest first."""
    rows = PendingChoice.objects.filter(leases.free(now), state=State.QUEUED, ends_at__gt=now)
    return list(rows.order_by("asked_at").values_list("pk", flat=True)[:200])


def lapse(now: datetime) -> int:
    """Let those lapse whose time is over; how many."""
    return PendingChoice.objects.filter(state__in=OPEN, ends_at__lte=now).update(state=State.LAPSED)


def send(pending_id: UUID) -> None:
    """Mail one link, unless another worker has it or it is settled."""
    now = timezone.now()
    queued = PendingChoice.objects.filter(state=State.QUEUED, ends_at__gt=now)
    row = leases.claim(queued.select_related("purpose", "wording", "identifier"), pending_id, now)
    if row is None:
        return
    try:
        _send(row, now)
    except leases.Fenced:
        logger.info("pending choice %s was settled by somebody else meanwhile", row.pk)


def _send(row: PendingChoice, now: datetime) -> None:
    changes: dict[str, Any] = {"state": State.SENT}
    try:
        failpoint("pending.before_send")
        _mail(row).send()
        failpoint("pending.after_send")
    except (smtplib.SMTPException, OSError) as error:
        logger.warning("pending choice %s was not taken: %s", row.pk, type(error).__name__)
        if isinstance(error, smtplib.SMTPRecipientsRefused):
            changes = {"state": State.PARKED, "park_reason": "The mail server refused the address. Nothing was agreed."}
        else:
            leases.release(PendingChoice, row.pk, row.fence, later=now + leases.backoff(row.attempts))
            return
    leases.release(PendingChoice, row.pk, row.fence, **changes)


def _mail(row: PendingChoice) -> EmailMessage:
    context = {
        "row": row, "company": settings.COMPANY_NAME, "company_email": settings.COMPANY_EMAIL,
        "link": f"{settings.SITE_URL}/confirm/{_token(row.pk)}/", "days": HOURS // 24,
    }  # fmt: skip
    known = row.language.lower() if row.language.lower() in dict(settings.LANGUAGES) else settings.PUBLIC_LANGUAGE
    with translation.override(known):
        text = render_to_string("consent/pending.txt", context)
    first, _, body = text.strip().partition("\n")
    return EmailMessage(
        subject=" ".join(first.split())[:200], body=body.strip() + "\n", from_email=settings.DEFAULT_FROM_EMAIL,
        to=[row.identifier.value], reply_to=[settings.COMPANY_EMAIL],
        headers={"Message-ID": f"<{row.pk}@{settings.SITE_HOST}>", "Auto-Submitted": "auto-generated"},
    )  # fmt: skip
