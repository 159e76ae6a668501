import re
import zlib
from datetime import date

import pytest

import law
from audit.refusal import Refused
from requests_app import pdf, samples, stationery

DAY = date(2026, 11, 23)


def paper(sheet: stationery.Sheet, residence: str = "DE", name: str = samples.NAME) -> bytes:
    return pdf.made(sheet, reference=samples.REFERENCE, residence=residence, on=DAY, name=name)


def sheet(body: str = "Hello,\n\nWords.\n") -> stationery.Sheet:
    return stationery.Sheet("A subject", body, "en", "", "")


def inside(printed: bytes) -> bytes:
    """The file with its compressed parts opened."""
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", printed, re.DOTALL)
    opened = [printed]
    for one in parts:
        try:
            opened.append(zlib.decompress(one))
        except zlib.error:
            continue
    return b"\n".join(opened)


@pytest.mark.parametrize("language", stationery.LANGUAGES)
def test_every_letter_can_be_printed_as_an_accessible_pdf_in_its_language(language):
    for kind in stationery.KINDS.values():
        under = next(one for one in law.statutes().values() if samples.right(kind, one))
        try:
            printed = paper(samples.letter(kind.code, under.id, language))
        except Refused as refused:  # no machine has to have fonts for every script
            assert refused.code == "no_font" and language in ("zh-hans", "ar")
            return
        assert printed.startswith(b"%PDF-") and len(printed) < 100_000
        text = inside(printed)
        assert b"pdfuaid" in text and b"/StructTreeRoot" in text, "PDF/UA, tagged"
        code = stationery.LANGUAGES[language].paper
        assert any(f"{one}{code}".encode() in text for one in ("/Lang (", "<dc:language>", ">")), code


def test_the_paper_is_the_one_of_the_country():
    sizes = {place: inside(paper(sheet(), place)) for place in ("DE", "US-CA", "CA-QC")}
    assert b"595.27" in sizes["DE"] or b"595.28" in sizes["DE"]
    assert b"612 792" in sizes["US-CA"] and b"612 792" in sizes["CA-QC"]


def test_what_somebody_typed_is_never_read_as_markup():
    nasty = 'Hello,\n\n#panic("no") #read("/etc/passwd") $x$ *b* <a> @b // c \\ = head\n#import "x"\n'
    printed = paper(sheet(nasty), name='#panic("x") $')
    assert printed.startswith(b"%PDF-")


def test_web_addresses_become_links_and_nothing_else_does():
    runs = pdf.runs("See https://a.example/b, or javascript:alert(1) and http://c.example.")
    assert [one["text"] for one in runs if one["link"]] == ["https://a.example/b", "http://c.example"]
    assert (
        "".join(one["text"] for one in runs) == "See https://a.example/b, or javascript:alert(1) and http://c.example."
    )


def test_a_letter_keeps_its_paragraphs_lists_and_lines():
    kinds = [one["kind"] for one in pdf.blocks("Hello,\n\nOne\ntwo\n\nList:\n- a\n- b\n\nEnd\n")]
    assert kinds == ["words", "words", "words", "list", "words"]
    assert pdf.blocks("") == []


def test_a_script_without_a_font_is_refused_in_words_and_not_printed_as_boxes():
    with pytest.raises(Refused, match="no font here"):
        paper(sheet("Hello \U0001333a,\n"))
