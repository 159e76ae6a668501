"""What a person and we write to each other about a request, and the files that go with it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from requests_app.models.clocks import Pause
from requests_app.models.mail import Letter
from requests_app.models.requests import Request
from subjects.fields import EncryptedJSONField, EncryptedTextField


class Message(models.Model):
    """One message of the conversation about a request. Its words are personal and stand nowhere else."""

    class Author(models.TextChoices):
        PERSON = "person", "The person"
        STAFF = "staff", "A colleague"
        SYSTEM = "system", "By itself"

    class Channel(models.TextChoices):
        PAGE = "page", "On the page"
        EMAIL = "email", "By e-mail, sender not proved"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="messages")
    author = models.CharField(max_length=6, choices=Author)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.PAGE)
    on_file = models.BooleanField(null=True, help_text="Of a mail: it names an address of the person as its sender.")
    text = EncryptedTextField(blank=True, default="")
    left_out = EncryptedJSONField(default=list, help_text="Sentences about files that were not taken.")
    written_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, help_text="When the other side opened it, or answered.")
    nonce = models.CharField(
        max_length=64, null=True, editable=False, help_text="The same form sent twice is one message."
    )
    pause = models.OneToOneField(
        Pause,
        null=True,
        on_delete=models.CASCADE,
        related_name="message",
        help_text="This is the answer to a question.",
    )
    letter = models.ForeignKey(Letter, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("written_at",)
        indexes = [
            models.Index(fields=("request",), condition=Q(author="person", read_at=None), name="unread_by_us"),
        ]
        constraints = [
            models.UniqueConstraint(fields=("request", "nonce"), name="message_once"),
            models.CheckConstraint(
                name="only_staff_messages_bear_a_name",
                condition=Q(author="staff", by__isnull=False) | (~Q(author="staff") & Q(by=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"Message of {self.request_id}"


class Attachment(models.Model):
    """A file that came or went with a message: sealed with a key of its own, destroyed some time after the case."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attachments")
    name = EncryptedTextField(help_text="Made safe; the ending says what the content is.")
    media = models.CharField(max_length=40, help_text="What the content is, not what its sender claimed.")
    size = models.PositiveBigIntegerField()
    file_name = models.CharField(max_length=80, blank=True, help_text="Random name in the store.")
    key = EncryptedTextField(blank=True, default="", help_text="The file's own key; emptied when destroyed.")
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"File of message {self.message_id}"
