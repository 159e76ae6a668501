"""The list of who was erased, so that a later import does not bring them back.

Kept are keyed hashes of identifiers: whoever knows a value can ask about it, nobody can read the list. The key is derived from
INDEX_KEY and differs from that of the blind index, so that the two lists do not join. A person may come back of their own will:
then the entry is lifted, not forgotten.

Filled from what the engine did: a finished erasure of a person's request remembers what they were found by, and a run of a
schedule whom its rows named (`departing`). Asked by importers (API, command), and nightly in the systems themselves: an
identifier of the list that stands in a field again is a task.

Not so for whom a schedule erased: it ended rows of one collection that were old, and nobody asked to be forgotten. Whoever
comes back next year may; and a row that is back with its old date is past its date, so the nightly count shows it and the next
run takes it. Importers are told the collection and the day, and may ask by the date of their row.
"""

import hashlib
import hmac
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from audit import actor as actors
from audit import log, rows
from audit.actor import Actor
from audit.refusal import Refused
from connectors import batches, everybody
from connectors.kinds.base import Permanent, Temporary
from connectors.models import Batch, Finding, Receipt, WorkOrder
from inventory import mapping
from inventory.models import Field
from retention.models import Cleared, Erased, Revival
from subjects import identifiers

logger = logging.getLogger(__name__)
KEEPER = actors.worker("retention.erased")
KINDS = ("email", "account_id", "phone")
STORE, AT_ONCE, MOST_ASKED = "erasure", 500, 1000
ERASING = (WorkOrder.Operation.ERASE, WorkOrder.Operation.ANONYMISE)
# The same twice is one; one that was lifted counts again.
AGAIN = (
    "ON CONFLICT (kind, digest, place) DO UPDATE SET lifted_at = NULL, "
    + ", ".join(f'"{name}" = excluded."{name}"' for name in ("erased_at", "origin", "before"))
)  # fmt: skip
WORDS = {
    "again": "Erased again",
    "returned": "The person came back of their own will",
    "another": "Another person with the same identifier",
    "mistake": "A mistake of the list",
}


def digest(kind: str, value: str) -> str:
    """The keyed hash of an identifier. Raises Refused for a malformed one, KeyError for an unknown kind."""
    secret = hashlib.sha256(b"privacyops erased v1" + settings.INDEX_KEY.encode()).digest()
    normal = identifiers.normalise(kind, value)
    return hmac.new(secret, f"{kind}\x00{normal}".encode(), hashlib.sha256).hexdigest()


def mark(kind: str, value: str) -> str:
    """The same; "" for what is no identifier."""
    try:
        return digest(kind, value)
    except (Refused, KeyError):
        return ""


@dataclass(frozen=True)
class Answer:
    """When somebody was erased. By a schedule: in which collection, and before which day a row was dated; else "" and None."""

    erased_at: datetime
    place: str = ""
    before: date | None = None


def asked(people: Sequence[tuple[str, str]]) -> list[datetime | None]:
    """For each (kind, value): when that person was erased, or None. What is no identifier was never erased. Flat queries."""
    return [one.erased_at if one else None for one in told([(kind, value, None) for kind, value in people])]


def told(people: Sequence[tuple[str, str, date | None]]) -> list[Answer | None]:
    """For each (kind, value, the date of the row that is to come, if it has one) the answer, or None. What a person asked for
    goes before what a schedule did; that tells nothing against a row of a later date.
    """
    marks = [mark(kind, value) for kind, value, _ in people]
    wanted = sorted({one for one in marks if one})
    found: dict[str, list[Answer]] = {}
    for at in range(0, len(wanted), AT_ONCE):
        rows = Erased.objects.filter(digest__in=wanted[at : at + AT_ONCE], lifted_at=None).order_by("-erased_at")
        for row in rows:
            found.setdefault(row.digest, []).append(Answer(row.erased_at, row.place, row.before))
    return [_answer(found.get(one, ()) if one else (), on) for one, (_, _, on) in zip(marks, people, strict=True)]


def _answer(known: Sequence[Answer], on: date | None) -> Answer | None:
    counting = [one for one in known if on is None or one.before is None or on < one.before]
    return min(counting, key=lambda one: bool(one.place), default=None)


def remember(people: Iterable[tuple[str, str]], *, origin: str, at: datetime, actor: Actor) -> int:
    """Put identifiers on the list; how many there are of it now. The same twice is one; one that was lifted counts again."""
    return enter({(kind, one) for kind, value in people if (one := mark(kind, value))}, origin=origin, at=at)


def enter(
    marks: Collection[tuple[str, str]], *, origin: str, at: datetime, place: str = "", before: date | None = None
) -> int:
    """Put (kind, hash) on the list; with the collection of which a schedule erased them, and before which day."""
    return put([(kind, one, at, origin, place, before) for kind, one in sorted(marks)])


def put(entries: Sequence[tuple[str, str, datetime, str, str, date | None]]) -> int:
    """The same for (kind, hash, when, origin, collection, day) of many requests and runs, in one statement a portion."""
    rows.insert(Erased, ("kind", "digest", "erased_at", "origin", "place", "before"), entries, AGAIN)
    return len(entries)


def listed(origin: str) -> int:
    """How many identifiers of the list are of this request or run."""
    return Erased.objects.filter(origin=origin).count()


