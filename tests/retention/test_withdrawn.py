"""The period begins when consent was withdrawn, by our own ledger: whose rows go, and whose never do."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.refusal import Refused
from connectors import acting, counting, engine, holds, people, rights
from connectors.models import Chunk, WorkOrder
from consent import choices, devices, lapsing
from consent.models import Choice, PendingChoice, Standing
from inventory import mapping
from inventory.models import Collection, Field, Purpose
from retention import nights, runs, scopes, simulation, versions
from retention.models import Run, Schedule, ScheduleVersion
from retention.models.terms import copied
from subjects import registry
from tests.connectors.conftest import any_shop as any_shop
from tests.connectors.shop import ANNA, BEN, CLERK, Shop, accounts, messages, newsletter, person, ratings, visits
from tests.consent.builders import purpose
from tests.retention.builders import first_chunk, fresh, grace_over, work

pytestmark = pytest.mark.django_db
CLEO = "cleo@people.example"
NUMBERS = {ANNA: 1, BEN: 2, CLEO: 3}
LONG, YESTERDAY = timedelta(days=400), timedelta(days=1)


@pytest.fixture
def news(db: None) -> Purpose:
    return purpose("news")


def say(mail: str, granted: bool, what: Purpose, ago: timedelta = timedelta(), **more: Any) -> Choice:
    """This person said Yes or No so long ago."""
    when = {"chosen_at": timezone.now() - ago} if ago else {}
    return choices.record(person(mail), what, granted, source="portal", actor=CLERK, **when, **more)


def withdrew(mail: str, what: Purpose, ago: timedelta = LONG) -> None:
    """They agreed once, and took it back so long ago."""
    say(mail, True, what, ago + timedelta(days=30))
    say(mail, False, what, ago)


def schedule_of(what: Purpose | None, author: User, table: str = "visits", **more: Any) -> Schedule:
    """The rows of a collection go six months after consent was withdrawn."""
    given = {"period": 6, "unit": "months", "trigger": "withdrawn", "grace_hours": 24} | more
    return Schedule.objects.create(
        key=f"{table}-withdrawn", title="Withdrawn", collection=Collection.objects.get(name=table), purpose=what,
        reason="Nothing else keeps them.", author=author, **given,
    )  # fmt: skip


def proposed(schedule: Schedule) -> Run:
    run = runs.propose(schedule, actor=CLERK, today=runs.today(timezone.now()))
    work()
    return fresh(run)


def carried_out(run: Run, by: User) -> Run:
    if run.state == "proposed":
        run = runs.approve(run, by=by, rows=run.rows)
    grace_over(run)
    work()
    return fresh(run)


def owners(shop: Shop, table: sa.Table = visits) -> set[int]:
    """Whose rows are there."""
    return {one["account_id"] for one in shop.rows(table)}


@pytest.fixture
def one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """One person in each chunk."""
    monkeypatch.setattr(people, "AT_ONCE", 1)


# ---------------------------------------------------------------- who goes


def test_rows_of_who_withdrew_long_ago_go_and_nobody_elses(any_shop: Shop, news, staff) -> None:
    """Anna withdrew long ago, Ben yesterday, Cleo was never asked."""
    withdrew(ANNA, news)
    withdrew(BEN, news, YESTERDAY)
    schedule = schedule_of(news, staff.nora)
    run = proposed(schedule)
    assert (run.state, run.rows, run.held) == ("proposed", 25, 0), run.note
    assert run.terms == "6 months: shop.visits from withdrawn consent (news)"
    run = carried_out(run, staff.paul)
    assert run.state == "done" and owners(any_shop) == {2, 3}, run.note
    line = run.certificate["collections"]["shop.visits"]
    assert (line["found"], line["erased"], line["spared_held"], line["left"]) == (25, 25, 0, 0)
    assert run.certificate["rows_approved"] == 25 and run.certificate["cutoff"] == run.cutoff_on.isoformat()
    assert len(any_shop.rows(accounts)) == 3 and len(any_shop.rows(newsletter)) == 3, "only what the schedule is of"
    assert proposed(schedule).state == "nothing"


def test_a_direct_identifier_and_a_key_of_several_columns_serve_as_well(any_shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    run = carried_out(proposed(schedule_of(news, staff.nora, "newsletter")), staff.paul)
    assert run.state == "done" and {one["email"] for one in any_shop.rows(newsletter)} == {BEN, CLEO}
    run = carried_out(proposed(schedule_of(news, staff.nora, "ratings")), staff.paul)
    assert run.state == "done" and owners(any_shop, ratings) == {2, 3}


YES, NO = True, False


@pytest.mark.parametrize(
    ("history", "since"),
    [
        ([], None),
        ([(YES, "given")], None),
        ([(NO, "refused")], None),
        ([(NO, "signal")], None),
        ([(YES, "given"), (NO, "signal")], None),
        ([(NO, "refused"), (NO, "refused")], None),
        ([(YES, "given"), (NO, "withdrawn")], 1),
        ([(YES, "given"), (NO, "refused")], 1),
        ([(YES, "given"), (NO, "withdrawn"), (NO, "refused"), (NO, "signal")], 1),
        ([(YES, "given"), (NO, "signal"), (NO, "refused")], 2),
        ([(NO, "refused"), (NO, "objected")], 1),
        ([(NO, "withdrawn")], 0),
        ([(YES, "given"), (NO, "withdrawn"), (YES, "given")], None),
        ([(YES, "given"), (NO, "withdrawn"), (YES, "given"), (NO, "withdrawn")], 3),
    ],
)
def test_what_counts_as_withdrawn_and_since_when(history, since) -> None:
    """Given the oldest first; the place of the No with which the time begins."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    told = [(granted, act, start + timedelta(days=turn)) for turn, (granted, act) in enumerate(history)]
    assert lapsing.since(told[::-1]) == (None if since is None else start + timedelta(days=since))


