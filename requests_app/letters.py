"""Letters to the person, or to a client. The row is the outbox: written with its change, sent afterwards, once in effect.

1. `queue` renders the letter in the caller's transaction; the Message-ID is fixed then, so that a letter whose delivery was
   acknowledged but not marked is recognised as the same one when it goes out again.
2. `send` claims the row, talks to the mail server outside any transaction, and marks the row afterwards.
3. A temporary failure is tried again for three days; a refusal of the address, or three days without success, parks the
   letter where a colleague sees it. A letter whose link has died is dropped, never sent late.
4. A letter to a postal address waits for a colleague who prints it and says that it was posted.
Mail goes to the value that is stored with the identifier, never to one that a request brought along; a letter
to a client goes to the contact that the inventory names.
"""

import logging
import smtplib
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.translation import gettext

from audit import actor as actors
from audit import leases, log
from audit.actor import Actor
from audit.bell import ring
from audit.failpoints import failpoint
from audit.refusal import Refused
from law import languages
from requests_app import attention, bells, clocks, locks, playbooks, policy, results, stationery, wording
from requests_app.models import Clock, Letter, Request
from requests_app.proving import senders
from subjects.models import Identifier

logger = logging.getLogger(__name__)

SENDER = actors.worker("requests.letters")
QUEUED = leases.Claimable(lambda: Letter.objects.filter(state=Letter.State.QUEUED), "identifier", "request")


@dataclass(frozen=True)
class Client:
    """Who gets a letter instead of the person: their name and mailbox, as the inventory has them."""

    name: str
    address: str


def queue(
    request: Request,
    kind: str,
    *,
    dedupe: str,
    context: dict[str, Any],
    actor: Actor,
    identifier: Identifier | None = None,
    to: "Client | None" = None,
    expires_at: datetime | None = None,
    summary: results.Summary | None = None,
) -> Letter:
    """Write one letter of `kind` into the outbox; the same `dedupe` twice is one letter.

    `identifier` is the address it goes to (the request's own by default); `to`: a client of ours instead of the person;
    `summary`: what became of the request, in the person's language, from a caller who worked it out already.
    """
    sheet = _write(request, kind, context, summary=summary)
    key = uuid.uuid4()
    goes_to = (identifier or address(request)) if to is None else None
    by_post = goes_to is not None and goes_to.kind == Identifier.Kind.POST
    letter = Letter(
        id=key, request=request, dedupe=dedupe, kind=kind, expires_at=expires_at,
        identifier=goes_to, state=Letter.State.TO_POST if by_post else Letter.State.QUEUED,
        language=sheet.language, statute=sheet.statute, template_version=sheet.version,
        subject_line=sheet.subject_line, body=sheet.body, message_id=f"<{key}@{settings.SITE_HOST}>",
    )  # fmt: skip
    if to is not None:
        letter.to, letter.to_name = to.address, to.name
    with log.atomic():
        Letter.objects.bulk_create([letter], ignore_conflicts=True)
        if not Letter.objects.filter(pk=key).exists():
            return Letter.objects.get(request=request, dedupe=dedupe)
        log.record("letter.queued", actor=actor, noun=request, subject_id=request.subject_id, kind=kind, letter=key)
        if by_post:
            attention.refresh(request.pk, actor=actor)
        else:
            ring(bells.send_letter, letter.pk)
    return letter


def preview(request: Request, kind: str, context: dict[str, Any] | None = None, language: str = "") -> stationery.Sheet:
    """The letter as it would go out now; `language` other than the person's for a colleague who cannot read that one."""
    return _write(request, kind, context or {}, language)


def addressee(letter: Letter) -> str:
    """What stands in the window of the envelope: a postal address where it goes there, else the name; nothing for somebody
    who has not proved their mailbox.
    """
    if letter.identifier is not None and letter.identifier.kind == Identifier.Kind.POST:
        return letter.identifier.value
    return letter.to_name or wording.name(letter.request)


def address(request: Request) -> Identifier:
    """Where answers to this request go: the address it came from, else the person's oldest one."""
    if request.identifier is not None:
        return request.identifier
    found = (
        Identifier.objects.filter(subject=request.subject_id, kind=Identifier.Kind.EMAIL).order_by("created_at").first()
    )
    if found is None:
        raise Refused("This person has no e-mail address. Answer by post and note it on the case.", code="no_address")
    return found


