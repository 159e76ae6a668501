"""Rows as they come in, and which of their columns identify people directly.

A row is a dictionary from column to text. What looks like a direct identifier may not leave, whoever says it may.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from disclosures.releases.conditions import numeric
from disclosures.releases.hierarchies import as_day

Row = dict[str, str]
MOST_COLUMNS = 100
LONGEST_VALUE = 500
# A share of values that look like an identifier; some are always empty or mistyped.
SHARE = 0.05
# Under so many rows "different in every row" says nothing.
FEW = 20
UNIQUE = 0.95
MOST_SEEN = 2000

MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]{2,}")
PHONE = re.compile(
    r"^(?:\+|00)\d[\d ()/.\-]{6,}$|^\(?0\d{1,5}[)/ .\-]+\d[\d /.\-]{4,}$|^\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}$"
)
IBAN = re.compile(r"^[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?$")
ADDRESS = re.compile(r"^(?:\d{1,3}\.){3}\d{1,3}$|^[0-9a-fA-F:]*:[0-9a-fA-F]{0,4}:[0-9a-fA-F:]+$")
UUID = re.compile(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")
NAME = re.compile(r"^[A-ZÀ-Þ][\w'’\-]+,? (?:[A-ZÀ-Þ][\w'’.\-]* ){0,2}[A-ZÀ-Þ][\w'’\-]+$")
SHAPES = (
    (MAIL, "e-mail addresses"),
    (PHONE, "phone numbers"),
    (IBAN, "bank accounts"),
    (ADDRESS, "network addresses"),
    (UUID, "ids"),
)
# Parts of a column's own name that say what it is.
NAMED = {
    "email": "e-mail addresses", "mail": "e-mail addresses", "phone": "phone numbers", "mobile": "phone numbers",
    "firstname": "names", "lastname": "names", "surname": "names", "fullname": "names", "username": "names",
    "ssn": "ids", "passport": "ids", "iban": "bank accounts", "uuid": "ids",
}  # fmt: skip


@dataclass
class Profile:
    """What was seen of one column. `common`: its most frequent values with their rows, for who proposes; never in an event."""

    name: str
    rows: int = 0
    filled: int = 0
    numbers: int = 0
    days: int = 0
    low: float | None = None
    high: float | None = None
    shapes: Counter[str] = field(default_factory=Counter)
    hashes: set[int] = field(default_factory=set)
    common: Counter[str] = field(default_factory=Counter)

    @property
    def distinct(self) -> int:
        return len(self.hashes)

    @property
    def kind(self) -> str:
        """number, date or text."""
        if self.filled and self.numbers >= 0.95 * self.filled:
            return "number"
        return "date" if self.filled and self.days >= 0.95 * self.filled else "text"

    @property
    def unique(self) -> bool:
        """Whether nearly every row has a value of its own, as an id has."""
        return self.filled >= FEW and self.distinct >= UNIQUE * self.filled

    def see(self, value: str) -> None:
        """One more row."""
        self.rows += 1
        if not value:
            return
        self.filled += 1
        mark = hash(value)
        if mark in self.hashes:
            # A value that was seen has a shape that was counted; what repeats is seldom an identifier anyway.
            if value in self.common:
                self.common[value] += 1
            known = self._known.get(value)
            if known is not None:
                self.numbers += known[0]
                self.days += known[1]
                if known[2]:
                    self.shapes[known[2]] += 1
                return
        self.hashes.add(mark)
        if len(self.common) < MOST_SEEN:
            self.common[value] += 1
        self._look(value)

    _known: dict[str, tuple[int, int, str]] = field(default_factory=dict)

    def _look(self, value: str) -> None:
        number = numeric(value)
        if number is not None:
            self.low = number if self.low is None else min(self.low, number)
            self.high = number if self.high is None else max(self.high, number)
        day = number is None and as_day(value) is not None
        shape = ""
        if number is None and not day:
            shape = next((words for one, words in SHAPES if one.search(value)), "")
            if not shape and NAME.match(value):
                shape = "names"
        elif number is not None and PHONE.match(value):
            shape = "phone numbers"
        self.numbers += number is not None
        self.days += day
        if shape:
            self.shapes[shape] += 1
        if len(self._known) < MOST_SEEN:
            self._known[value] = (int(number is not None), int(day), shape)

    def identifies(self) -> str:
        """What makes this column a direct identifier, in words; "" if nothing does."""
        squeezed = re.sub(r"[^a-z]", "", self.name.lower())
        named = next((words for part, words in NAMED.items() if squeezed == part or squeezed.endswith(part)), "")
        for words, count in self.shapes.items():
            if words == "names":
                # Towns and titles have the shape of names, too; few people share a name, many share a town.
                if count >= 0.5 * self.filled and self.filled >= FEW and self.distinct >= 0.3 * self.filled:
                    return words
            elif count >= max(1, SHARE * self.filled):
                return words
        if named and self.filled and (self.kind == "text" or named in ("phone numbers", "ids")):
            return named
        if self.unique and self.kind == "text":
            return "values of which nearly every row has its own"
        if self.unique and self.kind == "number" and _counts_up(self):
            return "numbers of which every row has its own"
        return ""


def _counts_up(profile: Profile) -> bool:
    """Whether numbers look like keys: whole, and about as many as their span, or one to a row without exception."""
    whole = all(float(one).is_integer() for one in map(numeric, list(profile.common)[:200]) if one is not None)
    return whole and profile.distinct == profile.filled


def profile(rows: Iterable[Row]) -> tuple[list[Profile], int]:
    """What each column holds, and how many rows there are. Memory: a number for each different value."""
    found: dict[str, Profile] = {}
    count = 0
    for row in rows:
        count += 1
        for name, value in row.items():
            if name not in found:
                found[name] = Profile(name)
            found[name].see(value)
    return list(found.values()), count


def of_csv(lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a CSV file with a header; comma, semicolon or tab. Raises ValueError, in words."""
    stream = iter(lines)
    first = next(stream, "").lstrip("\ufeff")
    if not first.strip():
        raise ValueError("The file is empty. Its first line names the columns.")
    mark = max(",;\t", key=first.count)
    reader = csv.reader(chain([first], stream), delimiter=mark)
    try:
        header = [one.strip() for one in next(reader)]
        names(header)
        for cells in filter(None, reader):
            if len(cells) != len(header):
                words = f"has {len(cells)} values, and the header names {len(header)} columns"
                raise ValueError(f"Line {reader.line_num} {words}.")
            yield dict(zip(header, map(text, cells), strict=True))
    except csv.Error:
        raise ValueError(f"Line {reader.line_num} is no CSV.") from None


