"""The frozen keys of chunks as they are stored: a list of lists as one text, which for many rows is not taken apart."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import ExpressionWrapper, F, QuerySet, TextField

from connectors.kinds.base import Key
from connectors.models import Chunk
from subjects.fields import EncryptedJSONField

SIGNS = b"0123456789-"


@dataclass(frozen=True)
class Frozen:
    """Keys of so many rows."""

    rows: int
    text: str

    @property
    def keys(self) -> list[Key]:
        """One by one."""
        return [tuple(key) for key in json.loads(self.text)]

    @property
    def numbers(self) -> str | None:
        """The keys with commas between them where each is one whole number, else None."""
        # Nothing but numbers, each in its brackets: [[1],[2],[3]] leaves [[],[],[]].
        brackets = self.text.encode().translate(None, SIGNS)
        if not self.rows or brackets != b"[" + b",".join([b"[]"] * self.rows) + b"]" or "[]" in self.text:
            return None
        return self.text[2:-2].replace("],[", ",")


def of_keys(keys: Sequence[Key]) -> Frozen:
    """Keys that are in memory."""
    return Frozen(len(keys), json.dumps(keys, separators=(",", ":"), default=str))


def stored(chunks: "QuerySet[Chunk]") -> Iterator[tuple[int, Frozen]]:
    """(chunk, its keys); one whose keys were forgotten has none."""
    field = Chunk._meta.get_field("keys")
    assert isinstance(field, EncryptedJSONField)
    rows = chunks.annotate(sealed=ExpressionWrapper(F("keys"), output_field=TextField()))
    for pk, count, sealed in rows.values_list("pk", "rows", "sealed"):
        yield pk, Frozen(count, field.words(sealed)) if sealed else Frozen(0, "[]")


def together(parts: Iterable[Frozen], most: int) -> Iterator[list[Frozen]]:
    """Parts that follow each other, of at most so many rows together."""
    group: list[Frozen] = []
    for one in parts:
        if group and sum(each.rows for each in group) + one.rows > most:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def numbers(parts: Iterable[Frozen]) -> str | None:
    """The keys of several parts, see `Frozen.numbers`."""
    found = [one.numbers for one in parts]
    return None if None in found else ",".join(one for one in found if one is not None)
