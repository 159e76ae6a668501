"""Nouns: how the public pages look, and what the company says on them in its own words."""

from django.db import models
from django.db.models import Q


class Appearance(models.Model):
    """The company's look: one row, or none for the look that we bring."""

    class Font(models.TextChoices):
        BOOK = "book", "Headings with serifs, text without"
        PLAIN = "plain", "Without serifs throughout"
        CLASSIC = "classic", "With serifs throughout"
        HUMANIST = "humanist", "Humanist, without serifs"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=80, blank=True, help_text="On the public pages; empty: COMPANY_NAME.")
    colour = models.CharField(
        max_length=7, default="#17605a", help_text="Links and buttons on light pages, written as #rrggbb."
    )
    night_colour = models.CharField(
        "colour at night", max_length=7, blank=True, help_text="On dark pages; empty: worked out from the first."
    )
    font = models.CharField(
        max_length=10, choices=Font, default=Font.BOOK, help_text="Fonts that devices have already."
    )
    logo = models.BinaryField(blank=True, default=bytes, editable=False)
    logo_digest = models.CharField(max_length=64, blank=True, editable=False)
    rights = models.JSONField(
        "rights offered", default=list, blank=True, help_text="None ticked: every right that we can carry out."
    )
    left_out = models.JSONField(
        "fields left out", default=list, blank=True, help_text="Of the form: what this company does not ask."
    )
    embed_origins = models.TextField(
        "sites that may embed the form", blank=True, help_text="One per line: https://www.company.example"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "look of the privacy centre"
        verbose_name_plural = "look of the privacy centre"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="appearance_is_one_row")]

    def __str__(self) -> str:
        return "The privacy centre"


class AppearanceText(models.Model):
    """What the company says on its pages in one language. Empty: our own words."""

    appearance = models.ForeignKey(Appearance, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=12, default="en")
    home_title = models.CharField("title of the first page", max_length=80, blank=True)
    home_lead = models.TextField("lead of the first page", max_length=400, blank=True, help_text="Markdown.")
    contact = models.TextField(
        max_length=1000, blank=True, help_text="How to reach you besides the form: phone, post. Markdown."
    )
    footer = models.TextField(max_length=1000, blank=True, help_text="At the foot of each page. Markdown.")
    links = models.TextField(
        "further links", max_length=1000, blank=True, help_text="One per line: [Legal notice](https://…)"
    )

    class Meta:
        verbose_name = "text"
        ordering = ("language",)
        constraints = [models.UniqueConstraint(fields=("appearance", "language"), name="appearance_text_once")]

    def __str__(self) -> str:
        return self.language
