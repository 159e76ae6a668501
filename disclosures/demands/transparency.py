"""Counts of legal demands for a half-year or a year: exact for the house, and as they may be published.

National security process of the United States may be published in bands only: this report takes 50 U.S.C. § 1874(a)(3), one
figure for all such process together, each half-year, in bands of 250 starting with 0-249. Exactly one of the structures of
that section may be chosen, so years carry no such figure. Such process of other countries is not published at all. The bands
are shown whether there was any or not, for a missing line would tell as well.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Min

from audit import sheet
from disclosures.demands import table
from disclosures.models import LegalDemand

WIDTH = 250
SOURCE = "50 U.S.C. § 1874(a)(3)"
SECRET = LegalDemand.Kind.NATIONAL_SECURITY
COLUMNS = (
    "received",
    "given in full",
    "given in part",
    "refused",
    "nothing held",
    "withdrawn",
    "open",
    "people affected",
)


@dataclass(frozen=True)
class Period:
    """A year (`half` 0) or one half of it."""

    year: int
    half: int = 0

    @property
    def key(self) -> str:
        """By which a page asks for it: 2026, 2026-1."""
        return f"{self.year}-{self.half}" if self.half else str(self.year)

    @property
    def name(self) -> str:
        """For a page of the desk."""
        return f"{('first', 'second')[self.half - 1]} half of {self.year}" if self.half else str(self.year)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, 7 if self.half == 2 else 1, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, 6, 30) if self.half == 1 else date(self.year, 12, 31)


@dataclass
class Line:
    """One kind of one country. `people`: whose data went to the authority."""

    kind: str
    country: str
    received: int = 0
    full: int = 0
    part: int = 0
    refused: int = 0
    nothing: int = 0
    withdrawn: int = 0
    open: int = 0
    people: int = 0

    @property
    def kind_words(self) -> str:
        """For a page of the desk."""
        return str(LegalDemand.Kind(self.kind).label)

    @property
    def numbers(self) -> tuple[int, ...]:
        """In the order of COLUMNS."""
        return (self.received, self.full, self.part, self.refused, self.nothing, self.withdrawn, self.open, self.people)


@dataclass(frozen=True)
class Bands:
    """What may be said of national security process; "-" where nothing may."""

    demands: str
    people: str
    source: str = SOURCE


@dataclass(frozen=True)
class Report:
    """A period in numbers."""

    period: Period
    lines: list[Line]


def read(period: Period) -> Report:
    """Exact figures of the demands that came in a period; one query."""
    zone = ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)
    start = datetime.combine(period.first, time.min, zone)
    end = datetime.combine(_after(period), time.min, zone)
    rows = LegalDemand.objects.filter(received_at__gte=start, received_at__lt=end).order_by()
    counted = rows.values("kind", "country", "state", "whole", "ground").annotate(
        demands=Count("pk", distinct=True), persons=Count("people")
    )
    lines: dict[tuple[str, str], Line] = {}
    for one in counted:
        line = lines.setdefault((one["kind"], one["country"]), Line(one["kind"], one["country"]))
        outcome = _outcome(one["state"], bool(one["whole"]), one["ground"])
        line.received += one["demands"]
        setattr(line, outcome, getattr(line, outcome) + one["demands"])
        if one["state"] == table.DISCLOSED:
            line.people += one["persons"]
    order = list(LegalDemand.Kind.values)
    return Report(period, sorted(lines.values(), key=lambda one: (order.index(one.kind), one.country)))


def _outcome(state: str, whole: bool, ground: str) -> str:
    if state == table.DISCLOSED:
        return "full" if whole else "part"
    if state == table.REFUSED:
        return "nothing" if ground == table.NOTHING_HELD else "refused"
    return "withdrawn" if state == table.WITHDRAWN else "open"


def _after(period: Period) -> date:
    return date(period.year, 7, 1) if period.half == 1 else date(period.year + 1, 1, 1)


def published(report: Report) -> Report:
    """The lines that may be published with exact figures."""
    return Report(report.period, [one for one in report.lines if one.kind != SECRET])


def bands(report: Report) -> Bands:
    """The ranges for national security process of the United States."""
    if not report.period.half:
        return Bands("-", "-")
    ours = [one for one in report.lines if one.kind == SECRET and one.country == "US"]
    return Bands(band(sum(one.received for one in ours)), band(sum(one.people for one in ours)))


def band(number: int) -> str:
    """The range that a figure lies in: 0-249, 250-499 ..."""
    low = number // WIDTH * WIDTH
    return f"{low}-{low + WIDTH - 1}"


def periods(today: date, *, finished: bool) -> list[Period]:
    """Halves and years since the first demand, newest first; without those that still run if `finished`."""
    first = LegalDemand.objects.aggregate(first=Min("received_at"))["first"]
    since = first.year if first is not None else today.year
    if finished and first is None:
        since -= 1
    every = [Period(year, half) for year in range(today.year, since - 1, -1) for half in (0, 2, 1)]
    return [one for one in every if (one.last < today if finished else one.first <= today)]


def chosen(key: str, offered: list[Period]) -> Period | None:
    """The period of this key, or the newest one; None where it is not offered."""
    if not key:
        return offered[0] if offered else None
    return next((one for one in offered if one.key == key), None)


def as_csv(report: Report, ranges: Bands | None = None) -> str:
    """One line for each kind and country; `ranges`: those of national security process, for the public."""
    rows = [(report.period.key, one.kind, one.country, *one.numbers) for one in report.lines]
    if ranges is not None and ranges.demands != "-":
        rows.append((report.period.key, SECRET.value, "US", ranges.demands, *[""] * 6, ranges.people))
    return sheet.lines([("period", "kind", "country", *COLUMNS), *rows])
