"""The gate on a table like a census: how long it takes, what it leaves out, and what attackers find with and without it.

    python -m benchmarks.releases          (RELEASE_ROWS=100000 says how many people)

Each part runs in a process of its own, so that its peak memory is its own; rows are made while they are read, and the time to
make them is taken off. "Without the gate" publishes the same columns as they are.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from itertools import product
from typing import Any

from benchmarks.census import people
from disclosures.releases import differencing, gate, parameters
from disclosures.releases.differencing import Said
from disclosures.releases.verdicts import Before, Verdict

ROWS = int(os.environ.get("RELEASE_ROWS", "100000"))
AGE = {"kind": "number", "widths": [5, 10, 20], "top": 85}
COMMON = [
    ["none", "retired", *(f"occupation {n:02d}" for n in range(12))],
    ["none", "retired", "occupation 00", "occupation 01"],
]
WORK = {"kind": "common", "kept": COMMON}
QUASI = (
    {"name": "age", "role": "quasi", "hierarchy": AGE}, {"name": "sex", "role": "quasi"},
    {"name": "region", "role": "quasi"}, {"name": "education", "role": "quasi"},
    {"name": "marital_status", "role": "quasi"}, {"name": "occupation", "role": "quasi", "hierarchy": WORK},
)  # fmt: skip
CUBE = (
    {"name": "age", "role": "dimension", "hierarchy": AGE, "level": 1}, {"name": "region", "role": "dimension"},
    {"name": "occupation", "role": "dimension"},
)  # fmt: skip
ASKED: dict[str, dict[str, Any]] = {
    "microdata": {"kind": "microdata", "k": 10, "l": 2, "columns": [*QUASI, {"name": "condition", "role": "sensitive"}]},
    "table": {"kind": "table", "least": 10, "columns": list(CUBE)},
    "sums": {"kind": "table", "least": 10, "columns": [*CUBE[:2], {"name": "income", "role": "measure"}]},
    "noisy": {"kind": "private", "epsilon": "0.5", "columns": [
        {"name": "region", "role": "dimension", "values": ["North", "West", "East", "South", "Capital"]}]},
}  # fmt: skip
PARTS = (*ASKED, "differencing")


def main() -> None:
    """Print the figures of each part."""
    for part in PARTS:
        command = [sys.executable, "-m", "benchmarks.releases", part]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(f"{part:>12}: " + ", ".join(f"{key} {value}" for key, value in json.loads(out.splitlines()[-1]).items()))


def child(part: str) -> dict[str, Any]:
    """One part in this process."""
    if part == "differencing":
        return _differencing()
    made = time.perf_counter()
    for _ in people(ROWS):
        pass
    making = time.perf_counter() - made
    started = time.perf_counter()
    verdict = gate.judge(people(ROWS), parameters.read(ASKED[part]))
    seconds = time.perf_counter() - started - making
    found = verdict.figures
    names = ("k", "l", "groups", "suppressed_rows", "cells", "suppressed_first", "suppressed_further", "information_loss",
             "levels", "linkage_without", "linkage_with", "audit", "scale", "within_95")  # fmt: skip
    return {
        "passed": verdict.passed, "seconds": round(seconds, 1), "peak_mib": round(_peak(), 0),
        **{name: found[name] for name in names if name in found},
    }  # fmt: skip


def _differencing() -> dict[str, Any]:
    """Two tables of age and region: of everybody, and of everybody but a birthplace of few."""
    columns = [{**CUBE[0], "level": 2}, CUBE[1]]
    everybody = {"kind": "table", "least": 10, "columns": columns}
    but = {"column": "birthplace", "is": ["DE", "PL", "TR", "SY", "RO", "IT", "VN"]}
    rows = list(people(ROWS))
    first_bare, second_bare = (
        _bare(rows, everybody),
        _bare([one for one in rows if one["birthplace"] != "IS"], everybody),
    )
    second_facts = [({**where, "birthplace": ["is", sorted(but["is"])]}, count) for where, count in second_bare]
    without = differencing.attack(Said("second", second_facts), [Said("first", first_bare)], 10)
    first = gate.judge(rows, parameters.read(everybody))
    started = time.perf_counter()
    second = gate.judge(
        rows, parameters.read(everybody | {"filters": [but]}), earlier=[Before("first", first.facts, first.gaps)]
    )
    seconds = time.perf_counter() - started
    same = _again(rows, everybody, first)
    return {
        "singled_out_without": len({json.dumps(one.where, sort_keys=True) for one in without}),
        "with": "refused" if not second.passed else len(_attack(first, second)),
        "seconds": round(seconds, 1), **same,
    }  # fmt: skip


def _again(rows: list[dict[str, str]], asked: dict[str, Any], first: Verdict) -> dict[str, Any]:
    """The same table a month later, when 40 people joined."""
    later = [*rows, *people(40, seed=99)]
    alone = gate.judge(later, parameters.read(asked))
    gated = gate.judge(later, parameters.read(asked), earlier=[Before("first", first.facts, first.gaps)])
    return {
        "later_without_comparing": len(_attack(first, alone)),
        "later_with": len(_attack(first, gated)) if gated.passed else "refused",
        "later_cells_left_out": gated.figures.get("suppressed_first", 0) + gated.figures.get("suppressed_further", 0),
        "of": gated.figures.get("cells"),
    }


def _attack(first: Verdict, second: Verdict) -> list[differencing.Difference]:
    return differencing.attack(Said("second", second.facts), [Said("first", first.facts)], 10)


def _bare(rows: list[dict[str, str]], asked: dict[str, Any]) -> list[differencing.Fact]:
    """The table as it is, nothing left out."""
    columns = parameters.read(asked).columns
    counted: Counter[tuple[Any, ...]] = Counter(
        tuple(one.hierarchy.label(row[one.name], one.level) for one in columns) for row in rows
    )
    where = {
        (one.name, one.hierarchy.label(row[one.name], one.level)): one.hierarchy.condition(row[one.name], one.level)
        for row in rows
        for one in columns
    }
    totals: Counter[tuple[Any, ...]] = Counter()
    for key, count in counted.items():
        for total in product(*((label, None) for label in key)):
            totals[total] += count
    return [
        (
            {one.name: where[one.name, label] for one, label in zip(columns, key, strict=True) if label is not None},
            count,
        )
        for key, count in totals.items()
    ]


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(child(sys.argv[1])))
    else:
        main()
