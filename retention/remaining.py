"""What still exists of what was erased: which backups and archives were made before, and until when they are there.

From the same figures it follows when the key of a month of the sealed list is needed no more.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from audit import log
from connectors.models import WorkOrder
from retention import sealed, sealkeys
from retention.models import Archive, CopySet, SealedEntry, StoredCopy

State = StoredCopy.State
STILL = (State.THERE, State.ENDING, State.LOCKED)
KEPT = (Archive.State.SEALED, Archive.State.RESTORING, Archive.State.RESTORED)
ERASING = (WorkOrder.Operation.ERASE, WorkOrder.Operation.ANONYMISE)
# A store's own rule runs once a day, and a job of theirs may be late by as much.
SLACK = timedelta(days=2)


@dataclass(frozen=True)
class Still:
    """Copies of one set that were made before a moment: until when they exist at the latest, how many are known one by one."""

    copy_set: CopySet | None
    title: str
    kind: str
    place: str
    until: datetime
    known: int
    late: bool = False

    def gone(self, now: datetime) -> bool:
        """Whether nothing of it is left."""
        return self.until <= now and not self.late


def still(systems: dict[str, datetime]) -> list[Still]:
    """What copies made before these moments still exist: by system key ("": our own database), when it was erased there."""
    now = timezone.now()
    named = Q(system__key__in=[one for one in systems if one])
    if "" in systems:
        named |= Q(system=None)
    found = []
    for one in CopySet.objects.filter(named).select_related("system"):
        moment = systems[one.system.key if one.system else ""]
        found.append(_still(one, moment, now))
    archives = Archive.objects.filter(system__key__in=systems, state__in=KEPT).select_related("system")
    for archive in archives:
        if archive.sealed_at and archive.purge_at and archive.sealed_at < systems[archive.system.key]:
            title = f"Sealed archive of {archive.system.name}"
            found.append(Still(None, title, "archive", "ours, encrypted", archive.purge_at, 1, archive.purge_at < now))
    return sorted(found, key=lambda one: one.until, reverse=True)


def _still(one: CopySet, moment: datetime, now: datetime) -> Still:
    last = min(moment, one.ended_at) if one.ended_at and not one.active else moment
    until = last + timedelta(days=max(one.kept_days, one.immutable_days))
    rows = StoredCopy.objects.filter(copy_set=one, taken_at__lte=moment, state__in=STILL)
    known = rows.aggregate(count=Count("pk"), least=Min("expires_at"), most=Max("locked_until"))
    if known["most"]:
        until = max(until, known["most"])
    late = bool(known["least"] and known["least"] < now)
    return Still(one, one.title, one.get_kind_display(), one.place, until, known["count"], late)


def erased_in(origin: str) -> dict[str, datetime]:
    """Where and when the erasure of a request or a run was done, by system key."""
    rows = WorkOrder.objects.filter(batch__origin=origin, operation__in=ERASING, state=WorkOrder.State.DONE)
    found = rows.filter(rows_done__gt=0).order_by().values_list("system__key").annotate(at=Max("finished_at"))
    return {key: at for key, at in found if at is not None}


def of_erasure(origin: str) -> list[Still]:
    """What still exists of what a request or a run erased."""
    erased = erased_in(origin)
    return still(erased | {"": max(erased.values())}) if erased else []


def latest(lines: Iterable[Still]) -> datetime | None:
    """When the last of it is gone; None when nothing is left."""
    now = timezone.now()
    return max((one.until for one in lines if not one.gone(now)), default=None)


def unregistered(systems: Collection[str]) -> list[str]:
    """Of these systems those without a single entry in the register: nobody said whether they are backed up."""
    known = CopySet.objects.filter(system__key__in=systems).values_list("system__key", flat=True)
    return sorted(set(systems) - set(known) - {""})


# ---------------------------------------------------------------- keys that nothing needs any more


def destroy_keys(now: datetime) -> int:
    """Destroy the keys of months whose entries no backup can make necessary any more; how many."""
    count = 0
    for name in sealkeys.there():
        if needed_until(name, now) > now or not sealkeys.destroy(name):
            continue
        count += 1
        newest = SealedEntry.objects.filter(key=name).order_by("-number").first()
        if newest is not None:
            with log.atomic():
                log.record("list.key_destroyed", actor=sealed.SEALER, noun=newest, month=name)
    return count


def needed_until(name: str, now: datetime) -> datetime:
    """Until when the key of a month may be needed: the last backup taken before its last entry is gone by then. Where the
    register knows no backup of a system that has entries, SEALED_DAYS later.
    """
    end = datetime.combine(sealkeys.last_day(name), time(), UTC)
    systems = set(SealedEntry.objects.filter(key=name).order_by().values_list("system", flat=True).distinct())
    sets = list(CopySet.objects.select_related("system"))
    known = {one.system.key if one.system else "" for one in sets}
    until = end
    if systems - known:
        until = end + timedelta(days=settings.SEALED_DAYS)
    for one in sets:
        if (one.system.key if one.system else "") in systems:
            until = max(until, end + timedelta(days=max(one.kept_days, one.immutable_days)) + SLACK)
    # A copy that should be gone and is still there can still be restored.
    left = StoredCopy.objects.filter(state__in=STILL, taken_at__lte=end).exists()
    return max(until, now + timedelta(days=1)) if left else until


def facts(lines: Iterable[Still]) -> list[dict[str, Any]]:
    """The lines as facts for a page or a letter: codes, counts and days."""
    now = timezone.now()
    return [
        {"title": one.title, "kind": one.kind, "place": one.place, "until": one.until, "known": one.known,
         "gone": one.gone(now), "late": one.late}
        for one in lines
    ]  # fmt: skip
