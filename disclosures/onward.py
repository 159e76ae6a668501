"""The mark of the sweep that carries withdrawn consents on to recipients: a row for each No that was looked at."""

from datetime import datetime, timedelta
from uuid import UUID

from disclosures.models import Onward

# A transaction that began before the mark and ends after it is found by looking back so far.
BEFORE = timedelta(minutes=15)
# Rows are kept a little longer than that: what they say stands in the notices and events.
KEPT = timedelta(days=2)


def since(now: datetime) -> datetime:
    """From when on to look: a little before the newest No that was looked at; at first, from a little before now on."""
    newest = Onward.objects.order_by("-recorded_at").values_list("recorded_at", flat=True).first()
    return (newest or now) - BEFORE


def seen(choice: UUID, recorded_at: datetime, told: int) -> bool:
    """Note one as looked at, in the caller's transaction; whether it was not yet."""
    return Onward.objects.get_or_create(choice=choice, defaults={"recorded_at": recorded_at, "told": told})[1]


def prune() -> int:
    """Drop rows that lie well before the newest; how many."""
    newest = Onward.objects.order_by("-recorded_at").values_list("recorded_at", flat=True).first()
    return Onward.objects.filter(recorded_at__lt=newest - KEPT).delete()[0] if newest else 0
