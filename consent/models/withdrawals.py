"""Nouns: a No on its way to the systems that use the purpose."""

from django.db import models

from audit.leases import Leased
from connectors.models import Batch
from consent.models.choices import Choice


class Withdrawal(Leased):
    """One No that other systems must learn of: written with the choice, carried on by the sweep, once."""

    class State(models.TextChoices):
        OPEN = "open", "To be carried on"
        SEARCHING = "searching", "Searching the systems"
        STOPPING = "stopping", "Switching off"
        DONE = "done", "Done"
        NOTHING = "nothing", "No system has a switch for it"
        OVERTAKEN = "overtaken", "The person said Yes again"

    choice = models.OneToOneField(Choice, primary_key=True, on_delete=models.PROTECT, related_name="withdrawal")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-noted_at",)
        indexes = [
            models.Index(
                fields=("noted_at",), name="withdrawal_on_its_way",
                condition=models.Q(state__in=("open", "searching", "stopping")),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"Withdrawal {self.pk}"
