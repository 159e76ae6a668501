"""The words for a record in titles: they cost no query of their own."""

from typing import Any

from django.db import models


def referred(record: models.Model, name: str) -> Any:
    """What a record refers to by `name`, where it was loaded with it; else its key."""
    return record._state.fields_cache.get(name) or getattr(record, f"{name}_id")
