"""Holds on rows, whoever's they are: a system, a collection, or rows that hold a value."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.refusal import Refused
from connectors import batches, engine, holds, rowholds
from connectors.models import RowHold
from inventory.models import Collection, System
from tests.connectors import shop as s
from tests.connectors.shop import ANNA, CLERK, Shop, allow, find, order_of, run_all, staff
from tests.connectors.test_dated import approved, counted, left
from tests.consent.builders import colleague


def hold(by: Any, **what: Any) -> RowHold:
    return rowholds.place(
        System.objects.get(), matter="case-1", reason="claim", review_on=date(2027, 1, 1), by=by, **what
    )


@pytest.fixture
def lawyers(db: None) -> tuple[Any, Any]:
    may = ("connectors.place_legalhold", "connectors.release_legalhold")
    return colleague("lena", *may), colleague("lars", *may)


def retention() -> Any:
    batch = batches.open_retention(origin="run:1", collection=("shop", "visits"), before=date(2026, 1, 11), actor=CLERK)
    run_all(batch)
    return batch


@pytest.mark.parametrize(
    ("what", "held"), [({}, 30), ({"collection": "visits"}, 30), ({"field": "account_id", "values": ["1", "3"]}, 20)]
)
def test_held_rows_are_no_part_of_a_run(shop: Shop, lawyers: Any, what: dict[str, Any], held: int) -> None:
    if what:
        what = what | {"collection": Collection.objects.get(name="visits")}
    hold(lawyers[0], **what)
    batch = retention()
    finding = batch.findings.get()
    assert (finding.rows, finding.held) == (30 - held, held)
    if finding.rows:
        batches.authorise(batch, operation="erase", basis="schedule", approved_by=staff()[1], actor=CLERK)
        run_all(batch)
        assert order_of(batch).state == "done"
        assert {pk: len(shop.rows(s.visits, account_id=pk)) for pk in (1, 2, 3)} == {1: 25, 2: 15, 3: 25}


def test_a_persons_erasure_leaves_rows_under_hold_as_well(shop: Shop, lawyers: Any) -> None:
    hold(lawyers[0], collection=Collection.objects.get(name="visits"))
    batch = find(ANNA)
    allow(batch)
    run_all(batch)
    assert len(shop.rows(s.visits, account_id=1)) == 25


def test_on_the_quick_way_they_are_spared_within_the_statement_also_when_placed_after_the_count(
    logs: Any, careful: list[int], lawyers: Any
) -> None:
    batch = counted()
    order = approved(batch)
    hold(lawyers[0], collection=Collection.objects.get(name="logs"), field="person_id", values=["2"])
    holds.place(s.person(s.BEN), matter="case-2", reason="claim", review_on=date(2027, 1, 1), by=lawyers[0])
    engine.run(order.pk)
    order.refresh_from_db()
    assert order.state == "done" and careful == [] and order.rows_done == 110
    assert len(left(logs)) == 290 and batch.findings.get().outcome["spared"] == 109


def test_two_people_end_it_and_then_the_rows_are_due_again(shop: Shop, lawyers: Any) -> None:
    made = hold(lawyers[0])
    with pytest.raises(Refused):
        rowholds.release(made, by=lawyers[1])
    rowholds.ask_release(made, by=lawyers[0], reason="Settled.")
    with pytest.raises(Refused):
        rowholds.release(made, by=lawyers[0])
    with pytest.raises(IntegrityError), transaction.atomic():
        RowHold.objects.update(released_by=lawyers[0], released_at=made.placed_at)
    rowholds.release(made, by=lawyers[1])
    assert retention().findings.get().rows == 30 and list(holds.last_release())


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"matter": " "}, "hold_reason"),
        ({"field": "ip", "values": ["x"]}, "hold_field"),
        ({"collection": True, "field": "nothing", "values": ["x"]}, "hold_field"),
        ({"collection": True, "field": "ip"}, "hold_values"),
        ({"collection": True, "values": ["x"]}, "hold_values"),
    ],
)
def test_what_makes_no_sense_is_refused(shop: Shop, lawyers: Any, what: dict[str, Any], code: str) -> None:
    if what.get("collection"):
        what = what | {"collection": Collection.objects.get(name="visits")}
    given = {"matter": "case-1", "reason": "claim", "review_on": date(2027, 1, 1), "by": lawyers[0]} | what
    with pytest.raises(Refused) as refused:
        rowholds.place(System.objects.get(), **given)
    assert refused.value.code == code
    with pytest.raises(Refused):
        hold(colleague("ole"))
