"""Counted days: what came and what was closed on each day, kept as rows so that charts read days and not requests.

A run counts today and yesterday, the days of the window that were never counted, and a few that were counted longest ago:
what changes later (a case that is opened again, a deadline that moved) is seen within some hours. Counting a day anew is
safe at any time.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import TruncDate

from requests_app.models import Clock, CountedDay, Request, State

WINDOW_DAYS, NEW_DAYS, OLD_DAYS = 400, 60, 10
# Answered after the day of a law, or not answered on it.
LATE = Exists(
    Clock.objects.filter(request=OuterRef("pk"), kind=Clock.Kind.RESPOND).filter(
        Q(met_at__gte=F("due_at")) | Q(met_at=None, breached_at__isnull=False)
    )
)
Kind = CountedDay.Kind
KINDS = {Kind.RIGHT: "right", Kind.LAW: "laws__0__statute", Kind.CHANNEL: "channel"}


@dataclass
class _Sum:
    received: int = 0
    late: int = 0
    took: Counter[int] = field(default_factory=Counter)


def zone() -> ZoneInfo:
    """Whose days are counted."""
    return ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)


def sweep(now: datetime) -> int:
    """Bring the counted days up to date; how many were counted."""
    today = now.astimezone(zone()).date()
    days = _due(today)
    for day in days:
        count(day, now=now)
    CountedDay.objects.filter(day__lt=today - timedelta(days=2 * WINDOW_DAYS)).delete()
    return len(days)


def _due(today: date) -> list[date]:
    window = [today - timedelta(days=back) for back in range(WINDOW_DAYS)]
    known = CountedDay.objects.filter(kind=Kind.ALL, day__gte=window[-1], day__lte=today)
    oldest_first = list(known.order_by("counted_at", "day").values_list("day", flat=True))
    there = set(oldest_first)
    fresh = [day for day in window if day not in there][:NEW_DAYS]
    return list(dict.fromkeys([*window[:2], *fresh, *oldest_first[:OLD_DAYS]]))


def count(day: date, *, now: datetime) -> None:
    """Count one day anew: two queries that read this day's requests only, and its rows exchanged in one transaction."""
    sums = _sums(day)
    rows = [
        CountedDay(
            day=day, kind=kind, key=key, received=one.received, closed=sum(one.took.values()), late=one.late,
            took={str(length): many for length, many in sorted(one.took.items())}, counted_at=now,
        )
        for (kind, key), one in sums.items()
    ]  # fmt: skip
    with transaction.atomic():
        CountedDay.objects.filter(day=day).delete()
        # Two sweeps at once: the second one's figures stand.
        CountedDay.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=("day", "kind", "key"),
            update_fields=("received", "closed", "late", "took", "counted_at"),
        )  # fmt: skip


def _sums(day: date) -> dict[tuple[str, str], _Sum]:
    sums: defaultdict[tuple[str, str], _Sum] = defaultdict(_Sum)
    sums[Kind.ALL, ""] = _Sum()  # a day without requests was counted, too
    start, end = (datetime.combine(day + timedelta(days=ahead), time.min, zone()) for ahead in (0, 1))
    names = tuple(KINDS.values())
    came = Request.objects.filter(received_at__gte=start, received_at__lt=end).order_by().values(*names)
    for row in came.annotate(many=Count("pk")):
        for place in _places(row):
            sums[place].received += row["many"]
    went = Request.objects.filter(state=State.CLOSED, closed_at__gte=start, closed_at__lt=end).order_by()
    went = went.annotate(late=LATE, came=TruncDate("received_at", tzinfo=zone()))
    for row in went.values(*names, "late", "came").annotate(many=Count("pk")):
        for place in _places(row):
            sums[place].took[max(0, (day - row["came"]).days)] += row["many"]
            sums[place].late += row["many"] if row["late"] else 0
    return sums


def _places(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(Kind.ALL, ""), *((kind, row[name] or "") for kind, name in KINDS.items())]
