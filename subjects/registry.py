"""Verbs of the room that knows names: find or make a person, add what identifies them, prove an identifier."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

from audit import log
from audit.actor import Actor
from audit.refusal import Refused
from subjects import identifiers, vault
from subjects.models import DataSubject, Identifier

# PostgreSQL advisory lock of making persons; any constant that no other code of ours uses.
MAKER_LOCK = 7_420_003


def known(kind: str, value: str) -> DataSubject | None:
    """The one subject with this identifier, or None. Raises Refused when two persons share it: a person must pick.

    What a colleague or a program only said to be somebody's (`claimed`) finds nobody: whoever owns it and asks for their
    data must not become that somebody.
    """
    index = vault.blind_index(kind, identifiers.normalise(kind, value))
    rows = Identifier.objects.filter(kind=kind, blind_index=index, claimed=False, subject__merged_into=None)
    found = list(rows.select_related("subject").order_by("created_at")[:2])
    if len(found) > 1:
        raise Refused("Two people share this identifier; a colleague has to tell them apart.", code="shared_identifier")
    return found[0].subject if found else None


def find_or_make(kind: str, value: str, *, actor: Actor) -> DataSubject:
    """The subject with this identifier, made now if nobody has it."""
    with log.atomic():
        subject = known(kind, value)
        if subject is None:
            one_maker()  # two forms of one person that arrive at once must not make two persons
            subject = known(kind, value)
        if subject is None:
            subject = DataSubject.objects.create()
            log.record("subject.made", actor=actor, noun=subject, subject_id=subject.pk)
            add(subject, kind, value, actor=actor)
        return subject


def newcomer(*, actor: Actor) -> DataSubject:
    """A subject of their own: for somebody who gives nothing by which a person is found. A colleague merges later."""
    with log.atomic():
        subject = DataSubject.objects.create()
        log.record("subject.made", actor=actor, noun=subject, subject_id=subject.pk)
    return subject


def one_maker() -> None:
    """Whoever makes a person is alone until the transaction ends; what others made meanwhile is seen afterwards."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MAKER_LOCK])
    # SQLite: transactions are IMMEDIATE (settings), so the writer is alone already.


def add(subject: DataSubject, kind: str, value: str, *, claimed: bool = False, actor: Actor) -> Identifier:
    """Give `subject` an identifier; the same value twice is one row. `claimed`: nobody is found by it, see `known`."""
    index = vault.blind_index(kind, identifiers.normalise(kind, value))
    with log.atomic():
        row, made = Identifier.objects.get_or_create(
            subject=subject, kind=kind, blind_index=index, defaults={"value": value.strip(), "claimed": claimed}
        )
        if made:
            log.record("subject.identified", actor=actor, noun=subject, subject_id=subject.pk, kind=kind)
    return row


def merge(subject: DataSubject, into: DataSubject, *, actor: Actor) -> None:
    """Two people turned out to be one: `into` stays and is found by the identifiers of both. Raises Refused.

    What other rooms keep under the old id stays there; `merged_into` leads on.
    """
    with log.atomic():
        rows = DataSubject.objects.select_for_update().filter(pk__in=(subject.pk, into.pk)).order_by("pk")
        found = {one.pk: one for one in rows}
        if subject.pk == into.pk or any(one.merged_into_id for one in found.values()):
            raise Refused("One of the two was merged before. Take the one that is left.", code="merged_conflict")
        theirs = Identifier.objects.filter(subject=subject)
        both = Identifier.objects.filter(subject=into).values_list("kind", "blind_index")
        for kind, index in both:
            theirs.filter(kind=kind, blind_index=index).delete()
        theirs.update(subject=into)
        DataSubject.objects.filter(pk=subject.pk).update(merged_into=into)
        DataSubject.objects.filter(merged_into=subject).update(merged_into=into)
        log.record("subject.merged", actor=actor, noun=subject, subject_id=subject.pk, into=into.pk)
    subject.refresh_from_db()


def of(subject_id: UUID, kind: str, value: str) -> Identifier | None:
    """This identifier of this person, if it is theirs."""
    index = vault.blind_index(kind, identifiers.normalise(kind, value))
    return Identifier.objects.filter(subject=subject_id, kind=kind, blind_index=index).first()


def prove(identifier: Identifier, *, at: datetime, actor: Actor) -> None:
    """Note that the person showed control of this identifier."""
    with log.atomic():
        Identifier.objects.filter(pk=identifier.pk, proved_at=None).update(proved_at=at)
        log.record(
            "subject.proved",
            actor=actor,
            noun=identifier.subject,
            subject_id=identifier.subject_id,
            kind=identifier.kind,
        )


def hold(identifier: Identifier, *, at: datetime, actor: Actor) -> bool:
    """Note that one of our systems holds this identifier as this person's; False where that was known."""
    with log.atomic():
        if not Identifier.objects.filter(pk=identifier.pk, held_at=None).update(held_at=at):
            return False
        log.record(
            "subject.held", actor=actor, noun=identifier.subject, subject_id=identifier.subject_id, kind=identifier.kind
        )
    return True


def values(subject_id: UUID) -> dict[str, list[str]]:
    """All identifier values of a person by kind, as stored."""
    found: dict[str, list[str]] = {}
    for row in Identifier.objects.filter(subject_id=subject_id).order_by("created_at"):
        found.setdefault(row.kind, []).append(row.value)
    return found


def forget(subject_ids: Collection[UUID], *, actor: Actor) -> int:
    """Delete all that identifies these people, who are one; how many rows. They stay as ids, which lead to nobody any more."""
    with log.atomic():
        count = Identifier.objects.filter(subject__in=subject_ids).delete()[1].get(Identifier._meta.label, 0)
        for subject in DataSubject.objects.filter(pk__in=subject_ids, forgotten_at=None):
            DataSubject.objects.filter(pk=subject.pk).update(forgotten_at=timezone.now())
            log.record("subject.forgotten", actor=actor, noun=subject, subject_id=subject.pk)
    return count


# Why a colleague looks at who somebody is. A choice, because events hold no free text.
REASONS = {
    "answer": "To answer the person",
    "identify": "To make sure who is asking",
    "rows": "To check that rows are theirs",
    "authority": "A court or an authority asks",
    "message": "To read what the person wrote",
    "mistake": "To mend a mistake",
}


def reveal(subject: DataSubject, *, actor: Actor, reason: str) -> dict[str, list[str]]:
    """The identifiers in clear, for a colleague who needs them; every look is an event with its reason. Raises Refused."""
    if reason not in REASONS:
        raise Refused("Choose why you need to see who this is.", code="reason_missing", field="reason")
    with log.atomic():
        log.record("subject.revealed", actor=actor, noun=subject, subject_id=subject.pk, reason=reason)
        return values(subject.pk)
