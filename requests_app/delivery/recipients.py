"""Who received the data, as files of the package: every disclosure, however many, and third parties by name where a law of the
request asks for them.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from disclosures import passing, received, third_parties
from disclosures.models import Disclosure
from disclosures.third_parties import Listing
from inventory import phrases
from inventory.models import DataCategory
from requests_app.delivery.bag import Bag
from requests_app.delivery.tables import csv_line, csv_page, json_page
from requests_app.models import Request

BEGIN = "\ufeff"  # the mark by which spreadsheets know UTF-8
COLUMNS = ("at", "recipient", "role", "country", "categories", "purpose", "occasion")


def write(bag: Bag, request: Request, listing: Listing | None, beat: Callable[[], None]) -> None:
    """`data/disclosures.json` and `.csv`, and `data/third_parties.csv`; none of them where there is nothing to say."""
    if received.page(request.subject, limit=1).entries:
        with bag.open("data/disclosures.json") as out:
            before = b"[\n"
            for page in _pages(request):
                out.write(before + json_page(page))
                before = b",\n"
                beat()
            out.write(b"\n]\n")
        with bag.open("data/disclosures.csv") as out:
            out.write((BEGIN + csv_line(list(COLUMNS))).encode())
            for page in _pages(request):
                flat = [{**one, "categories": "; ".join(one["categories"])} for one in page]
                out.write(csv_page(COLUMNS, flat))
                beat()
    if listing is not None:
        lines = [third_parties.HEAD, *third_parties.table(listing.parties)]
        bag.put("data/third_parties.csv", BEGIN + "".join(csv_line(list(one)) for one in lines))


def _pages(request: Request) -> Iterator[list[dict[str, Any]]]:
    """Every disclosure, page by page: ZIP takes one file after the other, so they are read once for each."""
    names = dict(DataCategory.objects.values_list("key", "name"))
    after: UUID | None = None
    while True:
        page = received.page(request.subject, after=after, limit=received.LONGEST_PAGE)
        if page.entries:
            yield [_row(one, names) for one in page.entries]
        after = page.next
        if after is None:
            return


def _row(one: Disclosure, names: dict[str, str]) -> dict[str, Any]:
    return {
        "at": one.disclosed_at.isoformat(),
        "recipient": one.recipient.name,
        "role": str(one.recipient.get_role_display()),
        "country": one.recipient.country,
        "categories": [phrases.said(names.get(key, key)) for key in one.categories],
        "purpose": phrases.said(one.purpose.name) if one.purpose else "",
        "occasion": passing.occasion(one),
    }
