"""What leaves for the person: letters and packages."""

import uuid

from django.db import models

from audit.leases import Leased
from audit.named import referred
from requests_app.models.requests import Request
from subjects.fields import EncryptedTextField
from subjects.models import Identifier


class Letter(Leased):
    """A message to the person, or about their request to a client. The row is the outbox."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        PARKED = "parked", "Needs a person"
        DROPPED = "dropped", "Out of date"
        TO_POST = "to_post", "To print and post"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=40, help_text="Template: acknowledgement, proof, package_ready, denial ...")
    identifier = models.ForeignKey(Identifier, null=True, on_delete=models.PROTECT, related_name="+")
    to = EncryptedTextField(null=True, help_text="Instead of the person: the mailbox of a client of ours.")
    to_name = models.CharField(max_length=120, blank=True, help_text="The client's name, for the envelope.")
    language = models.CharField(max_length=12, default="en")
    template_version = models.CharField(max_length=16, blank=True, help_text="Digest of the template it was made from.")
    statute = models.CharField(max_length=40, blank=True, help_text="The law whose words it bears.")
    subject_line = models.CharField(max_length=200)
    body = EncryptedTextField(help_text="As it was rendered when it was queued.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    dedupe = models.CharField(max_length=80, help_text="One letter of this name per request.")
    queued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, help_text="A link in it dies then: after that it is not sent.")
    sent_at = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering = ("queued_at",)
        constraints = [
            models.UniqueConstraint(fields=("request", "dedupe"), name="letter_once"),
            models.CheckConstraint(
                name="letter_has_one_address",
                condition=models.Q(identifier__isnull=False, to__isnull=True)
                | models.Q(identifier__isnull=True, to__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.named} for {referred(self, 'request')}"

    @property
    def named(self) -> str:
        """Its kind in words, for the desk."""
        return self.kind.replace("_", " ").capitalize()


class Parcel(Leased):
    """The package of one person's data: an encrypted ZIP behind a fresh proof, destroyed on its day."""

    class State(models.TextChoices):
        OPEN = "open", "To build"
        READY = "ready", "Ready"
        EXPIRED = "expired", "Destroyed"
        PARKED = "parked", "Needs a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="parcel")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    file_name = models.CharField(max_length=80, blank=True, help_text="Random name under PARCEL_DIR.")
    key = EncryptedTextField(blank=True, default="", help_text="The package's own key; emptied when destroyed.")
    size = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the ZIP.")
    built_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    downloads = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"Package of {self.request_id}"
