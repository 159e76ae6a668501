"""What the desk remembers for colleagues: their views of the queue, days that were counted, and what the checks last said."""

from django.conf import settings
from django.db import models


class SavedView(models.Model):
    """Filters of the queue under a name: a colleague's own, or shared with the team. No search words, so nobody's data."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    filters = models.JSONField(default=dict, help_text="Parameters of the queue's address.")
    shared = models.BooleanField(default=False, help_text="The whole team sees it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "pk")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=("owner", "name"), name="view_once_per_owner")]

    def __str__(self) -> str:
        return self.name


class FirstView(models.Model):
    """The view that a colleague's queue opens with."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="first_view")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.view_id}"


class CountedDay(models.Model):
    """What came and what was closed on one day, for all requests or for those of one right, law or channel.

    Figures of the charts: counted by a sweep, so that a page reads days and not requests. May be counted anew at any time.
    """

    class Kind(models.TextChoices):
        ALL = "all", "All"
        RIGHT = "right", "Right"
        LAW = "law", "Law"
        CHANNEL = "channel", "Channel"

    day = models.DateField(help_text="In the zone of the establishment.")
    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=40, blank=True)
    received = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0, help_text="Of those closed: answered after the law's day.")
    took = models.JSONField(default=dict, help_text="Of those closed: {days since receipt: how many}.")
    counted_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=("day", "kind", "key"), name="day_counted_once")]
        indexes = [models.Index(fields=("counted_at",), condition=models.Q(kind="all"), name="days_by_their_count")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.key}"


class CheckResult(models.Model):
    """What an assurance check said when it was last run by itself."""

    key = models.CharField(max_length=80, unique=True)
    ok = models.BooleanField()
    sentence = models.CharField(max_length=300)
    ran_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
