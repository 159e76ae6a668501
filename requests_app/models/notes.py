"""What colleagues write down about a case."""

from django.conf import settings
from django.db import models

from requests_app.models.requests import Request
from subjects.fields import EncryptedTextField


class Note(models.Model):
    """A colleague's note on a case. Never shown to the person, never in an event."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = EncryptedTextField()
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("written_at",)

    def __str__(self) -> str:
        return f"Note {self.pk}"
