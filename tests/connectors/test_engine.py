"""Anna's rows are found, handed out, corrected and erased; Ben's and Cleo's stay as they were."""

import logging
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import failpoints, leases, log
from connectors import batches, engine, holds, reading, settling
from connectors.kinds import sql_schema
from connectors.models import Authorisation, Chunk, Connection, Finding, Receipt, WorkOrder
from inventory.models import Collection, Field
from tests.connectors import shop as s
from tests.connectors.shop import ANNA, CLERK, Shop, allow, end_hold, find, order_of, run_all, staff


def summary(batch) -> dict[tuple[str, str, bool], tuple[int, str]]:
    return {(one.collection, one.via, one.shared): (one.rows, one.action) for one in batch.findings.all()}


def others(shop: Shop) -> list[object]:
    """Everything that is Ben's and Cleo's alone."""
    return [
        *(row for row in shop.rows(s.accounts) if row["id"] != 1),
        *(row for row in shop.rows(s.visits) if row["account_id"] != 1),
        *shop.rows(s.payments),
        *(row for row in shop.rows(s.ratings) if row["account_id"] != 1),
        *(row for row in shop.rows(s.newsletter) if "nna" not in row["email"]),
        *(row for row in shop.rows(s.messages) if 1 not in (row["sender_id"], row["recipient_id"])),
    ]


def erased(shop: Shop) -> None:
    """What an erasure of Anna must leave."""
    anna = shop.rows(s.accounts, id=1)[0]
    assert anna == {"id": 1, "email": "erased-1@erased.invalid", "full_name": "[erased]", "phone": None}
    assert not shop.rows(s.visits, account_id=1) and not shop.rows(s.ratings, account_id=1)
    assert len(shop.rows(s.payments, account_id=1)) == 1
    assert not [row for row in shop.rows(s.newsletter) if "nna" in row["email"]]
    sent, got = (
        shop.rows(s.messages, sender_id=1, recipient_id=2)[0],
        shop.rows(s.messages, sender_id=2, recipient_id=1)[0],
    )
    assert (sent["sender_name"], sent["recipient_name"], sent["body"]) == (None, "Ben Baker", "[erased]")
    assert (got["sender_name"], got["recipient_name"], got["body"]) == ("Ben Baker", None, "Greetings from Ben Baker")
    assert not shop.rows(s.messages, sender_id=1, recipient_id=1), "a note to herself is hers alone"


def test_a_search_finds_every_row_once_and_tells_shared_ones_apart(any_shop: Shop) -> None:
    batch = find()
    assert summary(batch) == {
        ("accounts", "email", False): (1, "mask"),
        ("visits", "account_id", False): (25, "delete"),
        ("messages", "sender_id", True): (1, "mask"),
        ("messages", "sender_id", False): (1, "delete"),
        ("messages", "recipient_id", True): (1, "mask"),
        ("payments", "account_id", False): (1, "keep"),
        ("ratings", "account_id", False): (3, "delete"),
        ("newsletter", "email", False): (1, "delete"),
    }
    visits = batch.findings.get(collection="visits")
    assert (visits.oldest_on, visits.newest_on) == (date(2026, 1, 1), date(2026, 1, 25))


def test_an_erasure_leaves_what_it_should_and_nobody_else_is_touched(any_shop: Shop, settings) -> None:
    settings.CHUNK_ROWS = 4
    before, batch = others(any_shop), find()
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_reason) == ("done", "")
    erased(any_shop)
    assert others(any_shop) == before
    assert order.rows_done == order.rows_planned == 1 + 25 + 2 + 1 + 3 + 1
    assert batch.findings.get(collection="visits").outcome["rows"] == 25
    assert batch.findings.get(collection="accounts").outcome["fields"]["phone"] == "erase"
    assert list(log.faults()) == []


def test_a_second_erasure_finds_nothing_and_changes_nothing(any_shop: Shop) -> None:
    batch = find()
    allow(batch)
    run_all(batch)
    state = [any_shop.rows(table) for table in s.meta.sorted_tables]
    again = find()
    assert not again.findings.exists()
    allow(again)
    run_all(again)
    assert [any_shop.rows(table) for table in s.meta.sorted_tables] == state


