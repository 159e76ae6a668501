"""How gently retention works in a system: when it may run there, how fast, and when it has to back off."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from connectors import hours
from inventory.models import System

EXAMPLE = "Mon-Fri 22:00-05:00, Sat-Sun 00:00-24:00"


def a_zone(value: str) -> None:
    """Refuses what is no time zone."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError("This is no time zone. Write it like Europe/Berlin.") from None


def some_hours(value: str) -> None:
    """Refuses what cannot be read as hours."""
    try:
        hours.read(value)
    except ValueError:
        raise ValidationError(f"Write the hours like this: {EXAMPLE}.") from None


class Throttle(models.Model):
    """The limits of one system. Without one, retention works there at any hour as fast as the system lets it.

    They bind what schedules erase. A person's request has its own deadline and is not made to wait for a window.
    """

    system = models.OneToOneField(System, on_delete=models.PROTECT, related_name="throttle")
    hours = models.CharField(
        max_length=300, blank=True, validators=[some_hours],
        help_text=f"When retention may erase there, such as: {EXAMPLE}. Empty: at any hour.",
    )  # fmt: skip
    zone = models.CharField(
        max_length=60, default="UTC", validators=[a_zone], help_text="Time zone of the hours, such as Europe/Berlin."
    )
    rows_per_second = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="No more rows a second than this; empty: no limit.",
    )
    pause_ms = models.PositiveIntegerField(default=0, help_text="Rest after each chunk, in milliseconds.")
    slow_ms = models.PositiveIntegerField(
        default=1000, validators=[MinValueValidator(1)],
        help_text="A chunk that takes longer than this makes us rest for as long as it took, and longer while it stays so.",
    )  # fmt: skip
    lag_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="PostgreSQL: rest while a replica is further behind than this; empty: not looked at.",
    )

    class Meta:
        ordering = ("system__name",)

    def __str__(self) -> str:
        return f"Limits of {self.system}"
