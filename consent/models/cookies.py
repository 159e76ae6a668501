"""Nouns: the register of cookies, and names that the banner saw which stand in no register."""

from django.db import models
from django.utils import timezone

from consent.models.sites import Site
from inventory.models import Purpose


class Cookie(models.Model):
    """A cookie of one site: what it is called, whose it is, what for and for how long."""

    class Party(models.TextChoices):
        FIRST = "first", "First party"
        THIRD = "third", "Third party"

    class Source(models.TextChoices):
        HAND = "hand", "By hand"
        CSV = "csv", "CSV"
        SEEN = "seen", "Seen by the banner"

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="cookies")
    name = models.CharField(
        max_length=80, help_text="The name, or a pattern: _ga_* stands for every name that begins so."
    )
    provider = models.CharField(max_length=120, help_text="Who sets and reads it.")
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="cookies")
    days = models.PositiveIntegerField("days kept", default=0, help_text="0: until the browser is closed.")
    party = models.CharField(max_length=5, choices=Party, default=Party.FIRST)
    source = models.CharField(max_length=4, choices=Source, default=Source.HAND, editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("site", "name")
        constraints = [models.UniqueConstraint(fields=("site", "name"), name="cookie_once")]

    def __str__(self) -> str:
        return self.name


class SeenCookie(models.Model):
    """A name that visitors' browsers reported and that the register does not know. Names only; a value never leaves them."""

    class State(models.TextChoices):
        OPEN = "open", "To register"
        REGISTERED = "registered", "Registered"
        IGNORED = "ignored", "Not ours"

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="seen")
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("state", "-last_seen_at")
        verbose_name = "cookie that was seen"
        verbose_name_plural = "cookies that were seen"
        constraints = [models.UniqueConstraint(fields=("site", "name"), name="seen_cookie_once")]
        permissions = [("decide_seencookie", "Can register or ignore a cookie that was seen")]

    def __str__(self) -> str:
        return self.name
