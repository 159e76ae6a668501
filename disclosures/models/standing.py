"""What a recipient gets all the time, of everyone or of a group, without an entry for each person."""

from django.db import models
from django.db.models import F, Q

from disclosures.models.recipients import Recipient
from inventory.models import Collection, DataCategory, Purpose


class StandingDisclosure(models.Model):
    """A recipient gets these categories of everyone, or of a group, from a day until a day, for a purpose.

    Nothing of it is changed later but its end: what a person was told last year must still be found. Other categories, or
    another group, are another one.
    """

    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="standing")
    categories = models.ManyToManyField(DataCategory, related_name="standing")
    purpose = models.ForeignKey(Purpose, null=True, blank=True, on_delete=models.PROTECT, related_name="standing")
    group = models.CharField(
        max_length=120, blank=True, help_text="Whose data, in words for the person: candidates. Empty: everyone's."
    )
    collections = models.ManyToManyField(
        Collection, blank=True, related_name="standing", help_text="The group: whoever has rows in one of these."
    )
    occasion = models.CharField(max_length=120, blank=True, help_text="How it goes over: nightly export ...")
    since_on = models.DateField("since", help_text="The first day.")
    until_on = models.DateField("until", null=True, blank=True, help_text="The last day; empty: it goes on.")

    class Meta:
        ordering = ("recipient__name", "-since_on")
        permissions = [("end_standingdisclosure", "Can end a standing disclosure")]
        constraints = [
            models.CheckConstraint(
                name="standing_ends_after_it_began", condition=Q(until_on=None) | Q(until_on__gte=F("since_on"))
            )
        ]

    def __str__(self) -> str:
        return f"Since {self.since_on}"


class PassingRule(models.Model):
    """Our work in this system hands data of the person to a recipient: whoever runs it. Each such work is an entry.

    For example: to search a mail provider for somebody is to give it their address.
    """

    class What(models.TextChoices):
        ASKED = "asked", "Every work order: it names the person"
        CHANGED = "changed", "Only orders that change data there"

    system = models.ForeignKey("inventory.System", on_delete=models.CASCADE, related_name="passing_rules")
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="passing_rules")
    categories = models.ManyToManyField(DataCategory, related_name="+", help_text="What it gets with each order.")
    purpose = models.ForeignKey(Purpose, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=10, choices=What, default=What.ASKED)
    active = models.BooleanField(default=True)
    begun_at = models.DateTimeField(auto_now_add=True)
    looked_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("system", "recipient"), name="passing_rule_once")]
        ordering = ("system__name",)

    def __str__(self) -> str:
        return f"Rule {self.pk}"
