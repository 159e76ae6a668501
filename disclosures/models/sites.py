"""Sites of others that our pages link to."""

from urllib.parse import urlsplit

from django.db import models

from audit.leases import Leased


class ExternalSite(models.Model):
    """A site of somebody else that our pages link to; people are told that they leave."""

    class State(models.TextChoices):
        IN_USE = "in_use", "In use"
        RETIRED = "retired", "Retired"

    name = models.CharField(max_length=120, help_text="Who runs it, as people know them.")
    address = models.URLField(
        max_length=300, unique=True, help_text="Where the link leads: https://www.partner.example/jobs"
    )
    about = models.CharField(
        "what it is", max_length=200, help_text="One sentence for people who are about to go there."
    )
    policy_address = models.URLField("its privacy policy", max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.IN_USE)
    reviewed_on = models.DateField(null=True, blank=True, help_text="When somebody last read its policy.")
    review_months = models.PositiveSmallIntegerField("read again every (months)", default=12)
    review_due = models.DateField(db_index=True, help_text="When somebody should read it again.")

    class Meta:
        ordering = ("name",)
        verbose_name = "external site"

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        """The host that a person sees in the address bar."""
        return urlsplit(self.address).hostname or ""


class PolicyWatch(Leased):
    """The policy of one site as we last saw it, looked at again when its time comes. Passages are hashes: no text is kept."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Not looked at yet"
        SAME = "same", "As it was read"
        CHANGED = "changed", "Changed since it was read"
        BROKEN = "broken", "Could not be opened"
        UNREADABLE = "unreadable", "Has no text to compare"
        UNSTEADY = "unsteady", "Says something else each time"

    site = models.OneToOneField(ExternalSite, on_delete=models.CASCADE, related_name="watch")
    address = models.URLField(max_length=300, help_text="What was looked at.")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.WAITING, db_index=True)
    reason = models.CharField(max_length=300, blank=True)
    looked_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    read = models.JSONField(default=list, help_text="Hashes of the passages that somebody read.")
    seen = models.JSONField(default=list, help_text="Hashes of the passages as they stand now.")
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="Looks in a row that failed or agreed with no other."
    )

    class Meta:
        verbose_name = "watch over a policy"
        verbose_name_plural = "watches over policies"

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.site_id}"
