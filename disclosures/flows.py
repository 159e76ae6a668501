"""Which categories went to which recipient in which month: what lists of a year are read from. Written with the entries."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from django.db import connection

from audit import rows
from disclosures.models import Disclosure, Flow

# Recipient, first day of the month (UTC), key of the category, key of the purpose or nothing.
Cell = tuple[int, date, str, str]
COLUMNS = ("recipient_id", "month", "category", "purpose")


def month(at: datetime | date) -> date:
    """The first day of the month of a moment, by UTC."""
    return (at.astimezone(UTC).date() if isinstance(at, datetime) else at).replace(day=1)


def note(cells: Iterable[Cell]) -> None:
    """Remember that this went there; what is known already is left alone. One statement, in the caller's transaction."""
    # In one order, so that two who note the same at once never wait for each other crosswise.
    rows.insert(Flow, COLUMNS, sorted(set(cells)), "ON CONFLICT DO NOTHING")


def drop(entry: Disclosure) -> None:
    """Take out what no entry tells any more now that this one is taken back; in the caller's transaction.

    Whoever takes back another entry of the same months waits here. Whoever records one does not: that costs nothing unless
    something has to go, and then they wait for as long as it takes to look once more.
    """
    why = entry.purpose.key if entry.purpose else ""
    cells = Flow.objects.filter(recipient=entry.recipient_id, month=month(entry.disclosed_at), purpose=why)
    mine = cells.filter(category__in=entry.categories)
    gone = _untold(entry, [one.category for one in mine.order_by("pk").select_for_update()])
    if gone and connection.vendor == "postgresql":
        # What somebody records at this moment is not to be seen yet, and they found the row there: after the lock it is.
        with connection.cursor() as cursor:
            cursor.execute(f'LOCK TABLE "{Flow._meta.db_table}" IN SHARE ROW EXCLUSIVE MODE')
        gone = _untold(entry, gone)
    mine.filter(category__in=gone).delete()


def _untold(entry: Disclosure, categories: Iterable[str]) -> list[str]:
    """Those of the categories that no entry of the same recipient, month and purpose has."""
    first = datetime.combine(month(entry.disclosed_at), time(), UTC)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    rows = Disclosure.objects.sound().filter(recipient=entry.recipient_id, purpose=entry.purpose_id).order_by()
    rows = rows.filter(disclosed_at__gte=first, disclosed_at__lt=after)
    if connection.features.supports_json_field_contains:
        return [one for one in categories if not rows.filter(categories__contains=[one]).exists()]
    left = list(categories)
    for told in rows.values_list("categories", flat=True).iterator() if left else ():
        left = [one for one in left if one not in told]
        if not left:
            break
    return left
