"""Statute files are complete, cited, and refused with file and field when they are wrong."""

import re
import subprocess
import sys
from datetime import date

import pytest

import law
from law import calendars, registry

GOOD = (registry.FOLDER / "eu-gdpr.yaml").read_text()


@pytest.mark.parametrize("name", sorted(law.statutes()))
def test_every_right_and_every_ground_names_its_section(name: str) -> None:
    statute = law.statute(name)
    assert all(right.cite for right in statute.rights.values())
    assert all(ground.cite and ground.sentence.endswith(".") for ground in statute.grounds.values())
    assert all(clock.cite for clock in statute.clocks.values())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("short_name: GDPR", "shortname: GDPR", "shortname: is not a known key"),
        ("art. 15, clock: standard", "art. 15, clock: slow", "rights.access: clock 'slow' is not a clock"),
        ("respond: [1, months]", "respond: [1, fortnights]", "clocks.standard.respond: must be"),
        ("respond: [1, months]", "respond: [true, months]", "clocks.standard.respond: must be"),
        ("respond: [1, months]", "respond: [-1, months]", "must not be negative"),
        ("effect: suspend", "effect: forget", "effect: must be one of"),
        ("zones: [establishment]", "zones: [Mars/Base]", "counting.zones: 'Mars/Base' is not a time zone"),
        ("zones: [establishment]", "zones: []", "counting.zones: must name at least one"),
        ("rolls_on: [holiday,", "rolls_on: [payday,", "counting.rolls_on: unknown: payday"),
        ("  access: {", "  acess: {", "rights.acess: is not a right"),
        ("checked_on: 2026-11-23\n", "", "checked_on: is missing"),
        ("checked_on: 2026-11-23\n", "checked_on: soon\n", "checked_on: must be a date like"),
        ("equivalent: object", "equivalent: shout", "'shout' is not a right of this law"),
        ("opt_out_sale: {cite: art. 21(2), equivalent: object}", "opt_out_sale: {cite: x, clock: standard, proof: mailbox}",
         "rights.opt_out_sale: proof must be none"),
        ("    rights: [access, portability, correct, delete, restrict, object, adm_review, third_party_list]\n", "",
         "grounds.id_unverified: must leave out"),
        ("  appeal: false", "  appeal: true", "remedies.appeal: must be true exactly when"),
        ("  appeal: false", "  appeal: perhaps", "remedies.appeal: must be true or false"),
        ("    NL: 16", "    DK: 16", "DK is given twice"),
        ("'NO'", "NO", "must be"),
        ("short_name: GDPR", "short_name: GDPR\nshort_name: RGPD", "short_name is given twice"),
        ("id: eu-gdpr", "id: [", "is not YAML"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_name_and_the_field(old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(law.StatuteError) as caught:
        registry.parse(GOOD.replace(old, new, 1), "eu-gdpr.yaml")
    assert re.match(r"eu-gdpr\.yaml: line \d+: ", str(caught.value)) and words in str(caught.value)


def test_no_law_makes_an_opt_out_wait_for_proof() -> None:
    for statute in law.statutes().values():
        for right in law.NO_PROOF_RIGHTS & set(statute.rights):
            assert law.proof_rule(statute, right).level == "none"


def test_no_law_lets_an_opt_out_be_refused_for_want_of_proof() -> None:
    for statute in law.statutes().values():
        for right in law.NO_PROOF_RIGHTS:
            assert "id_unverified" not in {ground.code for ground in law.grounds(statute, right)}


@pytest.mark.parametrize(
    ("residence", "right", "expected"),
    [
        ("DE", "access", "eu-gdpr"),
        ("NO", "delete", "eu-gdpr"),
        ("DE", "opt_out_sale", "eu-gdpr"),
        ("GB", "access", "uk-gdpr"),
        ("GB-SCT", "access", "uk-gdpr"),
        ("US-CA", "opt_out_sale", "us-ca-ccpa"),
        ("US-CA", "object", "default-voluntary"),
        ("US-NY", "access", "default-voluntary"),
        ("US-VA", "delete", "us-va-vcdpa"),
        ("US-UT", "correct", "us-ut-ucpa"),
        ("US-OK", "access", "default-voluntary"),
        ("IN", "access", "default-voluntary"),
        ("AU", "delete", "default-voluntary"),
        ("BR", "delete", "br-lgpd"),
        ("GB", "complaint", "uk-gdpr"),
        ("US-CO", "appeal", "us-co-cpa"),
        ("DE", "appeal", "default-voluntary"),
        ("ZZ", "delete", "default-voluntary"),
    ],
)
def test_the_law_of_the_place_where_one_lives_speaks(residence: str, right: str, expected: str) -> None:
    assert [one.id for one in law.applicable(residence, right, date(2026, 11, 23))] == [expected]


def test_two_laws_may_speak_for_one_person() -> None:
    found = [one.id for one in law.applicable("CA-QC", "access", date(2026, 11, 23))]
    assert found == ["ca-pipeda", "ca-qc-law25"]


def test_some_laws_speak_only_to_companies_of_a_kind() -> None:
    on = date(2026, 11, 23)
    assert [one.id for one in law.applicable("US-NV", "opt_out_sale", on)] == ["default-voluntary"]
    assert [one.id for one in law.applicable("US-NV", "opt_out_sale", on, facts={"sells"})] == ["us-nv-sb220"]
    brokers = [one.id for one in law.applicable("US-CA", "delete", on, facts={"data_broker"})]
    assert brokers == ["us-ca-ccpa", "us-ca-delete-act"]
    with pytest.raises(ValueError, match="unknown: sold"):
        law.applicable("US-NV", "access", on, facts={"sold"})


def test_most_states_leave_out_people_whom_the_company_knows_as_workers_and_california_does_not() -> None:
    on = date(2026, 11, 23)
    assert [one.id for one in law.applicable("US-VA", "access", on, context="employment")] == ["default-voluntary"]
    assert [one.id for one in law.applicable("US-CA", "access", on, context="employment")] == ["us-ca-ccpa"]


def test_a_law_that_comes_into_force_speaks_from_that_day_without_a_change_of_ours() -> None:
    days = (date(2026, 12, 31), date(2027, 1, 1))
    found = [[one.id for one in law.applicable("US-OK", "access", on)] for on in days]
    assert found == [["default-voluntary"], ["us-ok-ocdpa"]]


def test_every_region_with_holidays_is_known_to_the_calendar() -> None:
    for statute in law.statutes().values():
        if statute.counting.holidays != "establishment":
            assert calendars.holidays_of(statute.counting.holidays, 2027)


def test_a_refusal_can_name_the_authority_of_each_european_country() -> None:
    gdpr = law.statute("eu-gdpr")
    assert set(gdpr.remedies.authorities) == gdpr.residences
    assert law.regulator(gdpr, "FR") == ("the French data protection authority (CNIL)", "https://www.cnil.fr")


def test_no_doubt_of_the_source_table_is_lost() -> None:
    marked = {name: one for name, one in law.statutes().items() if one.confidence == "low"}
    assert set(marked) == {
        "us-nh-507h", "us-ok-ocdpa", "us-al-apdpa", "us-la-ldpa", "ca-qc-law25", "jp-appi", "cn-pipl",
    }  # fmt: skip
    assert all(
        one.marks.get("clocks.appeal") == "low" for one in (law.statute("us-co-cpa"), law.statute("us-tx-tdpsa"))
    )


def test_a_right_that_starts_next_year_is_not_granted_today() -> None:
    california = law.statute("us-ca-ccpa")
    assert law.granted_right(california, "opt_out_profiling", date(2026, 12, 31)) is None
    assert law.granted_right(california, "opt_out_profiling", date(2027, 1, 1)) == "opt_out_profiling"


def test_a_right_that_goes_by_another_name_is_granted_under_it() -> None:
    assert law.granted_right(law.statute("eu-gdpr"), "opt_out_sale", date(2026, 1, 1)) == "object"


def test_an_unknown_place_is_refused_in_words() -> None:
    with pytest.raises(law.UnknownResidence, match="Choose one from the list"):
        law.applicable("XX", "access", date(2026, 1, 1))


def test_every_offered_place_has_a_law_or_our_policy() -> None:
    for code, _ in law.residences():
        for right in ("access", "delete", "correct", "opt_out_sale"):
            assert law.applicable(code, right, date(2026, 11, 23))


def test_the_package_stands_without_django() -> None:
    code = "import law, sys; law.statutes(); sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
