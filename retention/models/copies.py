"""The register of archives and backups: whose copies, where, for how long; and single copies where they are known."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from inventory.models import System
from subjects.fields import EncryptedTextField


class CopySet(models.Model):
    """Copies of one system that are made in one way and have one limit."""

    class Kind(models.TextChoices):
        DUMP = "dump", "Database dump"
        SNAPSHOT = "snapshot", "Snapshot"
        OBJECTS = "objects", "Object store"
        CACHE = "cache", "Cache"
        TAPE = "tape", "Tape"
        ARCHIVE = "archive", "Archive"

    class Expiry(models.TextChoices):
        THEIRS = "theirs", "Their own job; we only verify"
        LIFECYCLE = "lifecycle", "A lifecycle rule of the store, which we set and verify"
        OURS = "ours", "We delete them"

    key = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    system = models.ForeignKey(
        System, null=True, blank=True, on_delete=models.PROTECT, related_name="copy_sets",
        help_text="Whose data they hold; empty: our own database.",
    )  # fmt: skip
    kind = models.CharField(max_length=8, choices=Kind)
    place = models.CharField(max_length=200, help_text="Where they lie, in words: data centre, account, cupboard.")
    every_hours = models.PositiveIntegerField(default=24, help_text="One is made this often.")
    kept_days = models.PositiveIntegerField(help_text="A copy is gone this many days after it was made.")
    immutable_days = models.PositiveIntegerField(
        default=0, help_text="Nobody can delete one before; 0: they are not locked."
    )
    expiry = models.CharField("who ends them", max_length=9, choices=Expiry, default=Expiry.THEIRS)
    address = EncryptedTextField(
        blank=True, help_text="Of the store, where we end or verify them: /mnt/backups/shop or s3://key:secret@bucket/"
        "prefix/?endpoint=https://…",
    )  # fmt: skip
    pattern = models.CharField(max_length=120, blank=True, help_text="Which files there: *.dump; empty: all.")
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    active = models.BooleanField(default=True, help_text="New copies are made.")
    ended_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the last one was made.")
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    looked_at = models.DateTimeField(null=True, blank=True, editable=False)
    finding = models.CharField(max_length=300, blank=True, editable=False, help_text="What the last look found.")
    sound = models.BooleanField(default=True, editable=False)

    class Meta:
        ordering = ("title",)
        verbose_name = "archive or backup"
        verbose_name_plural = "archives and backups"
        permissions = [("verify_copyset", "Can verify and end archives and backups")]
        constraints = [
            models.CheckConstraint(name="copies_are_kept_for_a_time", condition=Q(kept_days__gt=0)),
        ]

    def __str__(self) -> str:
        return self.title


class StoredCopy(models.Model):
    """One file of a set, as the store listed it. The row is there before the file is deleted, and its receipt afterwards."""

    class State(models.TextChoices):
        THERE = "there", "There"
        ENDING = "ending", "Being deleted"
        GONE = "gone", "Gone"
        LOCKED = "locked", "Past its date, and locked"

    copy_set = models.ForeignKey(CopySet, on_delete=models.PROTECT, related_name="copies")
    name = models.CharField(max_length=400)
    taken_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    size = models.BigIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    state = models.CharField(max_length=6, choices=State, default=State.THERE, db_index=True)
    seen_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True)
    ended_by_us = models.BooleanField(default=False)

    class Meta:
        ordering = ("-taken_at",)
        verbose_name_plural = "stored copies"
        constraints = [models.UniqueConstraint(fields=("copy_set", "name", "taken_at"), name="stored_copy_once")]

    def __str__(self) -> str:
        return f"Copy of {self.taken_at:%Y-%m-%d %H:%M}"


class Archive(models.Model):
    """Rows that a run put aside: one encrypted file, that can be brought back for some days and is then destroyed."""

    class State(models.TextChoices):
        WRITING = "writing", "Being written"
        SEALED = "sealed", "Sealed"
        RESTORING = "restoring", "Being brought back"
        RESTORED = "restored", "Brought back"
        PURGED = "purged", "Destroyed"
        DROPPED = "dropped", "Not needed"

    # While it is in one of these, its rows may come back.
    HOLDING = (State.WRITING, State.SEALED, State.RESTORING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.OneToOneField("connectors.Batch", on_delete=models.PROTECT, related_name="archive")
    origin = models.CharField(max_length=64)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=State, default=State.WRITING, db_index=True)
    days = models.PositiveIntegerField("days kept", help_text="It can be brought back for so long.")
    file = models.CharField(max_length=120, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    rows = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField(auto_now_add=True)
    sealed_at = models.DateTimeField(null=True)
    purge_at = models.DateTimeField("destroyed on", null=True, db_index=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    restored_at = models.DateTimeField(null=True)
    brought_back = models.BigIntegerField(default=0)
    purged_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    certificate = models.JSONField(default=dict)

    class Meta:
        ordering = ("-opened_at",)
        verbose_name = "sealed archive"
        permissions = [("restore_archive", "Can bring rows of a sealed archive back")]
        constraints = [
            models.CheckConstraint(
                name="archive_restored_by_two_people",
                condition=~Q(state__in=("restoring", "restored"))
                | (Q(asked_by__isnull=False) & Q(granted_by__isnull=False) & ~Q(asked_by=models.F("granted_by"))),
            ),
        ]

    def __str__(self) -> str:
        return f"Archive of {self.opened_at:%Y-%m-%d}"
