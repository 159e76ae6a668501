"""What tells when a row's time is over: several dates, a parent's date, no date; and a row dated anew at the last moment."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from audit.refusal import Refused
from connectors import counting, holds, rights, sql_grants
from connectors.kinds import sql_changing, sql_engines
from connectors.kinds.sql_timed import Timed
from connectors.models import Connection
from inventory import mapping
from inventory.models import Collection, Dataset, Field, Reference, System
from retention import runs, scopes
from retention.models import Run, Schedule
from tests.connectors.conftest import fresh
from tests.connectors.shop import ANNA, Shop, person, visits
from tests.consent.builders import CLERK
from tests.retention.builders import TODAY, days, grace_over, proposed, work

pytestmark = pytest.mark.django_db
meta = sa.MetaData()
accounts = sa.Table(
    "accounts", meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("closed_on", sa.DateTime(timezone=True)),
)  # fmt: skip
orders = sa.Table(
    "orders", meta,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("account_id", sa.Integer),
    sa.Column("seen_on", sa.Date),
    sa.Column("paid_on", sa.Date),
)  # fmt: skip
OLD, NEW = date(2020, 1, 1), date(2026, 7, 1)


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def any_engine(
    request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str, bool, str], None]
) -> Iterator[sa.Engine]:
    """An empty database on each kind of server in turn."""
    if request.param == "sqlite":
        yield sa.create_engine(f"sqlite:///{tmp_path / 'closing.sqlite3'}")
    else:
        yield from fresh(request.param, need)


@pytest.fixture
def closing(db: None, any_engine: sa.Engine) -> Iterator[Shop]:
    """Accounts that were closed long ago, just now and never, and orders with up to two dates; on each kind of server."""
    shop = Shop(any_engine)
    meta.create_all(shop.engine)
    shop.do(
        accounts.insert(),
        [
            {"id": one, "closed_on": day and datetime(day.year, day.month, day.day, 12, tzinfo=UTC)}
            for one, day in ((1, OLD), (2, NEW), (3, None))
        ],
    )
    rows = [
        (1, 1, OLD, OLD),
        (2, 1, OLD, NEW),
        (3, 2, OLD, None),
        (4, 3, None, None),
        (5, 3, None, OLD),
        (6, 9, NEW, OLD),
    ]
    shop.do(orders.insert(), [dict(zip(("id", "account_id", "seen_on", "paid_on"), row, strict=True)) for row in rows])
    system = System.objects.create(key="closing", name="Closing")
    address = shop.engine.url.render_as_string(hide_password=False)
    Connection.objects.create(system=system, kind="sql", address=address)
    dataset = Dataset.objects.create(system=system, key="closing", name="Closing")
    made = {}
    for table in (accounts, orders):
        one = Collection.objects.create(dataset=dataset, name=table.name, title=table.name)
        for column in table.columns:
            made[table.name, column.name] = Field.objects.create(
                collection=one, name=column.name, primary_key=column.primary_key
            )
    Reference.objects.create(field=made["orders", "account_id"], target=made["accounts", "id"])
    yield shop
    shop.engine.dispose()
    sql_engines.close_all()


def schedule_of(staff, dates: str, **more) -> Schedule:
    return Schedule.objects.create(
        key="orders", title="Orders", collection=Collection.objects.get(name="orders"), period=6, unit="months",
        reason="Why.", author=staff.nora, dates=dates, **more,
    )  # fmt: skip


def left(shop: Shop) -> list[int]:
    return [row["id"] for row in shop.rows(orders)]


@pytest.mark.parametrize(
    ("dates", "gone", "undated"),
    [
        ("seen_on", {1, 2, 3}, 2),
        ("seen_on, paid_on", {1, 3, 5}, 1),
        ("accounts.closed_on", {1, 2}, 3),
        ("closing.accounts.closed_on", {1, 2}, 3),
        ("seen_on, accounts.closed_on", {1, 2}, 2),
    ],
)
def test_rows_go_by_the_latest_of_their_dates_and_never_without_one(closing, staff, dates, gone, undated) -> None:
    """The latest of what is there; a single date that is missing, or an account still open, keeps its rows."""
    schedule = schedule_of(staff, dates)
    spec, due = scopes.due(schedule, date(2026, 1, 11))
    seen = counting.counted(spec, due, [date(2026, 1, 11), date(2026, 8, 1)])
    assert seen.past[0] == len(gone) and seen.undated == undated and seen.total == 6 and seen.past[1] >= seen.past[0]
    run = runs.approve(proposed(schedule), by=staff.paul, rows=len(gone))
    grace_over(run)
    work()
    run = Run.objects.get(pk=run.pk)
    assert run.state == "done" and set(left(closing)) == {1, 2, 3, 4, 5, 6} - gone
    assert run.terms.endswith(f"from {dates}") and run.certificate["rows_approved"] == len(gone)


def test_the_printed_grants_hold_the_dates_that_active_schedules_read(closing, staff) -> None:
    schedule_of(staff, "paid_on, accounts.closed_on")

    def reads() -> dict[str, set[str]]:
        return {spec.name: set(one.reads) for spec, one in rights.of_system(mapping.graph(), "closing")}

    assert reads() == {"accounts": {"id", "closed_on"}, "orders": {"id", "account_id", "paid_on"}}
    if closing.engine.dialect.name != "sqlite":
        printed = " ".join(sql_grants.statements(Connection.objects.get()))
        assert "closed_on" in printed and "paid_on" in printed and "seen_on" not in printed
    Schedule.objects.update(active=False)
    assert reads() == {"accounts": {"id"}, "orders": {"id", "account_id"}}


def test_a_kind_that_cannot_do_it_itself_reads_the_dates(closing, staff, monkeypatch) -> None:
    for name in ("find_due", "due_among", "count_due"):
        monkeypatch.delattr(Timed, name)
    schedule = schedule_of(staff, "seen_on, paid_on")
    spec, due = scopes.due(schedule, date(2026, 1, 11))
    seen = counting.counted(spec, due, [date(2026, 1, 11)])
    assert (seen.past, seen.oldest_on, seen.undated) == ((3,), OLD, None)
    run = runs.approve(proposed(schedule), by=staff.paul, rows=3)
    grace_over(run)
    work()
    assert left(closing) == [2, 4, 6]
    Schedule.objects.update(dates="accounts.closed_on")
    assert "cannot date rows" in proposed(Schedule.objects.get()).note


@pytest.mark.parametrize("dates", ["nothing", "accounts.nothing", "seen_on, elsewhere.closed_on"])
def test_a_date_that_is_not_there_is_refused_in_words(closing, staff, dates) -> None:
    with pytest.raises(Refused, match="neither a field") as refused:
        runs.propose(schedule_of(staff, dates), actor=CLERK, today=TODAY)
    assert refused.value.code == "not_dated" and not Run.objects.exists()


def test_a_row_dated_anew_after_the_count_stays(closing, staff) -> None:
    run = runs.approve(proposed(schedule_of(staff, "seen_on, paid_on")), by=staff.paul, rows=3)
    closing.do(orders.update().where(orders.c.id == 3).values(paid_on=NEW))
    grace_over(run)
    work()
    run = Run.objects.get(pk=run.pk)
    assert left(closing) == [2, 3, 4, 6]
    line = run.certificate["collections"]["closing.orders"]
    assert (line["erased"], line["no_longer_due"], line["left"]) == (2, 1, 0)


def test_a_row_dated_anew_between_the_look_and_the_statement_stays(shop: Shop, schedule, staff, monkeypatch) -> None:
    """The statement that deletes asks for the date itself."""
    run = runs.approve(proposed(schedule), by=staff.paul, rows=30)
    first = sql_changing.SqlChanging.delete
    touched = []

    def late(self, spec, keys, spare):
        if not touched:
            touched.append(keys[0])
            self.connection.execute(visits.update().where(visits.c.id == keys[0][0]).values(seen_on=date(2026, 7, 1)))
        return first(self, spec, keys, spare)

    monkeypatch.setattr(sql_changing.SqlChanging, "delete", late)
    grace_over(run)
    work()
    run = Run.objects.get(pk=run.pk)
    assert run.state == "done" and date(2026, 7, 1) in days(shop) and len(days(shop)) == 46
    line = run.certificate["collections"]["shop.visits"]
    assert (line["erased"], line["no_longer_due"], line["left"]) == (29, 1, 0)


def test_the_rows_of_held_people_are_counted_apart(shop: Shop, schedule, staff) -> None:
    spec, due = scopes.due(schedule, date(2026, 1, 11))
    assert counting.held(spec, due) == 0
    holds.place(person(ANNA), matter="case-7", reason="Claim", review_on=date(2027, 1, 1), by=staff.nora)
    assert counting.held(spec, due) == 10


def test_counts_for_days_to_come_are_one_question(shop: Shop, schedule) -> None:
    spec, due = scopes.due(schedule, date(2026, 1, 11))
    ahead = [date(2026, 1, 1) + timedelta(days=one) for one in range(0, 40, 10)]
    asked: list[str] = []
    engine = sql_engines.engine_for(Connection.objects.get().address)
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _k, text, *_: asked.append(text))
    assert counting.counted(spec, due, ahead).past == (0, 30, 60, 75)
    assert sum("count(" in one for one in asked) == 1
