"""A place of residence in, everything that its laws say out: rights, dates as of today, terms, remedies. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from law.applicable import VOLUNTARY, granted_right, laws_for
from law.clocks import Deadlines, Establishment, deadlines
from law.model import RightRule, Statute
from law.reasons import regulator
from law.registry import statute
from law.rights import LABELS

# In the order in which people ask for them.
ORDER = tuple(LABELS)


@dataclass(frozen=True)
class RightLine:
    """One right under one law: what it is called, by which section, and its dates if it were asked for today."""

    code: str
    label: str
    rule: RightRule
    under: str
    dates: Deadlines
    term: str
    extended: str
    acknowledge: str
    proof: bool
    sure: bool


@dataclass(frozen=True)
class LawLines:
    """What one law grants to people who live somewhere, and whom they can turn to."""

    statute: Statute
    rights: tuple[RightLine, ...]
    later: tuple[tuple[str, date], ...]
    regulator: tuple[str, str]


def explain(
    residence: str, on: date, establishment: Establishment, *, facts: Iterable[str] = (), context: str = ""
) -> list[LawLines]:
    """The laws that speak for a resident of `residence` on a day, each with its rights and the dates of a request of that day.

    Our own policy closes the list; it shows the rights that no law before it grants. Raises as `laws_for` does.
    """
    found, granted = [], set[str]()
    for one in laws_for(residence, on, facts=facts, context=context):
        lines = _lines(one, residence, on, establishment, frozenset())
        granted |= {line.code for line in lines.rights}
        found.append(lines)
    own = _lines(statute(VOLUNTARY), residence, on, establishment, frozenset(granted))
    return [*[one for one in found if one.rights or one.later], *([own] if own.rights else [])]


def _lines(one: Statute, residence: str, on: date, establishment: Establishment, already: frozenset[str]) -> LawLines:
    rights, later = [], []
    for code in ORDER:
        rule = one.rights.get(code)
        if rule is None or code in already:
            continue
        if granted_right(one, code, on) is None:
            if rule.effective_from and rule.effective_from > on:
                later.append((LABELS[code], rule.effective_from))
            continue
        rights.append(_line(one, code, on, establishment))
    return LawLines(one, tuple(rights), tuple(later), regulator(one, residence))


def _line(one: Statute, code: str, on: date, establishment: Establishment) -> RightLine:
    zone = establishment.zone if one.counting.zones == ("establishment",) else one.counting.zones[0]
    noon = datetime.combine(on, time(12), ZoneInfo(zone))
    dates = deadlines(one, code, noon, establishment)
    rule = one.rights[code]
    final = one.rights[rule.equivalent] if rule.equivalent else rule
    clock = one.clocks[final.clock]
    extension = clock.extension
    extended = "" if extension is None else str(extension.total) if extension.total else "without a fixed limit"
    sure = (
        one.confidence != "low" and "low" not in (rule.confidence, final.confidence, clock.confidence)
        and one.marks.get(f"clocks.{clock.name}") != "low" and one.marks.get(f"rights.{code}") != "low"
    )  # fmt: skip
    return RightLine(
        code=code,
        label=LABELS[code],
        rule=rule,
        under=LABELS[rule.equivalent] if rule.equivalent else "",
        dates=dates,
        term=str(clock.respond),
        extended=extended,
        acknowledge=str(clock.acknowledge or ""),
        proof=rule.proof != "none",
        sure=sure,
    )
