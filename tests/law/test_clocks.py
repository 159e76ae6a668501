"""Dates as regulators and statutes give them, and rules that hold for every date."""

import csv
import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import law
from law import calendars

BERLIN = law.Establishment("Europe/Berlin", "DE")
ROWS = list(csv.DictReader(Path(__file__).with_name("vectors.csv").open()))
EXCLUDED = {"identity", "clarification"}


def noon(text: str, zone: str) -> datetime:
    """The instant of a vector: as written, or noon of that day in the zone."""
    if "T" in text:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    return datetime.fromisoformat(f"{text}T12:00:00").replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    "row", sorted(ROWS, key=lambda row: row["status"] != "official"), ids=lambda row: row["vector_id"]
)
def test_a_published_example_comes_out_as_published(row: dict[str, str]) -> None:
    statute = law.statute(row["law_id"])
    pauses = []
    if row["pause_from"]:
        pauses = [
            law.Pause("clarification", date.fromisoformat(row["pause_from"]), date.fromisoformat(row["pause_to"]))
        ]
    got = law.deadlines(
        statute,
        row["right"],
        noon(row["received_at"], row["timezone"]),
        law.Establishment(row["timezone"], row["holiday_region"]),
        clock="signal" if row["clock"] == "signal" else None,
        pauses=pauses,
    )
    assert got.start_on.isoformat() == row["received_date"]
    assert got.respond_on.isoformat() == row["expected_due_date"]
    if row["expected_ack_date"]:
        assert got.acknowledge_on and got.acknowledge_on.isoformat() == row["expected_ack_date"]
    if row["expected_extended_due_date"]:
        assert got.extended_on and got.extended_on.isoformat() == row["expected_extended_due_date"]
    if row["extension_notice_by"]:
        assert got.extension_notice_by and got.extension_notice_by.isoformat() == row["extension_notice_by"]


instants = st.datetimes(datetime(2024, 1, 1), datetime(2036, 12, 31), timezones=st.just(UTC))
laws = st.sampled_from(sorted(law.statutes()))
rights = st.sampled_from(["access", "delete", "correct", "opt_out_sale"])


@given(laws, rights, instants)
def test_an_answer_is_never_due_before_it_was_asked_for_and_an_extension_never_shortens(
    name: str, right: str, at: datetime
) -> None:
    got = law.deadlines(law.statute(name), right, at, BERLIN)
    assert got.respond_on >= got.start_on
    assert got.extended_on is None or got.extended_on >= got.respond_on
    assert got.acknowledge_on is None or got.start_on < got.acknowledge_on <= got.respond_on
    assert law.due_at(got.respond_on, got.zone) > at


@given(rights, instants)
def test_where_the_law_moves_the_last_day_it_is_a_working_day(right: str, at: datetime) -> None:
    for name, region in (("eu-gdpr", "DE"), ("uk-gdpr", "GB-ENG")):
        got = law.deadlines(law.statute(name), right, at, BERLIN)
        assert calendars.is_working_day(got.respond_on, region)


@given(instants, st.integers(0, 20), st.integers(0, 40))
def test_waiting_moves_the_date_as_each_law_says(at: datetime, asked: int, days: int) -> None:
    plain = {name: law.deadlines(law.statute(name), "access", at, BERLIN) for name in law.statutes()}
    start = plain["uk-gdpr"].start_on
    pause = law.Pause("clarification", start + timedelta(asked), start + timedelta(asked + days))
    held = {name: law.deadlines(law.statute(name), "access", at, BERLIN, pauses=[pause]) for name in law.statutes()}
    assert held["us-ca-ccpa"].respond_on == plain["us-ca-ccpa"].respond_on
    assert held["uk-gdpr"].extension_notice_by == plain["uk-gdpr"].extension_notice_by + timedelta(days + 1)
    assert held["eu-gdpr"].extension_notice_by == plain["eu-gdpr"].extension_notice_by + timedelta(days)


def test_proof_restarts_the_british_month_and_does_not_touch_the_californian_clock() -> None:
    at = datetime(2026, 8, 1, 18, tzinfo=UTC)
    pause = law.Pause("identity", date(2026, 8, 2), date(2026, 8, 20))
    assert law.deadlines(law.statute("uk-gdpr"), "access", at, BERLIN, pauses=[pause]).respond_on == date(2026, 9, 21)
    assert law.deadlines(law.statute("us-ca-ccpa"), "access", at, BERLIN, pauses=[pause]).respond_on == date(
        2026, 9, 15
    )


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Adak"])
def test_the_zone_of_the_server_does_not_matter(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    expected = law.deadlines(law.statute("eu-gdpr"), "access", at, BERLIN)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert law.deadlines(law.statute("eu-gdpr"), "access", at, BERLIN) == expected
        assert expected.start_on == date(2026, 11, 1)
    finally:
        os.environ.pop("TZ", None)
        time.tzset()


def test_a_day_lasts_until_its_own_midnight_also_when_clocks_change() -> None:
    # 25 October 2026: Berlin's day has 25 hours.
    assert law.due_at(date(2026, 10, 25), "Europe/Berlin") == datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert law.due_at(date(2026, 10, 24), "Europe/Berlin") == datetime(2026, 10, 24, 22, tzinfo=UTC)


def test_a_holiday_of_a_country_outside_the_law_does_not_move_its_last_day() -> None:
    # 26 November 2026 is Thanksgiving: a company that answers from New York owes the GDPR answer on that Thursday.
    at = datetime(2026, 10, 26, 16, tzinfo=UTC)
    got = law.deadlines(law.statute("eu-gdpr"), "access", at, law.Establishment("America/New_York", "US"))
    assert got.respond_on == date(2026, 11, 26)
    assert any("does not count by the holidays of US" in step for step in got.steps)


@given(laws, rights, instants)
def test_the_safe_day_is_never_before_the_start_nor_after_the_due_day(name: str, right: str, at: datetime) -> None:
    for clock in (None, *law.statute(name).clocks):
        got = law.deadlines(law.statute(name), right, at, BERLIN, clock=clock)
        assert got.start_on <= got.safe_on <= got.respond_on


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        law.deadlines(law.statute("eu-gdpr"), "access", datetime(2026, 1, 1), BERLIN)


def test_the_strictest_law_is_the_one_that_is_due_first() -> None:
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    both = [law.deadlines(law.statute(name), "access", at, BERLIN) for name in ("us-ca-ccpa", "eu-gdpr")]
    assert law.strictest(both).statute_id == "eu-gdpr"


def test_every_date_can_be_replayed_in_words() -> None:
    got = law.deadlines(law.statute("eu-gdpr"), "access", datetime(2026, 3, 5, 12, tzinfo=UTC), BERLIN)
    assert any("5 March 2026" in step for step in got.steps)
    assert any("5 April 2026 is not a working day (DE), so Tuesday 7 April 2026" in step for step in got.steps)
