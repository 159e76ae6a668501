"""Letters on paper: the same words as in the mail, as an accessible PDF (PDF/UA-1), made when somebody asks for it.

The words reach the typesetter as data, never as markup: whatever a person or a colleague typed stays text.
"""

import json
import re
from datetime import date
from typing import Any

import typst
from django.conf import settings
from django.utils.translation import gettext

from audit.refusal import Refused
from requests_app import stationery, wording

PAPER = stationery.FOLDER / "letters" / "letter.typ"
# Where a sheet of paper is 8.5 by 11 inches; everywhere else it is A4.
US_LETTER = ("US", "CA", "MX")
ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)]")


def made(sheet: stationery.Sheet, *, reference: str, residence: str, on: date, name: str = "") -> bytes:
    """The letter as a PDF. `name` (or the lines of an address) stands in the window of the envelope; else the reference."""
    with stationery.speaking(sheet.language) as language:
        recipient = name or f"{gettext('Reference')} {reference}"
        data: dict[str, Any] = {
            "language": stationery.LANGUAGES[language].paper,
            "paper": "us-letter" if residence.partition("-")[0] in US_LETTER else "a4",
            "company": settings.COMPANY_NAME,
            "address": [one.strip() for one in settings.COMPANY_ADDRESS.split(",")],
            "sender": settings.COMPANY_ADDRESS.replace(", ", " · "),
            "email": settings.COMPANY_EMAIL,
            "recipient": [one.strip() for one in recipient.splitlines() if one.strip()],
            "reference": reference,
            "date": wording.day(on),
            "subject": sheet.subject_line or gettext("Letter"),
            "blocks": blocks(sheet.body),
            "words": {
                "reference": gettext("Reference"), "date": gettext("Date"), "page": gettext("Page"), "of": gettext("of"),
            },
        }  # fmt: skip
    try:
        return _printed(data, own_fonts=True)
    except typst.TypstError:
        return _with_fonts_of_this_machine(data)


def _with_fonts_of_this_machine(data: dict[str, Any]) -> bytes:
    """A name in a script that our own fonts lack: those of the machine may have it. Boxes instead of letters are no letter."""
    try:
        return _printed(data, own_fonts=False)
    except typst.TypstError as error:
        if "could not be displayed" not in error.message:
            raise
        raise Refused(
            "This letter has characters that no font here can print. Install fonts for its script (Noto) on the server,"
            " or send it as e-mail only.",
            code="no_font",
        ) from error


def _printed(data: dict[str, Any], *, own_fonts: bool) -> bytes:
    printed: bytes = typst.compile(
        PAPER, root=PAPER.parent, ignore_system_fonts=own_fonts, sys_inputs={"data": json.dumps(data)}, format="pdf",
        font_paths=[settings.FONTS_DIR] if settings.FONTS_DIR else [],
        pdf_standards=["ua-1"],
    )  # fmt: skip
    return printed


def blocks(body: str) -> list[dict[str, Any]]:
    """A letter's text as paragraphs and lists, each line as runs of words and links."""
    found: list[dict[str, Any]] = []
    for part in re.split(r"\n\s*\n", body.strip()):
        for number, line in enumerate(part.splitlines()):
            kind = "list" if line.startswith("- ") else "words"
            if number == 0 or found[-1]["kind"] != kind:
                found.append({"kind": kind, "lines": []})
            found[-1]["lines"].append(runs(line.removeprefix("- ")))
    return found


def runs(line: str) -> list[dict[str, Any]]:
    """One line, with the web addresses in it apart."""
    found, at = [], 0
    for one in ADDRESS.finditer(line):
        if one.start() > at:
            found.append({"text": line[at : one.start()], "link": False})
        found.append({"text": one[0], "link": True})
        at = one.end()
    if at < len(line) or not found:
        found.append({"text": line[at:], "link": False})
    return found
