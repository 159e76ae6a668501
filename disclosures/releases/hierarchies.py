"""Generalisation hierarchies: how a value becomes coarser, step by step, up to "*" (anything).

Level 0 is the value itself, the last level is "*". A level is a partition: each value has exactly one label at it, and the
labels of a level lie within those of the next.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from disclosures.releases.conditions import Condition, numeric
from disclosures.releases.places import CONTINENTS

ANY = "*"
EMPTY = "(empty)"
OTHER = "(other)"
MOST_LEVELS = 8


class Hierarchy:
    """How one column is made coarser. `levels`: how many there are, the value itself and "*" included."""

    def __init__(self, steps: int) -> None:
        self.levels = steps + 2

    def label(self, value: str, level: int) -> str:
        """What stands for `value` at `level`."""
        if level <= 0:
            return value if value else EMPTY
        if level >= self.levels - 1:
            return ANY
        return self._label(value, level) if value else EMPTY

    def condition(self, value: str, level: int) -> Condition | None:
        """Whom the label of `value` at `level` speaks of; None: anybody."""
        if level >= self.levels - 1:
            return None
        if not value:
            return ["is", [""]]
        return self._exact(value) if level <= 0 else self._condition(value, level)

    def _exact(self, value: str) -> Condition:
        return ["is", [value]]

    def _label(self, value: str, level: int) -> str:
        raise NotImplementedError

    def _condition(self, value: str, level: int) -> Condition:
        raise NotImplementedError


class Plain(Hierarchy):
    """The value, or nothing of it."""

    def __init__(self) -> None:
        super().__init__(0)


class Bands(Hierarchy):
    """Numbers in bands of growing width; from `top` on they are one band, for few people are very old or very rich."""

    def __init__(self, widths: Sequence[float], top: float | None = None) -> None:
        super().__init__(len(widths))
        self.widths, self.top = list(widths), top

    def _exact(self, value: str) -> Condition:
        number = numeric(value)
        return ["is", [value]] if number is None else ["point", number]

    def _band(self, value: str, level: int) -> tuple[float, float | None] | None:
        number = numeric(value)
        if number is None:
            return None
        width = self.widths[level - 1]
        # The last band begins where a band of this width begins, so that finer bands lie within coarser ones.
        top = None if self.top is None else math.floor(self.top / width) * width
        if top is not None and number >= top:
            return top, None
        low = math.floor(number / width) * width
        return low, low + width

    def _label(self, value: str, level: int) -> str:
        band = self._band(value, level)
        if band is None:
            return OTHER
        low, high = band
        if high is None:
            return f"{_short(low)} or more"
        whole = float(low).is_integer() and float(high).is_integer()
        return (
            f"{_short(low)} to {_short(high - 1)}"
            if whole and high > low + 1
            else f"{_short(low)} to under {_short(high)}"
        )

    def _condition(self, value: str, level: int) -> Condition:
        band = self._band(value, level)
        return ["other"] if band is None else ["range", *band]


class Days(Hierarchy):
    """Dates: month, year, five years, ten years."""

    def __init__(self) -> None:
        super().__init__(4)

    def _exact(self, value: str) -> Condition:
        day = as_day(value)
        return ["is", [value]] if day is None else ["range", day.toordinal(), day.toordinal() + 1]

    def _label(self, value: str, level: int) -> str:
        day = as_day(value)
        if day is None:
            return OTHER
        if level == 1:
            return f"{day:%Y-%m}"
        span = (1, 5, 10)[level - 2]
        first = day.year // span * span
        return f"{first:04d}" if span == 1 else f"{first:04d} to {first + span - 1:04d}"

    def _condition(self, value: str, level: int) -> Condition:
        day = as_day(value)
        if day is None:
            return ["other"]
        if level == 1:
            after = _first(day.year + day.month // 12, day.month % 12 + 1)
            return ["range", day.replace(day=1).toordinal(), after]
        span = (1, 5, 10)[level - 2]
        first = day.year // span * span
        return ["range", _first(first, 1), _first(first + span, 1)]


class Prefixes(Hierarchy):
    """Codes of which the beginning is a larger area: postcodes, classifications of occupations."""

    def __init__(self, lengths: Sequence[int]) -> None:
        super().__init__(len(lengths))
        self.lengths = list(lengths)

    def _label(self, value: str, level: int) -> str:
        kept = value[: self.lengths[level - 1]]
        return kept + "*" * max(1, len(value) - len(kept))

    def _condition(self, value: str, level: int) -> Condition:
        return ["prefix", value[: self.lengths[level - 1]]]


class Groups(Hierarchy):
    """Values in named groups, for example towns in regions; what is in no group becomes "(other)"."""

    def __init__(self, groups: Sequence[Mapping[str, str]]) -> None:
        super().__init__(len(groups))
        self.groups = [dict(one) for one in groups]
        self._members: list[dict[str, list[str]]] = []
        for one in self.groups:
            members: dict[str, list[str]] = {}
            for value, name in sorted(one.items()):
                members.setdefault(name, []).append(value)
            self._members.append(members)

    def _label(self, value: str, level: int) -> str:
        return self.groups[level - 1].get(value, OTHER)

    def _condition(self, value: str, level: int) -> Condition:
        name = self.groups[level - 1].get(value)
        if name is None:
            return ["not", sorted({*self.groups[level - 1], ""})]
        return ["is", self._members[level - 1][name]]


class Common(Hierarchy):
    """Values that many people share stay; the others become "(other)". `kept`: one list a level, each within the one before."""

    def __init__(self, kept: Sequence[Sequence[str]]) -> None:
        super().__init__(len(kept))
        self.kept = [sorted(one) for one in kept]
        self._sets = [frozenset(one) for one in kept]

    def _label(self, value: str, level: int) -> str:
        return value if value in self._sets[level - 1] else OTHER

    def _condition(self, value: str, level: int) -> Condition:
        return ["is", [value]] if value in self._sets[level - 1] else ["not", sorted({*self.kept[level - 1], ""})]


def build(spec: Mapping[str, Any]) -> Hierarchy:
    """The hierarchy that a release's parameters describe. Raises ValueError, in words, for one that is none."""
    kind = spec.get("kind", "plain")
    if kind == "plain":
        return Plain()
    if kind == "date":
        return Days()
    if kind == "number":
        widths = [float(one) for one in _list(spec, "widths")]
        _nested(widths)
        top = spec.get("top")
        return Bands(widths, None if top is None else float(top))
    if kind == "prefix":
        lengths = [int(one) for one in _list(spec, "lengths")]
        if min(lengths) < 1 or sorted(lengths, reverse=True) != lengths or len(set(lengths)) < len(lengths):
            raise ValueError("lengths of a prefix get shorter from level to level, and the last is at least 1")
        return Prefixes(lengths)
    if kind == "continent":
        return Groups([CONTINENTS])
    if kind == "groups":
        groups = _list(spec, "groups")
        if not all(isinstance(one, Mapping) and one for one in groups):
            raise ValueError("each level of groups says for each value which group it belongs to")
        found = Groups([{str(key): str(name) for key, name in one.items()} for one in groups])
        _partitions(found)
        return found
    if kind == "common":
        kept = [[str(value) for value in one] for one in _list(spec, "kept")]
        if any(not set(after) <= set(before) for before, after in pairwise(kept)):
            raise ValueError("what is kept at a coarser level must be kept at the finer one")
        return Common(kept)
    raise ValueError("there is no such hierarchy")


