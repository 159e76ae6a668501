"""Transfers to other countries by the tables of three laws, with the days on which decisions began and ended."""

from datetime import date

import pytest

from law import transfers
from law.transfers import Claim

TODAY = date(2026, 11, 27)


def code(regime: str, country: str, on: date = TODAY, **more: object) -> str:
    found = transfers.gap(regime, Claim(country, **more), on)  # type: ignore[arg-type]
    return found.code if found else "stands"


@pytest.mark.parametrize(
    ("regime", "country", "said"),
    [
        ("EU", "DE", "stands"), ("EU", "NO", "stands"), ("EU", "CH", "stands"), ("EU", "GB", "stands"),
        ("EU", "BR", "stands"), ("EU", "JP", "stands"), ("EU", "US", "no_basis"), ("EU", "IN", "no_basis"),
        ("EU", "GI", "no_basis"), ("EU", "MC", "no_basis"),
        ("UK", "GB", "stands"), ("UK", "FR", "stands"), ("UK", "GI", "stands"), ("UK", "KR", "stands"),
        ("UK", "BR", "no_basis"), ("UK", "US", "no_basis"),
        ("CH", "CH", "stands"), ("CH", "FR", "stands"), ("CH", "MC", "stands"), ("CH", "JP", "no_basis"),
        ("CH", "US", "no_basis"),
    ],
)  # fmt: skip
def test_what_needs_a_basis_depends_on_the_law_and_the_country(regime: str, country: str, said: str) -> None:
    assert code(regime, country) == said


@pytest.mark.parametrize(
    ("regime", "country", "on", "there"),
    [
        ("EU", "BR", date(2026, 1, 25), False), ("EU", "BR", date(2026, 1, 26), True),
        ("EU", "GB", date(2021, 6, 27), False), ("EU", "GB", date(2025, 12, 26), True),
        ("EU", "GB", date(2031, 12, 27), True), ("EU", "GB", date(2031, 12, 28), False),
        ("EU", "US", date(2023, 7, 9), False), ("EU", "US", date(2023, 7, 10), True),
        ("UK", "US", date(2023, 10, 11), False), ("UK", "KR", date(2022, 12, 19), True),
        ("CH", "US", date(2024, 9, 14), False), ("CH", "US", date(2024, 9, 15), True),
    ],
)  # fmt: skip
def test_a_decision_holds_from_its_day_to_its_last(regime: str, country: str, on: date, there: bool) -> None:
    assert (transfers.decision(regime, country, on) is not None) is there


def test_the_framework_is_for_certified_recipients_in_the_usa_only() -> None:
    assert code("EU", "US", basis="adequacy") == "not_certified", "the country as a whole is not adequate"
    assert code("EU", "US", basis="framework") == "not_certified"
    assert code("EU", "US", basis="framework", certified_until=date(2026, 11, 26)) == "not_certified"
    assert code("EU", "US", basis="framework", certified_until=TODAY) == "stands"
    assert code("EU", "IN", basis="framework", certified_until=TODAY) == "not_certified"
    early = date(2023, 7, 1)
    assert code("EU", "US", early, basis="framework", certified_until=TODAY) == "no_adequacy"


def test_safeguards_stand_with_an_assessment_that_is_not_old() -> None:
    for basis in ("clauses", "rules", "other"):
        assert code("EU", "IN", basis=basis) == "no_assessment"
        assert code("EU", "IN", basis=basis, assessed_on=date(2026, 1, 1)) == "stands"
        assert code("EU", "IN", basis=basis, assessed_on=date(2023, 11, 26)) == "assessment_old"
    assert code("EU", "CH", basis="clauses") == "stands", "an adequate country needs no assessment"
    assert code("EU", "IN", date(2028, 2, 29), basis="clauses", assessed_on=date(2026, 1, 1)) == "stands"


def test_a_derogation_is_named_and_adequacy_is_not_claimed_for_where_there_is_none() -> None:
    assert code("EU", "IN", basis="derogation") == "no_derogation"
    assert code("EU", "IN", basis="derogation", derogation="claims") == "stands"
    assert code("EU", "IN", basis="adequacy") == "no_adequacy"
    assert code("EU", "GB", date(2032, 1, 1), basis="adequacy") == "no_adequacy"


def test_every_gap_says_something_and_every_decision_has_its_act() -> None:
    for regime in transfers.REGIMES:
        for basis in ("", *transfers.BASES):
            gap = transfers.gap(regime, Claim("ZZ", basis), TODAY)
            assert gap is not None and gap.words.endswith(".")
        for country in ("US", "CA", "NZ"):
            found = transfers.decision(regime, country, TODAY)
            assert found and found.cite and found.since < TODAY
