"""Telling people about a new version: a list first, then mails, each person once; and the banner and the API beside them.

1. `announce` writes one row. Workers list the people in the order of their ids, some hundred in one transaction with the place
   where they stopped; a person is one row for each number of a notice, and the database refuses a second one.
2. Mails go out in small batches with a limit for each minute. The attempt is counted before the mail server is asked, and the
   row is settled after its answer: a worker that is killed leaves at most one mail of which nobody knows whether it left. It
   goes out again under the same Message-ID, and the report says how many were tried twice.
3. Whoever was shown the change in the service is told; their mail is not sent any more.
"""

import logging
import time
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import leases, log
from audit.actor import Actor
from audit.bell import ring
from audit.refusal import Refused
from consent import knowing, launching, mailing, regions
from consent.bells import announce as bell
from consent.models import Announcement, Choice, NoticeVersion, Told
from subjects.models import DataSubject, Identifier

logger = logging.getLogger(__name__)

SENDER = actors.worker("consent.telling")
LISTED, MAILED = 500, 100  # people of one batch
State = Announcement.State
OPEN = leases.Claimable(lambda: Announcement.objects.filter(state=State.OPEN), "version")


def announce(
    version: NoticeVersion, *, by: User, audience: str = "everyone", by_mail: bool = True, in_service: bool = True,
    per_minute: int = 0,
) -> Announcement:  # fmt: skip
    """Begin to tell people about a published version, in every language that its number is published in.

    `per_minute`: mails at most; the setting by default. Raises Refused for a draft, and for a number that was announced before.
    """
    _may(by)
    if version.published_at is None:
        raise Refused("Publish this version first.", code="not_published")
    if not by_mail and not in_service:
        raise Refused("Choose a way to tell people.", code="missing", field="channels")
    with log.atomic():
        if announced(version):
            raise Refused("This version was announced already.", code="announced_before")
        row = Announcement.objects.create(
            version=version, audience=audience, by_mail=by_mail, in_service=in_service, started_by=by,
            per_minute=per_minute or settings.ANNOUNCE_PER_MINUTE, started_at=timezone.now(),
        )  # fmt: skip
        facts: dict[str, Any] = {"key": version.key, "number": version.number, "audience": audience}
        log.record("notice.announced", actor=actors.staff(by.pk), noun=row, mail=by_mail, banner=in_service, **facts)
        ring(bell, row.pk)
    return row


def stop(announcement: Announcement, *, by: User) -> None:
    """No more mails. Whoever was told was told."""
    _switch(announcement, by, State.OPEN, State.STOPPED, "notice.announcement_stopped")


def resume(announcement: Announcement, *, by: User) -> None:
    """Go on where it stopped; mails that failed are tried again."""
    with log.atomic():
        _switch(announcement, by, State.STOPPED, State.OPEN, "notice.announcement_resumed")
        failed = announcement.told.filter(state=Told.State.FAILED)
        failed.update(state=Told.State.WAITING, attempts=0, trouble="")
        ring(bell, announcement.pk)


def _switch(announcement: Announcement, by: User, old: str, new: str, event: str) -> None:
    _may(by)
    with log.atomic():
        rows = Announcement.objects.filter(pk=announcement.pk, state=old)
        # The fence moves on: a worker in the middle of it learns that it is over.
        if not rows.update(state=new, lease_until=None, next_try_at=None, attempts=0, fence=F("fence") + 1):
            raise Refused("This announcement is not there any more. Load the page again.", code="state_conflict")
        log.record(event, actor=actors.staff(by.pk), noun=announcement)


def _may(by: User) -> None:
    if not by.has_perm("consent.run_announcement"):
        raise Refused("Your role may not tell people about notices. Ask your privacy officer.", code="not_allowed")


def waiting(now: datetime) -> list[uuid.UUID]:
    """Announcements that a worker can go on with."""
    rows = Announcement.objects.filter(leases.free(now), state=State.OPEN)
    return list(rows.order_by("started_at").values_list("pk", flat=True)[:20])


def go_on(announcement_id: uuid.UUID) -> None:
    """List people and mail them, for as long as a task may work; then give the row back to the next one."""
    row = OPEN.claim(announcement_id, timezone.now())
    if row is None:
        return
    until = time.monotonic() + settings.WORK_SECONDS / 2
    try:
        step = mailing.Step(timezone.now())
        while step.later is not None and step.later <= timezone.now() and time.monotonic() < until:
            step = _list(row) if row.listed_at is None else mailing.batch(row, MAILED)
        if step.later is None:
            _finish(row)
        else:
            attempts = row.attempts if step.trouble else 0
            leases.release(Announcement, row.pk, row.fence, later=step.later, attempts=attempts)
    except leases.Fenced:
        logger.info("announcement %s was stopped, or another worker has it", announcement_id)


