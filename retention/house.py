"""Our own house: what the portal keeps about people has schedules too, on the same pages and by the same engine.

The portal is a system like others (kind `portal`). Its collections are *stores*, registered by the rooms that keep the data
(`clearing.py` of an app): a store knows which of its rows are over, and clears one of them of everything personal. Beside them
are *purges* that run by themselves after a fixed time (sessions, packages, mails); they are registered to be seen here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet

from audit import actor as actors
from audit import log
from audit.models import SweepRun
from audit.refusal import Refused
from connectors.models import Connection
from inventory.models import Collection, Dataset, Field, System
from retention import versions
from retention.models import Schedule, Trigger

SYSTEM, DATASET, KIND = "portal", "portal", "portal"


@dataclass(frozen=True)
class Store:
    """Rows of ours that are personal until they are cleared.

    `rows`: those that are over and not cleared, with a date and time in `dated_by`; `held`: the same under a legal hold;
    `clear`: take everything personal out of these, in the caller's transaction; how many.
    """

    key: str
    title: str
    about: str
    dated_by: str
    period: int
    unit: str
    basis: str
    reason: str
    cite: str
    rows: "Callable[[], QuerySet[Model]]"
    held: "Callable[[QuerySet[Model]], QuerySet[Model]]"
    clear: Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Purge:
    """What goes by itself after a fixed time. `late`: how many rows are past it, with some slack for the sweep."""

    key: str
    title: str
    after: Callable[[], str]
    late: Callable[[datetime], int]


_stores: dict[str, Store] = {}
_purges: dict[str, Purge] = {}


def register(*rows: Store | Purge) -> None:
    """Make stores and purges known; each app's `clearing.py` does."""
    for one in rows:
        if isinstance(one, Store):
            _stores[one.key] = one
        else:
            _purges[one.key] = one


def stores() -> list[Store]:
    """All stores, by title."""
    return sorted(_stores.values(), key=lambda one: one.title)


def store(key: str) -> Store | None:
    """The store of this name."""
    return _stores.get(key)


def purges() -> Iterable[Purge]:
    """All purges, by title."""
    return sorted(_purges.values(), key=lambda one: one.title)


def describe(*, by: User) -> list[Schedule]:
    """Put the portal into the inventory and draft a schedule for each store, to be approved by somebody else. Safe to repeat.

    Raises Refused "not_allowed".
    """
    if not by.has_perm(versions.MAY_WRITE):
        raise Refused("Your role may not write schedules. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        system, _ = System.objects.get_or_create(
            key=SYSTEM,
            defaults={"name": "This portal", "description": "What PrivacyOps itself keeps.", "owner": "Privacy"},
        )
        dataset, _ = Dataset.objects.get_or_create(
            key=DATASET, defaults={"system": system, "name": "This portal", "source": "direct"}
        )
        Connection.objects.get_or_create(system=system, defaults={"kind": KIND, "address": "portal:"})
        made = [_schedule(one, _collection(dataset, one), by) for one in stores()]
        new = [one for one in made if one is not None]
        if new:
            log.record("house.described", actor=actors.staff(by.pk), noun=system, schedules=len(new))
    return new


def _collection(dataset: Dataset, one: Store) -> Collection:
    row, new = Collection.objects.get_or_create(
        dataset=dataset, name=one.key,
        defaults={"title": one.title, "description": one.about, "dated_by": one.dated_by, "in_package": False},
    )  # fmt: skip
    if new:
        Field.objects.create(collection=row, name="id", primary_key=True)
        Field.objects.create(collection=row, name=one.dated_by, data_type="datetime")
    return row


def _schedule(one: Store, collection: Collection, by: User) -> Schedule | None:
    key = f"portal-{one.key}"
    if Schedule.objects.filter(key=key).exists():
        return None
    version = versions.start(
        key=key, by=by, title=one.title, collection=collection, period=one.period, unit=one.unit, trigger=Trigger.EVENT,
        basis=one.basis, reason=one.reason, cite=one.cite,
    )  # fmt: skip
    return version.schedule


def _sweeps_late(now: datetime) -> int:
    newest = SweepRun.objects.order_by("job", "-slot").values_list("job", flat=True).distinct().count()
    old = SweepRun.objects.filter(started_at__lt=now - timedelta(days=8)).count()
    return max(0, old - newest)


register(Purge("sweeps", "Log of the scheduler", lambda: "7 days", _sweeps_late))
