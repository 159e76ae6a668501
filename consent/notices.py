"""Versions of the privacy notice: drafted, published once, and from then on never changed.

A choice points at the version that the person saw, so the wording must stay what it was: the verbs refuse to edit a published
version, and its digest shows a change that went round them.
"""

import hashlib
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Max
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from consent.models import NoticeVersion

EDITABLE = {"title", "body", "effective_on"}


def digest(title: str, body: str) -> str:
    """SHA-256 of the wording, shown with it, so that a printed copy can be compared."""
    return hashlib.sha256(f"{title}\n\n{body}".encode()).hexdigest()


def current(key: str = "privacy", language: str = "en", *, at: datetime | None = None) -> NoticeVersion | None:
    """The version in force at `at` (now by default): published and effective, the newest of them. One query."""
    moment = at or timezone.now()
    day = moment.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()
    rows = NoticeVersion.objects.filter(key=key, language=language, published_at__lte=moment, effective_on__lte=day)
    return rows.order_by("-effective_on", "-number").first()


def draft(
    *, title: str, body: str, effective_on: date, by: User, key: str = "privacy", language: str = "en"
) -> NoticeVersion:
    """A new version that nobody sees yet, with the next number."""
    _may(by)
    with log.atomic():
        version = NoticeVersion.objects.create(
            key=key,
            language=language,
            number=_last(key, language) + 1,
            title=title,
            body=body,
            effective_on=effective_on,
            digest=digest(title, body),
        )
        _note("notice.drafted", version, by)
    return version


def edit(version: NoticeVersion, *, by: User, **changes: Any) -> NoticeVersion:
    """Change title, body or effective_on of a draft. Raises Refused once it is published."""
    _may(by)
    if not changes.keys() <= EDITABLE:
        raise ValueError(f"of a draft only {sorted(EDITABLE)} can be edited")
    with log.atomic():
        row = _draft(version)
        for name, value in changes.items():
            setattr(row, name, value)
        row.digest = digest(row.title, row.body)
        row.save(update_fields=[*changes, "digest"])
        _note("notice.edited", row, by)
    return row


def publish(version: NoticeVersion, *, by: User) -> NoticeVersion:
    """Put a draft before the public: its digest and its moment are fixed, and its number is its notice's highest.

    `version` itself is brought up to date too. Raises Refused without wording, and for one that was published before.
    """
    _may(by)
    with log.atomic():
        row = _draft(version)
        if not row.title.strip() or not row.body.strip():
            raise Refused("Write the notice before you publish it.", code="empty_notice", field="body")
        if row.number <= _last(row.key, row.language, published_at__isnull=False):
            row.number = _last(row.key, row.language) + 1
        row.digest, row.published_at = digest(row.title, row.body), timezone.now()
        row.save(update_fields=["number", "digest", "published_at"])
        _note("notice.published", row, by)
    version.refresh_from_db()
    return version


def _draft(version: NoticeVersion) -> NoticeVersion:
    """The version as it is now, locked, if it is a draft still."""
    row = NoticeVersion.objects.select_for_update().get(pk=version.pk)
    if row.published_at is not None:
        raise Refused(
            "This version is published, so its wording stays as it is. Draft a new version.", code="published_conflict"
        )
    return row


def _last(key: str, language: str, **more: Any) -> int:
    rows = NoticeVersion.objects.filter(key=key, language=language, **more)
    return rows.aggregate(last=Max("number"))["last"] or 0


def _may(by: User) -> None:
    if not by.has_perm("consent.publish_noticeversion"):
        raise Refused("Your role may not write or publish notices. Ask your privacy officer.", code="not_allowed")


def _note(event: str, version: NoticeVersion, by: User) -> None:
    facts: dict[str, Any] = {
        "key": version.key,
        "number": version.number,
        "language": version.language,
        "digest": version.digest,
    }
    log.record(event, actor=actors.staff(by.pk), noun=version, **facts)
