"""Nouns of the engine: connections, batches, findings, authorisations, work orders, receipts, legal holds."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from audit.leases import Leased
from inventory.models import DataCategory, System
from subjects.fields import EncryptedJSONField, EncryptedTextField
from subjects.models import DataSubject

READING = ("find", "refer")


class Connection(models.Model):
    """How one system is reached. The address holds the password and is encrypted."""

    system = models.OneToOneField(System, on_delete=models.CASCADE, related_name="connection")
    kind = models.CharField(max_length=20, default="sql")
    address = EncryptedTextField(help_text="For SQL: an SQLAlchemy URL.")
    described = models.TextField(
        blank=True,
        help_text="For kinds that need more than an address: how the system is spoken to, in YAML. No secrets.",
    )
    active = models.BooleanField(default=True)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_result = models.CharField(max_length=200, blank=True, editable=False)

    def __str__(self) -> str:
        return f"Connection to {self.system}"


class LegalHold(models.Model):
    """While a hold is active, nothing of this person that it covers is erased, whoever approved it. Two people end it."""

    subject = models.ForeignKey(DataSubject, on_delete=models.PROTECT, related_name="holds")
    matter = models.CharField(max_length=120, help_text="The case or claim, without names.")
    reason = models.TextField()
    scope = models.CharField(
        max_length=300, blank=True, help_text="What the matter is about, in words; what counts are its limits."
    )
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    review_on = models.DateField()
    release_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    release_asked_at = models.DateTimeField(null=True, blank=True)
    release_reason = models.CharField(max_length=300, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)
    by_one = models.BooleanField(
        default=False, editable=False, help_text="Released by one person, before two were needed."
    )

    class Meta:
        permissions = [("place_legalhold", "Can place a legal hold"), ("release_legalhold", "Can release a legal hold")]
        indexes = [models.Index(fields=("subject",), condition=Q(released_at=None), name="active_holds")]
        constraints = [
            models.CheckConstraint(
                name="hold_released_by_two_people",
                condition=Q(released_at=None)
                | Q(by_one=True)
                | (
                    Q(release_asked_by__isnull=False)
                    & Q(released_by__isnull=False)
                    & ~Q(release_asked_by=F("released_by"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"Hold {self.matter}"


class HoldLimit(models.Model):
    """One system or one data category that a hold is limited to. A hold without any covers everything."""

    hold = models.ForeignKey(LegalHold, on_delete=models.CASCADE, related_name="limits")
    # Protected: a limit that vanished with its system would leave a hold that covers less, or everything.
    system = models.ForeignKey(System, null=True, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey(DataCategory, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="hold_limit_is_a_system_or_a_category",
                condition=Q(system__isnull=True, category__isnull=False)
                | Q(system__isnull=False, category__isnull=True),
            ),
            models.UniqueConstraint(fields=("hold", "system"), name="hold_limit_system_once"),
            models.UniqueConstraint(fields=("hold", "category"), name="hold_limit_category_once"),
        ]

    def __str__(self) -> str:
        return str(self.system or self.category)


class HoldMail(Leased):
    """A day's mail to one colleague about holds whose review is overdue. The row is the outbox; one a day, whoever makes it."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENT = "sent", "Sent"
        PARKED = "parked", "Could not be sent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    told = models.JSONField(default=dict, help_text="Counts; nothing personal.")
    queued_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    park_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("to", "day"), name="one_mail_about_holds_a_day")]

    def __str__(self) -> str:
        return f"{self.day}"


