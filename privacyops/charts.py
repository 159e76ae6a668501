"""Charts as numbers for a template that draws SVG: bars, lines, bars that lie. Pure: no framework, no colour, no script.

Every chart carries its rows, which the page shows as a table, so that nobody has to see the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, BELOW, ABOVE, RIGHT = 420, 130, 34, 18, 10, 8
DIGIT, BESIDE = 6, 4  # how wide a digit is at the most, and how far numbers stand from the picture


@dataclass(frozen=True)
class Mark:
    """A bar, or the point of a line, in the units of the picture; `series` tells one colour from another."""

    label: str
    value: str
    x: float
    y: float
    width: float
    height: float
    series: int = 0


@dataclass(frozen=True)
class Grid:
    """A line across the picture with its number."""

    words: str
    y: float


@dataclass(frozen=True)
class Under:
    """A word under the picture."""

    words: str
    x: float


@dataclass(frozen=True)
class Chart:
    """A picture with its title, and the same as a table: heads and rows."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: tuple[str, ...] = ()
    bars: tuple[Mark, ...] = ()
    lines: tuple[str, ...] = ()
    points: tuple[Mark, ...] = ()
    grid: tuple[Grid, ...] = ()
    under: tuple[Under, ...] = ()
    width: int = LEFT + WIDTH + RIGHT
    height: int = ABOVE + HEIGHT + BELOW

    @property
    def beside(self) -> int:
        """How far the numbers beside the picture reach out of it to the left: 40,000 is wider than 400."""
        widest = max((len(one.words) for one in self.grid), default=0)
        return max(0, widest * DIGIT - LEFT + BESIDE)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see yet."""
        return not self.bars and not self.points


def bars(title: str, head: str, names: Sequence[str], rows: Sequence[tuple[str, Sequence[int]]]) -> Chart:
    """One group of bars per row, one bar per name."""
    top = _top(max((value for _, values in rows for value in values), default=0))
    step, marks = WIDTH / max(1, len(rows)), []
    for at, (label, values) in enumerate(rows):
        broad = step * 0.76 / max(1, len(values))
        for series, value in enumerate(values):
            tall = max(1.5, HEIGHT * value / top) if value else 0.0
            x = LEFT + at * step + step * 0.12 + series * broad
            marks.append(
                Mark(label, f"{value:,}", _r(x), _r(ABOVE + HEIGHT - tall), _r(broad * 0.92), _r(tall), series)
            )
    table = tuple((label, *(f"{value:,}" for value in values)) for label, values in rows)
    seen = tuple(marks) if any(value for _, values in rows for value in values) else ()
    return Chart(title, (head, *names), table, tuple(names), bars=seen, grid=_grid(top), under=_under(rows))


def line(title: str, head: str, name: str, rows: Sequence[tuple[str, float | None]], *, unit: str = "") -> Chart:
    """A line through the values; None makes a gap. Percentages reach from 0 to 100."""
    known = [value for _, value in rows if value is not None]
    top = 100 if unit == "%" else _top(max(known, default=0))
    step = WIDTH / max(1, len(rows))
    points: list[Mark] = []
    parts: list[list[str]] = [[]]
    for at, (label, value) in enumerate(rows):
        if value is None:
            parts.append([])
            continue
        x, y = _r(LEFT + (at + 0.5) * step), _r(ABOVE + HEIGHT - HEIGHT * value / top)
        points.append(Mark(label, _said(value, unit), x, y, 0, 0))
        parts[-1].append(f"{x},{y}")
    table = tuple((label, _said(value, unit)) for label, value in rows)
    drawn = tuple(" ".join(part) for part in parts if len(part) > 1)
    return Chart(
        title,
        (head, name),
        table,
        (name,),
        lines=drawn,
        points=tuple(points),
        grid=_grid(top, unit),
        under=_under(rows),
    )


@dataclass(frozen=True)
class Lying:
    """One row of bars that lie beside their words: `length` in the units of a picture 100 wide."""

    label: str
    cells: tuple[str, ...]
    length: float


def lying(rows: Sequence[tuple[str, float | None, Sequence[str]]]) -> list[Lying]:
    """Rows with a bar each, the longest as long as the picture."""
    most = max((value for _, value, _ in rows if value is not None), default=0) or 1
    return [Lying(label, tuple(cells), _r(100 * (value or 0) / most)) for label, value, cells in rows]


def _said(value: float | None, unit: str) -> str:
    return "none" if value is None else f"{value:,.0f}{' ' if unit and unit != '%' else ''}{unit}"


def _top(most: float) -> int:
    """A round number that is not below the highest value."""
    size = 1
    while True:
        for step in (1, 2, 3, 4, 5):
            if most <= step * size * 2 and step * size * 2 >= 2:
                return step * size * 2
        size *= 10


def _grid(top: int, unit: str = "") -> tuple[Grid, ...]:
    return tuple(
        Grid(f"{part:,.0f}{unit if unit == '%' else ''}", _r(ABOVE + HEIGHT - HEIGHT * part / top))
        for part in (0, top / 2, top)
    )


def _under(rows: Sequence[tuple[str, object]]) -> tuple[Under, ...]:
    """Each label while they fit, else each second or third, counted from the last one."""
    step, every = WIDTH / max(1, len(rows)), 1 + (len(rows) - 1) // 7
    last = len(rows) - 1
    return tuple(
        Under(label, _r(LEFT + (at + 0.5) * step)) for at, (label, _) in enumerate(rows) if (last - at) % every == 0
    )


def _r(value: float) -> float:
    return round(value, 1)
