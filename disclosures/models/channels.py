"""How a recipient is told: by which way, by which sign of the person, until when it confirms."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from disclosures.models.recipients import Recipient
from inventory.models import Purpose
from subjects.fields import EncryptedTextField


def usual_days() -> int:
    """Days to confirm where nothing else was agreed."""
    return int(settings.CONFIRM_DAYS)


class Channel(models.Model):
    """What was agreed with one recipient about notices. A recipient without one is told by e-mail, by e-mail address."""

    class Kind(models.TextChoices):
        MAIL = "mail", "E-mail that names the person"
        PAGE = "page", "E-mail with a link to our page, where they see whom it is about"
        WEBHOOK = "webhook", "Signed webhook"
        DESK = "desk", "A colleague of ours does it by hand"

    class Names(models.TextChoices):
        EMAIL = "email", "E-mail address"
        ACCOUNT = "account_id", "Customer number"
        SHA256 = "sha256", "SHA-256 of the e-mail address (as advertising networks match)"
        HMAC = "hmac", "HMAC-SHA256 of the e-mail address under a key that both of us have"

    recipient = models.OneToOneField(Recipient, on_delete=models.PROTECT, related_name="channel")
    kind = models.CharField("way", max_length=8, choices=Kind, default=Kind.MAIL)
    address = models.CharField(
        max_length=300, blank=True,
        help_text="Webhook: where we POST to. By hand: the page of theirs that a colleague opens.",
    )  # fmt: skip
    how = models.TextField("how to do it", blank=True, help_text="For whoever does it by hand; no personal data.")
    names = models.CharField(
        "names the person by", max_length=12, choices=Names, default=Names.EMAIL,
        help_text="The one thing by which they find the person. Nothing else of the person is sent.",
    )  # fmt: skip
    purposes = models.ManyToManyField(
        Purpose, blank=True, related_name="channels",
        help_text="Told when consent to one of these is withdrawn, besides those whom the ledger names for it.",
    )  # fmt: skip
    confirms = models.BooleanField(
        "we expect them to confirm", default=True, help_text="Off: that our notice was taken is enough."
    )
    confirm_days = models.PositiveSmallIntegerField(
        "days to confirm", default=usual_days, validators=[MinValueValidator(1), MaxValueValidator(90)],
        help_text="After so many days they are reminded, after as many again a colleague is asked. By hand: our deadline.",
    )  # fmt: skip
    secret = EncryptedTextField(null=True, editable=False, help_text="Signs each message; shown once.")
    old_secret = EncryptedTextField(null=True, editable=False)
    old_until = models.DateTimeField(null=True, editable=False)
    naming_key = EncryptedTextField(null=True, editable=False, help_text="Makes the HMAC of addresses; shown once.")
    tested_at = models.DateTimeField(null=True, editable=False)
    tested_code = models.CharField(max_length=20, blank=True, editable=False)

    class Meta:
        ordering = ("recipient__name",)
        verbose_name = "way of telling"
        verbose_name_plural = "ways of telling"
        permissions = [
            ("test_channel", "Can send a test to a recipient"),
            ("rotate_channel", "Can change the secrets of a webhook"),
        ]
        constraints = [
            models.CheckConstraint(
                name="webhook_has_address_and_secret",
                condition=~Q(kind="webhook") | (~Q(address="") & Q(secret__isnull=False)),
            ),
            models.CheckConstraint(name="hmac_has_its_key", condition=~Q(names="hmac") | Q(naming_key__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}: {self.get_kind_display()}"
