"""Nouns: telling people about a new version of a notice, and who was told which version when."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.leases import Leased
from consent.models.notices import NoticeVersion
from subjects.models import DataSubject


class Announcement(Leased):
    """One version is told to everybody whom it concerns. The rows of `Told` are the messages."""

    class Audience(models.TextChoices):
        EVERYONE = "everyone", "Everybody we know"
        CHOSE = "chose", "People who ever made a choice"

    class State(models.TextChoices):
        OPEN = "open", "Going on"
        STOPPED = "stopped", "Stopped"
        DONE = "done", "Done"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(NoticeVersion, on_delete=models.PROTECT, related_name="announcements")
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.EVERYONE)
    by_mail = models.BooleanField(default=True)
    in_service = models.BooleanField(default=True, help_text="On the pages of people who are signed in, and by API.")
    per_minute = models.PositiveIntegerField(help_text="Mails in a minute, at most.")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN, db_index=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    listed_to = models.UUIDField(null=True, help_text="The last person who was put on the list.")
    listed_at = models.DateTimeField(null=True, help_text="When the list was complete.")
    unreachable = models.PositiveIntegerField(default=0, help_text="People without an e-mail address.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-started_at",)
        default_permissions = ("view",)
        permissions = [("run_announcement", "Can announce a notice version, stop and resume that")]
        constraints = [models.UniqueConstraint(fields=("version",), name="announced_once")]

    def __str__(self) -> str:
        return f"Announcement of {self.version}"


class Told(models.Model):
    """One person hears of one number of one notice: waiting, or told, by which way and when. Once for each person."""

    class Channel(models.TextChoices):
        MAIL = "mail", "E-mail"
        BANNER = "banner", "Banner in the privacy centre"
        API = "api", "The company's own service"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        TOLD = "told", "Told"
        FAILED = "failed", "Could not be told"

    id = models.BigAutoField(primary_key=True)
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="told")
    key = models.SlugField(max_length=40)
    number = models.PositiveIntegerField()
    version = models.ForeignKey(
        NoticeVersion, on_delete=models.PROTECT, related_name="told", help_text="In the language in which it was told."
    )
    announcement = models.ForeignKey(Announcement, null=True, on_delete=models.PROTECT, related_name="told")
    channel = models.CharField(max_length=6, choices=Channel)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=40, blank=True, help_text="A code; no personal data.")

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=("subject", "key", "number"), name="told_once"),
            models.CheckConstraint(name="told_has_its_moment", condition=~Q(state="told") | Q(told_at__isnull=False)),
        ]
        indexes = [
            models.Index(
                fields=("announcement", "attempts", "id"), name="told_waiting", condition=Q(state="waiting")
            ),
            models.Index(fields=("announcement", "told_at"), name="told_lately", condition=Q(state="told")),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.key} {self.number}: {self.state}"
