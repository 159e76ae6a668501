"""From a receipt to dates, each with the sentences that explain it.

What goes wrong if this is wrong: an answer that the company believes in time is late. So: the receipt is an instant and
becomes a day in the zone that the statute names; the day of the event is not counted; months end on the corresponding day;
only a statute that says so lets the last day move past a weekend or holiday; an extension is counted from the original
start, never from the first due date; a due day lasts until it ends, in that same zone. Where a law has several zones, the
earliest day counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from law import calendars
from law.model import ClockRule, Counting, Duration, Statute
from law.registry import version

Say = Callable[[str], None]


@dataclass(frozen=True)
class Establishment:
    """Where the company answers from: its IANA zone and its holiday region, for laws that count by them."""

    zone: str
    holidays: str


@dataclass(frozen=True)
class Pause:
    """We asked on `asked_on` and had the answer on `answered_on`, both local days.

    `reason`: identity, clarification, authority, fee.
    """

    reason: str
    asked_on: date
    answered_on: date


@dataclass(frozen=True)
class Deadlines:
    """The dates of one request under one law. `steps` replays the calculation, a sentence each.

    `relaxed_on`: the later day that the general statute on periods would allow; shown, never promised. `goal_on`: an earlier
    day that is wise to keep, where the law says "as soon as feasible".
    """

    statute_id: str
    version: str
    right: str
    clock: str
    cite: str
    zone: str
    start_on: date
    respond_on: date
    safe_on: date
    advised: bool
    goal_on: date | None
    relaxed_on: date | None
    acknowledge_on: date | None
    acknowledge_cite: str
    extended_on: date | None
    extension_notice_by: date | None
    _replay: Callable[[Say], object] = field(repr=False, compare=False)

    @property
    def steps(self) -> tuple[str, ...]:
        """The calculation in words."""
        said: list[str] = []
        self._replay(said.append)
        return tuple(said)


def deadlines(
    statute: Statute,
    right: str,
    received_at: datetime,
    establishment: Establishment,
    *,
    clock: str | None = None,
    pauses: Sequence[Pause] = (),
    verified_at: datetime | None = None,
) -> Deadlines:
    """The dates for a request of `right` received at an aware instant; `clock` names another clock than the right's own.

    `verified_at` moves only a clock that its law starts at verification; without it such a clock runs from the receipt, which
    is the earlier and safe reading. Raises ValueError for a naive time or a pause that ends before it began, KeyError for an
    unknown right or clock.
    """
    if received_at.tzinfo is None or (verified_at is not None and verified_at.tzinfo is None):
        raise ValueError("a time must know its time zone")
    for pause in pauses:
        if pause.answered_on < pause.asked_on:
            raise ValueError("a pause ends before it began")
    rule = statute.rights[right]
    if rule.equivalent:
        rule = statute.rights[rule.equivalent]
    times = statute.clocks[clock or rule.clock]
    case = _Case(statute, right, rule.code, times, received_at, verified_at, establishment, tuple(pauses))
    return case.compute(_silent)


def _silent(words: str) -> None:
    """Nobody asked for the words."""


@dataclass(slots=True)
class _Case:
    """What one calculation is made from; `compute` says each step to whoever listens."""

    statute: Statute
    asked: str
    right: str
    times: ClockRule
    received_at: datetime
    verified_at: datetime | None
    establishment: Establishment
    pauses: tuple[Pause, ...]

    def compute(self, say: Say) -> Deadlines:
        statute, times = self.statute, self.times
        zones, region = _where(statute.counting, self.establishment)
        spoken = say is not _silent
        received_on = _first_day(self.received_at, zones)
        event_on = self._event(received_on, zones, say)
        start_on, excluded = _pauses(times, self.asked, event_on, self.pauses, say) if self.pauses else (event_on, 0)
        plain_on = _add(start_on, times.respond, region) + timedelta(days=excluded)
        if spoken and times.advised:
            say(f"{statute.short_name} sets no number of days ({times.words}; {times.cite}).")
            say(f"We hold ourselves to {times.respond}: {_day(plain_on)}.")
        elif spoken:
            say(f"{statute.short_name} gives {times.respond} ({times.cite}): {_day(plain_on)}.")
        respond_on = _roll(plain_on, statute, times.respond, region, say)
        goal_on = _add(start_on, times.goal, region) + timedelta(days=excluded) if times.goal else None
        if spoken and goal_on:
            say(f"It should be done as soon as possible; our own goal is {times.goal}: {_day(goal_on)}.")
        acknowledge_on = self._acknowledged(received_on, region, say) if times.acknowledge else None
        extended_on = self._extended(start_on, excluded, region, plain_on, say)
        if spoken and times.on_timeout:
            say(f"Without an answer by then: {times.on_timeout}.")
        return Deadlines(
            statute_id=statute.id,
            version=version(statute.id),
            right=self.right,
            clock=times.name,
            cite=times.cite,
            zone=_first_to_end(respond_on, zones),
            start_on=start_on,
            respond_on=respond_on,
            safe_on=max(start_on, plain_on + timedelta(days=statute.counting.safe_offset_days)),
            advised=times.advised,
            goal_on=min(goal_on, respond_on) if goal_on else None,
            relaxed_on=_relaxed(plain_on, respond_on, statute, times.respond, region, say),
            acknowledge_on=acknowledge_on,
            acknowledge_cite=times.acknowledge_cite,
            extended_on=extended_on,
            extension_notice_by=plain_on if extended_on else None,
            _replay=self.compute,
        )

    def _event(self, received_on: date, zones: tuple[str, ...], say: Say) -> date:
        """The day that starts the clock."""
        if self.times.start == "verification" and self.verified_at is not None:
            event_on = _first_day(self.verified_at, zones)
            event_on = max(received_on, event_on)
            say(f"Received on {_day(received_on)}; this clock starts when the identity is verified: {_day(event_on)}.")
            return event_on
        say(f"Received on {_day(received_on)} ({zones[0]}). The day itself is not counted.")
        if self.times.start == "verification":
            say("This clock may start only when the identity is verified; until then we count from the receipt.")
        return received_on

    def _extended(self, start_on: date, excluded: int, region: str, plain_on: date, say: Say) -> date | None:
        """The latest day if the time is extended, counted from the original start."""
        extension = self.times.extension
        if extension is None:
            return None
        if extension.total is None:
            say(f"It may be extended without a fixed limit ({extension.cite}); say until when by {_day(plain_on)}.")
            return None
        latest = _roll(
            _add(start_on, extension.total, region) + timedelta(days=excluded),
            self.statute,
            extension.total,
            region,
            _silent,
        )
        if say is not _silent:
            say(
                f"Extended, at most {extension.total} from the same start ({extension.cite}): {_day(latest)};"
                f" the person must hear of it by {_day(plain_on)}."
            )
        return latest

    def _acknowledged(self, received_on: date, region: str, say: Say) -> date | None:
        times = self.times
        if times.acknowledge is None:
            return None
        day = _roll(_add(received_on, times.acknowledge, region), self.statute, times.acknowledge, region, say)
        say(f"Receipt confirmed within {times.acknowledge} ({times.acknowledge_cite}): {_day(day)}.")
        return day


def due_at(day: date, zone: str) -> datetime:
    """The first instant that is too late: midnight after `day` in `zone`, as UTC."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=_zone(zone)).astimezone(UTC)


