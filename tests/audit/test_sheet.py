"""CSV in and out: whatever a spreadsheet or a program makes of it, each row is read as it was meant and none is a formula."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import sheet
from audit.refusal import Refused

CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"))


@given(CELLS)
def test_a_cell_comes_back_as_it_was(cell: str) -> None:
    assert sheet.meant(sheet.neutral(cell)) == cell


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "+49", "\r=1", "'=1", "''=1", " =1", "\t=1", "\n=1", "＝1", "-x"])
def test_no_cell_that_goes_out_is_a_formula(cell: str) -> None:
    assert next(csv.reader(io.StringIO(sheet.line([cell, "plain"]), newline="")))[0] == f"'{cell}"


def test_numbers_stay_numbers_and_moments_are_by_iso() -> None:
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert sheet.line([-5, Decimal("-1.5"), None, date(2026, 5, 1), moment, "'tis"]) == (
        "-5,-1.5,,2026-05-01,2026-05-01T12:00:00+00:00,'tis\r\n"
    )


@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_has_the_number_of_the_line_that_it_begins_in(between: str, end: str) -> None:
    text = end.join(["\ufeffa,b", "", '"one', 'two",x', " , ", "u\u2028v,y", ""]).replace(",", between)
    assert list(sheet.rows(text)) == [(1, ["a", "b"]), (3, [f"one{end}two", "x"]), (6, ["u\u2028v", "y"])]


def test_a_row_that_is_no_csv_or_too_long_has_no_cells_and_the_next_one_is_read() -> None:
    assert list(sheet.rows(["a,b\n", "x\ry,z\n", "long,cell\n", "c,d\n"], longest=3)) == [
        (1, ["a", "b"]), (2, None), (3, None), (4, ["c", "d"]),
    ]  # fmt: skip


@pytest.mark.parametrize(("raw", "code"), [(b"x" * 2_000_001, "file_large"), ("ä".encode("latin-1"), "file_encoding")])
def test_a_file_that_is_too_large_or_no_text_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        sheet.text(raw, most=2_000_000)
    assert refused.value.code == code and refused.value.field == "file"
    assert sheet.text("\ufeffä".encode(), most=10) == "ä"


def wrong(line: int, words: str) -> Refused:
    return Refused(f"{line}: {words}", code="wrong")


@pytest.mark.parametrize(
    ("text", "words"), [("a,b\n1,2,3\n", "2: there are more cells"), ("a,b\n\n1,\x00\n", "3: a cell holds what is")]
)
def test_a_table_with_a_broken_line_is_refused_as_a_whole(text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        list(sheet.table(text, check=list, wrong=wrong))


def test_cells_that_a_row_leaves_out_are_empty_and_the_others_as_they_were_meant() -> None:
    assert list(sheet.table("A; b\n'=x\n", check=list, wrong=wrong)) == [(2, {"a": "=x", "b": ""})]


def test_the_limit_of_a_cell_is_one_for_the_whole_process() -> None:
    list(sheet.rows("a,b\n", longest=1))
    assert csv.field_size_limit() == sheet.LONGEST_CELL
