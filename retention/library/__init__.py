"""Common schedules with their sources, as files: what a person picks from and then makes their own. Pure: no framework.

Nothing here holds by itself: an entry becomes the draft of a schedule, which somebody writes and somebody else approves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from retention import cutoffs

HERE = Path(__file__).parent
UNITS = ("days", "months", "years")
TRIGGERS = ("created", "activity", "closed", "contract", "event", "withdrawn")
BASES = ("duty", "limit", "claims", "contract", "need", "consent")
NEEDED = {"title", "where", "about", "period", "trigger", "basis", "cite", "source", "reason"}
PLACES = {
    "AT": "Austria", "AU": "Australia", "BR": "Brazil", "CA": "Canada", "CH": "Switzerland", "DE": "Germany", "ES": "Spain",
    "EU": "European Union", "FR": "France", "GB": "United Kingdom", "IE": "Ireland", "IT": "Italy", "NL": "Netherlands",
    "US": "United States", "US-CA": "California",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One common schedule. Not `sure`: it rests on guidance or practice; `doubt` says what to look at."""

    key: str
    title: str
    where: str
    about: str
    period: int
    unit: str
    trigger: str
    basis: str
    cite: str
    source: str
    reason: str
    year_ends: str = ""
    sure: bool = True
    doubt: str = ""

    @property
    def place(self) -> str:
        """The country in words."""
        return PLACES[self.where]

    @property
    def words(self) -> str:
        """The period in words."""
        return cutoffs.words(self.period, self.unit, self.year_ends)


class Faulty(ValueError):
    """A file of the library says something that cannot be."""


@cache
def entries() -> Sequence[Entry]:
    """All entries, by place and title. Raises Faulty."""
    found: dict[str, Entry] = {}
    for path in sorted(HERE.glob("*.yaml")):
        for key, row in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if key in found:
                raise Faulty(f"{path.name}: {key} is there twice")
            found[key] = _entry(path.name, key, row)
    return tuple(sorted(found.values(), key=lambda one: (one.place, one.title)))


def entry(key: str) -> Entry | None:
    """The entry of this key."""
    return next((one for one in entries() if one.key == key), None)


def _entry(file: str, key: str, row: dict[str, Any]) -> Entry:
    missing, extra = NEEDED - set(row), set(row) - NEEDED - {"sure", "doubt", "year_ends"}
    if missing or extra:
        raise Faulty(f"{file}: {key} lacks {sorted(missing)} or knows no {sorted(extra)}")
    rest = {name: value for name, value in row.items() if name != "period"}
    number, _, unit = str(row["period"]).partition(" ")
    if not number.isdecimal() or int(number) < 1 or unit not in UNITS:
        raise Faulty(f"{file}: {key}.period must read like 10 years")
    if row.get("year_ends"):
        cutoffs.last_day(2000, row["year_ends"])
    for name, known in (("trigger", TRIGGERS), ("basis", BASES), ("where", tuple(PLACES))):
        if row[name] not in known:
            raise Faulty(f"{file}: {key}.{name} is none of {', '.join(known)}")
    if not row.get("sure", True) and not row.get("doubt"):
        raise Faulty(f"{file}: {key} is not sure and does not say why")
    return Entry(key=key, period=int(number), unit=unit, **rest)
