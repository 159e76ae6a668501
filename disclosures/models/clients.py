"""Clients: controllers for whom we process, and what they instructed us to do (GDPR art. 28)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from inventory.models import System


class Client(models.Model):
    """A controller for whom we process. The systems that hold its data name it in the inventory."""

    class Authorisation(models.TextChoices):
        """How it lets us use sub-processors: art. 28(2)."""

        GENERAL = "general", "General: told before, may object"
        SPECIFIC = "specific", "Specific: must agree to each"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120, unique=True, help_text="As the systems of the inventory name it.")
    contact = models.EmailField(blank=True, help_text="Where notices about sub-processors go.")
    language = models.CharField(max_length=12, default="en")
    contract = models.CharField(max_length=120, blank=True, help_text="The contract under art. 28(3).")
    contract_from = models.DateField("contract since", null=True, blank=True)
    contract_until = models.DateField("contract until", null=True, blank=True, help_text="Empty: until further notice.")
    authorisation = models.CharField(
        "sub-processors", max_length=10, choices=Authorisation, default=Authorisation.GENERAL
    )
    notice_days = models.PositiveSmallIntegerField(
        "days of notice", null=True, blank=True, help_text="Agreed with this client; empty: as for all."
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                name="client_contract_ends_after_it_began",
                condition=Q(contract_from=None) | Q(contract_until=None) | Q(contract_until__gte=F("contract_from")),
                violation_error_message="The contract ends before it began.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def systems(self) -> "models.QuerySet[System]":
        """Where its data is."""
        return System.objects.filter(role=System.Role.PROCESSOR, client=self.name).order_by("name")


class Instruction(models.Model):
    """What a client told us to do with its data: a documented instruction, art. 28(3)(a)."""

    class Kind(models.TextChoices):
        PROCESS = "process", "Process as described, until further notice"
        ONCE = "once", "Do this once"
        RETURN = "return", "Return the data, then delete it"
        DELETE = "delete", "Delete the data"

    class State(models.TextChoices):
        IN_FORCE = "in_force", "In force"
        DOUBTED = "doubted", "We told them that it infringes the law"
        DONE = "done", "Carried out"
        ENDED = "ended", "Ended"

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="instructions")
    kind = models.CharField(max_length=8, choices=Kind)
    given_on = models.DateField(help_text="The day on which it was given.")
    given_by = models.CharField(max_length=120, help_text="Who gave it, by their function: head of personnel.")
    way = models.CharField(
        "how it came", max_length=120, help_text="Contract, annex 2; mail; by phone, confirmed on ..."
    )
    processing = models.TextField(help_text="Which processing, with which data, what for. No names of people.")
    systems = models.ManyToManyField(System, blank=True, related_name="instructions", help_text="Where it holds.")
    due_on = models.DateField(null=True, blank=True, help_text="If there is a day by which it has to be done.")
    state = models.CharField(max_length=10, choices=State, default=State.IN_FORCE, db_index=True)
    settled_on = models.DateField(null=True, blank=True, help_text="When it was carried out or ended.")
    words = models.TextField(blank=True, help_text="What was done, or why we think that it infringes the law.")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-given_on", "-pk")
        permissions = [("settle_instruction", "Can carry out, doubt and end instructions of clients")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.given_on})"
