"""What the connection of a system that is worked by hand says: who does it, within how many working days, and how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.refusal import Refused
from connectors.kinds.base import Permanent
from connectors.models import WorkOrder
from inventory.descriptions.lines import parse

FILE = "the connection's description"
DAYS, MOST_DAYS, LONGEST = 5, 60, 2000
KEYS = ("assignee", "days", "instructions")
OPERATIONS = tuple(one for one in WorkOrder.Operation.values if one not in ("refer", "export"))


@dataclass(frozen=True)
class Described:
    """`assignee`: a username, or nobody; `instructions`: words for the colleague, by operation."""

    days: int = DAYS
    assignee: str = ""
    instructions: Mapping[str, str] = field(default_factory=dict)


def described(text: str) -> Described:
    """The description in a YAML text; the defaults where it is empty. Raises Permanent with the line and what is wrong."""
    if not text.strip():
        return Described()
    try:
        found = parse(text, FILE)
    except Refused as refused:
        raise Permanent("connection", f"{refused.message} Mend it, then retry.") from None
    for key in found:
        if key not in KEYS:
            raise _wrong(found, key, f"'{key}' is not a known key; there are {', '.join(KEYS)}")
    days, assignee = found.get("days", DAYS), found.get("assignee", "")
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise _wrong(found, "days", f"days is a number of working days from 1 to {MOST_DAYS}")
    if not isinstance(assignee, str):
        raise _wrong(found, "assignee", "assignee is the username of a colleague")
    return Described(days, assignee, _instructions(found))


def _instructions(found: Any) -> dict[str, str]:
    given = found.get("instructions", {})
    if not isinstance(given, Mapping):
        raise _wrong(found, "instructions", "instructions are texts by operation")
    for name, words in given.items():
        if name not in OPERATIONS:
            raise _wrong(given, name, f"'{name}' is not an operation; there are {', '.join(OPERATIONS)}")
        if not isinstance(words, str) or len(words) > LONGEST:
            raise _wrong(given, name, f"the instructions to {name} are a text of up to {LONGEST} characters")
    return dict(given)


def _wrong(found: Any, key: str, words: str) -> Permanent:
    return Permanent("connection", f"{found.at(key)}: {words}. Mend it, then retry.")
