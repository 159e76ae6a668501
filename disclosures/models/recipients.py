"""Somebody outside who gets personal data from us: as what, under which contract, where, which data and what for."""

from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory.models import DataCategory, Purpose
from law import transfers

REVIEW_MONTHS = 12
LONGEST_BASIS = 120
# The words of law's bases, as people read them in their package.
BASES = {
    transfers.ADEQUACY: _("Adequacy decision"),
    transfers.FRAMEWORK: _("Data Privacy Framework (certified in the USA)"),
    transfers.CLAUSES: _("Standard contractual clauses"),
    transfers.RULES: _("Binding corporate rules"),
    transfers.OTHER: _("Code of conduct, certification or approved clauses"),
    transfers.DEROGATION: _("Derogation for specific situations"),
}


def first_review() -> date:
    """When somebody looks again at what is entered today, unless they say otherwise."""
    return timezone.localdate() + timedelta(days=365)


class Recipient(models.Model):
    """Somebody outside who gets personal data from us."""

    class Role(models.TextChoices):
        PROCESSOR = "processor", _("Service provider (processor)")
        SUB_PROCESSOR = "sub_processor", _("Sub-processor")
        CONTROLLER = "controller", _("Independent controller")
        JOINT = "joint", _("Joint controller")
        AUTHORITY = "authority", _("Public authority")
        ADVERTISER = "advertiser", _("Advertiser")
        THIRD_PARTY = "third_party", _("Third party (sale or sharing)")

    class Ccpa(models.TextChoices):
        """What they are in California: Cal. Civ. Code 1798.140(ag), (j), (ai)."""

        SERVICE_PROVIDER = "service_provider", "Service provider"
        CONTRACTOR = "contractor", "Contractor"
        THIRD_PARTY = "third_party", "Third party"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=14, choices=Role)
    kind = models.CharField(max_length=60, help_text="Employer, contractor, advertising network ...")
    contact = models.EmailField(help_text="Where notices of erasure and correction go.")
    country = models.CharField(max_length=2, help_text="Where they are: two letters, such as DE.")
    transfer_basis = models.CharField(
        max_length=120, blank=True, help_text="In words for people; empty: the basis of the transfers below."
    )
    contract = models.CharField(max_length=120, blank=True, help_text="Its name or number.")
    contract_from = models.DateField("contract since", null=True, blank=True)
    contract_until = models.DateField("contract until", null=True, blank=True, help_text="Empty: until further notice.")
    ccpa = models.CharField(
        "in California",
        max_length=16,
        choices=Ccpa,
        blank=True,
        help_text="By the terms of the contract (1798.100(d)).",
    )
    sold = models.BooleanField(
        "data is sold to them", default=False, help_text="For money or anything else of value (1798.140(ad))."
    )
    shared = models.BooleanField(
        "data is shared with them", default=False, help_text="For advertising across contexts (1798.140(ah))."
    )
    categories = models.ManyToManyField(DataCategory, blank=True, related_name="recipients")
    receives_everyone = models.BooleanField(
        default=False, help_text="Gets these categories of everyone, so there is no entry per person."
    )
    active = models.BooleanField(default=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="Who reviews it, and is reminded; else the privacy officers are.",
    )  # fmt: skip
    review_months = models.PositiveSmallIntegerField("review every (months)", default=REVIEW_MONTHS)
    reviewed_on = models.DateField(null=True, blank=True)
    review_due = models.DateField(default=first_review, db_index=True)

    class Meta:
        ordering = ("name",)
        permissions = [("import_recipient", "Can bring recipients in from CSV")]
        constraints = [
            models.CheckConstraint(
                name="no_sale_to_a_service_provider",
                condition=~Q(ccpa__in=("service_provider", "contractor")) | Q(sold=False, shared=False),
                violation_error_message="Data is neither sold to nor shared with a service provider or contractor.",
            ),
            models.CheckConstraint(
                name="contract_ends_after_it_began",
                condition=Q(contract_from=None) | Q(contract_until=None) | Q(contract_until__gte=F("contract_from")),
                violation_error_message="The contract ends before it began.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def sold_or_shared(self) -> bool:
        """Whether an opt-out of sale and sharing concerns them."""
        return self.sold or self.shared or self.role == self.Role.THIRD_PARTY

    @property
    def basis(self) -> str:
        """On what its transfers stand, in words: its own, else those of its rows, else the decision that covers its country.

        Reads the transfers, which may be prefetched.
        """
        if self.transfer_basis:
            return self.transfer_basis
        rows = [one for one in self.transfers.all() if one.basis and one.ended_on is None]
        said = [f"{one.get_basis_display()} ({one.country})" for one in rows]
        regime = next((one for one in settings.TRANSFER_REGIMES if one in transfers.REGIMES), transfers.EU)
        known = transfers.decision(regime, self.country, timezone.localdate())
        if not said and known is not None and not known.certified and not transfers.at_home(regime, self.country):
            said = [f"{BASES[transfers.ADEQUACY]} {known.cite}"]
        return "; ".join(said)[:LONGEST_BASIS]


class Transfer(models.Model):
    """A country to which this recipient's data goes, and why it may."""

    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="transfers")
    country = models.CharField(max_length=2)
    basis = models.CharField(max_length=12, choices=list(BASES.items()), blank=True)
    assessed_on = models.DateField("law there assessed on", null=True, blank=True)
    assessment = models.CharField(
        max_length=120, blank=True, help_text="Where the assessment is kept: a name or a number."
    )
    certified_until = models.DateField(null=True, blank=True, help_text="Of the Data Privacy Framework list.")
    derogation = models.CharField(max_length=16, choices=list(transfers.DEROGATIONS.items()), blank=True)
    ended_on = models.DateField("ended", null=True, blank=True, help_text="No data of ours is there any more.")

    class Meta:
        ordering = ("country",)
        constraints = [models.UniqueConstraint(fields=("recipient", "country"), name="transfer_once_per_country")]

    def __str__(self) -> str:
        return self.country

    @property
    def claim(self) -> transfers.Claim:
        """What the rules of law need to know of it."""
        return transfers.Claim(self.country, self.basis, self.assessed_on, self.certified_until, self.derogation)


class Grant(models.Model):
    """A category of data that this recipient gets for a purpose."""

    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="grants")
    category = models.ForeignKey(DataCategory, on_delete=models.PROTECT, related_name="grants")
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="grants")

    class Meta:
        ordering = ("category", "purpose")
        verbose_name = "category for a purpose"
        verbose_name_plural = "categories and what they are for"
        constraints = [models.UniqueConstraint(fields=("recipient", "category", "purpose"), name="grant_once")]

    def __str__(self) -> str:
        return f"{self.category_id} for {self.purpose_id}"
