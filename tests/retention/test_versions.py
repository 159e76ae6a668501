"""A schedule changes by versions: one person writes, another approves, and what was published is never altered."""

import re
from datetime import date
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone, translation

from audit.models import Event
from audit.refusal import Refused
from inventory.models import Collection, Field
from retention import (
    actions,
    anonymity,
    assurance_checks,
    conflicts,
    immutable,
    library,
    phrases,
    runs,
    scopes,
    simulation,
    versions,
)
from retention.conflicts import Claimant
from retention.models import Run, Schedule, ScheduleVersion
from tests.connectors.shop import visits
from tests.consent.builders import CLERK, colleague
from tests.retention.builders import TODAY, grace_over, proposed, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(db: None) -> SimpleNamespace:
    """Nora writes schedules and may approve others'; so may Paul; Ole may nothing."""
    both = ("retention.change_schedule", "retention.approve_scheduleversion", "retention.approve_run")
    return SimpleNamespace(nora=colleague("nora", *both), paul=colleague("paul", *both), ole=colleague("ole"))


def terms(**more):
    return {
        "title": "Visits", "collection": Collection.objects.get(name="visits"), "period": 6, "unit": "months",
        "reason": "Longer than that, nobody looks at them.",
    } | more  # fmt: skip


def in_force(team, key="visits", **more) -> Schedule:
    return versions.approve(versions.start(key=key, by=team.nora, **terms(**more)), by=team.paul)


def test_a_new_schedule_holds_only_after_somebody_else_approved_it(shop, team) -> None:
    version = versions.start(key="visits", by=team.nora, **terms())
    schedule = version.schedule
    assert not schedule.active and version.stands == "Waits for approval" and runs.due(timezone.now()) == []
    for by, code in ((team.nora, "own_version"), (team.ole, "not_allowed")):
        with pytest.raises(Refused) as refused:
            versions.approve(version, by=by)
        assert refused.value.code == code
    schedule = versions.approve(version, by=team.paul)
    assert schedule.active and schedule.version_id == version.pk and runs.due(timezone.now()) == [schedule]
    assert proposed(schedule).version_id == version.pk
    names = list(Event.objects.filter(name__startswith="schedule.").values_list("name", flat=True))
    assert names == ["schedule.drafted", "schedule.proposed", "schedule.in_force"]


