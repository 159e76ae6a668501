"""What came by phone, post or over the counter, in one page; many at once from a file; whose authority is accepted."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from requests_app import bulk
from requests_app.askers import Given
from requests_app.models import Agent, Asker, Line, Request
from tests.desk.builders import QUEUE, browser, case, colleague, press
from tests.requests_app import builders

NEW, BULK = f"{QUEUE}new/", f"{QUEUE}bulk/"


@pytest.fixture
def agnes(db):
    return browser(colleague("Agent"))


def entry(client, **given: str) -> dict[str, str]:
    form = client.get(NEW).context["form"]
    base = {
        "channel": "phone", "received_on": str(form["received_on"].value()), "right": "access", "email": "ada@example.org",
        "residence": "DE", "asked_by": "self", "nonce": form["nonce"].value(),
    }  # fmt: skip
    return base | given


@pytest.mark.parametrize("channel", ["phone", "post", "in_person", "email"])
def test_a_call_becomes_a_request_on_one_page(agnes, channel):
    response = agnes.post(NEW, entry(agnes, channel=channel, name="Ada Lovelace", details="She called."))
    request = Request.objects.get()
    assert response.status_code == 302 and response.url == case(request)
    assert request.channel == channel and request.details == "She called." and request.proved_at is None


def test_the_clocks_run_from_the_day_of_receipt(agnes):
    day = timezone.localdate() - timedelta(days=9)
    agnes.post(NEW, entry(agnes, received_on=str(day)))
    assert timezone.localdate(Request.objects.get().received_at) == day
    assert {clock.start_on for clock in Request.objects.get().clocks.all()} == {day}


def test_the_next_one_can_be_entered_at_once_and_a_double_click_is_one_request(agnes):
    given = entry(agnes, next="1")
    assert agnes.post(NEW, given).url == NEW
    agnes.post(NEW, given)
    assert Request.objects.count() == 1
    agnes.post(NEW, entry(agnes, email="bob@example.org"))
    assert Request.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"email": "ada"}, "email", "name@example.org"),
        ({"residence": ""}, "residence", "required"),
        ({"right": ""}, "right", "required"),
        ({"received_on": "2036-01-01"}, "received_on", "future"),
        ({"received_on": "soon"}, "received_on", "valid date"),
        ({"asked_by": "agent", "asker_name": "Eve"}, "basis", "what shows"),
        ({"right": "correct"}, "attribute", "Say what should be corrected"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(agnes, given, field, words):
    response = agnes.post(NEW, entry(agnes, details="Long story", **given))
    html = response.content.decode()
    assert response.status_code == 422 and words in html and "Long story" in html and not Request.objects.exists()
    assert field in response.context["form"].errors


def test_a_parent_at_the_counter_waits_for_whoever_decides(agnes):
    given = {"asked_by": "parent", "basis": "parent", "asker_name": "Eve", "asker_email": "eve@example.net"}
    agnes.post(NEW, entry(agnes, channel="in_person", **given))
    request = Request.objects.get()
    assert request.authority == "awaiting"
    assert press(agnes, request, "accept_authority", reason="Birth certificate.").status_code == 422
    reviewer = browser(colleague("Reviewer"))
    html = reviewer.get(case(request)).content.decode()
    assert (
        "Who asks" in html and "recital 38" in html and "eve@example.net" not in html and "Accept the authority" in html
    )
    assert press(reviewer, request, "accept_authority", reason="Birth certificate.").status_code == 302
    request.refresh_from_db()
    assert request.authority == "accepted" and request.proved_at
    assert Asker.objects.get().decided_by.username == "reviewer"


def test_a_refusal_needs_its_reason_and_keeps_what_was_typed(company):
    request = builders.ask("access", asker=Given("parent", "Eve", "eve@example.net", basis="parent"))
    reviewer = browser(colleague("Reviewer"))
    assert press(reviewer, request, "refuse_authority", reason=" ").status_code == 422
    assert press(reviewer, request, "refuse_authority", reason="Not their child.").status_code == 302
    request.refresh_from_db()
    assert request.outcome == "denied"


def test_a_case_says_when_it_is_perhaps_one_too_many(company):
    for _ in range(3):
        request = builders.ask("access", residence="US-CA")
    Request.objects.update(proved_at=timezone.now())
    html = browser(colleague("Reviewer")).get(case(request)).content.decode()
    assert "Perhaps one too many" in html and "1798.130(b)" in html


def test_a_file_is_uploaded_and_every_line_told(agnes):
    raw = bulk.SAMPLE + "3,access,nonsense,,DE,,,,,,,,,\n"
    answer = agnes.post(BULK, {"file": SimpleUploadedFile("march.csv", raw.encode())})
    assert answer.status_code == 302 and Line.objects.count() == 3
    for one in bulk.unfinished():
        bulk.process(one)
    html = agnes.get(answer.url).content.decode()
    assert html.count("PR-") == 2 and "Not taken" in html and "name@example.org" in html
    assert "ada@example.org" not in html
    assert "march.csv" in agnes.get(BULK).content.decode()


def test_a_file_that_is_none_is_refused_in_words(agnes):
    answer = agnes.post(BULK, {"file": SimpleUploadedFile("x.csv", b"\x00\xff")})
    assert answer.status_code == 422 and "UTF-8" in answer.content.decode() and not Line.objects.exists()


def test_the_sample_can_be_fetched(agnes):
    answer = agnes.get(f"{BULK}sample.csv")
    assert answer.content.decode() == bulk.SAMPLE and "attachment" in answer["Content-Disposition"]


@pytest.mark.parametrize("role", ["Legal", "Auditor", "System owner", "Administrator"])
@pytest.mark.parametrize("path", [NEW, BULK, f"{BULK}sample.csv"])
def test_who_does_not_work_cases_enters_none(db, role, path):
    client = browser(colleague(role))
    assert client.get(path).status_code == 403 and client.post(path).status_code == 403


def test_agents_are_listed_with_what_they_asked(company):
    listed = Agent.objects.create(name="Eve", organisation="Agents Ltd", contact="eve@agents.example")
    given = Given("agent", "Eve", "eve@agents.example", basis="permission")
    builders.ask("access", asker=given)
    builders.ask("opt_out_sale", asker=given)
    builders.pump()
    officer = browser(colleague("Privacy officer"))
    row = officer.get("/admin/requests_app/agent/").context["cl"].queryset.get(pk=listed.pk)
    assert (row.asked_count, row.open_count, row.refused_count) == (2, 1, 0)
    made = {"organisation": "Others", "name": "Olga", "contact": "Olga@Others.example", "state": "active"}
    officer.post("/admin/requests_app/agent/add/", made)
    assert Agent.objects.get(organisation="Others").contact == "olga@others.example"
