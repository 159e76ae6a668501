"""Versions of schedules: a change is a draft, somebody else approves it, and from then on it is in force and never altered."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Max, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from retention import actions, conflicts, cutoffs, library, scopes
from retention.models import Basis, Run, Schedule, ScheduleVersion
from retention.models.terms import copied

MAY_WRITE, MAY_APPROVE = "retention.change_schedule", "retention.approve_scheduleversion"


def start(*, key: str, by: User, why: str = "", propose: bool = True, **terms: Any) -> ScheduleVersion:
    """A new schedule, switched off until its first version was approved by somebody else."""
    _may(by, MAY_WRITE, "write schedules")
    with log.atomic():
        if Schedule.objects.filter(key=key).exists():
            raise Refused(
                "There is a schedule with this key already. Choose another.", code="key_conflict", field="key"
            )
        schedule = Schedule(key=key, active=False, author=by, **terms)
        check(ScheduleVersion(**copied(schedule)))
        schedule.save()
        version = _write(schedule, 1, by, why, copied(schedule))
        return propose_version(version, by=by) if propose else version


def draft(schedule: Schedule, *, by: User, why: str = "", **changes: Any) -> ScheduleVersion:
    """A draft of a change. Nothing changes until it is approved. Raises Refused: "draft_conflict" when there is one."""
    _may(by, MAY_WRITE, "write schedules")
    with log.atomic():
        fresh = Schedule.objects.select_for_update().get(pk=schedule.pk)
        if _open(fresh).exists():
            raise Refused(
                "There is a draft of this schedule already. Change that one, or withdraw it.", code="draft_conflict"
            )
        last = fresh.versions.aggregate(last=Max("number"))["last"] or 0
        return _write(fresh, last + 1, by, why, copied(fresh) | changes)


def rewrite(version: ScheduleVersion, *, by: User, **changes: Any) -> ScheduleVersion:
    """Change a draft. Who writes last is its author; proposed words are a draft again: nobody approves unseen ones."""
    _may(by, MAY_WRITE, "write schedules")
    with log.atomic():
        fresh = _drafted(version)
        for name, value in changes.items():
            setattr(fresh, name, value)
        check(fresh)
        fresh.author, fresh.proposed_at = by, None
        fresh.save()
        log.record(
            "schedule.drafted", actor=actors.staff(by.pk), noun=fresh.schedule, version=fresh.number,
            fields=sorted(changes),
        )  # fmt: skip
    return fresh


def propose_version(version: ScheduleVersion, *, by: User) -> ScheduleVersion:
    """Ask for somebody else's approval. Raises Refused when it cannot be counted, or not be carried out here."""
    _may(by, MAY_WRITE, "write schedules")
    with log.atomic():
        fresh = _drafted(version)
        check(fresh)
        fresh.proposed_at = timezone.now()
        fresh.save(update_fields=["proposed_at"])
        log.record("schedule.proposed", actor=actors.staff(by.pk), noun=fresh.schedule, version=fresh.number)
    return fresh


def approve(version: ScheduleVersion, *, by: User) -> Schedule:
    """Put a version in force: its words become the schedule's, and the schedule is switched on.

    Runs that count or wait by the old terms end by themselves (`runs` reads the terms again). Raises Refused: "not_allowed",
    "own_version", "not_proposed", "action_unavailable", "not_dated".
    """
    _may(by, MAY_APPROVE, "approve schedules")
    with log.atomic():
        fresh = _drafted(version)
        if fresh.proposed_at is None:
            raise Refused("This is a draft still. Its author has to propose it first.", code="not_proposed")
        if fresh.author_id == by.pk:
            raise Refused("You wrote this version, so somebody else must approve it.", code="own_version")
        check(fresh)
        now = timezone.now()
        ScheduleVersion.objects.filter(pk=fresh.pk).update(approved_by=by, published_at=now)
        Schedule.objects.filter(pk=fresh.schedule_id).update(
            version=fresh, active=True, author_id=fresh.author_id, **copied(fresh)
        )
        log.record(
            "schedule.in_force", actor=actors.staff(by.pk), noun=fresh.schedule, version=fresh.number,
            period=fresh.period, unit=fresh.unit, year_ends=fresh.year_ends, action=fresh.action, basis=fresh.basis,
        )  # fmt: skip
    return Schedule.objects.get(pk=fresh.schedule_id)


