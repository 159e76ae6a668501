"""Which further cells must be left out so that totals do not give the first ones back (complementary suppression).

The hypercube method (Repsilber 1994; Giessing 2003, as in tau-ARGUS): around each cell that must be protected we look for a box
of suppressed cells whose values can be shifted together, up here and down there, without changing any sum. The table and the
shifted one are then both possible for whoever sees what is published; how far the shift can go is how wide the cell's interval
is at least. Each protected cell so has its proof (`Shift`), which `auditing` checks again without trusting this file.

It leaves out more than an optimal solution would, and it answers in seconds.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from disclosures.releases.tabulating import Key

# Neighbours that are looked at in each dimension first, and boxes that are tried in all when those do not do.
FIRST_BOXES, MOST_BOXES = 100, 20_000
# Boxes of the second kind for a whole table: it ends in time.
PATIENCE = 400_000
# A total says more than a cell: it is left out only when nothing else does.
TOTAL_COST = 6.0


@dataclass(frozen=True)
class Shift:
    """A proof for one cell: `ups` and `downs` are changed by the same amount. Up to `up` and down to `down`, nothing gets
    negative; the cell itself is among `ups`.
    """

    cell: Key
    ups: tuple[Key, ...]
    downs: tuple[Key, ...]
    up: float
    down: float

    @property
    def width(self) -> float:
        return self.up + self.down


@dataclass
class Pattern:
    """What is left out: `first` because of what the cell is (with the reason), `further` to protect those."""

    first: dict[Key, str]
    further: set[Key] = field(default_factory=set)
    proofs: dict[Key, Shift] = field(default_factory=dict)
    # Cells for which there is no box: the table cannot leave like this.
    bare: list[Key] = field(default_factory=list)

    @property
    def hidden(self) -> set[Key]:
        return set(self.first) | self.further


class Protector:
    """Finds the boxes. `values` are what the table would show; `fixed` cells can never be left out: they are out already;
    `lone`: cells of one person, who knows their own value and so sees through a box that rests on it.
    """

    def __init__(
        self,
        values: Mapping[Key, float],
        labels: Sequence[Sequence[str]],
        *,
        fixed: Iterable[Key] = (),
        lone: Iterable[Key] = (),
        zeros: bool = False,
    ) -> None:
        self.values, self.labels = values, [list(one) for one in labels]
        self.fixed, self.lone = set(fixed), set(lone)
        self.zeros = zeros
        self.grand: Key = tuple(None for _ in labels)
        self._patience = PATIENCE

    def protect(self, first: Mapping[Key, str], needs: Mapping[Key, float]) -> Pattern:
        """A pattern in which each cell of `first` has an interval at least as wide as it needs, or is `bare`."""
        pattern = Pattern({key: why for key, why in first.items() if key not in self.fixed})
        hidden = set(pattern.first)
        # The largest first: their boxes protect small neighbours on the way.
        order = sorted(pattern.first, key=lambda one: (-needs[one], _sortable(one)))
        left = self._pass(order, needs, pattern, hidden)
        if left and not self.zeros:
            # Where only cells of nobody are near, those are left out as well: their values can go up, if not down.
            self.zeros = True
            left = self._pass(left, needs, pattern, hidden)
        pattern.bare = left
        return pattern

    def _pass(self, order: Sequence[Key], needs: Mapping[Key, float], pattern: Pattern, hidden: set[Key]) -> list[Key]:
        """Protect these cells; those for which there was no box."""
        left = []
        for key in order:
            found = self._box(key, needs[key], hidden)
            if found is None:
                left.append(key)
                continue
            pattern.proofs[key] = found
            new = {one for one in (*found.ups, *found.downs) if one not in hidden}
            hidden |= new
            pattern.further |= new
        return left

    def _box(self, key: Key, need: float, hidden: set[Key]) -> Shift | None:
        near = [self._partners(key, index, need, hidden) for index in range(len(key))]
        nearest = max(2, int(FIRST_BOXES ** (1 / len(key))))
        best = self._best(key, need, hidden, product(*(_nearest(one, nearest) for one in near)))
        if best is None and any(len(one) > nearest for one in near):
            count = min(MOST_BOXES, self._patience, math.prod(map(len, near)))
            self._patience -= count
            best = self._best(key, need, hidden, islice(product(*near), count))
        return best

    def _partners(self, key: Key, index: int, need: float, hidden: set[Key]) -> list[str | None]:
        """The other end of the box in one dimension, the most promising first: hidden already, large enough, and not larger
        than it must be.
        """
        mine = key[index]
        others: list[str | None] = [one for one in self.labels[index] if one != mine]
        if mine is not None:
            others.append(None)
        ranked = []
        for number, one in enumerate(others):
            there = (*key[:index], one, *key[index + 1 :])
            if self._usable(there):
                value = self.values[there]
                ranked.append((there not in hidden, value < need, one is None, value, number))
        return [others[one[-1]] for one in sorted(ranked)]

    def _usable(self, corner: Key) -> bool:
        """Whether a cell may be left out to protect another."""
        return (
            (self.zeros or self.values[corner] != 0)
            and corner not in self.fixed
            and corner not in self.lone
            and corner != self.grand
        )

    def _best(
        self, key: Key, need: float, hidden: set[Key], partners: Iterable[tuple[str | None, ...]]
    ) -> Shift | None:
        best, least = None, math.inf
        for chosen in partners:
            box = self._shift(key, chosen, need, hidden, least)
            if box is not None:
                best, least = box
                if least == 0:
                    break
        return best

    def _shift(
        self, key: Key, chosen: Sequence[str | None], need: float, hidden: set[Key], least: float
    ) -> tuple[Shift, float] | None:
        """The box with these opposite ends and its cost, or None when it does not do or costs no less than `least`."""
        corners: list[tuple[Key, int]] = [((), 1)]
        for mine, other in zip(key, chosen, strict=True):
            sign = 1 if mine is None or other is None else -1  # a cell and its total change together
            corners = [((*box, end), way) for box, side in corners for end, way in ((mine, side), (other, side * sign))]
        ups: list[Key] = []
        downs: list[Key] = []
        up = down = math.inf
        cost = 0.0
        values = self.values
        for corner, way in corners:
            value = values[corner]
            if corner not in hidden:
                if not self._usable(corner):
                    return None
                cost += (1 + math.log1p(value)) * (TOTAL_COST if None in corner else 1)
                if cost >= least:
                    return None
            elif corner != key and (corner in self.lone or (value == 0 and not self.zeros)):
                return None
            if way > 0:
                ups.append(corner)
                down = min(down, value)
            else:
                downs.append(corner)
                up = min(up, value)
        if up + down < need:
            return None
        return Shift(key, tuple(ups), tuple(downs), up, down), cost


def _nearest(partners: Sequence[str | None], count: int) -> list[str | None]:
    """The first few, and the total in any case: where all neighbours are small, it is the one that has room."""
    near = list(partners[:count])
    return near if None in near or None not in partners else [*near, None]


def _sortable(key: Key) -> tuple[str, ...]:
    return tuple("" if one is None else one for one in key)
