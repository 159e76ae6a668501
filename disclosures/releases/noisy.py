"""Tables with noise: what one person can change is bounded first, then drowned."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

from disclosures.releases import noise
from disclosures.releases.columns import Row
from disclosures.releases.conditions import numeric
from disclosures.releases.hierarchies import OTHER
from disclosures.releases.parameters import DIMENSION, MEASURE, PERSON, Odd, Parameters
from disclosures.releases.verdicts import TOTAL, Verdict

MOST_CELLS = 50_000


@dataclass
class Tally:
    """The true numbers, before noise: nobody is to see them."""

    cells: dict[tuple[str, ...], int]
    rows: int
    cut: int  # rows left out because their person had enough


def counted(rows: Iterable[Row], asked: Parameters) -> Tally:
    """Read the rows once. Categories are those that were listed; every other value counts as "(other)". Raises Odd."""
    dimensions, measure, person = asked.of(DIMENSION), asked.one(MEASURE), asked.one(PERSON)
    shown = [(*one.values, OTHER) for one in dimensions]
    size = 1
    for one in shown:
        size *= len(one)
    if size > MOST_CELLS:
        raise Odd(f"The table would have {size:,} cells; {MOST_CELLS:,} are the most.", "columns")
    tally = Tally(dict.fromkeys(product(*shown), 0), 0, 0)
    each: dict[int, int] = {}
    for row in rows:
        if person is not None:
            mark = hash(row[person.name])
            each[mark] = each.get(mark, 0) + 1
            if each[mark] > asked.rows_each:
                tally.cut += 1
                continue
        tally.rows += 1
        key = tuple(
            label if (label := one.hierarchy.label(row[one.name], one.level)) in one.values else OTHER
            for one in dimensions
        )
        tally.cells[key] += 1 if measure is None else _amount(row[measure.name], asked)
    return tally


def _amount(text: str, asked: Parameters) -> int:
    """One row's contribution, cut off where it was said to end. What is no number counts as the lower end."""
    number = numeric(text) if text else None
    return round(min(max(asked.low if number is None else number, asked.low), asked.high))


def judge(tally: Tally, asked: Parameters, charge: Callable[[], None]) -> Verdict:
    """The verdict, which draws the noise; `charge` is called before, and what it raises is passed on."""
    largest = max(abs(asked.low), abs(asked.high)) if asked.one(MEASURE) else 1
    # One person is added or taken away: so much changes at most, in all cells together.
    sensitivity = asked.rows_each * largest
    width = noise.scale(asked.mechanism, sensitivity, asked.epsilon, asked.delta)
    charge()
    values, by = noise.add(list(tally.cells.values()), asked.mechanism, width)
    cells = dict(zip(tally.cells, values, strict=True))
    verdict = Verdict(
        figures={
            "cells": len(cells), "epsilon": float(asked.epsilon), "delta": float(asked.delta),
            "mechanism": asked.mechanism, "sensitivity": sensitivity, "scale": round(float(width), 4),
            "within_95": noise.error(asked.mechanism, width), "noise_by": by, "rows_per_person": asked.rows_each,
        }
    )  # fmt: skip
    dimensions, measure = asked.of(DIMENSION), asked.one(MEASURE)
    verdict.header = [*(one.name for one in dimensions), f"noisy sum of {measure.name}" if measure else "noisy count"]
    # The total is the sum of what is published already, so it costs nothing and tells nothing more.
    total = [*(TOTAL for _ in dimensions), str(sum(values))]
    verdict.rows = [*([*key, str(value)] for key, value in cells.items()), total]
    return verdict
