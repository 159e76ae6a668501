"""The hash of a row's key: rows are counted, compared and remembered by it."""

import hashlib
import json
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from connectors.kinds.base import Key

_encode = json.JSONEncoder(default=str).encode
PARTS, SHORT = 4096, 2**63 - 1
NONE = array("q")


def key_hash(key: Key) -> int:
    """The hash of one row's key."""
    # One whole number as JSON writes it, at a quarter of the cost.
    text = f"[{key[0]}]" if len(key) == 1 and type(key[0]) is int else _encode(list(key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


class Keys:
    """A set of keys that holds 8 bytes of hash for each: a million take 10 MB. Two keys are taken for one once in some
    thousand million millions.
    """

    def __init__(self, chunks: Iterable[Iterable[Key]] = ()) -> None:
        parts: defaultdict[int, array[int]] = defaultdict(lambda: array("q"))
        for keys in chunks:
            for key in keys:
                short = key_hash(key) & SHORT
                parts[short % PARTS].append(short)
        self._parts = {turn: array("q", sorted(one)) for turn, one in parts.items()}

    def __contains__(self, key: Key) -> bool:
        short = key_hash(key) & SHORT
        part = self._parts.get(short % PARTS, NONE)
        place = bisect_left(part, short)
        return place < len(part) and part[place] == short

    def __bool__(self) -> bool:
        return bool(self._parts)
