"""What people are told themselves about legal demands and transactions: the row is the message."""

from django.db import models
from django.db.models import Q

from audit.leases import Leased
from disclosures.models.demands import LegalDemand
from disclosures.models.transactions import Transaction
from subjects.models import DataSubject


class PersonNotice(Leased):
    """A mail to one person with a link and nothing else. Rows may be written by the thousand in one statement."""

    class Kind(models.TextChoices):
        DEMAND_BEFORE = "demand_before", "An authority asks for their data"
        DEMAND_AFTER = "demand_after", "An authority got their data"
        TRANSACTION = "transaction", "The business changes hands"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        PARKED = "parked", "Needs a person"
        WAIVED = "waived", "Waived"

    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=13, choices=Kind)
    demand = models.ForeignKey(LegalDemand, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
    transaction = models.ForeignKey(
        Transaction, null=True, blank=True, on_delete=models.PROTECT, related_name="notices"
    )
    state = models.CharField(max_length=6, choices=State, default=State.QUEUED)
    park_reason = models.CharField(max_length=300, blank=True)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text="When somebody opened what the link leads to.")

    class Meta:
        verbose_name = "notice to a person"
        verbose_name_plural = "notices to people"
        permissions = [
            ("retry_personnotice", "Can send a parked notice to a person again"),
            ("waive_personnotice", "Can give up a parked notice to a person"),
        ]
        indexes = [models.Index(fields=("queued_at",), condition=Q(state="queued"), name="person_notices_to_send")]
        constraints = [
            models.UniqueConstraint(fields=("demand", "subject", "kind"), name="person_told_of_demand_once"),
            models.UniqueConstraint(fields=("transaction", "subject"), name="person_told_of_transaction_once"),
            models.CheckConstraint(
                name="person_told_of_one_thing",
                condition=Q(demand=None, transaction__isnull=False, kind="transaction")
                | Q(demand__isnull=False, transaction=None) & ~Q(kind="transaction"),
            ),
            models.CheckConstraint(
                name="parked_person_notice_says_why", condition=~Q(state="parked") | ~Q(park_reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject_id}"
