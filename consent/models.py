"""Nouns: privacy notices, their versions, and choices."""

import uuid

from django.db import models
from django.db.models import Q

from audit.models import ApiClient
from inventory.models import Purpose
from subjects.models import DataSubject


class NoticeVersion(models.Model):
    """One published wording of the privacy notice. Never changed after publication."""

    key = models.SlugField(max_length=40, default="privacy", help_text="Which notice: privacy, candidates ...")
    language = models.CharField(max_length=12, default="en")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    body = models.TextField(help_text="Markdown.")
    digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the wording.")
    effective_on = models.DateField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("key", "language", "-number")
        constraints = [models.UniqueConstraint(fields=("key", "language", "number"), name="notice_version_once")]
        permissions = [("publish_noticeversion", "Can publish a notice version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class Choice(models.Model):
    """A person said yes or no to one purpose, at one moment, under one wording."""

    class Source(models.TextChoices):
        PORTAL = "portal", "Privacy centre"
        API = "api", "API"
        REQUEST = "request", "Opt-out request"
        STAFF = "staff", "Staff"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="choices")
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="choices")
    granted = models.BooleanField()
    source = models.CharField(max_length=10, choices=Source)
    notice = models.ForeignKey(NoticeVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="choices")
    chosen_at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField(auto_now_add=True)
    client = models.ForeignKey(ApiClient, null=True, blank=True, on_delete=models.PROTECT, related_name="choices")
    idempotency_key = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-chosen_at", "-recorded_at")
        indexes = [models.Index(fields=("subject", "purpose", "-chosen_at", "-recorded_at"))]
        constraints = [
            models.UniqueConstraint(
                fields=("client", "idempotency_key"), condition=~Q(idempotency_key=""), name="choice_once_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"{'Yes' if self.granted else 'No'} to {self.purpose_id}"
