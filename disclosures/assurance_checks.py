"""What this app answers for, in the notice's promises."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from audit.assurance import Finding, check
from disclosures import sites
from disclosures.models import Disclosure, ExternalSite, Notice, Recipient

# A recipient confirms within a month, as long as we have to answer the person.
CONFIRM_DAYS = 30


@check("P9", "disclosures.contracts", "Every active recipient has a country and a contract")
def contracts() -> Finding:
    """Counts active recipients without one of them."""
    active = Recipient.objects.filter(active=True)
    bare = active.filter(Q(country="") | Q(contract="")).count()
    return Finding(not bare, f"{bare} of {active.count()} active recipients lack one.")


@check("P9", "disclosures.told", "No recipient waits to be told because of a failure")
def told() -> Finding:
    """Counts parked notices."""
    parked = Notice.objects.filter(state=Notice.State.PARKED).count()
    return Finding(not parked, f"{parked} notices wait for a colleague.")


@check("P9", "disclosures.confirmed", "Recipients confirm what they were asked to do")
def confirmed() -> Finding:
    """Counts notices that were sent more than CONFIRM_DAYS ago and not confirmed."""
    old = timezone.now() - timedelta(days=CONFIRM_DAYS)
    silent = Notice.objects.filter(state=Notice.State.SENT, sent_at__lt=old).count()
    return Finding(not silent, f"{silent} notices have been unconfirmed for more than {CONFIRM_DAYS} days.")


@check("P9", "disclosures.to_active", "Nothing was passed to a recipient that is switched off")
def to_active() -> Finding:
    """Counts entries of the last 30 days whose recipient is inactive."""
    recent = Disclosure.objects.filter(disclosed_at__gt=timezone.now() - timedelta(days=30))
    stray = recent.filter(recipient__active=False).count()
    return Finding(not stray, f"{stray} of {recent.count()} disclosures of the last 30 days went to one.")


@check("P12", "disclosures.sites_reviewed", "The policy of every external site was read in its time")
def sites_reviewed() -> Finding:
    """Counts sites in use whose review is overdue."""
    late = sites.overdue(timezone.localdate()).count()
    used = ExternalSite.objects.filter(state=ExternalSite.State.IN_USE).count()
    return Finding(not late, f"{late} of {used} external sites should have been reviewed by now.")
