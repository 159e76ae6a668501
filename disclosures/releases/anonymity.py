"""How hard it is to find one person among rows of people: k-anonymity, l-diversity, t-closeness.

k-anonymity: Samarati and Sweeney 1998. l-diversity, distinct and entropy: Machanavajjhala et al. 2007. t-closeness with equal
distances between values (the variational distance): Li, Li and Venkatasubramanian 2007.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """What each group of rows that look alike must reach. `l`: different values of each sensitive column; `entropy`: the
    effective number of them, e to the power of the entropy; `t`: the greatest distance between a group's values and those of
    all rows, 1 for none.
    """

    k: int
    l: int = 1  # noqa: E741  # the field's name in all of the literature
    entropy: float = 1.0
    t: float = 1.0


@dataclass
class Group:
    """Rows that share the values of all quasi-identifiers: how many, and how often each value of each sensitive column."""

    rows: int
    values: list[Counter[Hashable]]


@dataclass(frozen=True)
class Reached:
    """The worst over all groups."""

    groups: int
    rows: int
    k: int
    l: int  # noqa: E741
    entropy: float
    t: float

    def enough(self, wanted: Wanted) -> bool:
        """Whether every group has what is wanted."""
        return (
            self.k >= wanted.k
            and self.l >= wanted.l
            and self.entropy >= wanted.entropy - 1e-9
            and self.t <= wanted.t + 1e-9
        )


def grouped(rows: Iterable[tuple[Sequence[Hashable], Sequence[Hashable]]]) -> dict[Hashable, Group]:
    """Groups of (quasi-identifying values, sensitive values)."""
    found: dict[Hashable, Group] = {}
    for quasi, sensitive in rows:
        key = tuple(quasi)
        group = found.get(key)
        if group is None:
            group = found[key] = Group(0, [Counter() for _ in sensitive])
        group.rows += 1
        for counter, value in zip(group.values, sensitive, strict=True):
            counter[value] += 1
    return found


def reached(groups: Mapping[Hashable, Group]) -> Reached:
    """What these groups have; of no groups at all, nothing."""
    whole = overall(groups.values())
    k = min((one.rows for one in groups.values()), default=0)
    different = [len(counter) for one in groups.values() for counter in one.values]
    effective = [spread(counter) for one in groups.values() for counter in one.values]
    far = [
        distance(counter, all_of) for one in groups.values() for counter, all_of in zip(one.values, whole, strict=True)
    ]
    rows = sum(one.rows for one in groups.values())
    return Reached(
        len(groups), rows, k, min(different, default=k), min(effective, default=float(k)), max(far, default=0.0)
    )


def fails(group: Group, wanted: Wanted, whole: Sequence[Counter[Hashable]]) -> str:
    """Which of the four a group does not reach: "k", "l", "entropy", "t"; "" if none."""
    if group.rows < wanted.k:
        return "k"
    for counter, all_of in zip(group.values, whole, strict=True):
        if len(counter) < wanted.l:
            return "l"
        if wanted.entropy > 1 and spread(counter) < wanted.entropy - 1e-9:
            return "entropy"
        if wanted.t < 1 and distance(counter, all_of) > wanted.t + 1e-9:
            return "t"
    return ""


def overall(groups: Iterable[Group]) -> list[Counter[Hashable]]:
    """How often each value of each sensitive column occurs in all groups together."""
    found: list[Counter[Hashable]] = []
    for one in groups:
        if not found:
            found = [Counter() for _ in one.values]
        for total, counter in zip(found, one.values, strict=True):
            total.update(counter)
    return found


def spread(counter: Counter[Hashable]) -> float:
    """The effective number of values: e to the power of the entropy. 1 where all rows have the same."""
    total = counter.total()
    if not total:
        return 0.0
    return math.exp(-sum(n / total * math.log(n / total) for n in counter.values() if n))


def distance(counter: Counter[Hashable], whole: Counter[Hashable]) -> float:
    """Half of the sum of the differences between two distributions: 0 for the same, 1 for nothing in common."""
    n, total = counter.total(), whole.total()
    if not n or not total:
        return 0.0
    return sum(abs(counter.get(value, 0) / n - count / total) for value, count in whole.items()) / 2
