"""Holds on rows whoever's they are: placed and ended by verbs as those on people are (`holds`), and looked at with them under
the same lock by every chunk.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors.holdlock import take_alone
from connectors.models import RowHold
from inventory.graph import CollectionSpec
from inventory.models import Collection, System

MOST_VALUES = 200


@dataclass(frozen=True)
class Rule:
    """The rows of a system or of a collection (dataset, name; None: all) in which `field` holds one of `values` ("": all)."""

    system: str
    collection: tuple[str, str] | None
    field: str
    values: tuple[Any, ...]

    def touches(self, spec: CollectionSpec) -> bool:
        """Whether it holds rows of a collection."""
        return self.system == spec.system and self.collection in (None, spec.key)


def place(
    system: System, *, matter: str, reason: str, review_on: date, by: User, collection: Collection | None = None,
    field: str = "", values: Iterable[str] = (),
) -> RowHold:  # fmt: skip
    """Put rows under hold from this moment. Raises Refused, see `checked`, and for whose role may not."""
    if not by.has_perm("connectors.place_legalhold"):
        raise Refused("Your role may not place legal holds. Ask your privacy officer or legal.", code="not_allowed")
    wanted = checked(system, collection, field, values, matter, reason)
    with log.atomic():
        take_alone()
        hold = RowHold.objects.create(
            system=system, collection=collection, field=field, values=wanted, matter=matter.strip(), reason=reason.strip(),
            review_on=review_on, placed_by=by, placed_at=timezone.now(),
        )  # fmt: skip
        _record("rowhold.placed", hold, by, system=system.key, review_on=review_on)
    return hold


def checked(
    system: System, collection: Collection | None, field: str, values: Iterable[str], matter: str, reason: str
) -> list[str]:
    """The values of a hold. Raises Refused without a matter and a reason, for a collection of another system, and for a field
    that the collection has not or without a value.
    """
    wanted = [one.strip() for one in values if one.strip()]
    if not matter.strip() or not reason.strip():
        raise Refused("Name the matter and the reason of the hold.", code="hold_reason", field="matter")
    if collection is not None and collection.dataset.system_id != system.pk:
        raise Refused("This collection is of another system.", code="hold_collection", field="collection")
    if field and (collection is None or not collection.fields.filter(name=field).exists()):
        raise Refused("Choose a collection, and a field that it has.", code="hold_field", field="field")
    if bool(field) != bool(wanted) or len(wanted) > MOST_VALUES:
        words = f"Name a field and between one and {MOST_VALUES} values, or neither."
        raise Refused(words, code="hold_values", field="field")
    return wanted


def ask_release(hold: RowHold, *, by: User, reason: str) -> None:
    """Ask that a hold ends; somebody else grants it. Raises Refused."""
    _may(by)
    words = reason.strip()
    if not words or len(words) > 300:
        raise Refused("Say in at most 300 characters why the hold can end.", code="release_reason", field="reason")
    with log.atomic():
        asked = active().filter(pk=hold.pk, release_asked_by=None)
        if not asked.update(release_asked_by=by, release_asked_at=timezone.now(), release_reason=words):
            raise Refused("A release was asked for already, or granted.", code="hold_conflict")
        _record("rowhold.release_asked", hold, by)


def release(hold: RowHold, *, by: User) -> None:
    """Grant the release that somebody else asked for. Raises Refused; the database refuses one person alone as well."""
    _may(by)
    with log.atomic():
        asked = active().filter(pk=hold.pk, release_asked_by__isnull=False).exclude(release_asked_by=by)
        if not asked.update(released_at=timezone.now(), released_by=by):
            raise Refused("Somebody else has to ask for the release, or it was granted.", code="hold_conflict")
        _record("rowhold.released", hold, by)


def active() -> "QuerySet[RowHold]":
    """Holds that stop erasures now."""
    return RowHold.objects.filter(released_at=None)


def stamp() -> tuple[int, int]:
    """Another one when a hold was placed or released."""
    seen = active().aggregate(count=Count("pk"), last=Max("pk"))
    return seen["count"], seen["last"] or 0


def rules() -> list[Rule]:
    """What the active holds say. One query."""
    rows = active().select_related("system", "collection__dataset").order_by("pk")
    return [
        Rule(
            one.system.key,
            None if one.collection is None else (one.collection.dataset.key, one.collection.name),
            one.field,
            tuple(one.values),
        )
        for one in rows
    ]


def spared(rules: Sequence[Rule], spec: CollectionSpec) -> dict[str, list[Any]] | None:
    """What held rows of a collection hold, by field; None where all of its rows are held."""
    found: dict[str, list[Any]] = defaultdict(list)
    for one in rules:
        if one.touches(spec):
            if not one.field:
                return None
            found[one.field] += one.values
    return found


def _may(by: User) -> None:
    if not by.has_perm("connectors.release_legalhold"):
        raise Refused("Your role may not end legal holds. Ask your privacy officer or legal.", code="not_allowed")


def _record(name: str, hold: RowHold, by: User, **facts: Any) -> None:
    log.record(name, actor=actors.staff(by.pk), noun=hold, **facts)
