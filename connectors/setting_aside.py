"""Whole rows of what a batch found, read so that they can be put back as they were, and put back.

Values travel as JSON with their type, since a date that comes back as a text is not what it was.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings

from connectors.kinds.base import Permanent, chunk_rows
from connectors.models import Batch, Chunk, Connection
from connectors.searching import Searcher

# The nearest first: a datetime is a date too.
TYPES: tuple[tuple[str, type, Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    ("datetime", datetime, datetime.isoformat, datetime.fromisoformat),
    ("date", date, date.isoformat, date.fromisoformat),
    ("time", time, time.isoformat, time.fromisoformat),
    ("seconds", timedelta, timedelta.total_seconds, lambda one: timedelta(seconds=one)),
    ("decimal", Decimal, str, Decimal),
    ("uuid", UUID, str, UUID),
    ("bytes", bytes, bytes.hex, bytes.fromhex),
)
TAG = "="


def refuse_unless_possible(connection: Connection) -> None:
    """Raises Permanent for a kind whose rows cannot be put back as they were."""
    if connection.kind not in ("sql", "django"):
        raise Permanent(
            "schema", "Rows of this kind of system cannot be put back, so they cannot be archived. Delete them."
        )


def rows(batch: Batch) -> Iterator[bytes]:
    """Every row of a batch's findings as a line of JSON: its collection, and all columns that the table has. Flat memory."""
    searcher = Searcher(batch)
    for finding in batch.findings.select_related("system").order_by("place", "pk"):
        spec = searcher.spec((finding.dataset, finding.collection))
        refuse_unless_possible(Connection.objects.get(system=finding.system))
        kind = searcher.kind(spec.system)
        names = [name for name, one in kind.columns(spec).items() if not one.computed]
        for pk in list(Chunk.objects.filter(finding=finding).order_by("number").values_list("pk", flat=True)):
            keys = [tuple(one) for one in Chunk.objects.get(pk=pk).keys or ()]
            for row in kind.read(spec, names, keys):
                line = {"in": [spec.dataset, spec.name], "row": {name: _packed(one) for name, one in row.items()}}
                yield json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()


def put_back(batch: Batch, lines: Iterable[bytes]) -> tuple[int, int]:
    """Put rows back where they are missing; (rows read, rows put). Safe to repeat. Raises Permanent or Temporary."""
    searcher, read, put = Searcher(batch), 0, 0
    every = iter(lines)
    while some := list(islice(every, settings.CHUNK_ROWS)):
        by_name: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for line in some:
            found = json.loads(line)
            row = {name: _unpacked(one) for name, one in found["row"].items()}
            by_name.setdefault((found["in"][0], found["in"][1]), []).append(row)
        for name, group in by_name.items():
            spec = searcher.spec(name)
            kind = searcher.kind(spec.system)
            most = chunk_rows(kind)
            for place in range(0, len(group), most):
                with kind.changing() as session:
                    insert = getattr(session, "insert", None)
                    if insert is None:
                        raise Permanent("schema", "Rows of this kind of system cannot be put back.")
                    put += insert(spec, group[place : place + most])
        read += len(some)
    return read, put


def _packed(value: Any) -> Any:
    for name, kind, dump, _ in TYPES:
        if isinstance(value, kind):
            return {TAG: name, "v": dump(value)}
    return {TAG: "json", "v": value} if isinstance(value, dict) else value


def _unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    for name, _, _, load in TYPES:
        if value[TAG] == name:
            return load(value["v"])
    return value["v"]
