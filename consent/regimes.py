"""Which kind of rule a region has for choices that nobody made yet. Pure: one table.

opt_in: nothing that needs a choice happens before a Yes. opt_out: a sale goes on until somebody says No. none: we know of no
such rule there; what rests on consent needs a Yes all the same.
Sources: GDPR Art. 6 and 7 with the ePrivacy Directive Art. 5(3) for the EEA and the United Kingdom; the laws named at each row.
A region that the table does not know is opt_in: the strictest is never a mistake.
"""

from typing import Literal

Regime = Literal["opt_in", "opt_out", "none"]

EEA = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
TABLE: dict[str, Regime] = {
    **dict.fromkeys(EEA.split(), "opt_in"),
    "GB": "opt_in",  # UK GDPR, PECR reg. 6
    "CH": "opt_in",  # revFADP lets some go without; one rule for the neighbourhood
    "BR": "opt_in",  # LGPD Art. 8
    "IN": "opt_in",  # DPDP Act s. 6
    "KR": "opt_in",  # PIPA Art. 15 and 22
    "CN": "opt_in",  # PIPL Art. 13 and 14
    "CA": "opt_in",  # PIPEDA Sch. 1, 4.3; Quebec Law 25
    "TR": "opt_in",  # KVKK Art. 5
    "ZA": "opt_in",  # POPIA s. 11 and 69
    "US": "opt_out",  # Cal. Civ. Code 1798.120 and the state laws after it; federal law asks for no Yes
    "AU": "none",
    "NZ": "none",
    "SG": "none",
    "HK": "none",
    "MX": "none",
}


def of(region: str) -> Regime:
    """The regime of a region: a country, or a country and its part (US-CA). Unknown or empty: opt_in."""
    code = region.upper()
    return TABLE.get(code) or TABLE.get(code.partition("-")[0], "opt_in")
