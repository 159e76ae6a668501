"""Standing disclosures: what recipients get all the time, and of whom.

*Of everyone* when no collection is named. *Of a group* when some are: a person is of the group once a search found rows of
theirs in one of them. Of somebody who was never searched for nobody can say; `perhaps` names those.

The mark `receives_everyone` of a recipient goes on counting as one of everyone without a beginning, until it has a row here.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from connectors.models import Batch, Finding
from disclosures.models import Recipient, StandingDisclosure
from inventory.models import Collection, DataCategory


@dataclass(frozen=True)
class Held:
    """What one recipient gets or got all the time. `since_on` None: since before we kept dates; `perhaps`: if you are of the
    group, which no search has shown yet.
    """

    recipient: Recipient
    categories: list[DataCategory]
    since_on: date | None
    until_on: date | None
    group: str = ""
    perhaps: bool = False
    occasion: str = ""
    purpose: Any = field(default=None)


def covering(people: Any) -> "QuerySet[StandingDisclosure]":
    """Standing disclosures, ended ones too, that cover one of these data subjects (a QuerySet of keys): of everyone, or of
    a group with rows of theirs.
    """
    any_collection = Collection.objects.filter(standing=OuterRef("pk"))
    theirs = Finding.objects.filter(
        batch__subject__in=people, rows__gt=0, dataset=OuterRef("dataset__key"), collection=OuterRef("name")
    )
    return StandingDisclosure.objects.filter(~Exists(any_collection) | Exists(any_collection.filter(Exists(theirs))))


def of(people: Any, today: date, *, searched: bool = False) -> list[Held]:
    """What holds, or held once, for these data subjects of one person (a QuerySet of keys), by recipient's name. A fixed
    number of queries.

    Groups that no search has shown them to be of are left out when `searched`; else they are there as `perhaps`.
    """
    sure = set(covering(people).values_list("pk", flat=True))
    if not searched:
        searched = Batch.objects.filter(subject__in=people).exists()
    found = []
    for one in _whole().filter(since_on__lte=today):
        if one.pk in sure or not searched:
            found.append(_held(one, perhaps=one.pk not in sure))
    return sorted(found + _marked(), key=lambda one: (one.recipient.name, one.recipient.pk))


def between(first: date, last: date) -> list[Held]:
    """Every standing disclosure of a part of these days, whoever it covers. A fixed number of queries."""
    rows = _whole().filter(Q(until_on=None) | Q(until_on__gte=first), since_on__lte=last)
    return sorted([*map(_held, rows), *_marked()], key=lambda one: (one.recipient.name, one.recipient.pk))


def _whole() -> "QuerySet[StandingDisclosure]":
    return StandingDisclosure.objects.select_related("recipient", "purpose").prefetch_related("categories")


def _held(one: StandingDisclosure, *, perhaps: bool = False) -> Held:
    return Held(
        one.recipient, list(one.categories.all()), one.since_on, one.until_on, one.group, perhaps, one.occasion,
        one.purpose,
    )  # fmt: skip


def undated() -> "QuerySet[Recipient]":
    """Active recipients that are marked as getting data of everyone and have no standing disclosure that says since when."""
    dated = StandingDisclosure.objects.filter(recipient=OuterRef("pk"))
    return Recipient.objects.filter(~Exists(dated), active=True, receives_everyone=True)


def _marked() -> list[Held]:
    rows = undated().prefetch_related(Prefetch("categories", DataCategory.objects.order_by("key")))
    return [Held(one, list(one.categories.all()), None, None) for one in rows]


def end(row: StandingDisclosure, *, on: date, by: User) -> None:
    """The last day on which the recipient gets this. Raises Refused for a day before it began, and for one that has ended."""
    if not by.has_perm("disclosures.end_standingdisclosure"):
        raise Refused("Your role may not end standing disclosures. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        if on < row.since_on:
            raise Refused("It began later than that day.", code="ends_before_it_began", field="on")
        if not StandingDisclosure.objects.filter(pk=row.pk, until_on=None).update(until_on=on):
            raise Refused("This has an end already. Enter another one for what goes on.", code="state_conflict")
        log.record("standing.ended", actor=actors.staff(by.pk), noun=row, recipient=row.recipient.key, until_on=on)
