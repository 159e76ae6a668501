"""Retention works in the hours and at the pace of a system, and rests where it is slow."""

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from connectors import engine, hours, throttling
from connectors.hours import Hours, is_open, next_opening
from connectors.models import Throttle, WorkOrder
from inventory.models import System
from tests.connectors.test_dated import approved, counted, left

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
NIGHTS = hours.read("Mon-Fri 22:00-05:00, Sat-Sun 00:00-24:00")
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
WINDOWS = st.lists(st.builds(Hours, st.integers(0, 6), TIMES, TIMES), min_size=1, max_size=3)
MOMENTS = st.integers(0, 330_000).map(lambda one: datetime(2026, 3, 20, tzinfo=UTC) + timedelta(minutes=one))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-27 21:59", False),  # a Friday in Berlin, an hour ahead of UTC
        ("2026-11-27 22:00", True),
        ("2026-11-28 04:00", True),
        ("2026-11-29 23:59", True),
        ("2026-11-30 00:00", False),
        ("2026-12-01 04:59", True),
        ("2026-12-01 05:00", False),
    ],
)
def test_hours_over_midnight_and_whole_days(moment: str, expected: bool) -> None:
    here = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert is_open(NIGHTS, "Europe/Berlin", here.astimezone(UTC)) is expected


def test_no_hours_are_all_hours() -> None:
    assert is_open([], "UTC", datetime(2026, 1, 1, tzinfo=UTC)) and hours.read("") == []


@pytest.mark.parametrize("words", ["Mon", "Xyz 22:00-05:00", "Mon 22:00", "Mon 25:00-26:00", "22:00-05:00"])
def test_hours_that_cannot_be_read_are_refused(words: str) -> None:
    with pytest.raises(ValidationError):
        Throttle(hours=words).clean_fields(exclude=["system"])


@given(WINDOWS, ZONES, MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(windows: list[Hours], zone: str, now: datetime) -> None:
    opens = next_opening(windows, zone, now)
    assert opens >= now and is_open(windows, zone, opens)
    for turn in range(60):  # some moments between
        between = now + (opens - now) * turn / 60
        if between < opens:
            assert (
                not is_open(windows, zone, between.replace(second=0, microsecond=0)) or between.replace(second=0) <= now
            )


def gait(**said: Any) -> throttling.Gait:
    return throttling.Gait(Throttle(**said), SimpleNamespace(), sleep=lambda seconds: None)  # type: ignore[arg-type]


def test_rests_follow_the_rate_the_pause_and_a_slow_system() -> None:
    assert gait(rows_per_second=1000).rest(500, 0.1) == pytest.approx(0.4)
    assert gait(rows_per_second=1000).rest(500, 0.6) == 0
    assert gait(pause_ms=250).rest(500, 0.1) == 0.25
    slow = gait(slow_ms=500)
    assert [slow.rest(1, 1.0) for _ in range(4)] == [1.0, 2.0, 4.0, 4.0] and slow.rest(1, 0.1) == 0
    assert throttling.Gait(None, SimpleNamespace()).rest(10**6, 100) == 0  # type: ignore[arg-type]


def test_a_replica_that_is_behind_makes_it_wait() -> None:
    behind = throttling.Gait(Throttle(lag_seconds=10), SimpleNamespace(lag=lambda: 11.0))  # type: ignore[arg-type]
    assert behind.stops() and behind.why == "a replica is behind"
    for lag in (None, 9.0):
        assert not throttling.Gait(Throttle(lag_seconds=10), SimpleNamespace(lag=lambda lag=lag: lag)).stops()  # type: ignore[arg-type]


def test_outside_its_hours_nothing_goes_and_the_order_says_until_when(logs: Any) -> None:
    system = System.objects.get(key="crm")
    tomorrow = (timezone.now() + timedelta(days=2)).strftime("%a")
    throttle = Throttle.objects.create(system=system, hours=f"{tomorrow} 01:00-02:00")
    order = approved(counted())
    run(order)
    assert order.state == "open" and "outside its hours until" in order.park_reason and len(left(logs)) == 400
    assert order.next_try_at is not None and order.next_try_at.astimezone(UTC).hour == 1 and order.attempts == 0
    Throttle.objects.update(hours="")
    WorkOrder.objects.update(next_try_at=None)
    run(order)
    assert order.state == "done" and order.park_reason == "" and throttle.pk


def test_a_ceiling_makes_small_chunks_and_long_rests(logs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Throttle.objects.create(system=System.objects.get(key="crm"), rows_per_second=10)
    batch = counted()
    assert max(one.rows for one in batch.findings.get().chunks.all()) <= 15
    slept: list[float] = []
    monkeypatch.setattr(throttling.Gait.__init__, "__defaults__", (slept.append,))
    monkeypatch.setattr(throttling, "MOST_SLEEP", 1.2)
    order = approved(batch)
    for _ in range(60):
        run(order)
        WorkOrder.objects.update(next_try_at=None)
    assert order.state == "done" and len(left(logs)) == 181 and slept and max(slept) <= 1.2


def run(order: WorkOrder) -> None:
    engine.run(order.pk)
    order.refresh_from_db()
