"""Runs that go by themselves within limits, and runs that are too large for one person."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Event
from audit.refusal import Refused
from connectors.models import Authorisation
from retention import limits, runs
from retention.judging import Bounds, Past, automatic, unusual
from retention.models import Limits, Run, Schedule
from tests.connectors.shop import Shop
from tests.retention.builders import counted, days, grace_over, proposed, work

FINE = [Past(1000, True, True)] * 5
WIDE = {"most_rows": 100, "most_percent": Decimal(60), "manual_runs": 3, "growth": Decimal(2)}


@pytest.mark.parametrize(
    ("rows", "of_rows", "past", "said"),
    [
        (1000, 100_000, FINE, ""),
        (10_001, 10**7, FINE, "limit of 10,000"),
        (1000, 10_000, FINE, "10.00 % of the collection"),
        (1000, None, FINE, "not known"),
        (1000, 100_000, FINE[:2], "3 are needed"),
        (1000, 100_000, [Past(1000, False, True)] * 5, "3 are needed"),
        (1000, 100_000, [Past(0, True, True)] * 5, "3 are needed"),
        (1501, 100_000, FINE, "1.5 times"),
        (1000, 100_000, [Past(1000, True, False), *FINE], "undone"),
    ],
)
def test_what_may_go_by_itself(rows: int, of_rows: int | None, past: list[Past], said: str) -> None:
    assert said in automatic(Bounds(), rows, of_rows, past) and bool(said) == bool(
        automatic(Bounds(), rows, of_rows, past)
    )


@pytest.mark.parametrize(
    ("rows", "of_rows", "past", "said"),
    [
        (3000, 100_000, FINE, ""),
        (3001, 100_000, FINE, "times the usual 1,000"),
        (3001, 100_000, FINE[:2], ""),
        (600, 1000, [], "60 % of the collection"),
        (99, 100, FINE, ""),
        (10**9, None, [], ""),
    ],
)
def test_what_is_unusual(rows: int, of_rows: int | None, past: list[Past], said: str) -> None:
    assert said in unusual(Bounds(), rows, of_rows, past) and bool(said) == bool(unusual(Bounds(), rows, of_rows, past))


@given(
    st.integers(1, 10**9),
    st.integers(1, 10**10),
    st.lists(st.builds(Past, st.integers(0, 10**6), st.booleans(), st.booleans())),
)
def test_what_goes_by_itself_is_always_within_each_limit(rows: int, of_rows: int, past: list[Past]) -> None:
    if automatic(Bounds(), rows, of_rows, past):
        return
    assert rows <= 10_000 and rows * 20 <= of_rows and all(one.fine for one in past[:5])
    assert sum(one.by_hand and one.fine for one in past) >= 3
    assert rows <= 1.5 * max(one.rows for one in past[:5])


@pytest.fixture
def bounded(schedule: Schedule, staff: SimpleNamespace) -> Limits:
    """Limits that Paul granted, after three runs of 25 rows that were fine."""
    counted(25, 25, 25, schedule=schedule, by=staff.paul)
    made = Limits.objects.create(schedule=schedule, **WIDE)
    limits.grant(made, by=staff.paul)
    return made


@pytest.mark.django_db
def test_a_run_within_its_limits_goes_by_itself_in_the_name_of_who_granted_them(
    shop: Shop, schedule: Schedule, staff: SimpleNamespace, bounded: Limits
) -> None:
    run = proposed(schedule)
    assert (run.state, run.automatic, run.approved_by) == ("approved", True, staff.paul)
    event = Event.objects.get(name="run.approved")
    assert event.actor == "worker:retention.runs" and event.facts["granted_by"] == f"staff:{staff.paul.pk}"
    grace_over(run)
    work()
    done = Run.objects.get(pk=run.pk)
    assert done.state == "done" and done.certificate["automatic"] and len(days(shop)) == 45
    assert Authorisation.objects.get().approved_by == staff.paul


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"most_rows": 29}, "limit of 29"),
        ({"most_percent": Decimal(39)}, "40.00 %"),
        ({"manual_runs": 4}, "4 are needed"),
        ({"growth": Decimal("1.1")}, "1.1 times"),
    ],
)
def test_a_run_beyond_a_limit_waits_for_a_person_and_says_why(
    schedule: Schedule, bounded: Limits, change, said
) -> None:
    Limits.objects.update(**change)
    run = proposed(schedule)
    assert run.state == "proposed" and said in run.note and not run.automatic


@pytest.mark.django_db
def test_limits_are_granted_by_another_than_the_author_and_taken_back_in_the_grace(
    shop: Shop, schedule: Schedule, staff: SimpleNamespace, bounded: Limits
) -> None:
    for who, code in ((staff.nora, "own_schedule"), (staff.ole, "not_allowed")):
        with pytest.raises(Refused) as refused:
            limits.grant(bounded, by=who)
        assert refused.value.code == code
    run = proposed(schedule)
    limits.withdraw(bounded, by=staff.nora)
    grace_over(run)
    work()
    back = Run.objects.get(pk=run.pk)
    assert back.state == "proposed" and back.approved_by is None and "taken back" in back.note and len(days(shop)) == 75
    with pytest.raises(IntegrityError), transaction.atomic():
        Limits.objects.update(granted_by=staff.paul)
    Schedule.objects.update(author=staff.paul)
    Limits.objects.update(granted_by=staff.paul, granted_at=timezone.now())
    runs.cancel(back, by=staff.nora)
    assert proposed(schedule).state == "proposed", "whoever granted them is the author now"


@pytest.mark.django_db
def test_an_unusual_run_needs_two_people_and_a_reason(
    shop: Shop, schedule: Schedule, staff: SimpleNamespace, bounded: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retention.judging.FEW_ROWS", 1)
    Run.objects.update(rows=5)
    run = proposed(schedule)
    assert run.state == "proposed" and "times the usual 5" in run.unusual and not run.automatic
    with pytest.raises(Refused) as refused:
        runs.approve(run, by=staff.paul, rows=30)
    assert refused.value.code == "reason_missing"
    run = runs.approve(run, by=staff.paul, rows=30, reason="The backlog of the old shop.")
    assert run.state == "proposed" and run.first_by == staff.paul
    with pytest.raises(Refused) as refused:
        runs.approve(run, by=staff.paul, rows=30)
    assert refused.value.code == "same_person"
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(state="approved", approved_by=staff.paul)
    run = runs.approve(run, by=staff.rosa, rows=30)
    grace_over(run)
    work()
    paper = Run.objects.get(pk=run.pk).certificate
    assert paper["first_approved_by"] == staff.paul.pk and paper["approved_by"] == staff.rosa.pk
    assert paper["reason"] == "The backlog of the old shop." and len(days(shop)) == 45


@pytest.mark.django_db
def test_more_than_half_of_a_collection_is_unusual(shop: Shop, schedule: Schedule, monkeypatch) -> None:
    monkeypatch.setattr("retention.judging.FEW_ROWS", 1)
    run = runs.propose(schedule, actor=runs.CONDUCTOR, today=runs.today(timezone.now()) + timedelta(days=400))
    work()
    run = Run.objects.get(pk=run.pk)
    assert run.rows == 75 and run.of_rows == 75 and "100 % of the collection" in run.unusual
