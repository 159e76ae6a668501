"""The one writer of a transaction's state: signed, people told, closing proposed and approved, closed; or abandoned.

Nothing goes over before everybody concerned was told, their time to object is over, and a second person agreed (the database
refuses one alone). A transfer in a merger is no sale under the CCPA, § 1798.140(ad)(2)(C); where the use of the data changes
materially, people get notice and a choice all the same. GDPR Art. 14 asks the same notice of whoever takes over, Art. 21 gives
the objection.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.bell import ring
from audit.refusal import Refused
from disclosures import persons
from disclosures.bells import close_transaction
from disclosures.models import Recipient, Transaction
from disclosures.transactions import room, table
from disclosures.transactions.registering import locked, may, note

PREPARE, DECIDE = "change_transaction", "approve_transaction"


def move(
    transaction: Transaction, to: str, event: str, by: User | None, facts: Mapping[str, Any], **changes: Any
) -> None:
    """The one change of state, for this file and `closing`. `transaction` is locked."""
    if not table.may(transaction.state, to):
        label = dict(Transaction.State.choices)[transaction.state].lower()
        raise Refused(f"This cannot be done: the transaction is “{label}”.", code="state_conflict")
    rows = Transaction.objects.filter(pk=transaction.pk, state=transaction.state)
    if not rows.update(state=to, **changes):
        raise Refused("Somebody else moved this transaction meanwhile.", code="state_conflict")
    transaction.refresh_from_db()
    note(event, transaction, by, **facts)


def sign(transaction: Transaction, *, on: date, by: User) -> None:
    """The contract is signed. Raises Refused for a day to come."""
    may(by, PREPARE)
    if on > timezone.localdate():
        raise Refused("Note the signing once it happened.", code="signed_in_future", field="on")
    with log.atomic():
        move(locked(transaction), table.SIGNED, "transaction.signed", by, {"on": on}, signed_on=on)


def tell(transaction: Transaction, *, object_until: date, by: User) -> None:
    """Mail everybody concerned; they can object until that day. Raises Refused."""
    may(by, PREPARE)
    least = timezone.localdate() + timedelta(days=settings.TRANSACTION_OBJECTION_DAYS)
    with log.atomic():
        fresh = locked(transaction)
        if not fresh.people.exists() or not fresh.datasets.exists():
            raise Refused("Enter the datasets that go over and the people concerned first.", code="nothing_to_tell")
        if not fresh.about.strip():
            raise Refused("Write first what people read.", code="about_missing", field="about")
        if object_until < least:
            raise Refused(f"Give people time until {least:%-d %B %Y} at least.", code="period", field="object_until")
        move(fresh, table.TELLING, "transaction.people_told", by, {"until": object_until}, object_until=object_until,
             told_at=timezone.now())  # fmt: skip
        persons.queue_transaction(fresh)


def propose(transaction: Transaction, *, by: User) -> None:
    """Everything is done that must come before; somebody else approves the closing. Raises Refused."""
    may(by, PREPARE)
    with log.atomic():
        fresh = locked(transaction)
        _may_close(fresh)
        objected = fresh.people.filter(objected_at__isnull=False).count()
        move(fresh, table.PROPOSED, "transaction.closing_proposed", by,
             {"people": fresh.people.count(), "objected": objected}, proposed_by=by, proposed_at=timezone.now())  # fmt: skip


def _may_close(transaction: Transaction) -> None:
    if transaction.state == table.SIGNED and (transaction.datasets.exists() or transaction.people.exists()):
        raise Refused("Records of people go over: tell them first.", code="not_told")
    if transaction.object_until is not None and timezone.localdate() <= transaction.object_until:
        raise Refused(f"People can object until {transaction.object_until:%-d %B %Y}.", code="objection_time")
    if persons.unsettled(transaction):
        raise Refused("Not everybody was told: see the notices that wait.", code="not_told")
    if room.waiting().filter(transaction=transaction).exists():
        raise Refused("Somebody waits for a decision about the data room.", code="room_waits")


def send_back(transaction: Transaction, *, by: User) -> None:
    """The closing is not approved yet. Raises Refused."""
    may(by, DECIDE)
    with log.atomic():
        fresh = locked(transaction)
        to = table.TELLING if fresh.told_at is not None else table.SIGNED
        if fresh.state != table.PROPOSED:
            raise Refused("No closing is proposed.", code="state_conflict")
        move(fresh, to, "transaction.sent_back", by, {}, proposed_by=None, proposed_at=None)


def approve(transaction: Transaction, *, by: User) -> None:
    """The records go over: a worker writes the ledger, colleagues hand the datasets over. Raises Refused for who proposed."""
    may(by, DECIDE)
    with log.atomic():
        fresh = locked(transaction)
        if fresh.proposed_by_id == by.pk:
            raise Refused("You proposed this yourself; somebody else has to approve it.", code="same_person")
        if fresh.state == table.PROPOSED:
            _may_close(fresh)
        move(fresh, table.CLOSING, "transaction.closing", by, {}, approved_by=by, approved_at=timezone.now())
        Recipient.objects.filter(pk=fresh.other_party_id).update(active=True)  # from now on one like any other
        ring(close_transaction, fresh.pk)


def abandon(transaction: Transaction, *, by: User) -> None:
    """It does not happen. Raises Refused once the closing runs."""
    may(by, PREPARE)
    with log.atomic():
        move(locked(transaction), table.ABANDONED, "transaction.abandoned", by, {}, closed_at=timezone.now())


def to_approve(user: User) -> "QuerySet[Transaction]":
    """Closings that somebody else proposed."""
    return Transaction.objects.filter(state=table.PROPOSED).exclude(proposed_by=user.pk)


def running() -> "QuerySet[Transaction]":
    """Closings that a worker or a colleague has to finish."""
    return Transaction.objects.filter(state=table.CLOSING)


def ripe(today: date) -> "QuerySet[Transaction]":
    """Transactions whose time to object is over and whose closing nobody proposed yet."""
    return Transaction.objects.filter(state=table.TELLING, object_until__lt=today)
