"""What of requests is done again after a restore of our own database: cases that were cleared of everything personal.

The list holds the case's id and nothing of it. A case that is under hold by now, or open again, is left alone, as it would be
on any other day; its schedule finds it when its time has come.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, Max, OuterRef, TextField, Value
from django.db.models.functions import Cast, Concat

from requests_app import clearing
from requests_app.models import Request
from retention.models import Cleared, SealedEntry
from retention.redoing import Deed, Redone, Source, register

ORIGIN, SLACK = "case:", timedelta(hours=1)


def found(most: int) -> Iterator[Deed]:
    """Cases that were cleared and stand in no entry yet, in the order in which they were."""
    text = TextField()
    source = Concat(Value(ORIGIN, text), Cast("key", text), output_field=text)
    rows = Cleared.objects.filter(store=clearing.STORE).annotate(source=source)
    newest = SealedEntry.objects.filter(kind=SealedEntry.Kind.OWN).aggregate(at=Max("done_at"))["at"]
    if newest is not None:  # sealed in the order in which they were cleared: those of last year need no look
        rows = rows.filter(cleared_at__gte=newest - SLACK)
    rows = rows.exclude(Exists(SealedEntry.objects.filter(source=OuterRef("source"))))
    for one in rows.order_by("cleared_at", "pk")[:most]:
        yield Deed(f"{ORIGIN}{one.key}", f"{ORIGIN}{one.key}", one.cleared_at, {"case": one.key})


def redo(payloads: Sequence[dict[str, Any]]) -> Redone:
    """Clear each case again that is there and not cleared. One that a restored database does not know has nothing to clear."""
    known = Request.objects.filter(pk__in=[UUID(one["case"]) for one in payloads])
    over = clearing.over().filter(pk__in=known.values("pk"))
    free = [str(pk) for pk in over.exclude(pk__in=clearing.held(over).values("pk")).values_list("pk", flat=True)]
    changed = clearing.clear(free)
    there = [pk.hex for pk in known.values_list("pk", flat=True)]
    cleared = Cleared.objects.filter(store=clearing.STORE, key__in=there).count()
    return Redone(len(there), changed, len(there) - cleared)


register(Source(SealedEntry.Kind.OWN, found, redo))
