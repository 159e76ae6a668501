"""Mail that arrived for the privacy team: a row first, whatever it is, and decided afterwards."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from audit.leases import Leased
from requests_app.models.conversation import Message
from requests_app.models.mail import Letter
from requests_app.models.requests import Request
from subjects.fields import EncryptedTextField


class InboundMail(Leased):
    """One mail of the mailbox. What it says is never proof of who wrote it."""

    class State(models.TextChoices):
        NEW = "new", "Just in"
        MATCHED = "matched", "Belongs to a request"
        DRAFT = "draft", "To look at: a new request?"
        IGNORED = "ignored", "Not from a person"
        REFUSED = "refused", "No request"
        PARKED = "parked", "Needs a person"

    class Reason(models.TextChoices):
        NONE = "", ""
        OWN = "own", "From ourselves"
        AUTO = "auto", "An automatic answer"
        LIST = "list", "From a mailing list"
        BOUNCE = "bounce", "A letter of ours came back"
        FLOOD = "flood", "Too many from this sender within an hour"
        TWICE = "twice", "Arrived before"
        LARGE = "large", "Larger than we take"
        BROKEN = "broken", "Cannot be read"
        SENDER = "sender", "No usable sender"
        NOTHING = "nothing", "Asks for nothing of ours"
        SPAM = "spam", "Advertising"
        MISTAKE = "mistake", "Meant for somebody else"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    folder = models.CharField(max_length=120, editable=False)
    validity = models.PositiveBigIntegerField(editable=False, help_text="UIDVALIDITY of the folder.")
    uid = models.PositiveBigIntegerField(editable=False)
    fingerprint = models.CharField(max_length=64, null=True, unique=True, editable=False)
    arrived_at = models.DateTimeField(help_text="When the mail server took it; the clock of a new request starts then.")
    taken_at = models.DateTimeField(auto_now_add=True)
    filed_at = models.DateTimeField(null=True, help_text="When it was marked as seen, or moved, in the mailbox.")
    state = models.CharField(max_length=8, choices=State, default=State.NEW, db_index=True)
    reason = models.CharField(max_length=8, choices=Reason, blank=True, default="")
    park_reason = models.CharField(max_length=300, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sender = EncryptedTextField(blank=True, default="")
    sender_name = EncryptedTextField(blank=True, default="")
    sender_index = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    subject_line = EncryptedTextField(blank=True, default="")
    text = EncryptedTextField(blank=True, default="")
    authentication = models.CharField(
        max_length=60, blank=True, help_text="What our own mail server noted: spf, dkim, dmarc."
    )
    files = models.PositiveIntegerField(default=0)
    guess = models.JSONField(default=dict, help_text="Right and residence as the words suggest them.")
    raw_file = models.CharField(max_length=80, blank=True, editable=False)
    raw_key = EncryptedTextField(blank=True, default="", editable=False)
    request = models.ForeignKey(Request, null=True, on_delete=models.CASCADE, related_name="mails")
    message = models.OneToOneField(Message, null=True, on_delete=models.SET_NULL, related_name="mail")
    letter = models.ForeignKey(Letter, null=True, on_delete=models.SET_NULL, related_name="returns")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    forgotten_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-arrived_at",)
        verbose_name = "mail"
        verbose_name_plural = "mail"
        constraints = [
            models.UniqueConstraint(fields=("folder", "validity", "uid"), name="mail_once"),
            models.CheckConstraint(
                name="matched_mail_has_a_request", condition=~Q(state="matched") | Q(request__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Mail {self.uid} of {self.folder}"
