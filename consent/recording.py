"""Many choices in one transaction, with a fixed number of queries: what the batch call and the import stand on.

Each choice is judged alone: one that cannot be taken refuses itself with its place, its field and words; the others are taken.
Each has a key of its own or one that is made of the call's key and its place, so that a repeat of the call is a repeat of each.
One event tells of all: how many, and a digest over their ids that shows later whether one was added or taken away.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from audit import log, rows
from audit.actor import Actor
from audit.models import ApiClient
from audit.refusal import Refused
from consent import choices, renewal, standing
from consent.models import Choice, NoticeVersion, Standing, Terms, Wording
from inventory.models import Purpose
from subjects import many

MOST = 1000
COLUMNS = (
    "id", "subject_id", "device_id", "purpose_id", "granted", "act", "source", "notice_id", "wording_id", "language", "region",
    "guardian_id", "evidence", "chosen_at", "recorded_at", "expires_at", "client_id", "idempotency_key",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One choice as it was sent. `key`: the caller's own idempotency key of it, if there is one."""

    kind: str
    value: str
    purpose: str
    granted: bool
    key: str = ""
    chosen_at: datetime | None = None
    expires_at: datetime | None = None
    words: str = ""
    language: str = ""
    region: str = ""
    signal: bool = False
    confirmed: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of an item: its choice, or why there is none. `repeated`: it was recorded before."""

    choice: UUID | None = None
    repeated: bool = False
    refused: Refused | None = None


@dataclass
class _Draft:
    """An item on its way to becoming a row."""

    item: Item
    purpose: Purpose
    person: many.Index
    key: str
    choice: Choice | None = None


def record_many(
    items: Sequence[Item | Refused],
    *,
    source: str,
    actor: Actor,
    client: ApiClient | None = None,
    call_key: str = "",
    event: str = "choices.recorded",
) -> list[Outcome]:
    """Record choices in one transaction; the outcome of each, in order. An item that its reader refused stays refused.

    Keys need a `client`. Raises Refused for more than MOST.
    """
    if len(items) > MOST:
        raise Refused(f"Send at most {MOST:,} choices at once.", code="too_many", field="choices")
    now = timezone.now()
    outcomes: list[Outcome | None] = [Outcome(refused=one) if isinstance(one, Refused) else None for one in items]
    with log.atomic():
        drafts = _drafts(items, outcomes, call_key if client else "", now)
        _repeats(drafts, outcomes, client)
        people = many.find_or_make({one.person: one.item.value for one in drafts.values()}, actor=actor)
        for place in [place for place, one in drafts.items() if len(people[one.person]) > 1]:
            del drafts[place]
            words = "Two people share this identifier; a colleague has to tell them apart."
            outcomes[place] = Outcome(refused=Refused(words, code="shared_identifier", field="identifier"))
        _rows(drafts, people, source, client, now)
        _write(drafts, outcomes, client)
        made = [one.choice for one in drafts.values() if one.choice is not None]
        if made:
            _holds(made)
            _tell(made, event, actor)
    return [one if one is not None else Outcome() for one in outcomes]


def _drafts(
    items: Sequence[Item | Refused], outcomes: list[Outcome | None], call_key: str, now: datetime
) -> dict[int, _Draft]:
    """The items that may be taken, by their place."""
    keys = {one.purpose for one in items if isinstance(one, Item)}
    purposes = {one.key: one for one in Purpose.objects.filter(key__in=keys).select_related("terms")}
    drafts: dict[int, _Draft] = {}
    seen: set[str] = set()
    prefix = hashlib.sha256(call_key.encode()).hexdigest()[:40] if call_key else ""
    for place, item in enumerate(items):
        if isinstance(item, Refused):
            continue
        try:
            drafts[place] = _draft(item, purposes, item.key or (f"{prefix}.{place}" if prefix else ""), now)
        except Refused as error:
            outcomes[place] = Outcome(refused=error)
            continue
        key = drafts[place].key
        if key and key in seen:
            del drafts[place]
            words = "Another choice of this call has the same key. Give each its own."
            outcomes[place] = Outcome(refused=Refused(words, code="idempotency_conflict", field="key"))
        seen.add(key)
    return drafts


def _draft(item: Item, purposes: Mapping[str, Purpose], key: str, now: datetime) -> _Draft:
    purpose = purposes.get(item.purpose)
    if purpose is None:
        raise Refused("There is no purpose with this key.", code="unknown_purpose", field="purpose")
    choices.check(purpose, item.granted, item.chosen_at, now=now)
    terms = _terms(purpose)
    if item.granted and terms is not None and terms.double_opt_in and not item.confirmed:
        raise Refused(
            "A Yes to this purpose counts only once it is confirmed. Send it alone, and we mail the link; or say that it was"
            " confirmed with you (confirmed).",
            code="needs_confirmation", field="confirmed",
        )  # fmt: skip
    if item.signal and item.granted:
        raise Refused("A browser's signal is a No.", code="signal_is_no", field="signal")
    return _Draft(item, purpose, many.index(item.kind, item.value), key)


def _terms(purpose: Purpose) -> Terms | None:
    return getattr(purpose, "terms", None)


def _repeats(drafts: dict[int, _Draft], outcomes: list[Outcome | None], client: ApiClient | None) -> None:
    """Take out what was recorded before under the same key."""
    keys = {one.key: place for place, one in drafts.items() if one.key}
    if client is None or not keys:
        return
    found = {
        keys[one.idempotency_key]: one for one in Choice.objects.filter(client=client, idempotency_key__in=list(keys))
    }
    ours = {place: row for place, row in found.items() if drafts[place].choice is None or drafts[place].choice != row}
    people = many.known([drafts[place].person for place in ours])
    for place, row in ours.items():
        draft = drafts.pop(place)
        item = draft.item
        same = row.subject_id in people.get(draft.person, ()) and row.purpose_id == draft.purpose.pk
        if same and row.granted == item.granted and item.chosen_at in (None, row.chosen_at):
            outcomes[place] = Outcome(choice=row.pk, repeated=True)
            continue
        words = "This key was used for another choice already. Send a new key with new content."
        outcomes[place] = Outcome(refused=Refused(words, code="idempotency_conflict", field="key"))


def _rows(
    drafts: Mapping[int, _Draft], people: Mapping[many.Index, list[UUID]], source: str, client: ApiClient | None,
    now: datetime,
) -> None:  # fmt: skip
    """Each draft's choice, in memory."""
    wordings, versions = _wordings(drafts), _versions()
    subjects = {people[one.person][0] for one in drafts.values()}
    purposes = {one.purpose.pk for one in drafts.values()}
    held = {
        (holder, purpose): granted
        for holder, purpose, granted in Standing.objects.filter(holder__in=subjects, purpose__in=purposes).values_list(
            "holder", "purpose_id", "granted"
        )
    }
    for one in drafts.values():
        item, subject = one.item, people[one.person][0]
        chosen_at = item.chosen_at or now
        version = _in_force(versions, chosen_at)
        act = Choice.Act.SIGNAL if item.signal else choices.called(
            one.purpose, item.granted, held=held.get((subject, one.purpose.pk), False)
        )  # fmt: skip
        held[subject, one.purpose.pk] = item.granted
        expires_at = item.expires_at or renewal.ends(chosen_at, renewal.months(_terms(one.purpose), one.purpose))
        evidence = dict(item.evidence) | ({"confirmed_by": "caller"} if item.confirmed else {})
        one.choice = Choice(
            id=uuid.uuid4(), subject_id=subject, purpose=one.purpose, granted=item.granted, act=act, source=source,
            notice_id=version.pk if version else None, wording_id=wordings.get((item.words, item.language)),
            language=item.language, region=item.region, evidence=evidence, chosen_at=chosen_at, recorded_at=now,
            expires_at=expires_at if item.granted else None, client_id=client.pk if client else None,
            idempotency_key=one.key,
        )  # fmt: skip