def limited(identifier: Identifier, now: datetime, kind: str = "acknowledgement") -> bool:
    """Whether this mailbox got as many letters like this one as it should (policy.LETTER_LIMITS), in an hour or a day."""
    sent = Letter.objects.filter(identifier=identifier, queued_at__gt=now - timedelta(days=1))
    rows = list(sent.values_list("kind", "queued_at"))
    return any(
        sum(1 for one, at in rows if one in limit.kinds and at > now - timedelta(hours=limit.hours)) >= limit.most
        for limit in policy.LETTER_LIMITS
        if kind in limit.kinds
    )


def waiting(now: datetime) -> list[uuid.UUID]:
    """Letters that can be sent now, the oldest first."""
    rows = Letter.objects.filter(leases.free(now), state=Letter.State.QUEUED)
    return list(rows.order_by("queued_at").values_list("pk", flat=True)[:200])


def send(letter_id: uuid.UUID) -> None:
    """Send one letter, unless another worker has it, it was sent, or its link has died."""
    now = timezone.now()
    letter = QUEUED.claim(letter_id, now)
    if letter is None:
        return
    try:
        _send(letter, letter.fence, now)
    except leases.Fenced:
        logger.warning("letter %s was taken over by another worker", letter_id)


def _send(letter: Letter, fence: int, now: datetime) -> None:
    if letter.expires_at is not None and letter.expires_at <= now:
        _settle(letter, fence, "letter.dropped", state=Letter.State.DROPPED)
        return
    try:
        failpoint("letter.before_send")
        _hand_over(letter)
        failpoint("letter.after_send")
    except (smtplib.SMTPException, OSError, senders.Rejected) as error:
        _failed(letter, fence, error, now)
        return
    with log.atomic():
        sent_at = timezone.now()
        _settle(letter, fence, "letter.sent", state=Letter.State.SENT, sent_at=sent_at)
        if letter.kind in policy.CONFIRMS:
            clocks.meet(letter.request, Clock.Kind.ACKNOWLEDGE, sent_at, actor=SENDER)


def retry(letter: Letter, *, by: User) -> None:
    """Send a parked letter again. Raises Refused without the permission, or when it is not parked."""
    if not by.has_perm("requests_app.decide_request"):
        raise Refused("Your role may not retry letters. Ask a colleague who decides requests.", code="not_allowed")
    with log.atomic():
        request = locks.request(letter.request_id)
        parked = Letter.objects.filter(pk=letter.pk, state=Letter.State.PARKED)
        # The three days are counted anew: what was wrong has been mended by a person.
        if not parked.update(
            state=Letter.State.QUEUED, park_reason="", attempts=0, next_try_at=None, queued_at=timezone.now()
        ):
            raise Refused("This letter is not parked any more.", code="state_conflict")
        log.record(
            "letter.retried", actor=actors.staff(by.pk), noun=request, subject_id=request.subject_id, letter=letter.pk
        )
        attention.refresh(request.pk, actor=actors.staff(by.pk))
        ring(bells.send_letter, letter.pk)


def posted(letter: Letter, *, by: User, now: datetime) -> None:
    """A colleague printed and posted it. Raises Refused without the permission, or when it is not to be posted any more."""
    if not by.has_perm(f"requests_app.{policy.WORK}"):
        raise Refused("Your role may not send letters. Ask a colleague who works on cases.", code="not_allowed")
    who = actors.staff(by.pk)
    with log.atomic():
        request = locks.request(letter.request_id)
        waits = Letter.objects.filter(pk=letter.pk, state=Letter.State.TO_POST)
        if not waits.update(state=Letter.State.SENT, sent_at=now):
            raise Refused("This letter does not wait to be posted any more.", code="state_conflict")
        log.record(
            "letter.posted", actor=who, noun=request, subject_id=request.subject_id, kind=letter.kind, letter=letter.pk
        )
        if letter.kind in policy.CONFIRMS:
            clocks.meet(request, Clock.Kind.ACKNOWLEDGE, now, actor=who)
        attention.refresh(request.pk, actor=who)


