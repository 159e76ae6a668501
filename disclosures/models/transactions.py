"""Corporate transactions: who saw what before signing, who is told, who objects, what goes over."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from disclosures.models.recipients import Recipient
from inventory.models import Collection, DataCategory, Dataset, Purpose
from subjects.fields import EncryptedTextField
from subjects.models import DataSubject

STAFF = settings.AUTH_USER_MODEL


class Transaction(models.Model):
    """A merger, a sale, an asset deal. Only `transactions.moving` changes its state."""

    class Kind(models.TextChoices):
        MERGER = "merger", "Merger"
        SHARE_SALE = "share_sale", "Sale of the company"
        ASSET_DEAL = "asset_deal", "Sale of a part of the business (asset deal)"
        INSOLVENCY = "insolvency", "Sale out of insolvency"

    class State(models.TextChoices):
        PREPARING = "preparing", "Before signing"
        SIGNED = "signed", "Signed"
        TELLING = "telling", "People are told"
        PROPOSED = "proposed", "Closing waits for a second person"
        CLOSING = "closing", "Closing"
        CLOSED = "closed", "Closed"
        ABANDONED = "abandoned", "Abandoned"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField("our reference", max_length=20, unique=True, editable=False)
    name = models.CharField(
        "project name", max_length=80, help_text="For colleagues: Project Heron. No names of people."
    )
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.PREPARING, db_index=True)
    other_party = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="transactions")
    signing_on = models.DateField("signing planned for", null=True, blank=True)
    closing_on = models.DateField("closing planned for", null=True, blank=True)
    use_changes = models.BooleanField(
        "use of the data changes materially", default=False,
        help_text="Then people get notice and a choice (CCPA § 1798.140(ad)(2)(C)).",
    )  # fmt: skip
    offers_choice = models.BooleanField("people can object", default=True)
    about = models.TextField(
        "what people read", max_length=2000, blank=True,
        help_text="Who takes over, what changes for them and from when. Without personal data.",
    )  # fmt: skip
    their_notice = models.URLField("privacy notice of the other party", max_length=300, blank=True)
    purpose = models.ForeignKey(Purpose, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    categories = models.ManyToManyField(
        DataCategory, blank=True, related_name="+", verbose_name="categories that go over"
    )

    registered_by = models.ForeignKey(STAFF, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField(auto_now_add=True)
    signed_on = models.DateField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    object_until = models.DateField("objections until", null=True, blank=True, help_text="The last day.")
    proposed_by = models.ForeignKey(STAFF, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(STAFF, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-registered_at",)
        permissions = [("approve_transaction", "Can approve a closing and what goes into a data room")]
        constraints = [
            models.CheckConstraint(
                name="closing_by_two_people",
                condition=(Q(approved_by=None) & ~Q(state__in=("closing", "closed")))
                | (Q(proposed_by__isnull=False) & ~Q(proposed_by=F("approved_by")) & Q(approved_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="changed_use_offers_a_choice", condition=Q(use_changes=False) | Q(offers_choice=True)
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class RoomItem(models.Model):
    """Something that the other side was shown in a data room. Personal data needs a reason and a second person."""

    class Level(models.TextChoices):
        AGGREGATE = "aggregate", "Figures about many people"
        DATASET = "dataset", "Description of a dataset"
        COLLECTION = "collection", "Description of a collection"
        PERSONAL = "personal", "Personal data"

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="room")
    level = models.CharField(max_length=10, choices=Level)
    dataset = models.ForeignKey(Dataset, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    collection = models.ForeignKey(Collection, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=200, help_text="For example head counts by country; no personal data.")
    shown_to = EncryptedTextField(help_text="Firm, and who of it.")
    reason = EncryptedTextField(blank=True, help_text="Why personal data is needed before signing.")
    reasoned = models.BooleanField(default=False, editable=False, help_text="A reason was given.")
    asked_by = models.ForeignKey(STAFF, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(STAFF, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    refused_at = models.DateTimeField(null=True, blank=True)
    shown_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-asked_at",)
        constraints = [
            models.CheckConstraint(
                name="personal_data_shown_by_two_people",
                condition=~Q(level="personal")
                | Q(shown_at=None)
                | (Q(approved_by__isnull=False) & ~Q(approved_by=F("asked_by")) & Q(reasoned=True)),
            )
        ]

    def __str__(self) -> str:
        return f"Shown in {self.transaction_id}"


class TransactionDataset(models.Model):
    """A dataset that goes over, and the colleague who handed it over."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="datasets")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="+")
    people = models.PositiveBigIntegerField(null=True, blank=True, help_text="How many people's records went over.")
    left_out = models.PositiveBigIntegerField(null=True, blank=True, help_text="How many people had objected.")
    digest = models.CharField("SHA-256", max_length=64, blank=True, help_text="Of the export, if it is a file.")
    handed_by = models.ForeignKey(STAFF, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    handed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("transaction", "dataset"), name="dataset_goes_over_once")]

    def __str__(self) -> str:
        return f"{self.dataset_id} of {self.transaction_id}"


class TransactionPerson(models.Model):
    """One person concerned by a transaction. Rows are written by the thousand, so the columns have database defaults."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="people")
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="transactions")
    added_at = models.DateTimeField(db_default=Now())
    objected_at = models.DateTimeField(null=True, blank=True)
    noted_by = models.ForeignKey(
        STAFF,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: the person's own click.",
    )
    transferred_at = models.DateTimeField(null=True, blank=True, help_text="When the ledger's entry was written.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("transaction", "subject"), name="transaction_names_a_person_once"),
            # Who objected does not go over.
            models.CheckConstraint(
                name="objector_stays", condition=Q(objected_at=None) | Q(transferred_at=None)
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=("transaction", "id"), condition=Q(objected_at=None, transferred_at=None), name="to_go_over"
            )
        ]

    def __str__(self) -> str:
        return f"Person of {self.transaction_id}"
