"""An entry of the ledger was wrong: it is taken back. It stays, with the reason; people and lists no longer read it.

Whoever was told of an erasure or correction because of it stays told: nobody can make them forget it, and it does no harm.
"""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.actor import Actor
from audit.models import ApiClient
from audit.refusal import Refused
from disclosures import flows
from disclosures.models import DemandPerson, Disclosure, Retraction

TAKE_BACK = "disclosures.take_back_disclosure"


def take_back(entry: Disclosure, *, reason: str, by: User) -> Retraction:
    """A colleague takes an entry back. Raises Refused: "not_allowed", "reason_missing", "taken_back_already",
    "entry_of_demand".
    """
    if not by.has_perm(TAKE_BACK):
        raise Refused("Your role may not take entries back. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        row, made = _retract(entry, reason, actors.staff(by.pk), taken_back_by=by)
        if not made:
            raise Refused("This entry was taken back already.", code="taken_back_already")
    return row


def take_back_own(
    client: ApiClient, *, reason: str, entry_id: UUID | None = None, key: str = ""
) -> tuple[Retraction, bool]:
    """A program takes an entry back that it sent, by the entry's id or by the idempotency key that it gave it; and whether it
    is taken back only now. What was taken back before stays as it is, with its reason.

    Raises Refused: "malformed" for neither or both, "unknown_disclosure" also for another client's entry, "reason_missing".
    """
    if (entry_id is None) == (not key):
        raise Refused("Name the entry by its id or by its key, and not by both.", code="malformed", field="disclosure")
    named = {"pk": entry_id} if entry_id else {"idempotency_key": key}
    entry = Disclosure.objects.select_related("purpose", "recipient").filter(client=client, **named).first()
    if entry is None:
        words = "There is no disclosure of yours with this id or key."
        raise Refused(words, code="unknown_disclosure", field="disclosure" if entry_id else "key")
    with log.atomic():
        return _retract(entry, reason, actors.client(client.pk), client=client)


def _retract(entry: Disclosure, reason: str, actor: Actor, **by: Any) -> tuple[Retraction, bool]:
    """In the caller's transaction. Two at once make one row: the entry is its key."""
    if reason not in Retraction.Reason.values:
        raise Refused("Say why the entry is taken back.", code="reason_missing", field="reason")
    if DemandPerson.objects.filter(disclosure=entry).exists():
        raise Refused(
            "A legal demand made this entry, and the sealed copy shows what left. It cannot be taken back.",
            code="entry_of_demand",
        )
    given = {"reason": reason, "taken_back_at": timezone.now(), **by}
    row, made = Retraction.objects.get_or_create(entry=entry, defaults=given)
    if made:
        flows.drop(entry)
        facts = {"reason": reason, "recipient": entry.recipient.key}
        log.record("disclosure.taken_back", actor=actor, noun=entry, subject_id=entry.subject_id, **facts)
    return row, made
