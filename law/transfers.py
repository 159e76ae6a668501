"""May personal data go to that country, and on what basis? Tables and rules of three laws on transfers; pure.

GDPR ch. V (art. 44-49), UK GDPR ch. V with the Data Protection Act 2018 sch. 21, and the Swiss FADP art. 16-17 with annex 1 of
its ordinance (DPO). A country is an ISO 3166-1 code; days are parameters, so that an old answer can be worked out again.
"""

from dataclasses import dataclass
from datetime import date

from law.places import is_eea

EU, UK, CH = "EU", "UK", "CH"
REGIMES = (EU, UK, CH)
HOME = {UK: "GB", CH: "CH"}
USA = "US"

# How a transfer may stand. The keys are stored.
ADEQUACY, FRAMEWORK, CLAUSES, RULES, OTHER, DEROGATION = (
    "adequacy",
    "framework",
    "clauses",
    "rules",
    "other",
    "derogation",
)
BASES = {
    ADEQUACY: "Adequacy decision",
    FRAMEWORK: "Data Privacy Framework (certified in the USA)",
    CLAUSES: "Standard contractual clauses",
    RULES: "Binding corporate rules",
    OTHER: "Code of conduct, certification or approved clauses",
    DEROGATION: "Derogation for specific situations",
}
# GDPR art. 46 and its neighbours: safeguards that stand only with an assessment of the law there (C-311/18 Schrems II; EDPB
# recommendations 01/2020; UK: "transfer risk assessment"; FADP art. 16(2)).
ASSESSED = frozenset((CLAUSES, RULES, OTHER))
DEROGATIONS = {
    "consent": "Explicit consent (art. 49(1)(a))",
    "contract": "Contract with the person (art. 49(1)(b))",
    "for_person": "Contract in the person's interest (art. 49(1)(c))",
    "public_interest": "Important reasons of public interest (art. 49(1)(d))",
    "claims": "Legal claims (art. 49(1)(e))",
    "vital": "Vital interests (art. 49(1)(f))",
    "register": "Public register (art. 49(1)(g))",
    "compelling": "Compelling legitimate interests, authority told (art. 49(1), second subparagraph)",
}
# An assessment is looked at again after so long: what it says about a country's law grows old. Our own number.
ASSESSMENT_YEARS = 3


@dataclass(frozen=True)
class Decision:
    """That a country's protection is adequate: by which act, from when, until when, and for whom only."""

    cite: str
    since: date
    until: date | None = None
    only: str = ""
    certified: bool = False  # holds for organisations on a list, and not for the country


def _on(year: int, month: int, day: int) -> date:
    return date(year, month, day)


_PIPEDA = "commercial organisations under PIPEDA"
_PRIVATE = "business operators under its Act on the Protection of Personal Information"
_LISTED = "organisations on the Data Privacy Framework list"

# GDPR art. 45: decisions of the Commission, the date of each act.
_EU: dict[str, tuple[Decision, ...]] = {
    "AD": (Decision("2010/625/EU", _on(2010, 10, 19)),),
    "AR": (Decision("2003/490/EC", _on(2003, 6, 30)),),
    "BR": (Decision("(EU) 2026/179", _on(2026, 1, 26)),),
    "CA": (Decision("2002/2/EC", _on(2001, 12, 20), only=_PIPEDA),),
    "CH": (Decision("2000/518/EC", _on(2000, 7, 26)),),
    "FO": (Decision("2010/146/EU", _on(2010, 3, 5)),),
    "GB": (
        # Two acts in a row: the first, prolonged by (EU) 2025/1226; the second of 19 December 2025.
        Decision("(EU) 2021/1772", _on(2021, 6, 28), _on(2025, 12, 27)),
        Decision("Commission decision of 19 December 2025", _on(2025, 12, 19), _on(2031, 12, 27)),
    ),
    "GG": (Decision("2003/821/EC", _on(2003, 11, 21)),),
    "IL": (Decision("2011/61/EU", _on(2011, 1, 31)),),
    "IM": (Decision("2004/411/EC", _on(2004, 4, 28)),),
    "JE": (Decision("2008/393/EC", _on(2008, 5, 8)),),
    "JP": (Decision("(EU) 2019/419", _on(2019, 1, 23), only=_PRIVATE),),
    "KR": (Decision("(EU) 2022/254", _on(2021, 12, 17), only="those under its Personal Information Protection Act"),),
    "NZ": (Decision("2013/65/EU", _on(2012, 12, 19)),),
    "US": (Decision("(EU) 2023/1795", _on(2023, 7, 10), only=_LISTED, certified=True),),
    "UY": (Decision("2012/484/EU", _on(2012, 8, 21)),),
}
_EXIT = _on(2020, 12, 31)
_SCHEDULE = "Data Protection Act 2018, sch. 21 para. 5"
# UK GDPR art. 45A: the EEA and what the Commission had found adequate by the end of 2020, then regulations of its own.
_UK: dict[str, tuple[Decision, ...]] = {
    **{
        one: (Decision(_SCHEDULE, _EXIT),) for one in ("AD", "AR", "CH", "FO", "GG", "GI", "IL", "IM", "JE", "NZ", "UY")
    },
    "CA": (Decision(_SCHEDULE, _EXIT, only=_PIPEDA),),
    "JP": (Decision(_SCHEDULE, _EXIT, only=_PRIVATE),),
    "KR": (Decision("SI 2022/1213", _on(2022, 12, 19)),),
    "US": (Decision("SI 2023/1028", _on(2023, 10, 12), only=f"{_LISTED}, with its UK Extension", certified=True),),
}
_ANNEX, _FADP = "DPO annex 1", _on(2023, 9, 1)
# FADP art. 16(1): annex 1 of the ordinance.
_CH: dict[str, tuple[Decision, ...]] = {
    **{one: (Decision(_ANNEX, _FADP),)
       for one in ("AD", "AR", "FO", "GB", "GG", "GI", "IL", "IM", "JE", "MC", "NZ", "UY")},
    "CA": (Decision(_ANNEX, _FADP, only=_PIPEDA),),
    "US": (Decision(_ANNEX, _on(2024, 9, 15), only=_LISTED, certified=True),),
}  # fmt: skip
_EEA_ELSEWHERE = {UK: Decision(_SCHEDULE, _EXIT), CH: Decision(_ANNEX, _FADP)}
_TABLES = {EU: _EU, UK: _UK, CH: _CH}


