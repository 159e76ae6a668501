"""Maintenance windows: whether one is open, and when the next one opens. Pure: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=1)
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True)
class Hours:
    """A weekday (0: Monday) and the wall-clock times between which work may be done; over midnight if it ends first."""

    weekday: int
    opens: time
    closes: time

    def holds(self, local: datetime) -> bool:
        """Whether a wall-clock time lies in it. From 00:00 to 00:00 is the whole day."""
        at = local.time()
        if self.opens < self.closes:
            return local.weekday() == self.weekday and self.opens <= at < self.closes
        if local.weekday() == self.weekday:
            return at >= self.opens
        return local.weekday() == (self.weekday + 1) % 7 and at < self.closes


def read(text: str) -> list[Hours]:
    """Hours as a colleague writes them: "Mon-Fri 22:00-05:00, Sat 00:00-24:00". Raises ValueError."""
    return [one for part in text.split(",") if part.strip() for one in _part(part.strip())]


def _part(text: str) -> list[Hours]:
    days, _, times = text.partition(" ")
    first, _, last = days.partition("-")
    opens, sign, closes = times.strip().partition("-")
    if not sign:
        raise ValueError("hours begin and end")
    one, other = _day(first), _day(last or first)
    count = (other - one) % 7 + 1
    return [Hours((one + turn) % 7, _time(opens), _time(closes)) for turn in range(count)]


def _day(text: str) -> int:
    return DAYS.index(text.strip().casefold()[:3])


def _time(text: str) -> time:
    if text.strip() == "24:00":
        return time()
    return time.fromisoformat(text.strip())


def is_open(hours: Sequence[Hours], zone: str, now: datetime) -> bool:
    """Whether work may be done at a moment. No hours: always."""
    return not hours or any(one.holds(now.astimezone(ZoneInfo(zone))) for one in hours)


def next_opening(hours: Sequence[Hours], zone: str, now: datetime) -> datetime:
    """The first moment from `now` on at which work may be done, in UTC. A window whose beginning falls into an hour that the
    clocks skip opens when they have skipped it; one that lies in it wholly opens the week after.
    """
    if is_open(hours, zone, now):
        return now.astimezone(UTC)
    place = ZoneInfo(zone)
    today, found = now.astimezone(place).date(), list[datetime]()
    for ahead in range(16):  # two weeks: a window may be skipped once
        for one in (each for each in hours if each.weekday == (today + timedelta(days=ahead)).weekday()):
            for fold in (0, 1):  # an hour that the clocks repeat holds it twice
                day = datetime.combine(today + timedelta(days=ahead), one.opens, place)
                found += _first(one, place, day.replace(fold=fold).astimezone(UTC), now)
        if found and ahead:
            break  # yesterday's and today's openings are among them; a later day cannot be earlier
    return min(found)


def _first(hours: Hours, place: ZoneInfo, opens: datetime, now: datetime) -> list[datetime]:
    """The opening, or the first moment of the window within three hours of it: as long as clock changes take."""
    moments = (opens + turn * STEP for turn in range(180))
    return [one for one in moments if one > now and hours.holds(one.astimezone(place))][:1]
