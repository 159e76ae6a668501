"""The register of transactions: entering one, the datasets that go over, and who handed each over."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from disclosures.demands.registering import fresh_reference
from disclosures.models import Recipient, Transaction, TransactionDataset
from disclosures.transactions import table
from inventory.models import DataCategory, Dataset

DIGEST = re.compile(r"^[0-9a-f]{64}$")
WORKER = actors.worker("disclosures.transactions")


def register(
    values: Mapping[str, Any], *, other_party: Recipient, categories: Iterable[DataCategory], by: User
) -> Transaction:
    """Enter a transaction. `values`: fields of Transaction that describe it. Raises Refused."""
    may(by, "add_transaction")
    check(values)
    with log.atomic():
        row = Transaction.objects.create(
            reference=fresh_reference("CT"), other_party=other_party, registered_by=by, **values
        )
        row.categories.set(categories)
        note("transaction.registered", row, by, kind=row.kind, use_changes=row.use_changes)
    return row


def check(values: Mapping[str, Any]) -> None:
    """Whether it can be entered as it is. Raises Refused."""
    if values.get("use_changes") and not values.get("offers_choice"):
        raise Refused(
            "Where the use changes materially, people get a choice (CCPA § 1798.140(ad)(2)(C)).",
            code="choice_missing", field="offers_choice",
        )  # fmt: skip
    first, last = values.get("signing_on"), values.get("closing_on")
    if first and last and first > last:
        raise Refused("The closing comes after the signing.", code="period", field="closing_on")


def add_dataset(transaction: Transaction, dataset: Dataset, *, by: User) -> TransactionDataset:
    """A dataset goes over. Raises Refused once people are told."""
    may(by, "change_transaction")
    with log.atomic():
        fresh = locked(transaction)
        _early(fresh)
        row, made = TransactionDataset.objects.get_or_create(transaction=fresh, dataset=dataset)
        if made:
            note("transaction.dataset_added", fresh, by, dataset=dataset.key)
    return row


def drop_dataset(transaction: Transaction, row_id: int, *, by: User) -> None:
    """A dataset stays after all. Raises Refused once people are told."""
    may(by, "change_transaction")
    with log.atomic():
        fresh = locked(transaction)
        _early(fresh)
        row = fresh.datasets.filter(pk=row_id).select_related("dataset").first()
        if row is not None:
            key = row.dataset.key
            row.delete()
            note("transaction.dataset_dropped", fresh, by, dataset=key)


def hand_over(
    transaction: Transaction, row_id: int, *, people: int, left_out: int, digest: str = "", by: User
) -> TransactionDataset:
    """A colleague exported a dataset without those who objected, and handed it over. Raises Refused.

    `people`: how many people's records went; `left_out`: how many who objected were left out.
    """
    may(by, "change_transaction")
    if digest and not DIGEST.match(digest):
        raise Refused("A SHA-256 has 64 letters a to f and digits.", code="digest", field="digest")
    with log.atomic():
        fresh = locked(transaction)
        if fresh.state != table.CLOSING:
            raise Refused("Datasets are handed over while the closing runs.", code="state_conflict")
        objectors = fresh.people.filter(objected_at__isnull=False).count()
        most = fresh.people.count() - objectors
        if people > most:
            raise Refused(
                f"At most {most:,} people go over: {objectors:,} objected.", code="too_many_people", field="people"
            )
        open_ = fresh.datasets.filter(pk=row_id, handed_at=None)
        changes = {"people": people, "left_out": left_out, "digest": digest}
        if not open_.update(handed_by=by, handed_at=timezone.now(), **changes):
            raise Refused("This dataset was handed over before.", code="state_conflict")
        row = TransactionDataset.objects.select_related("dataset").get(pk=row_id)
        note("transaction.dataset_handed", fresh, by, dataset=row.dataset.key, **changes)
    return row


def _early(transaction: Transaction) -> None:
    if transaction.state not in table.EARLY:
        raise Refused("People were told what goes over. It cannot be changed any more.", code="state_conflict")


def locked(transaction: Transaction) -> Transaction:
    """The transaction as it is now, locked until the database's transaction ends."""
    return Transaction.objects.select_for_update().get(pk=transaction.pk)


def may(by: User, permission: str) -> None:
    """Raises Refused without the permission."""
    if not by.has_perm(f"disclosures.{permission}"):
        raise Refused("Your role may not do this. Ask legal or your privacy officer.", code="not_allowed")


def note(event: str, transaction: Transaction, by: User | None, **facts: Any) -> None:
    """An event about a transaction."""
    actor = actors.staff(by.pk) if by is not None else WORKER
    log.record(event, actor=actor, noun=transaction, **facts)
