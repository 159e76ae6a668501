"""May we process this person's data for this purpose now, and why? A pure rule, and one indexed read.

The rule, in order:
1. a purpose that people were not told of is not live, and nothing is done for it (`launching`);
2. a No that stands is a No, unless law or contract requires the purpose and it cannot be refused;
3. a Yes that has ended is no Yes, and for a sale or on consent nothing goes on without one;
4. a Yes that stands is a Yes;
5. where nobody chose: consent needs a Yes everywhere; a sale needs one where the region opts in and goes until refused where it
   opts out; a legitimate interest goes until somebody objects; contract, law, vital interests and a public task need no choice.

The read is one statement, with the caller's key in it: a key that is switched off decides nothing from that very moment, and a
purpose that is changed counts at once: on other terms it is another purpose, of which people were not told. Kept is only which
terms are live, for `launching.MINE_SECONDS` in each process.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection
from django.db.utils import InterfaceError

from consent import launching, regimes, terms
from consent.models import PendingChoice, Standing
from inventory.models import Purpose
from subjects import many as people

CONSENT, LEGITIMATE = "consent", "legitimate_interests"
UNREFUSABLE = ("contract", "legal_obligation", "vital_interests", "public_task")

REASONS = {
    "given": "The person said Yes.",
    "refused": "The person said No.",
    "withdrawn": "The person took their Yes back.",
    "objected": "The person objected.",
    "signal": "The person's browser says No to sale and sharing (Global Privacy Control).",
    "expired": "The person's Yes has ended and was not renewed.",
    "awaiting_confirmation": "The person's Yes awaits confirmation by the link that was mailed.",
    "no_choice": "The person has not said Yes, and this needs one.",
    "not_opted_out": "The person has not opted out, and here this goes on until they do.",
    "not_objected": "The person has not objected to this legitimate interest.",
    "contract": "A contract with the person needs it.",
    "legal_obligation": "The law requires it.",
    "vital_interests": "Somebody's life or health depends on it.",
    "public_task": "A public task needs it.",
    "not_live": "People were not told of this purpose yet, so nothing is done for it.",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule asks of a purpose."""

    pk: int
    key: str
    basis: str
    required: bool
    sale: bool
    double: bool = False
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What stands for a person: the newest choice."""

    choice: UUID
    granted: bool
    act: str
    chosen_at: datetime
    expires_at: datetime | None
    notice: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, with the choice that it rests on, if one stands."""

    allowed: bool
    code: str
    held: Held | None = None

    @property
    def words(self) -> str:
        return REASONS[self.code]


def rule(
    purpose: Facts,
    held: Held | None,
    regime: regimes.Regime,
    now: datetime,
    *,
    pending: bool = False,
    live: bool = True,
) -> Verdict:
    """The answer for one person. `pending`: a Yes of theirs awaits its link. `live`: people were told of the purpose."""
    if not live:
        return Verdict(False, "not_live", held)
    needs_yes = purpose.basis == CONSENT or (purpose.sale and regime == "opt_in")
    if held is not None and not held.granted:
        if purpose.required and purpose.basis in UNREFUSABLE and not purpose.sale:
            return Verdict(True, purpose.basis, held)
        return Verdict(False, "awaiting_confirmation" if pending else held.act, held)
    if held is not None:
        if held.expires_at is None or held.expires_at > now:
            return Verdict(True, "given", held)
        if needs_yes or purpose.sale:
            return Verdict(False, "awaiting_confirmation" if pending else "expired", held)
    if needs_yes:
        return Verdict(False, "awaiting_confirmation" if pending else "no_choice", held)
    if purpose.sale:
        return Verdict(True, "not_opted_out", held)
    return Verdict(True, "not_objected" if purpose.basis == LEGITIMATE else purpose.basis, held)


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Of several (people who share an identifier): the first No, or else the first."""
    found = list(verdicts)
    return next((one for one in found if not one.allowed), found[0])


# ---------------------------------------------------------------- the one read


@dataclass(frozen=True, slots=True)
class Asked:
    """What one read found: the caller, the purpose (None: no such key) and what stands for each person with the identifier."""

    client: int
    scopes: Sequence[str]
    used_at: datetime | None
    purpose: Facts | None
    people: Sequence[tuple[UUID, Held | None]]


COLUMNS = (
    "p.id, p.key, p.lawful_basis, p.required, p.sale_or_sharing, t.double_opt_in, p.name, p.description,"
    " s.choice_id, s.granted, s.act, s.chosen_at, s.expires_at, n.number"
)
ONE = f"""SELECT c.id, c.scopes, c.last_used_at, i.subject_id, {COLUMNS}
FROM audit_apiclient c
LEFT JOIN inventory_purpose p ON p.key = %s
LEFT JOIN consent_terms t ON t.purpose_id = p.id
LEFT JOIN subjects_identifier i ON i.blind_index = %s AND i.kind = %s AND NOT i.claimed
 AND EXISTS (SELECT 1 FROM subjects_datasubject d WHERE d.id = i.subject_id AND d.merged_into_id IS NULL)
