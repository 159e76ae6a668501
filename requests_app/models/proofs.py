"""Who is asking: proofs, and the browsers that gave one."""

import uuid

from django.db import models

from requests_app.models.requests import Request
from subjects.models import DataSubject, Identifier


class Proof(models.Model):
    """One attempt to show who is asking: a one-time link, kept as a hash."""

    class Purpose(models.TextChoices):
        OPEN = "open", "Confirm the request"
        SIGN_IN = "sign_in", "See my requests"
        FRESH = "fresh", "Fetch my data"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="proofs")
    purpose = models.CharField(max_length=10, choices=Purpose)
    identifier = models.ForeignKey(Identifier, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} for {self.request_id}"


class PersonSession(models.Model):
    """A browser that proved itself, known by the hash of its cookie. It sees one person's requests."""

    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    subject = models.ForeignKey(DataSubject, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    fresh_until = models.DateTimeField(null=True, help_text="Downloads are allowed until then.")

    def __str__(self) -> str:
        return f"Session {self.pk}"
