"""Legal demands: what an authority wants from us, whom it is about, and what left."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from disclosures.models.ledger import Disclosure
from disclosures.models.recipients import Recipient
from inventory.models import DataCategory
from subjects.fields import EncryptedTextField
from subjects.models import DataSubject

STAFF = settings.AUTH_USER_MODEL


class LegalDemand(models.Model):
    """A subpoena, warrant, order or request of an authority. Only `demands.moving` changes its state."""

    class Kind(models.TextChoices):
        SUBPOENA = "subpoena", "Subpoena"
        WARRANT = "warrant", "Search warrant"
        COURT_ORDER = "court_order", "Court order"
        NATIONAL_SECURITY = "national_security", "National security process"
        REGULATOR = "regulator", "Request of a regulator"
        FOREIGN_AUTHORITY = "foreign_authority", "Demand of a foreign authority"
        EMERGENCY = "emergency", "Emergency request"

    class Channel(models.TextChoices):
        SERVED = "served", "Served in person"
        POST = "post", "Post"
        PORTAL = "portal", "The authority's or our portal"
        EMAIL = "email", "E-mail"
        FAX = "fax", "Fax"
        PHONE = "phone", "Phone"

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        CHECKING = "checking", "Being checked"
        NARROWED = "narrowed", "Scope set, waits for legal"
        APPROVED = "approved", "Approved"
        DISCLOSED = "disclosed", "Disclosed"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Notify(models.TextChoices):
        UNDECIDED = "", "Not decided yet"
        BEFORE = "before", "Before anything leaves"
        AFTER = "after", "At once afterwards"
        GAG = "gag", "When the gag ends"
        NEVER = "never", "Not at all"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField("our reference", max_length=20, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED, db_index=True)
    authority = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="demands")
    country = models.CharField(max_length=2, help_text="Of the authority: DE, US ...")
    jurisdiction = models.CharField(max_length=80, help_text="Court or territory: Northern District of California ...")
    signed_by = EncryptedTextField("signed by", blank=True, help_text="Name and office of the person who signed.")
    authority_reference = EncryptedTextField("the authority's reference", blank=True)
    received_at = models.DateTimeField()
    channel = models.CharField("came by", max_length=8, choices=Channel)
    due_on = models.DateField("answer due on", db_index=True)
    legal_basis = models.CharField(max_length=200, help_text="As cited: 18 U.S.C. § 2703(d), § 95 StPO ...")
    asks = EncryptedTextField("what it asks for", help_text="Whom and what, in the demand's words. Stored encrypted.")
    asked_from = models.DateField("period from", null=True, blank=True)
    asked_to = models.DateField("period to", null=True, blank=True)
    asked = models.ManyToManyField(DataCategory, related_name="+", verbose_name="categories asked for")

    given = models.ManyToManyField(DataCategory, blank=True, related_name="+", verbose_name="categories given")
    given_from = models.DateField(null=True, blank=True)
    given_to = models.DateField(null=True, blank=True)
    whole = models.BooleanField(null=True, help_text="Everything that was asked for is given.")
    scope_note = EncryptedTextField("how the scope was set", blank=True)

    gag = models.BooleanField("forbids us to tell the person", default=False)
    gag_basis = models.CharField(max_length=200, blank=True, help_text="18 U.S.C. § 2705(b) ...")
    gag_until = models.DateField("gag ends on", null=True, blank=True, help_text="The last day.")
    gag_review_on = models.DateField("ask again about it on", null=True, blank=True, help_text="For one without end.")
    gag_lifted_on = models.DateField(null=True, blank=True)
    notify = models.CharField("the person is told", max_length=6, choices=Notify, blank=True, default="")
    never_code = models.CharField(max_length=20, blank=True)
    object_until = models.DateField("can be objected to until", null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True, help_text="When the mails to the people were queued.")
    considered_at = models.DateTimeField("objections considered at", null=True, blank=True)
    considered = EncryptedTextField("what came of the objections", blank=True)

    registered_by = models.ForeignKey(STAFF, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField(auto_now_add=True)
    prepared_by = models.ForeignKey(STAFF, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(STAFF, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    disclosed_by = models.ForeignKey(STAFF, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    disclosed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    ground = models.CharField(max_length=20, blank=True, help_text="Why it was refused: a code.")
    ground_note = EncryptedTextField("grounds in words", blank=True)

    class Meta:
        ordering = ("-received_at",)
        permissions = [("approve_legaldemand", "Can approve or refuse a legal demand")]
        indexes = [models.Index(fields=("due_on",), condition=Q(closed_at=None), name="open_demands")]
        constraints = [
            # Whoever prepared what is to leave is never who approves it.
            models.CheckConstraint(
                name="demand_approved_by_two_people",
                condition=Q(approved_by=None)
                | (Q(prepared_by__isnull=False) & ~Q(prepared_by=F("approved_by")) & Q(approved_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="demand_disclosed_only_approved",
                condition=~Q(state__in=("approved", "disclosed"))
                | (Q(approved_by__isnull=False) & Q(approved_at__isnull=False) & ~Q(notify="")),
            ),
            models.CheckConstraint(
                name="demand_disclosed_says_when",
                condition=Q(state="disclosed", disclosed_at__isnull=False) | ~Q(state="disclosed") & Q(disclosed_at=None),
            ),
            models.CheckConstraint(
                name="demand_refused_says_why", condition=~Q(state="refused") | ~Q(ground=""),
            ),
            models.CheckConstraint(
                name="gag_has_an_end_or_a_review",
                condition=Q(gag=False) | Q(gag_until__isnull=False) | Q(gag_review_on__isnull=False),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.reference


class DemandPerson(models.Model):
    """One person whom a demand asks about."""

    demand = models.ForeignKey(LegalDemand, on_delete=models.PROTECT, related_name="people")
    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="demands")
    objected_at = models.DateTimeField(null=True, blank=True)
    objection = EncryptedTextField(blank=True)
    disclosure = models.OneToOneField(
        Disclosure, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="The entry in the ledger; under a gag it is written when the gag ends.",
    )  # fmt: skip

    class Meta:
        constraints = [models.UniqueConstraint(fields=("demand", "subject"), name="demand_names_a_person_once")]

    def __str__(self) -> str:
        return f"Person of {self.demand_id}"


class DemandCheck(models.Model):
    """The answer to one question of the checklist."""

    class Answer(models.TextChoices):
        YES = "yes", "Yes"
        NO = "no", "No"
        NOT_APPLICABLE = "na", "Does not apply"

    demand = models.ForeignKey(LegalDemand, on_delete=models.PROTECT, related_name="checks")
    key = models.CharField(max_length=20)
    answer = models.CharField(max_length=3, choices=Answer)
    note = EncryptedTextField(blank=True)
    answered_by = models.ForeignKey(STAFF, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("demand", "key"), name="demand_check_once")]

    def __str__(self) -> str:
        return f"{self.key} of {self.demand_id}"


class DemandFile(models.Model):
    """A sealed copy of one file that left. Its digest stays when the copy is destroyed."""

    demand = models.ForeignKey(LegalDemand, on_delete=models.PROTECT, related_name="files")
    number = models.PositiveIntegerField()
    label = EncryptedTextField("file name", blank=True, help_text="As uploaded.")
    digest = models.CharField("SHA-256", max_length=64, db_index=True)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    file_name = models.CharField(max_length=80, blank=True, help_text="Random name in the store.")
    key = EncryptedTextField(blank=True, help_text="The copy's own key; emptied when the copy is destroyed.")
    added_by = models.ForeignKey(STAFF, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("demand", "number")
        constraints = [
            models.UniqueConstraint(fields=("demand", "number"), name="demand_file_number_once"),
            models.UniqueConstraint(fields=("demand", "digest"), name="demand_file_once"),
        ]

    def __str__(self) -> str:
        return f"File {self.number} of {self.demand_id}"
