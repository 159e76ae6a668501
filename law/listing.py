"""Lists of third parties by name: which law grants one, and who must stand on it.

*person*: the specific third parties to which this person's data went. *either*: those, or those to which any personal data
went, as the company chooses. *sold*: only those to which it was sold. *contacts*: as *person*, with a way to reach each.
*categories*: kinds of third parties are enough; nobody need be named.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from law.applicable import granted_right
from law.model import Statute

RIGHT = "third_party_list"


@dataclass(frozen=True)
class Owed:
    """A list that somebody is owed. `any_allowed`: it may name those who got anybody's data; `sold_only`: buyers alone;
    `contacts`: each with an address. `cites`: law and section of each that asks for it.
    """

    any_allowed: bool
    sold_only: bool
    contacts: bool
    cites: tuple[tuple[str, str], ...]


def owed(statutes: Iterable[Statute], on: date) -> Owed | None:
    """What these laws together ask for on a day: the most that one of them does. None: no law asks for names."""
    found = []
    for one in statutes:
        rule = one.rights.get(RIGHT)
        if rule is not None and granted_right(one, RIGHT, on) and rule.listed not in ("", "categories"):
            found.append((one.short_name, rule))
    if not found:
        return None
    kinds = [rule.listed for _, rule in found]
    return Owed(
        all(one == "either" for one in kinds),
        all(one == "sold" for one in kinds),
        "contacts" in kinds,
        tuple((name, rule.cite) for name, rule in found),
    )
