"""Attacks a table with gaps: how narrowly can somebody who sees what is published tell what was left out?

`holds` checks the proofs of `suppressing` from the published side: the shifted tables must agree with everything that is
shown. `bounds` solves it exactly for small parts of a table: the least and the greatest value of each gap by linear programming
(simplex with fractions, Bland's rule; Dantzig 1963, Bland 1977). `propagated` is the attack that anybody does with a pencil.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from disclosures.releases.suppressing import Shift
from disclosures.releases.tabulating import Key, lines

CLOSE = 1e-6


@dataclass(frozen=True)
class Sum:
    """One sum with gaps in it: `parts` add up to `rest`; a total that is a gap itself counts -1."""

    parts: tuple[tuple[Key, int], ...]
    rest: Fraction


def sums(shown: Mapping[Key, float], hidden: Iterable[Key], labels: Sequence[Sequence[str]]) -> list[Sum]:
    """The sums in which something is left out. `shown`: every cell that is not."""
    gaps = set(hidden)
    found = []
    for index, total in lines([*shown, *gaps]):
        parts: list[tuple[Key, int]] = []
        rest = Fraction(0)
        if total in gaps:
            parts.append((total, -1))
        else:
            rest += Fraction(shown[total])
        for label in labels[index]:
            key = (*total[:index], label, *total[index + 1 :])
            if key in gaps:
                parts.append((key, 1))
            else:
                rest -= Fraction(shown[key])
        if parts:
            found.append(Sum(tuple(parts), rest))
    return found


def parts(system: Sequence[Sum]) -> list[list[Sum]]:
    """The sums, parted where they have no gap in common: each part can be solved alone."""
    leader: dict[Key, Key] = {}

    def root(key: Key) -> Key:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for one in system:
        first = root(one.parts[0][0])
        for key, _ in one.parts[1:]:
            leader[root(key)] = first
            first = root(first)
    found: dict[Key, list[Sum]] = {}
    for one in system:
        found.setdefault(root(one.parts[0][0]), []).append(one)
    return list(found.values())


def holds(
    proof: Shift, values: Mapping[Key, float], hidden: set[Key], labels: Sequence[Sequence[str]], need: float
) -> bool:
    """Whether the cell can really be anything within an interval as wide as `need`: both ends are whole tables, nothing of
    which is negative, that agree with all that is shown.
    """
    up, down = min(proof.up, need), min(proof.down, need)
    if up + down < need - CLOSE or proof.cell not in proof.ups:
        return False
    changed = dict.fromkeys(proof.ups, 1) | dict.fromkeys(proof.downs, -1)
    if len(changed) != len(proof.ups) + len(proof.downs) or not changed.keys() <= hidden:
        return False
    if any(values[key] + sign * by < -CLOSE for key, sign in changed.items() for by in (up, -down)):
        return False
    return all(_balanced(key, changed, labels) for key in changed)


def _balanced(key: Key, changed: Mapping[Key, int], labels: Sequence[Sequence[str]]) -> bool:
    """Whether every sum that a changed cell stands in still adds up."""
    for index in range(len(key)):
        total = (*key[:index], None, *key[index + 1 :])
        moved = sum(changed.get((*key[:index], label, *key[index + 1 :]), 0) for label in labels[index])
        if moved != changed.get(total, 0):
            return False
    return True


def propagated(system: Sequence[Sum], rounds: int = 20) -> dict[Key, tuple[Fraction, Fraction | None]]:
    """Bounds by looking at one sum after the other; None: no end. The true bounds lie within or are the same."""
    low: dict[Key, Fraction] = {key: Fraction(0) for one in system for key, _ in one.parts}
    high: dict[Key, Fraction | None] = dict.fromkeys(low)
    for _ in range(rounds):
        moved = False
        for one in system:
            for key, sign in one.parts:
                least, most = _others(one, key, low, high)
                # sign * x = rest - others
                ends = (None if most is None else one.rest - most, None if least is None else one.rest - least)
                bottom, top = (
                    ends
                    if sign > 0
                    else (
                        None if ends[1] is None else -ends[1],
                        None if ends[0] is None else -ends[0],
                    )
                )
                if bottom is not None and bottom > low[key]:
                    low[key], moved = bottom, True
                now = high[key]
                if top is not None and (now is None or top < now):
                    high[key], moved = top, True
        if not moved:
            break
    return {key: (low[key], high[key]) for key in low}


def _others(
    one: Sum, left_out: Key, low: Mapping[Key, Fraction], high: Mapping[Key, Fraction | None]
) -> tuple[Fraction | None, Fraction | None]:
    least: Fraction | None = Fraction(0)
    most: Fraction | None = Fraction(0)
    for key, sign in one.parts:
        if key == left_out:
            continue
        a, b = (low[key], high[key]) if sign > 0 else (high[key], low[key])
        least = None if least is None or a is None else least + sign * a
        most = None if most is None or b is None else most + sign * b
    return least, most


def bounds(system: Sequence[Sum], wanted: Iterable[Key]) -> dict[Key, tuple[Fraction, Fraction | None]]:
    """The exact least and greatest value of each wanted gap; None: no end. For parts of some dozens of gaps."""
    keys = list(dict.fromkeys(key for one in system for key, _ in one.parts))
    place = {key: index for index, key in enumerate(keys)}
    rows = []
    for one in system:
        row = [Fraction(0)] * len(keys)
        for key, sign in one.parts:
            row[place[key]] += sign
        rows.append((row, one.rest))
    tableau = _Tableau(rows, len(keys))
    found = {}
    for key in wanted:
        least, most = tableau.greatest(place[key], -1), tableau.greatest(place[key], 1)
        assert least is not None  # nothing is negative
        found[key] = (-least, most)
    return found


class _Tableau:
    """Ax = b, x >= 0, with a basis: found once, by artificial variables, and used for each question."""

    def __init__(self, rows: Sequence[tuple[list[Fraction], Fraction]], width: int) -> None:
        self.width = width
        count = len(rows)
        self.rows: list[list[Fraction]] = []
        for number, (row, rest) in enumerate(rows):
            sign = -1 if rest < 0 else 1
            extra = [Fraction(int(number == other)) for other in range(count)]
            self.rows.append([sign * one for one in row] + extra + [sign * rest])
        self.basis = [width + number for number in range(count)]
        goal = [Fraction(0)] * width + [Fraction(-1)] * count
        self._improve(goal, width + count)
        if any(self.rows[i][-1] for i, one in enumerate(self.basis) if one >= width):
            raise ValueError("what is published contradicts itself")
        self._clear_artificial()

    def _clear_artificial(self) -> None:
        for index in range(len(self.basis) - 1, -1, -1):
            if self.basis[index] < self.width:
                continue
            column = next((j for j in range(self.width) if self.rows[index][j]), None)
            if column is None:  # follows from the others
                del self.rows[index], self.basis[index]
            else:
                self._pivot(index, column)
        self.rows = [row[: self.width] + row[-1:] for row in self.rows]

    def greatest(self, variable: int, sign: int) -> Fraction | None:
        """The greatest value of sign times one variable; None: no end."""
        goal = [Fraction(0)] * self.width
        goal[variable] = Fraction(sign)
        return self._improve(goal, self.width)

    def _improve(self, goal: Sequence[Fraction], width: int) -> Fraction | None:
        while True:
            prices = [goal[one] for one in self.basis]
            column = None
            for j in range(width):
                if j in self.basis:
                    continue
                gain = goal[j] - sum(
                    (price * row[j] for price, row in zip(prices, self.rows, strict=True) if price and row[j]),
                    Fraction(0),
                )
                if gain > 0:
                    column = j
                    break
            if column is None:
                return sum((price * row[-1] for price, row in zip(prices, self.rows, strict=True)), Fraction(0))
            ratios = [(row[-1] / row[column], self.basis[i], i) for i, row in enumerate(self.rows) if row[column] > 0]
            if not ratios:
                return None
            self._pivot(min(ratios)[2], column)

    def _pivot(self, index: int, column: int) -> None:
        divisor = self.rows[index][column]
        chosen = self.rows[index] = [one / divisor for one in self.rows[index]]
        for other, row in enumerate(self.rows):
            factor = row[column]
            if other != index and factor:
                self.rows[other] = [a - factor * b if b else a for a, b in zip(row, chosen, strict=True)]
        self.basis[index] = column