def as_day(value: str) -> date | None:
    """The day of an ISO date or time, or of one written 31.12.2024; None for anything else."""
    text = value.strip()[:10]
    try:
        if len(text) == 10 and text[2] == text[5] == ".":
            return date(int(text[6:]), int(text[3:5]), int(text[:2]))
        return date.fromisoformat(text)
    except ValueError:
        return None


def _first(year: int, month: int) -> int:
    return date(min(year, 9999), month, 1).toordinal()


def _list(spec: Mapping[str, Any], name: str) -> list[Any]:
    found = spec.get(name)
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_LEVELS:
        raise ValueError(f"a hierarchy of kind {spec.get('kind')} has one to {MOST_LEVELS} {name}")
    return found


def _nested(widths: Sequence[float]) -> None:
    """Each width is a multiple of the one before, so that narrow bands lie within wide ones."""
    if min(widths) <= 0 or not all(map(math.isfinite, widths)):
        raise ValueError("the width of a band is more than 0")
    for before, after in pairwise(widths):
        if after <= before or not math.isclose(after / before, round(after / before)):
            raise ValueError("each width is a multiple of the one before, so that bands lie within bands")


def _partitions(groups: Groups) -> None:
    """Values that are together stay together one level up."""
    for before, after in pairwise(groups.groups):
        if not set(after) <= set(before):
            raise ValueError("a value that a coarser level groups is in a group of the finer one, too")
        seen: dict[str, str] = {}
        for value, name in before.items():
            if seen.setdefault(name, after.get(value, OTHER)) != after.get(value, OTHER):
                raise ValueError("a group of one level lies within one group of the next")


def _short(number: float) -> str:
    return f"{number:.0f}" if float(number).is_integer() else f"{number:g}"
