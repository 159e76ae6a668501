"""Choices: what each person or device said yes or no to. Appended, never changed; the newest is the one that holds."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import actor as actors
from audit import log, once
from audit.actor import Actor
from audit.models import ApiClient
from audit.refusal import Refused
from consent import hooks, notices, propagating, renewal, standing
from consent.models import Choice, Device, NoticeVersion, Standing, Terms, Wording
from inventory.models import Purpose
from subjects import registry
from subjects.models import DataSubject

# Clocks of clients differ a little from ours.
AHEAD = timedelta(minutes=5)
# Whom a No reaches: "legitimate" is an objection, which a person may make against nothing else (GDPR art. 21).
REFUSED = {
    "sale": Q(sale_or_sharing=True),
    "consent": Q(lawful_basis=Purpose.Basis.CONSENT),
    "legitimate": Q(lawful_basis=Purpose.Basis.LEGITIMATE),
}
OBJECTIONABLE = (Purpose.Basis.CONSENT, Purpose.Basis.LEGITIMATE)


def refusable(purpose: Purpose) -> bool:
    """Whether a person may say no.

    What law or contract requires cannot be refused one by one. Consent and legitimate interests always can (GDPR Art. 7(3)
    and 21), and so can a sale (Cal. Civ. Code 1798.120), whatever the purpose is marked as.
    """
    return not purpose.required or purpose.lawful_basis in OBJECTIONABLE or purpose.sale_or_sharing


@dataclass(frozen=True)
class How:
    """In what circumstances a choice was made: the `words` shown and their `language`, the `region` where the person was (DE,
    US-CA), the `act` (of Choice.Act; worked out where it is left out), who chose for a child, what shows it (no personal data),
    and when a Yes ends (left out: by the purpose's terms).
    """

    words: str = ""
    language: str = ""
    region: str = ""
    act: str = ""
    guardian: DataSubject | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    expires_at: datetime | None = None


def record(
    subject: DataSubject | None,
    purpose: Purpose,
    granted: bool,
    *,
    source: str,
    actor: Actor,
    device: Device | None = None,
    notice: NoticeVersion | None = None,
    how: How | None = None,
    chosen_at: datetime | None = None,
    client: ApiClient | None = None,
    idempotency_key: str = "",
) -> Choice:
    """Append one choice and let it hold. The same client and key again gives the same row, also when both arrive at once.

    Of a `subject`, of a `device` while nobody knows whose it is, or of both. `chosen_at` is when they chose, if that was before
    now; `notice` the version they saw. Raises Refused like `check`, and with code "idempotency_conflict".
    """
    owner = subject or device
    if owner is None:
        raise ValueError("a choice belongs to a data subject or to a device")
    now = timezone.now()
    check(purpose, granted, chosen_at, now=now)
    same: dict[str, Any] = {"subject": subject, "device": device, "purpose": purpose, "granted": granted}
    rest: dict[str, Any] = {"source": source, "notice": notice}
    if chosen_at is None:
        rest["chosen_at"] = now  # a repeat comes later and is the same choice all the same
    else:
        same["chosen_at"] = chosen_at
    with log.atomic():
        rest |= _circumstances(how or How(), owner.pk, purpose, granted, chosen_at or now)
        choice, made = once.create(Choice, client=client, key=idempotency_key, same=same, **rest)
        if made:
            if standing.hold(choice, owner.pk):
                took_hold([choice])
            number = notice.number if notice else None
            facts = {"purpose": purpose.key, "granted": granted, "source": source, "notice": number}
            log.record("choice.recorded", actor=actor, noun=choice, subject_id=subject.pk if subject else None, **facts)
    return choice


def took_hold(made: Sequence[Choice]) -> None:
    """What follows from choices that hold now, as rows in the caller's transaction: who is told, and which systems stop."""
    hooks.queue(made)
    propagating.note(made)


def _circumstances(how: How, holder: UUID, purpose: Purpose, granted: bool, chosen_at: datetime) -> dict[str, Any]:
    """The columns that `how` fills."""
    expires_at = how.expires_at
    if granted and expires_at is None and purpose.lawful_basis == Purpose.Basis.CONSENT:
        terms = Terms.objects.filter(purpose=purpose).first()
        expires_at = renewal.ends(chosen_at, renewal.months(terms, purpose))
    return {
        "act": how.act or _act(holder, purpose, granted),
        "wording": wording(how.words, how.language) if how.words else None,
        "language": how.language, "region": how.region, "guardian": how.guardian, "evidence": dict(how.evidence),
        "expires_at": expires_at if granted else None,
    }  # fmt: skip


def check(purpose: Purpose, granted: bool, chosen_at: datetime | None, *, now: datetime) -> None:
    """Whether this choice may be made. Raises Refused: codes "required_purpose", "chosen_in_future"."""
    if not granted and not refusable(purpose):
        told = purpose.consequence or "Without it we cannot provide the service."
        raise Refused(
            f"“{purpose.name}” is needed by law or contract, so it cannot be switched off. {told}",
            code="required_purpose",
            field="purpose",
        )
    if chosen_at is not None and chosen_at > now + AHEAD:
        raise Refused("The moment of the choice lies in the future.", code="chosen_in_future", field="chosen_at")


def wording_digest(text: str, language: str) -> str:
    """SHA-256 of the language, an empty line and the words."""
    return hashlib.sha256(f"{language}\n\n{text}".encode()).hexdigest()


def wording(text: str, language: str) -> Wording:
    """The row of these words, made at their first use."""
    digest = wording_digest(text, language)
    return Wording.objects.get_or_create(digest=digest, defaults={"text": text, "language": language})[0]


def _act(holder: UUID, purpose: Purpose, granted: bool) -> str:
    """What a plain Yes or No of this holder is called."""
    known = granted or purpose.lawful_basis == Purpose.Basis.LEGITIMATE
    held = not known and Standing.objects.filter(holder=holder, purpose=purpose, granted=True).exists()
    return called(purpose, granted, held=held)


def called(purpose: Purpose, granted: bool, *, held: bool) -> str:
    """A No after a Yes that was `held` withdraws it, a No to a legitimate interest objects to it."""
    if granted:
        return Choice.Act.GIVEN
    if purpose.lawful_basis == Purpose.Basis.LEGITIMATE:
        return Choice.Act.OBJECTED
    return Choice.Act.WITHDRAWN if held else Choice.Act.REFUSED


def record_for(
    kind: str,
    value: str,
    purpose_key: str,
    granted: bool,
    *,
    client: ApiClient,
    idempotency_key: str,
    chosen_at: datetime | None = None,
    how: How | None = None,
) -> Choice:
    """`record` for an API client, who names the person by an identifier and the purpose by its key.

    The wording is the one that was in force when the person chose. Raises Refused like `record`, and "unknown_purpose".
    """
    purpose = named(purpose_key)
    actor = actors.client(client.pk)
    with log.atomic():
        return record(
            registry.find_or_make(kind, value, actor=actor),
            purpose,
            granted,
            source=Choice.Source.API,
            actor=actor,
            notice=notices.current(at=chosen_at),
            how=how,
            chosen_at=chosen_at,
            client=client,
            idempotency_key=idempotency_key,
        )


def named(purpose_key: str) -> Purpose:
    """The purpose with this key. Raises Refused (code "unknown_purpose")."""
    purpose = Purpose.objects.filter(key=purpose_key).first()
    if purpose is None:
        raise Refused("There is no purpose with this key.", code="unknown_purpose", field="purpose")
    return purpose


def current(subject: DataSubject) -> dict[str, Choice]:
    """The choice that holds for each purpose, by the purpose's key. One query, however long the history is."""
    return {row.purpose.key: row.choice for row in standing.of(subject.pk).select_related("choice__purpose")}


def history(subject: DataSubject) -> QuerySet[Choice]:
    """Every choice of a person, the newest first, with what it refers to."""
    rows = Choice.objects.filter(subject=subject).select_related("purpose", "notice", "wording")
    return rows.order_by("-chosen_at", "-recorded_at", "-id")


def withdrawn_since(moment: datetime) -> QuerySet[Choice]:
    """The Noes recorded since `moment`, the oldest first: for who carries them on to recipients. Read by the partial index
    `choice_noes`; whether a No still holds is for `standing` to say. Pages by `recorded_at`.
    """
    rows = Choice.objects.filter(granted=False, recorded_at__gte=moment).select_related("purpose")
    return rows.order_by("recorded_at", "id")


def opt_out_of_sale(subject: DataSubject, *, source: str, actor: Actor) -> list[Choice]:
    """Record a No to every purpose that counts as sale or sharing; those that are No already stay as they are."""
    return refuse(subject, "sale", source=source, actor=actor)


def refuse(subject: DataSubject, which: str, *, source: str, actor: Actor) -> list[Choice]:
    """Record a No to every purpose of a kind of REFUSED; those that are No already stay as they are. "": to none."""
    if not which:
        return []
    with log.atomic():
        held = current(subject)
        return [
            record(subject, purpose, False, source=source, actor=actor, notice=notices.current())
            for purpose in Purpose.objects.filter(REFUSED[which])
            if purpose.key not in held or held[purpose.key].granted
        ]
