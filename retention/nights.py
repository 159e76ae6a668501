"""The nightly proof: for each schedule, how many rows are past their date, and what explains them. Goal: none.

Counted once a night in the time zone of the establishment, from two o'clock on: by then yesterday's runs are over. A night that
was missed is not made up: what counts is what is past its date now. A schedule that cannot be counted says why, and is tried
again three times.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log, sheet
from audit.refusal import Refused
from connectors import counting
from connectors.kinds.base import Permanent, Temporary
from retention import scopes
from retention.models import Action, Night, Run, Schedule

logger = logging.getLogger(__name__)
COUNTER = actors.worker("retention.nights")
FROM_HOUR, MOST_TRIES, AT_ONCE = 2, 3, 20
HEADS = (
    "schedule", "day", "cutoff", "rows", "past_their_date", "held", "in_grace", "waiting_for_approval", "treated",
    "unexplained", "undated", "oldest", "counted_at", "fault",
)  # fmt: skip


@dataclass
class _Seen:
    """What one count saw."""

    total: int | None
    undated: int | None
    oldest_on: date | None
    past: int
    held: int = 0
    in_grace: int = 0
    waiting: int = 0
    treated: int = 0

    @property
    def unexplained(self) -> int:
        return max(0, self.past - self.held - self.in_grace - self.waiting - self.treated)


def night_of(now: datetime) -> date | None:
    """The night that is to be counted at this moment; None before two o'clock."""
    here = now.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))
    return here.date() if here.hour >= FROM_HOUR else None


def to_count(now: datetime) -> list[Schedule]:
    """Schedules that hold and were not counted in this night; a fault is tried again an hour later."""
    day = night_of(now)
    if day is None:
        return []
    again = Q(fault="") | Q(tries__gte=MOST_TRIES) | Q(counted_at__gt=now - timedelta(hours=1))
    done = Night.objects.filter(day=day).filter(again).values("schedule")
    rows = Schedule.objects.filter(active=True).exclude(pk__in=done).exclude(pk__in=scopes.overruled())
    return list(rows.select_related("collection__dataset").order_by("key")[:AT_ONCE])


def count_nights(now: datetime) -> int:
    """Count what is to be counted; how many schedules. Safe to repeat: a schedule has one row a night."""
    day = night_of(now)
    rows = to_count(now)
    for one in rows:
        assert day is not None
        count(one, day)
    return len(rows)


def count(schedule: Schedule, day: date) -> Night:
    """Count one schedule for one night, outside any transaction of ours; the row is written with its event."""
    fault, seen, cutoff = "", None, None
    try:
        cutoff = schedule.cutoff(day)
        seen = _look(schedule, cutoff)
    except (Permanent, Refused) as error:
        fault = error.sentence if isinstance(error, Permanent) else error.message
    except Temporary as error:
        fault = f"The system is away ({error.code}); it is tried again in an hour."
    except ValueError:
        fault = "This period cannot be counted. Mend the schedule."
    facts: dict[str, Any] = {"cutoff_on": cutoff, "fault": fault[:300], "counted_at": timezone.now()}
    if seen is not None:
        facts |= {**vars(seen), "unexplained": seen.unexplained}
    with log.atomic():
        night, _ = Night.objects.select_for_update().get_or_create(schedule=schedule, day=day)
        if night.counted_at is not None and not night.fault:
            return night  # another worker counted this night
        Night.objects.filter(pk=night.pk).update(tries=night.tries + 1, **facts)
        night.refresh_from_db()
        log.record(
            "night.counted", actor=COUNTER, noun=schedule, day=day, past=night.past, unexplained=night.unexplained,
            held=night.held, undated=night.undated, failed=bool(fault),
        )  # fmt: skip
    return night


def _look(schedule: Schedule, cutoff: date) -> _Seen:
    spec, due = scopes.due(schedule, cutoff)
    run = Run.objects.filter(schedule=schedule, state__in=("proposed", "approved", "running")).first()
    stays = schedule.action == Action.ANONYMISE or schedule.collection.erase == "mask"
    done = Run.objects.filter(schedule=schedule, state="done").order_by("-cutoff_on").first() if stays else None
    days = [cutoff, *(one.cutoff_on for one in (run, done) if one is not None)]
    found = counting.counted(spec, due, days)
    seen = _Seen(found.total, found.undated, found.oldest_on, found.past[0])
    if not seen.past:
        return seen
    seen.held = min(seen.past, counting.held(spec, due))
    left = seen.past - seen.held
    if done is not None:
        seen.treated = min(left, found.past[-1], _done(done))
        left -= seen.treated
    if run is not None:
        covered = max(0, min(left, found.past[1] - seen.treated, run.rows))
        seen.in_grace, seen.waiting = (0, covered) if run.state == "proposed" else (covered, 0)
    return seen


def _done(run: Run) -> int:
    return sum(int(line.get("erased", 0)) for line in run.certificate.get("collections", {}).values())


# ---------------------------------------------------------------- reads


def latest() -> "QuerySet[Night]":
    """The last count of every active schedule that holds, of the last two nights."""
    since = timezone.now().astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date() - timedelta(days=1)
    rows = Night.objects.filter(day__gte=since, schedule__active=True).exclude(schedule__in=scopes.overruled())
    newer: dict[int, tuple[date, int]] = {}
    for pk, schedule, day in rows.values_list("pk", "schedule", "day"):
        if schedule not in newer or newer[schedule][0] < day:
            newer[schedule] = (day, pk)
    return Night.objects.filter(pk__in=[pk for _, pk in newer.values()]).select_related("schedule__collection__dataset")


def not_zero() -> "QuerySet[Night]":
    """Of the last counts those that are not zero: rows past their date that nothing explains, or a fault."""
    return latest().filter(Q(unexplained__gt=0) | Q(waiting__gt=0) | ~Q(fault=""))


def series(schedules: Iterable[Schedule], days: int = 90) -> dict[int, list[Night]]:
    """The nights of each schedule, the oldest first. One query."""
    since = timezone.localdate() - timedelta(days=days)
    found: dict[int, list[Night]] = {one.pk: [] for one in schedules}
    for night in Night.objects.filter(schedule__in=list(found), day__gt=since).order_by("day"):
        found[night.schedule_id].append(night)
    return found


def as_csv(rows: "QuerySet[Night]") -> Iterable[str]:
    """All counts as CSV, line by line: flat memory."""
    yield sheet.line(HEADS)
    for one in rows.select_related("schedule").order_by("day", "schedule__key").iterator(chunk_size=2000):
        yield sheet.line(
            (
                one.schedule.key, one.day, one.cutoff_on, one.total, one.past, one.held, one.in_grace, one.waiting,
                one.treated, one.unexplained, one.undated, one.oldest_on,
                one.counted_at, one.fault,
            )
        )  # fmt: skip
