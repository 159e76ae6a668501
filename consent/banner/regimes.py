"""What holds in a region before anybody chose. Pure: a table and a rule, no framework.

Which regime a place has stands in `consent.regimes`, once for all. Reading or storing on somebody's device needs a Yes where
that table says opt_in (Directive 2002/58/EC art. 5(3) and the national laws of the EEA; UK PECR reg. 6).
A company may treat any region otherwise, on the row of its site.
"""

import re
from collections.abc import Mapping

from consent import regimes

REGION = re.compile(r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
NAMES = ("opt_in", "opt_out", "none")


def region(text: str) -> str:
    """A region as DE or US-CA; empty for anything else."""
    found = text.strip().upper()
    return found if REGION.match(found) else ""


def own(text: str) -> dict[str, str]:
    """The lines "US-CA=opt_in" of a site. Raises ValueError, in words, for one that cannot be read."""
    found = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        place, _, name = line.partition("=")
        if not region(place) or name.strip() not in NAMES:
            raise ValueError(f"{line}: write a region and one of {', '.join(NAMES)}, for example US-CA=opt_in.")
        found[region(place)] = name.strip()
    return found


def of(place: str, *, elsewhere: str, unknown: str, own: Mapping[str, str] | None = None) -> str:
    """The regime of a region ("" when nobody knows it): the company's own line, the table, what holds elsewhere.

    A state's line comes before its country's.
    """
    if not place:
        return unknown
    for name in (place, place.partition("-")[0]):
        if own and name in own:
            return own[name]
    return regimes.TABLE.get(place) or regimes.TABLE.get(place.partition("-")[0]) or elsewhere
