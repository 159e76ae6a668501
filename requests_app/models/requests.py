"""A request, the rights it may be about, the states it stands in and the ways it ends."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from connectors.models import Batch
from law import NO_PROOF_RIGHTS
from subjects.fields import EncryptedJSONField, EncryptedTextField
from subjects.models import DataSubject, Identifier


class Right(models.TextChoices):
    """What a person may ask for. The codes are those of `law`."""

    ACCESS = "access", _("A copy of my data")
    PORTABILITY = "portability", _("My data in a portable form")
    RECIPIENTS = "third_party_list", _("Who received my data")
    DELETE = "delete", _("Delete my data")
    CORRECT = "correct", _("Correct my data")
    OPT_OUT = "opt_out_sale", _("Do not sell or share my data")
    NO_ADS = "opt_out_targeted_ads", _("No targeted advertising with my data")
    NO_PROFILING = "opt_out_profiling", _("No profiling with my data")
    LIMIT = "limit_sensitive", _("Limit the use of my sensitive data")
    WITHDRAW = "withdraw_consent", _("Withdraw my consent")
    OBJECT = "object", _("Object to the use of my data")
    RESTRICT = "restrict", _("Pause the use of my data")
    APPEAL = "appeal", _("Appeal against an answer")
    COMPLAINT = "complaint", _("Complain to us")


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

    class AskedBy(models.TextChoices):
        SELF = "self", "The person"
        AGENT = "agent", "An agent"
        PARENT = "parent", "A parent or guardian"
        HEIR = "heir", "An heir"

    class Authority(models.TextChoices):
        NONE = "", "Not needed"
        AWAITING = "awaiting", "To be looked at"
        ACCEPTED = "accepted", "Accepted"
        REFUSED = "refused", "Refused"

    class Relation(models.TextChoices):
        NONE = "", "Not said"
        CUSTOMER = "customer", "Customer or user"
        CANDIDATE = "candidate", "Applicant"
        EMPLOYEE = "employee", "Works or worked here"
        BUSINESS = "business", "Contact at another business"

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
    asked_by = models.CharField(max_length=8, choices=AskedBy, default=AskedBy.SELF, db_index=True)
    authority = models.CharField(
        max_length=10,
        choices=Authority,
        default=Authority.NONE,
        blank=True,
        help_text="Of whoever asks for the person, where a colleague has to look at it.",
    )
    relation = models.CharField(
        max_length=10, choices=Relation, default=Relation.NONE, blank=True, help_text="How they know us."
    )
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.WEB)
    residence = models.CharField(max_length=6, help_text="ISO 3166 code, with the state for the US: US-CA")
    language = models.CharField(max_length=12, default="en")
    received_at = models.DateTimeField(db_index=True)
    nonce = models.CharField(max_length=64, null=True, unique=True, editable=False)
    content_digest = models.CharField(max_length=64, default="", editable=False)
    details = EncryptedTextField(blank=True, default="", help_text="The person's own words.")
    changes = EncryptedJSONField(default=dict, help_text="For a correction: attribute and new value.")
    categories = models.JSONField(
        default=list, blank=True, help_text="Limited to these data categories and what is below them; empty: all."
    )
    masks = models.JSONField(default=dict, blank=True, help_text="Masking strategies chosen for this request.")
    laws = models.JSONField(default=list, help_text='Frozen: [{"statute", "version", "right"}], strictest first.')
    plan = models.JSONField(default=dict, help_text="Frozen row of the PLANS table.")
    contacts_read = models.UUIDField(
        null=True, editable=False, help_text="The search by which other mailboxes of this person were looked for."
    )
    playbook = models.JSONField(
        default=dict, blank=True, help_text="Frozen: the version of the playbook that applied, if one did."
    )
    proved_at = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True, help_text="Set while we wait for the person's answer.")
    stopped_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Somebody said that they did not ask for this: nothing goes on until it is cleared.",
    )
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
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who denied it, or decided the appeal or complaint.",
    )
    denial_ground = models.CharField(max_length=60, blank=True)
    denial_note = models.TextField(blank=True, help_text="Words for the person, in the letter.")
    duplicate_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="duplicates")
    follows = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="followed_by",
        help_text="What an appeal or a complaint is about.",
    )
    due_at = models.DateTimeField(null=True, blank=True, db_index=True, help_text="The strictest open clock.")
    closed_at = models.DateTimeField(null=True, blank=True)
    raised_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when a colleague has had the privacy officers look at it.",
    )
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
            # Most requests are closed: what the desk looks at all day is found without them.
            # The first one holds all that the cards of the home page count, and the key that a later page is found by.
            models.Index(
                fields=("due_at", "received_at", "state", "right", "owner", "proposed_by", "id"),
                condition=~Q(state="closed"),
                name="open_by_due",
            ),
            models.Index(fields=("owner", "due_at", "received_at"), condition=~Q(state="closed"), name="open_by_owner"),
            models.Index(
                fields=("state", "right", "due_at", "received_at", "proposed_by"),
                condition=~Q(state="closed"),
                name="open_by_state",
            ),
            models.Index(fields=("right", "due_at", "received_at"), condition=~Q(state="closed"), name="open_by_right"),
            models.Index(
                fields=("residence", "due_at", "received_at"), condition=~Q(state="closed"), name="open_by_place"
            ),
            models.Index(fields=("due_at",), condition=~Q(attention=""), name="needing_attention"),
            models.Index(fields=("due_at",), condition=Q(raised_at__isnull=False), name="raised_by_due"),
            models.Index(fields=("closed_at",), condition=Q(state="closed"), name="closed_by_day"),
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
                name="work_needs_authority",
                condition=Q(state__in=("received", "verifying", "closed")) | Q(authority__in=("", "accepted")),
            ),
            models.CheckConstraint(
                name="fulfilment_needs_authority",
                condition=~Q(outcome__in=("fulfilled", "partly")) | Q(authority__in=("", "accepted")),
            ),
            models.CheckConstraint(
                name="opt_out_never_waits_for_authority",
                condition=~Q(right__in=sorted(NO_PROOF_RIGHTS)) | Q(authority=""),
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
            models.CheckConstraint(
                name="appeal_follows_a_request", condition=~Q(right="appeal") | Q(follows__isnull=False)
            ),
            models.UniqueConstraint(
                fields=("follows",), condition=Q(right="appeal") & ~Q(state="closed"), name="one_open_appeal"
            ),
        ]

    def __str__(self) -> str:
        return self.reference
