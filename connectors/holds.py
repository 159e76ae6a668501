"""Legal holds: placed and released by verbs, looked at under a lock by every chunk.

A hold and a chunk exclude each other: every chunk of an erasure shares a lock that placing takes exclusively, because its rows
may concern other people than the one who asked. So a hold is either before a chunk, which then leaves the held person's rows
alone, or after it.
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
Stamp = tuple[int, int, int]


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


def lock(subject_id: UUID) -> None:
    """Lock the person until the transaction ends. Raises Held when a hold is active."""
    DataSubject.objects.select_for_update().get(pk=subject_id)
    if active().filter(Q(subject_id=subject_id) | Q(subject__merged_into=subject_id)).exists():
        raise Held


def look(subject_id: UUID | None = None) -> Stamp | None:
    """Keep holds from being placed until the transaction ends, and lock the person if there is one. None when nobody is held;
    else a stamp that changes with every placing and releasing, and with what is known to identify a held person. Raises
    Held when a hold on the person is active.
    """
    if connection.vendor == "postgresql":  # before the person's row, in the order in which placing takes them
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [HOLDS_LOCK])
    if subject_id is not None:
        DataSubject.objects.select_for_update().get(pk=subject_id)
    own = Q(subject_id=subject_id) | Q(subject__merged_into=subject_id) if subject_id else Q(pk=None)
    seen = active().aggregate(count=Count("pk"), last=Max("pk"), own=Count("pk", filter=own))
    if seen["own"]:
        raise Held
    return (seen["count"], seen["last"], _known().count()) if seen["count"] else None


def identities() -> dict[str, list[str]]:
    """What identifies the people under an active hold, all together, by kind of identifier."""
    found: dict[str, list[str]] = {}
    for row in _known().order_by("created_at"):
        found.setdefault(row.kind, []).append(row.value)
    return found


def _known() -> "QuerySet[Identifier]":
    held = DataSubject.objects.filter(holds__in=active())
    merged = Q(subject__merged_into__in=held) | Q(subject__in=held.values("merged_into"))
    return Identifier.objects.filter(Q(subject__in=held) | merged)


def _exclusive() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [HOLDS_LOCK])
    # SQLite: transactions are IMMEDIATE, so a placing and a chunk never run at the same time.
