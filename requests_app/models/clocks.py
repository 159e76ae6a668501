"""The dates of a request, and what moves or watches them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from requests_app.models.mail import Letter
from requests_app.models.requests import Request, Right
from subjects.fields import EncryptedTextField


class Clock(models.Model):
    """One date that one law (or the company's own target) sets for a request, with how it was computed."""

    class Kind(models.TextChoices):
        ACKNOWLEDGE = "acknowledge", "Acknowledge"
        RESPOND = "respond", "Answer"
        TARGET = "target", "Our own target"

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="clocks")
    kind = models.CharField(max_length=12, choices=Kind)
    statute = models.CharField(max_length=40, help_text='The law; "company" for our own target.')
    name = models.CharField(max_length=40, blank=True, help_text="The clock of that law: standard, appeal ...")
    version = models.CharField(max_length=64)
    cite = models.CharField(max_length=120)
    start_on = models.DateField()
    start_at = models.DateTimeField(help_text="The event that started it.")
    due_on = models.DateField()
    due_at = models.DateTimeField(db_index=True, help_text="The first instant that is too late.")
    extended_on = models.DateField(null=True, blank=True, help_text="The latest day, were it extended.")
    notice_by = models.DateField(null=True, blank=True, help_text="The last day to tell the person of an extension.")
    extended_at = models.DateTimeField(null=True, blank=True, help_text="When it was extended, if it was.")
    paused_at = models.DateTimeField(null=True, blank=True, help_text="Set while this law lets it stand still.")
    steps = models.JSONField(default=list, help_text="The calculation, a sentence a step.")
    met_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True, help_text="When a step that raises it was reached.")
    next_step_at = models.DateTimeField(null=True, blank=True, help_text="When the sweep must look at it next.")

    class Meta:
        ordering = ("due_at",)
        constraints = [models.UniqueConstraint(fields=("request", "kind", "statute"), name="clock_once_per_law")]
        indexes = [
            models.Index(fields=("due_at",), condition=Q(met_at=None), name="running_clocks"),
            models.Index(
                fields=("request", "kind"),
                condition=Q(met_at=None, paused_at=None, breached_at__isnull=False),
                name="missed_clocks",
            ),
            models.Index(fields=("id", "request"), condition=Q(met_at=None, paused_at=None), name="running_by_id"),
            models.Index(
                fields=("request",),
                condition=Q(met_at=None, paused_at=None, escalated_at__isnull=False),
                name="escalated_clocks",
            ),
            models.Index(fields=("next_step_at",), condition=Q(met_at=None, paused_at=None), name="clocks_to_look_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.due_on}"


class Pause(models.Model):
    """We asked the person and wait: an interval that each law treats in its own way."""

    class Reason(models.TextChoices):
        IDENTITY = "identity", "Proof of identity"
        CLARIFICATION = "clarification", "What is meant"
        AUTHORITY = "authority", "Proof of an agent's authority"
        FEE = "fee", "A fee"

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="pauses")
    reason = models.CharField(max_length=14, choices=Reason)
    question = EncryptedTextField(help_text="What we asked, in words for the person.")
    answer = EncryptedTextField(blank=True, default="", help_text="The person's own words.")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    letter = models.ForeignKey(Letter, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("asked_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("request",), condition=Q(answered_at=None), name="one_open_question_per_request"
            ),
            models.CheckConstraint(
                name="pause_ends_after_it_began",
                condition=Q(answered_at=None) | Q(answered_at__gte=models.F("asked_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} asked of {self.request_id}"


class Extension(models.Model):
    """The time for one request was lengthened, with a reason that its law knows, and the person was told."""

    request = models.OneToOneField(Request, on_delete=models.CASCADE, related_name="extension")
    reason = models.CharField(max_length=40, help_text="A code of the law: complexity, number_of_requests ...")
    note = models.TextField(help_text="The reason in words for the person; it stands in the letter.")
    due_on = models.DateField(help_text="The new strictest day.")
    granted_at = models.DateTimeField()
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    letter = models.ForeignKey(Letter, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"Extended to {self.due_on}"


class WarningStep(models.Model):
    """When colleagues are warned of a deadline, and whether it is then raised to the managers. Set by a manager."""

    class Basis(models.TextChoices):
        SHARE = "share", "Percent of the time that has passed"
        DAYS = "days", "Days before the end"

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    basis = models.CharField(max_length=5, choices=Basis)
    value = models.PositiveSmallIntegerField(help_text="50 for half of the time; 3 for three days before the end.")
    escalates = models.BooleanField(default=False, help_text="Put it before the managers, not only the owner.")
    active = models.BooleanField(default=True)
    pending = models.BooleanField(default=False, editable=False, help_text="Has not reached the running clocks yet.")

    class Meta:
        ordering = ("basis", "value")
        permissions = [("manage_deadlines", "Can set warning steps, own targets and days off")]

    def __str__(self) -> str:
        return self.name


class ClockWarning(models.Model):
    """One step was reached on one clock: given once, never again."""

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="warnings")
    step = models.ForeignKey(WarningStep, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("clock", "step"), name="warning_once")]

    def __str__(self) -> str:
        return f"{self.step_id} on {self.clock_id}"


class OwnTarget(models.Model):
    """The company's own promise to itself: this right is answered within so many of its working days."""

    right = models.CharField(max_length=30, choices=Right, unique=True)
    working_days = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.get_right_display()}: {self.working_days} working days"


class DayOff(models.Model):
    """A day on which the company does not work, besides weekends and the holidays of its establishment."""

    day = models.DateField(unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ("day",)
        verbose_name_plural = "days off"

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
