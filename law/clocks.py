"""From a receipt to dates, each with the sentences that explain it.

What goes wrong if this is wrong: an answer that the company believes in time is late. So: the receipt is an instant and
becomes a day in the zone that the statute names; the day of the event is not counted; months end on the corresponding day;
only a statute that says so lets the last day move past a weekend or holiday; an extension is counted from the original
start, never from the first due date; a due day lasts until it ends, in that same zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from law import calendars
from law.model import ClockRule, Counting, Duration, Statute
from law.registry import version


@dataclass(frozen=True)
class Establishment:
    """Where the company answers from: its IANA zone and its holiday region, for laws that count by them."""

    zone: str
    holidays: str


@dataclass(frozen=True)
class Pause:
    """We asked on `asked_on` and had the answer on `answered_on`, both local days. `reason`: identity, clarification, fee."""

    reason: str
    asked_on: date
    answered_on: date


@dataclass(frozen=True)
class Deadlines:
    """The dates of one request under one law. `steps` replays the calculation, a sentence each."""

    statute_id: str
    version: str
    right: str
    cite: str
    zone: str
    start_on: date
    respond_on: date
    safe_on: date
    acknowledge_on: date | None
    acknowledge_cite: str
    extended_on: date | None
    extension_notice_by: date | None
    steps: tuple[str, ...]


def deadlines(
    statute: Statute,
    right: str,
    received_at: datetime,
    establishment: Establishment,
    *,
    clock: str | None = None,
    pauses: Sequence[Pause] = (),
) -> Deadlines:
    """The dates for a request of `right` received at an aware instant; `clock` names another clock than the right's own.

    Raises ValueError for a naive time or a pause that ends before it began, KeyError for an unknown right or clock.
    """
    if received_at.tzinfo is None:
        raise ValueError("received_at must know its time zone")
    rule = statute.rights[statute.rights[right].equivalent or right]
    times = statute.clocks[clock or rule.clock]
    zone, region = _where(statute.counting, establishment)
    received_on = received_at.astimezone(ZoneInfo(zone)).date()
    steps = [f"Received on {_day(received_on)} ({zone}). The day itself is not counted."]
    start_on, excluded = _pauses(times, received_on, pauses, steps)
    plain_on = _add(start_on, times.respond, region) + timedelta(days=excluded)
    steps.append(f"{statute.short_name} gives {times.respond} ({times.cite}): {_day(plain_on)}.")
    respond_on = _roll(plain_on, statute, times.respond, region, steps)
    extended_on = _extended(statute, times, start_on, excluded, region, plain_on, steps)
    return Deadlines(
        statute_id=statute.id,
        version=version(statute.id),
        right=rule.code,
        cite=times.cite,
        zone=zone,
        start_on=start_on,
        respond_on=respond_on,
        safe_on=max(start_on, plain_on + timedelta(days=statute.counting.safe_offset_days)),
        acknowledge_on=_acknowledged(times, received_on, region, steps),
        acknowledge_cite=times.acknowledge_cite,
        extended_on=extended_on,
        extension_notice_by=plain_on if extended_on else None,
        steps=tuple(steps),
    )


def _extended(
    statute: Statute, times: ClockRule, start_on: date, excluded: int, region: str, plain_on: date, steps: list[str]
) -> date | None:
    """The latest day if the time is extended, counted from the original start."""
    if times.extension is None:
        return None
    total = times.extension.total
    latest = _roll(_add(start_on, total, region) + timedelta(days=excluded), statute, total, region, [])
    steps.append(
        f"Extended, at most {total} from the same start ({times.extension.cite}): {_day(latest)};"
        f" the person must hear of it by {_day(plain_on)}."
    )
    return latest


def _acknowledged(times: ClockRule, received_on: date, region: str, steps: list[str]) -> date | None:
    if times.acknowledge is None:
        return None
    day = _add(received_on, times.acknowledge, region)
    steps.append(f"Receipt confirmed within {times.acknowledge} ({times.acknowledge_cite}): {_day(day)}.")
    return day


def due_at(day: date, zone: str) -> datetime:
    """The first instant that is too late: midnight after `day` in `zone`, as UTC."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def strictest(several: Sequence[Deadlines]) -> Deadlines:
    """The one whose answer is due first; ties go to the first named. Raises ValueError for none."""
    return min(several, key=lambda one: due_at(one.respond_on, one.zone))


def _where(counting: Counting, establishment: Establishment) -> tuple[str, str]:
    zone = establishment.zone if counting.zone == "establishment" else counting.zone
    region = establishment.holidays if counting.holidays == "establishment" else counting.holidays
    return zone, region


def _add(day: date, duration: Duration, region: str) -> date:
    if duration.unit == "months":
        return calendars.add_months(day, duration.n)
    if duration.unit == "business_days":
        return calendars.add_business_days(day, duration.n, region)
    return day + timedelta(days=0 if duration.unit == "immediate" else duration.n)


def _roll(day: date, statute: Statute, duration: Duration, region: str, steps: list[str]) -> date:
    counting = statute.counting
    if not counting.rolls or duration.unit == "immediate":
        return day
    if counting.holidays == "establishment" and region.partition("-")[0] not in statute.residences:
        # Reg. 1182/71 art. 2(1) knows the holidays of Member States only; another country's would make the answer late.
        steps.append(f"The last day does not move: {statute.short_name} does not count by the holidays of {region}.")
        return day
    moved = calendars.next_working_day(day, region)
    if moved != day:
        steps.append(f"{_day(day)} is not a working day ({region}), so {_day(moved)} ({counting.rolls_cite}).")
    return moved


def _pauses(times: ClockRule, start_on: date, pauses: Sequence[Pause], steps: list[str]) -> tuple[date, int]:
    """The start after restarts, and how many days do not count."""
    excluded = 0
    for pause in sorted(pauses, key=lambda one: one.asked_on):
        if pause.answered_on < pause.asked_on:
            raise ValueError("a pause ends before it began")
        rule = times.pauses.get(pause.reason)
        effect: Literal["suspend", "exclude_days", "restart", "none"] = rule.effect if rule else "none"
        if effect == "restart":
            start_on = max(start_on, pause.answered_on)
            steps.append(
                f"The full time runs from {_day(start_on)}, when we had the answer ({rule.cite if rule else ''})."
            )
        elif effect in ("suspend", "exclude_days"):
            # "from ... to", both days included where the statute counts them out; a suspension runs from asking to answer.
            days = (pause.answered_on - pause.asked_on).days + (effect == "exclude_days")
            excluded += days
            steps.append(f"{days} days of waiting for the answer do not count ({rule.cite if rule else ''}).")
        else:
            steps.append(f"Waiting from {_day(pause.asked_on)} does not stop this clock ({times.cite}).")
    return start_on, excluded


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"
