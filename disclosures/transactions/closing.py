"""A closing in the ledger: one entry for each person whose records go over, a thousand at a time.

Each batch is one transaction of the database: entries, the mark on each person, and an event with count and digest. Killed
anywhere, the next run goes on with whoever has no mark. Who objected has none and gets none: the database refuses it.
"""

import hashlib
from uuid import UUID

from django.utils import timezone

from audit import log
from audit.failpoints import failpoint
from disclosures import flows
from disclosures.models import Disclosure, Transaction, TransactionPerson
from disclosures.transactions import moving, table
from disclosures.transactions.registering import locked, note

AT_ONCE = 1000


def run(transaction_id: UUID, *, most: int = 100) -> bool:
    """Write up to `most` batches, and close what is complete; whether something is left for a worker."""
    for _ in range(most):
        written = _batch(transaction_id)
        failpoint("transaction.after_batch")
        if written < AT_ONCE:
            return _finish(transaction_id)
    return True


def _batch(transaction_id: UUID) -> int:
    with log.atomic():
        row = locked(Transaction(pk=transaction_id))
        if row.state != table.CLOSING:
            return 0
        todo = TransactionPerson.objects.filter(transaction=row, objected_at=None, transferred_at=None)
        people = list(todo.order_by("pk").values_list("pk", "subject_id")[:AT_ONCE])
        if not people:
            return 0
        now, keys = timezone.now(), sorted(row.categories.values_list("key", flat=True))
        Disclosure.objects.bulk_create(
            [Disclosure(subject_id=one, recipient_id=row.other_party_id, purpose_id=row.purpose_id, categories=keys,
                        occasion=f"Transfer of the business {row.reference}", disclosed_at=now) for _, one in people],
            batch_size=500,
        )  # fmt: skip
        why = row.purpose.key if row.purpose else ""
        flows.note((row.other_party_id, flows.month(now), one, why) for one in keys)
        TransactionPerson.objects.filter(transaction=row, pk__in=[pk for pk, _ in people]).update(transferred_at=now)
        # An id is no name: the digest of all shows later that none was added or taken away.
        digest = hashlib.sha256("".join(sorted(str(one) for _, one in people)).encode()).hexdigest()
        note("transaction.entered", row, None, count=len(people), digest=digest, recipient=row.other_party.key)
    return len(people)


def _finish(transaction_id: UUID) -> bool:
    """Close it once the ledger is complete and each dataset was handed over. Whether a worker has to come again."""
    with log.atomic():
        row = locked(Transaction(pk=transaction_id))
        if row.state != table.CLOSING:
            return False
        if row.people.filter(objected_at=None, transferred_at=None).exists():
            return True
        if row.datasets.filter(handed_at=None).exists():
            return False  # a colleague is to act
        went = row.people.filter(transferred_at__isnull=False).count()
        stayed = row.people.filter(objected_at__isnull=False).count()
        moving.move(row, table.CLOSED, "transaction.closed", None, {"people": went, "left_out": stayed},
                    closed_at=timezone.now())  # fmt: skip
    return False
