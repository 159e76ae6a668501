"""Legal holds: placed and released by verbs, looked at under a lock by every chunk.

A hold and a chunk exclude each other: both take the person's row (and, for retention, which has no person, a lock that
placing takes exclusively). So a hold is either before a chunk, which then touches nothing, or after it.
"""

from datetime import date
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors.models import LegalHold
from subjects.models import DataSubject, Identifier

# PostgreSQL advisory lock that retention chunks share and that placing a hold takes alone.
HOLDS_LOCK = 7_420_002


class Held(Exception):
    """The person is under an active legal hold."""


def place(subject: DataSubject, *, matter: str, reason: str, review_on: date, by: User) -> LegalHold:
    """Put `subject` under hold from this moment. Raises Refused without a matter and a reason."""
    if not matter.strip() or not reason.strip():
        raise Refused("Name the matter and the reason of the hold.", code="hold_reason", field="matter")
    with log.atomic():
        _exclusive()
        DataSubject.objects.select_for_update().get(pk=subject.pk)
        hold = LegalHold.objects.create(
            subject=subject, matter=matter.strip(), reason=reason.strip(), review_on=review_on,
            placed_by=by, placed_at=timezone.now(),
        )  # fmt: skip
        log.record("hold.placed", actor=actors.staff(by.pk), noun=hold, subject_id=subject.pk, review_on=review_on)
    return hold


def release(hold: LegalHold, *, by: User) -> None:
    """End a hold. Raises Refused when it was released before."""
    with log.atomic():
        done = LegalHold.objects.filter(pk=hold.pk, released_at=None).update(released_at=timezone.now(), released_by=by)
        if not done:
            raise Refused("This hold was released before.", code="hold_released_conflict")
        log.record("hold.released", actor=actors.staff(by.pk), noun=hold, subject_id=hold.subject_id)


def active() -> "QuerySet[LegalHold]":
    """Holds that stop erasures now."""
    return LegalHold.objects.filter(released_at=None)


def held_subjects() -> "QuerySet[DataSubject]":
    """People under an active hold."""
    return DataSubject.objects.filter(holds__in=active()).distinct()


def lock(subject_id: UUID) -> None:
    """Lock the person until the transaction ends. Raises Held when a hold is active."""
    DataSubject.objects.select_for_update().get(pk=subject_id)
    if active().filter(Q(subject_id=subject_id) | Q(subject__merged_into=subject_id)).exists():
        raise Held


def share() -> tuple[int, int, int]:
    """Keep holds from being placed until the transaction ends; a stamp that changes with every placing and releasing,
    and with what is known to identify a held person.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [HOLDS_LOCK])
    seen = active().aggregate(count=Count("pk"), last=Max("pk"))
    known = Identifier.objects.filter(subject__holds__in=active()).count()
    return seen["count"], seen["last"] or 0, known


def _exclusive() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HOLDS_LOCK])
    # SQLite: transactions are IMMEDIATE, so a placing and a chunk never run at the same time.
