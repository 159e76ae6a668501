"""Who is asking: proofs, and the browsers that gave one."""

import uuid

from django.conf import settings
from django.db import models

from connectors.models import Batch
from requests_app.models.requests import Request
from subjects.fields import EncryptedJSONField, EncryptedTextField
from subjects.models import DataSubject, Identifier


class Proof(models.Model):
    """One attempt to show who is asking: a one-time link, and a code to be typed where it was asked for. Both kept as hashes.

    Link and code are one attempt: whichever is used first uses the row up.
    """

    class Purpose(models.TextChoices):
        OPEN = "open", "Confirm the request"
        SIGN_IN = "sign_in", "See my requests"
        FRESH = "fresh", "Fetch my data"
        STOP = "stop", "Stop what I did not ask for"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="proofs")
    purpose = models.CharField(max_length=10, choices=Purpose)
    identifier = models.ForeignKey(Identifier, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    code_hash = models.CharField(max_length=64, default="", editable=False, help_text="Keyed; empty: only a link.")
    code_until = models.DateTimeField(null=True, help_text="The code dies then, before its link.")
    code_tries = models.PositiveSmallIntegerField(default=0, help_text="Codes that were typed for this one.")
    holder = models.CharField(
        max_length=64, default="", db_index=True, editable=False, help_text="Hash of what the asking browser holds."
    )

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


class SpentToken(models.Model):
    """A signed token of another site that was used here, by the hash of its id: it opens nothing a second time."""

    class Source(models.TextChoices):
        HOST = "host", "Token of the host site"
        OPENID = "openid", "OpenID Connect"

    source = models.CharField(max_length=8, choices=Source)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    spent_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(help_text="The token is dead by itself then, and the row goes.")

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.pk}"


class Paper(models.Model):
    """A document that a colleague asked for as the last resort. File and key go with the decision; what was decided stays."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked for"
        HERE = "here", "To be looked at"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"
        EXPIRED = "expired", "Destroyed undecided"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="papers")
    state = models.CharField(max_length=8, choices=State, default=State.ASKED, db_index=True)
    reason = models.CharField(max_length=300, help_text="Why nothing milder will do, in words for the person.")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=80, blank=True, default="", help_text="Random name under PARCEL_DIR.")
    key = EncryptedTextField(blank=True, default="", help_text="The file's own key; emptied when it is destroyed.")
    kind = models.CharField(max_length=8, blank=True, default="", help_text="What its content is: pdf, jpeg, png.")
    arrived_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="It is shown once.")
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("request",), condition=models.Q(state__in=("asked", "here")), name="one_open_paper"
            ),
            models.CheckConstraint(
                name="decided_paper_is_destroyed",
                condition=models.Q(state="here") | models.Q(file_name=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Document for {self.request_id}"


class FactCheck(models.Model):
    """Answers to what our systems know already, compared by a worker and forgotten; only the result stays."""

    class State(models.TextChoices):
        OPEN = "open", "To be compared"
        MATCHED = "matched", "All fit"
        FAILED = "failed", "They do not fit"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="fact_checks")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN, db_index=True)
    asked = models.JSONField(default=list, help_text="The attributes that were asked about.")
    answers = EncryptedJSONField(default=dict, help_text="Emptied once they were compared.")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"Facts for {self.request_id}"