def withdraw(version: ScheduleVersion, *, by: User) -> ScheduleVersion:
    """Give a draft up; what is in force stays."""
    if not by.has_perm(MAY_WRITE) and not by.has_perm(MAY_APPROVE):
        raise Refused("Your role may not write schedules. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        fresh = _drafted(version)
        fresh.withdrawn_at = timezone.now()
        fresh.save(update_fields=["withdrawn_at"])
        log.record("schedule.withdrawn", actor=actors.staff(by.pk), noun=fresh.schedule, version=fresh.number)
    return fresh


def switch(schedule: Schedule, *, active: bool, by: User) -> Schedule:
    """Switch a schedule off, or on again with the version that was approved. Off erases nothing, so one person is enough."""
    _may(by, MAY_WRITE, "write schedules")
    with log.atomic():
        fresh = Schedule.objects.select_for_update().get(pk=schedule.pk)
        if active and fresh.version_id is None:
            raise Refused("No version of this schedule was approved yet.", code="not_approved")
        Schedule.objects.filter(pk=fresh.pk).update(active=active)
        log.record("schedule.switched", actor=actors.staff(by.pk), noun=fresh, active=active)
    return Schedule.objects.get(pk=fresh.pk)


def to_approve(by: User) -> "QuerySet[ScheduleVersion]":
    """Versions that wait for this colleague's approval: others wrote them."""
    rows = ScheduleVersion.objects.filter(published_at=None, withdrawn_at=None, proposed_at__isnull=False)
    return rows.exclude(author=by.pk)


def unapproved() -> int:
    """Active schedules that stand on no approved version."""
    rows = Schedule.objects.filter(active=True)
    return rows.filter(version=None).count() + rows.filter(version__published_at=None, version__isnull=False).count()


def differing() -> list[Schedule]:
    """Active schedules whose words are not those of their version: somebody wrote past the versions."""
    rows = Schedule.objects.filter(active=True, version__isnull=False).select_related("version")
    return [one for one in rows if one.version is not None and copied(one) != copied(one.version)]


def _write(schedule: Schedule, number: int, by: User, why: str, terms: dict[str, Any]) -> ScheduleVersion:
    version = ScheduleVersion(schedule=schedule, number=number, author=by, why=why)
    for name, value in terms.items():
        setattr(version, name, value)
    check(version)
    version.save()
    log.record("schedule.drafted", actor=actors.staff(by.pk), noun=schedule, version=number, fields=[])
    return version


def _drafted(version: ScheduleVersion) -> ScheduleVersion:
    """The version, locked. Raises Refused when it is no draft any more."""
    fresh = ScheduleVersion.objects.select_for_update().get(pk=version.pk)
    if fresh.published_at is not None or fresh.withdrawn_at is not None:
        raise Refused(
            "A version that was published or withdrawn is never altered. Draft a change.", code="version_fixed"
        )
    return fresh


def _open(schedule: Schedule) -> Any:
    return schedule.versions.filter(published_at=None, withdrawn_at=None)


def _may(by: User, permission: str, words: str) -> None:
    if not by.has_perm(permission):
        raise Refused(f"Your role may not {words}. Ask your privacy officer.", code="not_allowed")


def check(version: ScheduleVersion) -> None:
    """Refuse what could never be counted. The collection's description may still change; runs look again."""
    today = timezone.localdate()
    try:
        if version.year_ends:
            cutoffs.last_day(today.year, version.year_ends)
    except ValueError as error:
        words = "Write month and day of the last day of a year with two digits each, for example 12-31."
        raise Refused(words, code="year_ends", field="year_ends") from error
    try:
        cutoffs.cutoff(today, version.period or 0, version.unit, version.year_ends)
    except ValueError as error:
        raise Refused("This period cannot be counted. Mend it.", code="schedule_period", field="period") from error
    actions.refuse_unavailable(version.action)
    scopes.due(version, today - timedelta(days=1))


def shortened() -> list[Schedule]:
    """Active schedules that keep for less than the law by which the library's entry says how long. One query."""
    found = []
    for one in Schedule.objects.filter(active=True).exclude(library=""):
        entry = library.entry(one.library)
        if entry is None or entry.basis != Basis.DUTY:
            continue
        law = conflicts.Claimant(one.pk, entry.title, entry.basis, entry.period, entry.unit, entry.year_ends)
        if scopes.claimant(one).days < law.days:
            found.append(one)
    return found


def runs_before(version: ScheduleVersion) -> int:
    """How many open runs count by other terms and will end when this version is in force."""
    return Run.objects.filter(
        schedule=version.schedule_id, state__in=("finding", "proposed", "approved")
    ).count()  # fmt: skip
