"""Within which limits the runs of a schedule need nobody's approval, and what counts as unusual."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from retention.models.schedules import Schedule

PERCENT = [MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(100))]


class Limits(models.Model):
    """The limits of one schedule. Automatic only when a colleague other than its author granted it; an edit takes that back."""

    schedule = models.OneToOneField(Schedule, on_delete=models.CASCADE, related_name="limits")
    most_rows = models.PositiveBigIntegerField(default=10_000, help_text="Automatic: no more rows than this.")
    most_percent = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal(5), validators=PERCENT,
        help_text="Automatic: no more of the collection than this, in percent.",
    )  # fmt: skip
    manual_runs = models.PositiveIntegerField(
        default=3, validators=[MinValueValidator(1)],
        help_text="Automatic only after so many runs that a person approved and that left nothing undone.",
    )  # fmt: skip
    growth = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal("1.5"), validators=[MinValueValidator(1)],
        help_text="Automatic: no more than so many times the most of the last runs.",
    )  # fmt: skip
    last_runs = models.PositiveIntegerField(
        default=5, validators=[MinValueValidator(1)], help_text="How many finished runs count as the last ones."
    )
    usual_factor = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal(3), validators=[MinValueValidator(1)],
        help_text="Unusual: more than so many times the median of the last runs.",
    )  # fmt: skip
    unusual_percent = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal(50), validators=PERCENT,
        help_text="Unusual: more of the collection than this, in percent.",
    )  # fmt: skip
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("schedule",)
        verbose_name_plural = "limits"
        constraints = [
            models.CheckConstraint(
                name="limits_granted_by_somebody",
                condition=Q(granted_by__isnull=True, granted_at__isnull=True)
                | Q(granted_by__isnull=False, granted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Limits of {self.schedule_id}"
