"""The events of some cases with their digests, and the chain that they stand in."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q, QuerySet

from audit.models import Event
from connectors.models import Authorisation, Finding, WorkOrder
from requests_app.models import Request

# Longer than this the digests of other events are left out; those of the cases stand in events.jsonl in any case.
LONGEST_CHAIN = 1_000_000


def events(requests: Iterable[Request]) -> "QuerySet[Event]":
    """Every event about these requests and the work that was done for them, in the order of the chain."""
    rows = list(requests)
    batches = [one.batch_id for one in rows if one.batch_id]
    about = {
        "requests_app.request": [one.pk for one in rows],
        "connectors.batch": batches,
        "connectors.workorder": WorkOrder.objects.filter(batch__in=batches).values_list("pk", flat=True),
        "connectors.authorisation": Authorisation.objects.filter(batch__in=batches).values_list("pk", flat=True),
        "connectors.finding": Finding.objects.filter(batch__in=batches).values_list("pk", flat=True),
    }
    wanted = Q(pk=None)
    for noun, ids in about.items():
        wanted |= Q(noun=noun, noun_id__in=[str(pk) for pk in ids])
    return Event.objects.filter(wanted).order_by("number")


def line(event: Event) -> str:
    """One event as its digest covers it: the list that is hashed, and the digest."""
    body: list[Any] = [
        event.number, str(event.id), event.at.isoformat(), event.actor, event.name, event.noun, event.noun_id,
        str(event.subject_id or ""), event.facts, event.previous,
    ]  # fmt: skip
    return json.dumps({"body": body, "digest": event.digest}, ensure_ascii=True, separators=(",", ":"))


def digests(first: int, last: int) -> Iterator[str]:
    """Number and digest of every event from `first` to `last`, whoever it is about: digests say nothing of their events."""
    rows = Event.objects.filter(number__gte=first, number__lte=last).order_by("number").values_list("number", "digest")
    for number, digest in rows.iterator(chunk_size=5000):
        yield f"{number},{digest}\n"


def newest() -> tuple[int, str]:
    """Number and digest of the newest event: the head that others may have written down."""
    found = Event.objects.order_by("-number").values_list("number", "digest").first()
    return found or (0, "")
