"""Takes apart what programs and files send, by hand: a thousand choices are read in a few milliseconds.

Everything comes out either as a value or as `Refused` with its field and words; nothing typed is guessed at.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from audit import once
from audit.api import KINDS
from audit.refusal import Refused
from consent.deciding import Question
from consent.recording import Item
from subjects import many

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,60}")
REGION = re.compile(r"[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?")
LONGEST_WORDS = 4000
FIELDS = {
    "identifier", "purpose", "granted", "key", "chosen_at", "expires_at", "words", "language", "region", "signal",
    "confirmed",
}  # fmt: skip


def refused(field: str, words: str) -> Refused:
    """What is malformed, by its field."""
    return Refused(words, code="malformed", field=field)


def person(given: Any) -> tuple[str, str]:
    """An identifier: its kind and its value as it was written. Raises Refused."""
    if not isinstance(given, dict):
        raise refused("identifier", "Name the person as {kind, value}.")
    kind, value = given.get("kind"), given.get("value")
    if kind not in KINDS:
        raise refused("identifier.kind", f"The kind is one of {', '.join(KINDS)}.")
    return kind, text("identifier.value", value, 254, needed=True)


def text(field: str, given: Any, longest: int, *, needed: bool = False) -> str:
    """A text that can be stored. Raises Refused."""
    if given is None and not needed:
        return ""
    if not isinstance(given, str) or (needed and not given.strip()):
        raise refused(field, "Fill this in, as a text.")
    if len(given) > longest:
        raise refused(field, f"This may have at most {longest:,} characters.")
    if "\x00" in given or any("\ud800" <= one <= "\udfff" for one in given):
        raise refused(field, "This holds characters that we cannot store.")
    return given


def shaped(field: str, given: Any, shape: re.Pattern[str], words: str, *, needed: bool = False) -> str:
    """A text of one shape. Raises Refused."""
    if given in (None, "") and not needed:
        return ""
    if not isinstance(given, str) or not shape.fullmatch(given):
        raise refused(field, words)
    return given


def region(given: Any) -> str:
    """A country, or a country and its part. Raises Refused."""
    return shaped("region", given, REGION, "Write the region as DE or US-CA.").upper()


def flag(field: str, given: Any, default: bool | None = None) -> bool:
    """true or false. Raises Refused."""
    if given is None and default is not None:
        return default
    if not isinstance(given, bool):
        raise refused(field, "Write true or false.")
    return given


def moment(field: str, given: Any) -> datetime | None:
    """A moment with its zone, by ISO 8601. Raises Refused."""
    if given in (None, ""):
        return None
    try:
        at = datetime.fromisoformat(given)
        at.utctimetuple()
        aware = at.utcoffset() is not None and 1900 <= at.year < 9999
    except (ValueError, TypeError, OverflowError):
        aware = False
    if not aware:
        raise refused(field, "Write the moment by ISO 8601 with its zone: 2026-05-01T12:00:00Z.")
    return at


def item(given: Any) -> Item:
    """One choice. Raises Refused."""
    if not isinstance(given, dict):
        raise refused("", "Each choice is an object.")
    if unknown := sorted(str(one) for one in given.keys() - FIELDS):
        raise refused(unknown[0][:60], "There is no such field.")
    kind, value = person(given.get("identifier"))
    key = given.get("key")
    if key is not None and (not isinstance(key, str) or not once.KEY.match(key)):
        raise refused("key", "A key has 1 to 80 letters, digits or . _ : -")
    purpose = shaped("purpose", given.get("purpose"), SLUG, "Name the purpose by its key.", needed=True)
    return Item(
        kind=kind, value=value, purpose=purpose,
        granted=flag("granted", given.get("granted")), key=key or "",
        chosen_at=moment("chosen_at", given.get("chosen_at")), expires_at=moment("expires_at", given.get("expires_at")),
        words=text("words", given.get("words"), LONGEST_WORDS),
        language=shaped("language", given.get("language"), LANGUAGE, "Write the language as de or pt-BR."),
        region=region(given.get("region")), signal=flag("signal", given.get("signal"), False),
        confirmed=flag("confirmed", given.get("confirmed"), False),
    )  # fmt: skip


def question(given: Any) -> Question:
    """One question of a list. Raises Refused."""
    if not isinstance(given, dict):
        raise refused("", "Each question is an object.")
    if unknown := sorted(str(one) for one in given.keys() - {"identifier", "purpose", "region"}):
        raise refused(unknown[0][:60], "There is no such field.")
    key = shaped("purpose", given.get("purpose"), SLUG, "Name the purpose by its key.", needed=True)
    where = region(given.get("region"))
    return key, many.index(*person(given.get("identifier"))), where


def each(given: list[Any], read: Callable[[Any], Any]) -> list[Any]:
    """What `read` makes of each, or its Refused."""
    found = []
    for one in given:
        try:
            found.append(read(one))
        except Refused as error:
            found.append(error)
    return found


def told(error: Refused) -> Mapping[str, Any]:
    """A refusal as JSON."""
    return {"code": error.code, "message": error.message} | ({"field": error.field} if error.field else {})
