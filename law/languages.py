"""Which language a law demands that people are told in, and which one is usual where they live. Tables and lookups, pure.

A language that is demanded here is written beside the one that the person chose: a letter then holds both.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Demand:
    """A language that consumers have to be addressed in, and the section that says so."""

    language: str
    cite: str


DEMANDED: dict[str, Demand] = {
    "FR": Demand("fr", "Loi n° 94-665 du 4 août 1994, art. 2"),
    "CA-QC": Demand("fr", "Charter of the French Language, CQLR c. C-11, ss. 2, 5, 50.2"),
    "BR": Demand("pt-br", "Lei 8.078/1990 (CDC), arts. 6 III, 31"),
    "PT": Demand("pt-br", "Decreto-Lei 238/86, art. 1"),
    "ES": Demand("es", "Real Decreto Legislativo 1/2007, art. 60.4"),
    "CN": Demand("zh-hans", "PIPL art. 17; Law on the Standard Spoken and Written Chinese Language, arts. 13-14"),
}

# The first language of a place, of those that public pages may be written in. Nobody is held to it: it decides only for a
# browser that asks for none of our languages.
USUAL: dict[str, str] = {
    **dict.fromkeys(("DE", "AT", "CH", "LI"), "de"),
    **dict.fromkeys(("FR", "LU", "MC", "BE", "SN", "CI", "CM", "ML"), "fr"),
    **dict.fromkeys(("BR", "PT", "AO", "MZ"), "pt-br"),
    **dict.fromkeys(
        ("ES", "MX", "AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "GT", "HN", "NI", "PA", "PE", "PR", "PY", "SV",
         "UY", "VE"), "es"),
    **dict.fromkeys(("CN", "SG", "HK", "MO", "TW"), "zh-hans"),
    **dict.fromkeys(
        ("AE", "BH", "DZ", "EG", "IQ", "JO", "KW", "LB", "LY", "MA", "MR", "OM", "PS", "QA", "SA", "SD", "SY", "TN",
         "YE"), "ar"),
}  # fmt: skip


def demanded(residence: str) -> Demand | None:
    """The language in which a resident of `residence` has to be told, if a law there says so."""
    return DEMANDED.get(residence)


def also(residence: str, language: str) -> str:
    """The language that a letter in `language` to a resident of `residence` has to be written in besides, or nothing."""
    demand = demanded(residence)
    return demand.language if demand is not None and demand.language != language else ""


def usual(tags: Collection[str]) -> str:
    """The usual language of the first place that these language tags name (`ca-ES`: Spain), or nothing."""
    for tag in tags:
        for part in tag.replace("_", "-").split("-")[1:]:
            if part.upper() in USUAL:
                return USUAL[part.upper()]
    return ""
