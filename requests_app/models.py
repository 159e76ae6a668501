"""Nouns: requests, their clocks, proofs, sessions, letters, parcels and notes."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from audit.leases import Leased
from connectors.models import Batch
from law import NO_PROOF_RIGHTS
from subjects.fields import EncryptedJSONField, EncryptedTextField
from subjects.models import DataSubject, Identifier


class Right(models.TextChoices):
    """What a person may ask for. The codes are those of `law`."""

    ACCESS = "access", "A copy of my data"
    DELETE = "delete", "Delete my data"
    CORRECT = "correct", "Correct my data"
    OPT_OUT = "opt_out_sale", "Do not sell or share my data"


class State(models.TextChoices):
    """Where a request stands; the table of moves is `moves`."""

    RECEIVED = "received", "Received"
    VERIFYING = "verifying", "Waiting for proof"
    COLLECTING = "collecting", "Searching our systems"
    IN_REVIEW = "in_review", "In review"
    DELIVERING = "delivering", "Being carried out"
    NOTIFYING = "notifying", "Telling recipients"
    CLOSED = "closed", "Closed"


class Outcome(models.TextChoices):
    """How a closed request ended."""

    NONE = "", "Open"
    FULFILLED = "fulfilled", "Fulfilled"
    PARTLY = "partly", "Partly fulfilled"
    DENIED = "denied", "Denied"
    WITHDRAWN = "withdrawn", "Withdrawn"
    UNVERIFIED = "unverified", "Not proved"
    REFERRED = "referred", "Referred"
    DUPLICATE = "duplicate", "Duplicate"


class Request(models.Model):
    """One person asks for one right. Only `workflow` changes its state."""

    class Channel(models.TextChoices):
        WEB = "web", "Web form"
        API = "api", "API"
        EMAIL = "email", "E-mail"
        PHONE = "phone", "Phone"
        POST = "post", "Post"
        PERSON = "in_person", "In person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=20, unique=True, editable=False)
    right = models.CharField(max_length=30, choices=Right, db_index=True)
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED, db_index=True)
    outcome = models.CharField(max_length=12, choices=Outcome, default=Outcome.NONE, blank=True)
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="requests")
    identifier = models.ForeignKey(
        Identifier,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Answers go to this address.",
    )
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.WEB)
    residence = models.CharField(max_length=6, help_text="ISO 3166 code, with the state for the US: US-CA")
    language = models.CharField(max_length=12, default="en")
    received_at = models.DateTimeField(db_index=True)
    nonce = models.CharField(max_length=64, null=True, unique=True, editable=False)
    details = EncryptedTextField(blank=True, default="", help_text="The person's own words.")
    changes = EncryptedJSONField(default=dict, help_text="For a correction: attribute and new value.")
    laws = models.JSONField(default=list, help_text='Frozen: [{"statute", "version", "right"}], strictest first.')
    plan = models.JSONField(default=dict, help_text="Frozen row of the PLANS table.")
    proved_at = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True, help_text="Set while we wait for the person's answer.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="owned_requests"
    )
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="requests")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True, blank=True)
    proposed_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    denial_ground = models.CharField(max_length=60, blank=True)
    denial_note = models.TextField(blank=True, help_text="Words for the person, in the letter.")
    duplicate_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="duplicates")
    due_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="The strictest open clock.")
    closed_at = models.DateTimeField(null=True, blank=True)
    attention = models.CharField(max_length=300, blank=True, help_text="Why a person must look, if one must.")

    class Meta:
        ordering = ("due_at", "received_at")
        permissions = [
            ("decide_request", "Can propose a decision"),
            ("approve_request", "Can approve a decision as second person"),
            ("deny_request", "Can deny a request"),
        ]
        indexes = [
            models.Index(fields=("state", "due_at")),
            models.Index(fields=("subject", "right", "state")),
        ]
        constraints = [
            models.CheckConstraint(
                name="work_needs_proof",
                condition=Q(state__in=("received", "verifying", "closed"))
                | Q(right__in=sorted(NO_PROOF_RIGHTS))
                | Q(proved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="fulfilment_needs_proof",
                condition=~Q(outcome__in=("fulfilled", "partly"))
                | Q(right__in=sorted(NO_PROOF_RIGHTS))
                | Q(proved_at__isnull=False),
            ),
            models.CheckConstraint(
                name="opt_out_never_waits_for_proof",
                condition=~Q(right__in=sorted(NO_PROOF_RIGHTS)) | ~Q(state="verifying"),
            ),
            models.CheckConstraint(
                name="erasure_needs_two_people",
                condition=~(
                    Q(right="delete")
                    & (Q(state__in=("delivering", "notifying")) | Q(outcome__in=("fulfilled", "partly")))
                )
                | (Q(proposed_by__isnull=False) & Q(approved_by__isnull=False) & ~Q(proposed_by=F("approved_by"))),
            ),
            models.CheckConstraint(
                name="closed_has_an_outcome",
                condition=(Q(state="closed") & ~Q(outcome="") & Q(closed_at__isnull=False))
                | (~Q(state="closed") & Q(outcome="")),
            ),
            models.CheckConstraint(name="denial_has_a_ground", condition=~Q(outcome="denied") | ~Q(denial_ground="")),
        ]

    def __str__(self) -> str:
        return self.reference


class Clock(models.Model):
    """One date that one law sets for a request, with how it was computed."""

    class Kind(models.TextChoices):
        ACKNOWLEDGE = "acknowledge", "Acknowledge"
        RESPOND = "respond", "Answer"

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="clocks")
    kind = models.CharField(max_length=12, choices=Kind)
    statute = models.CharField(max_length=40)
    version = models.CharField(max_length=64)
    cite = models.CharField(max_length=120)
    start_on = models.DateField()
    due_on = models.DateField()
    due_at = models.DateTimeField(db_index=True, help_text="The first instant that is too late.")
    extended_on = models.DateField(null=True, blank=True, help_text="The latest day, were it extended.")
    steps = models.JSONField(default=list, help_text="The calculation, a sentence a step.")
    met_at = models.DateTimeField(null=True, blank=True)
    warned = models.JSONField(default=list, help_text="Warning steps already taken.")
    breached_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("due_at",)
        constraints = [models.UniqueConstraint(fields=("request", "kind", "statute"), name="clock_once_per_law")]
        indexes = [models.Index(fields=("due_at",), condition=Q(met_at=None), name="running_clocks")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.due_on}"


class Proof(models.Model):
    """One attempt to show who is asking: a one-time link, kept as a hash."""

    class Purpose(models.TextChoices):
        OPEN = "open", "Confirm the request"
        SIGN_IN = "sign_in", "See my requests"
        FRESH = "fresh", "Fetch my data"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="proofs")
    purpose = models.CharField(max_length=10, choices=Purpose)
    identifier = models.ForeignKey(Identifier, on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} for {self.request_id}"


class PersonSession(models.Model):
    """A browser that proved itself, known by the hash of its cookie. It sees one person's requests."""

    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    subject = models.ForeignKey(DataSubject, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    fresh_until = models.DateTimeField(null=True, help_text="Downloads are allowed until then.")

    def __str__(self) -> str:
        return f"Session {self.pk}"


class Letter(Leased):
    """A message to the person. The row is the outbox."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        PARKED = "parked", "Needs a person"
        DROPPED = "dropped", "Out of date"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=40, help_text="Template: acknowledgement, proof, package_ready, denial ...")
    identifier = models.ForeignKey(Identifier, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=12, default="en")
    subject_line = models.CharField(max_length=200)
    body = EncryptedTextField(help_text="As it was rendered when it was queued.")
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    dedupe = models.CharField(max_length=80, help_text="One letter of this name per request.")
    queued_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, help_text="A link in it dies then: after that it is not sent.")
    sent_at = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering = ("queued_at",)
        constraints = [models.UniqueConstraint(fields=("request", "dedupe"), name="letter_once")]

    def __str__(self) -> str:
        return f"{self.kind} for {self.request_id}"


class Parcel(Leased):
    """The package of one person's data: an encrypted ZIP behind a fresh proof, destroyed on its day."""

    class State(models.TextChoices):
        OPEN = "open", "To build"
        READY = "ready", "Ready"
        EXPIRED = "expired", "Destroyed"
        PARKED = "parked", "Needs a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="parcel")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN, db_index=True)
    park_reason = models.CharField(max_length=300, blank=True)
    file_name = models.CharField(max_length=80, blank=True, help_text="Random name under PARCEL_DIR.")
    key = EncryptedTextField(blank=True, default="", help_text="The package's own key; emptied when destroyed.")
    size = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the ZIP.")
    built_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    downloads = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"Package of {self.request_id}"


class Note(models.Model):
    """A colleague's note on a case. Never shown to the person, never in an event."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = EncryptedTextField()
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("written_at",)

    def __str__(self) -> str:
        return f"Note {self.pk}"
