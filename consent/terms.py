"""What people are told of a purpose, as one digest: another digest is another purpose to them."""

import hashlib
import json
from typing import Any

from inventory.models import Purpose

TOLD = ("name", "description", "lawful_basis", "required", "sale_or_sharing")


def of(purpose: Purpose) -> str:
    """SHA-256 over name, description, lawful basis, whether it is required and whether it is a sale."""
    return digest(*said(purpose).values())


def digest(*told: Any) -> str:
    """The same over the values of TOLD, in that order."""
    return hashlib.sha256(json.dumps(list(told), ensure_ascii=True).encode()).hexdigest()


def said(purpose: Purpose) -> dict[str, Any]:
    """The terms themselves."""
    return {name: getattr(purpose, name) for name in TOLD}