def _list(row: Announcement) -> mailing.Step:
    """Put the next people on the list, and go on at once."""
    found = list(people(row)[:LISTED])
    with log.atomic():
        leases.renew(Announcement, row.pk, row.fence, timezone.now())
        reachable = _reachable(row, found) if row.by_mail else []
        Told.objects.bulk_create(
            [
                Told(subject_id=one, key=row.version.key, number=row.version.number, version_id=row.version_id,
                     announcement=row, channel=Told.Channel.MAIL)
                for one in reachable
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        row.listed_to = found[-1] if found else row.listed_to
        row.listed_at = None if len(found) == LISTED else timezone.now()
        row.unreachable += len(found) - len(reachable) if row.by_mail else 0
        row.save(update_fields=["listed_to", "listed_at", "unreachable"])
    return mailing.Step(timezone.now())


def people(row: Announcement) -> "QuerySet[DataSubject, uuid.UUID]":
    """The ids of everybody whom it concerns and who is not listed yet: known to us before the version was published."""
    everyone = DataSubject.objects.filter(merged_into=None, forgotten_at=None, created_at__lt=row.version.published_at)
    if row.audience == Announcement.Audience.CHOSE:
        everyone = everyone.filter(Exists(Choice.objects.filter(subject=OuterRef("pk"))))
    if row.listed_to is not None:
        everyone = everyone.filter(pk__gt=row.listed_to)
    return everyone.order_by("pk").values_list("pk", flat=True)


def _reachable(row: Announcement, ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """Those with an e-mail address, and of the places that the version is for."""
    mails = Identifier.objects.filter(subject__in=ids, kind=Identifier.Kind.EMAIL, claimed=False)
    there = set(mails.values_list("subject", flat=True))
    if row.version.regions:
        known = knowing.of(ids)
        there = {one for one in there if _concerned(row.version, known.get(one, knowing.Known()).place)}
    return [one for one in ids if one in there]


def _concerned(version: NoticeVersion, place: str) -> bool:
    return not version.regions or bool(set(version.places) & set(regions.widening(place)))


def _finish(row: Announcement) -> None:
    with log.atomic():
        leases.release(Announcement, row.pk, row.fence, state=State.DONE, finished_at=timezone.now(), attempts=0)
        said = counts(row)
        facts: dict[str, Any] = {name: said[name] for name in ("told", "failed", "twice")}
        log.record("notice.announcement_done", actor=SENDER, noun=row, **facts)
    launching.settle(timezone.now(), actor=SENDER)


# ---------------------------------------------------------------- in the service


def pending(
    subject: DataSubject, *, language: str = "en", place: str = "", at: datetime | None = None
) -> list[NoticeVersion]:
    """What this person has to be shown: announced versions, newest of each notice, that came after them and that they have not
    been told of. One query if there is nothing.
    """
    heard = Told.objects.filter(
        subject=subject, key=OuterRef("version__key"), number=OuterRef("version__number"), state=Told.State.TOLD
    )
    newer = Announcement.objects.filter(
        version__key=OuterRef("version__key"), version__number__gt=OuterRef("version__number")
    ).exclude(state=State.STOPPED)
    rows = Announcement.objects.filter(in_service=True, version__published_at__gt=subject.created_at)
    rows = rows.exclude(state=State.STOPPED).filter(~Exists(heard), ~Exists(newer)).select_related("version")
    found = [row.version for row in rows.order_by("version__key")]
    if any(one.regions for one in found) and not place:
        place = knowing.of([subject.pk]).get(subject.pk, knowing.Known()).place
    return [spoken(one, language) for one in found if _concerned(one, place)]


def spoken(version: NoticeVersion, language: str) -> NoticeVersion:
    """The same number in the person's language, if it is published in it."""
    stem = language.partition("-")[0]
    if version.language == language:
        return version
    rows = NoticeVersion.objects.filter(
        key=version.key, number=version.number, language__in=(language, stem), published_at__isnull=False
    )
    return max(rows, key=lambda one: one.language == language, default=version)


def told(
    subject: DataSubject, version: NoticeVersion, *, channel: str, actor: Actor, at: datetime | None = None
) -> Told:
    """Note that this person was shown this version. Safe to repeat: the first telling stands. Raises Refused for a draft."""
    if version.published_at is None:
        raise Refused("This version is not published, so nobody can have been told of it.", code="not_published")
    now = timezone.now()
    with log.atomic():
        row, made = Told.objects.get_or_create(
            subject=subject, key=version.key, number=version.number,
            defaults={
                "version": version, "channel": channel, "state": Told.State.TOLD, "told_at": at or now,
                "announcement": Announcement.objects.filter(
                    version__key=version.key, version__number=version.number
                ).first(),
            },
        )  # fmt: skip
        changes = {"version": version, "channel": channel, "state": Told.State.TOLD, "told_at": at or now}
        if not made and not Told.objects.filter(pk=row.pk).exclude(state=Told.State.TOLD).update(**changes):
            return row
        facts: dict[str, Any] = {"key": version.key, "number": version.number, "channel": channel}
        log.record("notice.person_told", actor=actor, noun=version, subject_id=subject.pk, **facts)
    row.refresh_from_db()
    return row


def announced(version: NoticeVersion) -> bool:
    """Whether people were, or are being, told of this number."""
    return Announcement.objects.filter(version__key=version.key, version__number=version.number).exists()


def before(version: NoticeVersion) -> int | None:
    """The number that was published before this one, in its language."""
    rows = NoticeVersion.objects.filter(
        key=version.key, language=version.language, number__lt=version.number, published_at__isnull=False
    )
    last: int | None = rows.aggregate(last=Max("number"))["last"]
    return last


def counts(row: Announcement) -> dict[str, Any]:
    """How far it is: told (by each way), waiting, failed, tried twice, people without an address. One query."""
    State_, Channel = Told.State, Told.Channel
    said = Told.objects.filter(key=row.version.key, number=row.version.number).aggregate(
        told=Count("pk", filter=Q(state=State_.TOLD)),
        waiting=Count("pk", filter=Q(state=State_.WAITING)),
        failed=Count("pk", filter=Q(state=State_.FAILED)),
        twice=Count("pk", filter=Q(state=State_.TOLD, channel=Channel.MAIL, attempts__gt=1)),
        **{one: Count("pk", filter=Q(state=State_.TOLD, channel=one)) for one in Channel.values},
    )
    return {**said, "unreachable": row.unreachable}
