"""What will go when: weeks and months to come, from what the last count of each schedule saw. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from dateutil.relativedelta import relativedelta
from django.db.models import OuterRef, Subquery, UUIDField

from connectors.models import Finding
from retention.models import Run, Schedule

WEEKS, MONTHS = 8, 12


@dataclass(frozen=True)
class Row:
    """One schedule: rows due now, held, and what will be due in each span; None where that was not counted."""

    schedule: Schedule
    counted_on: date | None
    due: int | None
    held: int
    spans: list[int | None]


def weeks(today: date) -> list[date]:
    """Today and the days after each of the next weeks."""
    return [today + timedelta(weeks=turn) for turn in range(WEEKS + 1)]


def months(today: date) -> list[date]:
    """Today and the first days of the months to come."""
    first = today.replace(day=1)
    return [today, *(first + relativedelta(months=turn) for turn in range(1, MONTHS + 1))]


def days(schedule: Schedule, today: date) -> list[date]:
    """The cut-offs of all these days: before which a count has to look, so that the calendar can be made of it."""
    found = {schedule.cutoff(day) for day in (*weeks(today), *months(today))}
    return sorted(found)


def calendar(today: date, ends: Sequence[date]) -> list[Row]:
    """A row for each active schedule; two queries. `ends`: days between which is counted, rising, the first one `today`."""
    last = Run.objects.filter(schedule=OuterRef("pk"), batch__findings__of_rows__isnull=False).order_by("-opened_at")
    schedules = Schedule.objects.filter(active=True).select_related("collection__dataset__system")
    schedules = schedules.annotate(
        last=Subquery(last.values("batch")[:1], output_field=UUIDField()),
        counted=Subquery(last.values("opened_at")[:1]),
    )
    rows = list(schedules)
    findings = {one.batch_id: one for one in Finding.objects.filter(batch__in=[row.last for row in rows if row.last])}
    return [_row(one, findings.get(one.last), ends) for one in rows]


def _row(schedule: Schedule, finding: Finding | None, ends: Sequence[date]) -> Row:
    counted = getattr(schedule, "counted", None)
    if finding is None or counted is None:
        return Row(schedule, None, None, 0, [None] * (len(ends) - 1))
    before = [(date.fromisoformat(day), rows) for day, rows in finding.ahead]
    at = [_known(before, schedule.cutoff(day)) for day in ends]
    spans = [None if one is None or other is None else max(0, other - one) for one, other in pairwise(at)]
    return Row(schedule, counted.date(), finding.rows, finding.held, spans)


def _known(before: Sequence[tuple[date, int]], day: date) -> int | None:
    """How many rows are dated before a day, between the days that were counted evenly spread; None beyond them."""
    for (one, rows), (other, more) in pairwise(before):
        if one <= day <= other:
            share = (day - one).days / (other - one).days
            return rows + round(share * (more - rows))
    return next((rows for one, rows in before if one == day), None)
