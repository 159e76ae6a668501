"""The differencing attack: somebody subtracts what one release says from what another says, and few people are left over.

Everything a release says in numbers is a list of facts: whom a number speaks of (`conditions`), and how many people they are.
Two facts of different releases are subtracted where everybody of one certainly is in the other; and from each fact all facts of
another release that lie within it and exclude each other are subtracted together. A rest of 1 to k - 1 people singles them out.
The same fact at two times is subtracted as well: who joined in between.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from disclosures.releases.conditions import Where, frozen, within
from disclosures.releases.hierarchies import Hierarchy

Fact = tuple[Where, int]
# What period a table of events is about is a condition like others: two months have nobody in common.
PERIOD = "(period)"


@dataclass(frozen=True)
class Said:
    """What one release says. `name` is how it is called in a finding."""

    name: str
    facts: Sequence[Fact]


@dataclass(frozen=True)
class Difference:
    """A rest that is too small. `fact`: the number of the new release's fact (its index) by which it comes about; `with_`: the
    other release; `where`: whom the larger of the two speaks of; `rest`: how many people are left.
    """

    fact: int
    with_: str
    where: Where
    rest: int


def attack(new: Said, earlier: Iterable[Said], k: int) -> list[Difference]:
    """Every rest of 1 to k - 1 people that the new release makes possible together with one of the earlier ones."""
    found: list[Difference] = []
    for old in earlier:
        found += _between(new, old, k, new_is_outer=True)
        found += _between(old, new, k, new_is_outer=False)
    return found


def _between(outer: Said, inner: Said, k: int, *, new_is_outer: bool) -> Iterator[Difference]:
    other = inner.name if new_is_outer else outer.name
    around = _Around(outer.facts)
    # (outer fact, columns of the inner ones) -> rest: inner facts about the same columns exclude each other.
    rests: dict[tuple[int, tuple[str, ...]], int] = {}
    last: dict[tuple[int, tuple[str, ...]], int] = {}
    for number, (where, count) in enumerate(inner.facts):
        columns = tuple(sorted(where))
        for place in around.of(where):
            size = outer.facts[place][1]
            if 0 < abs(size - count) < k:
                yield Difference(place if new_is_outer else number, other, outer.facts[place][0], abs(size - count))
            key = place, columns
            rests[key] = rests.get(key, size) - count
            last[key] = number
    for (place, columns), rest in rests.items():
        single = outer.facts[place][1] - rest == inner.facts[last[place, columns]][1]
        if 0 < rest < k and not single:
            yield Difference(place if new_is_outer else last[place, columns], other, outer.facts[place][0], rest)


class _Around:
    """Finds the facts that surely contain a given one. Few different conditions stand in a column, so that each is compared
    with each only once.
    """

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._by_key: dict[Any, list[int]] = {}
        self._conditions: dict[str, dict[Any, list[Any]]] = {}
        self._signatures: set[tuple[str, ...]] = set()
        self._wider: dict[tuple[str, Any], list[Any]] = {}
        for number, (where, _) in enumerate(facts):
            self._by_key.setdefault(frozen(where), []).append(number)
            self._signatures.add(tuple(sorted(where)))
            for name, one in where.items():
                self._conditions.setdefault(name, {})[_key(one)] = one

    def of(self, where: Where) -> Iterator[int]:
        """The numbers of the facts about everybody of `where`, and possibly others."""
        for columns in self._signatures:
            if not set(columns) <= set(where):
                continue
            choices = [self._containing(name, where[name]) for name in columns]
            for chosen in product(*choices):
                yield from self._by_key.get(tuple(zip(columns, chosen, strict=True)), ())

    def _containing(self, name: str, condition: list[Any]) -> list[Any]:
        key = name, _key(condition)
        if key not in self._wider:
            known = self._conditions.get(name, {})
            self._wider[key] = [mark for mark, one in known.items() if within(condition, one)]
        return self._wider[key]


def _key(condition: list[Any]) -> Any:
    return frozen({"": condition})[0][1]


@dataclass(frozen=True)
class Published:
    """Rows that left, as an attacker reads them: which group a person's values belong to, and the group's sensitive values."""

    name: str
    columns: Sequence[str]
    hierarchies: Sequence[Hierarchy]
    levels: Sequence[int]
    sensitive: Sequence[str]
    groups: dict[tuple[str, ...], list[set[str]]]

    def find(self, person: Callable[[str], str]) -> tuple[str, ...] | None:
        """The group of somebody whose values `person` gives by column; None when it was left out."""
        key = tuple(
            one.label(person(name), level)
            for name, one, level in zip(self.columns, self.hierarchies, self.levels, strict=True)
        )
        return key if key in self.groups else None


def intersected(
    people: Iterable[tuple[dict[str, str], int]], new: Published, old: Published, least: int
) -> dict[tuple[str, ...], int]:
    """The intersection attack (Ganta, Kasiviswanathan and Smith 2008): who knows that somebody is in both releases looks at
    the sensitive values of both of their groups. Group of the new release -> people for whom fewer than `least` values remain
    though each release alone leaves more.

    `people`: (values by column, how many have them).
    """
    shared = [name for name in new.sensitive if name in old.sensitive]
    found: dict[tuple[str, ...], int] = {}
    if not shared:
        return found
    for values, count in people:
        group, before = new.find(values.__getitem__), old.find(values.__getitem__)
        if group is None or before is None:
            continue
        for name in shared:
            mine = new.groups[group][list(new.sensitive).index(name)]
            theirs = old.groups[before][list(old.sensitive).index(name)]
            if len(mine & theirs) < min(least, len(mine)):
                found[group] = found.get(group, 0) + count
                break
    return found
