"""An approval covers what the description said is done; a description that was changed afterwards is approved anew."""

from typing import Any

import pytest

from connectors import settling
from inventory.models import DataCategory, Field
from tests.connectors import shop as s
from tests.connectors.shop import Shop, allow, find, order_of, run_all

NAMES = {"collection__name": "accounts", "name": "full_name"}


@pytest.mark.parametrize("change", [{"read_only": True}, {"mask": {"strategy": "null"}}, {"category": None}])
def test_a_field_that_was_described_anew_after_the_approval_stops_the_erasure(
    shop: Shop, change: dict[str, Any]
) -> None:
    batch = find()
    allow(batch)
    before = Field.objects.filter(**NAMES).values(*change).get()
    Field.objects.filter(**NAMES).update(**change)
    run_all(batch)
    order = order_of(batch)
    assert (order.state, order.park_code) == ("parked", "stale")
    assert "shop.accounts was described anew" in order.park_reason and "Collect again" in order.park_reason
    assert len(shop.rows(s.visits, account_id=1)) == 25
    Field.objects.filter(**NAMES).update(**before)
    settling.retry(order, by=s.staff()[0])
    run_all(batch)
    assert order_of(batch).state == "done"


def test_a_mask_of_a_category_counts_and_a_title_does_not(shop: Shop) -> None:
    batch = find()
    allow(batch)
    Field.objects.filter(**NAMES).update(title="Their name")
    run_all(batch)
    assert order_of(batch).state == "done"
    other = find(s.BEN)
    allow(other)
    DataCategory.objects.filter(key="usage").update(mask={"strategy": "truncate"})
    run_all(other)
    assert order_of(other).park_code == "stale"


def test_a_mask_that_was_mended_after_half_of_the_work_is_told_and_a_new_search_writes_it_everywhere(
    shop: Shop, settings: Any
) -> None:
    settings.CHUNK_ROWS = 10
    s.Collection.objects.filter(name="visits").update(erase="mask")
    Field.objects.filter(name="ip").update(mask={"strategy": "fixed", "value": "0"})
    Field.objects.filter(name="seen_on").update(mask={"strategy": "preserve"})
    shop.do(s.sa.text("CREATE TRIGGER no BEFORE UPDATE ON visits WHEN OLD.id > 20 AND NEW.ip = '0' "
                      "BEGIN SELECT RAISE(ABORT, 'no'); END"))  # fmt: skip
    batch = find()
    allow(batch)
    run_all(batch)
    order = order_of(batch)
    assert order.state == "parked" and order.rows_done
    Field.objects.filter(name="ip").update(mask={"strategy": "fixed", "value": "1"})
    settling.retry(order, by=s.staff()[0])
    run_all(batch)
    assert order_of(batch).park_code == "stale"
    again = find()
    allow(again)
    run_all(again)
    assert order_of(again).state == "done", order_of(again).park_reason
    assert {row["ip"] for row in shop.rows(s.visits, account_id=1)} == {"1"}


def test_an_opt_out_goes_by_the_description_of_its_day(shop: Shop) -> None:
    batch = find()
    allow(batch, "suppress")
    Field.objects.filter(name="subscribed").update(suppress={"value": True})
    run_all(batch)
    assert order_of(batch, "suppress").state == "done"
