"""Nouns: the company's own sites that show our banner, the words they show, and each answer that came from one."""

from django.db import models

from consent.models.choices import Device
from inventory.models import Purpose


class Regime(models.TextChoices):
    """What holds before anybody chose."""

    OPT_IN = "opt_in", "Nothing before a Yes"
    OPT_OUT = "opt_out", "In use until a No"
    NONE = "none", "In use, nobody is asked"


class Site(models.Model):
    """A site of the company that embeds the banner."""

    key = models.SlugField(max_length=40, unique=True, help_text="Stands in the page as data-site.")
    name = models.CharField(max_length=80, help_text="As people know it: www.company.example")
    origins = models.TextField(help_text="Whose pages may show the banner. One per line: https://www.company.example")
    purposes = models.ManyToManyField(
        Purpose, blank=True, related_name="sites", help_text="What scripts and cookies on this site serve."
    )
    elsewhere = models.CharField(
        max_length=8, choices=Regime, default=Regime.OPT_IN,
        help_text="For regions of whose law we know nothing.",
    )  # fmt: skip
    unknown = models.CharField(
        max_length=8,
        choices=Regime,
        default=Regime.OPT_IN,
        help_text="Where nobody says from which region a visitor comes.",
    )
    regions = models.TextField(
        blank=True, help_text="Regions that you treat otherwise than their law, one per line: US-CA=opt_in"
    )
    ask_again_days = models.PositiveSmallIntegerField(
        default=365, help_text="How long an answer holds. Under a year, California does not let you ask again."
    )
    colour = models.CharField(max_length=7, blank=True, help_text="As #rrggbb; empty: as the privacy centre.")
    night_colour = models.CharField(
        "colour at night", max_length=7, blank=True, help_text="Empty: as the privacy centre."
    )
    active = models.BooleanField(default=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("key",)
        verbose_name = "site with our banner"
        verbose_name_plural = "sites with our banner"

    def __str__(self) -> str:
        return self.name


class SiteText(models.Model):
    """What the banner of a site says in one language. Empty: our own words."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=12, default="en")
    title = models.CharField(max_length=80, blank=True)
    body = models.TextField(max_length=600, blank=True, help_text="Plain text.")

    class Meta:
        verbose_name = "text"
        ordering = ("language",)
        constraints = [models.UniqueConstraint(fields=("site", "language"), name="site_text_once")]

    def __str__(self) -> str:
        return self.language


class BannerAnswer(models.Model):
    """One answer that a banner sent, by its own key: sent again after a lost answer, it is not recorded again."""

    class Button(models.TextChoices):
        ACCEPT = "accept", "Accept all"
        REFUSE = "refuse", "Refuse all"
        SAVE = "save", "Save my choices"
        WITHDRAW = "withdraw", "Withdraw"
        SIGNAL = "signal", "Browser's signal"

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="answers")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="answers")
    key = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was sent: a key stands for one answer only.")
    button = models.CharField(max_length=8, choices=Button)
    region = models.CharField(max_length=12, blank=True)
    answered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("site", "key"), name="banner_answer_once")]

    def __str__(self) -> str:
        return f"{self.get_button_display()} on {self.site_id}"
