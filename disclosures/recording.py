"""Many disclosures in one transaction, with a fixed number of queries: what the batch call, the import and our own work in
systems stand on.

Each is judged alone: one that cannot be taken refuses itself with its place, its field and words; the others are taken. Each
has a key of its own or one that is made of the call's key and its place, so that a repeat of the call is a repeat of each.
One event tells of all: how many, to whom, and a digest over their ids that shows later whether one was added or taken away.
"""

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from audit import log, rows
from audit.actor import Actor
from audit.models import ApiClient
from audit.refusal import Refused
from disclosures import flows, ledger
from disclosures.models import Disclosure, Recipient
from disclosures.reading import Item
from inventory.models import DataCategory, Purpose
from subjects import many

MOST = 5000
COLUMNS = (
    "id", "subject_id", "recipient_id", "purpose_id", "categories", "occasion", "disclosed_at", "source", "reason",
    "recorded_at", "client_id", "idempotency_key",
)  # fmt: skip
MOST_NAMED = 20  # recipients in the event


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: its entry, or why there is none. `repeated`: it was recorded before."""

    entry: UUID | None = None
    repeated: bool = False
    refused: Refused | None = None


@dataclass(slots=True)
class _Draft:
    """An item on its way to becoming a row."""

    item: Item
    recipient: int
    purpose: int | None
    person: many.Index | None
    key: str
    subject: UUID | None = None


def record_many(
    items: Sequence[Item | Refused],
    *,
    source: str,
    actor: Actor,
    client: ApiClient | None = None,
    call_key: str = "",
    event: str = "disclosures.recorded",
) -> list[Outcome]:
    """Record disclosures in one transaction; the outcome of each, in order. An item that its reader refused stays refused.

    Keys need a `client`. Raises Refused for more than MOST.
    """
    if len(items) > MOST:
        raise Refused(f"Send at most {MOST:,} disclosures at once.", code="too_many", field="disclosures")
    now = timezone.now()
    outcomes: list[Outcome | None] = [Outcome(refused=one) if isinstance(one, Refused) else None for one in items]
    with log.atomic():
        drafts = _drafts(items, outcomes, call_key if client else "", now)
        _repeats(drafts, outcomes, client)
        _people(drafts, outcomes, actor)
        if drafts:
            made = _write(drafts, outcomes, client, source, now)
            _tell(drafts, made, event, source, actor)
    return [one if one is not None else Outcome() for one in outcomes]


@dataclass(frozen=True)
class _Known:
    """What the items of a call name: recipients and purposes by key, categories."""

    recipients: Mapping[str, int]
    purposes: Mapping[str, int]
    categories: Collection[str]


def _known(items: Sequence[Item | Refused]) -> _Known:
    named = [one for one in items if isinstance(one, Item)]
    recipients = Recipient.objects.filter(key__in={one.recipient for one in named})
    purposes = Purpose.objects.filter(key__in={one.purpose for one in named} - {""})
    keys = {key for categories in {one.categories for one in named} for key in categories}
    return _Known(
        dict(recipients.values_list("key", "pk")),
        dict(purposes.values_list("key", "pk")),
        set(DataCategory.objects.filter(key__in=keys).values_list("key", flat=True)),
    )


def _drafts(
    items: Sequence[Item | Refused], outcomes: list[Outcome | None], call_key: str, now: datetime
) -> dict[int, _Draft]:
    """The items that may be taken, by their place."""
    known, good = _known(items), set[tuple[Any, ...]]()
    drafts: dict[int, _Draft] = {}
    seen: set[str] = set()
    prefix = hashlib.sha256(call_key.encode()).hexdigest()[:32] if call_key else ""
    for place, item in enumerate(items):
        if isinstance(item, Refused):
            continue
        try:
            draft = _draft(item, known, good, item.key or (f"{prefix}.{place}" if prefix else ""), now)
        except Refused as error:
            outcomes[place] = Outcome(refused=error)
            continue
        if draft.key and draft.key in seen:
            words = "Another disclosure of this call has the same key. Give each its own."
            outcomes[place] = Outcome(refused=Refused(words, code="idempotency_conflict", field="key"))
            continue
        seen.add(draft.key)
        drafts[place] = draft
    return drafts


def _draft(item: Item, known: _Known, good: set[tuple[Any, ...]], key: str, now: datetime) -> _Draft:
    recipient = known.recipients.get(item.recipient)
    if recipient is None:
        raise Refused("There is no recipient with this key.", code="unknown_recipient", field="recipient")
    purpose = known.purposes.get(item.purpose) if item.purpose else None
    if item.purpose and purpose is None:
        raise Refused("There is no purpose with this key.", code="unknown_purpose", field="purpose")
    said = (item.categories, item.occasion)
    if said not in good:
        ledger.check(item.categories, item.occasion, known.categories)
        good.add(said)
    ledger.check_moment(item.disclosed_at, now)
    person = None if item.subject else many.index(item.kind, item.value)
    return _Draft(item, recipient, purpose, person, key, item.subject)


def _repeats(drafts: dict[int, _Draft], outcomes: list[Outcome | None], client: ApiClient | None) -> int:
    """Take out what was recorded before under the same key; how many."""
    keys = {one.key: place for place, one in drafts.items() if one.key}
    if client is None or not keys:
        return 0
    rows = Disclosure.objects.filter(client=client, idempotency_key__in=list(keys))
    columns = ("idempotency_key", "pk", "subject_id", "recipient_id", "categories", "disclosed_at")
    found = {keys[key]: rest for key, *rest in rows.values_list(*columns)}
    if not found:
        return 0
    people = many.known([person for place in found if (person := drafts[place].person)])
    for place, (pk, subject, recipient, categories, at) in found.items():
        draft = drafts.pop(place)
        mine = people.get(draft.person, ()) if draft.person else (draft.subject,)
        said = (draft.recipient, list(draft.item.categories), draft.item.disclosed_at)
        if subject in mine and said == (recipient, categories, at):
            outcomes[place] = Outcome(entry=pk, repeated=True)
            continue
        words = "This key was used for another disclosure already. Send a new key with new content."
        outcomes[place] = Outcome(refused=Refused(words, code="idempotency_conflict", field="key"))
    return len(found)


def _people(drafts: dict[int, _Draft], outcomes: list[Outcome | None], actor: Actor) -> None:
    """Find or make whom each draft is about."""
    people = many.find_or_make({one.person: one.item.value for one in drafts.values() if one.person}, actor=actor)
    for place, one in list(drafts.items()):
        if one.person is None:
            continue
        found = people[one.person]
        if len(found) > 1:
            del drafts[place]
            words = "Two people share this identifier; a colleague has to tell them apart."
            outcomes[place] = Outcome(refused=Refused(words, code="shared_identifier", field="identifier"))
            continue
        one.subject = found[0]


def _write(
    drafts: dict[int, _Draft], outcomes: list[Outcome | None], client: ApiClient | None, source: str, now: datetime
) -> list[UUID]:
    """Insert the rows; what another call with the same keys wrote in this very moment is a repeat. The ids of the new ones."""
    ids = dict(zip(drafts, time_ordered(len(drafts), now), strict=True))
    caller = client.pk if client else None
    given = [
        (
            ids[place], one.subject, one.recipient, one.purpose, one.item.categories, one.item.occasion,
            one.item.disclosed_at, source, "", now, caller, one.key,
        )
        for place, one in drafts.items()
    ]  # fmt: skip
    if not rows.append(Disclosure, COLUMNS, given):
        rows.insert(Disclosure, COLUMNS, given, "ON CONFLICT DO NOTHING")
        written = set(Disclosure.objects.filter(pk__in=ids.values()).values_list("pk", flat=True))
        late = {place: one for place, one in drafts.items() if ids[place] not in written}
        left = dict(late)
        _repeats(left, outcomes, client)
        for place in late:
            del drafts[place]
    for place in drafts:
        outcomes[place] = Outcome(entry=ids[place])
    return [ids[place] for place in drafts]


def _tell(drafts: Mapping[int, _Draft], made: Sequence[UUID], event: str, source: str, actor: Actor) -> None:
    if not made:
        return
    cells = {(one.recipient, flows.month(one.item.disclosed_at), one.item.categories, one.item.purpose)
             for one in drafts.values()}  # fmt: skip
    flows.note((who, month, one, why) for who, month, categories, why in cells for one in categories)
    digest = hashlib.sha256("".join(sorted(map(str, made))).encode()).hexdigest()
    names = sorted({one.item.recipient for one in drafts.values()})
    noun, named = Disclosure(pk=made[0]), names[:MOST_NAMED]
    log.record(event, actor=actor, noun=noun, count=len(made), digest=digest, source=source, recipients=named)


def time_ordered(count: int, now: datetime) -> Iterator[UUID]:
    """UUIDs of version 7 (RFC 9562, 5.7): a moment in milliseconds, then 74 random bits. New ones lie beside each other in the
    index, so that a ledger of many millions takes them as fast as a small one.
    """
    head = (int(now.timestamp() * 1000) & (2**48 - 1)) << 80
    noise = os.urandom(10 * count)
    for n in range(count):
        random = int.from_bytes(noise[10 * n : 10 * n + 10], "big") & ~(0xF << 76) & ~(0x3 << 62)
        yield UUID(int=head | 0x7 << 76 | 0x2 << 62 | random)
