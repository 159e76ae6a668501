"""The explanation of a place says what its files say, and the reference is what the files generate."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import law
from law import explain, tables
from law.places import PLACES

HOME = law.Establishment("Europe/Berlin", "DE")
TODAY = date(2026, 11, 23)


def codes(place: str, on: date = TODAY) -> dict[str, list[str]]:
    return {one.statute.id: [line.code for line in one.rights] for one in explain.explain(place, on, HOME)}


@given(st.sampled_from(sorted(PLACES)), st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_everybody_has_every_right_that_we_promise_to_everybody_once_each_law_has_spoken(place: str, on: date) -> None:
    found = codes(place, on)
    for right in law.statute("default-voluntary").rights:
        assert any(right in rights for rights in found.values()), right


def test_our_policy_adds_only_what_the_law_of_the_place_does_not_grant() -> None:
    found = codes("US-VA")
    assert list(found) == ["us-va-vcdpa", "default-voluntary"]
    assert not set(found["us-va-vcdpa"]) & set(found["default-voluntary"])


def test_a_right_to_come_is_announced_with_its_day() -> None:
    california = explain.explain("US-CA", TODAY, HOME)[0]
    assert ("Opt out of profiling", date(2027, 1, 1)) in california.later
    assert "opt_out_profiling" not in [line.code for line in california.rights]


def test_a_value_of_low_confidence_keeps_its_mark() -> None:
    colorado = {line.code: line.sure for line in explain.explain("US-CO", TODAY, HOME)[0].rights}
    assert colorado["access"] and not colorado["appeal"]


def test_the_page_and_the_clock_say_the_same_day() -> None:
    line = explain.explain("DE", TODAY, HOME)[0].rights[0]
    assert (line.code, line.dates.respond_on, line.term) == ("access", date(2026, 12, 23), "1 month")


def test_an_unknown_place_is_refused() -> None:
    for place in ("XX", "ZZ-1", "de", ""):
        with pytest.raises(law.UnknownResidence):
            explain.explain(place, TODAY, HOME)


def test_the_reference_in_the_docs_is_what_the_files_generate() -> None:
    written = (Path(__file__).parents[2] / "docs" / "law.md").read_text()
    assert written.endswith(tables.document()), "run: manage.py law docs"


def test_every_doubt_and_every_mark_stands_in_the_reference() -> None:
    text = tables.document()
    for one in law.statutes().values():
        assert all(doubt in text for doubt in one.doubts)
        assert all(f"| `{one.id}` | {path} | {mark} |" in text for path, mark in tables.unsure(one))


def test_the_oldest_check_comes_first() -> None:
    ages = [age for age, _ in tables.by_age(date(2027, 11, 23))]
    assert ages == sorted(ages, reverse=True) and ages[0] == 365
