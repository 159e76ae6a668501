"""What we suggest for a column, from what was seen of it: a role, and how to make it coarser. Somebody looks and decides."""

import math
import re
from collections.abc import Mapping
from typing import Any

from disclosures.releases.columns import Profile
from disclosures.releases.parameters import DIMENSION, MEASURE, MICRODATA, QUASI, SENSITIVE
from disclosures.releases.places import CONTINENTS

LEAVE_OUT = ""
# Words in names of columns that say something about health, money, belief and the like: what an attacker wants to learn.
TELLING = re.compile(
    r"salary|income|wage|pay|diagnos|disease|condition|health|religion|belief|ethnic|party|union|orientation|score|debt|crime",
    re.I,
)
MANY_VALUES = 30
SHOWN = 12


def suggest(seen: Profile, kind: str) -> dict[str, Any]:
    """Name, what was seen in words, the suggested role and hierarchy."""
    direct = seen.identifies()
    role = LEAVE_OUT if direct else _role(seen, kind)
    return {
        "name": seen.name,
        "kind": seen.kind,
        "filled": seen.filled,
        "distinct": seen.distinct,
        "direct": direct,
        "role": role,
        "hierarchy": hierarchy(seen),
        # Values that many rows share: a noisy table needs its categories listed, and somebody must know what they are.
        "values": [one for one, count in seen.common.most_common(SHOWN) if count >= 10] if not direct else [],
    }


def described(name: str, data_type: str, key: bool) -> dict[str, Any]:
    """The same for a field of the inventory, whose values nobody has looked at."""
    number, day = data_type in ("integer", "float"), data_type in ("date", "datetime")
    spec: dict[str, Any] = {"kind": "plain"}
    if number:
        spec = {"kind": "number", "widths": [10, 100]}
    elif day:
        spec = {"kind": "date"}
    return {
        "name": name, "kind": "number" if number else "date" if day else "text", "filled": None, "distinct": None,
        "direct": "the key of a row or an identifier" if key else "", "role": LEAVE_OUT, "hierarchy": spec, "values": [],
    }  # fmt: skip


def _role(seen: Profile, kind: str) -> str:
    if kind == MICRODATA:
        return SENSITIVE if TELLING.search(seen.name) else QUASI
    if seen.kind == "number" and seen.distinct > MANY_VALUES and TELLING.search(seen.name):
        return MEASURE if kind == "table" else LEAVE_OUT
    return DIMENSION if seen.distinct <= 200 else LEAVE_OUT


def hierarchy(seen: Profile) -> Mapping[str, Any]:
    """Ages in bands, dates in months and years, numbers in bins, codes by their beginning, countries by continent, many values
    with the rare ones together.
    """
    if seen.kind == "date":
        return {"kind": "date"}
    if seen.kind == "number":
        codes = _codes(seen)
        return codes or _bands(seen)
    values = set(seen.common)
    if values and sum(one in CONTINENTS for one in values) >= 0.9 * len(values):
        return {"kind": "continent"}
    codes = _codes(seen)
    if codes:
        return codes
    if seen.distinct > 8:
        ranked = [one for one, _ in seen.common.most_common()]
        return {"kind": "common", "kept": [ranked[: max(8, len(ranked) // 2)][:100], ranked[:6]]}
    return {"kind": "plain"}


def _codes(seen: Profile) -> Mapping[str, Any] | None:
    """Codes of one length with digits, such as postcodes."""
    values = list(seen.common)[:500]
    lengths = {len(one) for one in values}
    if seen.distinct < MANY_VALUES or len(lengths) != 1 or not 4 <= (length := lengths.pop()) <= 10:
        return None
    named = re.search(r"post|zip|plz|code", seen.name, re.I)
    if not named and not any(one.startswith("0") for one in values):
        return None
    return {"kind": "prefix", "lengths": list(range(length - 2, 0, -1))}


def _bands(seen: Profile) -> Mapping[str, Any]:
    low, high = seen.low or 0, seen.high or 0
    if re.search(r"(^|[^a-z])age($|[^a-z])", seen.name, re.I) or (
        low >= 0 and 60 <= high <= 125 and seen.distinct > 40
    ):
        return {"kind": "number", "widths": [5, 10, 20], "top": 85}
    span = max(high - low, 1)
    width = 10 ** max(0, math.floor(math.log10(span / 20))) if span >= 20 else 1
    widths = [width * 5, width * 10, width * 50] if width > 1 or span > 40 else [2, 4, 8]
    return {"kind": "number", "widths": widths}