LEFT JOIN consent_standing s ON s.holder = i.subject_id AND s.purpose_id = p.id
LEFT JOIN consent_noticeversion n ON n.id = s.notice_id
WHERE c.key_hash = %s AND c.active"""


def ask(key_hash: str, purpose: str, kind: str, index: str) -> Asked | None:
    """What is known of one caller, purpose and person, in one statement; None for a key that does not work."""
    found = _read(ONE, (purpose, index, kind, key_hash))
    if not found:
        return None
    first = found[0]
    scopes = first[1] if isinstance(first[1], list) else json.loads(first[1])
    known = _purpose(first[4:]) if first[4] is not None else None
    held = [(_uuid(one[3]), _held(one[12:])) for one in found if one[3] is not None]
    return Asked(first[0], scopes, _moment(first[2]), known, held)


def _read(sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The rows. The connection is not asked first whether it still lives: that would be a second trip for each decision. One
    that does not live is opened anew, once.
    """
    link: Any = connection
    before, link.health_check_done = link.health_check_done, True
    try:
        return _fetch(sql, params)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return _fetch(sql, params)
    finally:
        link.health_check_done = before


def _fetch(sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _purpose(row: Sequence[Any]) -> Facts:
    digest = terms.digest(row[6], row[7], row[2], bool(row[3]), bool(row[4]))
    return Facts(row[0], row[1], row[2], bool(row[3]), bool(row[4]), bool(row[5]), digest)


def _live(purpose: Facts, region: str, now: datetime) -> bool:
    return launching.is_live(purpose.pk, purpose.terms, region, now)


def _held(row: Sequence[Any]) -> Held | None:
    if row[0] is None:
        return None
    at = _moment(row[3])
    assert at is not None
    return Held(_uuid(row[0]), bool(row[1]), row[2], at, _moment(row[4]), row[5])


def _uuid(value: Any) -> UUID:
    """SQLite keeps ids as text."""
    return value if isinstance(value, UUID) else UUID(value)


def _moment(value: Any) -> datetime | None:
    """SQLite keeps moments without their zone, which is UTC."""
    at: datetime | None = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def verdict(asked: Asked, region: str, now: datetime) -> Verdict:
    """The rule on what was read; one more read where a Yes to this purpose may await its link."""
    assert asked.purpose is not None
    regime = regimes.of(region)
    standing = [held for _, held in asked.people] or [None]
    live = _live(asked.purpose, region, now)
    found = strictest(rule(asked.purpose, held, regime, now, live=live) for held in standing)
    if found.allowed or not asked.purpose.double or not asked.people or found.code == "not_live":
        return found
    waiting = pending({one for one, _ in asked.people}, {asked.purpose.pk}, now)
    return strictest(
        rule(asked.purpose, held, regime, now, pending=(who, asked.purpose.pk) in waiting) for who, held in asked.people
    )


def pending(who: Iterable[UUID], purposes: Iterable[int], now: datetime) -> set[tuple[UUID, int]]:
    """Of these people and purposes, those with a Yes that awaits its link."""
    rows = PendingChoice.objects.filter(
        subject__in=list(who), purpose__in=list(purposes), state__in=("queued", "sent"), ends_at__gt=now
    )
    return set(rows.values_list("subject_id", "purpose_id"))


# ---------------------------------------------------------------- many at once


def told(key: str, found: Verdict, now: datetime) -> dict[str, Any]:
    """The answer as JSON. The same shape for a person whom nobody knows."""
    held = found.held
    return {
        "purpose": key, "allowed": found.allowed, "reason": found.code, "message": REASONS[found.code],
        "choice": str(held.choice) if held else None, "notice": held.notice if held else None,
        "chosen_at": _text(held.chosen_at) if held else None,
        "expires_at": _text(held.expires_at) if held else None, "decided_at": _text(now),
    }  # fmt: skip


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None


Question = tuple[str, tuple[str, str], str]  # purpose's key, identifier's kind and blind index, region


def many(questions: Sequence[Question], now: datetime) -> list[Verdict | None]:
    """The answers in order, with four queries however many there are; None for an unknown purpose."""
    rows = Purpose.objects.filter(key__in={one[0] for one in questions}).select_related("terms")
    facts = {
        one.key: Facts(
            one.pk, one.key, one.lawful_basis, one.required, one.sale_or_sharing, _doubly(one), terms.of(one)
        )
        for one in rows
    }
    subjects = people.known({one[1] for one in questions})
    ids, wanted = sorted({pk for found in subjects.values() for pk in found}), [one.pk for one in facts.values()]
    held: dict[tuple[UUID, int], Held] = {}
    for start in range(0, len(ids), people.AT_ONCE):
        part = Standing.objects.filter(holder__in=ids[start : start + people.AT_ONCE], purpose__in=wanted)
        for row in part.values_list(
            "holder", "purpose_id", "choice_id", "granted", "act", "chosen_at", "expires_at", "notice__number"
        ):
            held[row[0], row[1]] = Held(*row[2:])
    waiting = pending(ids, [one.pk for one in facts.values() if one.double], now) if ids else set()
    answers: list[Verdict | None] = []
    for key, person, region in questions:
        known, regime = facts.get(key), regimes.of(region)
        if known is None:
            answers.append(None)
            continue
        live = _live(known, region, now)
        verdicts = []
        for who in subjects.get(person, ()):
            mine = (who, known.pk)
            verdicts.append(rule(known, held.get(mine), regime, now, pending=mine in waiting, live=live))
        answers.append(strictest(verdicts or [rule(known, None, regime, now, live=live)]))
    return answers


def _doubly(purpose: Purpose) -> bool:
    terms = getattr(purpose, "terms", None)
    return bool(terms is not None and terms.double_opt_in)
