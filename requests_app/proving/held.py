"""What our systems hold of a person whose rows were found: the answers that facts are compared with, and other mailboxes.

`tell` is the second: the request was proved by one channel, and whoever took that over must not go unnoticed by the person,
whose account may name another mailbox. Once for each search, by the sweep; a mailbox found so is told, and finds nobody.
"""

from collections import defaultdict
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db.models import F, Q

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors import reading
from connectors.kinds import base
from connectors.models import Batch
from connectors.searching import Searcher
from inventory.models import Field
from requests_app import locks
from requests_app.models import Request, State
from requests_app.proving import stopping
from subjects import registry

READER = actors.worker("requests.contacts")
MOST_ROWS = 500
# More than one person has. A table that gives more is described wrongly, and nobody is written to because of it.
MOST_MAILBOXES = 5
AT_ONCE = 50
OPEN = (State.IN_REVIEW, State.DELIVERING, State.NOTIFYING)


def values(batch: Batch, asked: Q) -> dict[str, list[object]]:
    """What the rows of a finished search hold in the fields `asked` for, by attribute or identity; another person's never.

    Raises base.Temporary or base.Permanent of a system that cannot be read.
    """
    found: dict[str, list[object]] = defaultdict(list)
    places: dict[tuple[str, str], list[Field]] = defaultdict(list)
    for field in Field.objects.filter(asked).select_related("collection__dataset"):
        places[(field.collection.dataset.key, field.collection.name)].append(field)
    searcher = Searcher(batch)
    for finding in batch.findings.filter(rows__gt=0):
        fields = places.get((finding.dataset, finding.collection))
        if not fields:
            continue
        for one in islice(reading.rows(finding, searcher=searcher), MOST_ROWS):
            for field in fields:
                value = one.get(field.name)
                if value not in (None, "", reading.ANOTHER_PERSON):
                    found[field.attribute or field.identity].append(value)
    return found


def sweep(now: datetime) -> int:
    """Read the other mailboxes of those whose search is over, and tell them; how many requests were looked at."""
    unread = Q(contacts_read=None) | ~Q(contacts_read=F("batch_id"))
    rows = Request.objects.filter(unread, state__in=OPEN, batch__isnull=False, proved_at__isnull=False)
    keys = list(rows.order_by("proved_at").values_list("pk", flat=True)[:AT_ONCE])
    for key in keys:
        tell(key, now)
    return len(keys)


def tell(request_id: UUID, now: datetime) -> int:
    """Tell mailboxes that only our systems know of this request; how many. A system that is away is read another time."""
    request = Request.objects.select_related("batch").get(pk=request_id)
    batch = request.batch
    if batch is None:
        return 0
    try:
        found = values(batch, Q(identity="email"))
    except base.Temporary:
        return 0
    except base.Permanent:
        found = {}  # told on the case by the search itself
    typed = {str(value).strip() for many in found.values() for value in many}
    with log.atomic():
        fresh = locks.request(request_id)
        if not Request.objects.filter(pk=request_id, batch=batch.pk).update(contacts_read=batch.pk):
            return 0
        if len(typed) > MOST_MAILBOXES:
            log.record("contacts.too_many", actor=READER, noun=fresh, subject_id=fresh.subject_id, many=len(typed))
            return 0
        new = [one for text in sorted(typed) if (one := _kept(fresh, text, now)) is not None]
        return stopping.tell_found(fresh, new, now=now, actor=READER) if new else 0


def _kept(request: Request, text: str, now: datetime) -> UUID | None:
    """The mailbox as one that a system holds, if it was not known before."""
    try:
        known = registry.of(request.subject_id, "email", text)
        row = known or registry.add(request.subject, "email", text, claimed=True, actor=READER)
    except Refused:
        return None  # what stands in the column is no address
    return row.pk if registry.hold(row, at=now, actor=READER) and row.proved_at is None else None
