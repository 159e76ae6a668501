"""Who works on what: rules by which requests find their owner, colleagues who are away, watchers, mentions, the daily mail."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from audit.leases import Leased
from requests_app.models.notes import Note
from requests_app.models.requests import Request


class AssignmentRule(models.Model):
    """To whom a new request goes. The first rule that fits, by `place`, and that has somebody there, decides."""

    class Pick(models.TextChoices):
        TURNS = "turns", "In turn"
        FEWEST = "fewest", "Whoever has the fewest open requests"

    name = models.CharField(max_length=80)
    place = models.PositiveSmallIntegerField(
        help_text="The smallest number is asked first; the first rule that fits decides."
    )
    rights = models.JSONField(default=list, blank=True, help_text="None ticked: any right.")
    regions = models.CharField(
        max_length=200,
        blank=True,
        help_text="Where the person lives: DE, US-CA, or US for all states. Empty: anywhere.",
    )
    languages = models.JSONField(default=list, blank=True, help_text="None ticked: any language.")
    pick = models.CharField("who of them", max_length=8, choices=Pick, default=Pick.TURNS)
    people = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", help_text="Among whom it chooses.")
    last_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("place", "pk")

    def __str__(self) -> str:
        return self.name


class Absence(models.Model):
    """A colleague is away: no new request is given to them, but to their stand-in."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="absences")
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day")
    stand_in = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Gets what would have been given to them. Nobody: whoever else the rule names.",
    )
    cancelled = models.BooleanField("they are back", default=False)

    class Meta:
        ordering = ("-starts_on",)
        constraints = [
            models.CheckConstraint(name="absence_ends_after_it_began", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(
                name="nobody_stands_in_for_themself", condition=Q(stand_in=None) | ~Q(stand_in=F("person"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.ends_on}"


class Watcher(models.Model):
    """A colleague who wants to hear of a request that somebody else looks after."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="watchers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("request", "person"), name="watches_once")]

    def __str__(self) -> str:
        return f"{self.person_id} watches {self.request_id}"


class Mention(models.Model):
    """A colleague was named in a note, and is told until they say that they have read it."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="mentions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("note", "person"), name="mentioned_once")]
        indexes = [models.Index(fields=("person",), condition=Q(read_at=None), name="mentions_unread")]

    def __str__(self) -> str:
        return f"{self.person_id} in note {self.note_id}"


class DigestChoice(models.Model):
    """Whether a colleague wants the daily mail. No row: no mail."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digest_choice")
    daily = models.BooleanField(default=False)

    def __str__(self) -> str:
        return "daily" if self.daily else "none"


class Digest(Leased):
    """The mail of one day to one colleague. The row is the outbox; one row a day, whoever makes it."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        EMPTY = "empty", "Nothing to tell"
        PARKED = "parked", "Could not be sent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digests")
    day = models.DateField()
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    told = models.JSONField(default=dict, help_text="Counts and references; nothing personal.")
    queued_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    park_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-day",)
        constraints = [models.UniqueConstraint(fields=("person", "day"), name="one_digest_a_day")]

    def __str__(self) -> str:
        return f"{self.day}"
