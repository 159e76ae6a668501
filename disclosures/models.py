"""Nouns: recipients, disclosures, notices to recipients, and sites of others that our pages link to."""

import uuid
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.leases import Leased
from audit.models import ApiClient
from inventory.models import DataCategory, Purpose
from subjects.models import DataSubject


class Recipient(models.Model):
    """Somebody outside who gets personal data from us."""

    class Role(models.TextChoices):
        PROCESSOR = "processor", _("Service provider (processor)")
        CONTROLLER = "controller", _("Independent controller")
        JOINT = "joint", _("Joint controller")
        THIRD_PARTY = "third_party", _("Third party (sale or sharing)")

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=12, choices=Role)
    kind = models.CharField(max_length=60, help_text="Employer, contractor, advertising network ...")
    contact = models.EmailField(help_text="Where notices of erasure and correction go.")
    country = models.CharField(max_length=2)
    transfer_basis = models.CharField(max_length=120, blank=True, help_text="Adequacy decision, standard clauses ...")
    contract = models.CharField(max_length=120, blank=True)
    categories = models.ManyToManyField(DataCategory, blank=True, related_name="recipients")
    receives_everyone = models.BooleanField(
        default=False, help_text="Gets these categories of everyone, so there is no entry per person."
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Disclosure(models.Model):
    """One person's data went to one recipient."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="disclosures")
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="disclosures")
    purpose = models.ForeignKey(Purpose, null=True, blank=True, on_delete=models.PROTECT, related_name="disclosures")
    categories = models.JSONField(default=list, help_text="Keys of data categories.")
    occasion = models.CharField(max_length=120, blank=True, help_text="For example application sent; no personal data.")
    disclosed_at = models.DateTimeField(db_index=True)
    client = models.ForeignKey(ApiClient, null=True, blank=True, on_delete=models.PROTECT, related_name="disclosures")
    idempotency_key = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-disclosed_at",)
        indexes = [models.Index(fields=("subject", "recipient"))]
        constraints = [
            models.UniqueConstraint(
                fields=("client", "idempotency_key"), condition=~Q(idempotency_key=""), name="disclosure_once_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"Disclosure to {self.recipient_id}"


class Notice(Leased):
    """What a recipient must be told about one person: the row is the message."""

    class Kind(models.TextChoices):
        ERASURE = "erasure", "Erase this person's data"
        CORRECTION = "correction", "Correct this person's data"
        OPT_OUT = "opt_out", "Stop selling and sharing this person's data"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        PARKED = "parked", "Needs a person"
        WAIVED = "waived", "Waived"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="notices")
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=12, choices=Kind)
    origin = models.CharField(max_length=64, db_index=True, help_text="Reference of the request.")
    state = models.CharField(max_length=14, choices=State, default=State.QUEUED, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    queued_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=120, blank=True)

    class Meta:
        permissions = [("retry_notice", "Can retry a parked notice"), ("waive_notice", "Can waive a parked notice")]
        constraints = [
            models.UniqueConstraint(fields=("origin", "recipient", "kind"), name="recipient_told_once"),
            models.CheckConstraint(name="parked_notice_says_why", condition=~Q(state="parked") | ~Q(park_reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.recipient_id}"


class ExternalSite(models.Model):
    """A site of somebody else that our pages link to; people are told that they leave."""

    class State(models.TextChoices):
        IN_USE = "in_use", "In use"
        RETIRED = "retired", "Retired"

    name = models.CharField(max_length=120, help_text="Who runs it, as people know them.")
    address = models.URLField(
        max_length=300, unique=True, help_text="Where the link leads: https://www.partner.example/jobs"
    )
    about = models.CharField(
        "what it is", max_length=200, help_text="One sentence for people who are about to go there."
    )
    policy_address = models.URLField("its privacy policy", max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.IN_USE)
    reviewed_on = models.DateField(null=True, blank=True, help_text="When somebody last read its policy.")
    review_due = models.DateField(db_index=True, help_text="When somebody should read it again.")

    class Meta:
        ordering = ("name",)
        verbose_name = "external site"

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        """The host that a person sees in the address bar."""
        return urlsplit(self.address).hostname or ""
