"""Doing one thing to many cases: each by the verb of its page, each refusal told, and the second person never left out."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.models import Authorisation
from requests_app import together
from requests_app.models import Letter, Request
from tests.desk import builders
from tests.desk.builders import QUEUE, browser, colleague, fresh, in_review, mark
from tests.requests_app.builders import ask

TOGETHER = f"{QUEUE}together/"


@pytest.fixture
def rita(company) -> User:
    """A reviewer: she decides, and may not approve."""
    return colleague("Reviewer", "rita")


def preview(client: Client, name: str, *requests: Request):
    return client.post(QUEUE, {"action": name, "index": "0", "_selected_action": [str(one.pk) for one in requests]})


def press(client: Client, name: str, *chosen: str, **given: str):
    client.post(TOGETHER, {"deed": name, "pk": chosen, **given})
    page = client.get(f"{TOGETHER}done/")
    return {row["reference"]: (row["ok"], row["sentence"]) for row in page.context["done"] + page.context["refused"]}


def ticked(page) -> list[str]:
    """What a browser would send of the preview."""
    return [f"{row.request.pk}:{row.mark}" for row in page.context["rows"] if not row.hindered]


def test_a_preview_changes_nothing_and_says_who_is_left_out_and_why(rita):
    copy, erasure = in_review("access"), ask("delete", email="bob@example.org")
    before = builders.snapshot()
    page = preview(browser(rita), "propose", copy, erasure)
    said = {row.request.pk: row.says or row.hindered for row in page.context["rows"]}
    assert "rows in" in said[copy.pk] and said[erasure.pk] == "It is not in review."
    assert builders.snapshot() == before
    assert page.content.decode().count('name="pk"') == 1


def test_an_erasure_proposed_among_many_waits_for_somebody_else(rita):
    erasure = in_review("delete")
    client = browser(rita)
    page = preview(client, "propose", erasure)
    results = press(client, "propose", *ticked(page))
    assert results[erasure.reference] == (True, "Proposed; a second person has to approve it.")
    one = fresh(erasure)
    assert (one.state, one.proposed_by, one.approved_by) == ("in_review", rita, None)
    assert not Authorisation.objects.exists()
    again = press(client, "propose", *ticked(page))
    assert again[erasure.reference][0] is False and not Authorisation.objects.exists()


@pytest.mark.parametrize("role", ["Reviewer", "Privacy officer"])
def test_nothing_that_is_done_to_many_approves_an_erasure(company, role):
    """Whatever a colleague sends, by every deed and by names of verbs that are none: nobody becomes their own second person."""
    erasure = in_review("delete")
    user = colleague(role)
    client = browser(user)
    shown = f"{erasure.pk}:{mark(erasure)}"
    press(client, "propose", shown)
    assert fresh(erasure).proposed_by == user
    for name in ("approve", "carry_out", "propose", *(one.name for one in together.DEEDS if one.name != "search")):
        client.post(TOGETHER, {"deed": name, "pk": [shown], "to": str(user.pk)})
        one = fresh(erasure)
        assert one.state == "in_review" and one.approved_by is None and not Authorisation.objects.exists(), name
    assert "approve" not in {one.name for one in together.DEEDS}


def test_a_proposal_covers_only_what_the_preview_showed(rita):
    erasure = in_review("delete")
    client = browser(rita)
    chosen = ticked(preview(client, "propose", erasure))
    finding = fresh(erasure).batch.findings.first()
    type(finding).objects.filter(pk=finding.pk).update(rows=finding.rows + 1)
    ok, said = press(client, "propose", *chosen)[erasure.reference]
    assert not ok and "changed" in said and fresh(erasure).proposed_by is None
    for forged in (f"{erasure.pk}:", f"{erasure.pk}", f"{erasure.pk}:{'0' * 64}"):
        assert press(client, "propose", forged)[erasure.reference][0] is False


def test_one_refusal_stops_no_other(rita):
    first, second = in_review("access"), ask("access", email="bob@example.org")
    results = press(browser(rita), "propose", f"{second.pk}:", f"{first.pk}:{mark(first)}", "nonsense", "")
    assert results[first.reference][0] is True and results[second.reference][0] is False
    assert fresh(first).state != "in_review" or fresh(first).proposed_by == rita


def test_a_case_is_given_to_a_colleague_who_may_work_on_it(rita, company):
    one = ask("access")
    olga, auditor = colleague("Agent", "olga"), colleague("Auditor", "aud")
    client = browser(rita)
    page = preview(client, "assign", one)
    assert olga in page.context["colleagues"]
    assert press(client, "assign", *ticked(page), to=str(auditor.pk))[one.reference][0] is False
    assert press(client, "assign", *ticked(page), to="x")[one.reference][0] is False
    assert press(client, "assign", *ticked(page), to=str(olga.pk))[one.reference][0] is True
    assert fresh(one).owner == olga and builders.events("request.assigned").count() == 1


def test_a_reminder_goes_to_those_who_have_not_proved_and_has_a_limit(rita):
    one, done = ask("access"), in_review("access", email="bob@example.org", name="Bob")
    client = browser(rita)
    sent = Letter.objects.filter(request=one, kind="open").count()
    results = [press(client, "remind", f"{one.pk}:", f"{done.pk}:") for _ in range(4)]
    assert results[0] == {one.reference: (True, "Reminded."), done.reference: (False, "It does not wait for a proof.")}
    assert results[-1][one.reference][0] is False and "three links" in results[-1][one.reference][1]
    assert Letter.objects.filter(request=one, kind="open").count() <= sent + 3


def test_parked_letters_and_work_go_on(company):
    one = in_review("delete")
    builders.park(one)
    Letter.objects.filter(request=one).update(state="parked", park_reason="No mailbox.")
    client = browser(colleague("Privacy officer", "maya"))
    assert press(client, "letters", f"{one.pk}:")[one.reference][0] is True
    assert press(client, "orders", f"{one.pk}:")[one.reference][0] is True
    assert not Letter.objects.filter(state="parked").exists()
    assert press(client, "orders", f"{one.pk}:")[one.reference] == (False, "No work of it is parked any more.")


@pytest.mark.parametrize("role", ["Auditor", "Legal", "System owner", "Administrator"])
def test_whoever_works_on_no_cases_is_offered_nothing_and_can_do_nothing(company, role):
    one = in_review("delete")
    before = builders.snapshot()
    client = browser(colleague(role))
    for deed in together.DEEDS:
        if role == "System owner" and deed.name == "orders":
            continue
        assert client.post(TOGETHER, {"deed": deed.name, "pk": [f"{one.pk}:{mark(one)}"]}).status_code == 403, deed.name
    assert builders.snapshot() == before


def test_a_preview_of_ten_costs_as_many_queries_as_one_of_two(rita):
    rows = [ask("access", email=f"p{number}@example.org") for number in range(10)]
    client = browser(rita)
    spent = []
    for many in (2, 2, 10):
        with CaptureQueriesContext(connection) as seen:
            assert preview(client, "propose", *rows[:many]).status_code == 200
        spent.append(len(seen))
    assert spent[1] == spent[2]
