"""When values of two columns mean the same, although they are written otherwise or are of another type. Rules: no database."""

import re
from decimal import Decimal
from typing import Any

UUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d\d?)?", re.IGNORECASE)
MOST_DIGITS = 27  # as many as a Decimal keeps in arithmetic


def alike(value: Any, folded: bool) -> str:
    """A value as a text that is equal for what certainly means the same: the two forms of a UUID; of an e-mail address
    (`folded`) any case, and with blanks around.
    """
    text = str(value)
    if folded:
        return text.strip().lower()
    return text.replace("-", "").lower() if UUID.fullmatch(text) else text


def loosely(value: Any) -> str:
    """A value as a text that is equal for all that may mean the same: 5, 5.00 and "5" too. For sparing, where a row too many is
    no harm and one too few is.
    """
    text = bytes(value).hex() if isinstance(value, bytes | bytearray | memoryview) else alike(value, folded=True)
    if len(text) <= MOST_DIGITS and NUMBER.fullmatch(text):
        return f"{Decimal(text).normalize() + 0:f}"
    return alike(text, folded=False)
