"""Legal holds: placed and released by verbs, looked at under a lock by every chunk. What one covers is said in `holdscope`.

A hold and a chunk exclude each other: every chunk of an erasure shares a lock that placing takes exclusively, because its rows
may concern other people than the one who asked. So a hold is either before a chunk, which then leaves the held person's rows
alone, or after it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors import holdlock, rowholds
from connectors.holdscope import WHOLE, Scope
from connectors.models import HoldLimit, LegalHold, RowHold
from inventory.models import DataCategory, System
from subjects.models import DataSubject, Identifier

# A hold that nobody looks at for longer than this is forgotten, not needed.
MOST_DAYS = 731
# When a new hold is looked at again, unless somebody says otherwise.
REVIEW_DAYS = 90
# One matter can be about many people, but no form is read through with more.
MOST_PEOPLE = 200
Identities = dict[str, list[str]]


@dataclass(frozen=True)
class Stamp:
    """What was seen of the holds; another one when a hold was placed or released, or more is known of a held person. `own`:
    the limited holds on the person themself; `rows`: holds on rows, see `rowholds`.
    """

    count: int
    last: int
    known: int
    own: tuple[Scope, ...] = ()
    rows: tuple[int, int] = (0, 0)


class Held(Exception):
    """The person is under an active legal hold that covers everything."""


def place(
    subject: DataSubject,
    *,
    matter: str,
    reason: str,
    review_on: date,
    by: User,
    scope: str = "",
    systems: Iterable[System] = (),
    categories: Iterable[DataCategory] = (),
) -> LegalHold:
    """Put `subject` under hold from this moment, limited to `systems` and `categories` (none: everything). Raises Refused
    without a matter and a reason.
    """
    return place_all(
        [subject], matter=matter, reason=reason, review_on=review_on, by=by, scope=scope, systems=systems,
        categories=categories,
    )[0]  # fmt: skip


def place_all(
    subjects: Sequence[DataSubject],
    *,
    matter: str,
    reason: str,
    review_on: date,
    by: User,
    scope: str = "",
    systems: Iterable[System] = (),
    categories: Iterable[DataCategory] = (),
) -> list[LegalHold]:
    """One matter about several people: a hold for each, all or none. See `place`."""
    if not matter.strip() or not reason.strip():
        raise Refused("Name the matter and the reason of the hold.", code="hold_reason", field="matter")
    people = list({one.pk: one for one in subjects}.values())
    if not 0 < len(people) <= MOST_PEOPLE:
        raise Refused(f"Name between one and {MOST_PEOPLE} people.", code="hold_people", field="emails")
    about, what = list(systems), list(categories)
    with log.atomic():
        holdlock.take_alone()
        for subject in sorted(people, key=lambda one: one.pk):  # in one order for all
            DataSubject.objects.select_for_update().get(pk=subject.pk)
        placed = []
        for subject in people:
            hold = LegalHold.objects.create(
                subject=subject, matter=matter.strip(), reason=reason.strip(), review_on=review_on,
                scope=scope.strip()[:300], placed_by=by, placed_at=timezone.now(),
            )  # fmt: skip
            HoldLimit.objects.bulk_create(
                [*(HoldLimit(hold=hold, system=one) for one in about),
                 *(HoldLimit(hold=hold, category=one) for one in what)]
            )  # fmt: skip
            _record(
                "hold.placed", hold, by, review_on=review_on, systems=sorted(one.key for one in about),
                categories=sorted(one.key for one in what),
            )  # fmt: skip
            placed.append(hold)
    return placed


def of_matter(hold: LegalHold) -> "QuerySet[LegalHold]":
    """The active holds of the same matter, this one too."""
    return active().filter(matter=hold.matter)


def ask_release(hold: LegalHold, *, by: User, reason: str) -> None:
    """Ask that a hold ends; somebody else grants it. Raises Refused."""
    _may(by)
    words = reason.strip()
    if not words or len(words) > 300:
        raise Refused("Say in at most 300 characters why the hold can end.", code="release_reason", field="reason")
    with log.atomic():
        asked = active().filter(pk=hold.pk, release_asked_by=None)
        if not asked.update(release_asked_by=by, release_asked_at=timezone.now(), release_reason=words):
            raise _moved_on(hold, "A release was asked for already. Somebody else has to decide about it.")
        _record("hold.release_asked", hold, by)


def release(hold: LegalHold, *, by: User) -> None:
    """Grant the release that somebody else asked for. Raises Refused; the database refuses one person alone as well."""
    _may(by)
    with log.atomic():
        asked = active().filter(pk=hold.pk, release_asked_by__isnull=False).exclude(release_asked_by=by)
        if not asked.update(released_at=timezone.now(), released_by=by):
            if active().filter(pk=hold.pk, release_asked_by=by).exists():
                raise Refused("You asked for this release yourself; somebody else has to grant it.", code="same_person")
            raise _moved_on(hold, "Nobody asked for a release yet. Ask for it; somebody else then grants it.")
        _record("hold.released", hold, by)


def keep(hold: LegalHold, *, by: User) -> None:
    """The hold stays: a request to release it falls, its own asker's too. Raises Refused."""
    _may(by)
    with log.atomic():
        asked = active().filter(pk=hold.pk, release_asked_by__isnull=False)
        if not asked.update(release_asked_by=None, release_asked_at=None, release_reason=""):
            raise _moved_on(hold, "Nobody asks for a release.")
        _record("hold.kept", hold, by)


