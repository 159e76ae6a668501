"""Takes apart what programs and files send, by hand: a thousand disclosures are read in a few milliseconds.

Everything comes out either as a value or as `Refused` with its field and words; nothing typed is guessed at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from audit import once
from audit.api import KINDS
from audit.refusal import Refused

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,60}")
CATEGORY = re.compile(r"[^\x00-\x20,;]{1,80}")
FIELDS = frozenset({"identifier", "recipient", "categories", "purpose", "occasion", "disclosed_at", "key"})
# What a call may say once for all its disclosures.
SHARED = FIELDS - {"identifier", "key"}
LONGEST_VALUE, MOST_CATEGORIES, LONGEST_TEXT = 254, 100, 400
MOST_KEPT = 5000  # what a reader remembers: a file may have any number of lines


@dataclass(frozen=True, slots=True)
class Item:
    """One disclosure as it was sent. The person by identifier, or `subject`, where we know who it is. `key`: the caller's own
    idempotency key of it, if there is one.
    """

    kind: str
    value: str
    recipient: str
    categories: tuple[str, ...]
    disclosed_at: datetime
    purpose: str = ""
    occasion: str = ""
    key: str = ""
    subject: UUID | None = None


class Reader:
    """Reads the disclosures of one call. What repeats from one to the next (recipient, categories, moment) is judged once."""

    def __init__(self, shared: Mapping[str, Any] | None = None) -> None:
        """Raises Refused for a field that cannot be shared."""
        self.shared = dict(shared or {})
        if unknown := sorted(str(one) for one in self.shared.keys() - SHARED):
            raise malformed(f"shared.{unknown[0][:60]}", "This cannot be said once for all.")
        self._moments: dict[str, datetime] = {}
        self._categories: dict[tuple[Any, ...], tuple[str, ...]] = {}

    def item(self, given: Any) -> Item:
        """One disclosure. Raises Refused."""
        if not isinstance(given, dict):
            raise malformed("", "Each disclosure is an object.")
        if not given.keys() <= FIELDS:
            unknown = sorted(str(one) for one in given.keys() - FIELDS)
            raise malformed(unknown[0][:60], "There is no such field.")
        said = {**self.shared, **given} if self.shared else given
        kind, value = person(said.get("identifier"))
        key = said.get("key")
        if key is not None and (not isinstance(key, str) or not once.KEY.match(key)):
            raise malformed("key", "A key has 1 to 80 letters, digits or . _ : -")
        return Item(
            kind, value, self._slug("recipient", said.get("recipient"), needed=True),
            self._listed(said.get("categories")), self._moment(said.get("disclosed_at")),
            self._slug("purpose", said.get("purpose")), self._occasion(said.get("occasion")), key or "",
        )  # fmt: skip

    def _slug(self, field: str, given: Any, *, needed: bool = False) -> str:
        if not needed and (given is None or given == ""):
            return ""
        if not isinstance(given, str) or not SLUG.fullmatch(given):
            raise malformed(field, f"Name the {field} by its key.")
        return given

    def _occasion(self, given: Any) -> str:
        return "" if given is None else text("occasion", given, LONGEST_TEXT)

    def _listed(self, given: Any) -> tuple[str, ...]:
        try:
            asked = tuple(given) if isinstance(given, list) else ()
            found = self._categories.get(asked)
        except TypeError:  # something in it that is no text
            asked, found = (None,), None
        if found is None:
            if not asked or len(asked) > MOST_CATEGORIES:
                raise malformed("categories", f"Name 1 to {MOST_CATEGORIES} categories of data, as a list of keys.")
            if not all(isinstance(one, str) and CATEGORY.fullmatch(one) for one in asked):
                raise malformed("categories", "Name each category of data by its key.")
            if len(self._categories) >= MOST_KEPT:
                self._categories.clear()
            found = self._categories[asked] = tuple(sorted(set(asked)))
        return found

    def _moment(self, given: Any) -> datetime:
        found = self._moments.get(given) if isinstance(given, str) else None
        if found is None:
            found = moment(given)
            if len(self._moments) >= MOST_KEPT:
                self._moments.clear()
            self._moments[given] = found
        return found


def malformed(field: str, words: str) -> Refused:
    """What is malformed, by its field."""
    return Refused(words, code="malformed", field=field)


def person(given: Any) -> tuple[str, str]:
    """An identifier: its kind and its value as it was written. Raises Refused."""
    if not isinstance(given, dict) or not given.keys() <= {"kind", "value"}:
        raise malformed("identifier", "Name the person as {kind, value}.")
    kind = given.get("kind")
    if kind not in KINDS:
        raise malformed("identifier.kind", f"The kind is one of {', '.join(KINDS)}.")
    value = text("identifier.value", given.get("value"), LONGEST_VALUE)
    if not value.strip():
        raise malformed("identifier.value", "Fill this in, as a text.")
    return kind, value


def text(field: str, given: Any, longest: int) -> str:
    """A text that can be stored. Raises Refused."""
    if not isinstance(given, str):
        raise malformed(field, "Fill this in, as a text.")
    if len(given) > longest:
        raise malformed(field, f"This may have at most {longest:,} characters.")
    if "\x00" in given or not (given.isascii() or all(not "\ud800" <= one <= "\udfff" for one in given)):
        raise malformed(field, "This holds characters that we cannot store.")
    return given


def moment(given: Any) -> datetime:
    """When it went over, with its zone, by ISO 8601. Raises Refused."""
    try:
        at = datetime.fromisoformat(given)
        at.utctimetuple()
        aware = at.utcoffset() is not None and 1900 <= at.year < 9999
    except (ValueError, TypeError, OverflowError):
        aware = False
    if not aware:
        raise malformed("disclosed_at", "Write the moment by ISO 8601 with its zone: 2026-05-01T12:00:00Z.")
    return at


def told(error: Refused) -> Mapping[str, Any]:
    """A refusal as JSON."""
    return {"code": error.code, "message": error.message} | ({"field": error.field} if error.field else {})