def of_json(lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a file with one JSON object a line; the first names the columns. Raises ValueError, in words."""
    header: list[str] | None = None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError(f"Line {number} is no JSON object.") from None
        if not isinstance(found, dict):
            raise ValueError(f"Line {number} is no JSON object.")
        if header is None:
            header = list(found)
            names(header)
        if not set(found) <= set(header):
            raise ValueError(f"Line {number} has a column that the first line does not have.")
        yield {name: text(found.get(name)) for name in header}


def of_lines(lines: Iterable[str]) -> Iterator[Row]:
    """CSV or JSON lines, told by the first character."""
    stream = iter(lines)
    first = next(stream, "").lstrip("\ufeff")
    rest = (line for part in ([first], stream) for line in part)
    return of_json(rest) if first.lstrip().startswith("{") else of_csv(rest)


def names(header: Sequence[str]) -> None:
    """Raises ValueError, in words, for a header that names no columns."""
    if not 1 <= len(header) <= MOST_COLUMNS or len(set(header)) != len(header) or not all(header):
        raise ValueError(f"The header names 1 to {MOST_COLUMNS} columns, each once.")
    if any(len(one) > 80 or not one.isprintable() for one in header):
        raise ValueError("A column's name has at most 80 characters.")


def text(value: Any) -> str:
    """A value as text: no line breaks, no outer blanks, at most LONGEST_VALUE characters."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).replace("\0", "").split())[:LONGEST_VALUE]


def refused(profiles: Iterable[Profile], wanted: Iterable[str], annotated: Mapping[str, str]) -> dict[str, str]:
    """Column -> why it may not leave, of those `wanted`: what the inventory says of it (`annotated`), else what its values
    look like.
    """
    seen = {one.name: one for one in profiles}
    found = {}
    for name in wanted:
        words = annotated.get(name) or (seen[name].identifies() if name in seen else "")
        if words:
            found[name] = words
    return found
