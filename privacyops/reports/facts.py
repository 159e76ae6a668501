"""What the tables say about a period: a fixed number of queries, however many requests there are."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate, TruncMonth

import law
from privacyops.reports import numbers
from privacyops.reports.periods import Period
from requests_app.figures import LATE
from requests_app.models import Note, Outcome, Request, Right, State


@dataclass(frozen=True)
class Line:
    """One right, law or channel: what came, what was answered in time, how long that took."""

    label: str
    received: int
    closed: int
    late: int
    took: numbers.Days

    @property
    def on_time(self) -> float | None:
        """In percent of what was closed."""
        return numbers.share(self.closed - self.late, self.closed)


@dataclass(frozen=True)
class Report:
    """A period in numbers."""

    period: Period
    total: Line
    rights: list[Line]
    laws: list[Line]
    channels: list[Line]
    months: list[tuple[date, int, int]]
    outcomes: list[tuple[str, int]]
    grounds: list[tuple[str, int]]
    backlog: int
    overdue: int
    ages: list[tuple[str, int]] = field(default_factory=list)
    hours: list["Hours"] = field(default_factory=list)


@dataclass(frozen=True)
class Hours:
    """What colleagues noted for one right: hours in all, on how many cases, and hours of such a case."""

    label: str
    hours: float
    cases: int

    @property
    def each(self) -> float:
        return self.hours / self.cases if self.cases else 0.0


KINDS = ("right", "channel", "laws__0__statute")


def read(period: Period, *, now: datetime) -> Report:
    """The report of a period; the backlog is that of `now`."""
    came = _counts(_between("received_at", period))
    ended = list(_ended(period))
    still = Request.objects.exclude(state=State.CLOSED)
    outcomes = Counter[str]()
    for row in ended:
        outcomes[row["outcome"]] += row["many"]
    return Report(
        period=period,
        total=_line("All", sum(row["many"] for row in came), ended),
        rights=_lines("right", came, ended, dict(Right.choices)),
        laws=_lines("laws__0__statute", came, ended, _law_names()),
        channels=_lines("channel", came, ended, dict(Request.Channel.choices)),
        months=_months(period),
        outcomes=[(str(Outcome(code).label), many) for code, many in outcomes.most_common()],
        grounds=_grounds(period),
        backlog=still.count(),
        overdue=still.filter(due_at__lte=now).count(),
        hours=_hours(period),
        ages=numbers.ages(_open_ages(still, period, now)),
    )


def _between(name: str, period: Period) -> QuerySet[Request]:
    return Request.objects.filter(**{f"{name}__gte": period.start, f"{name}__lt": period.end})


def _counts(rows: QuerySet[Request]) -> list[dict[str, Any]]:
    return list(rows.order_by().values(*KINDS).annotate(many=Count("pk")))


def _ended(period: Period) -> Iterable[dict[str, Any]]:
    """Closed requests, counted by kind, outcome, lateness, and the days of receipt and closing."""
    zone = period.zone
    rows = _between("closed_at", period).filter(state=State.CLOSED).order_by()
    rows = rows.annotate(
        late=LATE, came=TruncDate("received_at", tzinfo=zone), went=TruncDate("closed_at", tzinfo=zone)
    )
    return rows.values(*KINDS, "outcome", "late", "came", "went").annotate(many=Count("pk"))


def _line(label: str, received: int, ended: Iterable[dict[str, Any]]) -> Line:
    histogram, late = Counter[int](), 0
    for row in ended:
        histogram[max(0, (row["went"] - row["came"]).days)] += row["many"]
        late += row["many"] if row["late"] else 0
    return Line(label, received, sum(histogram.values()), late, numbers.days(histogram))


def _lines(name: str, came: list[dict[str, Any]], ended: list[dict[str, Any]], labels: dict[Any, Any]) -> list[Line]:
    received: Counter[Any] = Counter()
    for row in came:
        received[row[name]] += row["many"]
    groups: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in ended:
        groups[row[name]].append(row)
    keys = sorted(set(received) | set(groups), key=lambda key: (-received[key], str(key)))
    return [_line(str(labels.get(key, key or "No law applies")), received[key], groups[key]) for key in keys]


def _law_names() -> dict[str, str]:
    return {one.id: one.short_name for one in law.statutes().values()}


def _months(period: Period) -> list[tuple[date, int, int]]:
    def series(name: str) -> dict[date, int]:
        rows = _between(name, period).order_by().annotate(month=TruncMonth(name, tzinfo=period.zone))
        return {row["month"].date(): row["many"] for row in rows.values("month").annotate(many=Count("pk"))}

    came, went = series("received_at"), series("closed_at")
    return [(month, came.get(month, 0), went.get(month, 0)) for month in period.months()]


def _hours(period: Period) -> list[Hours]:
    """By right, from the minutes that were noted in the period. One query."""
    rows = Note.objects.filter(
        minutes__isnull=False, written_at__gte=period.start, written_at__lt=period.end
    ).order_by()
    counted = rows.values("request__right").annotate(total=Sum("minutes"), cases=Count("request", distinct=True))
    labels = dict(Right.choices)
    found = [Hours(str(labels[one["request__right"]]), one["total"] / 60, one["cases"]) for one in counted]
    return sorted(found, key=lambda one: -one.hours)


def _grounds(period: Period) -> list[tuple[str, int]]:
    rows = _between("closed_at", period).exclude(denial_ground="").order_by().values("denial_ground")
    counted = rows.annotate(many=Count("pk")).order_by("-many").values_list("denial_ground", "many")
    return [(code.replace("_", " ").capitalize(), many) for code, many in counted]


def _open_ages(still: QuerySet[Request], period: Period, now: datetime) -> dict[int, int]:
    today = now.astimezone(period.zone).date()
    rows = still.order_by().annotate(came=TruncDate("received_at", tzinfo=period.zone)).values("came")
    found = Counter[int]()
    for row in rows.annotate(many=Count("pk")):
        found[max(0, (today - row["came"]).days)] += row["many"]
    return found