def test_a_first_no_and_an_ended_yes_are_no_withdrawal_and_another_no_does_not_begin_the_time_anew(
    shop: Shop, news, staff
) -> None:
    say(ANNA, False, news, LONG)
    say(BEN, True, news, LONG, how=choices.How(expires_at=timezone.now() - timedelta(days=300)))
    withdrew(CLEO, news)
    say(CLEO, False, news, YESTERDAY)
    assert proposed(schedule_of(news, staff.nora)).rows == 25
    assert people.due("news", date.today() - timedelta(days=190), [person(one).pk for one in NUMBERS]) == [
        person(CLEO).pk
    ]


def test_the_day_is_that_of_the_establishment(shop: Shop, news, settings) -> None:
    """Half past ten in the evening of 30 June in London is half past eleven in Berlin, and half past six on 1 July in Tokyo."""
    moment = datetime(2025, 6, 30, 21, 30, tzinfo=UTC)
    choices.record(person(), news, True, source="portal", actor=CLERK, chosen_at=moment - timedelta(days=9))
    choices.record(person(), news, False, source="portal", actor=CLERK, chosen_at=moment)
    who = [person().pk]
    settings.ESTABLISHMENT_TIME_ZONE = "Europe/Berlin"
    assert people.due("news", date(2025, 6, 30), who) == [] and people.due("news", date(2025, 7, 1), who) == who
    settings.ESTABLISHMENT_TIME_ZONE = "Asia/Tokyo"
    assert people.due("news", date(2025, 7, 1), who) == [] and people.due("news", date(2025, 7, 2), who) == who
    settings.ESTABLISHMENT_TIME_ZONE = "America/Los_Angeles"
    assert people.due("news", date(2025, 6, 30), who) == [] and people.due("news", date(2025, 7, 1), who) == who


# ---------------------------------------------------------------- who agreed again


def test_who_agreed_again_before_the_count_is_not_in_it(shop: Shop, news, staff) -> None:
    for mail in (ANNA, BEN):
        withdrew(mail, news)
    say(ANNA, True, news, YESTERDAY)
    run = carried_out(proposed(schedule_of(news, staff.nora)), staff.paul)
    assert run.rows == 25 and owners(shop) == {1, 3}


