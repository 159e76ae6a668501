"""What was erased, corrected, restricted or withdrawn, kept so that it can be done again after a restore."""

import uuid

from django.db import models


class SealedEntry(models.Model):
    """One thing that was done. Never changed. What it was done to is encrypted under the key of its month, which is destroyed
    once no backup is left that could bring it back; what stays in clear is codes, ids and moments.
    """

    class Kind(models.TextChoices):
        ERASE = "erase", "Erased"
        ANONYMISE = "anonymise", "Anonymised"
        CORRECT = "correct", "Corrected"
        SUPPRESS = "suppress", "Switched off"
        RESTRICT = "restrict", "Restricted"
        RETENTION = "retention", "Erased by schedule"
        WITHDRAWAL = "withdrawal", "Consent withdrawn"
        OWN = "own", "Erased in our own database"

    number = models.PositiveBigIntegerField(primary_key=True)
    id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    system = models.CharField(max_length=60, blank=True, help_text="Key of the system; empty: our own database.")
    origin = models.CharField(max_length=64, help_text="Reference of the request or the run.")
    source = models.CharField(max_length=80, unique=True, help_text="What it was derived from.")
    done_at = models.DateTimeField(db_index=True)
    sealed_at = models.DateTimeField()
    key = models.CharField(max_length=7, help_text="Month of the key: 2026-11.")
    payload = models.TextField(help_text="Encrypted under that key.")
    previous = models.CharField(max_length=64)
    mac = models.CharField("MAC", max_length=64, help_text="HMAC over the entry and the one before it.")

    class Meta:
        ordering = ("number",)
        verbose_name = "entry of the sealed list"
        verbose_name_plural = "sealed list"
        indexes = [models.Index(fields=("system", "done_at"))]

    def __str__(self) -> str:
        return f"Entry {self.number}"
