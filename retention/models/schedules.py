"""How long the rows of a collection are kept, and every version of what was said about it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from retention.models.terms import Terms


class Schedule(Terms):
    """Rows of one collection go when their time is over. The terms here are those in force: a copy of `version`."""

    key = models.SlugField(max_length=60, unique=True)
    active = models.BooleanField(default=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(
        "ScheduleVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="In force."
    )

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return self.title


class ScheduleVersion(Terms):
    """What a schedule says, once and for all: a draft until somebody else approves it, then never altered (triggers)."""

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    why = models.TextField("why it changes", blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField(auto_now_add=True)
    proposed_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    carried_over = models.BooleanField(
        default=False, editable=False, help_text="In force before versions were kept; approved by nobody."
    )

    class Meta:
        ordering = ("schedule", "-number")
        permissions = [("approve_scheduleversion", "Can approve a version of a schedule")]
        constraints = [
            models.UniqueConstraint(fields=("schedule", "number"), name="schedule_version_once"),
            models.UniqueConstraint(
                fields=("schedule",),
                condition=Q(published_at=None, withdrawn_at=None),
                name="one_draft_per_schedule",
            ),
            models.CheckConstraint(
                name="version_in_force_has_a_second_person",
                condition=Q(published_at=None)
                | Q(carried_over=True)
                | (Q(author__isnull=False) & Q(approved_by__isnull=False) & ~Q(author=F("approved_by"))),
            ),
            models.CheckConstraint(
                name="version_is_in_force_or_withdrawn", condition=Q(published_at=None) | Q(withdrawn_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id and self.schedule.title}, version {self.number}"

    @property
    def stands(self) -> str:
        """Where the version is on its way."""
        if self.withdrawn_at is not None:
            return "Withdrawn"
        if self.published_at is not None:
            return "In force" if self.schedule.version_id == self.pk else "Replaced"
        return "Draft" if self.proposed_at is None else "Waits for approval"
