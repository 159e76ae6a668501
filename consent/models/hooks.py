"""Nouns: who wants to hear of changed choices, and what they are told."""

import uuid

from django.db import models
from django.db.models import Q

from audit.leases import Leased
from audit.models import ApiClient
from consent.models.choices import Choice
from inventory.models import Purpose
from subjects.fields import EncryptedTextField


class Subscription(models.Model):
    """An API client hears of changed choices at an address of its own (a webhook)."""

    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="subscriptions")
    address = models.CharField(max_length=300, help_text="Where we POST to: https://shop.example/hooks/consent")
    purposes = models.ManyToManyField(
        Purpose, blank=True, related_name="subscriptions", help_text="None chosen: all of them."
    )
    secret = EncryptedTextField(editable=False, help_text="Signs each message; shown once.")
    active = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("client", "address")

    def __str__(self) -> str:
        return f"Webhook {self.pk}"


class Delivery(Leased):
    """One subscriber is told of one change: the row is the message, written with the choice."""

    class Kind(models.TextChoices):
        CHANGED = "changed", "Choice changed"
        ENDED = "ended", "Yes ended"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        PARKED = "parked", "Needs a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="deliveries")
    choice = models.ForeignKey(Choice, on_delete=models.PROTECT, related_name="deliveries")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.CHANGED)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    park_reason = models.CharField(max_length=300, blank=True)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-queued_at",)
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=("subscription", "choice", "kind"), name="told_once_of_a_choice"),
            models.CheckConstraint(name="parked_delivery_says_why", condition=~Q(state="parked") | ~Q(park_reason="")),
        ]
        indexes = [models.Index(fields=("queued_at",), name="delivery_waits", condition=Q(state="queued"))]
        permissions = [("retry_delivery", "Can send a parked webhook again")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.choice_id}"
