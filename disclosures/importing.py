"""Disclosures from a file: CSV in UTF-8 with a head line, read line by line and recorded some thousand at a time.

A line that cannot be taken stands in the report with its number, its column and words; its values do not. The key of each line
is made of what it says, so a second import of the same file changes nothing, and one that broke in the middle goes on.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from audit.actor import Actor
from audit.api import KINDS
from audit.refusal import Refused
from disclosures import keyholders, reading, recording
from disclosures.models import Disclosure
from disclosures.reading import Item, Reader
from subjects import vault

NEEDED = ("kind", "identifier", "recipient", "categories", "disclosed_at")
OPTIONAL = ("purpose", "occasion")
COLUMNS = NEEDED + OPTIONAL
BETWEEN = ";"  # between the categories of a line
LONGEST_LINE, MOST_SHOWN = 16_384, 200


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


def load(lines: Iterable[str], *, actor: Actor, report: TextIO | None = None, most_shown: int = MOST_SHOWN) -> Done:
    """Record the disclosures of a file. Rejected lines go to `report` as CSV, and the first of them into the answer.

    Raises Refused for a file whose head line lacks a column or has one that we do not know.
    """
    rows = csv.reader(lines)
    head = _head(rows)
    writer = csv.writer(report) if report else None
    if writer:
        writer.writerow(("line", "field", "code", "words"))
    done, client = Done(), keyholders.holder(keyholders.FILES)
    for numbers, items in _parts(rows, head):
        outcomes = recording.record_many(
            items, source=Disclosure.Source.IMPORT, actor=actor, client=client, event="disclosures.imported"
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


def _head(rows: Any) -> list[str]:
    try:
        head = [one.strip().lower() for one in next(rows, [])]
    except csv.Error as error:
        raise Refused("The file cannot be read as CSV. Save it as CSV in UTF-8.", code="file_unreadable") from error
    if head:
        head[0] = head[0].removeprefix("\ufeff")
    missing = [one for one in NEEDED if one not in head]
    if missing:
        raise Refused(f"The first line must name the columns; missing: {', '.join(missing)}.", code="column_missing")
    if not set(head) <= set(COLUMNS) or len(set(head)) != len(head):
        raise Refused(
            f"The first line may name each of these columns once, and no other: {', '.join(COLUMNS)}.",
            code="column_unknown",
        )
    return head


def _parts(rows: Any, head: list[str]) -> Iterator[tuple[list[int], list[Item | Refused]]]:
    """The lines, so many at a time that one transaction takes them; each key once."""
    numbers: list[int] = []
    items: list[Item | Refused] = []
    keys: set[str] = set()
    for number, one in _lines(rows, head):
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


def _lines(rows: Any, head: list[str]) -> Iterator[tuple[int, Item | Refused]]:
    reader = Reader()
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield rows.line_num, Refused("This line cannot be read as CSV.", code="malformed")
            continue
        if not any(cell.strip() for cell in row):
            continue
        try:
            yield rows.line_num, _item(row, head, reader)
        except Refused as error:
            yield rows.line_num, error


def _item(row: list[str], head: list[str], reader: Reader) -> Item:
    if len(row) != len(head):
        raise Refused(f"This line has {len(row)} values, and the first line {len(head)} columns.", code="malformed")
    if sum(map(len, row)) > LONGEST_LINE:
        raise Refused("This line is too long.", code="malformed")
    given: dict[str, Any] = {name: cell.strip() for name, cell in zip(head, row, strict=True)}
    said = "\x1f".join(f"{name}={given[name]}" for name in sorted(given) if given[name])
    given["identifier"] = {"kind": given.pop("kind"), "value": given["identifier"]}
    given["categories"] = [one.strip() for one in given["categories"].split(BETWEEN) if one.strip()]
    if not given["disclosed_at"]:
        raise reading.malformed("disclosed_at", "Say when it went over: 2026-05-01T12:00:00Z.")
    return reader.item({**given, "key": f"import:{vault.blind_index('disclosures', said)}"})


def _column(name: str | None) -> str:
    """A field as the file's head line calls it."""
    inside = {"identifier.kind": "kind", "identifier.value": "identifier", **dict.fromkeys(KINDS, "identifier")}
    return inside.get(name or "", name or "")
