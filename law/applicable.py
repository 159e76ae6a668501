"""Which laws speak for a person who lives somewhere."""

from datetime import date

from law.model import Statute
from law.places import PLACES
from law.registry import statute, statutes

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
    return rule.equivalent or right


def applicable(residence: str, right: str, on: date) -> list[Statute]:
    """The statutes in force on `on` that grant `right` to a resident of `residence` ("DE", "US-CA", "GB-SCT").

    None in force: the voluntary policy. Raises UnknownResidence.
    """
    country = residence.partition("-")[0]
    if residence not in PLACES and country not in PLACES:
        raise UnknownResidence(f"{residence!r} is not a place that we know. Choose one from the list.")
    found = [
        one
        for one in statutes().values()
        if one.status == "in_force"
        and {residence, country} & one.residences
        and (one.effective_from is None or one.effective_from <= on)
        and granted_right(one, right, on)
    ]
    return found or [statute(VOLUNTARY)]
