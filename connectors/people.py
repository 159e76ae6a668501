"""The people whose consent is withdrawn, as a retention run asks for them: from the ledger of a room above, by ids, and what
our systems know them by.

An identifier that somebody else has too, whose consent is not withdrawn, finds nobody's rows; and rows that the other
person's identifiers lead to are left alone. Names and postal addresses are many people's and find nobody.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet

from audit.refusal import Refused
from connectors.holds import Identities
from subjects.models import Identifier

SHARED = (Identifier.Kind.NAME, Identifier.Kind.POST)  # others bear the name and live at the address
KINDS = tuple(str(one) for one in Identifier.Kind if one not in SHARED)
AT_ONCE = 200


class Ledger(Protocol):
    """Who has withdrawn consent to a purpose (its key), and since when."""

    def portions(self, purpose: str, most: int) -> Iterator[list[UUID]]: ...

    def withdrawn(self, purpose: str, people: Iterable[UUID], *, lock: bool = False) -> dict[UUID, datetime]: ...

    def many(self, purpose: str, most: int) -> bool: ...


# The room above that keeps choices puts its ledger here.
ledgers: list[Ledger] = []


def ledger() -> Ledger:
    """The ledger of choices. Raises Refused where none is installed."""
    if not ledgers:
        raise Refused("No ledger of choices is installed here. Name the field that holds the day.", code="not_dated")
    return ledgers[0]


def midnight(day: date) -> datetime:
    """When a day begins at the establishment: our own ledger knows the moment of each choice."""
    return datetime.combine(day, time(), ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE))


@dataclass(frozen=True)
class Known:
    """What people are found by, and what those are found by who share an identifier with them and have not withdrawn."""

    identities: Identities = field(default_factory=dict)
    others: Identities = field(default_factory=dict)


def portions(purpose: str) -> Iterator[dict[UUID, datetime]]:
    """All people who have withdrawn consent to a purpose, with the moment, some at a time."""
    asked = ledger()
    for some in asked.portions(purpose, AT_ONCE):
        found = asked.withdrawn(purpose, some)
        if found:
            yield found


def due(purpose: str, before: date, people: Iterable[UUID], *, lock: bool = False) -> list[UUID]:
    """Those of these people whose consent was withdrawn before a day, asked anew."""
    return before_day(ledger().withdrawn(purpose, people, lock=lock), before)


def before_day(found: Mapping[UUID, datetime], before: date) -> list[UUID]:
    """Those whose moment lies before a day."""
    begins = midnight(before)
    return [one for one, at in found.items() if at < begins]


def known(purpose: str, before: date, people: Collection[UUID], *, lock: bool = False) -> Known:
    """What these people, whose consent was withdrawn before the day, are found by. As many queries for one as for all.

    What several of them share is searched once: for the one with the least id, wherever the others are asked for.
    """
    if not people:
        return Known()
    own = list(_usable().filter(subject__in=people).order_by("created_at", "pk"))
    shared: dict[str, set[UUID]] = defaultdict(set)
    indexes = {one.blind_index for one in own}
    for index, who in _usable().filter(blind_index__in=indexes).values_list("blind_index", "subject_id"):
        shared[index].add(who)
    strangers = {who for each in shared.values() for who in each} - set(people)
    others = strangers - set(due(purpose, before, strangers, lock=lock)) if strangers else set()
    mine = [one for one in own if not shared[one.blind_index] & others and min(shared[one.blind_index]) in people]
    return Known(_by_kind(mine), _by_kind(_usable().filter(subject__in=others)) if others else {})


def _usable() -> "QuerySet[Identifier]":
    """What finds somebody's rows: not what others only said to be theirs, unless it was shown or seen since."""
    shown = Q(claimed=False) | Q(proved_at__isnull=False) | Q(held_at__isnull=False)
    return Identifier.objects.filter(shown, subject__merged_into=None).exclude(kind__in=SHARED)


def _by_kind(rows: Iterable[Any]) -> Identities:
    found: Identities = {}
    for one in rows:
        found.setdefault(one.kind, []).append(one.value)
    return {kind: list(dict.fromkeys(values)) for kind, values in found.items()}
