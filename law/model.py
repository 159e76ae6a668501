"""What a statute file says, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Unit = Literal["calendar_days", "business_days", "months", "immediate"]
PauseEffect = Literal["suspend", "exclude_days", "restart", "none"]
Confidence = Literal["high", "medium", "low"]
Start = Literal["receipt", "verification", "signal", "retrieval"]


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
    """One extension; `total` is the cap counted from the original start, None where the law sets none."""

    total: Duration | None
    cite: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class PauseRule:
    """What an interval of waiting does to the clock, for the rights named."""

    effect: PauseEffect
    cite: str
    rights: frozenset[str]
    confidence: Confidence


@dataclass(frozen=True)
class ClockRule:
    """The dates of one kind of request. `words`: what the law says where it gives no number; `respond` is our advice then."""

    name: str
    cite: str
    start: Start
    respond: Duration
    words: str
    acknowledge: Duration | None
    acknowledge_cite: str
    extension: Extension | None
    pauses: Mapping[str, PauseRule]
    goal: Duration | None
    on_timeout: str
    confidence: Confidence

    @property
    def advised(self) -> bool:
        """Whether `respond` is our own advice, for want of a number in the law."""
        return bool(self.words)


@dataclass(frozen=True)
class RightRule:
    """How a law grants one right."""

    code: str
    cite: str
    clock: str
    equivalent: str
    effective_from: date | None
    proof: Literal["none", "mailbox"]
    note: str
    confidence: Confidence
    # Of a list of third parties: who stands on it, see `law.listing`.
    listed: str = ""


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
    """What a refusal must tell: whom to complain to, whether the company hears an appeal, the way to court.

    `authorities`: the regulator of one place of residence, where a law has several: name and address on the web.
    """

    regulator: str
    regulator_url: str
    complaint_cite: str
    appeal: bool
    appeal_days: int | None
    court: str
    authorities: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class General:
    """The general statute on periods, which would let the last day move. Never used for a date that we promise."""

    cite: str
    on: frozenset[str]
    confidence: Confidence


@dataclass(frozen=True)
class Counting:
    """How days are counted: zones and holidays ("establishment" takes the company's own), and the last day's fate.

    With several zones the earliest date counts. `rolls_on` names the days off which the last day moves, empty for none.
    """

    zones: tuple[str, ...]
    holidays: str
    rolls_on: frozenset[str]
    rolls_cite: str
    safe_offset_days: int
    general: General | None


@dataclass(frozen=True)
class Scope:
    """Whom and what a law covers. `needs`: facts about the company without which it does not speak."""

    person: str
    organisation: str
    leaves_out: frozenset[str]
    needs: frozenset[str]


@dataclass(frozen=True)
class Terms:
    """What a law lets be asked of the person, in words and numbers; empty where the file says nothing."""

    free: bool
    free_count: int | None
    free_period: str
    fee_words: str
    fee_cite: str
    proof_words: str
    agents: str
    agents_words: str
    minors_words: str
    child_age: int | None
    teen_age: int | None
    consent_ages: Mapping[str, int]
    signal: bool
    signal_since: date | None
    signal_cite: str
    records_months: int | None
    records_words: str


@dataclass(frozen=True)
class Statute:
    """One law. `checked_on` is when a person last compared the file with its sources; `marks` what is not sure in it."""

    id: str
    name: str
    short_name: str
    status: str
    citation: str
    checked_on: date
    effective: tuple[tuple[date, str], ...]
    confidence: Confidence
    residences: frozenset[str]
    scope: Scope
    counting: Counting
    rights: Mapping[str, RightRule]
    clocks: Mapping[str, ClockRule]
    grounds: Mapping[str, Ground]
    remedies: Remedies
    terms: Terms
    marks: Mapping[str, Confidence]
    doubts: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def effective_from(self) -> date | None:
        """The first day on which it applies; None for a policy of our own."""
        return self.effective[0][0] if self.effective else None
