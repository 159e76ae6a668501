"""What leaves because it is about nobody in particular: proposals, what they bring along, what left, and budgets of noise."""

import uuid

from django.contrib.auth.models import User
from django.db import models
from django.db.models import F, Q

from audit.leases import Leased
from audit.models import ApiClient
from disclosures.models.recipients import Recipient
from inventory.models import Collection, Dataset, Purpose
from subjects.fields import EncryptedJSONField, EncryptedTextField


class ReleaseProposal(Leased):
    """Somebody wants data to leave that identifies nobody. The row is the order to the gate, and keeps its verdict."""

    class Kind(models.TextChoices):
        MICRODATA = "microdata", "One row per person"
        TABLE = "table", "Table of counts or sums"
        PRIVATE = "private", "Table with noise (differential privacy)"

    class State(models.TextChoices):
        DRAFT = "draft", "Columns to be chosen"
        OPEN = "open", "At the gate"
        PASSED = "passed", "Passed, to be decided"
        REFUSED = "refused", "Refused by the gate"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        LAPSED = "lapsed", "Lapsed"
        PARKED = "parked", "Needs a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=120, help_text="What it is, without personal data.")
    kind = models.CharField(max_length=10, choices=Kind)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="release_proposals")
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.SET_NULL, related_name="release_proposals",
        help_text="Where the rows are read from; none for rows that were handed in.",
    )  # fmt: skip
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="release_proposals")
    recipients = models.ManyToManyField(Recipient, blank=True, related_name="release_proposals")
    public = models.BooleanField("for everybody", default=False)
    parameters = models.JSONField(default=dict)
    columns = EncryptedJSONField(null=True, help_text="What was seen of the columns, for who chooses.")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    proposed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(
        ApiClient, null=True, blank=True, on_delete=models.PROTECT, related_name="release_proposals"
    )
    idempotency_key = models.CharField(max_length=80, blank=True)
    content_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the call that proposed it.")
    proposed_at = models.DateTimeField(auto_now_add=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    reasons = models.JSONField(default=list, help_text="Why the gate refused: code and sentence.")
    figures = models.JSONField(default=dict, help_text="What the gate measured.")
    failing = EncryptedJSONField(null=True, help_text="Groups or cells that fail, by coarse values.")
    header = models.JSONField(default=list)
    preview = EncryptedJSONField(null=True, help_text="The first rows of what would leave.")
    rows = models.PositiveIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the CSV that would leave.")
    compared = models.PositiveIntegerField(default=0, help_text="Releases of the dataset when the gate judged.")
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-proposed_at",)
        permissions = [
            ("propose_release", "Can propose aggregate releases"),
            ("approve_release", "Can approve or decline aggregate releases"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("client", "idempotency_key"), condition=~Q(idempotency_key=""), name="release_once_per_key"
            ),
            models.CheckConstraint(
                name="release_needs_two_people",
                condition=~Q(state="approved")
                | (Q(decided_by__isnull=False, proposed_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
            ),
            models.CheckConstraint(name="parked_release_says_why", condition=~Q(state="parked") | ~Q(park_reason="")),
        ]

    def __str__(self) -> str:
        return self.title


class ReleasePortion(models.Model):
    """A part of the rows that were handed in, of what would leave, or of what it says: encrypted."""

    class Part(models.TextChoices):
        SOURCE = "source", "Rows as they were handed in"
        OUTPUT = "output", "What leaves"
        FACTS = "facts", "What it says of whom, for comparisons"

    proposal = models.ForeignKey(ReleaseProposal, on_delete=models.PROTECT, related_name="portions")
    part = models.CharField(max_length=6, choices=Part)
    number = models.PositiveIntegerField()
    body = EncryptedTextField()

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=("proposal", "part", "number"), name="release_portion_once")]

    def __str__(self) -> str:
        return f"{self.part} {self.number}"


class Release(models.Model):
    """A dataset or table that left because it is about nobody in particular: its entry on the ledger. Never changed: triggers
    refuse it (migration 0031).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    proposal = models.OneToOneField(ReleaseProposal, on_delete=models.PROTECT, related_name="release")
    title = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=ReleaseProposal.Kind)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="releases")
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="releases")
    recipients = models.JSONField(default=list, help_text="Keys of recipients.")
    public = models.BooleanField("for everybody", default=False)
    columns = models.JSONField(default=list)
    parameters = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    rows = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the CSV that left.")
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(ApiClient, null=True, blank=True, on_delete=models.PROTECT, related_name="releases")
    released_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("-released_at",)
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="release_left_by_two", condition=~Q(approved_by=F("proposed_by"))),
        ]

    def __str__(self) -> str:
        return self.title


class PrivacyBudget(models.Model):
    """How much all noisy tables of one dataset may tell together in one period. Whole numbers: millionths of epsilon, and
    of delta 10 to the power of -15.
    """

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="budgets")
    starts_on = models.DateField()
    ends_on = models.DateField()
    epsilon_micro = models.PositiveBigIntegerField("epsilon, in millionths")
    delta_femto = models.PositiveBigIntegerField("delta, in 10 to the power of -15", default=0)
    spent_epsilon_micro = models.PositiveBigIntegerField("epsilon spent", default=0, editable=False)
    spent_delta_femto = models.PositiveBigIntegerField("delta spent", default=0, editable=False)
    added_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", editable=False)

    class Meta:
        ordering = ("-starts_on", "dataset")
        default_permissions = ("add", "view")
        constraints = [
            models.UniqueConstraint(fields=("dataset", "starts_on"), name="budget_once_per_period"),
            models.CheckConstraint(
                name="budget_never_overspent",
                condition=Q(spent_epsilon_micro__lte=F("epsilon_micro")) & Q(spent_delta_femto__lte=F("delta_femto")),
            ),
            models.CheckConstraint(name="budget_ends_after_it_starts", condition=Q(ends_on__gte=F("starts_on"))),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id and self.dataset.name}, {self.starts_on} to {self.ends_on}"


class BudgetCharge(models.Model):
    """What one noisy table took from a budget. Never given back: whoever saw the numbers knows them."""

    budget = models.ForeignKey(PrivacyBudget, on_delete=models.PROTECT, related_name="charges")
    proposal = models.OneToOneField(ReleaseProposal, on_delete=models.PROTECT, related_name="charge")
    epsilon_micro = models.PositiveBigIntegerField()
    delta_femto = models.PositiveBigIntegerField()
    charged_at = models.DateTimeField()

    class Meta:
        ordering = ("charged_at",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.epsilon_micro / 1_000_000:g}"
