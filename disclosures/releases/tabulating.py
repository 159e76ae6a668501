"""Tables: counts or sums by dimensions, with all their totals, and which cells are too small or too much one person's.

A cell's key is a tuple with a label for each dimension; None stands for the total over that dimension.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from disclosures.releases.conditions import Where
from disclosures.releases.hierarchies import Hierarchy

Key = tuple[str | None, ...]
MOST_CELLS = 200_000
LARGEST = 5  # contributions that are kept of each cell: no dominance rule looks at more


@dataclass
class Cell:
    """`rows`: how many; `people`: how many different ones; `value`: the sum, or the rows where nothing is summed; `top`: the
    largest contributions of single people.
    """

    rows: int = 0
    people: int = 0
    value: float = 0
    top: list[float] = field(default_factory=list)

    def more(self, amount: float) -> None:
        """One more contribution, of somebody who has none yet in this cell."""
        if len(self.top) < LARGEST:
            heapq.heappush(self.top, amount)
        else:
            heapq.heappushpop(self.top, amount)


@dataclass(frozen=True)
class Safe:
    """When a cell may be shown. `least`: people in it; `dominant`: (n, k): the n largest have more than k percent of the sum;
    `percent`: p of the p% rule: what all but the two largest have is less than p percent of the largest, so that the second
    largest could tell the largest within p percent; `hide_zeros`: nobody in a cell is as telling as few.
    """

    least: int
    dominant: tuple[int, float] | None = None
    percent: float | None = None
    hide_zeros: bool = False

    def fails(self, cell: Cell) -> str:
        """Why a cell may not be shown: "few", "dominant", "percent", "zero"; "" if it may."""
        if cell.people == 0:
            return "zero" if self.hide_zeros else ""
        if cell.people < self.least:
            return "few"
        largest = sorted(cell.top, reverse=True)
        if self.dominant and cell.value > 0:
            n, share = self.dominant
            if sum(largest[:n]) > share / 100 * cell.value:
                return "dominant"
        if self.percent is not None and largest and cell.value > 0:
            rest = cell.value - sum(largest[:2])
            if rest < self.percent / 100 * largest[0]:
                return "percent"
        return ""


class Cube:
    """Rows counted into cells as they pass by: memory grows with the cells, and with the people only where rows name them."""

    def __init__(self, hierarchies: Sequence[Hierarchy], levels: Sequence[int], *, sums: bool, named: bool) -> None:
        self.hierarchies, self.levels = list(hierarchies), list(levels)
        self.sums, self.named = sums, named
        self.cells: dict[Key, Cell] = {}
        self._people: dict[Key, dict[int, float]] = {}
        self._wheres: list[dict[str, list[object] | None]] = [{} for _ in hierarchies]
        self._known: list[dict[str, str]] = [{} for _ in hierarchies]

    def add(self, values: Sequence[str], amount: float = 1, person: str = "") -> None:
        """One row; `person` is whose it is, where several rows may be one person's. Raises ValueError when there are too many
        cells, or an amount is negative.
        """
        if amount < 0:
            raise ValueError("A column with negative numbers cannot be summed here: no rule says whose they are.")
        key = tuple(self._label(index, value) for index, value in enumerate(values))
        cell = self.cells.get(key)
        if cell is None:
            if len(self.cells) >= MOST_CELLS:
                raise ValueError(
                    f"The table has more than {MOST_CELLS:,} cells. Take coarser levels or fewer dimensions."
                )
            cell = self.cells[key] = Cell()
        cell.rows += 1
        cell.value += amount
        if self.named:
            shares = self._people.setdefault(key, {})
            mark = hash(person)
            shares[mark] = shares.get(mark, 0) + amount
        else:
            cell.people += 1
            if self.sums:
                cell.more(amount)

    def _label(self, index: int, value: str) -> str:
        known = self._known[index]
        found = known.get(value)
        if found is None:
            found = self.hierarchies[index].label(value, self.levels[index])
            if len(known) < MOST_CELLS:
                known[value] = found
            self._wheres[index].setdefault(found, self.hierarchies[index].condition(value, self.levels[index]))
        return found

    def labels(self, index: int) -> list[str]:
        """The labels of a dimension that occur, sorted as people expect: numbers by their size."""
        return sorted(self._wheres[index], key=_order)

    def complete(self) -> dict[Key, Cell]:
        """All cells: those that occur, those of nobody, and all totals. Raises ValueError when there are too many."""
        sizes = [len(one) + 1 for one in self._wheres]
        count = 1
        for one in sizes:
            count *= one
        if count > MOST_CELLS:
            raise ValueError(f"The table would have {count:,} cells with its totals; {MOST_CELLS:,} are the most.")
        found: dict[Key, Cell] = {key: Cell() for key in product(*((*self.labels(i), None) for i in range(len(sizes))))}
        people: dict[Key, dict[int, float]] = {}
        for key, cell in self.cells.items():
            for total in product(*((one, None) for one in key)):
                into = found[total]
                into.rows += cell.rows
                into.value += cell.value
                into.people += cell.people
                for amount in cell.top:
                    into.more(amount)
                if self.named:
                    shares = people.setdefault(total, {})
                    for mark, amount in self._people[key].items():
                        shares[mark] = shares.get(mark, 0) + amount
        for key, shares in people.items():
            found[key].people = len(shares)
            found[key].top = heapq.nlargest(LARGEST, shares.values())
        return found

    def where(self, key: Key, columns: Sequence[str]) -> Where:
        """Whom a cell speaks of."""
        found: Where = {}
        for index, label in enumerate(key):
            condition = None if label is None else self._wheres[index][label]
            if condition is not None:
                found[columns[index]] = list(condition)
        return found


def lines(keys: Iterable[Key]) -> Iterator[tuple[int, Key]]:
    """Every sum of the table, as (dimension, the total's key): that dimension's cells add up to it."""
    for key in keys:
        for index, label in enumerate(key):
            if label is None:
                yield index, key


def _order(label: str) -> tuple[int, float, str]:
    first = label.split(" ")[0]
    try:
        return (0, float(first), label)
    except ValueError:
        return (1, 0.0, label)
