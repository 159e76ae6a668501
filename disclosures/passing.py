"""Our own work in a system that somebody else runs passes data on, and so it is on the ledger: whoever is asked to search for
somebody learns of them, and whoever is asked to correct something gets it.

A rule says which system is whose and what it gets with each order. A sweep enters the orders that were done since it looked
last; the key of an entry is its order's, so that looking twice enters nothing twice.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from audit import actor as actors
from audit import clients
from connectors.models import WorkOrder
from disclosures import keyholders, recording
from disclosures.models import Disclosure, PassingRule
from disclosures.reading import Item
from inventory import phrases

PASSER = actors.worker("disclosures.passing")
# A transaction that ended late may have an earlier moment than what was seen already.
OVERLAP = timedelta(hours=1)
CHANGING = ("correct", "erase", "suppress", "anonymise", "restrict")
ASKING = (*CHANGING, "find", "export")
OCCASIONS = {
    "find": _("Asked to search for your data"),
    "export": _("Asked for a copy of your data"),
    "correct": _("Asked to correct your data"),
    "erase": _("Asked to delete your data"),
    "suppress": _("Told of your objection"),
    "anonymise": _("Asked to anonymise your data"),
    "restrict": _("Asked to restrict the use of your data"),
}
Place = tuple[datetime, UUID]


def waiting() -> list[int]:
    """Rules in use."""
    return list(PassingRule.objects.filter(active=True).values_list("pk", flat=True))


def enter(rule_id: int) -> int:
    """Enter the work of one rule that was done since it was looked at last; how many entries are new. Flat memory."""
    rule = PassingRule.objects.select_related("recipient", "purpose").filter(pk=rule_id, active=True).first()
    if rule is None:
        return 0
    categories = tuple(sorted(rule.categories.values_list("key", flat=True)))
    now, new = timezone.now(), 0
    since, after = (rule.looked_until or rule.begun_at) - OVERLAP, None
    while orders := _done(rule, max(since, rule.begun_at), after):
        new += _enter(rule, categories, orders)
        after = (orders[-1].finished_at or now, orders[-1].pk)
    PassingRule.objects.filter(pk=rule.pk).update(looked_until=now)
    return new


def _done(rule: PassingRule, since: datetime, after: Place | None) -> list[WorkOrder]:
    """The next orders of a rule, by their end."""
    operations = CHANGING if rule.what == PassingRule.What.CHANGED else ASKING
    rows: Any = WorkOrder.objects.filter(
        system=rule.system_id, state=WorkOrder.State.DONE, operation__in=operations, finished_at__gte=since,
        batch__subject__isnull=False,
    )  # fmt: skip
    if after is not None:
        rows = rows.filter(finished_at__gte=after[0]).exclude(finished_at=after[0], pk__lte=after[1])
    return list(rows.select_related("batch").order_by("finished_at", "pk")[: recording.MOST])


def _enter(rule: PassingRule, categories: tuple[str, ...], orders: list[WorkOrder]) -> int:
    purpose = rule.purpose.key if rule.purpose else ""
    items = [
        Item(
            "", "", rule.recipient.key, categories, one.finished_at, purpose, OCCASIONS[one.operation],
            f"order:{one.pk}:{rule.pk}", one.batch.subject_id,
        )
        for one in orders
        if one.finished_at is not None
    ]  # fmt: skip
    outcomes = recording.record_many(
        items, source=Disclosure.Source.CONNECTOR, actor=PASSER, client=clients.keyholder(keyholders.WORK),
        event="disclosures.passed",
    )  # fmt: skip
    return sum(one.entry is not None and not one.repeated for one in outcomes)


def occasion(entry: Disclosure) -> str:
    """The occasion of an entry in the language that is spoken just now: our words by our catalogue, a company's by its own."""
    if entry.source == Disclosure.Source.CONNECTOR and entry.occasion in OCCASIONS.values():
        return gettext(entry.occasion)
    return phrases.said(entry.occasion)
