"""Lines of a CSV file, read one by one and recorded some thousand at a time.

A line that cannot be taken stands in the report with its number, its column and words; its values do not. Each line has a key
that is made of what it says, so a second import of the same file changes nothing, and one that broke in the middle goes on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

from audit import sheet
from audit.api import KINDS
from audit.refusal import Refused

LONGEST_LINE, MOST_SHOWN = 16_384, 200
# A field as the first line of a file calls it.
COLUMN_OF = {"identifier.kind": "kind", "identifier.value": "identifier", **dict.fromkeys(KINDS, "identifier")}


class Outcome(Protocol):
    """What became of an item."""

    @property
    def refused(self) -> Refused | None: ...

    @property
    def repeated(self) -> bool: ...


@dataclass(frozen=True)
class Kind:
    """What a file of one kind says, and the verb for it. `item`: a line's cells by column as something with a `key`, or raises
    Refused; `record`: takes at most `most` of those and refusals, and tells of each what became of it.
    """

    needed: Sequence[str]
    known: Sequence[str]
    item: Callable[[Mapping[str, str]], Any]
    record: Callable[[list[Any]], Sequence[Outcome]]
    most: int


@dataclass(frozen=True)
class Rejected:
    """A line that was not taken. `field`: the column at fault, if one is."""

    line: int
    field: str
    code: str
    words: str


@dataclass
class Done:
    """What became of a file; of the rejected lines the first are `shown`."""

    recorded: int = 0
    repeated: int = 0
    rejected: int = 0
    shown: list[Rejected] = field(default_factory=list)


def load(given: str | Iterable[str], kind: Kind, *, report: TextIO | None = None) -> Done:
    """Record the lines of a file. Rejected ones go to `report` as CSV, and the first of them into the answer.

    Raises Refused for a file whose first line lacks a column or has one that we do not know.
    """
    rows = sheet.rows(given)
    first = next(rows, (1, []))[1]
    if first is None:
        raise Refused("The file cannot be read as CSV. Save it as CSV in UTF-8.", code="file_unreadable", field="file")
    head = sheet.columns(first, needed=kind.needed, known=kind.known)
    done = Done()
    if report:
        report.write(sheet.line(("line", "field", "code", "words")))
    for numbers, items in _parts(rows, head, kind):
        for number, one in zip(numbers, kind.record(items), strict=True):
            if one.refused is None:
                done.recorded += not one.repeated
                done.repeated += one.repeated
                continue
            done.rejected += 1
            column = one.refused.field or ""
            row = Rejected(number, COLUMN_OF.get(column, column), one.refused.code, one.refused.message)
            if len(done.shown) < MOST_SHOWN:
                done.shown.append(row)
            if report:
                report.write(sheet.line((row.line, row.field, row.code, row.words)))
    return done


def _parts(
    rows: Iterable[tuple[int, list[str] | None]], head: list[str], kind: Kind
) -> Iterator[tuple[list[int], list[Any]]]:
    """The lines, so many at a time that one transaction takes them; each key once."""
    numbers: list[int] = []
    items: list[Any] = []
    keys: set[str] = set()
    for number, cells in rows:
        one = _item(cells, head, kind)
        key = None if isinstance(one, Refused) else one.key
        if key in keys or len(items) == kind.most:  # the very same line would be a repeat of itself
            yield numbers, items
            numbers, items, keys = [], [], set()
        numbers.append(number)
        items.append(one)
        if key is not None:
            keys.add(key)
    if items:
        yield numbers, items


def _item(cells: list[str] | None, head: list[str], kind: Kind) -> Any:
    """The line as what it says, or why it is not taken."""
    if cells is None:
        return Refused("This line cannot be read as CSV.", code="malformed")
    if len(cells) != len(head):
        return Refused(f"This line has {len(cells)} values, and the first line {len(head)} columns.", code="malformed")
    if sum(map(len, cells)) > LONGEST_LINE:
        return Refused("This line is too long.", code="malformed")
    try:
        return kind.item({name: cell.strip() for name, cell in zip(head, cells, strict=True)})
    except Refused as error:
        return error
