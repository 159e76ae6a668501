"""Who asks for somebody else: agents that we know, and the capacity in which one request was made."""

import uuid

from django.conf import settings
from django.db import models

from audit.models import ApiClient
from requests_app.models.requests import Request
from subjects.fields import EncryptedTextField
from subjects.models import Identifier


class Agent(models.Model):
    """An authorised agent that we know: a business that makes requests for people. Being listed proves nothing by itself."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, help_text="Whom we speak to there.")
    organisation = models.CharField(max_length=200, unique=True)
    contact = models.EmailField(unique=True, help_text="Business address. Requests from it are shown as this agent's.")
    mandate_until = models.DateField(null=True, blank=True, help_text="Until when what we agreed with them holds.")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    client = models.OneToOneField(
        ApiClient,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="agent",
        help_text="The API key with which they send requests in bulk.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("organisation",)

    def __str__(self) -> str:
        return self.organisation


class Asker(models.Model):
    """Who made a request for its person, what they show for it, and what must happen before we search."""

    class Basis(models.TextChoices):
        PERMISSION = "permission", "Signed permission"
        POWER = "power_of_attorney", "Power of attorney"
        PARENT = "parent", "Parent"
        GUARDIAN = "guardian", "Guardian"
        HEIR = "heir", "Heir"
        EXECUTOR = "executor", "Executor of the will"

    class Gate(models.TextChoices):
        NONE = "none", "Nothing: it takes effect at once"
        PERSON = "person", "The person confirms by their own mailbox"
        STAFF = "staff", "A colleague accepts the authority"

    request = models.OneToOneField(Request, primary_key=True, on_delete=models.CASCADE, related_name="asker")
    basis = models.CharField(max_length=20, choices=Basis)
    name = EncryptedTextField(help_text="As they gave it.")
    organisation = EncryptedTextField(blank=True, default="")
    identifier = models.ForeignKey(
        Identifier, on_delete=models.PROTECT, related_name="+", help_text="Their own mailbox, as somebody of their own."
    )
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="asked")
    gate = models.CharField(max_length=8, choices=Gate, help_text="Frozen when it came.")
    cite = models.CharField(max_length=120, blank=True, help_text="The section that sets the gate.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = EncryptedTextField(blank=True, default="", help_text="What showed the authority, or why it was refused.")

    def __str__(self) -> str:
        return f"Asker of {self.request_id}"
