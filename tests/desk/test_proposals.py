"""Drift on the desk: who may decide, what a colleague chooses, and what it costs."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.models import Proposal
from inventory.models import Collection, Field
from tests.desk.builders import browser, colleague, events

LIST = "/admin/connectors/proposal/"


@pytest.fixture
def desk(company) -> Client:
    """The administrator's browser."""
    return browser(colleague("Administrator"))


def proposal(company, column: str, confidence: int = 85, **more: object) -> Proposal:
    said = {"field": {"name": column, "category": "contact.phone"}}
    values = {
        "kind": "new_column",
        "table": "people",
        "suggestion": said,
        "evidence": ["its name is one for phones"],
        **more,
    }
    return Proposal.objects.create(system=company.system, column=column, confidence=confidence, **values)


def table(company, name: str, columns: int = 3) -> Proposal:
    fields = [{"name": f"c{number}", "category": "usage"} for number in range(columns)]
    fields.insert(0, {"name": "id", "primary_key": True, "data_type": "integer"})
    row = {"name": name, "title": name, "erase": "delete", "fields": fields}
    return proposal(company, "", kind="new_table", table=name, suggestion={"collection": row, "reasons": {}})


def queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_what_drifted_stands_on_the_home_page_of_who_may_decide_it(company, desk) -> None:
    proposal(company, "mobile")
    cards = {card.label: card for card in desk.get("/admin/").context["cards"]}
    assert cards["Drift to decide"].count == 1 and cards["Systems not seen"].count == 0
    assert list(desk.get(cards["Drift to decide"].url).context["cl"].result_list)
    agent = browser(colleague("Agent"))
    assert "Drift to decide" not in [card.label for card in agent.get("/admin/").context["cards"]]
    assert agent.get(LIST).status_code == 403


def test_a_colleague_accepts_with_another_category_and_it_is_in_the_inventory(company, desk) -> None:
    one = proposal(company, "mobile")
    page = desk.get(f"{LIST}{one.pk}/change/")
    assert b"Its name is one for phones" in page.content
    desk.post(f"{LIST}{one.pk}/decide/accept/", {"category:mobile": "identity"})
    assert Field.objects.get(name="mobile").category.key == "identity"
    assert events("proposal.accepted").count() == 1
    again = desk.post(f"{LIST}{one.pk}/decide/accept/", {})
    assert again.status_code == 422 and b"decided this already" in again.content


def test_a_table_is_accepted_as_kept_only_with_a_ground_and_what_was_typed_comes_back(company, desk) -> None:
    one = table(company, "bills")
    url = f"{LIST}{one.pk}/decide/accept/"
    refused = desk.post(url, {"erase": "keep", "skip": "no", "category:c2": "health"})
    assert refused.status_code == 422 and b"keep_ground" in refused.content
    assert refused.context["lines"][3].category == "health" and b'value="keep" selected' in refused.content
    assert not Collection.objects.filter(name="bills").exists()
    assert desk.post(url, {"erase": "burn"}).status_code == 422
    desk.post(url, {"erase": "keep", "keep_ground": "legal_obligation", "skip": "no", "category:c1": "-"})
    made = Collection.objects.get(name="bills")
    assert (made.erase, made.keep_ground) == ("keep", "legal_obligation")
    assert made.fields.get(name="c1").category is None and made.fields.get(name="c0").category.key == "usage"


def test_dismissing_needs_a_reason(company, desk) -> None:
    one = proposal(company, "mobile")
    assert desk.post(f"{LIST}{one.pk}/decide/dismiss/", {"reason": " "}).status_code == 422
    desk.post(f"{LIST}{one.pk}/decide/dismiss/", {"reason": "A machine's number."})
    one.refresh_from_db()
    assert (one.state, one.reason) == ("dismissed", "A machine's number.")
    assert events("proposal.dismissed").count() == 1
    assert b"A machine&#x27;s number." in desk.get(f"{LIST}{one.pk}/change/").content


def test_the_sure_ones_are_shown_first_and_only_those_that_stay_ticked_are_accepted(company, desk) -> None:
    sure, other, unsure = (
        proposal(company, "mobile"),
        proposal(company, "handy"),
        proposal(company, "fact", confidence=30),
    )
    page = desk.get(f"{LIST}sure/")
    assert [one for one, _ in page.context["rows"]] == [other, sure]
    assert not Field.objects.filter(name="mobile").exists()
    desk.post(f"{LIST}sure/", {"one": [f"{sure.pk}:", f"{unsure.pk}:"]})
    assert set(Proposal.objects.filter(state="open")) == {other, unsure}, (
        "what is not sure is never accepted in passing"
    )
    assert Field.objects.filter(name="mobile").exists()


def test_only_who_may_decide_decides(company, desk) -> None:
    one = proposal(company, "mobile")
    auditor = browser(colleague("Auditor"))
    for url in (f"{LIST}{one.pk}/decide/accept/", f"{LIST}{one.pk}/decide/dismiss/", f"{LIST}sure/"):
        assert auditor.post(url, {"reason": "x"}).status_code == 403
    assert desk.get(f"{LIST}{one.pk}/decide/accept/").status_code == 405
    assert Proposal.objects.get().state == "open"


@pytest.mark.parametrize("page", [f"{LIST}?state__exact=open", f"{LIST}sure/", "/admin/"])
def test_forty_proposals_cost_as_many_queries_as_four(company, desk, page) -> None:
    for number in range(4):
        proposal(company, f"phone{number}")
    few = queries(desk, page)
    for number in range(4, 40):
        proposal(company, f"phone{number}")
    assert queries(desk, page) == few


def test_a_wide_table_costs_as_many_queries_as_a_narrow_one(company, desk) -> None:
    narrow, wide = table(company, "narrow", 2), table(company, "wide", 60)
    assert queries(desk, f"{LIST}{narrow.pk}/change/") == queries(desk, f"{LIST}{wide.pk}/change/")


def test_what_changed_since_it_was_shown_is_not_accepted(company, desk) -> None:
    one = proposal(company, "mobile", fingerprint="new")
    assert desk.post(f"{LIST}{one.pk}/decide/accept/", {"seen": "old"}).status_code == 422
    desk.post(f"{LIST}sure/", {"one": [f"{one.pk}:old"]})
    assert Proposal.objects.get().state == "open" and not Field.objects.filter(name="mobile").exists()
    desk.post(f"{LIST}sure/", {"one": [f"{one.pk}:new"]})
    assert Field.objects.filter(name="mobile").exists()
