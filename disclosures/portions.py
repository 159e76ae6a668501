"""Rows that were handed in, and what would leave, kept encrypted in portions: written and read as a stream, gone in one go.

A portion is at most PORTION bytes of text, compressed and then encrypted (`subjects.vault`). They lie in the database, so that
they come and go with the row that they belong to, in its transaction.
"""

import base64
import csv
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from disclosures.models import ReleasePortion, ReleaseProposal
from disclosures.releases import columns
from disclosures.releases.columns import Row

PORTION = 256 * 1024
AT_ONCE = 20
Part = ReleasePortion.Part


def keep(proposal: ReleaseProposal, part: str, pieces: Iterable[bytes]) -> int:
    """Store a stream in place of what is there, in the caller's transaction; how many bytes it has."""
    destroy(proposal, part)
    size = 0

    def made() -> Iterator[ReleasePortion]:
        nonlocal size
        for number, plain in enumerate(_portions(pieces)):
            size += len(plain)
            body = base64.b64encode(zlib.compress(plain)).decode()
            yield ReleasePortion(proposal=proposal, part=part, number=number, body=body)

    rows = made()
    while batch := list(islice(rows, AT_ONCE)):
        ReleasePortion.objects.bulk_create(batch)
    return size


def _portions(pieces: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= PORTION:
            yield bytes(waiting[:PORTION])
            del waiting[:PORTION]
    if waiting:
        yield bytes(waiting)


def stream(proposal: ReleaseProposal, part: str) -> Iterator[bytes]:
    """What is stored, portion by portion."""
    number = 0
    while True:
        body = (
            ReleasePortion.objects.filter(proposal=proposal, part=part, number=number)
            .values_list("body", flat=True)
            .first()
        )
        if body is None:
            return
        yield zlib.decompress(base64.b64decode(body))
        number += 1


def destroy(proposal: ReleaseProposal, *parts: str) -> None:
    """Delete what is stored."""
    ReleasePortion.objects.filter(proposal=proposal, part__in=parts).delete()


def rows(proposal: ReleaseProposal) -> Iterator[Row]:
    """The rows that were handed in. Raises ValueError, in words, for a file that has none."""
    yield from columns.of_lines(lines(stream(proposal, Part.SOURCE)))


def lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines of a UTF-8 text. Raises ValueError, in words."""
    waiting = b""
    for piece in pieces:
        waiting += piece
        *whole, waiting = waiting.split(b"\n")
        for one in whole:
            yield _text(one) + "\n"
    if waiting:
        yield _text(waiting)


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError:
        raise ValueError("The file is not UTF-8 text. Save it as CSV in UTF-8.") from None


class Table:
    """Rows on their way into a CSV: pieces of bytes, and in the end how many rows and the digest of all."""

    def __init__(self, table: Iterable[Sequence[str]]) -> None:
        self._table = table
        self._hash = hashlib.sha256()
        self.lines = 0

    def pieces(self) -> Iterator[bytes]:
        """The CSV, some hundred lines a piece."""
        rows = iter(self._table)
        while batch := list(islice(rows, 500)):
            text = io.StringIO(newline="")
            csv.writer(text).writerows(batch)
            plain = text.getvalue().encode()
            self._hash.update(plain)
            self.lines += len(batch)
            yield plain

    @property
    def digest(self) -> str:
        """SHA-256 of what was written so far."""
        return self._hash.hexdigest()


def keep_json(proposal: ReleaseProposal, part: str, value: Any) -> None:
    """Store one JSON value."""
    keep(proposal, part, [json.dumps(value, separators=(",", ":")).encode()])


def read_json(proposal: ReleaseProposal, part: str) -> Any:
    """The JSON value that is stored, or None."""
    text = b"".join(stream(proposal, part))
    return json.loads(text) if text else None