def strictest(several: Sequence[Deadlines]) -> Deadlines:
    """The one whose answer is due first; ties go to the first named. Raises ValueError for none."""
    return min(several, key=lambda one: due_at(one.respond_on, one.zone))


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _first_day(at: datetime, zones: tuple[str, ...]) -> date:
    """The day that it is, where it is earlier if there are several zones."""
    if len(zones) == 1:
        return at.astimezone(_zone(zones[0])).date()
    return min(at.astimezone(_zone(zone)).date() for zone in zones)


def _first_to_end(day: date, zones: tuple[str, ...]) -> str:
    """The zone in which `day` ends first."""
    return zones[0] if len(zones) == 1 else min(zones, key=lambda zone: due_at(day, zone))


def _where(counting: Counting, establishment: Establishment) -> tuple[tuple[str, ...], str]:
    zones = (establishment.zone,) if counting.zones == ("establishment",) else counting.zones
    region = establishment.holidays if counting.holidays == "establishment" else counting.holidays
    if counting.holidays == "GB" and establishment.holidays.startswith("GB-"):
        region = establishment.holidays  # bank holidays are those of the nation that answers
    return zones, region


def _add(day: date, duration: Duration, region: str) -> date:
    if duration.unit == "months":
        return calendars.add_months(day, duration.n)
    if duration.unit == "business_days":
        return calendars.add_business_days(day, duration.n, region)
    return day + timedelta(days=0 if duration.unit == "immediate" else duration.n)


def _roll(day: date, statute: Statute, duration: Duration, region: str, say: Say) -> date:
    counting = statute.counting
    if not counting.rolls_on or duration.unit == "immediate":
        return day
    if counting.holidays == "establishment" and region.partition("-")[0] not in statute.residences:
        # Reg. 1182/71 art. 2(1) knows the holidays of Member States only; another country's would make the answer late.
        say(f"The last day does not move: {statute.short_name} does not count by the holidays of {region}.")
        return day
    moved = calendars.next_working_day(day, region, counting.rolls_on)
    if moved != day:
        say(f"{_day(day)} is not a working day ({region}), so {_day(moved)} ({counting.rolls_cite}).")
    return moved


def _relaxed(
    plain_on: date, respond_on: date, statute: Statute, duration: Duration, region: str, say: Say
) -> date | None:
    """The later day that a general statute on periods would allow, or None if it is the same."""
    general = statute.counting.general
    if general is None or not general.on or duration.unit not in ("calendar_days", "months"):
        return None
    moved = calendars.next_working_day(plain_on, region, general.on)
    if moved <= respond_on:
        return None
    say(f"{general.cite} might allow {_day(moved)}; we do not use it.")
    return moved


def _pauses(times: ClockRule, right: str, start_on: date, pauses: Sequence[Pause], say: Say) -> tuple[date, int]:
    """The start after restarts, and how many days do not count.

    A day that two pauses share is left out once.
    """
    waited: set[date] = set()
    for pause in sorted(pauses, key=lambda one: (one.asked_on, one.answered_on)):
        rule = times.pauses.get(pause.reason)
        if rule is None or right not in rule.rights or rule.effect == "none":
            cite = rule.cite if rule else times.cite
            say(f"Waiting from {_day(pause.asked_on)} does not stop this clock ({cite}).")
        elif rule.effect == "restart":
            start_on = max(start_on, pause.answered_on)
            say(f"The full time runs from {_day(start_on)}, when we had the answer ({rule.cite}).")
        else:
            # The days after asking, the answer's included; some statutes leave out the day of asking, too.
            first = 0 if rule.effect == "exclude_days" else 1
            days = [
                pause.asked_on + timedelta(days=one)
                for one in range(first, (pause.answered_on - pause.asked_on).days + 1)
            ]
            waited.update(days)
            say(f"{len(days)} days of waiting for the answer do not count ({rule.cite}).")
    # The day of the event is not counted anyway, and what lies before a restart is over.
    return start_on, sum(day > start_on for day in waited)


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"
