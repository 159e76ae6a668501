"""Whose the idempotency keys are of what no program sends: lines of files, forms of the desk, our own work in systems."""

import hashlib
import secrets

from audit.models import ApiClient

FILES = "Import of disclosures"
DESK = "Disclosures by hand"
WORK = "Disclosures by our own work"


def holder(name: str) -> ApiClient:
    """The client that these keys belong to; nobody can call with it."""
    hashed = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
    return ApiClient.objects.get_or_create(name=name, defaults={"key_hash": hashed, "active": False})[0]
