"""What a notice has to name beside the inventory: who gets data, and how long it is kept. Only the roof sees these rooms."""

from django.utils.text import slugify

from consent.naming import Thing, kind, link
from disclosures.models import Recipient
from retention import scopes
from retention.models import Schedule


@kind("recipients", "Recipients")
def _recipients() -> list[Thing]:
    """Everybody who gets data now; naming a kind of recipients names each of them."""
    found = []
    for one in Recipient.objects.filter(active=True).order_by("name"):
        within = ((f"kind-{slugify(one.kind)}", one.kind),) if one.kind else ()
        found.append(Thing("recipients", one.key, one.name, one.name, "", link(one), within))
    return found


@kind("retention", "Retention periods")
def _periods() -> list[Thing]:
    found = []
    rows = Schedule.objects.filter(active=True).select_related("collection").order_by("title")
    for one in scopes.holding(list(rows)):
        period = one.kept_for
        words = f"{one.collection.title}: {period}"
        found.append(Thing("retention", one.key, one.title, words, period, link(one)))
    return found
