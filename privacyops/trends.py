"""The charts of the home page, from counted days: as many rows as there are days, rights, laws and channels."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate

import law
from audit import awhile
from privacyops import charts
from privacyops.reports import numbers
from requests_app import figures, reads
from requests_app.models import CountedDay, Request, Right

WEEKS, KEPT_SECONDS = 13, 300
Kind = CountedDay.Kind


@dataclass(frozen=True)
class Group:
    """Median days, share on time and volume by right, law or channel."""

    title: str
    head: str
    rows: list[charts.Lying]


@dataclass(frozen=True)
class Trends:
    """What the home page draws."""

    charts: list[charts.Chart]
    groups: list[Group]
    counted_at: datetime | None
    weeks: int = WEEKS


def trends(now: datetime) -> Trends:
    """The last quarter; kept for five minutes, since the sweep counts no more often."""
    return awhile.kept("desk-trends", KEPT_SECONDS, lambda: read(now))


def read(now: datetime) -> Trends:
    """Read anew: two queries, one of them over the open requests."""
    today = now.astimezone(figures.zone()).date()
    monday = today - timedelta(days=today.weekday())
    weeks = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    days = list(CountedDay.objects.filter(day__gte=weeks[0], day__lte=today))
    total = [one for one in days if one.kind == Kind.ALL]
    counted = max((one.counted_at for one in total), default=None)
    laws = {one.id: one.short_name for one in law.statutes().values()}
    kinds: tuple[tuple[str, str, str, dict[Any, Any]], ...] = (
        (Kind.RIGHT, "By right", "Right", dict(Right.choices)),
        (Kind.LAW, "By law", "Law", laws),
        (Kind.CHANNEL, "By channel", "Channel", dict(Request.Channel.choices)),
    )
    groups = [
        Group(title, head, _rows([one for one in days if one.kind == kind], names))
        for kind, title, head, names in kinds
    ]
    return Trends([*_weekly(total, weeks), _ages(today)], [one for one in groups if one.rows], counted)


def _weekly(total: list[CountedDay], weeks: list[date]) -> list[charts.Chart]:
    came, went, late = Counter[date](), Counter[date](), Counter[date]()
    took: defaultdict[date, Counter[int]] = defaultdict(Counter)
    for one in total:
        week = one.day - timedelta(days=one.day.weekday())
        came[week] += one.received
        went[week] += one.closed
        late[week] += one.late
        took[week].update({int(length): many for length, many in one.took.items()})
    names = {week: f"{week.day} {week:%b}" for week in weeks}
    return [
        charts.bars("Volume", "Week of", ("Received", "Closed"), [(names[one], (came[one], went[one])) for one in weeks]),
        charts.line(
            "Answered in time", "Week of", "In time",
            [(names[one], numbers.share(went[one] - late[one], went[one])) for one in weeks], unit="%",
        ),
        charts.line(
            "Median days to an answer", "Week of", "Days",
            [(names[one], numbers.days(took[one]).median) for one in weeks],
        ),
    ]  # fmt: skip


def _ages(today: date) -> charts.Chart:
    rows = reads.open_requests().order_by().annotate(came=TruncDate("received_at", tzinfo=figures.zone()))
    found = Counter[int]()
    for row in rows.values("came").annotate(many=Count("pk")):
        found[max(0, (today - row["came"]).days)] += row["many"]
    shown = [(words.replace(" days", ""), (many,)) for words, many in numbers.ages(found)]
    return charts.bars("Age of what is open, in days", "Days since receipt", ("Requests",), shown)


def _rows(days: list[CountedDay], names: dict[Any, Any]) -> list[charts.Lying]:
    came, went, late = Counter[str](), Counter[str](), Counter[str]()
    took: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for one in days:
        came[one.key] += one.received
        went[one.key] += one.closed
        late[one.key] += one.late
        took[one.key].update({int(length): many for length, many in one.took.items()})
    rows = []
    for key, received in came.most_common():
        if not received and not went[key]:
            continue
        median = numbers.days(took[key]).median
        share = numbers.share(went[key] - late[key], went[key])
        cells = (
            f"{received:,}", f"{went[key]:,}", "none" if share is None else f"{share:.0f}%",
            "none" if median is None else f"{median:g}",
        )  # fmt: skip
        rows.append((str(names.get(key, key or "No law applies")), median, cells))
    return charts.lying(rows)