@pytest.mark.parametrize("when", ["proposed", "approved", "after_a_chunk"])
def test_who_agrees_again_after_the_count_keeps_their_rows(any_shop: Shop, news, staff, one_each, when: str) -> None:
    """Before the approval, in the grace, and between two chunks; counted as no longer due and not as an error."""
    for mail in (ANNA, BEN):
        withdrew(mail, news)
    run = proposed(schedule_of(news, staff.nora))
    assert run.rows == 50 and Chunk.objects.filter(finding__batch=run.batch).count() == 2
    if when == "proposed":
        say(ANNA, True, news)
    run = runs.approve(run, by=staff.paul, rows=50)
    if when == "approved":
        say(ANNA, True, news)
    grace_over(run)
    runs.advance(run.pk)
    gone, back = "", ANNA
    if when == "after_a_chunk":
        first_chunk(WorkOrder.objects.get(batch=run.batch, operation="erase"))
        gone, back = (ANNA, BEN) if NUMBERS[ANNA] not in owners(any_shop) else (BEN, ANNA)
        assert owners(any_shop) == {1, 2, 3} - {NUMBERS[gone]}
        say(back, True, news)
    work()
    run = fresh(run)
    assert run.state == "done", run.note
    assert owners(any_shop) == {NUMBERS[back], 3}
    line = run.certificate["collections"]["shop.visits"]
    assert (line["found"], line["erased"], line["no_longer_due"], line["left"]) == (50, 25, 25, 0)
    assert gone != back


def test_who_agreed_again_and_withdrew_yesterday_stays(shop: Shop, news, staff, one_each) -> None:
    withdrew(ANNA, news)
    run = runs.approve(proposed(schedule_of(news, staff.nora)), by=staff.paul, rows=25)
    say(ANNA, True, news, timedelta(days=2))
    say(ANNA, False, news, YESTERDAY)
    run = carried_out(run, staff.paul)
    assert run.state == "done" and owners(shop) == {1, 2, 3}
    assert run.certificate["collections"]["shop.visits"]["no_longer_due"] == 25


