"""A letter on paper, as an answer to a colleague's browser: never stored on the way."""

from datetime import date

from django.http import HttpResponse

from audit.refusal import Refused
from requests_app import pdf, stationery


def answer(
    sheet: stationery.Sheet, *, reference: str, residence: str, on: date, kind: str, name: str = ""
) -> HttpResponse:
    """The PDF, or in words why there is none."""
    try:
        printed = pdf.made(sheet, reference=reference, residence=residence, on=on, name=name)
    except Refused as refused:
        return HttpResponse(refused.message, status=422, content_type="text/plain; charset=utf-8")
    page = HttpResponse(printed, content_type="application/pdf")
    page["Content-Disposition"] = f'inline; filename="{reference}-{kind}.pdf"'
    page["Cache-Control"] = "no-store"
    return page
