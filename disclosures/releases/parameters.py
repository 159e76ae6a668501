"""What a release may ask for, and the least that the house asks for, whoever proposes it.

Parameters are JSON (docs/releases.md has the whole list). `read` makes them into what the gate works with.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from disclosures.releases import hierarchies, noise
from disclosures.releases.anonymity import Wanted
from disclosures.releases.conditions import Condition, Where
from disclosures.releases.differencing import PERIOD
from disclosures.releases.hierarchies import Hierarchy
from disclosures.releases.tabulating import Safe

MICRODATA, TABLE, PRIVATE = "microdata", "table", "private"
QUASI, SENSITIVE, DIMENSION, MEASURE, PERSON = "quasi", "sensitive", "dimension", "measure", "person"
ROLES = {
    MICRODATA: (QUASI, SENSITIVE),
    TABLE: (DIMENSION, MEASURE, PERSON),
    PRIVATE: (DIMENSION, MEASURE, PERSON),
}
# Floors. Statistical offices publish from 3 to 10 people a cell; the European Medicines Agency asks for about 11 a group for
# the public (policy 0070). Below 5 nobody calls data anonymous.
LEAST_K, LEAST_PEOPLE = 5, 5
MOST_DROPPED = 0.2
MOST_EPSILON = Fraction(10)
MOST_DELTA = Fraction(1, 100_000)
# A number as it is charged to a budget: plain, or with a small exponent, as programs write 0.000001.
EXACT = re.compile(r"^\d{1,6}(?:\.\d{1,15})?(?:[eE]-?\d{1,2})?$")
MOST_QUASI, MOST_DIMENSIONS, MOST_VALUES = 10, 5, 200


_WANTED, _SAFE = Wanted(LEAST_K), Safe(LEAST_PEOPLE)


class Odd(ValueError):
    """A parameter that cannot be taken; the message is for the person, `name` is the parameter."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True)
class Column:
    """A column that is used: in which role, how it is made coarser, and how coarse at least (of a quasi-identifier) or exactly.

    `values`: of a dimension of a noisy table, the categories that it shows; they must not come from the data.
    """

    name: str
    role: str
    hierarchy: Hierarchy
    level: int
    spec: Mapping[str, Any]
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parameters:
    """Everything of a proposal that the gate needs."""

    kind: str
    columns: tuple[Column, ...]
    where: Where
    wanted: Wanted = _WANTED
    most_dropped: float = 0.05
    safe: Safe = _SAFE
    margin: float = LEAST_PEOPLE
    epsilon: Fraction = Fraction(0)
    delta: Fraction = Fraction(0)
    mechanism: str = noise.LAPLACE
    low: int = 0
    high: int = 0
    rows_each: int = 1

    def of(self, role: str) -> list[Column]:
        """The columns in this role, in the order in which they were named."""
        return [one for one in self.columns if one.role == role]

    def one(self, role: str) -> Column | None:
        return next(iter(self.of(role)), None)

    @property
    def names(self) -> list[str]:
        """Every column that is read, those of filters too."""
        return list(
            dict.fromkeys([*(one.name for one in self.columns), *(name for name in self.where if name != PERIOD)])
        )


def read(given: Mapping[str, Any]) -> Parameters:
    """Parameters as they were proposed. Raises Odd."""
    kind = given.get("kind")
    if kind not in ROLES:
        raise Odd("Choose microdata, a table, or a table with noise.", "kind")
    columns = tuple(_column(one, kind) for one in _listed(given, "columns"))
    names = [one.name for one in columns]
    if len(set(names)) != len(names):
        raise Odd("Each column has one role.", "columns")
    where = _where(given, names)
    if kind == MICRODATA:
        return _microdata(given, columns, where)
    _table(columns)
    return _counted(given, columns, where) if kind == TABLE else _private(given, columns, where)


def _microdata(given: Mapping[str, Any], columns: tuple[Column, ...], where: Where) -> Parameters:
    quasi = [one for one in columns if one.role == QUASI]
    if not 1 <= len(quasi) <= MOST_QUASI:
        raise Odd(f"Name 1 to {MOST_QUASI} columns by which somebody could know a person.", "columns")
    wanted = Wanted(
        int(_number(given, "k", 10, LEAST_K, 10_000)), int(_number(given, "l", 2, 1, 1000)),
        _number(given, "entropy", 1, 1, 1000), _number(given, "t", 1, 0.01, 1),
    )  # fmt: skip
    return Parameters(
        MICRODATA, columns, where, wanted=wanted, most_dropped=_number(given, "most_suppressed", 0.05, 0, MOST_DROPPED)
    )


def _table(columns: Sequence[Column]) -> None:
    if not 1 <= sum(one.role == DIMENSION for one in columns) <= MOST_DIMENSIONS:
        raise Odd(f"A table has 1 to {MOST_DIMENSIONS} dimensions.", "columns")
    for role in (MEASURE, PERSON):
        if sum(one.role == role for one in columns) > 1:
            raise Odd("A table sums one column, and one column says whose a row is.", "columns")


