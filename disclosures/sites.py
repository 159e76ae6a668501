"""The register of other companies' sites that our pages link to (P12): what they are, and that somebody read their policy."""

from datetime import date

from django.contrib.auth.models import User
from django.db.models import QuerySet

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from disclosures import policies
from disclosures.models import ExternalSite
from law import calendars


def addresses() -> dict[str, int]:
    """Each address that the register knows, with its id; retired ones too, for their page says so. One query."""
    return {bare(address): pk for address, pk in ExternalSite.objects.values_list("address", "pk")}


def bare(address: str) -> str:
    """An address without what makes no difference: a last slash, capitals of its host."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{path}".rstrip("/")


def overdue(today: date) -> "QuerySet[ExternalSite]":
    """Sites in use whose policy should have been read again, or never was."""
    return ExternalSite.objects.filter(state=ExternalSite.State.IN_USE, review_due__lt=today)


def reviewed(site: ExternalSite, *, by: User, on: date) -> None:
    """Somebody looked at the site and read its policy: as it stands now it is what coming looks are compared with, and the
    review is due again after its months. Raises Refused for a retired one.
    """
    if not by.has_perm("disclosures.change_externalsite"):
        raise Refused("Your role may not review external sites. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        row = ExternalSite.objects.select_for_update().get(pk=site.pk)
        if row.state != ExternalSite.State.IN_USE:
            raise Refused("This site is retired. Put it to use again first.", code="site_retired")
        row.reviewed_on, row.review_due = on, calendars.add_months(on, row.review_months)
        row.save(update_fields=["reviewed_on", "review_due"])
        policies.read_now(row)
        log.record("site.reviewed", actor=actors.staff(by.pk), noun=row, reviewed_on=on, review_due=row.review_due)