def _wordings(drafts: Mapping[int, _Draft]) -> dict[tuple[str, str], str]:
    """The digests of the words that were shown, kept now."""
    shown = {(one.item.words, one.item.language) for one in drafts.values() if one.item.words}
    found = {pair: choices.wording_digest(*pair) for pair in shown}
    given = sorted((digest, language, words) for (words, language), digest in found.items())
    rows.insert(Wording, ("digest", "language", "text"), given, "ON CONFLICT DO NOTHING")
    return found


def _versions() -> list[NoticeVersion]:
    published = NoticeVersion.objects.filter(key="privacy", language="en", published_at__isnull=False)
    return list(published.order_by("-effective_on", "-number").only("pk", "effective_on", "published_at", "number"))


def _in_force(versions: Sequence[NoticeVersion], at: datetime) -> NoticeVersion | None:
    """As `notices.current`, of versions that were read once."""
    day = at.astimezone(ZoneInfo(settings.ESTABLISHMENT_TIME_ZONE)).date()
    for one in versions:
        if one.published_at is not None and one.published_at <= at and one.effective_on <= day:
            return one
    return None


def _write(drafts: dict[int, _Draft], outcomes: list[Outcome | None], client: ApiClient | None) -> None:
    """Insert the rows; what another call with the same keys wrote in this very moment is a repeat."""
    given = [[getattr(one.choice, name) for name in COLUMNS] for one in drafts.values()]
    written = rows.insert(Choice, COLUMNS, given, "ON CONFLICT DO NOTHING")
    if written < len(drafts):
        _repeats(drafts, outcomes, client)
    for place, one in drafts.items():
        outcomes[place] = Outcome(choice=one.choice.pk if one.choice else None)


def _holds(made: Sequence[Choice]) -> None:
    held = [(one.subject_id, one) for one in made if one.subject_id is not None]
    newest = standing.hold_many(held)
    if newest:
        holding = set(
            Standing.objects.filter(choice__in=[one.pk for one in made]).values_list("choice_id", flat=True)
            if newest < len(made)
            else [one.pk for one in made]
        )
        choices.took_hold([one for one in made if one.pk in holding])


def _tell(made: Sequence[Choice], event: str, actor: Actor) -> None:
    digest = hashlib.sha256("".join(sorted(str(one.pk) for one in made)).encode()).hexdigest()
    yes = sum(one.granted for one in made)
    log.record(event, actor=actor, noun=made[0], count=len(made), granted=yes, digest=digest, source=made[0].source)
