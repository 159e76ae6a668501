"""What may be said of each noun in a description, and what a fault looks like."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from inventory.descriptions.lines import place
from inventory.models import Collection, DataCategory, Dataset, Field, Purpose, System

# Columns that a description names by the same word; the order is the one of an export.
COLUMNS: Mapping[type[models.Model], tuple[str, ...]] = {
    DataCategory: ("key", "name", "sensitive", "mask"),
    Purpose: (
        "key", "name", "description", "lawful_basis", "required", "consequence", "sale_or_sharing", "data_subjects",
        "measures",
    ),
    System: ("key", "name", "description", "role", "client", "client_contact", "owner", "region"),
    Dataset: ("key", "name", "description", "source", "source_detail", "after"),
    Collection: (
        "name", "title", "description", "erase", "erase_shared", "keep_ground", "keep_until", "dated_by", "in_package",
        "after", "erase_after", "skip",
    ),
    Field: (
        "name", "title", "data_type", "primary_key", "identity", "person", "attribute", "mask", "suppress", "restrict",
        "read_only", "length", "every_element",
    ),
}  # fmt: skip
# What else stands in a mapping: rows below it, or the names of others.
MORE: Mapping[type[models.Model], tuple[str, ...]] = {
    DataCategory: (),
    Purpose: (),
    System: ("datasets",),
    Dataset: ("collections",),
    Collection: ("purposes", "fields"),
    Field: ("category", "references"),
}
NEEDED: Mapping[type[models.Model], tuple[str, ...]] = {
    DataCategory: ("key", "name"),
    Purpose: ("key", "name"),
    System: ("key", "name"),
    Dataset: ("key", "name"),
    Collection: ("name", "title", "fields"),
    Field: ("name",),
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where it stands, in which key, and what to do."""

    at: str
    path: str
    key: str
    words: str

    def __str__(self) -> str:
        where = f"{self.path}.{self.key}" if self.key else self.path
        return ": ".join(part for part in (self.at, where, self.words) if part)


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Faults as they stand in their files, each once."""

    def turn(one: Fault) -> tuple[str, int]:
        file, _, line = one.at.rpartition(": line ")
        return file, int(line or 0)

    return sorted(dict.fromkeys(faults), key=turn)


def fault(row: Mapping[str, Any], path: str, key: str, words: str) -> Fault:
    """A fault in `key` of a row; `key` "" for the row as a whole."""
    return Fault(place(row, key), path, key, words)


def allowed(model: type[models.Model]) -> tuple[str, ...]:
    """Every key that may stand in a row of this noun."""
    return (*COLUMNS[model], *MORE[model])


def default(model: type[models.Model], column: str) -> Any:
    """What a column holds when nothing is said of it."""
    return model._meta.get_field(column).get_default()  # type: ignore[union-attr]


def titled(name: str) -> str:
    """A name as a title, for want of a better one: `payment_card` becomes Payment card."""
    words = re.sub(r"[_\-.\s]+", " ", name).strip()
    return (words[:1].upper() + words[1:])[:120] or name
