"""Which of several schedules of the same rows holds. Pure: no framework.

The rule, in this order:
1. A duty to keep beats everything else: as long as a law says "keep", nothing is erased for a lesser reason. Of two duties the
   longer one holds, since the shorter would break it.
2. A longest time that a law or an authority sets beats needs: nobody's wish keeps rows longer. Of two the shorter holds.
3. Of the rest (claims, contract, business need, consent) the stronger reason holds; of equal ones the shorter
   (GDPR art. 5(1)(e), storage limitation).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from retention import cutoffs

DAYS = {"days": 1.0, "months": 365.25 / 12, "years": 365.25}
ORDER = ("duty", "limit", "claims", "contract", "need", "consent")
WORDS = {
    "duty": "a duty to keep",
    "limit": "a longest time set by law or an authority",
    "claims": "claims that may be brought",
    "contract": "the contract",
    "need": "a business need",
    "consent": "consent",
}


@dataclass(frozen=True)
class Claimant:
    """One schedule, as far as the rule looks at it."""

    key: Hashable
    title: str
    basis: str
    period: int
    unit: str
    year_ends: str = ""

    @property
    def days(self) -> float:
        """How long that is at most, for a comparison: a year's first day waits 364 days more for its end."""
        return self.period * DAYS[self.unit] + (364 if self.year_ends else 0)

    @property
    def words(self) -> str:
        """The period in words."""
        return cutoffs.words(self.period, self.unit, self.year_ends)


@dataclass(frozen=True)
class Overruled:
    """A schedule that does not hold, by which other, and why."""

    loser: Claimant
    winner: Claimant
    why: str


def settle(rows: Sequence[Claimant]) -> tuple[Claimant, list[Overruled]]:
    """(the one that holds, the others with the reason). Raises ValueError for none."""
    if not rows:
        raise ValueError("there is nothing to choose from")
    winner = min(rows, key=_rank)
    return winner, [Overruled(one, winner, _why(one, winner)) for one in rows if one is not winner]


def _rank(one: Claimant) -> tuple[int, float, str]:
    longer_first = -one.days if one.basis == "duty" else one.days
    return ORDER.index(one.basis), longer_first, str(one.key)


def _why(loser: Claimant, winner: Claimant) -> str:
    if loser.basis != winner.basis:
        return f"{WORDS[winner.basis].capitalize()} ({winner.words}) goes before {WORDS[loser.basis]} ({loser.words})."
    if loser.days == winner.days:
        return f"Both say {winner.words} for the same kind of reason; one of them is enough."
    if winner.basis == "duty":
        return f"Of two duties to keep, the longer one holds: {winner.words}, not {loser.words}."
    return f"Of two reasons of the same weight, the shorter time holds: {winner.words}, not {loser.words}."
