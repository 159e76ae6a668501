"""What a business with many Californian consumers publishes each year by 1 July (11 CCR § 7102(a)).

Requests to delete, correct, know, opt out of sale or sharing, and limit: received, complied with in whole or in part, denied,
and the median and mean days of an answer. § 7102(c) lets a business count everybody instead of Californians, and say so.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate

from privacyops.reports import numbers
from privacyops.reports.periods import Period
from requests_app.models import Outcome, Request, State

# The regulation's five kinds, and our rights that are one of them.
KINDS: dict[str, tuple[str, ...]] = {
    "Requests to delete": ("delete",),
    "Requests to correct": ("correct",),
    "Requests to know": ("access", "portability", "third_party_list"),
    "Requests to opt out of sale or sharing": ("opt_out_sale", "opt_out_targeted_ads"),
    "Requests to limit": ("limit_sensitive",),
}
COMPLIED = (Outcome.FULFILLED, Outcome.PARTLY)
# Not proved counts as denied: the business did not do what was asked for (11 CCR § 7060 and § 7102(a)(1)).
DENIED = (Outcome.DENIED, Outcome.UNVERIFIED)
PUBLISH_BY = (7, 1)


@dataclass(frozen=True)
class Kind:
    """One row of the published table."""

    label: str
    received: int
    complied: int
    denied: int
    other: int
    pending: int
    took: numbers.Days


def metrics(period: Period, *, everybody: bool) -> list[Kind]:
    """The five rows for requests that were received in the period. One query."""
    rows = Request.objects.filter(received_at__gte=period.start, received_at__lt=period.end).order_by()
    if not everybody:
        rows = rows.filter(residence="US-CA")
    zone = period.zone
    counted: list[Any] = list(
        rows.annotate(came=TruncDate("received_at", tzinfo=zone), went=TruncDate("closed_at", tzinfo=zone))
        .values("right", "state", "outcome", "came", "went")
        .annotate(many=Count("pk"))
    )
    return [_kind(label, [row for row in counted if row["right"] in rights]) for label, rights in KINDS.items()]


def publish_by(year: int) -> date:
    """The day by which the figures of a calendar year must stand on the website."""
    return date(year + 1, *PUBLISH_BY)


def _kind(label: str, rows: list[Any]) -> Kind:
    counts, histogram = Counter[str](), Counter[int]()
    for row in rows:
        closed = row["state"] == State.CLOSED
        counts[_column(row["outcome"]) if closed else "pending"] += row["many"]
        if closed and row["outcome"] in (*COMPLIED, Outcome.DENIED) and row["went"]:
            histogram[max(0, (row["went"] - row["came"]).days)] += row["many"]
    took = numbers.days(histogram)
    return Kind(
        label, sum(counts.values()), counts["complied"], counts["denied"], counts["other"], counts["pending"], took
    )


def _column(outcome: str) -> str:
    return "complied" if outcome in COMPLIED else "denied" if outcome in DENIED else "other"
