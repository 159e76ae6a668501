"""What a look at anonymised rows found, and what a colleague decided about it."""

from django.conf import settings
from django.db import models

from retention.models.runs import Run


class AnonymityCheck(models.Model):
    """One look at what a run anonymised. Where it is not anonymous, the run waits for a colleague."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="anonymity")
    anonymous = models.BooleanField()
    facts = models.JSONField(default=dict, help_text="By collection: k, unique rows, l, strategies, links; no values.")
    checked_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return "anonymised" if self.anonymous else "pseudonymised"
