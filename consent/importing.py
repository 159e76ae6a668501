"""Choices from a file: CSV in UTF-8 with a head line, read line by line and recorded a thousand at a time.

A line that cannot be taken stands in the report with its number, its field and words; its values do not. The key of each line
is made of what it says, so a second import of the same file changes nothing, and one that broke in the middle goes on.
"""

import csv
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from audit.actor import Actor
from audit.api import KINDS
from audit.models import ApiClient
from audit.refusal import Refused
from consent import reading, recording
from consent.models import Choice
from consent.recording import Item
from subjects import vault

NEEDED = ("kind", "identifier", "purpose", "granted", "chosen_at")
OPTIONAL = ("expires_at", "words", "language", "region", "signal", "confirmed")
COLUMNS = NEEDED + OPTIONAL
TRUE, FALSE = {"yes", "true", "1", "y"}, {"no", "false", "0", "n"}
HOLDER = "Import of choices"
LONGEST_LINE = 16_384


@dataclass(frozen=True)
class Rejected:
    """A line that was not taken. `field`: the column at fault, if one is."""

    line: int
    field: str
    code: str
    words: str


@dataclass
class Done:
    """What became of a file."""

    recorded: int = 0
    repeated: int = 0
    rejected: int = 0
    shown: list[Rejected] = field(default_factory=list)


def load(lines: Iterable[str], *, actor: Actor, report: TextIO | None = None, most_shown: int = 200) -> Done:
    """Record the choices of a file. Rejected lines go to `report` as CSV, and the first of them into the answer.

    Raises Refused for a file whose head line lacks a column or has one that we do not know.
    """
    reader = csv.reader(lines)
    try:
        head = [one.strip().lower() for one in next(reader, [])]
    except csv.Error as error:
        raise Refused("The file cannot be read as CSV. Save it as CSV in UTF-8.", code="file_unreadable") from error
    if head:
        head[0] = head[0].removeprefix("\ufeff")
    _check(head)
    writer = csv.writer(report) if report else None
    if writer:
        writer.writerow(("line", "field", "code", "words"))
    done, client = Done(), holder()
    for numbers, items in _parts(reader, head):
        outcomes = recording.record_many(
            items, source=Choice.Source.IMPORT, actor=actor, client=client, event="choices.imported"
        )
        for number, one in zip(numbers, outcomes, strict=True):
            if one.refused is None:
                done.recorded += not one.repeated
                done.repeated += one.repeated
                continue
            done.rejected += 1
            row = Rejected(number, _column(one.refused.field), one.refused.code, one.refused.message)
            if len(done.shown) < most_shown:
                done.shown.append(row)
            if writer:
                writer.writerow((row.line, row.field, row.code, row.words))
    return done


def holder() -> ApiClient:
    """The client that the keys of imported lines belong to; nobody can call with it."""
    hashed = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
    return ApiClient.objects.get_or_create(name=HOLDER, defaults={"key_hash": hashed, "active": False})[0]


def _check(head: list[str]) -> None:
    missing = [one for one in NEEDED if one not in head]
    unknown = [one for one in head if one not in COLUMNS]
    if missing:
        raise Refused(f"The first line must name the columns; missing: {', '.join(missing)}.", code="column_missing")
    if unknown or len(set(head)) != len(head):
        raise Refused(
            f"The first line may name each of these columns once, and no other: {', '.join(COLUMNS)}.",
            code="column_unknown",
        )


def _parts(reader: Any, head: list[str]) -> Iterator[tuple[list[int], list[Item | Refused]]]:
    """The lines, so many at a time that one transaction takes them; each key once."""
    numbers: list[int] = []
    items: list[Item | Refused] = []
    keys: set[str] = set()
    for number, one in _lines(reader, head):
        if isinstance(one, Item) and one.key in keys:  # the very same line: it would be a repeat of itself
            yield numbers, items
            numbers, items, keys = [], [], set()
        numbers.append(number)
        items.append(one)
        if isinstance(one, Item):
            keys.add(one.key)
        if len(items) == recording.MOST:
            yield numbers, items
            numbers, items, keys = [], [], set()
    if items:
        yield numbers, items


def _lines(reader: Any, head: list[str]) -> Iterator[tuple[int, Item | Refused]]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield reader.line_num, Refused("This line cannot be read as CSV.", code="malformed")
            continue
        if not any(cell.strip() for cell in row):
            continue
        try:
            yield reader.line_num, _item(row, head)
        except Refused as error:
            yield reader.line_num, error


def _item(row: list[str], head: list[str]) -> Item:
    if len(row) != len(head):
        raise Refused(f"This line has {len(row)} values, and the first line {len(head)} columns.", code="malformed")
    if sum(map(len, row)) > LONGEST_LINE:
        raise Refused("This line is too long.", code="malformed")
    given: dict[str, Any] = {name: cell.strip() or None for name, cell in zip(head, row, strict=True)}
    given["identifier"] = {"kind": given.pop("kind"), "value": given["identifier"]}
    given["granted"] = _flag("granted", given["granted"])
    for name in ("signal", "confirmed"):
        if given.get(name) is not None:
            given[name] = _flag(name, given[name])
    if given["chosen_at"] is None:
        raise reading.refused("chosen_at", "Say when the person chose: 2026-05-01T12:00:00Z.")
    said = "\x1f".join(f"{name}={given.get(name)}" for name in sorted(given))
    return reading.item({**given, "key": f"import:{vault.blind_index('import', said)}"})


def _flag(name: str, cell: str | None) -> bool:
    text = (cell or "").lower()
    if text not in TRUE | FALSE:
        raise reading.refused(name, "Write yes or no.")
    return text in TRUE


def _column(name: str | None) -> str:
    """A field as the file's head line calls it."""
    inside = {"identifier.kind": "kind", "identifier.value": "identifier", **dict.fromkeys(KINDS, "identifier")}
    return inside.get(name or "", name or "")
