"""What a statute file says, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Unit = Literal["calendar_days", "business_days", "months", "immediate"]
PauseEffect = Literal["suspend", "exclude_days", "restart", "none"]
Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True)
class Duration:
    """`n` of a unit; `immediate` means the day itself."""

    n: int
    unit: Unit

    def __str__(self) -> str:
        if self.unit == "immediate":
            return "at once"
        words = {"calendar_days": "calendar day", "business_days": "business day", "months": "month"}[self.unit]
        return f"{self.n} {words}{'' if self.n == 1 else 's'}"


@dataclass(frozen=True)
class Extension:
    """One extension; `total` is the cap counted from the original start."""

    total: Duration
    cite: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class PauseRule:
    """What an interval of waiting does to the clock."""

    effect: PauseEffect
    cite: str
    confidence: Confidence


@dataclass(frozen=True)
class ClockRule:
    """The dates of one kind of request."""

    name: str
    cite: str
    respond: Duration
    acknowledge: Duration | None
    acknowledge_cite: str
    extension: Extension | None
    pauses: Mapping[str, PauseRule]
    confidence: Confidence


@dataclass(frozen=True)
class RightRule:
    """How a law grants one right."""

    code: str
    cite: str
    clock: str
    equivalent: str
    effective_from: date | None
    proof: Literal["none", "mailbox"]
    confidence: Confidence


@dataclass(frozen=True)
class Ground:
    """A coded reason to refuse or to keep, with its section and the sentence for a letter."""

    code: str
    cite: str
    sentence: str
    rights: frozenset[str]
    keeps: bool


@dataclass(frozen=True)
class ProofRule:
    """The least proof that a right needs."""

    level: Literal["none", "mailbox"]
    cite: str


@dataclass(frozen=True)
class Remedies:
    """What a refusal must tell: whom to complain to, whether the company hears an appeal, the way to court."""

    regulator: str
    regulator_url: str
    complaint_cite: str
    appeal: bool
    appeal_days: int | None
    court: str


@dataclass(frozen=True)
class Counting:
    """How days are counted: the zone and holidays ("establishment" takes the company's own), and the last day's fate."""

    zone: str
    holidays: str
    rolls: bool
    rolls_cite: str
    safe_offset_days: int


@dataclass(frozen=True)
class Statute:
    """One law. `checked_on` is when a person last compared the file with its sources."""

    id: str
    name: str
    short_name: str
    status: str
    citation: str
    checked_on: date
    effective_from: date | None
    confidence: Confidence
    residences: frozenset[str]
    counting: Counting
    rights: Mapping[str, RightRule]
    clocks: Mapping[str, ClockRule]
    grounds: Mapping[str, Ground]
    remedies: Remedies
    doubts: tuple[str, ...]