def returned(letter: Letter, *, status: str, actor: Actor) -> None:
    """A mail server reports that a letter we sent did not arrive: it is parked where a colleague sees it, once."""
    with log.atomic():
        request = locks.request(letter.request_id)
        code = f" ({status})" if status else ""
        reason = f"This letter came back{code}. Check the address, or answer another way, then send it again."
        sent = Letter.objects.filter(pk=letter.pk, state=Letter.State.SENT)
        if not sent.update(state=Letter.State.PARKED, park_reason=reason):
            return
        log.record(
            "letter.returned", actor=actor, noun=request, subject_id=request.subject_id, kind=letter.kind,
            letter=letter.pk, status=status,
        )  # fmt: skip
        attention.refresh(request.pk, actor=actor)


def _hand_over(letter: Letter) -> None:
    to = letter.identifier
    if to is not None and to.kind == Identifier.Kind.PHONE:
        senders.deliver(to.value, letter.body)
    else:
        _mail(letter).send()


def _mail(letter: Letter) -> EmailMessage:
    """The letter as a mail: answers come to our mailbox, in one thread with the first letter about the same request."""
    first = letter.request.letters.order_by("queued_at").values_list("message_id", flat=True).first()
    headers = {
        "Message-ID": letter.message_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }
    if first is not None and first != letter.message_id and letter.to is None:
        headers |= {"In-Reply-To": first, "References": first}
    return EmailMessage(
        subject=letter.subject_line,
        body=letter.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to or ""] if letter.identifier is None else [letter.identifier.value],
        reply_to=[settings.COMPANY_EMAIL],
        headers=headers,
    )


def _failed(letter: Letter, fence: int, error: Exception, now: datetime) -> None:
    code = _refusal(error)
    logger.warning("letter %s was not taken: %s %s", letter.pk, type(error).__name__, code or "")
    if code:
        reason = (
            f"The mail server refused the address or the letter ({code}). Check the address, or answer another way."
        )
    elif now - letter.queued_at > timedelta(days=policy.LETTER_DAYS):
        reason = f"No mail server took this letter for {policy.LETTER_DAYS} days. Check the mail settings, then retry."
    else:
        leases.release(Letter, letter.pk, fence, later=now + leases.backoff(letter.attempts))
        return
    with log.atomic():
        _settle(letter, fence, "letter.parked", state=Letter.State.PARKED, park_reason=reason)
        attention.refresh(letter.request_id, actor=SENDER)


def _refusal(error: Exception) -> int | None:
    """The SMTP code when the server refused this very letter for good; None for what may pass (RFC 5321 4.2.1).

    A refused sign-in or sender is a mistake in our settings, not in the letter: it is tried again.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return next((code for code in codes if code >= 500), None)
    if isinstance(error, senders.Rejected):
        return 550
    if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500:
        return error.smtp_code
    return None


def _settle(letter: Letter, fence: int, event: str, **changes: Any) -> None:
    with log.atomic():
        locks.request(letter.request_id)
        leases.release(Letter, letter.pk, fence, **changes)
        request = letter.request
        log.record(event, actor=SENDER, noun=request, subject_id=request.subject_id, kind=letter.kind, letter=letter.pk)


def _write(
    request: Request, kind: str, context: dict[str, Any], language: str = "", summary: results.Summary | None = None
) -> stationery.Sheet:
    sheet = _written(request, kind, context, stationery.known(language or request.language), summary)
    # A client who gets a letter of ours is no consumer: their own language has nothing to do with it.
    second = languages.also(request.residence, sheet.language) if stationery.KINDS[kind].to == "person" else ""
    return stationery.both(sheet, _written(request, kind, context, second)) if second and not language else sheet


def _written(
    request: Request, kind: str, context: dict[str, Any], language: str, summary: results.Summary | None = None
) -> stationery.Sheet:
    with stationery.speaking(language) as spoken:
        facts = wording.facts(request, summary) | {key: _worded(key, value) for key, value in context.items()}
        facts["own_words"] = playbooks.words(request.playbook, kind, spoken)
        return stationery.write(kind, facts, language=spoken, statutes=[row["statute"] for row in request.laws])


def _worded(key: str, value: Any) -> Any:
    """What a verb hands over, in words of the language that is spoken: days, and the reasons of the law."""
    if isinstance(value, date):
        return wording.day(value)
    return gettext(value) if key == "reason" else value