def review(hold: LegalHold, *, by: User, review_on: date, today: date) -> None:
    """It was looked at and is still needed: look again on another day. Raises Refused."""
    _may(by)
    if not today < review_on <= today + timedelta(days=MOST_DAYS):
        raise Refused("Choose a day within the next two years.", code="review_day", field="review_on")
    with log.atomic():
        if not active().filter(pk=hold.pk).update(review_on=review_on):
            raise _moved_on(hold, "")
        _record("hold.reviewed", hold, by, review_on=review_on)


def _may(by: User) -> None:
    if not by.has_perm("connectors.release_legalhold"):
        raise Refused("Your role may not end legal holds. Ask your privacy officer or legal.", code="not_allowed")


def _moved_on(hold: LegalHold, otherwise: str) -> Refused:
    if not otherwise or not active().filter(pk=hold.pk).exists():
        return Refused("This hold was released before.", code="hold_released_conflict")
    return Refused(otherwise, code="hold_conflict")


def _record(name: str, hold: LegalHold, by: User, **facts: object) -> None:
    log.record(name, actor=actors.staff(by.pk), noun=hold, subject_id=hold.subject_id, **facts)


def to_review(today: date) -> "QuerySet[LegalHold]":
    """Active holds whose day of review has come."""
    return active().filter(review_on__lte=today)


def overdue(today: date) -> "QuerySet[LegalHold]":
    """Active holds whose day of review has passed."""
    return active().filter(review_on__lt=today)


def to_release() -> "QuerySet[LegalHold]":
    """Active holds whose release somebody asked for."""
    return active().filter(release_asked_by__isnull=False)


def last_release() -> "QuerySet[Any, Any]":
    """When a hold was released last, on a person or on rows: one row of one value, for a subquery."""
    people = LegalHold.objects.filter(released_at__isnull=False).order_by().values("released_at")
    rows = RowHold.objects.filter(released_at__isnull=False).order_by().values("released_at")
    return people.union(rows).order_by("-released_at")[:1]


def active() -> "QuerySet[LegalHold]":
    """Holds that stop erasures now."""
    return LegalHold.objects.filter(released_at=None)


def lock(subject_id: UUID) -> None:
    """Lock the person until the transaction ends. Raises Held when an active hold covers everything of theirs; what a limited
    one covers is spared by each chunk.
    """
    DataSubject.objects.select_for_update().get(pk=subject_id)
    _own(subject_id)


