"""Requests that concern data which we only process for a client: referred to them, with a day and an answer."""

import uuid

from django.conf import settings
from django.db import models

from connectors.models import WorkOrder
from requests_app.models.mail import Letter
from requests_app.models.requests import Request


class Referral(models.Model):
    """One client's share of a request: what was referred, by when they answer, what they said, and what we helped with."""

    class State(models.TextChoices):
        OPEN = "open", "To be sent"
        SENT = "sent", "Sent"
        ANSWERED = "answered", "Answered"
        PARKED = "parked", "Needs a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="referrals")
    order = models.OneToOneField(WorkOrder, on_delete=models.PROTECT, related_name="referral")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    letter = models.ForeignKey(Letter, null=True, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True, help_text="The day by which we expect the client's answer.")
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=20, blank=True, help_text="took_over, instructs_us, no_data or refused.")
    answer_note = models.CharField(max_length=300, blank=True)
    assisted_at = models.DateTimeField(null=True)
    assist_reason = models.CharField(max_length=60, blank=True, help_text="Why we helped in this case, as a code.")
    assist_note = models.CharField(max_length=300, blank=True, help_text="What we did; no personal data.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        permissions = [("answer_referral", "Can record a client's answer and our help")]
        constraints = [models.UniqueConstraint(fields=("request", "order"), name="referral_once")]

    def __str__(self) -> str:
        return f"Referral of {self.request.reference}"
