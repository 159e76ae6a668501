"""Encryption of single values and the blind index.

AES-256-GCM. A stored value reads `v1:<key id>:<base64 of nonce + ciphertext>`; the context (model.field) is authenticated
with it, so a value moved to another column does not decrypt. Each purpose derives its own key (HKDF-SHA256, RFC 5869).
The blind index is HMAC-SHA256 under a key of its own: equal values have equal indexes, and nothing else can be learned
without that key.
"""

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12


class Undecryptable(Exception):
    """The value was changed, moved, or its key is not in DATA_KEYS."""


@lru_cache(maxsize=8)
def _keyring(text: str) -> dict[str, bytes]:
    ring = {}
    for part in filter(None, text.split(",")):
        name, _, key = part.strip().partition(":")
        ring[name] = base64.urlsafe_b64decode(key)
        if len(ring[name]) != 32:
            raise ValueError(f"DATA_KEYS: key {name!r} must be 32 bytes in URL-safe base64")
    if not ring:
        raise ValueError("DATA_KEYS is empty")
    return ring


@lru_cache(maxsize=64)
def _cipher(text: str, key_id: str) -> AESGCM:
    ring = _keyring(text)
    if key_id not in ring:
        raise Undecryptable(f"no key {key_id!r} in DATA_KEYS")
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"privacyops field v1").derive(ring[key_id])
    return AESGCM(derived)


def encrypt(plain: bytes, context: str) -> str:
    """`plain` under the first key of DATA_KEYS, bound to `context`."""
    key_id = next(iter(_keyring(settings.DATA_KEYS)))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = _cipher(settings.DATA_KEYS, key_id).encrypt(nonce, plain, context.encode())
    return f"v1:{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def decrypt(stored: str, context: str) -> bytes:
    """The plain bytes. Raises Undecryptable."""
    try:
        version, key_id, body = stored.split(":", 2)
        if version != "v1":
            raise Undecryptable(f"unknown format {version!r}")
        raw = base64.b64decode(body, validate=True)
        return _cipher(settings.DATA_KEYS, key_id).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise Undecryptable(f"value in {context} does not decrypt") from error


def blind_index(kind: str, normalised: str) -> str:
    """The hex HMAC by which an identifier of this kind is found."""
    key = hashlib.sha256(b"privacyops index v1" + settings.INDEX_KEY.encode()).digest()
    return hmac.new(key, f"{kind}\x00{normalised}".encode(), hashlib.sha256).hexdigest()
