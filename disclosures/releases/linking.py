"""The linkage attack: somebody holds a register of known people and looks for them among published rows.

The register is made here, from the very rows that are to be published: its owner knows every quasi-identifying value exactly
and knows that the person is in the data (the prosecutor of Elliot and Dale 1999; El Emam 2013). That is the worst case.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from disclosures.releases.hierarchies import Hierarchy
from disclosures.releases.recoding import Key, Levels

SAMPLE = 2000


class Register:
    """A random sample of known people, drawn while rows pass by (reservoir sampling, Vitter 1985)."""

    def __init__(self, size: int = SAMPLE, seed: int = 20201) -> None:
        self.size, self.people = size, list[Key]()
        # Not for secrets: a sample that is the same at each repeat makes a verdict that can be repeated.
        self._dice, self._seen = random.Random(seed), 0

    def meet(self, quasi: Key) -> None:
        """One more row passes by."""
        self._seen += 1
        if len(self.people) < self.size:
            self.people.append(quasi)
        elif (place := self._dice.randrange(self._seen)) < self.size:
            self.people[place] = quasi


@dataclass(frozen=True)
class Linked:
    """What the attack found. `unique`: people with exactly one matching row; `expected`: of how many the attacker names the
    right row when guessing among the matches, as a share; `best`: the best chance for any one person.
    """

    people: int
    unique: int
    expected: float
    best: float


def attack(people: Sequence[Key], hierarchies: Sequence[Hierarchy], levels: Levels, sizes: dict[Key, int]) -> Linked:
    """Look each person up among published groups of these sizes; a group that was left out has no size."""
    unique, total, best = 0, 0.0, 0.0
    for person in people:
        key = tuple(one.label(value, level) for one, value, level in zip(hierarchies, person, levels, strict=True))
        size = sizes.get(key, 0)
        if size:
            unique += size == 1
            total += 1 / size
            best = max(best, 1 / size)
    return Linked(len(people), unique, total / len(people) if people else 0.0, best)