def test_the_database_refuses_a_version_approved_by_its_author_and_a_change_of_a_published_one(shop, team) -> None:
    version = versions.start(key="visits", by=team.nora, **terms())
    for approver in (team.nora, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            ScheduleVersion.objects.filter(pk=version.pk).update(published_at=timezone.now(), approved_by=approver)
    versions.approve(version, by=team.paul)
    assert immutable.installed(connection)
    for change in ({"period": 1}, {"reason": "x"}, {"approved_by": None}):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            ScheduleVersion.objects.filter(pk=version.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Schedule.objects.update(version=None)
        ScheduleVersion.objects.filter(pk=version.pk)._raw_delete("default")
    with pytest.raises(Refused) as refused:
        versions.rewrite(version, by=team.nora, period=1)
    assert refused.value.code == "version_fixed"


def test_a_change_takes_effect_when_it_is_approved_and_ends_the_run_by_the_old_terms(shop, team) -> None:
    schedule = in_force(team)
    run = runs.approve(proposed(schedule), by=team.paul, rows=30)
    draft = versions.draft(schedule, by=team.nora, period=3)
    assert (draft.number, draft.stands) == (2, "Draft") and Schedule.objects.get().period == 6
    with pytest.raises(Refused) as refused:
        versions.draft(schedule, by=team.paul)
    assert refused.value.code == "draft_conflict"
    with pytest.raises(Refused) as refused:
        versions.approve(draft, by=team.paul)
    assert refused.value.code == "not_proposed"
    versions.propose_version(draft, by=team.nora)
    versions.rewrite(draft, by=team.paul, period=4)  # whoever writes last is the author, and it is a draft again
    versions.propose_version(draft, by=team.paul)
    with pytest.raises(Refused):
        versions.approve(draft, by=team.paul)
    assert versions.runs_before(draft) == 1
    versions.approve(draft, by=team.nora)
    assert Schedule.objects.get().period == 4 and Schedule.objects.get().author == team.paul
    first = ScheduleVersion.objects.get(number=1)
    assert (first.stands, first.period) == ("Replaced", 6)
    grace_over(run)
    work()
    assert Run.objects.get(pk=run.pk).state == "cancelled"
    assert versions.differing() == [] and versions.unapproved() == 0


def test_a_draft_can_be_withdrawn_and_another_be_written(shop, team) -> None:
    schedule = in_force(team)
    draft = versions.withdraw(versions.draft(schedule, by=team.nora, period=1), by=team.nora)
    assert draft.stands == "Withdrawn" and Schedule.objects.get().period == 6
    assert versions.draft(schedule, by=team.nora).number == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"period": 30000, "unit": "years"}, "schedule_period"),
        ({"dates": "nothing"}, "not_dated"),
        ({"trigger": "withdrawn"}, "not_dated"),
        ({"action": "archive"}, "action_unavailable"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_before_it_is_in_force(shop, team, change, code, monkeypatch) -> None:
    monkeypatch.delitem(actions.OPERATIONS, "archive")
    with pytest.raises(Refused) as refused:
        versions.start(key="visits", by=team.nora, **terms(**change))
    assert refused.value.code == code and not ScheduleVersion.objects.exists() and not Schedule.objects.exists()


def test_a_sealed_archive_can_be_chosen_once_it_registers_itself(shop, team, monkeypatch) -> None:
    monkeypatch.setattr(actions, "OPERATIONS", dict(actions.OPERATIONS))
    actions.register("archive", "archive")
    assert in_force(team, action="archive").active


def test_rows_are_anonymised_where_the_schedule_says_so(shop, team) -> None:
    Field.objects.filter(name="seen_on").update(category=None)  # what dates a row must stay
    schedule = in_force(team, action="anonymise")
    run = runs.approve(proposed(schedule), by=team.paul, rows=30)
    grace_over(run)
    work()
    anonymity.check(run.pk)
    work()
    run = Run.objects.get(pk=run.pk)
    assert run.state == "running" and "fields still link rows to each other" in run.note
    anonymity.accept(run, by=team.paul, reason="The account number stays for the books.")
    work()
    run = Run.objects.get(pk=run.pk)
    assert run.state == "done" and run.terms.endswith("anonymise") and len(shop.rows(visits)) == 75


def test_switching_off_needs_one_person_and_on_an_approved_version(shop, team) -> None:
    schedule = versions.switch(in_force(team), active=False, by=team.nora)
    assert not schedule.active
    assert versions.switch(schedule, active=True, by=team.nora).active
    Schedule.objects.update(version=None, active=False)
    with pytest.raises(Refused) as refused:
        versions.switch(schedule, active=True, by=team.nora)
    assert refused.value.code == "not_approved"


# ---------------------------------------------------------------- conflicts


@pytest.mark.parametrize(
    ("rows", "winner", "why"),
    [
        ([("need", 1, "years"), ("duty", 6, "years")], 1, "goes before a business need"),
        ([("duty", 6, "years"), ("duty", 10, "years")], 1, "the longer one holds"),
        ([("duty", 6, "years"), ("need", 10, "years")], 0, "goes before a business need"),
        ([("need", 24, "months"), ("need", 1, "years")], 1, "the shorter time holds"),
        ([("limit", 13, "months"), ("need", 2, "years")], 0, "goes before a business need"),
        ([("claims", 3, "years"), ("consent", 1, "months")], 0, "goes before consent"),
        ([("need", 12, "months"), ("need", 1, "years")], 0, "one of them is enough"),
    ],
)
def test_of_two_schedules_of_the_same_rows_one_holds_and_the_other_says_why(rows, winner, why) -> None:
    claims = [Claimant(turn, f"S{turn}", *row) for turn, row in enumerate(rows)]
    won, lost = conflicts.settle(claims)
    assert won.key == winner and [one.loser.key for one in lost] == [1 - winner] and why in lost[0].why
    assert conflicts.settle(claims[::-1])[0].key == winner, "whatever the order"


def test_a_schedule_that_is_overruled_erases_nothing_and_is_not_late(shop, team) -> None:
    short = in_force(team)
    long = in_force(team, key="tax", title="Tax", period=10, unit="years", basis="duty", cite="AO §147")
    assert runs.due(timezone.now()) == [long]
    with pytest.raises(Refused, match="“Tax” holds") as refused:
        runs.propose(short, actor=CLERK, today=TODAY)
    assert refused.value.code == "overruled" and not Run.objects.exists()
    versions.switch(long, active=False, by=team.nora)
    assert scopes.overruled() == {} and proposed(short).rows == 30


# ---------------------------------------------------------------- what a change would do


def test_a_change_is_counted_for_today_and_each_month_before_it_is_in_force(shop, team) -> None:
    schedule = in_force(team)
    draft = versions.draft(schedule, by=team.nora, period=5)
    seen = simulation.ahead(draft, TODAY)
    assert [(one.now, one.then) for one in seen.months[:3]] == [(30, 75), (75, 75), (75, 75)]
    assert len(seen.months) == 13 and seen.months[0].more == 45 and (seen.total, seen.undated) == (75, 0)
    assert not Run.objects.exists()
    first = versions.start(key="other", by=team.nora, **terms(title="Other"))
    assert simulation.ahead(first, TODAY).months[0].now is None
    Collection.objects.filter(name="visits").update(dated_by="")
    draft = ScheduleVersion.objects.get(pk=draft.pk)
    assert "dates" in simulation.ahead(draft, TODAY).fault


# ---------------------------------------------------------------- from the end of the year


def test_what_the_law_counts_from_the_end_of_the_year_stays_until_that_is_over(shop, team) -> None:
    schedule = in_force(team, year_ends="12-31")
    for today, rows in (("2026-07-11", 0), ("2027-06-30", 0), ("2027-07-01", 75)):
        run = runs.propose(schedule, actor=CLERK, today=date.fromisoformat(today))
        work()
        run.refresh_from_db()
        assert run.rows == rows, f"visits of January 2026, six months after that year, on {today}"
        assert run.state == ("proposed" if rows else "nothing")
    assert schedule.kept_for == "6 months from the end of the calendar year" and "(12-31)" in run.terms


def test_a_run_by_the_date_itself_ends_when_the_schedule_counts_from_the_end_of_the_year(shop, team) -> None:
    schedule = in_force(team)
    run = proposed(schedule)
    versions.approve(
        versions.propose_version(versions.draft(schedule, by=team.nora, year_ends="12-31"), by=team.nora), by=team.paul
    )
    runs.approve(run, by=team.paul, rows=run.rows)
    grace_over(run)
    work()
    run.refresh_from_db()
    assert run.state == "cancelled" and len(shop.rows(visits)) == 75


def test_a_year_cannot_end_on_a_day_that_is_none(shop, team) -> None:
    for wrong in ("31-12", "2-3", "02-30"):
        with pytest.raises(Refused) as refused:
            versions.start(key="visits", by=team.nora, **terms(year_ends=wrong))
        assert refused.value.code == refused.value.field == "year_ends" and "12-31" in refused.value.message


def test_people_read_it_in_their_own_language() -> None:
    kept = {
        "de": "6 Monate ab dem Ende des Jahres, das am 5. April endet",
        "en": "from the end of the year that ends on 5 April",
    }
    row = Schedule(period=6, unit="months", year_ends="04-05")
    for language, words in kept.items():
        with translation.override(language):
            assert words in phrases.kept(row)
    row.year_ends = "12-31"
    with translation.override("fr"):
        assert phrases.kept(row) == "6 mois à compter de la fin de l’année civile"


def test_of_two_duties_the_one_that_waits_for_the_end_of_the_year_is_longer() -> None:
    plain, whole = Claimant(1, "Plain", "duty", 8, "years"), Claimant(2, "Whole", "duty", 8, "years", "12-31")
    longer = Claimant(3, "Longer", "duty", 9, "years")
    assert conflicts.settle([plain, whole])[0] is whole and conflicts.settle([whole, longer])[0] is longer


def test_a_schedule_shorter_than_the_law_it_names_shows_in_the_checks(shop, team) -> None:
    book = library.entry("de-books")
    assert book is not None and book.year_ends == "12-31"
    terms_of_law = {"library": book.key, "basis": "duty", "period": 10, "unit": "years"}
    schedule = in_force(team, **terms_of_law, year_ends="12-31")
    assert assurance_checks.duties().ok
    versions.approve(
        versions.propose_version(versions.draft(schedule, by=team.nora, year_ends=""), by=team.nora), by=team.paul
    )
    assert not assurance_checks.duties().ok and versions.shortened() == [schedule]


# ---------------------------------------------------------------- the library


def test_what_the_library_counts_from_the_end_of_a_year_says_so_to_the_machine() -> None:
    for one in library.entries():
        told = re.search(r"end of the (sixth )?(calendar |business |tax |financial |last taxation )?year\b", one.reason)
        assert not told or one.year_ends, one.key


def test_the_library_has_a_source_for_each_of_its_schedules() -> None:
    known = library.entries()
    assert len(known) >= 25 and len({one.key for one in known}) == len(known)
    for one in known:
        assert one.cite and one.reason and one.about and one.source.startswith("https://"), one.key
        assert one.sure or one.doubt, one.key
    wanted = {
        "de-books": 10,
        "de-vouchers": 8,
        "de-letters": 6,
        "fr-accounts": 10,
        "us-payroll": 3,
        "us-applications": 1,
    }
    for key, period in wanted.items():
        found = library.entry(key)
        assert found is not None and (found.period, found.unit) == (period, "years"), key
    assert {one.where for one in known} >= {"DE", "FR", "GB", "US", "US-CA", "EU"}
    assert set(library.BASES) == set(conflicts.ORDER)
