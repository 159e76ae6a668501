"""What stands in the package: a readable page, a page, a CSV and a JSON file for each collection, and a README.

Rows are streamed: JSON goes straight into the ZIP while the CSV waits in an encrypted, nameless scratch file, for a ZIP takes
one file after the other; only the first rows of a collection are kept in memory, for its page.
"""

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.template.loader import render_to_string

from connectors import reading
from connectors.models import Finding
from inventory.models import Collection
from requests_app import policy, wording
from requests_app.delivery import sealed
from requests_app.delivery.tables import Names, cell, csv_line, json_row
from requests_app.models import Request

LONGEST_CELL = 2000


@dataclass
class Part:
    """One collection in the package."""

    title: str
    description: str
    dataset: str
    collection: str
    purposes: list[tuple[str, str]]
    categories: list[str]
    source: str
    kept: str
    periods: list[str]
    titles: dict[str, str]
    findings: list[Finding]
    name: str = ""
    rows: int = 0
    columns: list[str] = field(default_factory=list)
    first: list[list[str]] = field(default_factory=list)

    @property
    def headings(self) -> list[str]:
        """The columns in words."""
        return [self.titles.get(one, one) for one in self.columns]


def write(target: BinaryIO, request: Request, *, beat: Callable[[], None]) -> int:
    """Write the ZIP for `request` into `target`; how many rows it holds. `beat` is called now and then."""
    rows = 0
    parts = _parts(request)
    facts = wording.facts(request)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        archive.writestr("README.txt", _text("README.txt", facts | {"parts": parts}))
        for part in parts:
            rows += _write_part(archive, part, facts, beat)
        for name, value in wording.own_record(request).items():
            archive.writestr(f"data/{name}.json", value)
        index = render_to_string("package/index.html", facts | wording.overview(request) | {"parts": parts})
        archive.writestr("index.html", index)
    return rows


def _parts(request: Request) -> list[Part]:
    findings = Finding.objects.filter(batch=request.batch_id, decision=Finding.Decision.INCLUDE, rows__gt=0)
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for one in findings.order_by("place", "pk"):
        grouped.setdefault((one.dataset, one.collection), []).append(one)
    collections = {(row.dataset.key, row.name): row for row in wording.collections(grouped)}
    names = Names()
    parts = []
    for key, group in grouped.items():
        row = collections.get(key)
        if row is not None and row.in_package:
            parts.append(_part(row, group, names))
    return parts


def _part(row: Collection, findings: list[Finding], names: Names) -> Part:
    fields = list(row.fields.all())
    return Part(
        title=row.title,
        description=row.description,
        dataset=row.dataset.key,
        collection=row.name,
        purposes=[(one.name, one.description) for one in row.purposes.all()],
        categories=sorted({one.category.name for one in fields if one.category}),
        source=wording.source(row.dataset),
        kept=row.keep_until,
        periods=[f"{one.period} {one.get_unit_display()} ({one.reason})" for one in row.schedules.all() if one.active],
        titles={one.name: one.title or one.name for one in fields},
        findings=findings,
        name=names.give(row.dataset.key, row.name),
    )


def _write_part(archive: zipfile.ZipFile, part: Part, facts: dict[str, Any], beat: Callable[[], None]) -> int:
    settings.PARCEL_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = sealed.new_key()
    with tempfile.TemporaryFile(dir=settings.PARCEL_DIR) as scratch:
        table = sealed.Writer(cast(BinaryIO, scratch), key)
        # force_zip64: how long the file gets is not known before it is written.
        with archive.open(f"data/{part.name}.json", "w", force_zip64=True) as out:
            out.write(b"[")
            for row in chain.from_iterable(reading.rows(one) for one in part.findings):
                _take(part, row, table)
                out.write((",\n" if part.rows > 1 else "\n").encode() + json_row(row).encode())
                if part.rows % 500 == 0:
                    beat()
            out.write(b"\n]\n")
        table.close()
        scratch.seek(0)
        with archive.open(f"data/{part.name}.csv", "w", force_zip64=True) as out:
            for piece in sealed.read(cast(BinaryIO, scratch), key):
                out.write(piece)
                beat()
    page = render_to_string("package/collection.html", facts | {"part": part, "shown": len(part.first)})
    archive.writestr(f"data/{part.name}.html", page)
    part.first.clear()
    return part.rows


def _take(part: Part, row: dict[str, Any], table: sealed.Writer) -> None:
    if not part.columns:
        part.columns = list(row)
        table.write(b"\xef\xbb\xbf" + csv_line(part.columns).encode())  # the mark by which spreadsheets know UTF-8
    part.rows += 1
    table.write(csv_line([row.get(one) for one in part.columns]).encode())
    if part.rows <= policy.PAGE_ROWS:
        part.first.append([_short(cell(row.get(one))) for one in part.columns])


def _short(text: str) -> str:
    return (
        text
        if len(text) <= LONGEST_CELL
        else f"{text[:LONGEST_CELL]}… (shortened; the CSV and JSON files hold all of it)"
    )


def _text(name: str, facts: dict[str, Any]) -> str:
    return wording.plain(f"package/{name}", facts)
