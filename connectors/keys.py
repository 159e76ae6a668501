"""The hash of a row's key: rows are counted, compared and remembered by it."""

import hashlib
import json

from connectors.kinds.base import Key

_encode = json.JSONEncoder(default=str).encode


def key_hash(key: Key) -> int:
    """The hash of one row's key."""
    # One whole number as JSON writes it, at a quarter of the cost.
    text = f"[{key[0]}]" if len(key) == 1 and type(key[0]) is int else _encode(list(key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
