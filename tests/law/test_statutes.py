"""Statute files are complete, cited, and refused with file and field when they are wrong."""

import subprocess
import sys
from datetime import date

import pytest

import law
from law import registry

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
        ("clock: standard}\n  portability", "clock: slow}\n  portability", "rights.access.clock: 'slow' is not a clock"),
        ("respond: [1, months]", "respond: [1, fortnights]", "clocks.standard.respond: must be"),
        ("respond: [1, months]", "respond: [-1, months]", "must not be negative"),
        ("effect: suspend", "effect: forget", "effect: must be one of"),
        ("zone: establishment", "zone: Mars/Base", "counting.zone: 'Mars/Base' is not a time zone"),
        ("  access: {", "  acess: {", "rights.acess: is not a right"),
        ("checked_on: 2026-11-23\n", "", "checked_on: is missing"),
        ("equivalent: object", "equivalent: shout", "'shout' is not a right of this law"),
        ("opt_out_sale: {cite: art. 21(2), equivalent: object}", "opt_out_sale: {cite: x, clock: standard, proof: mailbox}",
         "rights.opt_out_sale.proof: must be none"),
        ("    rights: [access, portability, correct, delete, restrict, object, adm_review, third_party_list]\n", "",
         "grounds.id_unverified.rights: must leave out"),
        ("id: eu-gdpr", "id: [", "line"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_name_and_the_field(old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(law.StatuteError) as caught:
        registry.parse(GOOD.replace(old, new, 1), "eu-gdpr.yaml")
    assert str(caught.value).startswith("eu-gdpr.yaml: ") and words in str(caught.value)


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
        ("ZZ", "delete", "default-voluntary"),
    ],
)
def test_the_law_of_the_place_where_one_lives_speaks(residence: str, right: str, expected: str) -> None:
    assert [one.id for one in law.applicable(residence, right, date(2026, 11, 23))] == [expected]


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
