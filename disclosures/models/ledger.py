"""What went to whom: one row for one person's data and one recipient, what of it was taken back, and for each month what went
to a recipient at all.
"""

import uuid

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Exists, OuterRef, Q

from audit.models import ApiClient
from audit.named import referred
from disclosures.models.recipients import Recipient
from inventory.models import Purpose
from subjects.models import DataSubject


class Disclosures(models.QuerySet["Disclosure"]):
    """Entries, by whether they hold."""

    def sound(self) -> "Disclosures":
        """Not taken back. For each row one look into the key of retractions, however many there are."""
        return self.filter(~Exists(Retraction.objects.filter(entry=OuterRef("pk"))))


class Disclosure(models.Model):
    """One person's data went to one recipient. Never changed, never deleted: see `append_only`."""

    class Source(models.TextChoices):
        API = "api", "By a program"
        CONNECTOR = "connector", "By our own work in a system"
        HAND = "hand", "By hand"
        IMPORT = "import", "From a file"

    class Reason(models.TextChoices):
        PAPER = "paper", "It went on paper or on a data carrier"
        SPOKEN = "spoken", "It was told by phone or in person"
        MAILED = "mailed", "It was mailed by a colleague"
        LATE = "late", "It was forgotten at the time"
        OTHER = "other", "Another reason"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The indexes below serve the reads; one for each reference would only make each entry dearer.
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="disclosures", db_index=False)
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="disclosures", db_index=False)
    purpose = models.ForeignKey(
        Purpose, null=True, blank=True, on_delete=models.PROTECT, related_name="disclosures", db_index=False
    )
    categories = models.JSONField(default=list, help_text="Keys of data categories.")
    occasion = models.CharField(max_length=120, blank=True, help_text="For example application sent; no personal data.")
    disclosed_at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=Source, default=Source.API)
    reason = models.CharField(max_length=10, choices=Reason, blank=True, help_text="Why it was entered by hand.")
    recorded_at = models.DateTimeField(null=True, blank=True, editable=False)
    client = models.ForeignKey(
        ApiClient, null=True, blank=True, on_delete=models.PROTECT, related_name="disclosures", db_index=False
    )
    idempotency_key = models.CharField(max_length=80, blank=True)

    objects = Disclosures.as_manager()

    class Meta:
        ordering = ("-disclosed_at",)
        permissions = [("export_disclosure", "Can take the ledger out as a file")]
        indexes = [
            models.Index(fields=("subject", "-disclosed_at", "-id"), name="disclosures_of_person"),
            models.Index(fields=("recipient", "-disclosed_at"), name="disclosures_to_recipient"),
            models.Index(fields=("disclosed_at", "id"), name="disclosures_by_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("client", "idempotency_key"), condition=~Q(idempotency_key=""), name="disclosure_once_per_key"
            ),
            models.CheckConstraint(name="disclosure_by_hand_says_why", condition=~Q(source="hand") | ~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"Disclosure to {referred(self, 'recipient')}"


class Retraction(models.Model):
    """An entry was wrong and is taken back: it stays, and no longer counts. Never changed, never deleted: see `append_only`."""

    class Reason(models.TextChoices):
        NEVER = "never", "It never happened"
        PERSON = "person", "It was somebody else's data"
        RECIPIENT = "recipient", "It went to another recipient"
        CONTENT = "content", "Categories, purpose or moment are wrong"
        TWICE = "twice", "It was entered twice"

    entry = models.OneToOneField(Disclosure, primary_key=True, on_delete=models.PROTECT, related_name="retraction")
    reason = models.CharField(max_length=10, choices=Reason)
    taken_back_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    client = models.ForeignKey(
        ApiClient, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    taken_back_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        permissions = [("take_back_disclosure", "Can take an entry of the ledger back")]
        constraints = [
            models.CheckConstraint(
                name="retraction_by_one",
                condition=Q(taken_back_by__isnull=True, client__isnull=False)
                | Q(taken_back_by__isnull=False, client__isnull=True),
            ),
            models.CheckConstraint(name="retraction_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return str(self.get_reason_display())


class Flow(models.Model):
    """In this month (UTC) this recipient got this category of somebody, for this purpose: one row however many entries.

    The lists that laws ask for (by category, of a year, by name) are read from here and not from millions of entries.
    """

    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="flows", db_index=False)
    month = models.DateField(help_text="Its first day.")
    category = models.CharField(max_length=80, help_text="Key of a data category.")
    purpose = models.CharField(max_length=60, blank=True, help_text="Key of a purpose.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("recipient", "month", "category", "purpose"), name="flow_once_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.category} to {self.recipient_id} in {self.month:%Y-%m}"
