"""Rows that are due by their date, on PostgreSQL: counted, frozen and deleted many at a time, and never one too early."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import failpoints
from connectors import acting, batches, dated, engine, holds, settling
from connectors.kinds import sql_dated
from connectors.kinds.sql_values import midnight
from connectors.models import Batch, LegalHold, Receipt, Throttle, WorkOrder
from inventory.models import System
from tests.connectors.shop import CLERK, order_of, person, run_all, staff
from tests.connectors.worlds import ADA, BEN, do, table

LIMIT = date(2026, 1, 1)
ROWS = 400


def counted() -> Batch:
    batch = batches.open_retention(
        origin="run:1", collection=("crm", "logs"), before=LIMIT, actor=CLERK, ahead=[LIMIT, date(2026, 2, 1)]
    )
    run_all(batch)
    return batch


def approved(batch: Batch) -> WorkOrder:
    batches.authorise(batch, operation="erase", basis="schedule", approved_by=staff()[1], actor=CLERK)
    return order_of(batch)


def hold(mail: str) -> LegalHold:
    maya = staff()[1]
    return holds.place(person(mail), matter="case", reason="claim", review_on=date(2027, 1, 1), by=maya)


def left(server: sa.Engine) -> list[int]:
    return [row[0] for row in table(server, "SELECT id FROM logs ORDER BY id")]


def test_what_is_due_is_counted_by_the_server_and_goes_in_one_statement_a_chunk(
    logs: sa.Engine, careful: list[int]
) -> None:
    batch = counted()
    finding = batch.findings.get()
    assert (finding.rows, finding.held, finding.of_rows) == (219, 0, ROWS)
    assert finding.ahead == [["2026-01-01", 219], ["2026-02-01", 250]]
    assert (finding.oldest_on, finding.newest_on) == (date(2025, 5, 27), date(2025, 12, 31))
    assert all(one.span and len(one.keys) == one.rows for one in finding.chunks.all()) and finding.chunks.count() > 3
    order = approved(batch)
    engine.run(order.pk)
    order.refresh_from_db()
    assert (order.state, order.rows_done) == ("done", 219) and left(logs) == list(range(1, 182))
    assert careful == [] and sum(one.changed for one in Receipt.objects.all()) == 219


@pytest.mark.parametrize(("gently", "statements"), [(False, 3), (True, 5)])
def test_quick_chunks_go_together_and_one_by_one_where_a_system_is_to_be_spared(
    logs: sa.Engine, monkeypatch: pytest.MonkeyPatch, gently: bool, statements: int
) -> None:
    if gently:
        Throttle.objects.create(system=System.objects.get(key="crm"), slow_ms=60_000)
    order = approved(counted())
    spans, delete = list[Any](), sql_dated.SqlDated.delete

    def noted(self: Any, session: Any, due: Any, these: Any) -> Any:
        spans.append(these)
        return delete(self, session, due, these)

    monkeypatch.setattr(sql_dated.SqlDated, "delete", noted)
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "done" and left(logs) == list(range(1, 182))
    assert len(spans) == statements and Receipt.objects.count() == 5, "each chunk has a receipt of its own"


def test_held_rows_are_counted_apart_stay_as_they_are_and_that_is_proved(logs: sa.Engine, careful: list[int]) -> None:
    hold(ADA)
    batch = counted()
    finding = batch.findings.get()
    assert (finding.rows, finding.held) == (109, 110)
    before = table(logs, "SELECT md5(string_agg(l::text, ',' ORDER BY id)) FROM logs l WHERE person_id = 1")
    order = approved(batch)
    engine.run(order.pk)
    assert table(logs, "SELECT md5(string_agg(l::text, ',' ORDER BY id)) FROM logs l WHERE person_id = 1") == before
    finding.refresh_from_db()
    assert finding.proof["before"] == finding.proof["after"] and finding.proof["after"][0] == 110 and careful == []


def test_a_held_row_that_somebody_changes_meanwhile_shows_in_the_proof(logs: sa.Engine) -> None:
    hold(ADA)
    batch = counted()
    order = approved(batch)
    with at("erase.before_target_commit", lambda: do(logs, "UPDATE logs SET said = 'else' WHERE id = 398")):
        engine.run(order.pk)
    proof = batch.findings.get().proof
    assert proof["before"][0] == proof["after"][0] and proof["before"][1] != proof["after"][1]


def test_a_hold_placed_after_the_count_spares_within_the_statement(logs: sa.Engine, careful: list[int]) -> None:
    batch = counted()
    order = approved(batch)
    hold(BEN)
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "done" and order.rows_done == 110 and careful == []
    assert table(logs, "SELECT count(*) FROM logs WHERE person_id = 2") == [(200,)]
    assert batch.findings.get().outcome["spared"] == 109


@pytest.mark.parametrize("key", [0, 250, 1000])
def test_a_row_dated_back_after_the_approval_is_stale_before_the_first_row(logs: sa.Engine, key: int) -> None:
    do(logs, f"DELETE FROM logs WHERE id = {key}")
    batch = counted()
    order = approved(batch)
    # As many rows as before, and others: one went, another came.
    do(logs, "DELETE FROM logs WHERE id = 300", f"INSERT INTO logs VALUES ({key}, 1, 'late', '2020-02-29')")
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.park_code == "stale" and "1 new rows" in order.park_reason and not Receipt.objects.exists()


def test_what_comes_or_is_dated_anew_in_the_middle_stays_and_the_rest_goes(logs: sa.Engine, careful: list[int]) -> None:
    batch = counted()
    order = approved(batch)
    do(logs, "DELETE FROM logs WHERE id = 399", "UPDATE logs SET at = now() WHERE id = 398")

    def coming() -> None:
        do(logs, "DELETE FROM logs WHERE id = 390", "INSERT INTO logs VALUES (390, 2, 'again', now())")
        do(logs, "INSERT INTO logs VALUES (1000, 1, 'late', '2020-02-29') ON CONFLICT DO NOTHING")

    with at("sweep.after_receipt", coming):
        engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "done" and careful == []
    assert left(logs) == [*range(1, 182), 390, 398, 1000]
    assert sum(one.moved for one in Receipt.objects.all()) == 2 and order.rows_done == 217


@pytest.mark.parametrize(
    ("place", "done"), [("sweep.before_lock", 1), ("erase.after_target_commit", 1), ("sweep.after_receipt", 3)]
)
def test_killed_around_the_deletion_the_repeat_settles_it(logs: sa.Engine, place: str, done: int) -> None:
    batch = counted()
    order = approved(batch)
    failpoints.arm(f"{place}=raise@2")
    try:
        engine.run(order.pk)
    finally:
        failpoints.arm("")
    assert Receipt.objects.count() == done
    settling.retry(order, by=staff()[1])
    engine.run(order.pk)
    order.refresh_from_db()
    rows, changed = zip(*Receipt.objects.values_list("rows", "changed"), strict=True)
    assert order.state == "done" and left(logs) == list(range(1, 182))
    assert sum(rows) == 219
    assert (sum(changed) < 219) == (place == "erase.after_target_commit"), "what went before its receipt is not new"


@pytest.mark.parametrize(
    "more",
    [
        "CREATE TABLE notes (log_id bigint REFERENCES logs)",
        "CREATE TABLE notes (log_id bigint REFERENCES logs ON DELETE CASCADE)",
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'; "
        "CREATE TRIGGER keep BEFORE DELETE ON logs FOR EACH ROW EXECUTE FUNCTION keep()",
    ],
)
def test_what_others_refer_to_or_has_rules_of_its_own_takes_the_careful_way(
    logs: sa.Engine, careful: list[int], more: str
) -> None:
    do(logs, more)
    batch = counted()
    order = approved(batch)
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "done" and left(logs) == list(range(1, 182)) and careful


def test_a_table_that_came_to_be_referred_to_after_the_count_takes_the_careful_way(
    logs: sa.Engine, careful: list[int]
) -> None:
    batch = counted()
    order = approved(batch)
    do(logs, "CREATE TABLE notes (log_id bigint REFERENCES logs)", "INSERT INTO notes VALUES (400)")
    engine.run(order.pk)
    order.refresh_from_db()
    assert careful and order.state == "parked" and 400 in left(logs)


def test_few_numbers_at_a_time_give_the_same(logs: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_dated, "FIRST_WIDTH", 7)
    monkeypatch.setattr(sql_dated, "QUICK_SECONDS", -1)
    do(logs, "INSERT INTO logs VALUES (100000, 1, 'far', '2020-01-01'), (-5, 1, 'under', '2020-01-01')")
    monkeypatch.setattr(sql_dated, "FIRST_WIDTH", 5000)
    batch = counted()
    assert batch.findings.get().rows == 221
    order = approved(batch)
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "done" and left(logs) == list(range(1, 182))


ZONES = ["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Cairo"]
DAYS = st.one_of(
    st.dates(date(2019, 1, 1), date(2030, 12, 31)), st.sampled_from([date(2024, 2, 29), date(2026, 3, 29)])
)


@given(limit=DAYS, zone=st.sampled_from(ZONES))
def test_no_day_begins_later_than_where_the_company_is(limit: date, zone: str) -> None:
    with override_settings(ESTABLISHMENT_TIME_ZONE=zone):
        first = midnight(limit)
    assert first <= datetime.combine(limit, time(), UTC)
    here = first.astimezone(ZoneInfo(zone))
    assert here.date() < limit or here.time() <= time(1), "a clock change at midnight apart"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limit=DAYS, zone=st.sampled_from(ZONES), held=st.booleans(),
    minutes=st.lists(st.integers(-3000, 3000), min_size=1, max_size=30),
)  # fmt: skip
def test_no_row_goes_early_whatever_the_day_and_the_zone(
    logs: sa.Engine, limit: date, zone: str, held: bool, minutes: list[int]
) -> None:
    begins = datetime.combine(limit, time(), ZoneInfo(zone))
    moments = [begins.astimezone(UTC) + timedelta(minutes=one) for one in minutes]
    rows = ", ".join(f"({turn}, {1 + turn % 2}, 'x', '{one.isoformat()}')" for turn, one in enumerate(moments))
    do(logs, "TRUNCATE logs", f"INSERT INTO logs VALUES {rows}".replace("%", "%%"))
    LegalHold.objects.all().delete()
    if held:
        hold(ADA)
    with override_settings(ESTABLISHMENT_TIME_ZONE=zone):
        batch = batches.open_retention(origin="run:1", collection=("crm", "logs"), before=limit, actor=CLERK)
        run_all(batch)
        if batch.findings.filter(rows__gt=0).exists():
            order = approved(batch)
            engine.run(order.pk)
            order.refresh_from_db()
            assert order.state == "done"
    gone = set(range(len(moments))) - set(left(logs))
    assert all(moments[one].astimezone(ZoneInfo(zone)).date() < limit for one in gone), "a row of the day itself went"
    assert all(moments[one] < datetime.combine(limit, time(), UTC) for one in gone)
    assert not held or all(one % 2 for one in gone), "a held person's row went"
    overdue = {turn for turn, one in enumerate(moments) if one < begins.astimezone(UTC) - timedelta(hours=15)}
    assert gone >= {one for one in overdue if not held or one % 2}, "what was due a day ago went"


class at:
    """While this lasts, do something once, when the code passes a failpoint."""

    def __init__(self, name: str, work: Any) -> None:
        self.name, self.work = name, work

    def __enter__(self) -> None:
        self.patch = pytest.MonkeyPatch()

        def passing(name: str) -> None:
            if name == self.name and self.work is not None:
                work, self.work = self.work, None
                work()

        for place in (acting, dated):
            self.patch.setattr(place, "failpoint", passing)

    def __exit__(self, *error: object) -> None:
        self.patch.undo()
