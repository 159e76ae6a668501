"""Finds how coarse each quasi-identifying column must be, and which rows must go, until every group is large and mixed enough.

Full-domain generalisation with suppression (Samarati 2001): a column has one level for all rows. We start with every column at
"*" and make columns finer, one level at a time, while the failing rows stay within the limit. A column that failed once is
left alone: a finer table has smaller groups, so it would fail again. Several orders are tried; the least loss wins. The result
is measured anew on what remains, so that a wrong turn of the search can cost detail but never protection.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from disclosures.releases import anonymity
from disclosures.releases.anonymity import Group, Reached, Wanted
from disclosures.releases.conditions import Where
from disclosures.releases.hierarchies import Hierarchy

Levels = tuple[int, ...]
Key = tuple[str, ...]
ROUNDS = 4  # how often what was dropped may change what the rest is compared with


@dataclass(frozen=True)
class Failing:
    """A group that may not leave: what it lacks, and its rows."""

    key: Key
    rows: int
    lacks: str


@dataclass(frozen=True)
class Recoding:
    """Levels by column, what is left out, what the rest reaches, and how much was lost (0 nothing, 1 everything)."""

    levels: Levels
    dropped: list[Failing]
    reached: Reached
    loss: float
    rows: int
    tried: int

    @property
    def suppressed(self) -> int:
        return sum(one.rows for one in self.dropped)


class Rows:
    """All rows, counted by their combination of values: memory grows with the combinations and not with the rows."""

    def __init__(self, hierarchies: Sequence[Hierarchy]) -> None:
        self.hierarchies = list(hierarchies)
        self.count = 0
        self._counted: Counter[tuple[Key, Key]] = Counter()

    def add(self, quasi: Key, sensitive: Key) -> None:
        """One row."""
        self.count += 1
        self._counted[quasi, sensitive] += 1

    def prepare(self) -> None:
        """Number the values once; to be called after the last row."""
        self._combos = [quasi for quasi, _ in self._counted]
        self._sensitive = [sensitive for _, sensitive in self._counted]
        self._weights = list(self._counted.values())
        width = len(self.hierarchies)
        self._values: list[list[str]] = []
        self._codes: list[list[int]] = []
        for index in range(width):
            numbers: dict[str, int] = {}
            self._codes.append([numbers.setdefault(one[index], len(numbers)) for one in self._combos])
            self._values.append(list(numbers))
        self._rows_of = [Counter[str]() for _ in range(width)]
        for combo, weight in zip(self._combos, self._weights, strict=True):
            for index, value in enumerate(combo):
                self._rows_of[index][value] += weight
        self._labels: dict[tuple[int, int], list[str]] = {}
        self._losses: dict[tuple[int, int], float] = {}

    def labels(self, index: int, level: int) -> list[str]:
        """The label of each different value of a column at a level."""
        key = index, level
        if key not in self._labels:
            hierarchy = self.hierarchies[index]
            self._labels[key] = [hierarchy.label(value, level) for value in self._values[index]]
        return self._labels[key]

    def loss(self, index: int, level: int) -> float:
        """How much of a column is lost at a level: of how many other values a value can no longer be told apart, as a share
        (the normalised certainty penalty), averaged over the rows.
        """
        key = index, level
        if key not in self._losses:
            values, labels = self._values[index], self.labels(index, level)
            together = Counter(labels)
            most, rows = max(len(values) - 1, 1), self._rows_of[index]
            lost = sum((together[label] - 1) * rows[value] for value, label in zip(values, labels, strict=True))
            self._losses[key] = 1.0 if level >= self.hierarchies[index].levels - 1 else lost / most / max(self.count, 1)
        return self._losses[key]

    def mean_loss(self, levels: Levels) -> float:
        """Averaged over the columns."""
        return sum(self.loss(index, level) for index, level in enumerate(levels)) / max(len(levels), 1)

    def groups(self, levels: Levels) -> dict[Hashable, Group]:
        """The groups at these levels, with their sensitive values."""
        keys = self._keys(levels)
        width = len(self._sensitive[0]) if self._sensitive else 0
        found: dict[Hashable, Group] = {}
        for key, sensitive, weight in zip(keys, self._sensitive, self._weights, strict=True):
            group = found.get(key)
            if group is None:
                group = found[key] = Group(0, [Counter() for _ in range(width)])
            group.rows += weight
            for counter, value in zip(group.values, sensitive, strict=True):
                counter[value] += weight
        return found

    def too_small(self, levels: Levels, k: int) -> int:
        """How many rows stand in groups of fewer than k."""
        sizes: dict[Any, int] = {}
        for key, weight in zip(self._keys(levels), self._weights, strict=True):
            sizes[key] = sizes.get(key, 0) + weight
        return sum(one for one in sizes.values() if one < k)

    def combinations(self, levels: Levels) -> Iterator[tuple[Key, Key, int]]:
        """(values as they are, group at these levels, rows), for each combination."""
        yield from zip(self._combos, self._keys(levels), self._weights, strict=True)

    def labelled(self, levels: Levels) -> Iterator[tuple[Key, Key, int]]:
        """(group at these levels, sensitive values, rows), for each combination."""
        yield from zip(self._keys(levels), self._sensitive, self._weights, strict=True)

    def _keys(self, levels: Levels) -> Iterable[Key]:
        columns = []
        for index, level in enumerate(levels):
            labels = self.labels(index, level)
            columns.append([labels[code] for code in self._codes[index]])
        return zip(*columns, strict=True) if columns else [() for _ in self._combos]


def search(rows: Rows, wanted: Wanted, *, most_dropped: float, finest: Levels | None = None) -> Recoding | None:
    """The least loss found, or None when not even "*" everywhere is enough. `most_dropped`: share of all rows, 0 to 1.

    `finest`: no column gets finer than this.
    """
    rows.prepare()
    top = tuple(one.levels - 1 for one in rows.hierarchies)
    floor = finest or tuple(0 for _ in top)
    limit = int(most_dropped * rows.count)
    seen: dict[Levels, Recoding | None] = {}

    def asked(levels: Levels) -> Recoding | None:
        if levels not in seen:
            seen[levels] = _look(rows, levels, wanted, limit)
        return seen[levels]

    if asked(top) is None:
        return None
    best: Recoding | None = None
    for order in (_by_gain, _balanced, _in_turn):
        found = _descend(rows, top, floor, asked, order)
        if best is None or found.loss < best.loss:
            best = found
    assert best is not None
    return Recoding(best.levels, best.dropped, best.reached, best.loss, best.rows, len(seen))


def _descend(
    rows: Rows,
    top: Levels,
    floor: Levels,
    asked: Callable[[Levels], Recoding | None],
    order: Callable[[Rows, Levels, Iterable[int]], int],
) -> Recoding:
    levels, current = top, asked(top)
    assert current is not None
    open_ = {index for index in range(len(top)) if top[index] > floor[index]}
    while open_:
        index = order(rows, levels, sorted(open_))
        finer = tuple(level - (place == index) for place, level in enumerate(levels))
        found = asked(finer)
        if found is None:
            open_.discard(index)
            continue
        levels, current = finer, found
        if levels[index] <= floor[index]:
            open_.discard(index)
    return current


def _by_gain(rows: Rows, levels: Levels, open_: Iterable[int]) -> int:
    return max(open_, key=lambda index: rows.loss(index, levels[index]) - rows.loss(index, levels[index] - 1))


def _balanced(rows: Rows, levels: Levels, open_: Iterable[int]) -> int:
    return max(open_, key=lambda index: rows.loss(index, levels[index]))


def _in_turn(rows: Rows, levels: Levels, open_: Iterable[int]) -> int:
    """The columns in the order in which they were named: who proposes puts the dearest first."""
    return min(open_)


def _look(rows: Rows, levels: Levels, wanted: Wanted, limit: int) -> Recoding | None:
    """What these levels give, or None when more rows than the limit would have to go."""
    if rows.too_small(levels, wanted.k) > limit:
        return None
    groups = rows.groups(levels)
    dropped: list[Failing] = []
    for _ in range(ROUNDS):
        whole = anonymity.overall(groups.values())
        failing = [
            Failing(key, group.rows, lacks)  # type: ignore[arg-type]
            for key, group in groups.items()
            if (lacks := anonymity.fails(group, wanted, whole))
        ]
        if not failing:
            break
        dropped += failing
        if sum(one.rows for one in dropped) > limit:
            return None
        for one in failing:
            del groups[one.key]
    reached = anonymity.reached(groups)
    if not groups or not reached.enough(wanted):
        return None
    gone = sum(one.rows for one in dropped) / max(rows.count, 1)
    loss = (1 - gone) * rows.mean_loss(levels) + gone
    return Recoding(levels, dropped, reached, loss, rows.count, 1)


def shortest_of(recoding: Recoding, k: int, most: int = 20) -> list[dict[str, Any]]:
    """The groups that fail, for who must change the proposal: their values are those of the coarse table, and a count below k
    reads "<k".
    """
    worst = sorted(recoding.dropped, key=lambda one: (one.lacks, one.key))[:most]
    return [
        {"values": list(one.key), "rows": f"<{k}" if one.rows < k else str(one.rows), "lacks": one.lacks}
        for one in worst
    ]


def wheres(rows: Rows, recoding: Recoding, columns: Sequence[str]) -> dict[Key, Where]:
    """Whom each group speaks of."""
    found: dict[Key, Where] = {}
    for quasi, key, _ in rows.combinations(recoding.levels):
        if key not in found:
            found[key] = {
                name: condition
                for name, one, value, level in zip(columns, rows.hierarchies, quasi, recoding.levels, strict=True)
                if (condition := one.condition(value, level)) is not None
            }
    return found
