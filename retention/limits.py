"""Limits within which runs go by themselves: granted by a second person, taken back by anybody who may approve, and looked at
for each run. The approver of an automatic run is who granted the limits.
"""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from retention.judging import Bounds, Past, automatic, unusual
from retention.models import Limits, Run, Schedule

# Finished runs that are looked at.
MOST_PAST = 50
BOUNDS = ("most_rows", "most_percent", "manual_runs", "growth", "last_runs", "usual_factor", "unusual_percent")


def grant(limits: Limits, *, by: User) -> None:
    """Let runs within these limits go by themselves. Raises Refused for the schedule's author and for who may not approve."""
    _may(by)
    if limits.schedule.author_id == by.pk:
        raise Refused("You wrote this schedule, so somebody else must grant its limits.", code="own_schedule")
    _set(limits, by, "limits.granted", granted_by=by, granted_at=timezone.now())


def withdraw(limits: Limits, *, by: User) -> None:
    """From now on a person approves each run again."""
    _may(by)
    _set(limits, by, "limits.withdrawn", granted_by=None, granted_at=None)


def of(schedule: Schedule) -> Limits | None:
    """The limits of a schedule."""
    return Limits.objects.filter(schedule=schedule).select_related("granted_by").first()


def why_unusual(run: Run, rows: int, of_rows: int | None, limits: Limits | None) -> str:
    """Why two people must look at this run, or ""."""
    return unusual(_bounds(limits), rows, of_rows, past(run.schedule_id))


def approver(run: Run, limits: Limits | None) -> tuple[User | None, str]:
    """(who answers for a run that goes by itself, why it may not)."""
    if limits is None or limits.granted_by is None:
        return None, ""
    if run.schedule.author_id == limits.granted_by_id:
        return None, "Whoever granted the limits is the schedule's author now."
    if not limits.granted_by.is_active or not limits.granted_by.has_perm("retention.approve_run"):
        return None, "Whoever granted the limits may not approve runs any more."
    why = automatic(_bounds(limits), run.rows, run.of_rows, past(run.schedule_id))
    return (None, why) if why else (limits.granted_by, "")


def past(schedule_id: int) -> list[Past]:
    """The finished runs of a schedule, the newest first."""
    rows = Run.objects.filter(schedule=schedule_id, state__in=(Run.State.DONE, Run.State.NOTHING))
    found = rows.order_by("-opened_at").values_list("rows", "automatic", "certificate")[:MOST_PAST]
    return [Past(count, not by_itself, _fine(paper)) for count, by_itself, paper in found]


def _fine(paper: dict[str, Any]) -> bool:
    return not paper.get("waived_orders") and not any(one["left"] for one in paper.get("collections", {}).values())


def _bounds(limits: Limits | None) -> Bounds:
    return Bounds() if limits is None else Bounds(**{name: getattr(limits, name) for name in BOUNDS})


def _may(by: User) -> None:
    if not by.has_perm("retention.approve_run"):
        raise Refused("Your role may not approve retention runs. Ask your privacy officer.", code="not_allowed")


def _set(limits: Limits, by: User, event: str, **changes: Any) -> None:
    with log.atomic():
        Limits.objects.filter(pk=limits.pk).update(**changes)
        log.record(event, actor=actors.staff(by.pk), noun=limits, schedule=limits.schedule.key)
