import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from requests_app.delivery import tables

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "=cmd|'/c calc'!A1", "＝1+1"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_formula_is_only_text_to_a_spreadsheet(text):
    assert tables.csv_cell(text).startswith("'")


def test_numbers_stay_numbers():
    assert tables.csv_cell(-5) == "-5"
    assert tables.csv_cell(Decimal("-5.10")) == "-5.10"


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\x00")), min_size=1))
def test_csv_gives_back_what_went_in_but_for_the_apostrophe(values):
    line = next(csv.reader(io.StringIO(tables.csv_line(values), newline="")))
    assert [one.removeprefix("'") for one in line] == [one.removeprefix("'") for one in values]


@given(
    st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.binary(), st.datetimes()))
)
def test_every_row_is_json(row):
    assert set(json.loads(tables.json_row(row))) <= {key.encode("utf-8", "replace").decode() for key in row}


def test_values_keep_their_meaning():
    plain = tables.plain(
        [
            Decimal("1.10"),
            date(2026, 2, 1),
            datetime(2026, 2, 1, tzinfo=UTC),
            b"\x00",
            float("nan"),
            UUID(int=1),
            {1: {2}},
        ]
    )
    assert plain == [
        "1.10",
        "2026-02-01",
        "2026-02-01T00:00:00+00:00",
        "base64:AA==",
        "nan",
        "00000000-0000-0000-0000-000000000001",
        {"1": [2]},
    ]


def test_file_names_are_safe_and_different_even_where_case_does_not_count():
    names = tables.Names()
    given_names = [names.give("shop", one) for one in ("Users", "users", "../../etc", "a/b", "CON", "Ünï", "x" * 300)]
    assert given_names[:3] == ["shop.Users", "shop.users-2", "shop._etc"]
    assert len({one.lower() for one in given_names}) == len(given_names)
    assert all(
        set(one) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") for one in given_names
    )


def test_the_head_of_a_csv_file_and_the_descriptor_call_columns_the_same() -> None:
    labels = tables.labels(["=cmd", "V ", "V", " +x", "", "name"])
    assert labels == ["'=cmd", "V", "V-2", "'+x", "_", "name"]
    assert next(csv.reader(io.StringIO(tables.csv_line(labels)))) == labels == [one.strip() for one in labels]
