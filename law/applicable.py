"""Which laws speak for a person who lives somewhere, and which rights they grant."""

from collections.abc import Iterable
from datetime import date

from law.model import Statute
from law.places import PLACES
from law.registry import COMPANY_FACTS, CONTEXTS, statute, statutes

VOLUNTARY = "default-voluntary"


class UnknownResidence(ValueError):
    """The place is not in our list."""


def residences() -> list[tuple[str, str]]:
    """Codes and names of places for a form, "Somewhere else" (ZZ) last."""
    return list(PLACES.items())


def granted_right(law: Statute, right: str, on: date) -> str | None:
    """The right under which this law grants `right` on that day: itself, its equivalent, or None."""
    rule = law.rights.get(right)
    if rule is None or (rule.effective_from and on < rule.effective_from):
        return None
    if rule.equivalent:
        return granted_right(law, rule.equivalent, on)
    return right


def laws_for(residence: str, on: date, *, facts: Iterable[str] = (), context: str = "") -> list[Statute]:
    """The statutes that speak for a resident of `residence` ("DE", "US-CA", "GB-SCT") on a day, without our own policy.

    `facts` about the company: sells, data_broker, health_data, public_body. `context` in which it knows the person:
    employment, commercial_b2b, or "" for any other. Raises UnknownResidence; ValueError for an unknown fact or context.
    """
    country = residence.partition("-")[0]
    if residence not in PLACES and (country not in PLACES or country == residence or country == "ZZ"):
        raise UnknownResidence(f"{residence!r} is not a place that we know. Choose one from the list.")
    known = frozenset(facts)
    if known - COMPANY_FACTS or (context and context not in CONTEXTS):
        raise ValueError(f"unknown: {', '.join(sorted(known - COMPANY_FACTS)) or context}")
    return [
        one
        for one in statutes().values()
        if one.effective_from is not None
        and one.effective_from <= on
        and {residence, country} & one.residences
        and one.scope.needs <= known
        and context not in one.scope.leaves_out
    ]


def applicable(residence: str, right: str, on: date, *, facts: Iterable[str] = (), context: str = "") -> list[Statute]:
    """The statutes that grant `right` to a resident of `residence` on a day; where none does, our own voluntary policy.

    Arguments and errors as in `laws_for`.
    """
    found = [one for one in laws_for(residence, on, facts=facts, context=context) if granted_right(one, right, on)]
    return found or [statute(VOLUNTARY)]
