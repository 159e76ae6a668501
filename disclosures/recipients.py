"""The register of recipients: what is missing about them, whose review is due, and the review itself (P9)."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet

from audit import actor as actors
from audit import log
from audit.refusal import Refused
from disclosures.models import Grant, Recipient
from inventory.models import DataCategory, Purpose
from law import calendars, transfers

MAY = "disclosures.change_recipient"
ENDS_SOON = timedelta(days=60)


def regimes() -> list[str]:
    """The laws on transfers that our exports fall under (TRANSFER_REGIMES)."""
    return [one for one in settings.TRANSFER_REGIMES if one in transfers.REGIMES]


def transfer_gaps(recipient: Recipient, on: date) -> list[transfers.Gap]:
    """What is missing for each country where this recipient has our data; reads the transfers, which may be prefetched."""
    claims = [one.claim for one in recipient.transfers.all() if one.ended_on is None]
    if recipient.country and recipient.country not in {one.country for one in claims}:
        claims.append(transfers.Claim(recipient.country))
    found = [transfers.gap(regime, claim, on) for claim in claims for regime in regimes()]
    return list(dict.fromkeys(one for one in found if one is not None))


def abroad(on: date) -> Iterator[tuple[Recipient, list[transfers.Gap]]]:
    """Active recipients with a transfer that does not stand, and why. Three queries, however many recipients are at home."""
    rows = Recipient.objects.filter(~Q(country__in=["", *_safe(on)]) | Q(transfers__isnull=False), active=True)
    for one in rows.distinct().prefetch_related("transfers").order_by("name"):
        if gaps := transfer_gaps(one, on):
            yield one, gaps


def _safe(on: date) -> list[str]:
    """Countries of recipients for which nothing need be on file."""
    codes = Recipient.objects.order_by().values_list("country", flat=True).distinct()
    return [one for one in codes if one and all(transfers.open_to_all(regime, one, on) for regime in regimes())]


def purposeless() -> "QuerySet[Recipient]":
    """Active recipients that get a category of data, and nobody said what for."""
    through = Recipient.categories.through.objects.filter(recipient_id=OuterRef("pk"))
    said = Grant.objects.filter(recipient_id=OuterRef("recipient_id"), category_id=OuterRef("datacategory_id"))
    return Recipient.objects.filter(Exists(through.filter(~Exists(said))), active=True)


def unsaid_sale() -> "QuerySet[Recipient]":
    """Active recipients that get data for a purpose that is sale or sharing, and are marked as neither."""
    sale = Grant.objects.filter(recipient=OuterRef("pk"), purpose__sale_or_sharing=True)
    unmarked = Recipient.objects.filter(active=True, sold=False, shared=False).exclude(role=Recipient.Role.THIRD_PARTY)
    return unmarked.filter(Exists(sale))


def overdue(today: date) -> "QuerySet[Recipient]":
    """Active recipients that should have been looked at again."""
    return Recipient.objects.filter(active=True, review_due__lt=today)


def ending(today: date) -> "QuerySet[Recipient]":
    """Active recipients whose contract has ended, or ends soon."""
    return Recipient.objects.filter(active=True, contract_until__lte=today + ENDS_SOON)


def ended(today: date) -> "QuerySet[Recipient]":
    """Active recipients whose contract is over."""
    return Recipient.objects.filter(active=True, contract_until__lt=today)


def grant(recipient: Recipient, pairs: Collection[tuple[int, int]], *, by: User) -> int:
    """Say which categories they get for which purposes: (category, purpose) ids, all of them; how many changed.

    A category that they get for something is one of `categories` from then on; one that lost its last purpose stays there, for
    whoever has it has it. Raises Refused: "not_allowed", "unknown_pair".
    """
    if not by.has_perm(MAY):
        raise Refused("Your role may not change recipients. Ask your privacy officer.", code="not_allowed")
    wanted = set(pairs)
    categories = set(DataCategory.objects.filter(pk__in={one for one, _ in wanted}).values_list("pk", flat=True))
    purposes = set(Purpose.objects.filter(pk__in={one for _, one in wanted}).values_list("pk", flat=True))
    if any(one not in categories or two not in purposes for one, two in wanted):
        raise Refused(
            "A category or a purpose is not in the inventory any more. Load the page again.", code="unknown_pair"
        )
    with log.atomic():
        row = Recipient.objects.select_for_update().get(pk=recipient.pk)
        held = {(one.category_id, one.purpose_id): one.pk for one in row.grants.all()}
        gone = [pk for pair, pk in held.items() if pair not in wanted]
        new = [Grant(recipient=row, category_id=one, purpose_id=two) for one, two in sorted(wanted - set(held))]
        if gone or new:
            row.grants.filter(pk__in=gone).delete()
            Grant.objects.bulk_create(new)
            row.categories.add(*{one for one, _ in wanted})
            actor = actors.staff(by.pk)
            log.record("recipient.granted", actor=actor, noun=row, added=len(new), removed=len(gone))
    return len(gone) + len(new)


def reviewed(recipient: Recipient, *, by: User, on: date) -> date:
    """Somebody went through the entry and the contract; the day on which it is due again.

    Raises Refused for who may not, and while the contract is over or a transfer stands on nothing: that is mended first.
    """
    if not by.has_perm(MAY):
        raise Refused("Your role may not review recipients. Ask your privacy officer.", code="not_allowed")
    with log.atomic():
        row = Recipient.objects.select_for_update().get(pk=recipient.pk)
        if not row.active:
            raise Refused("This recipient is switched off. There is nothing to review.", code="recipient_off")
        if row.contract_until is not None and row.contract_until < on:
            raise Refused("The contract is over. Enter the new one, or switch the recipient off.", code="contract_over")
        if gaps := transfer_gaps(row, on):
            raise Refused(f"Mend this first: {gaps[0].words}", code=gaps[0].code)
        row.reviewed_on, row.review_due = on, calendars.add_months(on, row.review_months)
        row.save(update_fields=["reviewed_on", "review_due"])
        actor = actors.staff(by.pk)
        log.record("recipient.reviewed", actor=actor, noun=row, reviewed_on=on, review_due=row.review_due)
    return row.review_due
