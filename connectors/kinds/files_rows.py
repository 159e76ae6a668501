"""Rows of CSV and of JSON lines, one at a time. A row that nobody changes goes on exactly as it stood, sign by sign."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TextIO

from audit import sheet
from connectors.kinds.base import Permanent
from connectors.kinds.files_spec import Layout
from connectors.kinds.http_values import put, same, written
from inventory.graph import CollectionSpec

LONGEST = sheet.LONGEST_CELL  # signs of one line


@dataclass(slots=True)
class Line:
    """One row as it stands in its file. `row` is None for headings and blank lines."""

    raw: str
    row: dict[str, Any] | None = None
    cells: list[str] = field(default_factory=list)
    names: tuple[str, ...] = ()


def lines(text: TextIO, layout: Layout, spec: CollectionSpec) -> Iterator[Line]:
    """All lines of an open file, headings too. Raises Permanent, with the line's number, for what cannot be read."""
    taken: list[str] = []
    reader = _csv(text, layout, spec, taken) if layout.format == "csv" else _json(text, spec, taken)
    number = 0
    trouble = ""
    try:
        for one in reader:
            number += one.raw.count("\n") or 1
            if one.row is not None and layout.digest:
                one.row[_digest_field(spec)] = digest(one.raw)
            yield one
    except (csv.Error, ValueError, RecursionError) as error:
        wrong = isinstance(error, UnicodeDecodeError)
        trouble = f"is not written in {layout.encoding}" if wrong else f"is no row of {layout.format}"
        error.args, error.__context__ = (), None
    if trouble:
        raise Permanent(
            "schema", f"{spec.place}: line {number + 1} of a file, or one soon after, {trouble}. Mend it, then retry."
        )


def _read(text: TextIO, taken: list[str], spec: CollectionSpec) -> Iterator[str]:
    mark = "\ufeff"  # at the beginning of a file it says how it is encoded, and is none of its text
    while line := text.readline(LONGEST):
        if len(line) >= LONGEST or sum(map(len, taken)) >= LONGEST:
            raise Permanent(
                "schema", f"{spec.place}: a file has a line that is longer than we take. Mend it, then retry."
            )
        taken.append(line)
        yield line.removeprefix(mark) if mark else line
        mark = ""


def _csv(text: TextIO, layout: Layout, spec: CollectionSpec, taken: list[str]) -> Iterator[Line]:
    names = layout.columns
    reader = csv.reader(_read(text, taken, spec), strict=True, **_dialect(layout))
    whole = {one.name for one in spec.fields if one.data_type == "integer"}
    for cells in reader:
        raw = "".join(taken)
        taken.clear()
        if not cells:
            yield Line(raw)
        elif not names:
            names = _headings(cells, layout, spec)
            yield Line(raw)
        elif len(cells) != len(names):
            raise csv.Error
        else:
            row = {
                name: None if cell == layout.null else _number(cell) if name in whole else cell
                for name, cell in zip(names, cells, strict=True)
            }
            yield Line(raw, row, cells, names)
    if not names:
        raise Permanent(
            "schema",
            f"{spec.place}: a file is empty and has not even a line of headings, so it may have been cut off. Put it there "
            "whole; or name its columns in the connection's description, if it never has headings; then retry.",
        )


def _dialect(layout: Layout) -> dict[str, Any]:
    if not layout.quote:
        return {"delimiter": layout.delimiter, "quoting": csv.QUOTE_NONE}
    return {"delimiter": layout.delimiter, "quotechar": layout.quote}


def _headings(cells: list[str], layout: Layout, spec: CollectionSpec) -> tuple[str, ...]:
    missing = [one.name for one in spec.fields if one.name not in cells and not (layout.digest and one.primary_key)]
    if missing:
        raise Permanent(
            "schema",
            f"{spec.place}: a file has no column {missing[0]}. Mend the description or the delimiter, then retry.",
        )
    if len(set(cells)) != len(cells):
        raise Permanent("schema", f"{spec.place}: a file has two columns of one name. Give each its own, then retry.")
    return tuple(cells)


def _number(cell: str) -> Any:
    """A whole number that is written as one; "007" stays what it is."""
    return int(cell) if cell.lstrip("-").isdecimal() and len(cell) < 19 and str(int(cell)) == cell else cell


def _json(text: TextIO, spec: CollectionSpec, taken: list[str]) -> Iterator[Line]:
    for found in _read(text, taken, spec):
        raw = taken.pop()
        if not found.strip():
            yield Line(raw)
            continue
        row = json.loads(found, object_pairs_hook=_once)
        if not isinstance(row, dict):
            raise ValueError
        yield Line(raw, row)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one with a name twice would hide a value from every search."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def digest(raw: str) -> str:
    """The key of a row in a file without keys: of all that stands in its line."""
    return hashlib.sha256(raw.rstrip("\r\n").encode()).hexdigest()[:32]


def _digest_field(spec: CollectionSpec) -> str:
    if len(spec.primary_key) != 1:
        raise Permanent(
            "schema",
            f"{spec.place} has rows without a key of their own: describe one key field for the digest of the line.",
        )
    return spec.primary_key[0]


def rewritten(line: Line, new: Mapping[str, Any], layout: Layout, place: str) -> str:
    """The line with these fields changed. Raises Permanent when a value cannot stand in such a file."""
    assert line.row is not None
    text = line.raw.rstrip("\r\n")
    end = line.raw[len(text) :]
    if layout.format == "jsonl":
        return _json_text(text.removeprefix("\ufeff"), new, place) + end
    cells = [
        _cell(new[name], layout) if name in new else cell for name, cell in zip(line.names, line.cells, strict=True)
    ]
    all_quoted = layout.quote and text.count(layout.quote) >= 2 * len(cells) and text[:1] == text[-1:] == layout.quote
    quoting = {"quoting": csv.QUOTE_ALL} if all_quoted else {}
    out = io.StringIO(newline="")
    try:
        csv.writer(out, lineterminator="\r\n", **(_dialect(layout) | quoting)).writerow(cells)
        made = out.getvalue().removesuffix("\r\n")
        made.encode(layout.encoding)
        if list(csv.reader(io.StringIO(made, newline=""), strict=True, **_dialect(layout))) != [cells]:
            raise csv.Error
    except (csv.Error, UnicodeEncodeError):
        made = ""
    if not made:
        raise Permanent("value", f"{place}: a new value cannot stand in such a file. Choose another mask, then retry.")
    return made + end


def _cell(value: Any, layout: Layout) -> str:
    return layout.null if value is None else written(value)


def unlike(line: Line, name: str, layout: Layout, now: Any, wanted: Any) -> bool:
    """Whether the field does not hold what it shall."""
    if layout.format == "csv":
        return line.cells[line.names.index(name)] != _cell(wanted, layout)
    return not same(now, wanted)


def _json_text(text: str, new: Mapping[str, Any], place: str) -> str:
    row = json.loads(text)
    for name, value in new.items():
        put(row, name, value)
    made = json.dumps(row, ensure_ascii=text.isascii(), allow_nan=False, default=str)
    before, after = json.loads(text, parse_float=Decimal), json.loads(made, parse_float=Decimal)
    for name in new:
        put(before, name, None)
        put(after, name, None)
    if before != after:
        raise Permanent(
            "value", f"{place}: a row has numbers that we cannot write back exactly. Ask its owner, then retry."
        )
    return made
