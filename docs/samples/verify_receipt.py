"""Checks a consent receipt with the published keys, without PrivacyOps: needs Python and `cryptography`, no network.

    python verify_receipt.py receipt.jsonld keys.json

`keys.json` is https://<privacy centre>/.well-known/privacyops-receipt-keys.json, fetched once and kept.
"""

import base64
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(receipt: dict, keys: dict) -> str:
    """The id of the key that signed it. Raises an exception if it was changed, or signed by nobody of the keys."""
    header, empty, signature = receipt.pop("signature").split(".")
    said = json.loads(bytes_of(header))
    assert empty == "" and said["alg"] == "EdDSA", "not a detached Ed25519 signature"
    key = next(one for one in keys["keys"] if one["kid"] == said["kid"])
    # RFC 8785: names in order, no spaces, UTF-8. A receipt holds text, whole numbers, lists and objects only.
    canonical = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    payload = base64.urlsafe_b64encode(canonical).rstrip(b"=").decode()
    Ed25519PublicKey.from_public_bytes(bytes_of(key["x"])).verify(bytes_of(signature), f"{header}.{payload}".encode())
    return str(key["kid"])


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as one, open(sys.argv[2], encoding="utf-8") as other:
        sys.stdout.write(f"good, signed with key {verify(json.load(one), json.load(other))}\n")
