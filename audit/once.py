"""Once per idempotency key: a client whose answer was lost calls again and gets the same row."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from audit.models import ApiClient
from audit.refusal import Refused

HEADER = "Idempotency-Key"
KEY = re.compile(r"^[A-Za-z0-9._:\-]{1,80}$")


def key(headers: Mapping[str, str]) -> str:
    """The key of a call. Raises Refused (codes "idempotency_key_missing", "idempotency_key_shape")."""
    given = headers.get(HEADER, "").strip()
    if not given:
        raise Refused(
            f"Send the header {HEADER} with a value of your own, for example a UUID, and the same one when you repeat"
            " this call.",
            code="idempotency_key_missing",
        )
    if not KEY.match(given):
        raise Refused(
            f"{HEADER} may hold letters, digits and . _ : - only, at most 80 of them.", code="idempotency_key_shape"
        )
    return given


def create(
    model: type[Any], *, client: ApiClient | None, key: str, same: Mapping[str, Any], **rest: Any
) -> tuple[Any, bool]:
    """A new row of `model`, or the one that `client` made with this `key`; and whether it is new.

    `same` are the values that a repeat must repeat. Raises Refused (code "idempotency_conflict") when one differs, and
    ValueError for a key without a client: only a client's own keys are unique. Two calls at once make one row, for the
    loser of the unique constraint reads the winner's.
    """
    if not key:
        return model.objects.create(client=client, **same, **rest), True
    if client is None:
        raise ValueError("an idempotency key belongs to an API client")
    mine = model.objects.filter(client=client, idempotency_key=key)
    row = mine.first()
    if row is None:
        try:
            with transaction.atomic():
                return model.objects.create(client=client, idempotency_key=key, **same, **rest), True
        except IntegrityError:
            row = mine.first()
            if row is None:
                raise  # another constraint than the key's
    if any(getattr(row, name) != value for name, value in same.items()):
        raise Refused(
            f"This {HEADER} was used for another call already. Send a new key with new content.",
            code="idempotency_conflict",
        )
    return row, False