def at_home(regime: str, country: str) -> bool:
    """Whether going there is no transfer to a third country at all under this law."""
    return is_eea(country) if regime == EU else country == HOME[regime]


def decision(regime: str, country: str, on: date) -> Decision | None:
    """The adequacy decision that covers a country under a law on that day, or None; the newest, should two do."""
    rows = _TABLES[regime].get(country, ())
    if regime != EU and is_eea(country):
        rows = (_EEA_ELSEWHERE[regime],)
    return next((one for one in reversed(rows) if one.since <= on and (one.until is None or on <= one.until)), None)


@dataclass(frozen=True)
class Claim:
    """What is on file about one recipient's transfers to one country."""

    country: str
    basis: str = ""
    assessed_on: date | None = None
    certified_until: date | None = None
    derogation: str = ""


@dataclass(frozen=True)
class Gap:
    """Why a transfer does not stand: a code, and words for a colleague."""

    code: str
    words: str


def open_to_all(regime: str, country: str, on: date) -> bool:
    """Whether data may go there without a word on file: at home, or an adequate country as a whole."""
    found = decision(regime, country, on)
    return at_home(regime, country) or (found is not None and not found.certified)


def gap(regime: str, claim: Claim, on: date) -> Gap | None:
    """What is missing for this transfer under one law; None if it stands."""
    if at_home(regime, claim.country):
        return None
    found = decision(regime, claim.country, on)
    whole = found is not None and not found.certified
    if claim.basis == "":
        return None if whole else Gap("no_basis", f"{regime}: no basis for the transfer to {claim.country} is on file.")
    if claim.basis == ADEQUACY:
        return None if whole else _inadequate(regime, claim.country, found)
    if claim.basis == FRAMEWORK:
        return _uncertified(regime, claim, found, on)
    if claim.basis == DEROGATION:
        if claim.derogation in DEROGATIONS:
            return None
        return Gap("no_derogation", f"{claim.country}: the derogation (art. 49) is not named.")
    return None if whole else _unassessed(claim, on)


def _inadequate(regime: str, country: str, found: Decision | None) -> Gap:
    if found is not None:
        words = f"{regime}: {country} is adequate only for {found.only} ({found.cite}): name the certification."
        return Gap("not_certified", words)
    return Gap("no_adequacy", f"{regime}: there is no adequacy decision for {country} now.")


def _uncertified(regime: str, claim: Claim, found: Decision | None, on: date) -> Gap | None:
    if claim.country != USA:
        return Gap("not_certified", f"{claim.country}: the Data Privacy Framework is for recipients in the USA only.")
    if found is None:
        return Gap("no_adequacy", f"{regime}: the Data Privacy Framework is in force no more.")
    if claim.certified_until is None:
        return Gap("not_certified", f"{claim.country}: until when the certification holds is not on file.")
    if claim.certified_until < on:
        return Gap("not_certified", f"{claim.country}: the certification ended on {claim.certified_until.isoformat()}.")
    return None


def _unassessed(claim: Claim, on: date) -> Gap | None:
    if claim.assessed_on is None:
        return Gap("no_assessment", f"{claim.country}: the assessment of the law there is missing.")
    if claim.assessed_on < on.replace(year=on.year - ASSESSMENT_YEARS, day=min(on.day, 28)):
        years = f"{ASSESSMENT_YEARS} years"
        return Gap("assessment_old", f"{claim.country}: the assessment of the law there is older than {years}.")
    return None
