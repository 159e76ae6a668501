"""What staff decided about single items of a package: hide one, or show another person's."""

from django.conf import settings
from django.db import models


class Redaction(models.Model):
    """One field of one row, hidden from or shown in the package although the rule says otherwise.

    It hangs on the request and the row, not on a finding: a search that runs again finds it in force.
    """

    class Action(models.TextChoices):
        REDACT = "redact", "Hide"
        REVEAL = "reveal", "Show"

    origin = models.CharField(max_length=64, help_text="The request whose package it is about.")
    dataset = models.CharField(max_length=60)
    collection = models.CharField(max_length=120)
    row = models.CharField(max_length=64, help_text="Keyed digest of the row's key; says nothing by itself.")
    field = models.CharField(max_length=120)
    action = models.CharField(max_length=10, choices=Action)
    reason = models.CharField(max_length=60, help_text="A code, for example rights_of_others.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("origin", "dataset", "collection", "row", "field"), name="one_word_per_item"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.field}"
