"""Tables of counts or sums: what is too small is left out, then what would give it back, then the result is attacked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from disclosures.releases import auditing, differencing
from disclosures.releases.columns import Row
from disclosures.releases.conditions import frozen, numeric
from disclosures.releases.differencing import Said
from disclosures.releases.parameters import DIMENSION, MEASURE, PERSON, Column, Odd, Parameters
from disclosures.releases.suppressing import Pattern, Protector
from disclosures.releases.tabulating import Cell, Cube, Key
from disclosures.releases.verdicts import TOTAL, Before, Verdict

SHOWN = 20
# How often cells that an earlier release would expose are left out, and the pattern made anew.
ROUNDS = 6
# Parts of a table with so many gaps are solved exactly; of larger ones the proofs are checked.
SOLVED_GAPS, SOLVED_PARTS = 24, 40
# A sum's interval is at least so wide, as a share of the sum.
WIDE = 0.1
# Sums are counted in hundredths, as whole numbers: totals then add up exactly.
HUNDREDTHS = 100


@dataclass
class _Table:
    """The cells with what the table shows of them."""

    asked: Parameters
    cube: Cube
    cells: dict[Key, Cell]
    labels: list[list[str]]
    columns: list[str]
    values: dict[Key, float] = field(default_factory=dict)
    needs: dict[Key, float] = field(default_factory=dict)

    @property
    def grand(self) -> Key:
        return tuple(None for _ in self.labels)

    def fact(self, key: Key) -> differencing.Fact:
        """Whom a cell speaks of, and how many they are."""
        return {**self.asked.where, **self.cube.where(key, self.columns)}, self.cells[key].people


def counted(rows: Iterable[Row], asked: Parameters) -> Cube:
    """Read the rows once. Raises Odd."""
    dimensions, measure, person = asked.of(DIMENSION), asked.one(MEASURE), asked.one(PERSON)
    cube = Cube(
        [one.hierarchy for one in dimensions], [one.level for one in dimensions], sums=measure is not None,
        named=person is not None,
    )  # fmt: skip
    names = [one.name for one in dimensions]
    for row in rows:
        amount = 1 if measure is None else _amount(row, measure)
        try:
            cube.add([row[name] for name in names], amount, row[person.name] if person else "")
        except ValueError as error:
            raise Odd(str(error), "columns") from None
    return cube


def _amount(row: Row, measure: Column) -> int:
    text = row[measure.name]
    number = numeric(text) if text else 0.0
    if number is None:
        raise Odd(f"{measure.name} holds something that is no number.", "columns")
    return round(number * HUNDREDTHS)


def judge(cube: Cube, asked: Parameters, earlier: Sequence[Before]) -> Verdict:
    """The verdict on this table."""
    table = _made(cube, asked)
    cells, whole = table.cells, table.cells[table.grand]
    verdict = Verdict(figures={"rows": whole.rows, "people": whole.people, "cells": len(cells)})
    if asked.safe.fails(whole):
        least = asked.safe.least
        verdict.figures |= {"rows": few(whole.rows, least), "people": few(whole.people, least)}
        return verdict.refuse("few", f"The whole table is about fewer than {asked.safe.least} people, or one person's.")
    first = {key: why for key, one in cells.items() if (why := asked.safe.fails(one))}
    pattern, flagged = _protected(table, first, earlier)
    _figures(verdict, table, pattern, flagged, len(earlier))
    verdict.failing = _worst(table, pattern, flagged)
    if pattern.bare:
        verdict.refuse(
            "unprotected",
            f"{len(pattern.bare)} cells cannot be left out without a total giving them back. Take coarser levels or fewer"
            " dimensions.",
        )
    if flagged:
        verdict.refuse(
            "differencing",
            f"Together with an earlier release of this dataset, {len(flagged)} rests of fewer than {asked.safe.least} people"
            " could be told. Use the same filters and levels as before, or coarser ones.",
        )
    if not verdict.passed:
        return verdict
    audit = _audited(table, pattern)
    verdict.figures["audit"] = audit
    if audit["failed"]:
        return verdict.refuse("recoverable", f"{audit['failed']} cells that are left out can be told too exactly.")
    _write(verdict, table, pattern)
    return verdict


def _made(cube: Cube, asked: Parameters) -> _Table:
    try:
        cells = cube.complete()
    except ValueError as error:
        raise Odd(str(error), "columns") from None
    names = [one.name for one in asked.of(DIMENSION)]
    table = _Table(asked, cube, cells, [cube.labels(i) for i in range(len(names))], names)
    sums = asked.one(MEASURE) is not None
    table.values = {key: one.value if sums else one.rows for key, one in cells.items()}
    table.needs = {key: max(WIDE * value, HUNDREDTHS) if sums else asked.margin for key, value in table.values.items()}
    return table


def _protected(
    table: _Table, first: dict[Key, str], earlier: Sequence[Before]
) -> tuple[Pattern, list[differencing.Difference]]:
    """A pattern that earlier releases do not break, as far as there is one; and what they still tell."""
    # A count that is out does not give a sum away, nor the other way round.
    measure = table.asked.one(MEASURE)
    same = [one for one in earlier if one.measure == (measure.name if measure else "count")]
    out = {frozen(where): count for one in same for where, count in one.facts}
    gaps = {frozen(where) for one in same for where in one.gaps}
    fixed: set[Key] = set()
    first = dict(first)
    for key in table.cells if same else ():
        where, people = table.fact(key)
        mark = frozen(where)
        if out.get(mark) == people:
            fixed.add(key)  # out already, and the same: leaving it out here hides nothing
        elif mark in gaps and people and mark not in out and key not in first and key != table.grand:
            first[key] = "earlier"
    pinned = [key for key in first if key in fixed]
    lone = {key for key, one in table.cells.items() if one.people == 1} if table.asked.one(MEASURE) else set()
    said = [Said(one.name, one.facts) for one in earlier]
    pattern, flagged = Pattern({}), list[differencing.Difference]()
    for _ in range(ROUNDS):
        protector = Protector(table.values, table.labels, fixed=fixed, lone=lone, zeros=table.asked.safe.hide_zeros)
        pattern = protector.protect(first, table.needs)
        pattern.bare += [key for key in pinned if key not in pattern.bare]
        if not said or pattern.bare:
            return pattern, []
        hidden = pattern.hidden
        shown = [key for key in table.cells if key not in hidden and table.cells[key].people]
        flagged = differencing.attack(
            Said("this release", [table.fact(key) for key in shown]), said, table.asked.safe.least
        )
        telling = {shown[one.fact] for one in flagged} - {table.grand} - fixed
        if not flagged or not telling:
            break
        first |= dict.fromkeys(telling, "differencing")
    return pattern, flagged


def _audited(table: _Table, pattern: Pattern) -> dict[str, Any]:
    """Attack the table from outside: the proofs of all cells, and small parts of it solved exactly."""
    hidden = pattern.hidden
    failed = {
        key
        for key in pattern.first
        if key not in pattern.proofs
        or not auditing.holds(pattern.proofs[key], table.values, hidden, table.labels, table.needs[key])
    }
    shown = {key: value for key, value in table.values.items() if key not in hidden}
    solved, narrowest = 0, None
    small = sorted(auditing.parts(auditing.sums(shown, hidden, table.labels)), key=len)
    for part in small[:SOLVED_PARTS]:
        gaps = {key for one in part for key, _ in one.parts}
        if len(gaps) > SOLVED_GAPS:
            break
        for key, (low, high) in auditing.bounds(part, sorted(gaps & set(pattern.first), key=str)).items():
            solved += 1
            if high is None:
                continue
            width = float(high - low)
            narrowest = width if narrowest is None else min(narrowest, width)
            if width < table.needs[key] - auditing.CLOSE:
                failed.add(key)
    return {"proved": len(pattern.proofs), "solved": solved, "narrowest": narrowest, "failed": len(failed)}


def _figures(
    verdict: Verdict, table: _Table, pattern: Pattern, flagged: Sequence[differencing.Difference], compared: int
) -> None:
    hidden = pattern.hidden
    reasons: dict[str, int] = {}
    for why in pattern.first.values():
        reasons[why] = reasons.get(why, 0) + 1
    inner = [key for key in table.cells if None not in key and table.cells[key].people]
    rows = sum(table.cells[key].rows for key in inner)
    gone = sum(table.cells[key].rows for key in inner if key in hidden)
    safe = table.asked.safe
    verdict.figures |= {
        "wanted": {"least": safe.least, "margin": table.asked.margin, "percent": safe.percent,
                   "dominant": list(safe.dominant) if safe.dominant else None,
                   "zeros": "hide" if safe.hide_zeros else "show"},
        "suppressed_first": len(pattern.first),
        "suppressed_further": len(pattern.further - set(pattern.first)),
        "suppressed_share": round(len(hidden) / max(len(table.cells), 1), 4),
        "reasons": dict(sorted(reasons.items())),
        "information_loss": round(gone / max(rows, 1), 4),
        "differencing": {"compared": compared, "singled_out": len(flagged)},
    }  # fmt: skip


def _worst(table: _Table, pattern: Pattern, flagged: Sequence[differencing.Difference]) -> list[dict[str, Any]]:
    """The cells that fail, or would: their labels are those of the table, and a count below the least reads "<n"."""
    least = table.asked.safe.least
    bare = set(pattern.bare)
    order = sorted(pattern.first, key=lambda key: (key not in bare, tuple(one or "" for one in key)))
    rows = [
        {"values": [one or TOTAL for one in key], "rows": few(table.cells[key].people, least),
         "lacks": "no_partner" if key in bare else pattern.first[key]}
        for key in order[:SHOWN]
    ]  # fmt: skip
    rows += [{"values": [f"with {one.with_}"], "rows": f"<{least}", "lacks": "differencing"} for one in flagged[:SHOWN]]
    return rows


def few(count: int, least: int) -> str:
    """A count that may be shown to whoever proposes: below the least it is not told."""
    return f"<{least}" if count < least else str(count)


def _write(verdict: Verdict, table: _Table, pattern: Pattern) -> None:
    measure = table.asked.one(MEASURE)
    verdict.header = [*table.columns, f"sum of {measure.name}" if measure else "count", "note"]
    hidden, rows = pattern.hidden, []
    for key in table.cells:
        labels = [TOTAL if one is None else one for one in key]
        gap = key in hidden
        rows.append([*labels, "" if gap else _text(table.values[key], measure is not None), "not shown" if gap else ""])
        if not gap and table.cells[key].people:
            verdict.facts.append(table.fact(key))
        elif gap:
            verdict.gaps.append(table.fact(key)[0])
    verdict.rows = rows


def _text(value: float, summed: bool) -> str:
    if not summed:
        return str(int(value))
    whole, rest = divmod(int(value), HUNDREDTHS)
    return f"{whole}.{rest:02d}" if rest else str(whole)
