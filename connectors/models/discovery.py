"""What a look at a live schema found, and what it proposes for the inventory. A colleague confirms each proposal."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from inventory.models import System


class Surveys(models.QuerySet["Survey"]):
    """Surveys, by what they wait for."""

    def broken(self) -> "Surveys":
        """Failed, and nothing better has come since: the system is not seen any more."""
        rows = Survey.objects.filter(system=models.OuterRef("system")).exclude(state=Survey.State.ASKED)
        newest = models.Subquery(rows.order_by("-asked_at", "-pk").values("pk")[:1])
        return self.filter(state=Survey.State.FAILED, pk=newest)


class Survey(models.Model):
    """One look at a system's tables and columns: names and types, never values. Asked for first, then taken."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked for"
        TAKEN = "taken", "Taken"
        FAILED = "failed", "Failed"

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="surveys")
    state = models.CharField(max_length=8, choices=State, default=State.ASKED, db_index=True)
    asked_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(null=True, help_text="When somebody last began to take it.")
    taken_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=300, blank=True, help_text="Why it failed and what to do, in words of ours.")
    tables = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64, blank=True)

    objects = Surveys.as_manager()

    class Meta:
        indexes = [models.Index(fields=("system", "-taken_at"))]
        constraints = [
            models.UniqueConstraint(
                fields=("system",), condition=models.Q(state="asked"), name="one_survey_asked_for_per_system"
            )
        ]

    def __str__(self) -> str:
        return f"Survey of {self.system}"


class Proposal(models.Model):
    """A change to the description that a survey suggests: a task on the desk until somebody decides."""

    class Kind(models.TextChoices):
        NEW_TABLE = "new_table", "New table"
        NEW_COLUMN = "new_column", "New column"
        GONE_TABLE = "gone_table", "Table is gone"
        GONE_COLUMN = "gone_column", "Column is gone"
        CHANGED = "changed", "Column changed"

    class State(models.TextChoices):
        OPEN = "open", "To decide"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"
        GONE = "gone", "No longer true"

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="proposals")
    kind = models.CharField(max_length=12, choices=Kind)
    table = models.CharField(max_length=120)
    column = models.CharField(max_length=120, blank=True)
    suggestion = models.JSONField(default=dict, help_text="What the description would say.")
    evidence = models.JSONField(default=list, help_text="Why, in words; no values.")
    confidence = models.PositiveSmallIntegerField(default=0, help_text="0 to 100.")
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text="Of what was seen: another one is another question."
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was dismissed.")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("decide_proposal", "Can confirm or dismiss proposals for the inventory")]
        constraints = [
            models.UniqueConstraint(
                fields=("system", "kind", "table", "column"),
                condition=models.Q(state="open"),
                name="one_open_proposal_per_place",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {'.'.join(filter(None, (self.table, self.column)))}"
