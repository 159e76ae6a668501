"""A run on the desk: followed, paused, ended; limits and throttles; what will go when."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connectors.models import RowHold, Throttle, WorkOrder
from inventory.models import System
from retention import coming, limits, runs
from retention.models import Limits, Run, Schedule
from tests.connectors.shop import Shop
from tests.retention.builders import TODAY, days, first_chunk, grace_over, proposed, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(staff: SimpleNamespace) -> Client:
    """Paul's browser, who may do everything."""
    staff.paul.is_staff = staff.paul.is_superuser = True
    staff.paul.save()
    client = Client()
    client.force_login(staff.paul, backend="django.contrib.auth.backends.ModelBackend")
    return client


def press(client: Client, noun: Any, verb: str, **given: str) -> Any:
    label = f"{noun._meta.app_label}_{noun._meta.model_name}"
    return client.post(reverse(f"admin:{label}_do", args=(noun.pk, verb)), given, follow=True)


def test_a_run_is_approved_followed_paused_and_ended_on_its_page(
    shop: Shop, schedule: Schedule, boss: Client, settings: Any
) -> None:
    settings.CHUNK_ROWS = 10
    run = proposed(schedule)
    page = reverse("admin:retention_run_change", args=(run.pk,))
    assert "Approve" in boss.get(page).content.decode()
    press(boss, run, "approve", rows="30")
    grace_over(run)
    runs.advance(run.pk)
    first_chunk(WorkOrder.objects.get(operation="erase"))
    seen = boss.get(page).content.decode()
    assert "10 of 30 rows are gone; 20 are left." in seen and "data-progress" in seen
    found = boss.get(reverse("admin:retention_run_progress", args=(run.pk,))).json()
    line = found["lines"][-1]
    assert (line["done"], line["planned"], line["state"]) == (10, 30, "running")
    press(boss, run, "pause")
    assert WorkOrder.objects.get(operation="erase").state == "parked"
    press(boss, run, "resume")
    answer = press(boss, run, "end")
    assert "Ended." in answer.content.decode() and len(days(shop)) == 65
    assert Run.objects.get(pk=run.pk).state == "cancelled"


def test_a_number_is_read_as_the_page_writes_it_and_nothing_typed_is_cut(schedule: Schedule, boss: Client) -> None:
    run = proposed(schedule)
    for rows, reason, words in (
        ("9" * 5000, "", "20 characters are the most"),
        ("30", "x" * 301, "300 characters are the most"),
    ):
        url = reverse("admin:retention_run_do", args=(run.pk, "approve"))
        answer = boss.post(url, {"rows": rows, "reason": reason})
        page = answer.content.decode()
        assert answer.status_code == 422 and words in page and f'value="{rows}"' in page
    assert "Approved." in press(boss, run, "approve", rows="3,0").content.decode()
    title = boss.get(reverse("admin:retention_run_change", args=(run.pk,))).content.decode()
    assert f"{schedule.title}, before " in title


def test_cancelling_from_a_page_that_was_opened_before_it_began_says_that_rows_may_be_gone(
    shop: Shop, schedule: Schedule, boss: Client, settings: Any
) -> None:
    settings.CHUNK_ROWS = 10
    run = proposed(schedule)
    press(boss, run, "approve", rows="30")
    grace_over(run)
    runs.advance(run.pk)
    first_chunk(WorkOrder.objects.get(operation="erase"))
    page = boss.get(reverse("admin:retention_run_change", args=(run.pk,))).content.decode()
    assert "do/pause/" in page and "do/resume/" not in page, "nothing is paused yet"
    said = press(boss, run, "cancel").content.decode()
    assert "nothing was erased" not in said and "What was gone by then is on the certificate" in said