class Batch(models.Model):
    """All work for one request or one retention run: what was found, what was authorised, what was done."""

    class Reason(models.TextChoices):
        REQUEST = "request", "Rights request"
        RETENTION = "retention", "Retention run"
        REPLAY = "replay", "Done again after a restore"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reason = models.CharField(max_length=12, choices=Reason)
    origin = models.CharField(max_length=64, db_index=True, help_text="Reference of the request or the run.")
    subject = models.ForeignKey(DataSubject, null=True, blank=True, on_delete=models.PROTECT, related_name="batches")
    identities = EncryptedJSONField(default=dict, help_text="Identifier values by kind, frozen when the search began.")
    criteria = models.JSONField(default=dict, help_text="For retention: dataset, collection, field or purpose, before.")
    plan = models.JSONField(default=dict, help_text="The walk as it was explained, frozen.")
    categories = models.JSONField(
        default=list, blank=True, help_text="Only fields of these data categories and what is below them; empty: all."
    )
    masks = models.JSONField(
        default=dict, blank=True, help_text="Strategies chosen for this work, by category, collection or field."
    )
    salt = EncryptedTextField(
        null=True, help_text="The secret of this batch's keyed masks; destroyed when its work is done."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return f"Batch for {self.origin}"


class Authorisation(models.Model):
    """Leave to hand out or change exactly what a batch found. No order that does so exists without one."""

    class Basis(models.TextChoices):
        REQUEST = "request", "Proved request, approved by staff"
        OPT_OUT = "opt_out", "Opt-out, which needs no proof"
        SCHEDULE = "schedule", "Retention schedule, approved"
        REPLAY = "replay", "Approved before, done again after a restore"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="authorisations")
    operation = models.CharField(max_length=10)
    basis = models.CharField(max_length=10, choices=Basis)
    proved_at = models.DateTimeField(null=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=64, help_text="Of the findings that were approved.")
    described = models.JSONField(
        default=dict, help_text="Digests of what the description said is done, by collection, when this was approved."
    )
    changes = EncryptedJSONField(default=dict, help_text='For a correction: {"full_name": "new value"}.')
    sealed = models.CharField(
        max_length=64,
        blank=True,
        help_text="For work done again: digest of the entries of the sealed list that it redoes.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="request_work_needs_proof_and_approval",
                condition=~Q(basis="request") | (Q(proved_at__isnull=False) & Q(approved_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="request_erasure_needs_two_people",
                condition=~(Q(basis="request") & Q(operation__in=("erase", "anonymise")))
                | (Q(proposed_by__isnull=False) & ~Q(proposed_by=F("approved_by"))),
            ),
            models.CheckConstraint(
                name="schedule_needs_another_approver",
                condition=~Q(basis="schedule")
                | (Q(approved_by__isnull=False) & (Q(proposed_by=None) | ~Q(proposed_by=F("approved_by")))),
            ),
            models.CheckConstraint(
                name="opt_out_only_suppresses", condition=~Q(basis="opt_out") | Q(operation="suppress")
            ),
            # What is done again was approved once: no leave of this kind without the entries that say so.
            models.CheckConstraint(
                name="replay_names_what_it_redoes",
                condition=(Q(basis="replay") & ~Q(sealed="")) | (~Q(basis="replay") & Q(sealed="")),
            ),
        ]

    def __str__(self) -> str:
        return f"Leave to {self.operation} for {self.batch_id}"


class WorkOrder(Leased):
    """One operation in one system. Open, running under a lease, then done or parked with a reason."""

    class Operation(models.TextChoices):
        FIND = "find", "Find"
        REFER = "refer", "Refer to the client"
        EXPORT = "export", "Hand out"
        CORRECT = "correct", "Correct"
        ERASE = "erase", "Erase"
        SUPPRESS = "suppress", "Suppress"
        ANONYMISE = "anonymise", "Anonymise"
        RESTRICT = "restrict", "Restrict"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        PARKED = "parked", "Parked"
        WAIVED = "waived", "Waived"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="orders")
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="orders")
    operation = models.CharField(max_length=10, choices=Operation)
    wave = models.PositiveIntegerField(
        default=0, help_text="Starts when all earlier waves of its operation are settled."
    )
    authorisation = models.ForeignKey(Authorisation, null=True, on_delete=models.PROTECT, related_name="orders")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN, db_index=True)
    park_code = models.CharField(max_length=40, blank=True, help_text="held, connection, stale, schema, tries ...")
    park_reason = models.CharField(
        max_length=300, blank=True, help_text="A sentence with the next step; no personal data."
    )
    rows_planned = models.BigIntegerField(default=0)
    rows_done = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="End of the cooling-off or grace period.")
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        permissions = [("retry_workorder", "Can retry a parked order"), ("waive_workorder", "Can waive a parked order")]
        constraints = [
            models.CheckConstraint(
                name="no_effect_without_authorisation",
                condition=Q(operation__in=READING) | Q(authorisation__isnull=False),
            ),
            models.CheckConstraint(
                name="parked_says_why", condition=~Q(state="parked") | (~Q(park_code="") & ~Q(park_reason=""))
            ),
            models.UniqueConstraint(fields=("batch", "system", "operation", "wave"), name="one_order_per_step"),
        ]
        indexes = [models.Index(fields=("state", "next_try_at")), models.Index(fields=("finished_at",))]

    def __str__(self) -> str:
        return f"{self.get_operation_display()} in {self.system}"