def look(subject_id: UUID | None = None) -> Stamp | None:
    """Keep holds from being placed until the transaction ends, and lock the person if there is one. None when nobody is held;
    else a stamp that changes with every placing and releasing, and with what is known to identify a held person. Raises
    Held when a hold on the person covers everything.
    """
    holdlock.share()  # before the person's row, in the order in which placing takes them
    if subject_id is not None:
        DataSubject.objects.select_for_update().get(pk=subject_id)
    own = _on(subject_id) if subject_id else Q(pk=None)
    seen = active().aggregate(count=Count("pk"), last=Max("pk"), own=Count("pk", filter=own))
    rows = rowholds.stamp()
    if not seen["count"] and not rows[0]:
        return None
    limited = _own(subject_id) if seen["own"] and subject_id is not None else ()
    return Stamp(seen["count"], seen["last"] or 0, _known().count(), limited, rows)


def of(subject_id: UUID) -> "QuerySet[LegalHold]":
    """The active holds on one person, with what they are limited to; two queries."""
    rows = active().filter(_on(subject_id)).order_by("placed_at", "pk")
    return rows.prefetch_related("limits__system", "limits__category")


def scope_of(hold: LegalHold) -> Scope:
    """What a hold is limited to."""
    rows = hold.limits.all()
    return Scope(
        frozenset(one.system.key for one in rows if one.system is not None),
        frozenset(one.category.key for one in rows if one.category is not None),
    )


def covers(hold: LegalHold) -> str:
    """What a hold covers, in words. Reads its limits: prefetch them for a list."""
    rows = list(hold.limits.all())
    systems = sorted(one.system.name for one in rows if one.system is not None)
    categories = sorted(one.category.name for one in rows if one.category is not None)
    if not rows:
        return "everything"
    what = ", ".join(categories) if categories else "everything"
    return f"{what} in {', '.join(systems)}" if systems else what


def whole() -> "QuerySet[LegalHold]":
    """Active holds that cover everything: while one lasts, no erasure of the person begins."""
    return active().filter(limits=None)


def groups() -> list[tuple[Scope, Identities]]:
    """What identifies the people under an active hold, all those together whose holds are limited alike; by kind."""
    scopes = _scopes(active())
    people: dict[UUID, set[Scope]] = defaultdict(set)
    for pk, subject, merged_into in active().values_list("pk", "subject", "subject__merged_into"):
        for one in (subject, merged_into) if merged_into else (subject,):
            people[one].add(scopes.get(pk, WHOLE))
    # Whoever was merged into a held person is that person.
    found: dict[Scope, Identities] = {}
    for row in _known().select_related("subject").order_by("created_at"):
        own = people.get(row.subject_id, set()) | people.get(row.subject.merged_into_id or row.subject_id, set())
        for scope in own:
            found.setdefault(scope, {}).setdefault(row.kind, []).append(row.value)
    return sorted(found.items(), key=lambda one: (sorted(one[0].systems), sorted(one[0].categories)))


def _on(subject_id: UUID) -> Q:
    return Q(subject_id=subject_id) | Q(subject__merged_into=subject_id)


def _own(subject_id: UUID) -> tuple[Scope, ...]:
    """The scopes of the holds on one person. Raises Held when one of them covers everything."""
    rows = active().filter(_on(subject_id))
    holds = list(rows.values_list("pk", flat=True))
    scopes = _scopes(rows) if holds else {}
    own = {scopes.get(one, WHOLE) for one in holds}
    if any(one.whole for one in own):
        raise Held
    return tuple(sorted(own, key=lambda one: (sorted(one.systems), sorted(one.categories))))


def _scopes(holds: "QuerySet[LegalHold]") -> dict[int, Scope]:
    """What holds are limited to; those without a limit are missing. One query."""
    systems, categories = defaultdict[int, set[str]](set), defaultdict[int, set[str]](set)
    rows = HoldLimit.objects.filter(hold__in=holds.order_by()).values_list("hold", "system__key", "category__key")
    for hold, system, category in rows:
        if system is not None:
            systems[hold].add(system)
        if category is not None:
            categories[hold].add(category)
    return {pk: Scope(frozenset(systems[pk]), frozenset(categories[pk])) for pk in {*systems, *categories}}


def _known() -> "QuerySet[Identifier]":
    held = DataSubject.objects.filter(holds__in=active())
    merged = Q(subject__merged_into__in=held) | Q(subject__in=held.values("merged_into"))
    return Identifier.objects.filter(Q(subject__in=held) | merged)
