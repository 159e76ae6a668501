"""Which notice is for a place, and what control a place demands over a purpose. Pure: no framework."""

import re
from collections.abc import Iterable

from consent import regimes
from law.places import PLACES, is_eea

# Wider names that a notice may use beside the codes of places.
WIDER = {"EU": "European Union and EEA", "US": "United States"}
SHAPE = re.compile(r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")


def widening(region: str) -> list[str]:
    """The place and the wider ones that it lies in, the narrowest first: US-CA, US."""
    if not region:
        return []
    country = region.partition("-")[0]
    found = [region, country]
    if is_eea(country):
        found.append("EU")
    return list(dict.fromkeys(found))


def best(offered: Iterable[str], region: str) -> str | None:
    """Of lists of places (comma between), the one that fits a place most closely; "" fits everywhere. None: none fits."""
    rows = list(offered)
    for one in widening(region):
        found = next((row for row in rows if one in row.split(",")), None)
        if found is not None:
            return found
    return "" if "" in rows else None


def read(text: str) -> str:
    """A list of places as it is kept. Raises ValueError with the one that is no place."""
    found = []
    for one in re.split(r"[\s,;]+", text.strip().upper()):
        if not one:
            continue
        if one not in PLACES and one not in WIDER:
            raise ValueError(one)
        found.append(one)
    return ",".join(dict.fromkeys(found))


def called(regions: str) -> str:
    """The places in words."""
    named = [WIDER.get(one) or PLACES.get(one, one) for one in regions.split(",") if one and one != "*"]
    return ", ".join(named) or "everywhere"


def control(lawful_basis: str, *, refusable: bool, sale: bool, region: str) -> str:
    """What a person must be given: "opt_in" (nothing before their Yes), "opt_out" (until their No) or "none".

    A place that is not known counts as one that demands a Yes.
    """
    if not refusable:
        return "none"
    if lawful_basis == "consent":
        return "opt_in"
    return "opt_in" if sale and regimes.of(region) == "opt_in" else "opt_out"