def test_a_correction_and_an_opt_out_write_their_fields_only(any_shop: Shop) -> None:
    batch = find()
    allow(batch, "correct", changes={"full_name": "Anna Neumann"})
    run_all(batch)
    assert any_shop.rows(s.accounts, id=1)[0]["full_name"] == "Anna Neumann"
    assert any_shop.rows(s.accounts, id=2)[0]["full_name"] == "Ben Baker"
    other = find()
    allow(other, "suppress")
    run_all(other)
    assert [row["subscribed"] for row in any_shop.rows(s.newsletter)] == [False, True, True]
    assert len(any_shop.rows(s.visits, account_id=1)) == 25


def test_a_package_shows_the_person_their_rows_and_nobody_elses_fields(any_shop: Shop) -> None:
    batch = find()
    rows = [row for one in batch.findings.filter(collection="messages") for row in reading.rows(one)]
    text = str(rows)
    assert "Anna Adler" in text and reading.ANOTHER_PERSON in text
    assert "Ben Baker" not in text and "Greetings from Ben" not in text
    assert sum(1 for _ in reading.rows(batch.findings.get(collection="visits"))) == 25


def test_without_leave_the_database_refuses_an_order_that_acts(shop: Shop) -> None:
    batch = find()
    system = Connection.objects.get().system
    for operation in ("erase", "export", "correct", "suppress"):
        with pytest.raises(IntegrityError), transaction.atomic():
            WorkOrder.objects.create(batch=batch, system=system, operation=operation)


@pytest.mark.parametrize("hole", ["one person", "no approver", "no proof", "opt-out that erases"])
def test_the_database_refuses_leave_that_lacks_proof_or_a_second_person(shop: Shop, hole: str) -> None:
    batch, (jonas, maya) = find(), staff()
    values = {
        "basis": "request",
        "operation": "erase",
        "proved_at": timezone.now(),
        "proposed_by": jonas,
        "approved_by": maya,
    }
    values |= {
        "one person": {"approved_by": jonas},
        "no approver": {"approved_by": None},
        "no proof": {"proved_at": None},
        "opt-out that erases": {"basis": "opt_out"},
    }[hole]
    with pytest.raises(IntegrityError), transaction.atomic():
        Authorisation.objects.create(batch=batch, approved_at=timezone.now(), fingerprint="x", **values)


def test_a_hold_stops_the_erasure_before_its_first_row_and_parks_it(shop: Shop) -> None:
    batch = find()
    allow(batch)
    jonas, maya = staff()
    hold = holds.place(batch.subject, matter="case-1", reason="claim", review_on=date(2027, 1, 1), by=maya)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code, order.rows_done) == ("parked", "held", 0)
    assert len(shop.rows(s.visits, account_id=1)) == 25 and shop.rows(s.accounts, id=1)[0]["phone"]
    assert not batches.settled(batch, "erase"), "parked is not settled"
    end_hold(hold)
    settling.retry(order, by=jonas)
    run_all(batch)
    erased(shop)


@pytest.mark.parametrize("place", ["erase.before_lock", "erase.before_target_commit", "erase.after_target_commit",
                                   "erase.after_receipt", "order.after_claim", "order.before_done"])  # fmt: skip
@pytest.mark.parametrize("turn", [1, 3])
@pytest.mark.django_db(transaction=True)
def test_an_erasure_that_breaks_anywhere_ends_the_same_after_a_retry(
    shop: Shop, settings, place: str, turn: int
) -> None:
    settings.CHUNK_ROWS = 4
    before, batch = others(shop), find()
    allow(batch)
    failpoints.arm(f"{place}=raise@{turn}")
    try:
        run_all(batch)
    finally:
        failpoints.arm("")
    order = order_of(batch)
    if order.state != "done":  # a place that is passed once breaks at the first turn only
        assert (order.state, order.park_code) == ("parked", "error"), "a break is parked, never counted as done"
        settling.retry(order, by=staff()[0])
        run_all(batch)
    erased(shop)
    assert others(shop) == before
    order.refresh_from_db()
    assert order.rows_done == order.rows_planned == sum(Receipt.objects.values_list("rows", flat=True))
    assert Receipt.objects.count() == Chunk.objects.exclude(finding__action="keep").count()


