"""Each night every schedule is counted: what is past its date, and what explains it; statistics are kept before rows go."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from audit import assurance
from audit.models import Event
from connectors import holds
from inventory.models import System
from retention import cells, nights, runs, summaries, tasks
from retention.models import Night, Run, Schedule, Summary, SummaryCell
from tests.connectors.shop import ANNA, Shop, person, visits
from tests.retention.builders import TODAY, days, grace_over, proposed, work

pytestmark = pytest.mark.django_db
NIGHT = TODAY  # rows before 11 January are past their six months: ten of each of three people


def test_a_night_says_how_many_are_past_their_date_and_what_explains_them(shop: Shop, schedule, staff) -> None:
    night = nights.count(schedule, NIGHT)
    assert (night.past, night.unexplained, night.total, night.undated) == (30, 30, 75, 0)
    assert (night.cutoff_on, night.oldest_on, night.fault) == (date(2026, 1, 11), date(2026, 1, 1), "")
    holds.place(person(ANNA), matter="case-7", reason="Claim", review_on=date(2027, 1, 1), by=staff.nora)
    run = proposed(schedule)
    again = nights.count(schedule, NIGHT)
    assert again.tries == 1, "a night is counted once"
    Night.objects.all().delete()
    again = nights.count(schedule, NIGHT)
    assert (again.past, again.held, again.waiting, again.in_grace, again.unexplained) == (30, 10, 20, 0, 0)
    runs.approve(run, by=staff.paul, rows=20)
    third = nights.count(schedule, NIGHT + timedelta(days=1))
    assert (third.past, third.held, third.in_grace, third.unexplained) == (33, 11, 20, 2), (
        "what was due since is in no run"
    )
    grace_over(run)
    work()
    done = nights.count(schedule, NIGHT + timedelta(days=2))
    assert (done.past, done.held, done.in_grace, done.unexplained) == (16, 12, 0, 4)


def test_a_night_is_counted_once_and_not_before_two_o_clock(shop: Shop, schedule, settings) -> None:
    settings.ESTABLISHMENT_TIME_ZONE = "America/Los_Angeles"
    early, late = datetime(2026, 7, 11, 8, 59, tzinfo=UTC), datetime(2026, 7, 11, 9, 1, tzinfo=UTC)
    assert nights.count_nights(early) == 0, "one minute to two in Los Angeles"
    assert nights.count_nights(late) == 1 and nights.count_nights(late) == 0
    assert Night.objects.get().day == date(2026, 7, 11)
    assert nights.count(schedule, date(2026, 7, 11)).tries == 1
    assert Event.objects.filter(name="night.counted").count() == 1
    assert nights.count_nights(late + timedelta(days=1)) == 1 and Night.objects.count() == 2


def test_what_cannot_be_counted_says_so_and_is_tried_again(shop: Shop, schedule) -> None:
    now = timezone.now()
    System.objects.get(key="shop").connection.delete()
    night = nights.count(schedule, nights.night_of(now) or timezone.localdate())
    assert "no connection" in night.fault and night.tries == 1
    assert nights.to_count(now) == [], "not at once"
    if nights.night_of(now + timedelta(hours=1, minutes=1)) == night.day:
        assert nights.to_count(now + timedelta(hours=1, minutes=1)) == [schedule]
    Night.objects.update(tries=3)
    assert nights.to_count(now + timedelta(hours=2)) == [] or nights.night_of(now + timedelta(hours=2)) != night.day


def run_check(key: str) -> bool:
    return next(one for one in assurance.checks() if one.key == key).run().ok


def test_the_checks_are_red_on_rows_past_their_date_and_on_a_night_that_was_not_counted(shop, schedule, staff) -> None:
    assert not run_check("retention.counted"), "no night yet"
    today = timezone.localdate()
    nights.count(schedule, today)
    assert run_check("retention.counted") and not run_check("retention.nothing_past")
    shop.do(visits.delete())
    Night.objects.all().delete()
    nights.count(schedule, today)
    assert run_check("retention.nothing_past")
    assert not run_check("retention.versioned"), "it stands on no version"


def test_the_series_goes_out_as_csv(shop: Shop, schedule, django_assert_num_queries) -> None:
    for ahead in range(3):
        nights.count(schedule, NIGHT + timedelta(days=ahead))
    with django_assert_num_queries(1):
        lines = list(nights.as_csv(Night.objects.all()))
    assert (
        lines[0].startswith("schedule,day,cutoff")
        and len(lines) == 4
        and lines[1].startswith("visits,2026-07-11,2026-01-11,75,30")
    )


def test_the_tasks_are_doors(shop: Shop, schedule) -> None:
    assert tasks.count_nights() in (0, 1) and tasks.sweep_summaries() == 0
    assert tasks.remember_erased() == 0 and tasks.look_for_revived() == 0


# ---------------------------------------------------------------- statistics that stay


def test_statistics_are_counted_before_the_rows_go_and_stay(shop: Shop, schedule, staff) -> None:
    Schedule.objects.update(group_by="seen_on:month, account_id", sum_of="id", smallest=3)
    holds.place(person(ANNA), matter="case-7", reason="Claim", review_on=date(2027, 1, 1), by=staff.nora)
    run = runs.approve(proposed(Schedule.objects.get()), by=staff.paul, rows=20)
    grace_over(run)
    runs.advance(run.pk)
    assert Run.objects.get(pk=run.pk).state == "approved" and len(days(shop)) == 75, "counted first"
    [pk] = summaries.waiting()
    assert summaries.sum_up(pk) and summaries.sum_up(pk), "twice is once"
    work()
    assert Run.objects.get(pk=run.pk).state == "done" and len(days(shop)) == 55
    row = Summary.objects.get()
    assert (row.rows, row.merged, row.cells.count()) == (20, 0, 2), "the held person's rows stayed"
    cell = row.cells.get(group__account_id=2)
    assert cell.group == {"seen_on (month)": "2026-01", "account_id": 2} and cell.rows == 10
    assert cell.sums["id"] == sum(range(26, 36))
    assert summaries.waiting() == [] and Event.objects.filter(name="run.summed_up").count() == 1


def test_statistics_of_a_run_that_is_counted_anew_are_dropped(shop: Shop, schedule, staff) -> None:
    Schedule.objects.update(group_by="account_id")
    run = runs.approve(proposed(Schedule.objects.get()), by=staff.paul, rows=30)
    grace_over(run)
    runs.advance(run.pk)
    summaries.sum_up(summaries.waiting()[0])
    shop.do(visits.insert(), [{"account_id": 2, "ip": "192.0.2.9", "seen_on": date(2025, 12, 1)}])
    work()
    again = Run.objects.get(pk=run.pk)
    assert (again.state, again.rows) == ("proposed", 31)
    runs.approve(again, by=staff.paul, rows=31)
    grace_over(run)
    runs.advance(run.pk)
    assert not SummaryCell.objects.exists()
    summaries.sum_up(summaries.waiting()[0])
    work()
    assert Summary.objects.get().rows == 31 and len(days(shop)) == 45


def test_statistics_by_a_field_that_is_not_there_hold_the_run_and_say_why(shop: Shop, schedule, staff) -> None:
    Schedule.objects.update(group_by="nowhere")
    run = runs.approve(proposed(Schedule.objects.get()), by=staff.paul, rows=30)
    grace_over(run)
    runs.advance(run.pk)
    assert not summaries.sum_up(summaries.waiting()[0])
    work()
    run = Run.objects.get(pk=run.pk)
    assert run.state == "approved" and "no column nowhere" in run.note and len(days(shop)) == 75


@pytest.mark.parametrize(
    ("groups", "cells_left", "merged"),
    [
        ({"a": 20, "b": 15}, {"('a',)": 20, "('b',)": 15}, 0),
        ({"a": 20, "b": 3, "c": 8}, {"('a',)": 20, "None": 11}, 2),
        ({"a": 20, "b": 15, "c": 2}, {"('a',)": 20, "None": 17}, 2),
        ({"a": 4, "b": 5}, {}, 2),
        ({"a": 20, "b": 1}, {"None": 21}, 2),
        ({}, {}, 0),
    ],
)
def test_small_cells_never_stand_alone(groups, cells_left, merged) -> None:
    kept, together = cells.merged({(key,): (rows, (1.0,)) for key, rows in groups.items()}, 10)
    assert {str(one.values): one.rows for one in kept} == cells_left and together == merged
    assert all(one.rows >= 10 for one in kept)
