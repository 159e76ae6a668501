"""Choices: what each person said yes or no to. Appended, never changed; the newest is the one that holds."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from audit import actor as actors
from audit import log, once
from audit.actor import Actor
from audit.models import ApiClient
from audit.refusal import Refused
from consent import notices
from consent.models import Choice, NoticeVersion
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


def record(
    subject: DataSubject,
    purpose: Purpose,
    granted: bool,
    *,
    source: str,
    actor: Actor,
    notice: NoticeVersion | None = None,
    chosen_at: datetime | None = None,
    client: ApiClient | None = None,
    idempotency_key: str = "",
) -> Choice:
    """Append one choice. The same client and key again gives the same row, also when both arrive at once.

    `chosen_at` is when the person chose, if that was before now; `notice` the wording they saw. Raises Refused: codes
    "required_purpose" (with the consequence), "chosen_in_future", "idempotency_conflict".
    """
    if not granted and not refusable(purpose):
        told = purpose.consequence or "Without it we cannot provide the service."
        raise Refused(
            f"“{purpose.name}” is needed by law or contract, so it cannot be switched off. {told}",
            code="required_purpose",
            field="purpose",
        )
    now = timezone.now()
    if chosen_at is not None and chosen_at > now + AHEAD:
        raise Refused("The moment of the choice lies in the future.", code="chosen_in_future", field="chosen_at")
    same: dict[str, Any] = {"subject": subject, "purpose": purpose, "granted": granted}
    rest: dict[str, Any] = {"source": source, "notice": notice}
    if chosen_at is None:
        rest["chosen_at"] = now  # a repeat comes later and is the same choice all the same
    else:
        same["chosen_at"] = chosen_at
    with log.atomic():
        choice, made = once.create(Choice, client=client, key=idempotency_key, same=same, **rest)
        if made:
            number = notice.number if notice else None
            facts = {"purpose": purpose.key, "granted": granted, "source": source, "notice": number}
            log.record("choice.recorded", actor=actor, noun=choice, subject_id=subject.pk, **facts)
    return choice


def record_for(
    kind: str,
    value: str,
    purpose_key: str,
    granted: bool,
    *,
    client: ApiClient,
    idempotency_key: str,
    chosen_at: datetime | None = None,
) -> Choice:
    """`record` for an API client, who names the person by an identifier and the purpose by its key.

    The wording is the one that was in force when the person chose. Raises Refused like `record`, and "unknown_purpose".
    """
    purpose = Purpose.objects.filter(key=purpose_key).first()
    if purpose is None:
        raise Refused("There is no purpose with this key.", code="unknown_purpose", field="purpose")
    actor = actors.client(client.pk)
    with log.atomic():
        return record(
            registry.find_or_make(kind, value, actor=actor),
            purpose,
            granted,
            source=Choice.Source.API,
            actor=actor,
            notice=notices.current(at=chosen_at),
            chosen_at=chosen_at,
            client=client,
            idempotency_key=idempotency_key,
        )


def current(subject: DataSubject) -> dict[str, Choice]:
    """The choice that holds for each purpose, by the purpose's key. One query, however long the history is."""
    place = Window(
        RowNumber(),
        partition_by=[F("purpose_id")],
        order_by=[F("chosen_at").desc(), F("recorded_at").desc(), F("pk").desc()],
    )
    rows = Choice.objects.filter(subject=subject).annotate(place=place).filter(place=1)
    return {row.purpose.key: row for row in rows.select_related("purpose", "notice")}


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
