"""What was proposed, approved and done for a schedule."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from connectors.models import Batch
from retention.models.schedules import Schedule


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
    version = models.ForeignKey(
        "ScheduleVersion",
        null=True,
        on_delete=models.PROTECT,
        related_name="runs",
        help_text="In force when it was opened.",
    )
    state = models.CharField(max_length=10, choices=State, default=State.FINDING, db_index=True)
    terms = models.CharField(max_length=250, help_text="What the schedule said when the run was opened.")
    cutoff_on = models.DateField(help_text="Rows dated before this day go.")
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="runs")
    rows = models.BigIntegerField(default=0)
    held = models.BigIntegerField(
        default=0, help_text="Due and under a legal hold: left alone, and no reason for a run."
    )
    of_rows = models.BigIntegerField(null=True, help_text="Rows of the collection when it was counted.")
    automatic = models.BooleanField(default=False, help_text="Approved within limits that a colleague granted.")
    unusual = models.CharField(
        max_length=300,
        blank=True,
        help_text="Why these are more rows than usual: two people must approve, with a reason.",
    )
    first_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+",
        help_text="The first of two people who approved an unusual run.",
    )  # fmt: skip
    reason = models.CharField(max_length=300, blank=True, help_text="Why an unusual run is right.")
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
            models.CheckConstraint(
                name="unusual_run_needs_two_people",
                condition=~Q(state__in=("approved", "running", "done"))
                | Q(unusual="")
                | (Q(first_by__isnull=False) & ~Q(first_by=F("approved_by")) & ~Q(reason="")),
            ),
            models.UniqueConstraint(
                fields=("schedule",),
                condition=Q(state__in=("finding", "proposed", "approved", "running")),
                name="one_open_run_per_schedule",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id and self.schedule.title}, before {self.cutoff_on:%-d %B %Y}"