def test_following_a_run_takes_few_queries_and_is_for_who_may_see_runs(
    schedule: Schedule, staff: SimpleNamespace, boss: Client, django_assert_max_num_queries: Any
) -> None:
    run = proposed(schedule)
    url = reverse("admin:retention_run_progress", args=(run.pk,))
    with django_assert_max_num_queries(12):
        assert boss.get(url).status_code == 200
    staff.ole.is_staff = True
    staff.ole.save()
    ole = Client()
    ole.force_login(staff.ole, backend="django.contrib.auth.backends.ModelBackend")
    for one in (url, reverse("admin:retention_run_calendar")):
        assert ole.get(one).status_code == 403
    staff.ole.user_permissions.add(Permission.objects.get(codename="view_run"))
    assert ole.get(url).status_code == 200 and ole.post(url).status_code == 405


def test_the_calendar_shows_what_the_last_count_saw(
    shop: Shop, schedule: Schedule, boss: Client, django_assert_num_queries: Any
) -> None:
    assert coming.calendar(TODAY, coming.weeks(TODAY))[0].due is None
    proposed(schedule)
    ends = coming.weeks(TODAY)
    with django_assert_num_queries(2):
        (row,) = coming.calendar(TODAY, ends)
    assert (row.due, row.held) == (30, 0)
    # 75 visits, three a day until 25 January: from 11 to 17 January 21 in the first week, and 21 and 3 afterwards.
    assert row.spans[:3] == [21, 21, 3] and set(row.spans[3:]) == {0}
    assert coming.calendar(TODAY, coming.months(TODAY))[0].spans[:2] == [45, 0]
    assert coming.calendar(TODAY + timedelta(days=800), coming.weeks(TODAY + timedelta(days=800)))[0].spans[0] is None
    for by in ("week", "month"):
        assert "Visits" in boss.get(reverse("admin:retention_run_calendar"), {"by": by}).content.decode()


def test_an_edit_takes_a_grant_back(schedule: Schedule, boss: Client, staff: SimpleNamespace) -> None:
    made = Limits.objects.create(schedule=schedule)
    press(boss, made, "grant")
    made.refresh_from_db()
    assert made.granted_by == staff.paul
    form = {"most_rows": 5, "most_percent": 5, "manual_runs": 3, "growth": 2, "last_runs": 5, "usual_factor": 3,
            "unusual_percent": 50}  # fmt: skip
    boss.post(reverse("admin:retention_limits_change", args=(made.pk,)), form)
    made.refresh_from_db()
    assert made.most_rows == 5 and made.granted_by is None
    limits.grant(made, by=staff.paul)
    press(boss, made, "withdraw")
    made.refresh_from_db()
    assert made.granted_by is None


def test_a_throttle_and_a_hold_on_rows_are_written_on_the_desk(shop: Shop, schedule: Schedule, boss: Client) -> None:
    system = System.objects.get()
    form = {"system": system.pk, "hours": "Mon 99:00-05:00", "zone": "Mars", "pause_ms": 0, "slow_ms": 1000}
    answer = boss.post(reverse("admin:connectors_throttle_add"), form)
    assert "Write the hours like this" in answer.content.decode() and "no time zone" in answer.content.decode()
    boss.post(reverse("admin:connectors_throttle_add"), form | {"hours": "Mon 22:00-05:00", "zone": "Europe/Berlin"})
    assert Throttle.objects.get().hours == "Mon 22:00-05:00"
    hold = {"system": system.pk, "collection": schedule.collection.pk, "field": "account_id", "wanted": "", "matter": "case",
            "reason": "claim", "review_on": date(2030, 1, 1)}  # fmt: skip
    answer = boss.post(reverse("admin:connectors_rowhold_add"), hold)
    assert "values, or neither" in answer.content.decode() and not RowHold.objects.exists()
    boss.post(reverse("admin:connectors_rowhold_add"), hold | {"wanted": "1\n2"})
    made = RowHold.objects.get()
    assert made.values == ["1", "2"] and made.placed_at <= timezone.now()
    press(boss, made, "ask", reason="Settled.")
    made.refresh_from_db()
    assert made.release_asked_by is not None and made.released_at is None
    work(1)
