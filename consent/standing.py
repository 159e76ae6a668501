"""What holds now: one row for each holder and purpose, written in the transaction of the choice that made it hold."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from audit import rows
from consent.models import Choice, Standing

FILLED = (
    "holder", "purpose_id", "choice_id", "notice_id", "granted", "act", "chosen_at", "recorded_at", "expires_at",
)  # fmt: skip
# Newer is: chosen later; at the same moment, recorded later; at the same of both, the greater id, so that every order of
# arrival ends alike.
NEWEST_WINS = (
    "ON CONFLICT (holder, purpose_id) DO UPDATE SET ended_at = NULL, "
    + ", ".join(f"{name} = excluded.{name}" for name in FILLED[2:])
    + " WHERE (excluded.chosen_at, excluded.recorded_at, excluded.choice_id)"
    " > (consent_standing.chosen_at, consent_standing.recorded_at, consent_standing.choice_id)"
)


def of(holder: UUID) -> QuerySet[Standing]:
    """What holds for a data subject or a device, with the choice, its purpose and its notice. One query."""
    return Standing.objects.filter(holder=holder).select_related("purpose", "choice__notice")


def order(choice: Choice) -> tuple[object, ...]:
    """What makes a choice newer than another of the same holder and purpose."""
    return (choice.chosen_at, choice.recorded_at, choice.pk.bytes)


def hold(choice: Choice, holder: UUID) -> bool:
    """Let `choice` hold for `holder` unless a newer one does; whether it holds now. Inside the caller's transaction."""
    return hold_many([(holder, choice)]) == 1


def hold_many(held: Iterable[tuple[UUID, Choice]]) -> int:
    """The same of many, in one statement; how many of the newest of each holder and purpose hold now."""
    newest: dict[tuple[UUID, int], Choice] = {}
    for holder, choice in held:
        key = (holder, choice.purpose_id)
        if key not in newest or order(newest[key]) < order(choice):
            newest[key] = choice
    # In one order, so that two batches about the same people wait for each other and do not lock each other out.
    given = [
        (holder, purpose, one.pk, one.notice_id, one.granted, one.act, one.chosen_at, one.recorded_at, one.expires_at)
        for (holder, purpose), one in sorted(newest.items(), key=lambda item: (item[0][0].bytes, item[0][1]))
    ]
    return rows.insert(Standing, FILLED, given, NEWEST_WINS)
