"""Numbers of a report, from counts per day. Pure: no framework."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Days since receipt of what is still open: up to and including.
AGES = (
    (7, "up to 7 days"),
    (30, "8 to 30 days"),
    (45, "31 to 45 days"),
    (90, "46 to 90 days"),
    (10**6, "over 90 days"),
)


@dataclass(frozen=True)
class Days:
    """How long answers took: how many there were, the median and the mean in days (None without any)."""

    count: int
    median: float | None
    mean: float | None


def days(histogram: Mapping[int, int]) -> Days:
    """From {days: how many}. The median of an even number lies halfway between the two in the middle."""
    count = sum(histogram.values())
    if not count:
        return Days(0, None, None)
    total = sum(length * many for length, many in histogram.items())
    low, high = _nth(histogram, (count - 1) // 2), _nth(histogram, count // 2)
    return Days(count, (low + high) / 2, total / count)


def _nth(histogram: Mapping[int, int], position: int) -> int:
    passed = 0
    for length in sorted(histogram):
        passed += histogram[length]
        if passed > position:
            return length
    raise ValueError("the histogram is shorter than that")


def ages(histogram: Mapping[int, int]) -> list[tuple[str, int]]:
    """Counts per age, in the order of AGES; what is younger than a day counts as 0 days."""
    found = dict.fromkeys((words for _, words in AGES), 0)
    for length, many in histogram.items():
        found[next(words for most, words in AGES if length <= most)] += many
    return list(found.items())


def share(part: int, whole: int) -> float | None:
    """In percent; None where there is nothing to share."""
    return 100 * part / whole if whole else None


@dataclass(frozen=True)
class Bar:
    """One bar of a chart, in the units of its picture."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float


def bars(rows: Sequence[tuple[str, int]], *, width: int = 560, height: int = 120) -> list[Bar]:
    """Bars side by side, the tallest as tall as the picture; a value above nought is seen."""
    if not rows:
        return []
    step, most = width / len(rows), max(value for _, value in rows) or 1
    found = []
    for at, (label, value) in enumerate(rows):
        tall = max(2.0, height * value / most) if value else 0.0
        found.append(Bar(label, value, at * step + step * 0.15, height - tall, step * 0.7, tall))
    return found