def lift(kind: str, value: str, *, actor: Actor) -> bool:
    """The person came back of their own will: importers may bring them again. Whether they were on the list."""
    with log.atomic():
        rows = list(Erased.objects.filter(kind=kind, digest=digest(kind, value), lifted_at=None))
        Erased.objects.filter(pk__in=[row.pk for row in rows]).update(lifted_at=timezone.now())
        for row in rows:
            log.record("erased.lifted", actor=actor, noun=row, kind=kind)
    return bool(rows)


def remember_finished() -> int:
    """Remember whoever's erasure was finished since the last look; how many batches."""
    done = Cleared.objects.filter(store=STORE).values_list("key", flat=True)
    touched = Receipt.objects.filter(order__operation__in=ERASING, order__batch__reason=Batch.Reason.REQUEST)
    ids = touched.order_by().values_list("order__batch", flat=True).distinct()
    count, known = 0, set(done.filter(key__in=[str(one) for one in ids]))
    for batch in Batch.objects.filter(pk__in=[one for one in ids if str(one) not in known])[:200]:
        if not all(batches.settled(batch, one) for one in ERASING):
            continue
        people = [(kind, value) for kind in KINDS for value in (batch.identities or {}).get(kind, ())]
        with log.atomic():
            _, new = Cleared.objects.get_or_create(store=STORE, key=str(batch.pk))
            if not new:
                continue
            many = remember(people, origin=batch.origin, at=timezone.now(), actor=KEEPER)
            log.record("erased.remembered", actor=KEEPER, noun=batch, subject_id=batch.subject_id, identifiers=many)
        count += 1
    return count


# ---------------------------------------------------------------- back again


def look(now: datetime) -> int:
    """Look through the fields of all systems that identify people for somebody who was erased; how many were found anew.

    Streams each field once; nothing is kept of values that are not on the list. A collection whose rows the erasure kept on a
    ground is left out for that person, and whom a schedule erased is not looked for. A system that is away or cannot be read so
    is looked at another night.
    """
    if not Erased.objects.filter(lifted_at=None, place="").exists():
        return 0
    found, graph = 0, mapping.graph()
    fields = Field.objects.filter(identity__in=KINDS).select_related("collection__dataset")
    for field in fields.order_by("collection__dataset__key", "collection__name", "name"):
        spec = graph.collections.get((field.collection.dataset.key, field.collection.name))
        if spec is None:
            continue
        try:
            for part in _portions(everybody.values(spec, field.name)):
                found += _revived(field, part, now)
        except (Permanent, Temporary) as error:
            logger.warning("field %s was not looked through: %s", field.pk, error.code)
    return found


def _revived(field: Field, values: Sequence[str], now: datetime) -> int:
    marks: dict[str, int] = {}
    for one in values:
        known = mark(field.identity, one)
        if known:
            marks[known] = marks.get(known, 0) + 1
    rows = Erased.objects.filter(
        kind=field.identity, digest__in=list(marks), lifted_at=None, erased_at__lt=now, place=""
    )
    count = 0
    for row in rows:
        if not _kept(row, field) and _task(row, field, marks[row.digest], now):
            count += 1
    return count


def _task(row: Erased, field: Field, rows: int, now: datetime) -> bool:
    """Open a task, unless there is one, or a colleague settled it for good."""
    settled = Revival.objects.filter(erased=row, field=field, state=Revival.State.SETTLED).exclude(word="again")
    if settled.filter(settled_at__gt=row.erased_at).exists():
        return False
    with log.atomic():
        task, new = Revival.objects.get_or_create(
            erased=row, field=field, state=Revival.State.OPEN, defaults={"rows": rows, "found_at": now}
        )
        if new:
            log.record(
                "erased.revived", actor=KEEPER, noun=task, origin=row.origin,
                collection=f"{field.collection.dataset.key}.{field.collection.name}", field=field.name,
            )  # fmt: skip
    return new


def _kept(row: Erased, field: Field) -> bool:
    """Whether the erasure itself left rows of this collection: on a ground, or for a legal hold."""
    found = Finding.objects.filter(
        batch__origin=row.origin, dataset=field.collection.dataset.key, collection=field.collection.name
    )
    if found.filter(Q(action="keep") | Q(decision=Finding.Decision.KEEP)).exists():
        return True
    return any(int(one.outcome.get("spared", 0)) for one in found)


def settle(revival: Revival, *, word: str, by: User) -> None:
    """Say what it was. Raises Refused: "not_allowed", "word_unknown", "settled_conflict"."""
    if not by.has_perm("retention.settle_revival"):
        raise Refused("Your role may not settle revived rows. Ask your privacy officer.", code="not_allowed")
    if word not in WORDS:
        raise Refused("Choose what it was.", code="word_unknown", field="word")
    with log.atomic():
        rows = Revival.objects.filter(pk=revival.pk, state=Revival.State.OPEN)
        now = timezone.now()
        if not rows.update(state=Revival.State.SETTLED, settled_by=by, settled_at=now, word=word):
            raise Refused("This was settled already.", code="settled_conflict")
        if word in ("returned", "another", "mistake"):
            Erased.objects.filter(pk=revival.erased_id).update(lifted_at=now)
        log.record("erased.settled", actor=actors.staff(by.pk), noun=revival, word=word)


def overdue(now: datetime) -> int:
    """Tasks that wait longer than a week."""
    return Revival.objects.filter(state=Revival.State.OPEN, found_at__lt=now - timedelta(days=7)).count()


def _portions(values: Iterable[object]) -> Iterator[list[str]]:
    part: list[str] = []
    for one in values:
        part.append(str(one))
        if len(part) == MOST_ASKED:
            yield part
            part = []
    if part:
        yield part
