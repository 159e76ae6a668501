"""Nouns of accountability: events, sweep slots and API clients."""

import uuid

from django.db import models

from audit.leases import Leased

__all__ = ("ApiClient", "Event", "Leased", "SweepRun")


class Event(models.Model):
    """One thing that happened. Append-only: triggers refuse UPDATE, DELETE and TRUNCATE (migration 0002).

    There are no foreign keys: deleting or anonymising a noun must never want to change its history.
    """

    number = models.PositiveBigIntegerField(unique=True, help_text="Place in the chain, without gaps.")
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=80)
    name = models.CharField(max_length=60, db_index=True, help_text="Past tense: request.received")
    noun = models.CharField(max_length=60)
    noun_id = models.CharField(max_length=64)
    subject_id = models.UUIDField(null=True, db_index=True)
    facts = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("number",)
        indexes = [models.Index(fields=("noun", "noun_id", "number"))]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class SweepRun(models.Model):
    """One slot of one sweep. The unique pair lets two beats do the work of one."""

    job = models.CharField(max_length=80)
    slot = models.BigIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    found = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("job", "slot"), name="one_run_per_slot")]
        indexes = [models.Index(fields=("job", "-started_at"))]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.job} {self.slot}"


class ApiClient(models.Model):
    """A program that may call the API, known by the hash of its key."""

    name = models.CharField(max_length=100, unique=True)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list, help_text='For example ["consent:write", "disclosures:write"].')
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name
