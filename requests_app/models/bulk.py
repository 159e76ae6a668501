"""Many requests at once: the upload, and each line of it as a row before anything is done with it."""

import uuid

from django.conf import settings
from django.db import models

from audit.models import ApiClient
from requests_app.models.requests import Request
from subjects.fields import EncryptedJSONField


class Upload(models.Model):
    """One file or one call. What became of it stands in its lines."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(ApiClient, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, blank=True, help_text="The file's name.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"Upload {str(self.id)[:8]}"


class Line(models.Model):
    """One line: waiting, then a request or an error in words. The same key from the same source is one line for ever."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Request made"
        FAILED = "failed", "Not taken"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    source = models.CharField(max_length=40, help_text="Whose keys these are: client-3, desk.")
    key = models.CharField(max_length=80)
    given = EncryptedJSONField(null=True, help_text="What the line says; forgotten once it is a request.")
    digest = models.CharField(
        max_length=64, help_text="Keyed digest of it, by which a repeat is told from another line."
    )
    state = models.CharField(max_length=8, choices=State, default=State.WAITING, db_index=True)
    error = models.CharField(max_length=300, blank=True)
    field = models.CharField(max_length=40, blank=True, help_text="The column at fault.")
    request = models.ForeignKey(Request, null=True, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("upload", "number")
        verbose_name = "line of an upload"
        verbose_name_plural = "lines of uploads"
        constraints = [
            models.UniqueConstraint(fields=("source", "key"), name="bulk_line_once"),
            models.CheckConstraint(
                name="bulk_line_has_a_request_or_an_error",
                condition=models.Q(state="waiting", request=None)
                | models.Q(state="done", request__isnull=False)
                | (models.Q(state="failed", request=None) & ~models.Q(error="")),
            ),
        ]

    def __str__(self) -> str:
        return f"Line {self.number} of {self.upload_id}"
