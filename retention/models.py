"""Nouns: retention schedules and their runs."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from connectors.models import Batch
from inventory.models import Collection, Purpose


class Schedule(models.Model):
    """Rows of one collection are erased when a date in them is older than the period."""

    class Unit(models.TextChoices):
        DAYS = "days", "days"
        MONTHS = "months", "months"
        YEARS = "years", "years"

    key = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="schedules")
    purpose = models.ForeignKey(Purpose, null=True, blank=True, on_delete=models.PROTECT, related_name="schedules")
    period = models.PositiveIntegerField()
    unit = models.CharField(max_length=6, choices=Unit)
    reason = models.TextField(help_text="Why this long: the law, the claim period, the contract.")
    every_days = models.PositiveIntegerField(default=1, help_text="A run is proposed this often.")
    grace_hours = models.PositiveIntegerField(default=24, help_text="Between approval and start.")
    active = models.BooleanField(default=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return self.title


class Run(models.Model):
    """One proposal to erase what a schedule's cut-off leaves behind, and what became of it."""

    class State(models.TextChoices):
        FINDING = "finding", "Counting"
        PROPOSED = "proposed", "Proposed"
        APPROVED = "approved", "Approved, in grace"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        NOTHING = "nothing", "Nothing to do"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="runs")
    state = models.CharField(max_length=10, choices=State, default=State.FINDING, db_index=True)
    terms = models.CharField(max_length=250, help_text="What the schedule said when the run was opened.")
    cutoff_on = models.DateField(help_text="Rows dated before this day go.")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="runs")
    rows = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField(auto_now_add=True)
    proposed_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    certificate = models.JSONField(default=dict)

    class Meta:
        ordering = ("-opened_at",)
        permissions = [("approve_run", "Can approve a retention run")]
        constraints = [
            models.CheckConstraint(
                name="run_acts_only_when_approved",
                condition=~Q(state__in=("approved", "running", "done")) | Q(approved_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=("schedule",),
                condition=Q(state__in=("finding", "proposed", "approved", "running")),
                name="one_open_run_per_schedule",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} before {self.cutoff_on}"
