"""What colleagues write down about a case."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from requests_app.models.requests import Request
from subjects.fields import EncryptedTextField


class Note(models.Model):
    """A colleague's note on a case. Never shown to the person, never in an event."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = EncryptedTextField()
    minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Time spent on the case, if somebody noted it."
    )
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("written_at",)

    def __str__(self) -> str:
        return f"Note {self.pk}"


class Raising(models.Model):
    """A colleague had the privacy officers look at a case, and why. Never shown to the person, never in an event."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="raisings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedTextField()
    at = models.DateTimeField(auto_now_add=True)
    lowered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    lowered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("at",)
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=("request",), condition=Q(lowered_at=None), name="raised_once_at_a_time")
        ]

    def __str__(self) -> str:
        return f"Raised {self.at:%Y-%m-%d}"
