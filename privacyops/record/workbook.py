"""The record as a workbook (XLSX): a sheet as controller, one as processor, one of gaps, one about the company.

Values are written as text cells, never as formulas, whatever they begin with.
"""

import io
from collections.abc import Sequence

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from privacyops.record.facts import Category, Receiver, Record

CONTROLLER = (
    ("Purpose", 26), ("Description", 42), ("Lawful basis", 18), ("Data subjects", 24), ("Personal data", 32),
    ("Sources", 26), ("Systems", 22), ("Recipients", 34), ("Third countries and safeguards", 32), ("Time limits", 42),
    ("Security measures", 42),
)  # fmt: skip
PROCESSOR = (
    ("Controller", 26), ("Contact", 28), ("Systems", 24), ("Processing", 34), ("Personal data", 32), ("Sub-processors", 34),
    ("Third countries and safeguards", 32), ("Security measures", 42),
)  # fmt: skip
GAPS = (("Where", 30), ("What is missing", 90))
COMPANY = (("Fact", 30), ("Value", 70))
LINE = 15  # points: a program that opens the file does not always make a row as high as its text
HEAD = PatternFill("solid", fgColor="1F3A5F")


def workbook(record: Record) -> bytes:
    """The file."""
    book = Workbook()
    book.remove(book.active)
    book.properties.title = f"Record of processing activities, {record.controller}"
    book.properties.creator = record.controller
    company = [
        ("Controller", record.controller), ("Address", record.address), ("E-mail", record.email),
        ("Representative", record.representative), ("Data protection officer", record.officer),
        ("As of", timezone.localtime().strftime("%Y-%m-%d %H:%M %Z")), ("Gaps", str(record.open)),
    ]  # fmt: skip
    _sheet(book, "As controller", CONTROLLER, [
        (one.name, one.description, one.lawful_basis, one.data_subjects, _names(one.categories), _lines(one.sources),
         _lines(one.systems), _receivers(one.recipients), _abroad(one.recipients),
         _lines(f"{row.collection}: {row.words}" for row in one.limits), one.measures)
        for one in record.activities
    ])  # fmt: skip
    _sheet(book, "As processor", PROCESSOR, [
        (one.client, one.contact, _lines(one.systems), _lines(one.processing), _names(one.categories),
         _receivers(one.sub_processors), _abroad(one.sub_processors), one.measures)
        for one in record.mandates
    ])  # fmt: skip
    gaps = [("The company", gap.words) for gap in record.gaps]
    gaps += [(one.name, gap.words) for one in record.activities for gap in one.gaps]
    gaps += [(one.client, gap.words) for one in record.mandates for gap in one.gaps]
    _sheet(book, "Gaps", GAPS, gaps)
    _sheet(book, "Company", COMPANY, company)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(book: Workbook, title: str, columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[str]]) -> None:
    sheet: Worksheet = book.create_sheet(title)
    for place, (heading, width) in enumerate(columns, 1):
        cell = sheet.cell(1, place, heading)
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), HEAD
        cell.alignment = Alignment(vertical="center")
        sheet.column_dimensions[get_column_letter(place)].width = width
    for line, row in enumerate(rows, 2):
        for place, value in enumerate(row, 1):
            cell = sheet.cell(line, place)
            cell.value = _printable(value)
            cell.data_type = "s"  # also where it begins like a formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.row_dimensions[line].height = LINE * max(
            _deep(str(value), width) for value, (_, width) in zip(row, columns, strict=True)
        )
    sheet.freeze_panes = "B2" if len(columns) > 2 else "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{max(1, len(rows) + 1)}"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", Worksheet.PAPERSIZE_A3
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _deep(value: str, width: int) -> int:
    """How many lines a text takes in a column of so many characters; words break where they end, so a few fit less."""
    return sum(max(1, -(-len(one) // max(1, width - 3))) for one in value.split("\n"))


def _printable(value: str) -> str:
    """Without what XML 1.0 cannot hold."""
    return "".join(one for one in value if one in "\n\t" or one >= " ")[:32_000]


def _lines(words: "Sequence[str] | object") -> str:
    return "\n".join(words)  # type: ignore[arg-type]


def _names(categories: Sequence[Category]) -> str:
    return _lines(f"{one.name}{' (special category)' if one.sensitive else ''}" for one in categories)


def _receivers(rows: Sequence[Receiver]) -> str:
    return _lines(f"{one.name}: {one.role}{f', {one.kind}' if one.kind else ''} ({one.country})" for one in rows)


def _abroad(rows: Sequence[Receiver]) -> str:
    return _lines(
        f"{one.name}, {one.country}: {one.safeguard or 'no safeguard named'}" for one in rows if one.third_country
    )