def test_a_search_that_breaks_half_way_starts_over_and_counts_every_row_once(shop: Shop) -> None:
    failpoints.arm("find.after_step=raise@3")
    try:
        batch = find()
    finally:
        failpoints.arm("")
    order = order_of(batch, "find")
    assert order.park_code == "error"
    settling.retry(order, by=staff()[0])
    run_all(batch)
    assert summary(batch)["visits", "account_id", False] == (25, "delete") and len(summary(batch)) == 8


def test_rows_that_came_after_the_approval_stop_the_erasure(shop: Shop) -> None:
    batch = find()
    allow(batch)
    shop.do(s.visits.insert(), [{"account_id": 1, "ip": "192.0.2.9", "seen_on": date(2026, 11, 1)}])
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "stale") and "1 new rows of shop.visits" in order.park_reason
    assert len(shop.rows(s.visits, account_id=1)) == 26, "an approval covers exactly the rows that were shown"


def test_rows_that_left_after_the_approval_do_not_matter(shop: Shop) -> None:
    batch = find()
    allow(batch)
    shop.do(s.visits.delete().where(s.visits.c.id == 1))
    run_all(batch)
    erased(shop)


def test_a_kept_finding_is_left_alone_and_needs_a_ground(shop: Shop) -> None:
    batch = find()
    visits = batch.findings.get(collection="visits")
    with pytest.raises(batches.Refused):
        batches.decide(visits, decision="keep", by=staff()[0])
    shown = batches.fingerprint(batch)
    batches.decide(visits, decision="keep", ground="legal_claims", by=staff()[0])
    assert batches.fingerprint(batch) != shown, "who approved the old picture did not approve this one"
    allow(batch)
    run_all(batch)
    assert len(shop.rows(s.visits, account_id=1)) == 25 and not shop.rows(s.ratings, account_id=1)
    with pytest.raises(batches.Refused, match="authorised already"):
        batches.decide(visits, decision="include", by=staff()[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "full_name", "mask": {"strategy": "null"}}, "shop.accounts.full_name may not be empty"),
        ({"name": "email", "mask": {"strategy": "fixed", "value": "x"}}, "shop.accounts.email must be unique"),
        ({"name": "phone", "mask": {"strategy": "rot13"}}, "strategy that does not exist"),
    ],
)
def test_a_plan_that_the_schema_forbids_is_told_before_the_first_write(shop: Shop, change, words: str) -> None:
    Field.objects.filter(collection__name="accounts", name=change["name"]).update(mask=change["mask"])
    batch = find()
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "schema") and words in order.park_reason
    assert len(shop.rows(s.visits, account_id=1)) == 25


def test_a_column_or_table_that_is_not_there_is_told_in_words(shop: Shop) -> None:
    Field.objects.filter(collection__name="visits", name="account_id").update(name="acount_id")
    order = order_of(find(), "find")
    assert (order.state, order.park_code) == (
        "parked",
        "schema",
    ) and "shop.visits has no column acount_id" in order.park_reason
    Collection.objects.filter(name="visits").update(name="visitz")
    order = order_of(find("zoe@people.example"), "find")
    assert order.state in ("parked", "done")


def test_a_driver_error_never_carries_a_value_into_the_log_or_the_case(shop: Shop, caplog) -> None:
    Field.objects.filter(collection__name="accounts", name="full_name").update(attribute="email")
    Field.objects.filter(collection__name="accounts", name="email").update(attribute="email")
    batch = find()
    allow(batch, "correct", changes={"email": s.BEN})  # Ben's address: the unique key refuses it
    with caplog.at_level(logging.DEBUG, logger="connectors"):
        run_all(batch)
    order = order_of(batch, "correct")
    assert order.state == "parked"
    ours = "\n".join(str(record.__dict__) for record in caplog.records if record.name.startswith("connectors"))
    assert "@people.example" not in ours + order.park_reason and "Baker" not in ours + order.park_reason


