"""Who was erased by a schedule: put on the list of `erased` once a run is over, with what was erased of them.

1. Before rows go, the keyed hashes of whom they name are written down (`connectors.leaving` asks for it), so that a worker
   that dies between the company's commit and ours loses nobody.
2. With the receipt those leave again whose rows stayed.
3. When all orders of the run are settled, its collection is gone through once: whoever it names still is not gone, since only
   some of their rows were old enough. The others go on the list, with the collection and the day before which rows went.
Rows that were put aside can come back: they wait until their archive is destroyed, and are forgotten when it was brought back.
"""

import logging
from datetime import date, datetime

from django.db.models import Exists, Max, OuterRef, QuerySet

from audit import actor as actors
from audit import log, rows
from audit.failpoints import failpoint
from connectors import leaving
from connectors.kinds.base import Permanent, Temporary
from connectors.leaving import Named
from connectors.models import Batch, Receipt, WorkOrder
from connectors.settling import SETTLED
from connectors.sharing import parts
from inventory.graph import CollectionSpec
from retention import erased
from retention.models import Archive, Departure, DepartureMark

logger = logging.getLogger(__name__)
KEEPER = actors.worker("retention.departing")
AT_ONCE, LISTED_AT_ONCE = 1000, 5000
MOST_RUNS = 20


class Keeper:
    """See `connectors.leaving.Keeper`."""

    kinds: tuple[str, ...] = erased.KINDS

    def leaving(self, batch: Batch, chunk: int, spec: CollectionSpec, named: Named) -> None:
        """Write down the hashes of whom the rows of a chunk name."""
        with log.atomic():
            said = {"place": spec.place, "before": date.fromisoformat(batch.criteria["before"])}
            departure, _ = Departure.objects.get_or_create(batch=batch, defaults=said)
            marks = [(departure.pk, chunk, kind, mark) for kind, mark in sorted(_marks(named))]
            rows.insert(DepartureMark, ("departure_id", "chunk_id", "kind", "digest"), marks, "ON CONFLICT DO NOTHING")

    def stayed(self, chunk: int, named: Named) -> None:
        """Take back those of whom a row is there still."""
        _take_back(DepartureMark.objects.filter(chunk=chunk), named)


leaving.keepers.append(Keeper())


def settle(now: datetime) -> int:
    """Put on the list whom the runs that are over took away; how many runs. A system that is away is asked again later."""
    count = 0
    for one in _over()[:MOST_RUNS]:
        try:
            count += _settle(one, now)
        except (Permanent, Temporary) as error:
            logger.warning("whom batch %s erased is not on the list yet: %s", one.batch_id, error.code)
    return count


def late(before: datetime) -> int:
    """Runs that were over before a moment and whose people are not on the list."""
    last = Receipt.objects.filter(order__batch=OuterRef("batch")).order_by("-at").values("at")[:1]
    return _over().annotate(last=last).filter(last__lt=before).count()


def _over() -> "QuerySet[Departure]":
    """Runs whose people are to be looked at: all their orders are settled, and what they put aside is decided on."""
    orders = WorkOrder.objects.filter(batch=OuterRef("batch"), operation__in=leaving.ERASING)
    kept = Archive.objects.filter(batch=OuterRef("batch"), state__in=Archive.HOLDING)
    found = Departure.objects.filter(listed_at=None).exclude(Exists(orders.exclude(state__in=SETTLED)))
    return found.filter(Exists(orders)).exclude(Exists(kept)).select_related("batch").order_by("pk")


def _settle(departure: Departure, now: datetime) -> int:
    left = DepartureMark.objects.filter(departure=departure)
    archive = Archive.objects.filter(batch=departure.batch).first()
    if archive is not None and archive.restored_at is not None:
        left.delete()
    _confirm(departure)
    for some in parts(leaving.there(departure.batch), AT_ONCE):
        named: dict[str, list[object]] = {}
        for kind, value in some:
            named.setdefault(kind, []).append(value)
        _take_back(left, named)
    failpoint("departing.before_list")
    last = Receipt.objects.filter(order__batch=departure.batch).aggregate(at=Max("at"))["at"]
    at = archive.purged_at if archive is not None else last
    origin, place, day = departure.batch.origin, departure.place, departure.before
    while going := list(left.order_by("pk").values_list("pk", "kind", "digest")[:LISTED_AT_ONCE]):
        with log.atomic():
            erased.enter(
                {(kind, mark) for _, kind, mark in going}, origin=origin, at=at or now, place=place, before=day
            )
            left.filter(pk__lte=going[-1][0]).delete()
    with log.atomic():
        if not Departure.objects.filter(pk=departure.pk, listed_at=None).update(listed_at=now):
            return 0
        listed = erased.listed(departure.batch.origin)
        log.record(
            "erased.listed", actor=KEEPER, noun=departure.batch, origin=departure.batch.origin, identifiers=listed
        )
    return 1


def _confirm(departure: Departure) -> None:
    """Chunks without a receipt: the run was ended, or given up. What their rows hold is not gone."""
    marks = DepartureMark.objects.filter(departure=departure)
    receipts = Receipt.objects.filter(chunk=OuterRef("chunk"), order__operation__in=leaving.ERASING)
    open_ones = list(marks.exclude(Exists(receipts)).order_by().values_list("chunk", flat=True).distinct())
    for chunk, named in leaving.unconfirmed(departure.batch, open_ones):
        if named is None:
            marks.filter(chunk=chunk).delete()
        else:
            _take_back(marks.filter(chunk=chunk), named)


def _take_back(marks: "QuerySet[DepartureMark]", named: Named) -> None:
    """Of these marks those of people who are there still: they do not go on the list."""
    for kind, values in named.items():
        for some in parts(sorted(_marks({kind: values})), erased.AT_ONCE):
            marks.filter(kind=kind, digest__in=[mark for _, mark in some]).delete()


def _marks(named: Named) -> set[tuple[str, str]]:
    return {(kind, mark) for kind, values in named.items() for one in values if (mark := erased.mark(kind, str(one)))}
