"""What a recipient must be told about one person, each try to tell it, and what is done by hand."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.leases import Leased
from audit.named import referred
from disclosures.models.channels import Channel
from disclosures.models.recipients import Recipient
from inventory.models import Purpose
from subjects.fields import EncryptedTextField
from subjects.models import DataSubject


class Notice(Leased):
    """What a recipient must be told about one person: the row is the message."""

    class Kind(models.TextChoices):
        ERASURE = "erasure", _("Erase this person's data")
        CORRECTION = "correction", _("Correct this person's data")
        RESTRICTION = "restriction", _("Use this person's data for nothing for now")
        OPT_OUT = "opt_out", _("Stop selling and sharing this person's data")
        WITHDRAWAL = "withdrawal", _("Stop using this person's data for one purpose")

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        HANDED = "handed", "With a colleague"
        SENT = "sent", "Sent"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        PARKED = "parked", "Needs a person"
        WAIVED = "waived", "Waived"
        EXCUSED = "excused", "Not told, on a ground of the law"

    class Answer(models.TextChoices):
        DONE = "done", "Done"
        NOTHING = "nothing", "They have nothing of this person"
        CANNOT = "cannot", "They cannot do it"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="notices")
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=12, choices=Kind)
    purpose = models.ForeignKey(
        Purpose, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Of a withdrawn consent."
    )
    origin = models.CharField(max_length=64, db_index=True, help_text="Reference of the request, or of the choice.")
    state = models.CharField(max_length=14, choices=State, default=State.QUEUED, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    queued_at = models.DateTimeField(auto_now_add=True)
    way = models.CharField(max_length=8, choices=Channel.Kind, blank=True, help_text="How they were told.")
    sent_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=8, choices=Answer, blank=True)
    answer_words = EncryptedTextField(blank=True, help_text="What they wrote.")
    message_id = models.CharField(max_length=120, blank=True)
    ground = models.CharField(max_length=20, blank=True, help_text="Why it was given up.")
    ground_words = EncryptedTextField(null=True, blank=True, help_text="Shown to the person.")
    given_up_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [
            ("retry_notice", "Can retry a parked notice"),
            ("waive_notice", "Can waive a parked notice"),
            ("excuse_notice", "Can record that telling is impossible or a disproportionate effort"),
        ]
        constraints = [
            models.UniqueConstraint(fields=("origin", "recipient", "kind"), name="recipient_told_once"),
            models.CheckConstraint(name="parked_notice_says_why", condition=~Q(state="parked") | ~Q(park_reason="")),
            models.CheckConstraint(
                name="excused_notice_says_why",
                condition=~Q(state="excused")
                | (~Q(ground="") & Q(ground_words__isnull=False, given_up_by__isnull=False, given_up_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {referred(self, 'recipient')}"

    @property
    def reference(self) -> str:
        """What we call it towards the recipient: the request's reference, or a short one of our own."""
        return self.origin if not self.origin.startswith("choice:") else f"W-{self.pk.hex[:8].upper()}"


class Attempt(models.Model):
    """One try to tell a recipient. Written before the call: one that never came back has no code."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveBigIntegerField(help_text="The claim's fencing number: larger is later.")
    way = models.CharField(max_length=8, choices=Channel.Kind)
    reminder = models.BooleanField(default=False)
    begun_at = models.DateTimeField()
    ms = models.PositiveIntegerField(null=True)
    code = models.CharField(
        max_length=20, blank=True, help_text="A status, or why there was none; empty: we never heard."
    )
    verdict = models.CharField(max_length=8, blank=True)
    wait_seconds = models.PositiveIntegerField(null=True, help_text="What the other side asked us to wait.")
    said = models.CharField(max_length=120, blank=True, help_text="The beginning of a refusal, scrubbed.")

    class Meta:
        ordering = ("begun_at", "number")
        verbose_name = "try"
        verbose_name_plural = "tries"
        constraints = [models.UniqueConstraint(fields=("notice", "number"), name="one_row_for_each_try")]

    def __str__(self) -> str:
        return f"{self.way} {self.code or 'never heard of'}"


class Errand(models.Model):
    """A notice that somebody carries out by hand on a page: a colleague of ours, or the recipient. Signed off."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Signed off"
        CANCELLED = "cancelled", "Not needed any more"

    notice = models.OneToOneField(Notice, on_delete=models.PROTECT, related_name="errand")
    theirs = models.BooleanField("done by the recipient", default=False)
    due_on = models.DateField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="errands"
    )
    seen_at = models.DateTimeField(null=True, help_text="When somebody first looked whom it is about.")
    overdue_at = models.DateTimeField(null=True, help_text="When it was noticed that its day had passed.")
    note = EncryptedTextField(blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_name = EncryptedTextField(blank=True, help_text="Who signed at the recipient, as typed.")
    signed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("due_on", "pk")
        verbose_name = "notice by hand"
        verbose_name_plural = "notices by hand"
        permissions = [("sign_errand", "Can tell recipients by hand and sign it off")]
        indexes = [models.Index(fields=("state", "due_on"))]

    def __str__(self) -> str:
        return f"By hand, due {self.due_on}"


class Onward(models.Model):
    """A No that was looked at for recipients: the mark of the sweep. Its choice is known by id only: another room's row."""

    choice = models.UUIDField(primary_key=True, editable=False)
    recorded_at = models.DateTimeField(db_index=True, help_text="When the choice was recorded.")
    told = models.PositiveIntegerField(default=0, help_text="Notices that were queued.")

    def __str__(self) -> str:
        return f"{self.told} told"
