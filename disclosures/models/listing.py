"""The list of sub-processors: its changes, who is told of them, and what clients answer (GDPR art. 28(2))."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.leases import Leased
from disclosures.models.clients import Client
from disclosures.models.recipients import Recipient
from subjects.fields import EncryptedTextField


class ListChange(models.Model):
    """One change of the list, numbered: once announced, only its state moves. The list of a day is read from these."""

    class Kind(models.TextChoices):
        FIRST = "first", "There already when the list was opened"
        ADDED = "added", "Added"
        REMOVED = "removed", "Removed"

    class State(models.TextChoices):
        ANNOUNCED = "announced", "Announced"
        WITHDRAWN = "withdrawn", "Withdrawn before it came into force"

    number = models.PositiveIntegerField(unique=True)
    kind = models.CharField(max_length=8, choices=Kind)
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="list_changes")
    name = models.CharField(max_length=120, help_text="As it was then.")
    service = models.CharField(max_length=60)
    countries = models.JSONField(default=list)
    starts_on = models.DateField(db_index=True)
    objections_until = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ANNOUNCED)
    words = models.CharField(max_length=300, blank=True)
    announced_at = models.DateTimeField()
    announced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-number",)
        verbose_name = "change of sub-processors"
        verbose_name_plural = "changes of sub-processors"
        permissions = [("announce_listchange", "Can announce and withdraw changes of sub-processors")]

    def __str__(self) -> str:
        return f"{self.number}: {self.name}"


class Subscriber(models.Model):
    """Somebody who wants to hear of changes. Their address is there only as long as they want it."""

    class State(models.TextChoices):
        ASKED = "asked", "Asked to confirm"
        ACTIVE = "active", "Is told of changes"
        ENDED = "ended", "Ended; the address is gone"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = EncryptedTextField(blank=True)
    blind_index = models.CharField(max_length=64, null=True, unique=True, editable=False)
    language = models.CharField(max_length=12, default="en")
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-asked_at",)

    def __str__(self) -> str:
        return str(self.pk)[:8]


class ListMail(Leased):
    """A mail about the list to one client or subscriber: the row is the message."""

    class About(models.TextChoices):
        ANNOUNCED = "announced", "A change is announced"
        WITHDRAWN = "withdrawn", "A change is withdrawn"
        CONFIRM = "confirm", "Do you want to hear of changes?"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        PARKED = "parked", "Needs a person"
        WAIVED = "waived", "Told another way"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    about = models.CharField(max_length=10, choices=About)
    change = models.ForeignKey(ListChange, null=True, on_delete=models.PROTECT, related_name="mails")
    client = models.ForeignKey(Client, null=True, on_delete=models.PROTECT, related_name="mails")
    subscriber = models.ForeignKey(Subscriber, null=True, on_delete=models.CASCADE, related_name="mails")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    queued_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-queued_at",)
        verbose_name = "mail about sub-processors"
        verbose_name_plural = "mails about sub-processors"
        permissions = [("retry_listmail", "Can retry or waive a parked mail about sub-processors")]
        constraints = [
            models.UniqueConstraint(fields=("change", "about", "client"), name="client_told_of_a_change_once"),
            models.UniqueConstraint(fields=("change", "about", "subscriber"), name="subscriber_told_of_a_change_once"),
            models.CheckConstraint(
                name="list_mail_has_one_reader",
                condition=Q(client=None, subscriber__isnull=False) | Q(client__isnull=False, subscriber=None),
            ),
            models.CheckConstraint(name="parked_list_mail_says_why", condition=~Q(state="parked") | ~Q(park_reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_about_display()}: {self.client_id or 'subscriber'}"


class ClientAnswer(models.Model):
    """What a client said to a change: it agrees, or it objects and something comes of that."""

    class Answer(models.TextChoices):
        AGREES = "agrees", "Agrees"
        OBJECTS = "objects", "Objects"

    class Outcome(models.TextChoices):
        NOT_USED = "not_used", "Not used for this client"
        WITHDRAWN = "withdrawn", "The client withdrew it"
        CHANGE_DROPPED = "dropped", "We dropped the change"
        CONTRACT_ENDS = "contract_ends", "The contract ends"
        NO_GROUND = "no_ground", "Refused: no ground under the contract"

    class Way(models.TextChoices):
        DESK = "desk", "A colleague, from what the client wrote"
        PAGE = "page", "The client, by the link in our mail"

    change = models.ForeignKey(ListChange, on_delete=models.PROTECT, related_name="answers")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="answers")
    answer = models.CharField(max_length=8, choices=Answer)
    said_on = models.DateField()
    words = models.CharField(max_length=500, blank=True, help_text="Their reason, without names of people.")
    outcome = models.CharField(max_length=14, choices=Outcome, blank=True)
    settled_on = models.DateField(null=True, blank=True)
    way = models.CharField("entered by", max_length=4, choices=Way, default=Way.DESK)
    signed_by = EncryptedTextField("who wrote", blank=True, help_text="At the client, as they typed it.")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-recorded_at",)
        verbose_name = "client's answer"
        permissions = [("settle_clientanswer", "Can record and settle clients' answers about sub-processors")]
        constraints = [models.UniqueConstraint(fields=("change", "client"), name="one_answer_per_client_and_change")]

    def __str__(self) -> str:
        return f"{self.get_answer_display()}: {self.client_id}"
