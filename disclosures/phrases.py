"""What this room says to people in the company's own words."""

from collections.abc import Iterable

from disclosures.models import Disclosure, ExternalSite, ListChange, Recipient, StandingDisclosure
from inventory import phrases

# Disclosures whose occasions are looked at: a ledger may hold millions, and says the same few things.
NEWEST = 5_000


@phrases.source
def of_recipients() -> Iterable[str]:
    """What recipients are, on what basis data goes abroad, on which occasions it was passed on, and whose pages we link to."""
    for row in Recipient.objects.filter(active=True).values_list("kind", "transfer_basis"):
        yield from row
    yield from StandingDisclosure.objects.exclude(group="").values_list("group", flat=True)
    # What our own work says is translated in the catalogues.
    by_others = Disclosure.objects.sound().exclude(source=Disclosure.Source.CONNECTOR)
    newest = by_others.order_by("-disclosed_at").values_list("occasion", flat=True)
    yield from set(newest[:NEWEST])
    yield from ExternalSite.objects.values_list("about", flat=True)
    for row in ListChange.objects.values_list("service", "words"):
        yield from row
