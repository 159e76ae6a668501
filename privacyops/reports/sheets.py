"""A report as tables: one shape for the page, CSV and PDF."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import typst
from django.conf import settings

from audit import sheet
from privacyops.reports.california import Kind
from privacyops.reports.facts import Hours, Line, Report

PAPER = settings.BASE_DIR / "templates" / "admin" / "reports" / "report.typ"


@dataclass(frozen=True)
class Table:
    """A heading, the columns, and the rows as text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: bool = False  # cells are words, not numbers


LINES = ("", "Received", "Closed", "In time", "Median days", "Mean days")


def of_report(report: Report) -> list[Table]:
    """A period as tables."""
    named = (("By right", report.rights), ("By law", report.laws), ("By channel", report.channels))
    months = [(f"{month:%Y-%m}", str(came), str(went)) for month, came, went in report.months]
    return [
        Table("In all", LINES, [_line(report.total)]),
        *(Table(title, LINES, [_line(one) for one in lines]) for title, lines in named),
        Table("By month", ("Month", "Received", "Closed"), months),
        Table("How they ended", ("Outcome", "Requests"), _pairs(report.outcomes)),
        Table("Denials by ground", ("Ground", "Requests"), _pairs(report.grounds)),
        Table("Hours noted", ("Right", "Hours", "Cases with time", "Hours of a case"), _hours(report.hours)),
        Table("Open now, by age", ("Age", "Requests"), _pairs(report.ages)),
    ]


def of_metrics(kinds: Iterable[Kind]) -> list[Table]:
    """California's yearly figures as one table."""
    columns = ("", "Received", "Complied with", "Denied", "Other", "Open", "Median days", "Mean days")
    rows = [
        (one.label, *map(str, (one.received, one.complied, one.denied, one.other, one.pending)),
         _number(one.took.median), _number(one.took.mean))
        for one in kinds
    ]  # fmt: skip
    return [Table("Requests of the year", columns, rows)]


def as_csv(tables: Iterable[Table]) -> str:
    """All tables below one another, each with its heading."""
    return sheet.lines(row for one in tables for row in ([one.title], one.columns, *one.rows, []))


def as_pdf(title: str, subtitle: str, tables: Iterable[Table]) -> bytes:
    """A4, tagged (PDF/UA-1); the words reach the typesetter as data."""
    data = {
        "title": title,
        "subtitle": subtitle,
        "company": settings.COMPANY_NAME,
        "tables": [{"title": one.title, "columns": list(one.columns), "rows": [list(row) for row in one.rows],
                    "words": one.words}
                   for one in tables if one.rows],
    }  # fmt: skip
    made = typst.compile(str(PAPER), sys_inputs={"data": json.dumps(data)}, pdf_standards=["ua-1"])
    assert isinstance(made, bytes)
    return made


def _line(one: Line) -> Sequence[str]:
    share = "" if one.on_time is None else f"{one.on_time:.0f} %"
    return one.label, str(one.received), str(one.closed), share, _number(one.took.median), _number(one.took.mean)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}".removesuffix(".0")


def _hours(rows: Sequence[Hours]) -> list[Sequence[str]]:
    found: list[Sequence[str]] = [(one.label, f"{one.hours:.1f}", str(one.cases), f"{one.each:.1f}") for one in rows]
    if len(rows) > 1:
        hours, cases = sum(one.hours for one in rows), sum(one.cases for one in rows)
        found.append(("All", f"{hours:.1f}", str(cases), f"{hours / cases:.1f}"))
    return found


def _pairs(rows: Iterable[tuple[str, int]]) -> list[Sequence[str]]:
    return [(label, str(many)) for label, many in rows]
