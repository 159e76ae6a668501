"""The second person: a draft is proposed, then approved or returned with words by somebody who had no hand in it; and once a
year somebody reads what is in force.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from consent import notices
from consent.models import NoticeVersion, Review

# California wants a policy looked at every 12 months (Cal. Civ. Code 1798.130(a)(5)).
REVIEW_DAYS = 365


def propose(version: NoticeVersion, *, by: User) -> NoticeVersion:
    """Ask a second person to read a draft. Raises Refused without wording, and when it was proposed before."""
    notices.may(by, "change")
    with log.atomic():
        row = notices.unpublished(version)
        if row.proposed_at is not None:
            raise Refused("This version waits for its reader already.", code="state_conflict")
        notices.ready(row)
        row.proposed_at, row.returned = timezone.now(), ""
        row.hands = sorted({*row.hands, by.pk})
        row.save(update_fields=["proposed_at", "returned", "hands"])
        notices.note("notice.proposed", row, by)
    return row


def approve(version: NoticeVersion, *, by: User, digest: str = "") -> NoticeVersion:
    """Say that these words may be published. `digest`: of the words that were read, if the page knows them.

    Raises Refused for whoever wrote or edited it, and when it was not proposed or has changed since it was read.
    """
    with log.atomic():
        row = _proposed(version, by)
        if digest and digest != row.digest:
            raise Refused("These words were changed while you read. Read them again.", code="changed_meanwhile")
        row.approved_by, row.approved_at = by, timezone.now()
        row.save(update_fields=["approved_by", "approved_at"])
        notices.note("notice.approved", row, by)
    return row


def give_back(version: NoticeVersion, *, by: User, words: str) -> NoticeVersion:
    """Send a proposed version back to who wrote it, with what to change."""
    if not words.strip():
        raise Refused("Say what should be changed.", code="missing", field="words")
    with log.atomic():
        row = _proposed(version, by, approved=True)
        row.proposed_at, row.approved_by, row.approved_at, row.returned = None, None, None, words.strip()[:4000]
        row.save(update_fields=["proposed_at", "approved_by", "approved_at", "returned"])
        notices.note("notice.returned", row, by)
    return row


def _proposed(version: NoticeVersion, by: User, *, approved: bool = False) -> NoticeVersion:
    if not by.has_perm("consent.approve_noticeversion"):
        raise Refused("Your role may not approve notices. Ask your privacy officer.", code="not_allowed")
    row = notices.unpublished(version)
    notices.not_their_own(row, by)
    if row.proposed_at is None or (row.approved_at is not None and not approved):
        raise Refused("This version does not wait for a reader.", code="state_conflict")
    return row


def reviewed(version: NoticeVersion, *, by: User) -> Review:
    """Note that somebody read a version in force and that it is still right."""
    notices.may(by, "approve")
    if not notices.holds(version):
        raise Refused("Only a version in force is reviewed.", code="state_conflict")
    with log.atomic():
        review = Review.objects.create(version=version, by=by, reviewed_at=timezone.now())
        log.record("notice.reviewed", actor=actors.staff(by.pk), noun=version, key=version.key, number=version.number)
    return review


def to_approve(user: User) -> "QuerySet[NoticeVersion]":
    """Proposed versions that this colleague did not write or edit last."""
    rows = NoticeVersion.objects.filter(published_at=None, approved_at=None, proposed_at__isnull=False)
    return rows.exclude(written_by=user.pk).exclude(edited_by=user.pk)


def due(now: datetime, *, within: int = 0) -> "QuerySet[NoticeVersion]":
    """Versions that nobody has read for a year (or will not have in so many days) and that no newer one has replaced."""
    since = now - timedelta(days=REVIEW_DAYS - within)
    day = now.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()
    fresh = Review.objects.filter(version=OuterRef("pk"), reviewed_at__gt=since)
    newer = NoticeVersion.objects.filter(
        key=OuterRef("key"), language=OuterRef("language"), regions=OuterRef("regions"), published_at__lte=now,
        effective_on__lte=day, number__gt=OuterRef("number"),
    )  # fmt: skip
    return NoticeVersion.objects.filter(~Exists(newer), ~Exists(fresh), published_at__lte=since, effective_on__lte=day)


def overdue(now: datetime) -> list[NoticeVersion]:
    """The numbers that are due, each in one of its languages."""
    late: dict[tuple[str, int], NoticeVersion] = {}
    for one in due(now).order_by("key", "number", "language"):
        late.setdefault((one.key, one.number), one)
    return list(late.values())
