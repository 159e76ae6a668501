"""California's lists of the last twelve months: which categories were sold, shared or disclosed, and to what kind of recipient.

Cal. Civ. Code § 1798.130(a)(5)(C) wants two lists in the privacy policy, of what was sold or shared and of what was disclosed
for a business purpose, or the statement that there was nothing; § 1798.110(c)(4) and § 1798.115(a), (c) want the categories of
third parties to which each went. Whole months (UTC) are counted: the twelve before this one, and this one until today.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from disclosures import flows, selling, standing
from disclosures.models import Flow, Recipient
from disclosures.selling import Way
from inventory.models import DataCategory, Purpose

WORDS = {Way.SOLD: "Sold", Way.SHARED: "Shared", Way.BUSINESS: "Disclosed for a business purpose"}
NOTHING = {
    Way.SOLD: "We have not sold personal information in the preceding 12 months.",
    Way.SHARED: "We have not shared personal information in the preceding 12 months.",
    Way.BUSINESS: "We have not disclosed personal information for a business purpose in the preceding 12 months.",
}
HEAD = ("way", "category_key", "category", "recipient_categories", "purposes")


@dataclass(frozen=True)
class Line:
    """One category of data: to which kinds of recipients it went, and for which purposes, by name."""

    key: str
    name: str
    kinds: list[str]
    purposes: list[str]


@dataclass(frozen=True)
class Lists:
    """The lists of a period: for each way its lines, none where nothing went that way."""

    first: date
    last: date
    lines: dict[Way, list[Line]]


def lists(today: date) -> Lists:
    """The lists of the twelve months before this one, and of this one until `today`. Five queries."""
    first = flows.month(today).replace(year=today.year - 1)
    purposes = {one.key: one for one in Purpose.objects.all()}
    marked = {key for key, one in purposes.items() if one.sale_or_sharing}
    names = dict(DataCategory.objects.values_list("key", "name"))
    went: dict[Way, dict[str, tuple[set[str], set[str]]]] = {one: defaultdict(lambda: (set(), set())) for one in Way}
    for recipient, category, purpose in _went(first, today):
        for way in selling.ways(recipient, purpose, marked=marked):
            kinds, why = went[way][category]
            kinds.add(recipient.kind)
            if purpose in purposes:
                why.add(purposes[purpose].name)
    return Lists(
        first,
        today,
        {
            way: [
                Line(key, names.get(key, key), sorted(kinds), sorted(why)) for key, (kinds, why) in sorted(rows.items())
            ]
            for way, rows in went.items()
        },
    )


def _went(first: date, last: date) -> Iterable[tuple[Recipient, str, str]]:
    """What went to whom and why: one by one, and all the time."""
    rows = Flow.objects.filter(month__gte=first, month__lte=last).order_by()
    cells = list(rows.values_list("recipient", "category", "purpose").distinct())
    recipients = Recipient.objects.in_bulk({one[0] for one in cells})
    yield from ((recipients[who], category, why) for who, category, why in cells)
    for one in standing.between(first, last):
        why = one.purpose.key if one.purpose else ""
        yield from ((one.recipient, category.key, why) for category in one.categories)


def table(found: Lists) -> list[list[str]]:
    """The lists as lines of one table, under HEAD; a way without any says so."""
    rows = []
    for way, lines in found.lines.items():
        rows += [[WORDS[way], one.key, one.name, "; ".join(one.kinds), "; ".join(one.purposes)] for one in lines]
        if not lines:
            rows.append([WORDS[way], "", NOTHING[way], "", ""])
    return rows
