"""What the gate says of a proposal: whether it may leave, with the figures, and what would leave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from disclosures.releases.conditions import Where
from disclosures.releases.differencing import Fact, Published

TOTAL = "Total"


@dataclass(frozen=True)
class Reason:
    """Why something may not leave: a code for programs, a sentence for people. Neither holds a value of a row."""

    code: str
    words: str


@dataclass
class Verdict:
    """`figures` are numbers and codes, safe to show; `failing` names groups or cells by coarse values, counts below k as "<k";
    `facts` and `gaps` are what the release says, and leaves out, about whom: kept for later comparisons; `rows` is what leaves.
    """

    reasons: list[Reason] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    failing: list[dict[str, Any]] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    rows: Sequence[Sequence[str]] = ()
    facts: list[Fact] = field(default_factory=list)
    gaps: list[Where] = field(default_factory=list)
    groups: list[tuple[tuple[str, ...], list[list[str]]]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.reasons

    def refuse(self, code: str, words: str) -> "Verdict":
        """The same, refused for one more reason; nothing of it can leave."""
        self.reasons.append(Reason(code, words))
        self.header, self.rows, self.facts, self.gaps, self.groups = [], (), [], [], []
        return self


@dataclass(frozen=True)
class Before:
    """An earlier release of the same dataset, as far as it can be compared with a new one. `measure`: what its numbers are,
    "count" or the column that they sum.
    """

    name: str
    facts: Sequence[Fact]
    gaps: Sequence[Where]
    published: Published | None = None
    measure: str = "count"


def harmless(text: str) -> str:
    """A value that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) and not _numeric(text) else text


def written(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Header and rows, as they leave."""
    yield [harmless(one) for one in header]
    for row in rows:
        yield [harmless(one) for one in row]


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
