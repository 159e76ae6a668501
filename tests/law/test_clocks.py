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
    received_at = noon(row["received_at"], row["timezone"])
    if row["expected_due_date"] == "not_granted":
        assert law.granted_right(statute, row["right"], date.fromisoformat(row["received_date"])) is None
        return
    if not row["ignore_effective"]:
        assert law.granted_right(statute, row["right"], date.fromisoformat(row["received_date"]))
    establishment = law.Establishment(row["timezone"], row["holiday_region"])
    got = law.deadlines(
        statute,
        row["right"],
        received_at,
        establishment,
        clock=row["clock"] if row["clock"] in statute.clocks else None,
        pauses=[law.Pause("clarification", day(row, "pause_from"), day(row, "pause_to"))] if row["pause_from"] else (),
        verified_at=noon(row["verified_date"], row["timezone"]) if row["verified_date"] else None,
    )
    found = {
        "start_date": got.start_on,
        "expected_due_date": got.respond_on,
        "expected_ack_date": got.acknowledge_on,
        "expected_extended_due_date": got.extended_on,
        "extension_notice_by": got.extension_notice_by,
        "due_if_general_rollover": got.relaxed_on,
    }
    if row["appeal_received"]:
        appeal = law.deadlines(statute, "appeal", noon(row["appeal_received"], row["timezone"]), establishment)
        found |= {"expected_appeal_due": appeal.respond_on, "expected_appeal_extended_due": appeal.extended_on}
    expected = {name: day(row, name) for name in found if row[name]}
    assert {name: found[name] for name in expected} == expected


def day(row: dict[str, str], name: str) -> date:
    return date.fromisoformat(row[name])


def test_every_law_has_a_published_or_derived_example_or_says_so() -> None:
    without = set(law.statutes()) - {row["law_id"] for row in ROWS}
    assert without == {
        # Their clocks are those of a law with an example: 45 + 45 days (Virginia), 30 days (Switzerland).
        "us-fl-fdbr", "us-de-dpdpa", "us-mt-mcdpa", "us-ne-ndpa", "us-nh-507h", "us-tn-tipa", "us-in-icdpa", "us-ky-kcdpa",
        "us-ri-ridtppa", "us-ok-ocdpa", "us-al-apdpa", "us-la-ldpa", "th-pdpa",
    }  # fmt: skip


instants = st.datetimes(datetime(2024, 1, 1), datetime(2036, 12, 31), timezones=st.just(UTC))
cases = st.sampled_from([(name, right) for name, one in sorted(law.statutes().items()) for right in sorted(one.rights)])
laws = st.sampled_from(sorted(law.statutes()))
rights = st.sampled_from(["access", "delete", "correct", "opt_out_sale"])


@given(cases, instants)
def test_an_answer_is_never_due_before_it_was_asked_for_and_an_extension_never_shortens(
    case: tuple[str, str], at: datetime
) -> None:
    got = law.deadlines(law.statute(case[0]), case[1], at, BERLIN)
    assert got.respond_on >= got.start_on
    assert got.extended_on is None or got.extended_on >= got.respond_on
    assert got.acknowledge_on is None or got.start_on < got.acknowledge_on
    assert got.goal_on is None or got.start_on <= got.goal_on <= got.respond_on
    assert got.relaxed_on is None or got.relaxed_on > got.respond_on
    assert law.due_at(got.respond_on, got.zone) > at


@given(cases, instants)
def test_the_last_day_never_falls_on_a_day_that_the_law_forbids(case: tuple[str, str], at: datetime) -> None:
    statute = law.statute(case[0])
    got = law.deadlines(statute, case[1], at, BERLIN)
    region = "DE" if statute.counting.holidays == "establishment" else statute.counting.holidays
    rule = statute.clocks[got.clock]
    if rule.respond.unit == "immediate":
        return
    for day_on in (got.respond_on, got.extended_on):
        assert day_on is None or not calendars.is_off(day_on, region, statute.counting.rolls_on)
    if rule.respond.unit == "business_days":
        assert calendars.is_working_day(got.respond_on, region)


