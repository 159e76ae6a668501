"""One replay after a restore, and its parts."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from connectors.models import Batch
from retention.models.sealed import SealedEntry


class Replay(models.Model):
    """Everything of the sealed list that was done in one system since a backup is done again, and looked at once more."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done and verified"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.CharField(max_length=60, blank=True, help_text="Key of the system; empty: our own database.")
    since = models.DateTimeField(help_text="Moment of the backup that was restored.")
    partial = models.BooleanField(
        "some tables only",
        default=False,
        help_text="Only some tables came back: what leads to their rows is masked or gone.",
    )
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING, db_index=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    finished_at = models.DateTimeField(null=True)
    entries = models.PositiveIntegerField(default=0, help_text="Entries of the sealed list that it redoes.")
    last_number = models.PositiveBigIntegerField(
        "newest entry", default=0, help_text="The newest entry when it was opened."
    )
    last_mac = models.CharField("its MAC", max_length=64, blank=True)
    note = models.CharField(max_length=300, blank=True)
    certificate = models.JSONField(default=dict)

    class Meta:
        ordering = ("-opened_at",)
        permissions = [("run_replay", "Can replay erasures after a restore")]
        constraints = [
            models.UniqueConstraint(fields=("system",), condition=Q(state="running"), name="one_open_replay_per_system")
        ]

    def __str__(self) -> str:
        return f"Replay in {self.system or 'our own database'}"


class ReplayPart(models.Model):
    """Entries whose work is the same, done as one batch; or one kind of our own."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        SEARCHING = "searching", "Searching"
        ACTING = "acting", "Being done"
        CHECKING = "checking", "Looked at once more"
        PARKED = "parked", "Waits for a colleague"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Left out"

    replay = models.ForeignKey(Replay, on_delete=models.CASCADE, related_name="parts")
    turn = models.PositiveIntegerField(help_text="Starts when all parts of earlier turns are settled.")
    kind = models.CharField(max_length=10, choices=SealedEntry.Kind)
    numbers = models.JSONField(default=list, help_text="Numbers of the entries.")
    digest = models.CharField(max_length=64, help_text="Of these entries.")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, db_index=True)
    batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="+")
    check_batch = models.ForeignKey(Batch, null=True, on_delete=models.PROTECT, related_name="+")
    found = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    spared = models.BigIntegerField(default=0)
    left = models.BigIntegerField(default=0)
    passes = models.PositiveSmallIntegerField(default=0, help_text="How often its rows were searched once more.")
    sealed = models.BooleanField(default=False, help_text="Its entries were sealed again, as of now.")
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("replay", "turn", "pk")

    def __str__(self) -> str:
        return f"{self.kind} of {self.replay_id}"
