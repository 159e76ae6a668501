"""What leaves for an authority or a manager: packs of evidence, and reports that come by themselves."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.leases import Leased
from requests_app.models.requests import Request
from subjects.fields import EncryptedTextField


class Pack(Leased):
    """The evidence of one case or of a period: an encrypted ZIP, built by a worker, destroyed on its day."""

    class State(models.TextChoices):
        OPEN = "open", "Being built"
        READY = "ready", "Ready"
        EXPIRED = "expired", "Destroyed"
        PARKED = "parked", "Needs a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, null=True, blank=True, on_delete=models.CASCADE, related_name="packs")
    first_on = models.DateField(null=True, blank=True)
    last_on = models.DateField(null=True, blank=True)
    clear = models.BooleanField(default=False, help_text="With personal data; else it is masked.")
    reason = EncryptedTextField(blank=True, default="", help_text="Why with personal data.")
    reasoned = models.BooleanField(default=False, help_text="A reason was given.")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    file_name = models.CharField(max_length=80, blank=True, help_text="Random name under PARCEL_DIR.")
    key = EncryptedTextField(blank=True, default="", help_text="The pack's own key; emptied when destroyed.")
    cases = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the ZIP.")
    built_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    downloads = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-asked_at",)
        permissions = [("make_pack", "Can make and fetch packs of evidence")]
        constraints = [
            models.CheckConstraint(
                name="pack_is_of_a_case_or_a_period",
                condition=Q(request__isnull=False, first_on=None, last_on=None)
                | Q(request=None, first_on__isnull=False, last_on__isnull=False),
            ),
            models.CheckConstraint(name="personal_pack_has_a_reason", condition=Q(clear=False) | Q(reasoned=True)),
        ]

    def __str__(self) -> str:
        return f"Pack {str(self.pk)[:8]}"


class ReportSchedule(models.Model):
    """A report that comes by itself: a mail with a link to the desk, to colleagues who may see it there."""

    class Every(models.TextChoices):
        WEEK = "week", "Each Monday, about the week before"
        MONTH = "month", "On the first of each month, about the month before"
        QUARTER = "quarter", "On the first day of a quarter, about the quarter before"

    every = models.CharField(max_length=8, choices=Every, default=Every.MONTH)
    to = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", help_text="Colleagues with an address.")
    active = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("every",)

    def __str__(self) -> str:
        return self.get_every_display()


class ReportMail(Leased):
    """One mail of one schedule to one colleague: the row is the message."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        PARKED = "parked", "Needs a person"

    schedule = models.ForeignKey(ReportSchedule, on_delete=models.CASCADE, related_name="mails")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    first_on = models.DateField()
    last_on = models.DateField()
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    queued_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-queued_at",)
        constraints = [models.UniqueConstraint(fields=("schedule", "to", "first_on"), name="report_mailed_once")]

    def __str__(self) -> str:
        return f"Report from {self.first_on}"
