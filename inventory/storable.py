"""What every database that we run on can hold, whatever a file or a form says. Pure.

PostgreSQL refuses what SQLite takes (a zero byte in a text, a number that is none); both would be an error without words.
"""

import math
from collections.abc import Mapping
from typing import Any

LONGEST_LENGTH = 2**31 - 1  # what an integer column holds everywhere
DEEPEST = 40
MOST_DIGITS = 300
NO_TEXT = "holds a character that no text may hold"
NO_NUMBER = "holds a number that is none (NaN, Infinity, or one too large)"
NO_JSON = "holds a value that is no text, number, true or false; put a date in quotes"
TOO_DEEP = f"is nested more than {DEEPEST} levels deep"


def text_fault(given: str) -> str:
    """Why no column can hold this text, in words; "" if one can."""
    if "\x00" in given or any("\ud800" <= one <= "\udfff" for one in given):
        return NO_TEXT
    return ""


def is_text(given: Any) -> bool:
    """Whether it is a text that a column can hold."""
    return isinstance(given, str) and not text_fault(given)


def json_fault(given: Any) -> str:
    """Why no JSON column can hold this value, in words; "" if one can."""
    todo = [(given, 0)]
    while todo:
        value, depth = todo.pop()
        if depth > DEEPEST:
            return TOO_DEEP
        if isinstance(value, Mapping):
            if not all(isinstance(key, str) for key in value):
                return NO_JSON
            todo += [(one, depth + 1) for pair in value.items() for one in pair]
        elif isinstance(value, list):
            todo += [(one, depth + 1) for one in value]
        elif words := _scalar_fault(value):
            return words
    return ""


def _scalar_fault(value: Any) -> str:
    if isinstance(value, str):
        return text_fault(value)
    if isinstance(value, float):
        return "" if math.isfinite(value) else NO_NUMBER
    if isinstance(value, int):
        return "" if abs(value) < 10**MOST_DIGITS else NO_NUMBER
    return "" if value is None else NO_JSON
