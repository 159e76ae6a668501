"""Somebody objects, from the link in their mail: before data goes to an authority, or to whoever takes the business over."""

from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from disclosures.models import DemandPerson, LegalDemand, PersonNotice, Transaction, TransactionPerson

PERSON = actors.worker("disclosures.objecting")  # whoever holds the link; nobody signed in
LONGEST = 2000
Kind = PersonNotice.Kind


def may_object(notice: PersonNotice, now: datetime) -> bool:
    """Whether an objection still counts."""
    today = timezone.localdate(now)
    about = notice.demand or notice.transaction
    if about is None or about.object_until is None or today > about.object_until:
        return False
    if notice.demand is not None:
        return notice.kind == Kind.DEMAND_BEFORE and notice.demand.state == LegalDemand.State.APPROVED
    return notice.transaction is not None and open_for(notice.transaction)


def open_for(transaction: Transaction) -> bool:
    """Whether people can object to a transaction in its state."""
    return transaction.offers_choice and transaction.state in (Transaction.State.TELLING, Transaction.State.PROPOSED)


def objected_at(notice: PersonNotice) -> datetime | None:
    """When the person objected, if they did. One query."""
    if notice.demand_id is not None:
        asked = DemandPerson.objects.filter(demand=notice.demand_id, subject=notice.subject_id)
        return asked.values_list("objected_at", flat=True).first()
    moved = TransactionPerson.objects.filter(transaction=notice.transaction_id, subject=notice.subject_id)
    return moved.values_list("objected_at", flat=True).first()


def object_(notice: PersonNotice, words: str, *, now: datetime) -> None:
    """Note the objection; twice is once. Raises Refused when it is too late."""
    with log.atomic():
        if notice.demand_id is not None:
            LegalDemand.objects.select_for_update().get(pk=notice.demand_id)
        elif notice.transaction_id is not None:
            Transaction.objects.select_for_update().get(pk=notice.transaction_id)
        fresh = PersonNotice.objects.select_related("demand", "transaction").get(pk=notice.pk)
        if objected_at(fresh) is not None:
            return
        if not may_object(fresh, now):
            raise Refused(gettext("It is too late to object here. Write to us."), code="too_late")
        if fresh.demand is not None:
            DemandPerson.objects.filter(demand=fresh.demand, subject=fresh.subject_id).update(
                objected_at=now, objection=words.strip()[:LONGEST]
            )
            log.record("demand.objected", actor=PERSON, noun=fresh.demand)
        else:
            assert fresh.transaction is not None  # a constraint of the table
            mine = TransactionPerson.objects.filter(transaction=fresh.transaction, subject=fresh.subject_id)
            mine.filter(Q(objected_at=None) & Q(transferred_at=None)).update(objected_at=now)
            log.record("transaction.objected", actor=PERSON, noun=fresh.transaction, subject_id=fresh.subject_id)
