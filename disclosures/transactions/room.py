"""What the other side was shown in a data room, to whom and when.

Figures and descriptions are noted as they are shown. Personal data is refused before signing, unless somebody asks with a
reason and somebody else agrees; the database refuses one person alone.
"""

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.refusal import Refused
from disclosures.models import RoomItem, Transaction
from disclosures.transactions import table
from disclosures.transactions.registering import locked, may, note
from inventory.models import Collection, Dataset

Level = RoomItem.Level


def show(
    transaction: Transaction, *, level: str, what: str, shown_to: str, reason: str = "", dataset: Dataset | None = None,
    collection: Collection | None = None, by: User,
) -> RoomItem:  # fmt: skip
    """Note that something was shown; personal data only asks for it. Raises Refused."""
    may(by, "change_transaction")
    if level not in Level.values or not what.strip() or not shown_to.strip():
        raise Refused("Say what was shown, and to whom.", code="missing", field="what")
    if "@" in what:
        raise Refused("Describe it without addresses or names.", code="what_personal", field="what")
    if (level == Level.DATASET and dataset is None) or (level == Level.COLLECTION and collection is None):
        raise Refused("Choose the dataset or the collection.", code="missing", field="dataset")
    personal = level == Level.PERSONAL
    with log.atomic():
        fresh = locked(transaction)
        if fresh.state not in table.OPEN:
            raise Refused("This transaction is over.", code="state_conflict")
        if personal and not reason.strip():
            raise Refused(
                "Personal data is not shown before signing. If it must be, say why; somebody else decides.",
                code="personal_refused", field="reason",
            )  # fmt: skip
        row = RoomItem.objects.create(
            transaction=fresh, level=level, what=what.strip()[:200], shown_to=shown_to.strip(), asked_by=by,
            reason=reason.strip() if personal else "", reasoned=personal, dataset=dataset, collection=collection,
            shown_at=None if personal else timezone.now(),
        )  # fmt: skip
        note("transaction.room_asked" if personal else "transaction.room_shown", fresh, by, item=row.pk, level=level)
    return row


def allow(item: RoomItem, *, by: User) -> None:
    """Agree that personal data is shown. Raises Refused for who asked."""
    may(by, "approve_transaction")
    if item.asked_by_id == by.pk:
        raise Refused("You asked for this yourself; somebody else has to decide.", code="same_person")
    _decide(item, by, "transaction.room_shown", approved_by=by, shown_at=timezone.now())


def turn_down(item: RoomItem, *, by: User) -> None:
    """Personal data is not shown. Raises Refused."""
    may(by, "approve_transaction")
    _decide(item, by, "transaction.room_refused", refused_at=timezone.now())


def _decide(item: RoomItem, by: User, event: str, **changes: object) -> None:
    with log.atomic():
        fresh = locked(item.transaction)
        if fresh.state not in table.OPEN or not waiting().filter(pk=item.pk).update(**changes):
            raise Refused("This was decided before.", code="state_conflict")
        note(event, fresh, by, item=item.pk, level=item.level)


def waiting() -> "QuerySet[RoomItem]":
    """Personal data that somebody asked for and nobody decided about."""
    return RoomItem.objects.filter(level=Level.PERSONAL, shown_at=None, refused_at=None)