def test_a_system_that_does_not_answer_is_tried_again_and_then_parked(shop: Shop, settings) -> None:
    settings.MOST_ATTEMPTS = 2
    Connection.objects.update(address="postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    batch = find()
    order = order_of(batch, "find")
    assert (order.state, order.attempts) == ("open", 1) and order.next_try_at > timezone.now()
    WorkOrder.objects.update(next_try_at=None)
    run_all(batch)
    order.refresh_from_db()
    assert (order.state, order.park_code) == ("parked", "tries")


def test_a_worker_that_lost_its_lease_writes_nothing_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = find()
    allow(batch)
    order = order_of(batch)
    real = leases.renew

    def overtaken(model, pk, fence, now):
        WorkOrder.objects.filter(pk=pk).update(fence=fence + 1)  # another worker claims the row meanwhile
        return real(model, pk, fence, now)

    monkeypatch.setattr(leases, "renew", overtaken)
    engine.run(order.pk)
    assert len(shop.rows(s.visits, account_id=1)) == 25 and not Receipt.objects.exists()


def test_two_workers_on_one_order_are_one(shop: Shop) -> None:
    batch = find()
    allow(batch)
    order = order_of(batch)
    assert leases.claim(WorkOrder.objects.all(), order.pk, timezone.now())
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "open" and not Receipt.objects.exists()


def test_retention_deletes_by_date_and_spares_the_held_person_inside_the_statement(any_shop: Shop, settings) -> None:
    settings.CHUNK_ROWS = 10
    _, maya = staff()
    holds.place(s.person(ANNA), matter="case-1", reason="claim", review_on=date(2027, 1, 1), by=maya)
    batch = batches.open_retention(origin="run:1", collection=("shop", "visits"), before=date(2026, 1, 11), actor=CLERK)
    run_all(batch)
    assert summary(batch) == {("visits", "seen_on", False): (20, "delete")} and batch.findings.get().held == 10
    batches.authorise(batch, operation="erase", basis="schedule", approved_by=maya, actor=CLERK)
    run_all(batch)
    assert order_of(batch).state == "done"
    assert {pk: len(any_shop.rows(s.visits, account_id=pk)) for pk in (1, 2, 3)} == {1: 25, 2: 15, 3: 15}
    assert order_of(batch).rows_done == 20 and batch.findings.get().outcome["spared"] == 0


def test_the_number_of_queries_does_not_grow_with_the_rows(shop: Shop) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            batch = find()
            allow(batch)
            run_all(batch)
        return len(seen)

    few = queries()
    s.meta.drop_all(shop.engine)
    s.meta.create_all(shop.engine)
    s.fill(shop, 1500)
    sql_schema.forget()
    assert queries() <= few


def test_waived_work_is_settled_with_its_reason(shop: Shop) -> None:
    Connection.objects.update(active=False)
    batch = find()
    order = order_of(batch, "find")
    assert (order.state, order.park_code) == ("parked", "connection")
    settling.waive(order, reason_code="system_retired", by=staff()[0])
    assert batches.settled(batch, "find")
    with pytest.raises(batches.Refused):
        settling.retry(order, by=staff()[0])


def test_an_address_is_matched_whole_and_in_any_case_and_a_pattern_matches_nothing(shop: Shop) -> None:
    assert find("ANNA@PEOPLE.EXAMPLE").findings.filter(collection="accounts").get().rows == 1
    with pytest.raises(batches.Refused):
        find("%@people.example")
    for stranger in ("a_na@people.example", "anna@people.exampl", "nna@people.example"):
        assert not find(stranger).findings.exists()
    assert Finding.objects.filter(collection="accounts").count() == 1


def test_a_database_file_that_was_replaced_is_read_anew(shop: Shop, tmp_path) -> None:
    assert find().findings.filter(collection="visits").get().rows == 25
    fresh = s.Shop(s.sa.create_engine(f"sqlite:///{tmp_path / 'fresh.sqlite3'}"))
    s.meta.create_all(fresh.engine)
    s.fill(fresh, 7)
    fresh.engine.dispose()
    shop.engine.dispose()
    (tmp_path / "fresh.sqlite3").replace(tmp_path / "shop.sqlite3")
    assert find().findings.filter(collection="visits").get().rows == 7
