"""The event log: the only writer, and the verifier.

What goes wrong if this is wrong: we can no longer prove what was done to whom. So:
1. an event is written in the same transaction as the change that it tells of;
2. its name must be declared by the app that records it (`declare`), else it is refused;
3. its facts are codes, counts, ids and dates. A value that could be personal data (free text, an address) is refused;
4. events form a chain: each digest covers the one before, written one after the other under a lock. The chain shows an
   edit or a removal in the middle; it cannot show that the newest rows were cut off (checkpoints outside do that).
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from django.utils import timezone

from audit.actor import Actor
from audit.models import Event

GENESIS = "0" * 64
# PostgreSQL advisory lock of the chain; any constant that no other code of ours uses.
CHAIN_LOCK = 7_420_001
# Codes, ids, dates, numbers with units. No "@", no quotes, no line breaks: free text and addresses do not pass.
CODE = re.compile(r"^[A-Za-z0-9_.:/+\-]{0,120}$")

_declared: dict[str, str] = {}


def declare(names: Mapping[str, str]) -> None:
    """Make event names known with their label for the timeline. Called by each app's `events.py`."""
    _declared.update(names)


def label(name: str) -> str:
    """The words for an event on a timeline."""
    return _declared.get(name, name)


def declared() -> dict[str, str]:
    """All event names with their labels."""
    return dict(_declared)


def record(name: str, *, actor: Actor, noun: models.Model, subject_id: UUID | None = None, **facts: Any) -> None:
    """Append one event about `noun` in the caller's transaction: at the end of its `atomic` block, with all others of it.

    Raises ValueError for an undeclared name or a fact that could be personal data, RuntimeError outside a transaction.
    """
    _append([_checked(Entry(name, type(noun), noun.pk, subject_id, facts), actor)])


@dataclass(frozen=True)
class Entry:
    """One event to be appended: about the noun of `model` with key `pk`."""

    name: str
    model: type[models.Model]
    pk: Any
    subject_id: UUID | None
    facts: Mapping[str, Any]


def record_many(entries: Sequence[Entry], *, actor: Actor) -> int:
    """Append several events in the caller's transaction, in order, with a fixed number of queries; how many.

    Raises as `record` does; then none is written.
    """
    _append([_checked(one, actor) for one in entries])
    return len(entries)


def _checked(entry: Entry, actor: Actor) -> Event:
    if entry.name not in _declared:
        raise ValueError(f"event {entry.name!r} is not declared by any app's events.py")
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of the change that it tells of")
    return Event(
        actor=str(actor),
        name=entry.name,
        noun=entry.model._meta.label_lower,
        noun_id=str(entry.pk),
        subject_id=entry.subject_id,
        facts={key: _fact(key, value) for key, value in sorted(entry.facts.items())},
    )


class _Blocks(threading.local):
    """The open `atomic` blocks of this thread, by their depth of savepoints, and the events that wait for the end of the
    outermost: the chain's lock is then held for a moment and not for a whole verb, and all go in together.
    """

    def __init__(self) -> None:
        self.open: list[int] = []
        self.waiting: list[Event] = []
        self.broken = False  # a part failed that has no savepoint to go back to


_blocks = _Blocks()


@contextmanager
def atomic(*, apart: bool = False) -> Iterator[None]:
    """One change with its events: a transaction at whose end the events are written, or a part of the one that is open.

    A part that fails takes the whole with it. Where the caller catches that and goes on, the part is `apart`: it has a
    savepoint, and its events are forgotten with its changes. Inside a `transaction.atomic` of somebody else, whose end we
    would not see, it has one as well, and an event is written at once.
    """
    joined = not apart and _ours()
    with transaction.atomic(savepoint=not joined):
        before = len(_blocks.waiting)
        _blocks.open.append(len(connection.savepoint_ids))
        try:
            yield
            _end(before)
        except BaseException:
            del _blocks.waiting[before:]
            _blocks.broken = joined
            raise
        finally:
            _blocks.open.pop()


def _ours() -> bool:
    """Whether the innermost open block is one of `atomic`."""
    return bool(_blocks.open) and _blocks.open[-1] == len(connection.savepoint_ids)


def _end(before: int) -> None:
    if _blocks.broken:
        raise RuntimeError("a part failed, so nothing of this is kept: open what may fail with atomic(apart=True)")
    if connection.needs_rollback:  # `set_rollback`: a rehearsal
        del _blocks.waiting[before:]
    elif len(_blocks.open) == 1:
        _flush()


def _append(events: list[Event]) -> None:
    if _ours():
        _blocks.waiting += events
    else:
        _write(events)


def _flush() -> None:
    _write(_blocks.waiting)
    _blocks.waiting.clear()


def _write(events: list[Event]) -> None:
    if not events:
        return
    number, previous = _newest()
    at = timezone.now()
    for event in events:
        number += 1
        event.number, event.at, event.previous = number, at, previous
        event.digest = previous = digest(event)
    Event.objects.bulk_create(events, batch_size=500)


def digest(event: Event) -> str:
    """SHA-256 over the event's canonical JSON, the digest before it included."""
    body = [
        event.number,
        str(event.id),
        event.at.isoformat(),
        event.actor,
        event.name,
        event.noun,
        event.noun_id,
        str(event.subject_id or ""),
        event.facts,
        event.previous,
    ]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def faults() -> Iterator[str]:
    """Every place where the chain does not hold, in words; nothing for a sound chain. Streams, flat memory."""
    number, previous = 0, GENESIS
    for event in Event.objects.order_by("number").iterator(chunk_size=2000):
        if event.number != number + 1:
            yield f"event {number + 1} is missing: {event.number} follows {number}"
        if event.previous != previous:
            yield f"event {event.number} does not follow the event before it"
        if event.digest != digest(event):
            yield f"event {event.number} was changed after it was written"
        number, previous = event.number, event.digest


def of(noun: models.Model) -> "models.QuerySet[Event]":
    """The events about one noun, oldest first; those that wait in this transaction are written for it."""
    _flush()
    return Event.objects.filter(noun=noun._meta.label_lower, noun_id=str(noun.pk)).order_by("number")


def _fact(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_fact(key, item) for item in value]
    text = str(value)
    if not CODE.match(text):
        raise ValueError(f"fact {key!r} is not a code, a count, an id or a date: events hold no free text")
    return text


def _newest() -> tuple[int, str]:
    """Number and digest of the newest event, under the chain's lock: a statement of its own, so that it sees what the one who
    had the lock before us wrote.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
        # SQLite: transactions are IMMEDIATE (settings), so the writer is alone already.
        cursor.execute("SELECT number, digest FROM audit_event ORDER BY number DESC LIMIT 1")
        return cursor.fetchone() or (0, GENESIS)
