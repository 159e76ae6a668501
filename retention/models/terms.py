"""What a schedule says: the same columns in the schedule, where they hold, and in each of its versions, where they stay."""

from datetime import date
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models

from inventory.models import Collection, DataCategory, Purpose
from retention import cutoffs


class Trigger(models.TextChoices):
    """What the period begins with."""

    CREATED = "created", "The row was made"
    ACTIVITY = "activity", "Last activity (the latest of several dates)"
    CLOSED = "closed", "The account was closed"
    CONTRACT = "contract", "The contract ended"
    EVENT = "event", "A date of its own (an invoice, a decision)"
    WITHDRAWN = "withdrawn", "Consent was withdrawn"


class Action(models.TextChoices):
    """What happens when the time is over."""

    DELETE = "delete", "Delete"
    ANONYMISE = "anonymise", "Anonymise"
    ARCHIVE = "archive", "Move to a sealed archive"


class Basis(models.TextChoices):
    """Why it is kept so long, the strongest first."""

    DUTY = "duty", "A law obliges us to keep it"
    LIMIT = "limit", "A law or an authority sets the longest time"
    CLAIMS = "claims", "Claims may be brought until then"
    CONTRACT = "contract", "The contract needs it"
    NEED = "need", "The business needs it"
    CONSENT = "consent", "The person agreed"


class Terms(models.Model):
    """How long rows of one collection are kept for one purpose, from when on, why, and what happens then."""

    class Unit(models.TextChoices):
        DAYS = "days", "days"
        MONTHS = "months", "months"
        YEARS = "years", "years"

    title = models.CharField(max_length=120)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="%(class)ss")
    purpose = models.ForeignKey(
        Purpose, null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss",
        help_text="For what it is kept. Where withdrawn consent begins the time and no dates are named: consent to this.",
    )  # fmt: skip
    category = models.ForeignKey(
        DataCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="What kind of data this is about.",
    )  # fmt: skip
    period = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    unit = models.CharField(max_length=6, choices=Unit)
    trigger = models.CharField(
        max_length=10, choices=Trigger, default=Trigger.CREATED, help_text="What the period begins with."
    )
    year_ends = models.CharField(
        "year ends on",
        max_length=5, blank=True, default="", db_default="",
        help_text="Month and day, as 12-31: the period begins when the year of the date is over. Empty: with the date itself.",
    )  # fmt: skip
    dates = models.CharField(
        max_length=300, blank=True,
        help_text="Fields that tell it, with commas between: last_login, accounts.closed_at. Empty: the field that dates the "
        "collection; for withdrawn consent our own ledger of choices, by the purpose. Of several the latest counts.",
    )  # fmt: skip
    action = models.CharField(max_length=10, choices=Action, default=Action.DELETE)
    basis = models.CharField(
        max_length=10, choices=Basis, default=Basis.NEED, help_text="Decides between schedules of the same rows."
    )
    reason = models.TextField(help_text="Why this long: the law, the claim period, the contract.")
    cite = models.CharField("section", max_length=200, blank=True, help_text="The section, for example HGB §257(4).")
    every_days = models.PositiveIntegerField(default=1, help_text="A run is proposed this often.")
    grace_hours = models.PositiveIntegerField(default=24, help_text="Between approval and start.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Who answers for it.",
    )  # fmt: skip
    group_by = models.CharField(
        "statistics: groups by",
        max_length=300, blank=True,
        help_text="Statistics that stay: count rows by these fields before they go, with commas between.",
    )  # fmt: skip
    sum_of = models.CharField(
        "statistics: sums of", max_length=300, blank=True, help_text="Number fields to add up in each group."
    )
    smallest = models.PositiveIntegerField(
        "statistics: smallest group",
        default=10,
        validators=[MinValueValidator(3)],
        help_text="Groups of fewer rows are merged.",
    )
    library = models.SlugField(max_length=60, blank=True, help_text="The entry of the library that it came from.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title

    @property
    def kept_for(self) -> str:
        """How long, in words of the desk."""
        return cutoffs.words(self.period, self.unit, self.year_ends)

    def cutoff(self, day: date) -> date:
        """Rows dated before this are past their date on that day. Raises ValueError where that cannot be counted."""
        return cutoffs.cutoff(day, self.period, self.unit, self.year_ends)


FIELDS = tuple(one.attname for one in Terms._meta.local_fields)


def copied(row: Terms) -> dict[str, Any]:
    """The terms of a schedule or a version, by column."""
    return {name: getattr(row, name) for name in FIELDS}
