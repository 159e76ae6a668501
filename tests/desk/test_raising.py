"""Cases are raised to the privacy officers with a reason, and lowered again; many are extended at once, on the law's ground."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from requests_app.models import Letter, Raising
from tests.desk.builders import QUEUE, browser, colleague, fresh, in_review
from tests.desk.test_together import TOGETHER, press, preview, ticked
from tests.requests_app.builders import ask

WORDS = "Their lawyer called; see the note."


@pytest.fixture
def rita(company) -> User:
    return colleague("Reviewer", "rita")


def test_a_case_is_raised_with_a_reason_shown_as_a_badge_and_lowered_by_an_officer_or_its_author(rita):
    case, agent = in_review("delete"), browser(colleague("Agent", "alex"))
    to = f"{QUEUE}{case.pk}/do/"
    assert agent.post(f"{to}raise/", {"reason": " "}).status_code == 422
    assert agent.post(f"{to}raise/", {"reason": WORDS}).status_code == 302
    assert agent.post(f"{to}raise/", {"reason": WORDS}).status_code == 422, "once"
    page = agent.get(f"{QUEUE}{case.pk}/change/").content.decode()
    assert WORDS in page and "It was seen to" in page, "whoever raised it may lower it"
    assert browser(rita).post(f"{to}lower/").status_code == 422, "a colleague may not"
    maya = browser(colleague("Privacy officer", "maya"))
    for view in ("raised", "managers"):
        assert case.reference in maya.get(f"{QUEUE}?waits={view}").content.decode()
    assert '<span class="po-risk">raised</span>' in maya.get(f"{QUEUE}?waits=raised").content.decode()
    assert "Raised by colleagues" in maya.get("/admin/").content.decode()
    assert fresh(case).state == "in_review" and fresh(case).proposed_by is None, "nothing else moves"
    assert maya.post(f"{to}lower/").status_code == 302
    assert fresh(case).raised_at is None and Raising.objects.get().lowered_by is not None
    facts = [one.facts for one in Event.objects.filter(name__in=("request.raised", "request.lowered"))]
    assert len(facts) == 2 and not any(WORDS in str(one) for one in facts)
    auditor = browser(colleague("Auditor"))
    assert auditor.post(f"{to}raise/", {"reason": WORDS}).status_code == 422 and Raising.objects.count() == 1


def test_many_are_raised_and_lowered_and_what_was_typed_comes_back_when_something_is_missing(rita):
    one, two = in_review("access"), in_review("delete", email="bob@example.org")
    client = browser(rita)
    page = preview(client, "raise", one, two)
    assert 'name="reason"' in page.content.decode()
    empty = client.post(TOGETHER, {"deed": "raise", "pk": ticked(page)[:1], "reason": ""})
    assert empty.status_code == 422 and empty.content.decode().count(" checked") == 1, "who was left out stays left out"
    results = press(client, "raise", *ticked(page), reason=WORDS)
    assert all(ok for ok, _ in results.values()) and Raising.objects.count() == 2
    again = preview(client, "raise", one, two)
    assert [row.hindered for row in again.context["rows"]] == ["It is raised already."] * 2
    press(client, "lower", *ticked(preview(client, "lower", one, two)))
    assert fresh(one).raised_at is None is fresh(two).raised_at


def test_many_are_extended_and_the_preview_says_which_may_not_be_and_why(rita):
    copy, done = in_review("access"), in_review("access", email="bob@example.org")
    ads = ask("opt_out_sale", residence="US-CA", email="cy@example.org")
    client = browser(rita)
    page = preview(client, "extend", done)
    reason = page.context["asks"][0][0].choices[0][0]
    given = {"reason": reason, "note": "Your request is large."}
    assert press(client, "extend", *ticked(page), **given)[done.reference][0] is True
    page = preview(client, "extend", copy, ads, done)
    said = {row.request.pk: (row.says, row.hindered) for row in page.context["rows"]}
    assert "extended under GDPR" in said[copy.pk][0] and "to be told by" in said[copy.pk][0]
    assert said[done.pk][1] == "Its time was extended already; the law allows it once." and said[ads.pk][1]
    lost = client.post(TOGETHER, {"deed": "extend", "pk": ticked(page), "reason": reason, "note": ""})
    assert lost.status_code == 422 and f'value="{reason}" selected' in lost.content.decode()
    wrong = press(client, "extend", *ticked(page), reason="because", note="x")
    assert wrong[copy.reference][0] is False, "a ground that the law does not know"
    results = press(client, "extend", *ticked(page), f"{ads.pk}:", f"{done.pk}:", **given)
    assert {ref for ref, (ok, _) in results.items() if ok} == {copy.reference}, "the verb has the last word"
    assert Letter.objects.filter(kind="extended").count() == 2
    alex = browser(colleague("Agent", "alex"))
    assert alex.post(TOGETHER, {"deed": "extend", "pk": ticked(page), **given}).status_code == 403


@pytest.mark.parametrize("name", ["extend", "raise", "lower"])
def test_a_preview_of_more_costs_no_more_queries(rita, name):
    client, counts = browser(rita), []
    cases = [in_review("access")]
    for more in (0, 0, 2):
        cases += [in_review("access", email=f"p{one}@example.org") for one in range(more)]
        with CaptureQueriesContext(connection) as captured:
            preview(client, name, *cases)
        counts.append(len(captured))
    assert counts[1] == counts[2]
