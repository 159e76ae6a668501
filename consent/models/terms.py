"""Nouns: on what terms a Yes to a purpose is taken, and a Yes that still waits for its link to be pressed."""

import uuid

from django.db import models
from django.db.models import Q

from audit.leases import Leased
from audit.models import ApiClient
from audit.named import referred
from consent.models.choices import Choice, Wording
from consent.models.notices import NoticeVersion
from inventory.models import Purpose
from subjects.models import DataSubject, Identifier


class Terms(models.Model):
    """How long a Yes to one purpose holds, when we may ask again after a No, and whether a Yes must be confirmed by a link.

    A purpose without a row has the defaults.
    """

    MONTHS = 12

    purpose = models.OneToOneField(
        Purpose, primary_key=True, on_delete=models.CASCADE, related_name="terms", help_text="Of which purpose."
    )
    months = models.PositiveSmallIntegerField(
        default=MONTHS, help_text="How long a Yes holds; 0: until it is withdrawn."
    )
    ask_again_months = models.PositiveSmallIntegerField(
        default=MONTHS, help_text="Nobody is asked again for so long after a No. California: at least 12."
    )
    double_opt_in = models.BooleanField(
        default=False, help_text="A Yes counts only after the person pressed a link in a mail."
    )

    class Meta:
        verbose_name = "terms of a purpose"
        verbose_name_plural = "terms of purposes"

    def __str__(self) -> str:
        return f"Terms of {referred(self, 'purpose')}"


class PendingChoice(Leased):
    """A Yes that counts only once its link is pressed. The row is the mail; the token in the link is kept as a hash."""

    class State(models.TextChoices):
        QUEUED = "queued", "To be mailed"
        SENT = "sent", "Awaiting confirmation"
        CONFIRMED = "confirmed", "Confirmed"
        LAPSED = "lapsed", "Never confirmed"
        PARKED = "parked", "Needs a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="pending_choices")
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="pending_choices")
    identifier = models.ForeignKey(Identifier, on_delete=models.CASCADE, related_name="pending_choices")
    notice = models.ForeignKey(NoticeVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    wording = models.ForeignKey(Wording, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=12, blank=True)
    region = models.CharField(max_length=12, blank=True)
    source = models.CharField(max_length=10, choices=Choice.Source)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="The link works until then.")
    choice = models.OneToOneField(Choice, null=True, blank=True, on_delete=models.PROTECT, related_name="pending")
    client = models.ForeignKey(ApiClient, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    idempotency_key = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-asked_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("client", "idempotency_key"), condition=~Q(idempotency_key=""), name="pending_once_per_key"
            ),
            models.UniqueConstraint(
                fields=("subject", "purpose"), condition=Q(state__in=("queued", "sent")), name="pending_once_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Awaiting a Yes to {referred(self, 'purpose')}"
