"""Mails about a new version of a notice: one small batch at a time, over one connection to the mail server."""

import logging
import smtplib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation

from audit import actor as actors
from audit import leases, log
from audit.failpoints import failpoint
from consent import knowing
from consent.models import Announcement, NoticeVersion, Told
from subjects.models import Identifier

logger = logging.getLogger(__name__)

SENDER = actors.worker("consent.telling")
State = Told.State
# What says that the server, and not this mail, is the trouble: the whole batch waits.
SERVER = (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError, smtplib.SMTPHeloError,
          smtplib.SMTPAuthenticationError, smtplib.SMTPSenderRefused, OSError)  # fmt: skip
REFUSED = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)


@dataclass(frozen=True)
class Step:
    """When to go on (None: there is nobody left), and whether the mail server was the trouble."""

    later: datetime | None
    trouble: bool = False


def batch(row: Announcement, most: int) -> Step:
    """Mail the next people of an announcement. Raises leases.Fenced when another worker has the row."""
    now = timezone.now()
    lately = Told.objects.filter(announcement=row, state=State.TOLD, told_at__gt=now - timedelta(minutes=1)).count()
    if lately >= row.per_minute:
        return Step(now + timedelta(seconds=5))
    waiting = Told.objects.filter(announcement=row, state=State.WAITING).order_by("attempts", "id")
    people = list(waiting[: min(most, row.per_minute - lately)])
    if not people:
        return Step(None)
    try:
        failed = _send(row, people)
    except SERVER as error:
        logger.warning("the mail server did not take announcement %s (%s)", row.pk, type(error).__name__)
        return Step(now + leases.backoff(row.attempts), trouble=True)
    if failed and not waiting.filter(attempts=0).exists():  # everybody was tried: the rest may be taken later
        return Step(now + leases.backoff(people[0].attempts + 1))
    return Step(now)


def _send(row: Announcement, people: list[Told]) -> int:
    """Mails to these people; how many have to be tried again."""
    ids = [one.subject_id for one in people]
    addresses, known, texts = _addresses(ids), knowing.of(ids), _Texts(row.version)
    sent = failed = 0
    try:
        with get_connection() as connection:
            for one in people:
                version, subject, body = texts.of(known.get(one.subject_id, knowing.Known()).language)
                if not _claim(row, one):
                    continue
                mail = (subject, body, addresses.get(one.subject_id, ""))
                trouble = _hand_over(connection, row, one, mail) if mail[2] else "no-address"
                if trouble:
                    failed += _not_taken(one, trouble)
                else:
                    waits = Told.objects.filter(pk=one.pk, state=State.WAITING)
                    waits.update(state=State.TOLD, told_at=timezone.now(), version=version)
                    sent += 1
    finally:
        if sent:
            with log.atomic():
                log.record("notice.mailed", actor=SENDER, noun=row, count=sent)
    return failed


def _claim(row: Announcement, one: Told) -> bool:
    """Count the attempt before it is made; False where the person was told another way meanwhile."""
    with log.atomic():
        leases.renew(Announcement, row.pk, row.fence, timezone.now())
        return bool(Told.objects.filter(pk=one.pk, state=State.WAITING).update(attempts=F("attempts") + 1))


def _hand_over(connection: Any, row: Announcement, one: Told, mail: tuple[str, str, str]) -> str:
    """Send one mail; "" or a code of what went wrong with this very mail. Raises what is wrong with the server."""
    subject, body, address = mail
    message = EmailMessage(
        subject=subject, body=body, from_email=settings.DEFAULT_FROM_EMAIL, to=[address],
        reply_to=[settings.COMPANY_EMAIL], connection=connection,
        headers={
            # The same one for the same person and version, however often it is tried.
            "Message-ID": f"<{uuid.uuid5(row.pk, str(one.subject_id))}@{settings.SITE_HOST}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        },
    )  # fmt: skip
    try:
        failpoint("announcement.before_send")
        message.send()
        failpoint("announcement.after_send")
    except REFUSED as error:
        return f"smtp-{_code(error)}"
    return ""


def _not_taken(one: Told, trouble: str) -> bool:
    """For good where the server said so, or after enough tries; else it is tried again. Whether it is."""
    for_good = trouble == "no-address" or trouble.startswith("smtp-5") or one.attempts + 1 >= settings.MOST_ATTEMPTS
    state = State.FAILED if for_good else State.WAITING
    Told.objects.filter(pk=one.pk, state=State.WAITING).update(state=state, trouble=trouble)
    return not for_good


def _code(error: smtplib.SMTPException) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _ in error.recipients.values()), default=550)
    return int(getattr(error, "smtp_code", 550))


def _addresses(ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The address of each: a proved one first, then the oldest."""
    rows = Identifier.objects.filter(subject__in=ids, kind=Identifier.Kind.EMAIL, claimed=False)
    found: dict[uuid.UUID, str] = {}
    for one in rows.order_by(F("proved_at").asc(nulls_last=True), "created_at"):
        found.setdefault(one.subject_id, one.value)
    return found


class _Texts:
    """The mail about a version in each language, written at its first use."""

    def __init__(self, lead: NoticeVersion) -> None:
        rows = NoticeVersion.objects.filter(key=lead.key, number=lead.number, published_at__isnull=False)
        self.lead, self.versions = lead, {one.language: one for one in rows}
        self.made: dict[str, tuple[NoticeVersion, str, str]] = {}

    def of(self, wanted: str) -> tuple[NoticeVersion, str, str]:
        """The version that is told in this language, and subject and body of the mail."""
        language = wanted or settings.PUBLIC_LANGUAGE
        if language not in self.made:
            version = self.versions.get(language) or self.versions.get(language.partition("-")[0]) or self.lead
            with translation.override(language), timezone.override(settings.ESTABLISHMENT_TIME_ZONE):
                text = render_to_string("notices/changed.txt", {"version": version, **facts(version)})
            first, _, body = text.strip().partition("\n")
            self.made[language] = version, " ".join(first.split())[:200], body.strip() + "\n"
        return self.made[language]


def facts(version: NoticeVersion) -> dict[str, Any]:
    """What a mail says beside the version's own words."""
    rows = NoticeVersion.objects.filter(
        key=version.key, language=version.language, number__lt=version.number, published_at__isnull=False
    )
    last = rows.order_by("-number").values_list("number", flat=True).first()
    query = [f"language={version.language}"] if version.language != settings.LANGUAGE_CODE else []
    query += [f"for={version.key}"] if version.key != "privacy" else []
    tail = f"?{'&'.join(query)}" if query else ""
    page = f"{last}..{version.number}" if last else f"{version.number}"
    return {
        "company": settings.COMPANY_NAME,
        "company_email": settings.COMPANY_EMAIL,
        "link": f"{settings.SITE_URL}/notice/{page}/{tail}",
        "choices": f"{settings.SITE_URL}/choices/",
        "compared": bool(last),
        "to_come": version.effective_on > timezone.localdate(),
    }
