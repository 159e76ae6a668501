"""What waits for whom: the queues of legal demands, as queries."""

from datetime import date, timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet

from disclosures.demands import table
from disclosures.models import LegalDemand

SOON = timedelta(days=3)


def still_open() -> "QuerySet[LegalDemand]":
    """Demands that wait for us."""
    return LegalDemand.objects.filter(closed_at=None)


def overdue(today: date) -> "QuerySet[LegalDemand]":
    """Open demands whose answer was due before today."""
    return still_open().filter(due_on__lt=today)


def due_soon(today: date) -> "QuerySet[LegalDemand]":
    """Open demands whose answer is due within three days; not those that are overdue."""
    return still_open().filter(due_on__gte=today, due_on__lte=today + SOON)


def to_approve(user: User) -> "QuerySet[LegalDemand]":
    """Scoped demands that somebody else prepared."""
    return LegalDemand.objects.filter(state=table.NARROWED).exclude(prepared_by=user.pk)


def objected() -> "QuerySet[LegalDemand]":
    """Approved demands that somebody objected to; legal may have considered it."""
    return LegalDemand.objects.filter(state=table.APPROVED, people__objected_at__isnull=False).distinct()
