"""Where boxes and arrows of the picture go: columns by the step of the search, one band for each system. Pure."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

WIDE, HIGH = 196, 46  # a box
ACROSS, DOWN, EDGE = 84, 14, 18  # between columns, between rows, around
HEAD = 34  # the heading of a band
LINE_LABEL, LINE_BELOW = 23, 28  # letters that fit in a box
REACH = 48  # how far an arrow swings out


@dataclass
class Box:
    """A box to be placed. `column` None: behind all others, because no search gets there."""

    key: str
    label: str
    below: str
    band: str
    tone: str
    column: int | None
    words: str = ""
    x: int = 0
    y: int = 0

    @property
    def lines(self) -> tuple[str, str]:
        """What fits in it."""
        return fitted(self.label, LINE_LABEL), fitted(self.below, LINE_BELOW)


@dataclass(frozen=True)
class Line:
    """An arrow from one box to another, and what it means."""

    path: str
    words: str


@dataclass
class Band:
    """The strip of one system."""

    heading: str
    y: int
    high: int

    @property
    def text_y(self) -> int:
        """Where its heading is written."""
        return self.y + 22


@dataclass
class Plan:
    """Everything with its place."""

    wide: int
    high: int
    bands: list[Band] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def inner(self) -> int:
        """How wide a band is."""
        return self.wide - 2 * EDGE


def lay(boxes: Sequence[Box], arrows: Mapping[tuple[str, str], str], headings: Mapping[str, str]) -> Plan:
    """Boxes in bands (in the order of `headings`) and columns, and the arrows between them."""
    last = max((one.column for one in boxes if one.column is not None), default=-1) + 1
    columns = {one.key: last if one.column is None else one.column for one in boxes}
    order = _ordered(boxes, columns, arrows)
    plan, y = Plan(0, 0), EDGE
    for band, heading in headings.items():
        stacks: dict[int, list[Box]] = defaultdict(list)
        for one in order:
            if one.band == band:
                stacks[columns[one.key]].append(one)
        rows = max(map(len, stacks.values()), default=0)
        for column, stack in stacks.items():
            for row, one in enumerate(stack):
                one.x = 2 * EDGE + column * (WIDE + ACROSS)
                one.y = y + HEAD + row * (HIGH + DOWN)
        high = HEAD + rows * (HIGH + DOWN)
        plan.bands.append(Band(heading, y, high))
        y += high + EDGE
    plan.boxes = order
    widest = max((len(one) for one in headings.values()), default=0) * 8
    plan.wide = max(max((one.x for one in boxes), default=0) + WIDE + 2 * EDGE + REACH, min(widest, 1200) + 4 * EDGE)
    plan.high = y
    plan.lines = _lines(order, arrows)
    return plan


def _ordered(boxes: Sequence[Box], columns: Mapping[str, int], arrows: Iterable[tuple[str, str]]) -> list[Box]:
    """Column by column, each box near the middle of those that it is joined to in the columns before: fewer crossings."""
    joined: dict[str, list[str]] = defaultdict(list)
    for source, target in arrows:
        joined[source].append(target)
        joined[target].append(source)
    turn: dict[str, float] = {}
    stacks: dict[int, list[Box]] = defaultdict(list)
    for one in boxes:
        stacks[columns[one.key]].append(one)
    found: list[Box] = []
    for column in sorted(stacks):
        middle: dict[str, float] = {}
        for one in stacks[column]:
            known = [turn[key] for key in joined[one.key] if key in turn]
            middle[one.key] = sum(known) / len(known) if known else -1
        stack = sorted(stacks[column], key=lambda one: (middle[one.key], -len(joined[one.key]), one.key))
        turn |= {one.key: place for place, one in enumerate(stack)}
        found += stack
    return found


def _lines(boxes: Sequence[Box], arrows: Mapping[tuple[str, str], str]) -> list[Line]:
    at = {one.key: one for one in boxes}
    pairs = [pair for pair in arrows if pair[0] in at and pair[1] in at and pair[0] != pair[1]]
    leaving, coming = _spread(pairs, 0, at), _spread(pairs, 1, at)
    return [Line(_curve(at[one], at[two], leaving[one, two], coming[one, two]), arrows[one, two]) for one, two in pairs]


def _spread(pairs: Sequence[tuple[str, str]], end: int, at: Mapping[str, Box]) -> dict[tuple[str, str], int]:
    """How far from the middle of its box each arrow begins or ends, so that arrows do not hide each other."""
    together: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pair in pairs:
        together[pair[end]].append(pair)
    found = {}
    for several in together.values():
        several.sort(key=lambda pair: at[pair[1 - end]].y)
        for place, pair in enumerate(several):
            found[pair] = round((place + 1) * HIGH / (len(several) + 1) - HIGH / 2)
    return found


def _curve(source: Box, target: Box, leaving: int, coming: int) -> str:
    """From a side of the one to a side of the other; within one column both are the right sides."""
    y, to = source.y + HIGH // 2 + leaving, target.y + HIGH // 2 + coming
    if source.x > target.x:
        x, end, out, back = source.x, target.x + WIDE, -REACH, REACH
    elif source.x < target.x:
        x, end, out, back = source.x + WIDE, target.x, REACH, -REACH
    else:
        x, end, out, back = source.x + WIDE, target.x + WIDE, REACH, REACH
    return f"M{x} {y}C{x + out} {y} {end + back} {to} {end} {to}"


def fitted(text: str, most: int) -> str:
    """The beginning of a text that fits, without what XML cannot hold; wide signs count twice."""
    kept, wide = "", 0
    clean = printable(text)
    for sign in clean:
        wide += 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if wide > most:
            return f"{kept[:-1].rstrip()}…"
        kept += sign
    return kept


def printable(text: str) -> str:
    """Without the signs that XML 1.0 cannot hold."""
    return "".join(one for one in text if one >= " " and one not in "\ufffe\uffff")
