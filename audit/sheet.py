"""CSV as programs and spreadsheets write it, in and out: the one place that knows its traps.

Out: a cell that a spreadsheet would run as a formula gets an apostrophe before it (CWE-1236), and reading takes it away again.
In: UTF-8 with or without its mark, comma, semicolon or tab, whichever the first line has most of; the number of a row is that
of the line it begins in, however many lines it has.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any

from audit.refusal import Refused

# The csv module has one limit for the whole process, so nobody else sets it: whoever wants less says so to `rows`.
LONGEST_CELL = 8 * 1024 * 1024
csv.field_size_limit(LONGEST_CELL)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")
RISKY = re.compile(rf"'* *[{re.escape(''.join(FORMULA))}]")
MARK = "\ufeff"  # by which a spreadsheet knows UTF-8
NO_CSV = "this is not CSV, or a cell is too long."


def neutral(cell: str) -> str:
    """The cell as a spreadsheet may have it."""
    return f"'{cell}" if RISKY.match(cell) else cell


def meant(cell: str) -> str:
    """The cell as it was before `neutral`."""
    return cell[1:] if cell.startswith("'") and RISKY.match(cell) else cell


def line(cells: Iterable[Any]) -> str:
    """One line of CSV that no spreadsheet runs. Numbers stay numbers, days and moments are by ISO 8601."""
    out = io.StringIO()
    csv.writer(out).writerow([_written(one) for one in cells])
    return out.getvalue()


def lines(rows: Iterable[Iterable[Any]]) -> str:
    """Many of them."""
    return "".join(map(line, rows))


def _written(value: Any) -> Any:
    if value is None or isinstance(value, int | float | Decimal):
        return value
    return neutral(value.isoformat() if isinstance(value, date) else str(value))


def text(raw: bytes, *, most: int, instead: str = "Send it in parts.") -> str:
    """What stands in a file. Raises Refused for one of more than `most` bytes (then `instead`), or that is not UTF-8."""
    if len(raw) > most:
        raise Refused(f"The file is larger than {most // 1_000_000} MB. {instead}", code="file_large", field="file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("This file is not UTF-8. Save it as CSV in UTF-8.", code="file_encoding", field="file") from error


def rows(given: str | Iterable[str], *, longest: int = LONGEST_CELL) -> Iterator[tuple[int, list[str] | None]]:
    """(number of its first line, cells) of each row that says anything. No cells: that is no CSV, or a cell is longer than
    `longest`. `given`: the whole text, or its lines as an open file has them.
    """
    stream = iter(io.StringIO(given, newline="") if isinstance(given, str) else given)
    first = next(stream, "").removeprefix(MARK)
    reader = csv.reader(chain([first], stream), delimiter=max(",;\t", key=first.count))
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, None
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells if max(map(len, cells)) <= longest else None


def head(cells: Sequence[str]) -> list[str]:
    """The columns that a first line names."""
    return [one.strip().lower() for one in cells]


def table(
    text: str,
    *,
    check: Callable[[list[str]], None],
    wrong: Callable[[int, str], Refused],
    longest: int = LONGEST_CELL,
) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, column -> cell as it was meant) of each row below the first. `check` may refuse the columns; `wrong` makes the
    refusal of the whole of a line and what is wrong with it.
    """
    found = rows(text, longest=longest)
    number, first = next(found, (1, []))
    names = head(first or ())
    if first is None:
        raise wrong(number, NO_CSV)
    check(names)
    for number, cells in found:
        if cells is None:
            raise wrong(number, NO_CSV)
        if any(cells[len(names) :]):
            raise wrong(number, "there are more cells than columns.")
        if any("\x00" in cell for cell in cells):
            raise wrong(number, "a cell holds what is no text.")
        padded = [*cells, *([""] * (len(names) - len(cells)))]
        yield number, {name: meant(cell) for name, cell in zip(names, padded, strict=False)}


def columns(cells: Sequence[str] | None, *, needed: Sequence[str], known: Sequence[str]) -> list[str]:
    """The columns that the first line of a file names; None: there is no such line. Raises Refused for a line that lacks one,
    or has one twice or that we do not know.
    """
    found = head(cells or ())
    missing = [one for one in needed if one not in found]
    if missing:
        words = f"The first line must name the columns; missing: {', '.join(missing)}."
        raise Refused(words, code="columns_missing", field="file")
    if not set(found) <= set(known) or len(set(found)) != len(found):
        words = f"The first line may name each of these columns once, and no other: {', '.join(known)}."
        raise Refused(words, code="columns_unknown", field="file")
    return found
