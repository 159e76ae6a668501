"""Which people a published value speaks of, so that values of different releases can be compared.

A condition is a JSON list, so that it can be stored with a release:
["is", [values]], ["not", [values]], ["point", number], ["range", low, high) with null for no end, ["prefix", text],
["other"] (what a hierarchy could not place). No condition at all: everybody.
"""

import math
from collections.abc import Mapping
from typing import Any

Condition = list[Any]
# Column -> condition; all of them hold.
Where = dict[str, Condition]


def within(inner: Condition, outer: Condition) -> bool:
    """Whether everybody of `inner` is certainly in `outer`. False where that cannot be told."""
    if inner == outer:
        return True
    kind, wider = inner[0], outer[0]
    if kind == "is":
        return all(holds(outer, one) for one in inner[1])
    if kind == "point":
        return wider == "range" and _least(outer) <= inner[1] < _most(outer)
    if kind == "range":
        return wider == "range" and _least(outer) <= _least(inner) and _most(inner) <= _most(outer)
    if kind == "prefix":
        return wider == "prefix" and str(inner[1]).startswith(outer[1])
    if kind == "not":
        return wider == "not" and set(outer[1]) <= set(inner[1])
    return False


def holds(condition: Condition, value: str) -> bool:
    """Whether a single value, as it stands in the data, fulfils the condition."""
    kind = condition[0]
    if kind == "is":
        return value in condition[1]
    if kind == "not":
        return value not in condition[1]
    if kind == "prefix":
        return value.startswith(condition[1])
    if kind in ("point", "range"):
        number = numeric(value)
        if number is None:
            return False
        return number == condition[1] if kind == "point" else _least(condition) <= number < _most(condition)
    return False


def covers(outer: Mapping[str, Condition], inner: Mapping[str, Condition]) -> bool:
    """Whether everybody who fulfils all of `inner` certainly fulfils all of `outer`."""
    return all(name in inner and within(inner[name], one) for name, one in outer.items())


def numeric(value: str) -> float | None:
    """The finite number that a text stands for, or None. A decimal comma is taken where there is no point."""
    text = value.strip()
    if "," in text and "." not in text:
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def frozen(where: Mapping[str, Condition]) -> tuple[Any, ...]:
    """The same as a key of a dictionary."""
    return tuple(sorted((name, _hashable(one)) for name, one in where.items()))


def _hashable(one: Any) -> Any:
    return tuple(_hashable(part) for part in one) if isinstance(one, list | tuple) else one


def _least(condition: Condition) -> float:
    return -math.inf if condition[1] is None else float(condition[1])


def _most(condition: Condition) -> float:
    return math.inf if condition[2] is None else float(condition[2])
