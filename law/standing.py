"""Who may ask for another person, and what must happen before anything personal is looked for. A table with its sources.

Opt-outs and what else never waits for proof wait for nobody here either: California forbids to make the person confirm an
opt-out that an agent sent (11 CCR 7026(j), 7027(i)). For the rest the person confirms by their own mailbox where the law lets
us ask them, and a colleague looks at the authority where it does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from law.model import Statute
from law.rights import NO_PROOF_RIGHTS

SELF, AGENT, PARENT, HEIR = "self", "agent", "parent", "heir"
# What shows that somebody may act for the person.
BASES = {
    AGENT: ("permission", "power_of_attorney"),
    PARENT: ("parent", "guardian"),
    HEIR: ("heir", "executor"),
}

# Countries whose law gives heirs or relatives rights over the data of the dead. The GDPR itself does not (recital 27). Sections
# are from general knowledge and were not opened; a lawyer reads them before the first request of this kind is decided.
HEIRS = {
    "CA-QC": "Act P-39.1, s. 40.1; Civil Code, art. 39",
    "CN": "PIPL, art. 49",
    "DK": "Databeskyttelsesloven, s. 2(5)",
    "EE": "Isikuandmete kaitse seadus, s. 9",
    "ES": "LO 3/2018, art. 3",
    "FR": "Loi 78-17, art. 85",
    "HU": "Act CXII of 2011, s. 25",
    "IT": "D.Lgs. 196/2003, art. 2-terdecies",
    "PT": "Lei 58/2019, art. 17",
    "SI": "ZVOP-2, art. 9",
}


@dataclass(frozen=True)
class Standing:
    """What must happen first: nothing, the person's own confirmation, or a colleague's look at the authority.

    `allowed` is False where nobody may ask in this capacity; `cite` is the source of the rule.
    """

    allowed: bool
    gate: Literal["none", "person", "staff"]
    cite: str


def standing(kind: str, basis: str, right: str, residence: str, laws: Sequence[Statute]) -> Standing:
    """Who must show what when somebody in the capacity of `kind` asks for `right` of a person who lives in `residence`."""
    if kind == HEIR and not heirs_cite(residence):
        return Standing(False, "staff", "Regulation (EU) 2016/679, recital 27")
    if right in NO_PROOF_RIGHTS:
        return Standing(True, "none", "11 CCR 7026(j), 7060(b)")
    if kind == SELF:
        return Standing(True, "person", "")
    if kind == HEIR:
        return Standing(True, "staff", heirs_cite(residence))
    if kind == PARENT:
        return Standing(
            True, "staff", _first(laws, "11 CCR 7070", "recital 38; national law on parental responsibility")
        )
    if basis == "power_of_attorney" and any(one.id == "us-ca-ccpa" for one in laws):
        return Standing(True, "staff", "11 CCR 7063(b); Probate Code 4121-4130")
    return Standing(True, "person", _first(laws, "11 CCR 7063(a)", "EDPB Guidelines 01/2022, section 3.4"))


def heirs_cite(residence: str) -> str:
    """The section that gives heirs of somebody who lived there rights, or nothing."""
    return HEIRS.get(residence) or HEIRS.get(residence.partition("-")[0], "")


def _first(laws: Sequence[Statute], california: str, otherwise: str) -> str:
    """California has rules of its own; elsewhere the guidelines of the European board are the fullest."""
    return california if any(one.id == "us-ca-ccpa" for one in laws) else otherwise
