"""What was counted, night by night; statistics that outlive their rows; and who was erased."""

import uuid

from django.db import models

from connectors.models import Batch, Chunk
from inventory.models import Field
from retention.models.runs import Run
from retention.models.schedules import Schedule


class Night(models.Model):
    """How many rows of a schedule were past their date in one night, and what explains them."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="nights")
    day = models.DateField()
    cutoff_on = models.DateField(null=True, help_text="Rows dated before this day are past their date.")
    total = models.BigIntegerField(null=True, help_text="Rows there are; unknown where a system cannot count.")
    past = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0, help_text="Of them, of people under a legal hold.")
    in_grace = models.BigIntegerField(default=0, help_text="Of them, approved and about to go.")
    waiting = models.BigIntegerField(default=0, help_text="Of them, proposed and not yet approved.")
    treated = models.BigIntegerField(default=0, help_text="Of them, masked or anonymised by an earlier run.")
    unexplained = models.BigIntegerField(default=0)
    undated = models.BigIntegerField(null=True, help_text="Rows without a date: their time never begins.")
    oldest_on = models.DateField(null=True)
    fault = models.CharField(max_length=300, blank=True, help_text="Why it could not be counted.")
    tries = models.PositiveSmallIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-day", "schedule")
        constraints = [models.UniqueConstraint(fields=("schedule", "day"), name="one_count_a_night")]
        indexes = [models.Index(fields=("day",), name="nights_by_day")]

    def __str__(self) -> str:
        return f"{self.schedule_id} on {self.day}"

    @property
    def open(self) -> int:
        """Rows past their date that are not there by right."""
        return self.unexplained + self.waiting


class Summary(models.Model):
    """Statistics of the rows of one run, counted before they go. The row is the order to count; done once for a batch."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="summaries")
    batch = models.OneToOneField(Batch, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    rows = models.BigIntegerField(default=0, help_text="Rows that were counted.")
    merged = models.PositiveIntegerField(default=0, help_text="Groups that were too small to stand alone.")
    fault = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"Summary of {self.run_id}"


class SummaryCell(models.Model):
    """One group: what its rows had in common, how many they were, and sums. "" stands for the small groups together."""

    summary = models.ForeignKey(Summary, on_delete=models.CASCADE, related_name="cells")
    group = models.JSONField(help_text="Values by field; empty for small groups together.")
    rows = models.BigIntegerField()
    sums = models.JSONField(default=dict)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.rows} rows"


class Erased(models.Model):
    """Somebody was erased who was known by this: a keyed hash, which says yes to who knows the value, and nothing else.

    By a person's request all of them; by a schedule (`place`) the rows of one collection that were dated `before` a day.
    """

    kind = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    erased_at = models.DateTimeField()
    origin = models.CharField(max_length=64, help_text="The request or the run.")
    place = models.CharField(
        max_length=181, blank=True, help_text="Erased by a schedule: of which collection. Empty: by a person's request."
    )
    before = models.DateField(null=True, help_text="Erased by a schedule: rows dated before this day.")
    lifted_at = models.DateTimeField(null=True, help_text="The person came back of their own will.")

    class Meta:
        verbose_name = "erased identifier"
        indexes = [
            models.Index(fields=("digest",), name="erased_digest"),
            models.Index(fields=("origin",), name="erased_origin"),
        ]
        constraints = [
            models.UniqueConstraint(fields=("kind", "digest", "place"), name="erased_once_a_place"),
            models.CheckConstraint(
                name="erased_by_schedule_has_a_day",
                condition=models.Q(place="", before=None) | (~models.Q(place="") & models.Q(before__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"


class Departure(models.Model):
    """A run of a schedule that erases rows which name people: what is on the list of it, once it is over."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="departure")
    place = models.CharField(max_length=181)
    before = models.DateField(help_text="Rows dated before this day go.")
    opened_at = models.DateTimeField(auto_now_add=True)
    listed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.place} before {self.before}"


class DepartureMark(models.Model):
    """A keyed hash of somebody whom rows of a chunk name that are about to go. It leaves once they are on the list, or stay."""

    departure = models.ForeignKey(Departure, on_delete=models.CASCADE, related_name="marks")
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("chunk", "kind", "digest"), name="departure_mark_once")]
        indexes = [models.Index(fields=("departure", "digest"), name="departure_digest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"


class Revival(models.Model):
    """Rows of somebody who was erased are back in a system: a colleague finds out who brought them, and ends it."""

    class State(models.TextChoices):
        OPEN = "open", "To look at"
        SETTLED = "settled", "Settled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    erased = models.ForeignKey(Erased, on_delete=models.PROTECT, related_name="revivals")
    field = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="+")
    rows = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN, db_index=True)
    found_at = models.DateTimeField()
    settled_by = models.ForeignKey("auth.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    word = models.CharField(max_length=20, blank=True, help_text="What it was: erased again, came back, a mistake.")

    class Meta:
        verbose_name = "revived row"
        ordering = ("-found_at",)
        permissions = [("settle_revival", "Can settle a revived row")]
        constraints = [
            models.UniqueConstraint(
                fields=("erased", "field"), condition=models.Q(state="open"), name="one_open_revival"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field_id} of {self.erased_id}"


class Cleared(models.Model):
    """A closed case of our own whose personal data is gone; what is left of it are counts, dates and the chain."""

    store = models.CharField(max_length=40)
    key = models.CharField(max_length=64)
    cleared_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("store", "key"), name="cleared_once")]

    def __str__(self) -> str:
        return f"{self.store} {self.key}"
