"""Who received one person's data: entry by entry and page by page, and what goes to recipients all the time."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from disclosures import ledger, standing
from disclosures.models import Disclosure
from disclosures.standing import Held
from subjects.models import DataSubject

PAGE, LONGEST_PAGE = 100, 500

__all__ = ("Held", "Page", "page", "standing_of")


@dataclass(frozen=True)
class Page:
    """Entries, newest first, and the standing ones on the first page. `next`: the entry after which the next page begins."""

    entries: list[Disclosure]
    standing: list[Held]
    next: UUID | None


def page(subject: DataSubject, *, after: UUID | None = None, limit: int = PAGE) -> Page:
    """One page of the entries that hold, in a fixed number of queries, however long the ledger is. An `after` that is no entry
    of this person gives the first page.
    """
    people = list(ledger.people(subject).values_list("pk", flat=True))
    # With the ids themselves: one id is one range of the index, read in its order.
    rows = Disclosure.objects.filter(subject__in=people).select_related("recipient", "purpose")
    last = rows.filter(pk=after).first() if after else None  # its place is there although it was taken back since
    if last is not None:
        rows = rows.filter(Q(disclosed_at__lt=last.disclosed_at) | Q(disclosed_at=last.disclosed_at, pk__lt=last.pk))
        # Implied by the line above, and a bound that the index can begin at.
        rows = rows.filter(disclosed_at__lte=last.disclosed_at)
    found = list(rows.sound().order_by("-disclosed_at", "-pk")[: limit + 1])
    more = len(found) > limit
    held = [] if last is not None else standing_of(subject)
    return Page(found[:limit], held, found[limit - 1].pk if more else None)


def standing_of(subject: DataSubject, *, searched: bool = False) -> list[Held]:
    """What recipients get or got of this person all the time; `searched`: as `standing.of`."""
    people = ledger.people(subject).values("pk")
    return standing.of(people, timezone.localdate(), searched=searched)
