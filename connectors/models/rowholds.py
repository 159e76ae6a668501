"""Holds on rows, whoever's they are."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from inventory.models import Collection, System
from subjects.fields import EncryptedJSONField


class RowHold(models.Model):
    """While a hold is active no erasure touches these rows: a whole system's, a collection's, or those of a collection in which
    a field holds one of some values. Two people end it.
    """

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="row_holds")
    collection = models.ForeignKey(
        Collection, null=True, blank=True, on_delete=models.PROTECT, related_name="row_holds"
    )
    field = models.CharField(
        max_length=120, blank=True, help_text="Only rows in which this field holds one of the values."
    )
    values = EncryptedJSONField(default=list, help_text="What the field holds: one of these.")
    matter = models.CharField(max_length=120, help_text="The case or claim, without names.")
    reason = models.TextField()
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

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="row_hold_released_by_two_people",
                condition=Q(released_at=None)
                | (
                    Q(release_asked_by__isnull=False)
                    & Q(released_by__isnull=False)
                    & ~Q(release_asked_by=F("released_by"))
                ),
            ),
            models.CheckConstraint(
                name="row_hold_field_is_of_a_collection", condition=Q(field="") | Q(collection__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Hold {self.matter}"
