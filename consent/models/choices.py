"""Nouns: choices as they were made (append-only), what holds now, the devices and the words that they refer to."""

import uuid

from django.db import models
from django.db.models import Q

from audit.models import ApiClient
from audit.named import referred
from consent.models.notices import NoticeVersion
from inventory.models import Purpose
from subjects.models import DataSubject


class Device(models.Model):
    """A browser or an app that chose before anybody knew whose it is. Known by the keyed hash of its own random id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    subject = models.ForeignKey(DataSubject, null=True, blank=True, on_delete=models.PROTECT, related_name="devices")
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Device {str(self.id)[:8]}"


class Wording(models.Model):
    """Words that were shown before a choice, kept once however many people saw them."""

    digest = models.CharField(
        max_length=64, primary_key=True, editable=False, help_text="SHA-256 of language and text."
    )
    language = models.CharField(max_length=12)
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]


class Choice(models.Model):
    """A person or a device said yes or no to one purpose, at one moment, under one wording. Never changed."""

    class Source(models.TextChoices):
        PORTAL = "portal", "Privacy centre"
        BANNER = "banner", "Banner"
        API = "api", "API"
        REQUEST = "request", "Opt-out request"
        STAFF = "staff", "Staff"
        IMPORT = "import", "Import"

    class Act(models.TextChoices):
        GIVEN = "given", "Given"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        OBJECTED = "objected", "Objected"
        SIGNAL = "signal", "By a browser's signal"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # An index costs every choice that is ever recorded: those that others below begin with are left out, and those of small
    # tables that nothing is ever deleted from.
    subject = models.ForeignKey(
        DataSubject, null=True, blank=True, on_delete=models.PROTECT, related_name="choices", db_index=False
    )
    device = models.ForeignKey(
        Device, null=True, blank=True, on_delete=models.PROTECT, related_name="choices", db_index=False
    )
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="choices")
    granted = models.BooleanField()
    act = models.CharField(max_length=10, choices=Act)
    source = models.CharField(max_length=10, choices=Source)
    notice = models.ForeignKey(
        NoticeVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="choices", db_index=False
    )
    wording = models.ForeignKey(
        Wording, null=True, blank=True, on_delete=models.PROTECT, related_name="choices", db_index=False
    )
    language = models.CharField(max_length=12, blank=True)
    region = models.CharField(max_length=12, blank=True, help_text="Where the person was: DE, US-CA ...")
    guardian = models.ForeignKey(
        DataSubject, null=True, blank=True, on_delete=models.PROTECT, related_name="choices_for_others",
        db_index=False, help_text="Who chose for somebody who may not choose alone.",
    )  # fmt: skip
    evidence = models.JSONField(default=dict, blank=True, help_text="What shows that it happened; no personal data.")
    chosen_at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="A Yes ends then, unless it is renewed.")
    client = models.ForeignKey(
        ApiClient, null=True, blank=True, on_delete=models.PROTECT, related_name="choices", db_index=False
    )
    idempotency_key = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-chosen_at", "-recorded_at")
        indexes = [
            models.Index(fields=("subject", "purpose", "-chosen_at", "-recorded_at")),
            models.Index(
                fields=("device", "purpose", "-chosen_at", "-recorded_at"), name="choice_of_device",
                condition=Q(device__isnull=False),
            ),
            models.Index(fields=("recorded_at",), name="choice_noes", condition=Q(granted=False)),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                fields=("client", "idempotency_key"), condition=~Q(idempotency_key=""), name="choice_once_per_key"
            ),
            models.CheckConstraint(
                condition=Q(subject__isnull=False) | Q(device__isnull=False), name="choice_is_somebodys"
            ),
        ]

    def __str__(self) -> str:
        return f"{'Yes' if self.granted else 'No'} to {referred(self, 'purpose')}"


class Standing(models.Model):
    """What holds now for one holder and one purpose: the newest choice. Written with it, rebuilt from the ledger at will.

    It has no index but its key and the ends to come: a change of mind then touches no index at all.
    """

    id = models.BigAutoField(primary_key=True)
    holder = models.UUIDField(help_text="The data subject's id, or the device's while nobody knows whose it is.")
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="standings", db_index=False)
    choice = models.ForeignKey(Choice, on_delete=models.PROTECT, related_name="standings", db_index=False)
    notice = models.ForeignKey(
        NoticeVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="standings", db_index=False
    )
    granted = models.BooleanField()
    act = models.CharField(max_length=10, choices=Choice.Act)
    chosen_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When we noted that this Yes had ended.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("holder", "purpose"), name="standing_once")]
        indexes = [
            models.Index(
                fields=("expires_at",), name="standing_ends", condition=Q(expires_at__isnull=False, ended_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{'Yes' if self.granted else 'No'} to {referred(self, 'purpose')}"
