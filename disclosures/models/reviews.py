"""The mail that reminds a colleague of what is to be looked at again."""

import uuid

from django.conf import settings
from django.db import models

from audit.leases import Leased


class ReviewMail(Leased):
    """A week's mail to one colleague about reviews that are due. The row is the outbox: one a week, whoever makes it."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        PARKED = "parked", "Could not be sent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    week = models.DateField(help_text="Its Monday.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    told = models.JSONField(default=dict, help_text="Counts; nothing personal.")
    queued_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    park_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("to", "week"), name="one_mail_about_reviews_a_week")]

    def __str__(self) -> str:
        return f"{self.week}"