@given(
    cases,
    instants,
    st.sampled_from(["identity", "clarification", "authority", "fee"]),
    st.integers(0, 20),
    st.integers(0, 40),
)
def test_waiting_never_makes_an_answer_due_earlier_and_adds_no_more_than_was_waited(
    case: tuple[str, str], at: datetime, reason: str, asked: int, days: int
) -> None:
    statute = law.statute(case[0])
    plain = law.deadlines(statute, case[1], at, BERLIN)
    pause = law.Pause(reason, plain.start_on + timedelta(asked), plain.start_on + timedelta(asked + days))
    held = law.deadlines(statute, case[1], at, BERLIN, pauses=[pause])
    rule = statute.clocks[plain.clock].pauses.get(reason)
    assert held.respond_on >= plain.respond_on
    if rule is None or rule.effect == "none" or case[1] not in rule.rights:
        assert held.respond_on == plain.respond_on
    elif rule.effect in ("suspend", "exclude_days"):
        added = held.extension_notice_by - plain.extension_notice_by
        assert added == timedelta(days + (rule.effect == "exclude_days" and asked > 0))
    else:
        assert held.start_on == pause.answered_on


@given(instants)
def test_a_day_that_two_pauses_share_is_left_out_once(at: datetime) -> None:
    statute = law.statute("uk-gdpr")
    start = law.deadlines(statute, "access", at, BERLIN).start_on
    one = law.Pause("clarification", start + timedelta(2), start + timedelta(9))
    within = law.Pause("clarification", start + timedelta(4), start + timedelta(6))
    alone = law.deadlines(statute, "access", at, BERLIN, pauses=[one])
    both = law.deadlines(statute, "access", at, BERLIN, pauses=[within, one])
    assert both.respond_on == alone.respond_on


def test_a_question_about_an_erasure_does_not_stop_a_clock_that_only_copies_may_stop() -> None:
    at = datetime(2026, 9, 1, 12, tzinfo=UTC)
    pause = law.Pause("clarification", date(2026, 9, 4), date(2026, 9, 10))
    for name in ("uk-gdpr", "eu-gdpr"):
        plain = law.deadlines(law.statute(name), "delete", at, BERLIN)
        assert law.deadlines(law.statute(name), "delete", at, BERLIN, pauses=[pause]).respond_on == plain.respond_on


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


@given(cases, instants)
def test_the_safe_day_is_never_before_the_start_nor_after_the_due_day(case: tuple[str, str], at: datetime) -> None:
    for clock in (None, *law.statute(case[0]).clocks):
        got = law.deadlines(law.statute(case[0]), case[1], at, BERLIN, clock=clock)
        assert got.start_on <= got.safe_on <= got.respond_on


def test_a_law_with_two_time_zones_counts_by_the_one_where_it_is_earlier() -> None:
    # 4:30 UTC on 2 June is half past eleven on 1 June in Dallas and half past ten in El Paso; 5:30 is 2 June only in Dallas.
    texas = law.statute("us-tx-tdpsa")
    got = law.deadlines(texas, "access", datetime(2026, 6, 2, 5, 30, tzinfo=UTC), BERLIN)
    assert (got.start_on, got.zone) == (date(2026, 6, 1), "America/Chicago")
    assert law.due_at(got.respond_on, got.zone) == datetime(2026, 7, 17, 5, tzinfo=UTC)


def test_a_clock_that_starts_with_verification_runs_from_the_receipt_until_then() -> None:
    at = datetime(2026, 8, 1, 18, tzinfo=UTC)
    health = law.statute("us-nv-chd")
    waiting = law.deadlines(health, "access", at, BERLIN)
    verified = law.deadlines(health, "access", at, BERLIN, verified_at=datetime(2026, 8, 12, 18, tzinfo=UTC))
    assert (waiting.respond_on, verified.respond_on) == (date(2026, 9, 15), date(2026, 9, 26))
    assert any("until then we count from the receipt" in step for step in waiting.steps)


def test_where_the_law_names_no_number_the_page_says_that_the_number_is_ours() -> None:
    got = law.deadlines(law.statute("jp-appi"), "access", datetime(2026, 7, 1, 3, tzinfo=UTC), BERLIN)
    assert got.advised and any("sets no number of days" in step for step in got.steps)


def test_the_holidays_of_the_british_nation_that_answers_count() -> None:
    # 3 August 2026 is a bank holiday in Scotland only.
    at = datetime(2026, 7, 3, 12, tzinfo=UTC)
    nation = {
        part: law.deadlines(law.statute("uk-gdpr"), "access", at, law.Establishment("Europe/London", part)).respond_on
        for part in ("GB-ENG", "GB-SCT")
    }
    assert nation == {"GB-ENG": date(2026, 8, 3), "GB-SCT": date(2026, 8, 4)}


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