def test_a_yes_that_awaits_its_link_keeps_the_rows_until_it_lapses(shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    row = PendingChoice.objects.create(
        subject=person(), purpose=news, identifier=person().identifiers.get(), source="portal", token_hash="x",
        asked_at=timezone.now(), ends_at=timezone.now() + timedelta(days=1), state="sent",
    )  # fmt: skip
    schedule = schedule_of(news, staff.nora)
    assert proposed(schedule).state == "nothing"
    PendingChoice.objects.filter(pk=row.pk).update(ends_at=timezone.now() - timedelta(seconds=1))
    assert proposed(schedule).rows == 25


# ---------------------------------------------------------------- whose rows they are


def test_held_rows_stay_and_are_counted_apart_also_when_the_hold_comes_between_two_chunks(
    any_shop: Shop, news, staff, one_each
) -> None:
    for mail in NUMBERS:
        withdrew(mail, news)
    holds.place(person(ANNA), matter="case-7", reason="Claim", review_on=date(2027, 9, 1), by=staff.nora)
    schedule = schedule_of(news, staff.nora)
    night = nights.count(schedule, runs.today(timezone.now()))
    assert (night.past, night.held, night.unexplained) == (75, 25, 50)
    run = proposed(schedule)
    assert (run.rows, run.held) == (50, 25)
    run = runs.approve(run, by=staff.paul, rows=50)
    grace_over(run)
    runs.advance(run.pk)
    first_chunk(WorkOrder.objects.get(batch=run.batch, operation="erase"))
    left = (owners(any_shop) - {1}).pop()
    mail = next(one for one, number in NUMBERS.items() if number == left)
    holds.place(person(mail), matter="case-8", reason="Claim", review_on=date(2027, 9, 1), by=staff.nora)
    work()
    run = fresh(run)
    assert run.state == "done" and owners(any_shop) == {1, left}
    line = run.certificate["collections"]["shop.visits"]
    assert (line["found"], line["erased"], line["spared_held"], line["left"]) == (75, 25, 50, 0)


def test_merged_people_have_the_state_of_the_one_that_is_left(shop: Shop, news, staff) -> None:
    """Anna withdrew, and is Ben, who agreed since: all stays. Cleo is Dora, who withdrew: rows found by either name go."""
    withdrew(ANNA, news)
    say(BEN, True, news, YESTERDAY)
    run = runs.approve(proposed(schedule_of(news, staff.nora)), by=staff.paul, rows=25)
    devices.merge(person(ANNA), person(BEN), actor=CLERK)
    run = carried_out(run, staff.paul)
    assert run.certificate["collections"]["shop.visits"]["no_longer_due"] == 25 and owners(shop) == {1, 2, 3}
    withdrew("dora@people.example", news)
    devices.merge(person(CLEO), person("dora@people.example"), actor=CLERK)
    run = carried_out(proposed(Schedule.objects.get()), staff.paul)
    assert run.state == "done" and owners(shop) == {1, 2}


def test_a_yes_of_a_merged_person_counts_however_they_were_merged(shop: Shop, news) -> None:
    """Also where no choice was appended for who is left."""
    withdrew(ANNA, news)
    say(BEN, True, news, YESTERDAY)
    anna, ben = person(ANNA), person(BEN)
    registry.merge(ben, anna, actor=CLERK)
    assert people.due("news", date.today(), [anna.pk, ben.pk]) == []


def test_an_address_of_two_people_finds_nothing_while_one_of_them_agrees(shop: Shop, news, staff) -> None:
    """Anna's address is Ben's too: their account stays, and the rows of Ben's own account as well; both withdrew: they go."""
    withdrew(ANNA, news)
    anna, ben = person(ANNA), person(BEN)
    say(BEN, True, news, LONG)
    registry.add(ben, "email", ANNA, actor=CLERK)
    schedule = schedule_of(news, staff.nora)
    assert proposed(schedule).state == "nothing"
    choices.record(ben, news, False, source="portal", actor=CLERK, chosen_at=timezone.now() - timedelta(days=300))
    run = carried_out(proposed(schedule), staff.paul)
    assert run.rows == 50 and owners(shop) == {3}, "each row once"
    assert anna.pk != ben.pk


def test_an_address_that_somebody_only_claims_neither_finds_nor_keeps_rows(shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    registry.add(person(ANNA), "email", CLEO, claimed=True, actor=CLERK)
    run = carried_out(proposed(schedule_of(news, staff.nora)), staff.paul)
    assert owners(shop) == {2, 3} and run.rows == 25


def test_a_row_of_two_people_stays_whoever_withdrew(any_shop: Shop, news, staff) -> None:
    """Letters between two people stay, even if both withdrew; Anna's note to herself goes."""
    withdrew(ANNA, news)
    withdrew(BEN, news)
    run = carried_out(proposed(schedule_of(news, staff.nora, "messages")), staff.paul)
    assert run.state == "done" and run.rows == 1
    pairs = [(one["sender_id"], one["recipient_id"]) for one in any_shop.rows(messages)]
    assert pairs == [(1, 2), (2, 1), (2, 3)]


def test_a_row_that_changed_hands_since_the_count_stays(any_shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    run = runs.approve(proposed(schedule_of(news, staff.nora)), by=staff.paul, rows=25)
    some = [one["id"] for one in any_shop.rows(visits, account_id=1)][:5]
    any_shop.do(visits.update().where(visits.c.id.in_(some)).values(account_id=3))
    run = carried_out(run, staff.paul)
    assert len(any_shop.rows(visits, account_id=3)) == 30 and not any_shop.rows(visits, account_id=1)
    line = run.certificate["collections"]["shop.visits"]
    assert (line["erased"], line["no_longer_due"], line["left"]) == (20, 5, 0)


def test_rows_that_came_since_the_approval_are_counted_and_approved_anew(shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    run = runs.approve(proposed(schedule_of(news, staff.nora)), by=staff.paul, rows=25)
    shop.do(visits.insert(), [{"account_id": 1, "ip": "192.0.2.1", "seen_on": date(2026, 1, 1)}])
    run = carried_out(run, staff.paul)
    assert run.state == "proposed" and run.rows == 26 and owners(shop) == {1, 2, 3}
    assert carried_out(run, staff.paul).state == "done" and owners(shop) == {2, 3}


def test_masked_rows_are_masked_once(shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    Collection.objects.filter(name="visits").update(erase="mask")
    Field.objects.filter(name="seen_on").update(category=None)
    schedule = schedule_of(news, staff.nora)
    run = carried_out(proposed(schedule), staff.paul)
    assert run.state == "done" and run.certificate["collections"]["shop.visits"]["erased"] == 25, run.note
    assert {one["ip"] for one in shop.rows(visits, account_id=1)} == {None} and shop.rows(visits, account_id=2)[0]["ip"]
    assert proposed(schedule).state == "nothing"


def test_a_worker_that_died_behind_the_commit_there_is_followed_by_one_that_counts_the_same(
    shop: Shop, news, staff, monkeypatch
) -> None:
    withdrew(ANNA, news)
    run = runs.approve(proposed(schedule_of(news, staff.nora)), by=staff.paul, rows=25)
    grace_over(run)
    runs.advance(run.pk)
    order = WorkOrder.objects.get(batch=run.batch, operation="erase")

    def dies(name: str) -> None:
        if name == "erase.after_target_commit":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(acting, "failpoint", dies)
        with pytest.raises(KeyboardInterrupt):
            engine.run(order.pk)
    assert owners(shop) == {2, 3}
    WorkOrder.objects.filter(pk=order.pk).update(lease_until=None)
    work()
    assert fresh(run).certificate["collections"]["shop.visits"]["erased"] == 25


# ---------------------------------------------------------------- the lock


@pytest.mark.django_db(transaction=True)
def test_a_yes_waits_for_the_chunk_at_work(shop: Shop, news, staff, monkeypatch) -> None:
    """On PostgreSQL the person's row of the ledger is locked while their rows go; on SQLite there is one writer anyway."""
    if connection.vendor != "postgresql":
        with transaction.atomic():
            assert people.ledger().withdrawn("news", [], lock=True) == {}
        return
    withdrew(ANNA, news)
    anna, seen = person(), []
    run = runs.approve(proposed(schedule_of(news, staff.nora)), by=staff.paul, rows=25)

    def another(name: str) -> None:
        if name == "erase.before_target_commit":
            seen.append(_waits(anna.pk))

    monkeypatch.setattr(acting, "failpoint", another)
    run = carried_out(run, staff.paul)
    assert run.state == "done" and seen == [True]
    assert not _waits(anna.pk), "afterwards they may say what they like"


def _waits(holder: object) -> bool:
    """Whether another connection that lets a choice hold for this person has to wait."""
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
            cursor.execute("UPDATE consent_standing SET ended_at = ended_at WHERE holder = %s", [holder])
    except Exception as error:
        assert "lock timeout" in str(error)
        return True
    finally:
        other.close()
    return False


# ---------------------------------------------------------------- counts, forms, rights


def test_a_night_counts_them_and_says_what_explains_them(shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    withdrew(BEN, news, YESTERDAY)
    schedule, today = schedule_of(news, staff.nora), runs.today(timezone.now())
    night = nights.count(schedule, today)
    assert (night.fault, night.past, night.unexplained, night.undated) == ("", 25, 25, None)
    run = proposed(schedule)
    later = nights.count(schedule, today + timedelta(days=1))
    assert (later.past, later.waiting, later.unexplained) == (25, 25, 0)
    carried_out(run, staff.paul)
    done = nights.count(schedule, today + timedelta(days=2))
    assert (done.past, done.unexplained) == (0, 0)


def test_what_a_draft_would_do_is_counted_for_the_months_ahead(shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    withdrew(BEN, news, timedelta(days=40))
    schedule = schedule_of(news, staff.nora)
    terms = {one: getattr(schedule, one) for one in ("title", "collection", "purpose", "period", "unit", "trigger")}
    version = ScheduleVersion(schedule=schedule, number=1, reason="Why.", **terms)
    seen = simulation.ahead(version, runs.today(timezone.now()), months=6)
    assert seen.fault == "" and [one.then for one in seen.months] == [25, 25, 25, 25, 25, 50, 50]


def test_several_people_take_as_many_queries_as_one(shop: Shop, news, staff, django_assert_max_num_queries) -> None:
    """Set by set: 60 more people in one portion cost no query more."""
    withdrew(ANNA, news)
    spec, due = scopes.due(schedule_of(news, staff.nora), runs.today(timezone.now()))
    counting.counted(spec, due, [due.before])
    with django_assert_max_num_queries(40) as few:
        assert counting.counted(spec, due, [due.before]).past == (25,)
    for turn in range(60):
        withdrew(f"p{turn}@people.example", news)
    with django_assert_max_num_queries(len(few)):
        assert counting.counted(spec, due, [due.before]).past == (25,)
    assert Standing.objects.count() == 61


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"purpose": None}, "purpose", "Choose the purpose"),
        ({"collection": "alone"}, "collection", "leads to these rows"),
        ({"action": "anonymise"}, "action", "not anonymised"),
        ({"purpose": "contract"}, "purpose", "Nobody can withdraw"),
    ],
)
def test_the_form_says_what_is_missing(shop: Shop, news, staff, change, field, words) -> None:
    schedule = schedule_of(news, staff.nora)
    if change.get("collection"):
        dataset = schedule.collection.dataset
        change = {"collection": Collection.objects.create(dataset=dataset, name="alone", title="Alone")}
    if change.get("purpose"):
        change = {"purpose": purpose("account", lawful_basis="contract")}
    for name, value in change.items():
        setattr(schedule, name, value)
    with pytest.raises(Refused, match=words) as refused:
        versions.check(ScheduleVersion(**copied(schedule)))
    assert refused.value.field == field


def test_with_a_field_of_the_system_the_ledger_is_not_asked(shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    schedule = schedule_of(news, staff.nora, dates="seen_on")
    _, due = scopes.due(schedule, date(2026, 1, 11))
    assert (due.purpose, due.single) == ("", "seen_on")


def test_other_terms_end_a_run_and_the_library_rule_goes_on_working(shop: Shop, news, staff) -> None:
    withdrew(ANNA, news)
    schedule = schedule_of(news, staff.nora, basis="consent")
    run = runs.approve(proposed(schedule), by=staff.paul, rows=25)
    Schedule.objects.filter(pk=schedule.pk).update(purpose=purpose("offers"))
    run = carried_out(run, staff.paul)
    assert run.state == "cancelled" and owners(shop) == {1, 2, 3}
    Schedule.objects.create(
        key="duty", title="Duty", collection=schedule.collection, period=10, unit="years", basis="duty", reason="Law.",
        author=staff.nora,
    )  # fmt: skip
    assert schedule.pk in scopes.overruled()


def test_the_login_needs_no_more_than_a_search_and_the_deletion(shop: Shop, news, staff) -> None:
    before = {spec.key: found for spec, found in rights.of_system(mapping.graph(), "shop")}
    schedule_of(news, staff.nora)
    assert {spec.key: found for spec, found in rights.of_system(mapping.graph(), "shop")} == before
    assert before["shop", "visits"].deletes and "account_id" in before["shop", "visits"].searches


def test_so_many_that_a_page_would_not_load_are_left_to_the_night(shop: Shop, news, staff, monkeypatch) -> None:
    for mail in (ANNA, BEN):
        withdrew(mail, news)
    schedule = schedule_of(news, staff.nora)
    version = ScheduleVersion(schedule=schedule, number=1, **copied(schedule))
    monkeypatch.setattr(simulation, "MOST_PEOPLE", 1)
    assert "The nightly count" in simulation.ahead(version, runs.today(timezone.now())).fault
    monkeypatch.setattr(simulation, "MOST_PEOPLE", 2)
    assert simulation.ahead(version, runs.today(timezone.now())).months[0].then == 50


def test_the_desk_says_beside_the_field_what_is_missing(shop: Shop, news, staff) -> None:
    boss = User.objects.create_superuser("boss")
    client = Client()
    client.force_login(boss)
    given: dict[str, Any] = {
        "key": "gone", "title": "Gone", "collection": Collection.objects.get(name="visits").pk, "period": 6,
        "unit": "months", "trigger": "withdrawn", "action": "delete", "basis": "consent", "reason": "Why.",
        "grace_hours": 24, "every_days": 1, "smallest": 10,
    }  # fmt: skip
    page = client.post(reverse("admin:retention_schedule_add"), given)
    assert "Choose the purpose to which consent is withdrawn" in page.content.decode()
    assert "our own ledger of choices" in page.content.decode(), "the help beside the dates"
    assert client.post(reverse("admin:retention_schedule_add"), given | {"purpose": news.pk}).status_code == 302
    assert Schedule.objects.get().purpose == news and not Schedule.objects.get().active
