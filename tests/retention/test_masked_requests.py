"""What a person's own erasure masked is measured like a run's rows, and called what it is beside its outcome on the case."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from connectors.kinds.base import Permanent, Temporary
from connectors.kinds.sql import Sql
from connectors.models import Finding, WorkOrder
from inventory.models import Field
from requests_app.admin import sections
from retention import anonymity, tasks
from tests.connectors.conftest import any_shop as any_shop
from tests.connectors.shop import ANNA, BEN, Shop, allow, find, run_all

pytestmark = pytest.mark.django_db


def erased(mail: str) -> dict[str, Finding]:
    """Their rows are deleted or masked; the findings by collection."""
    batch = find(mail)
    allow(batch)
    run_all(batch)
    assert not WorkOrder.objects.filter(batch=batch).exclude(state="done").exists()
    return {one.collection: one for one in batch.findings.all()}


def looked_at(one: Finding) -> dict[str, Any]:
    one.refresh_from_db()
    return dict(one.outcome.get("anonymity", {}))


@pytest.fixture(autouse=True)
def two(settings: Any) -> None:
    settings.ANONYMOUS_K = 2


def test_masked_rows_are_measured_among_those_masked_alike(any_shop: Shop) -> None:
    anna = erased(ANNA)
    before = dict(anna["accounts"].outcome)
    assert anonymity.measure_requests(timezone.now()) > 0 and anonymity.measure_requests(timezone.now()) == 0
    facts = looked_at(anna["accounts"])
    assert (facts["k"], facts["rows"], facts["why"], facts["called"]) == (1, 1, ["k_too_small"], "pseudonymised")
    assert facts["cut"] == ["email"] and facts["linked"] == [] and not looked_at(anna["visits"]), (
        "deleted rows are gone"
    )
    assert {name: anna["accounts"].outcome[name] for name in before} == before
    ben = erased(BEN)
    anonymity.measure_requests(timezone.now())
    facts = looked_at(ben["accounts"])
    assert (facts["k"], facts["rows"], facts["called"]) == (2, 1, "anonymised"), (
        "Cleo's row is not masked and hides nobody"
    )
    messages = [looked_at(one) for one in Finding.objects.filter(collection="messages", outcome__action="mask")]
    assert messages and all(one["called"] == "pseudonymised" and "links_left" in one["why"] for one in messages)
    assert (
        Event.objects.filter(name="erasure.looked_at").count()
        == Finding.objects.filter(outcome__has_key="anonymity").count()
    )


def test_what_still_tells_people_apart_and_pseudonyms_count(any_shop: Shop) -> None:
    Field.objects.filter(collection__name="accounts", name="full_name").update(mask={"strategy": "preserve"})
    anna, ben = erased(ANNA), erased(BEN)
    anonymity.measure_requests(timezone.now())
    for one in (anna, ben):
        facts = looked_at(one["accounts"])
        assert (facts["k"], facts["unique"], facts["quasi"]) == (1, 1, ["full_name"])
    Field.objects.filter(collection__name="accounts", name="full_name").update(mask={"strategy": "hmac"})
    erased("cleo@people.example")
    anonymity.measure_requests(timezone.now())
    facts = looked_at(Finding.objects.filter(collection="accounts").latest("pk"))
    assert facts["linked"] == ["full_name"] and "links_left" in facts["why"] and facts["called"] == "pseudonymised"


def test_the_case_says_what_is_left(any_shop: Shop) -> None:
    one = erased(ANNA)["accounts"]
    assert "what is left" not in sections._outcome(one)
    assert tasks.measure_masked() > 0
    one.refresh_from_db()
    assert "what is left is pseudonymised (k 1, too few rows are alike)" in sections._outcome(one)


def test_what_cannot_be_asked_is_asked_again_or_not_called_anonymous(
    any_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = erased(ANNA)["accounts"]

    def broken(error: Exception) -> Any:
        def asked(*given: Any) -> Any:
            raise error

        return asked

    with monkeypatch.context() as patch:
        patch.setattr(Sql, "groups_of", broken(Temporary("connection")))
        assert not looked_at(one) and anonymity.measure_requests(timezone.now()) == 0
        patch.setattr(Sql, "groups_of", broken(Permanent("schema", "No such column.")))
        anonymity.measure_requests(timezone.now())
    assert looked_at(one)["why"] == ["k_not_computed"] and looked_at(one)["called"] == "pseudonymised"
    Finding.objects.update(outcome={"action": "mask", "rows": 1})
    assert not anonymity.measure_requests(timezone.now() + timedelta(days=8)), "long over"