class Finding(models.Model):
    """Rows of one collection that a FIND found through one link: the unit of decision."""

    class Decision(models.TextChoices):
        OPEN = "", "To decide"
        INCLUDE = "include", "Include"
        KEEP = "keep", "Keep, with a ground"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="findings")
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="+")
    dataset = models.CharField(max_length=60)
    collection = models.CharField(max_length=120)
    title = models.CharField(max_length=120)
    via = models.CharField(max_length=120, help_text="The field through which the rows were found.")
    shared = models.BooleanField(default=False, help_text="These rows concern another person too.")
    place = models.PositiveIntegerField(help_text="Position in the walk; erasure runs backwards.")
    rows = models.BigIntegerField(default=0)
    held = models.BigIntegerField(
        default=0, help_text="Rows that are due and that a legal hold protects; not in `rows`."
    )
    of_rows = models.BigIntegerField(
        null=True, help_text="Rows of the collection when it was counted, where it can tell."
    )
    ahead = models.JSONField(
        default=list, help_text="[day, rows dated before it] for days to come: what will be due, for the calendar."
    )
    oldest_on = models.DateField(null=True)
    newest_on = models.DateField(null=True)
    fingerprint = models.CharField(max_length=64, blank=True, help_text="Of all keys, independent of their order.")
    action = models.CharField(max_length=10, help_text="For an erasure: delete, mask or keep.")
    decision = models.CharField(max_length=10, choices=Decision, default=Decision.INCLUDE, blank=True)
    ground = models.CharField(max_length=60, blank=True)
    ground_note = models.CharField(max_length=300, blank=True)
    proof = models.JSONField(
        default=dict,
        help_text="Of a retention run: held rows, their checksum and the holds, before the first row and after.",
    )
    outcome = models.JSONField(default=dict, help_text="Honest counts per field after the work: erased, kept, left.")

    class Meta:
        ordering = ("place", "via", "shared")
        constraints = [
            models.UniqueConstraint(fields=("batch", "dataset", "collection", "via", "shared"), name="finding_once"),
            models.CheckConstraint(name="kept_finding_has_a_ground", condition=~Q(decision="keep") | ~Q(ground="")),
        ]

    def __str__(self) -> str:
        return f"{self.rows} rows of {self.dataset}.{self.collection}"


class Chunk(models.Model):
    """The keys of up to CHUNK_ROWS rows of a finding, frozen: what was shown is what is done."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    keys = EncryptedJSONField(
        null=True, help_text="A list of primary keys, each a list of values; None once forgotten."
    )
    span = models.JSONField(
        null=True, help_text="[sum of hashes, least, greatest] of these keys, where the system worked it out itself."
    )
    people = models.JSONField(
        null=True, help_text="Of a run by withdrawn consent: ids of the people among whom these rows' are."
    )

    class Meta:
        ordering = ("finding", "number")
        constraints = [models.UniqueConstraint(fields=("finding", "number"), name="chunk_once")]

    def __str__(self) -> str:
        return f"Chunk {self.number} of {self.finding_id}"


class Receipt(models.Model):
    """One chunk of one order was done, checked in the other system before its commit."""

    order = models.ForeignKey(WorkOrder, on_delete=models.PROTECT, related_name="receipts")
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="receipts")
    rows = models.PositiveIntegerField(help_text="Rows in the state that was wanted, after the work.")
    changed = models.PositiveIntegerField(help_text="Rows that this very pass changed; a repeat changes none.")
    moved = models.PositiveIntegerField(
        default=0, help_text="Rows left alone because they are no longer this person's."
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("order", "chunk"), name="one_receipt_per_chunk")]

    def __str__(self) -> str:
        return f"Receipt {self.order_id}/{self.chunk_id}"
