"""Signing receipts, so that anybody can check one years later, without us and without a network.

What is signed: the receipt without its member `signature`, as canonical JSON (RFC 8785). How: a detached JSON Web Signature
(RFC 7515, appendix F) with Ed25519 (RFC 8037). Only text, whole numbers, truth values, lists and objects with ASCII names occur
in a receipt; for those RFC 8785 is sorted names, no spaces and UTF-8, which `canonical` makes sure of.

RECEIPT_KEYS: "id:key,id:key"; the first signs, all are published. A key that was retired stays published, as its private
key or, better, as "id:public:<its public key>", so that old receipts can be checked for good.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings


@dataclass(frozen=True)
class Key:
    """A key by its id; `private` is missing for one that was retired."""

    id: str
    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None = None

    @property
    def jwk(self) -> dict[str, str]:
        """The public half (RFC 8037)."""
        raw = self.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": encoded(raw), "kid": self.id, "use": "sig", "alg": "EdDSA"}


@lru_cache(maxsize=4)
def keys(text: str) -> tuple[Key, ...]:
    """The keys of the setting, the one that signs first. Raises ValueError for one that cannot be read."""
    found = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, rest = part.partition(":")
        public, _, shown = rest.rpartition(":")
        try:
            raw = base64.b64decode(shown + "=" * (-len(shown) % 4), altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise ValueError(f"RECEIPT_KEYS: the key {name!r} is not URL-safe base64") from error
        if not name or len(raw) != 32 or public not in ("", "public"):
            raise ValueError(f"RECEIPT_KEYS: write id:key or id:public:key, with 32 bytes; {name!r} is neither")
        if public:
            found.append(Key(name, Ed25519PublicKey.from_public_bytes(raw)))
        else:
            private = Ed25519PrivateKey.from_private_bytes(raw)
            found.append(Key(name, private.public_key(), private))
    if not found or found[0].private is None:
        raise ValueError("RECEIPT_KEYS: the first key must be one that can sign")
    if len({one.id for one in found}) != len(found):
        raise ValueError("RECEIPT_KEYS: two keys have the same id")
    return tuple(found)


def published() -> dict[str, list[dict[str, str]]]:
    """The public keys as a JWK set."""
    return {"keys": [one.jwk for one in keys(settings.RECEIPT_KEYS)]}


def canonical(value: dict[str, Any]) -> bytes:
    """The value as canonical JSON. Raises ValueError for what a receipt may not hold."""
    _check(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def signed(receipt: dict[str, Any]) -> dict[str, Any]:
    """The receipt with its signature, under the first key."""
    key = keys(settings.RECEIPT_KEYS)[0]
    if key.private is None:
        raise ValueError("RECEIPT_KEYS: the first key must be one that can sign")
    header = encoded(canonical({"alg": "EdDSA", "kid": key.id}))
    body = {name: value for name, value in receipt.items() if name != "signature"}
    made = key.private.sign(f"{header}.{encoded(canonical(body))}".encode())
    return {**body, "signature": f"{header}..{encoded(made)}"}


def holds(receipt: dict[str, Any]) -> bool:
    """Whether the receipt is as it was signed, under one of our keys. For our own checks; others use the published keys."""
    header, _, made = str(receipt.get("signature", "")).partition("..")
    body = {name: value for name, value in receipt.items() if name != "signature"}
    try:
        said = json.loads(_decoded(header))
        key = next(one for one in keys(settings.RECEIPT_KEYS) if said == {"alg": "EdDSA", "kid": one.id})
        key.public.verify(_decoded(made), f"{header}.{encoded(canonical(body))}".encode())
    except (StopIteration, ValueError, InvalidSignature):
        return False
    return True


def encoded(raw: bytes) -> str:
    """URL-safe base64 without padding, as RFC 7515 wants it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _check(value: Any) -> None:
    if isinstance(value, dict):
        if not all(isinstance(name, str) and name.isascii() for name in value):
            raise ValueError("names in a receipt are ASCII")
        for one in value.values():
            _check(one)
    elif isinstance(value, list):
        for one in value:
            _check(one)
    elif not isinstance(value, str | bool | int):
        raise ValueError(f"a receipt holds no {type(value).__name__}")