def _counted(given: Mapping[str, Any], columns: tuple[Column, ...], where: Where) -> Parameters:
    sums = any(one.role == MEASURE for one in columns)
    least = int(_number(given, "least", 10, LEAST_PEOPLE, 10_000))
    dominant = None
    if sums:
        dominant = int(_number(given, "dominant_n", 2, 1, 5)), _number(given, "dominant_k", 85, 1, 99)
    safe = Safe(
        least, dominant, _number(given, "percent", 10, 1, 100) if sums else None, given.get("zeros", "show") == "hide"
    )
    return Parameters(TABLE, columns, where, safe=safe, margin=_number(given, "margin", least, 1, 10_000))


def _private(given: Mapping[str, Any], columns: tuple[Column, ...], where: Where) -> Parameters:
    for one in columns:
        if one.role == DIMENSION and not one.values:
            raise Odd(
                f"{one.name}: list the categories that the table shows. Taken from the data they would tell who is in it.",
                "columns",
            )
    mechanism = given.get("mechanism", noise.LAPLACE)
    if mechanism not in (noise.LAPLACE, noise.GAUSSIAN):
        raise Odd("Choose Laplace or Gaussian noise.", "mechanism")
    epsilon = _exact(given, "epsilon", Fraction(1, 1_000_000), MOST_EPSILON)
    delta = Fraction(0)
    if mechanism == noise.GAUSSIAN:
        delta = _exact(given, "delta", Fraction(1, 10**12), MOST_DELTA)
    low, high = int(_number(given, "low", 0, -(10**12), 10**12)), int(_number(given, "high", 0, -(10**12), 10**12))
    if any(one.role == MEASURE for one in columns) and (low > high or low == high == 0):
        raise Odd("Say between which two numbers one row's contribution lies; what lies outside is cut off.", "high")
    rows_each = int(_number(given, "rows_per_person", 1, 1, 1000))
    if rows_each > 1 and not any(one.role == PERSON for one in columns):
        raise Odd("Name the column that says whose a row is: only then can a person's rows be counted.", "columns")
    return Parameters(
        PRIVATE,
        columns,
        where,
        epsilon=epsilon,
        delta=delta,
        mechanism=mechanism,
        low=low,
        high=high,
        rows_each=rows_each,
    )


def _column(given: Any, kind: str) -> Column:
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str) or not given["name"]:
        raise Odd("Each column has a name and a role.", "columns")
    name, role = given["name"], given.get("role")
    if role not in ROLES[kind]:
        raise Odd(f"{name}: choose one of the roles of this kind of release.", "columns")
    spec = given.get("hierarchy") or {"kind": "plain"}
    try:
        hierarchy = hierarchies.build(spec if isinstance(spec, Mapping) else {"kind": "?"})
        level = int(given.get("level", 0))
    except (TypeError, ValueError) as error:
        raise Odd(f"{name}: {error}.", "columns") from None
    if not 0 <= level < hierarchy.levels:
        raise Odd(f"{name}: its levels are 0 to {hierarchy.levels - 1}.", "columns")
    values = given.get("values") or ()
    if not isinstance(values, list | tuple) or len(values) > MOST_VALUES:
        raise Odd(f"{name}: at most {MOST_VALUES} categories.", "columns")
    return Column(name, role, hierarchy, level, dict(spec), tuple(dict.fromkeys(str(one) for one in values)))


def _where(given: Mapping[str, Any], names: Iterable[str]) -> Where:
    """The filters and the period as conditions: whom the whole release speaks of."""
    found: Where = {}
    filters = given.get("filters") or []
    if not isinstance(filters, list):
        raise Odd("Filters are a list.", "filters")
    for one in filters:
        column = one.get("column") if isinstance(one, Mapping) else None
        values = one.get("is") if isinstance(one, Mapping) else None
        if not column or not isinstance(values, list) or not 1 <= len(values) <= MOST_VALUES:
            raise Odd("A filter names a column and the values that are taken.", "filters")
        if column in names:
            raise Odd(f"{column} is a column of the release already; it cannot be a filter, too.", "filters")
        found[str(column)] = ["is", sorted({str(value) for value in values})]
    period = given.get("period")
    if period:
        try:
            first, last = (date.fromisoformat(str(one)) for one in period)
        except (TypeError, ValueError):
            raise Odd("A period has a first and a last day.", "period") from None
        if last < first:
            raise Odd("The last day of the period lies before its first.", "period")
        found[PERIOD] = ["range", first.toordinal(), last.toordinal() + 1]
    return found


def chosen(where: Where) -> dict[str, Condition]:
    """The filters that single rows are asked for."""
    return {name: one for name, one in where.items() if name != PERIOD}


def _listed(given: Mapping[str, Any], name: str) -> list[Any]:
    found = given.get(name)
    if not isinstance(found, list) or not found:
        raise Odd("Say what the columns are.", name)
    return found


def _number(given: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = given.get(name, default)
    if value in ("", None):
        value = default
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Odd(f"{name} is a number.", name) from None
    if not least <= number <= most:
        raise Odd(f"{name} is {least:g} to {most:g} here.", name)
    return number


def _exact(given: Mapping[str, Any], name: str, least: Fraction, most: Fraction) -> Fraction:
    text = str(given.get(name, "")).strip()
    if not EXACT.match(text):  # a Fraction of "1e99999999" would take all memory
        raise Odd(f"{name} is a number, such as 0.5.", name)
    number = Fraction(text)
    if not least <= number <= most:
        raise Odd(f"{name} is {float(least):g} to {float(most):g} here.", name)
    return number
