"""What stands in the package: a readable page, a page, a CSV and a JSON file for each collection, and a README.

Rows are streamed: JSON goes straight into the ZIP while the CSV waits in an encrypted, nameless scratch file, for a ZIP takes
one file after the other; only the first rows of a collection are kept in memory, for its page.
"""

import tempfile
from collections.abc import Callable
from itertools import chain
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from connectors import reading
from connectors.models import Chunk
from requests_app import policy, stationery, wording
from requests_app.delivery import described, parts, recipients
from requests_app.delivery.bag import Bag
from requests_app.delivery.parts import Part
from requests_app.delivery.tables import Names, csv_line, csv_page, json_page, labels, shown
from requests_app.models import Request
from subjects import sealed

LONGEST_CELL = 2000
BEGIN = "\ufeff"  # the mark by which spreadsheets know UTF-8
Beat = Callable[[], None]


def write(target: BinaryIO, request: Request, *, beat: Beat) -> int:
    """Write the ZIP for `request` into `target`; how many rows it holds. `beat` is called now and then."""
    with translation.override(stationery.known(request.language)):
        return _write(target, request, beat)


def _write(target: BinaryIO, request: Request, beat: Beat) -> int:
    found = parts.of(request)
    facts = wording.facts(request) | wording.overview(request) | {"parts": found}
    with Bag(target, request.reference) as bag:
        for part in found:
            with part.searcher.asking():
                _write_part(bag, part, beat)
            page = render_to_string("package/collection.html", facts | {"part": part, "shown": len(part.first)})
            bag.put(f"data/{part.name}.html", page)
            part.first.clear()
        for name, value in wording.own_record(request, facts).items():
            bag.put(f"data/{name}.json", value)
        recipients.write(bag, request, facts["third_parties"], beat)
        bag.put("data/overview.json", described.overview(request, facts))
        bag.put("schema.json", described.SCHEMA.read_bytes())
        bag.put("datapackage.json", described.datapackage(request, found, bag.entries))
        bag.put("index.html", render_to_string("package/index.html", facts))
        bag.put("README.txt", wording.plain("package/README.txt", facts))
        bag.seal(
            {
                "Source-Organization": settings.COMPANY_NAME,
                "Contact-Email": settings.COMPANY_EMAIL,
                "External-Identifier": request.reference,
                "Bagging-Date": timezone.localdate().isoformat(),
            }
        )
    return sum(part.rows for part in found)


def _write_part(bag: Bag, part: Part, beat: Beat) -> None:
    settings.PARCEL_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = sealed.new_key()
    with tempfile.TemporaryFile(dir=settings.PARCEL_DIR) as scratch:
        table = sealed.Writer(cast(BinaryIO, scratch), key)
        with bag.open(f"data/{part.name}.json") as out:
            out.write(b"[")
            for page in chain.from_iterable(reading.written(one, searcher=part.searcher) for one in part.findings):
                rows = page.rows
                out.write(b",\n" if part.rows else b"\n")
                out.write(json_page(rows) if page.text is None else page.text)
                table.write(_lines(part, rows))
                beat()
            out.write(b"\n]\n")
        table.close()
        scratch.seek(0)
        with bag.open(f"data/{part.name}.csv") as out:
            for piece in sealed.read(cast(BinaryIO, scratch), key):
                out.write(piece)
                beat()
    _write_files(bag, part, beat)


def _lines(part: Part, page: list[dict[str, Any]]) -> bytes:
    """These rows for the CSV, and the first of all for the page."""
    new = not part.columns
    part.see(page)
    room = policy.PAGE_ROWS - part.rows
    if room > 0:
        part.first += [[_short(shown(row.get(one))) for one in part.columns] for row in page[:room]]
    part.rows += len(page)
    head = (BEGIN + csv_line(labels(part.columns))).encode() if new else b""
    return head + csv_page(part.columns, page)


def _write_files(bag: Bag, part: Part, beat: Beat) -> None:
    """The files of these rows, where a kind has some: scans that a colleague put in, for example."""
    names, spec = Names(), part.searcher.spec((part.dataset, part.collection))
    files = getattr(part.searcher.kind(spec.system), "files", None)
    if files is None:
        return
    for finding in part.findings:
        for keys in Chunk.objects.filter(finding=finding).order_by("number").values_list("keys", flat=True):
            for name, content in files(spec, [tuple(key) for key in keys or ()]):
                stem, dot, ending = name.rpartition(".")
                path = f"data/files/{part.name}/{names.give(stem if dot else name)}{dot}{ending if dot else ''}"
                bag.put(path, content)
                part.files.append(path)
                beat()


def _short(text: str) -> str:
    return (
        text
        if len(text) <= LONGEST_CELL
        else f"{text[:LONGEST_CELL]}… (shortened; the CSV and JSON files hold all of it)"
    )
