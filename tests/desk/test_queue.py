"""The queue and the home page: the right requests, in the right order, for a price that does not grow."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import SweepRun
from connectors.models import Finding
from requests_app.models import Request
from tests.desk import builders
from tests.desk.builders import ADA, QUEUE, browser, colleague
from tests.requests_app.builders import ask


@pytest.fixture
def maya(company) -> Client:
    """The privacy officer's browser."""
    return browser(colleague("Privacy officer", "maya"))


def many(count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        ask("access", email=f"person{number}@example.org", name=f"Person {number}")


def found(client: Client, query: str = "") -> list[Request]:
    answer = client.get(f"{QUEUE}{query}")
    assert answer.status_code == 200, answer
    return list(answer.context["cl"].result_list)


def asked(client: Client, words: str) -> list[Request]:
    """Search through the box of the page; the address that the browser ends at holds nothing personal."""
    answer = client.post(f"{QUEUE}search/", {"q": words})
    assert answer.status_code == 302
    assert "@" not in answer.url and "example" not in answer.url and "%40" not in answer.url
    return found(client, answer.url.removeprefix(QUEUE))


def queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


@pytest.mark.parametrize("url", [QUEUE, "/admin/"])
def test_sixty_requests_cost_as_many_queries_as_ten(maya, url):
    many(10)
    few = queries(maya, url)
    many(50, start=10)
    assert len(found(maya)) == 50, "a page holds fifty"
    assert queries(maya, url) == few
    assert few < 54


def test_the_pages_together_are_the_list_in_its_order(maya):
    many(61)
    now = timezone.now()
    every = list(Request.objects.order_by("received_at"))
    for number, one in enumerate(every):
        Request.objects.filter(pk=one.pk).update(due_at=now + timedelta(hours=(number * 37) % 61))
    pages = found(maya) + found(maya, "?p=2")
    assert len(found(maya, "?p=2")) == 11, "what is left over has a page of its own"
    assert [one.pk for one in pages] == list(Request.objects.order_by("due_at").values_list("pk", flat=True))
    assert queries(maya, f"{QUEUE}?p=2") <= queries(maya, QUEUE) + 1


def test_an_address_finds_its_person_and_nobody_like_them(maya):
    mine = ask("access", email="ada@example.org")
    second = ask("delete", email="ada@example.org")
    ask("access", email="ada@example.org.evil.example")
    ask("access", email="xada@example.org")
    assert set(asked(maya, "ada@example.org")) == {mine, second}
    assert set(asked(maya, "  ADA@Example.ORG ")) == {mine, second}
    assert set(found(maya, "?q=ada@example.org")) == {mine, second}
    for words in ("da@example.org", "ada@", "@example.org", "%@example.org", "ada@example.or_"):
        assert not found(maya, f"?q={words}") and "No request" in note(maya, words)


def note(client: Client, words: str) -> str:
    answer = client.post(f"{QUEUE}search/", {"q": words}, follow=True)
    return " ".join(str(one) for one in answer.context["messages"])


def test_a_reference_is_found_by_its_beginning_and_never_by_a_persons_name(maya):
    request = ask("access")
    assert asked(maya, request.reference.lower()) == [request]
    assert asked(maya, request.reference[:5])[0] == request
    assert asked(maya, "Lovelace") == []


def test_the_most_urgent_stands_first_and_the_filters_part_the_rest(maya):
    now = timezone.now()
    late, week, later, done = (ask("access", email=f"p{number}@example.org") for number in range(4))
    for request, days in ((late, -2), (week, 3), (later, 20), (done, -9)):
        Request.objects.filter(pk=request.pk).update(due_at=now + timedelta(days=days))
    Request.objects.filter(pk=done.pk).update(state="closed", outcome="withdrawn", closed_at=now)
    assert found(maya) == found(maya, "?waits=open") == [late, week, later]
    assert set(found(maya, "?waits=all")) == {late, week, later, done}
    assert found(maya, "?state__exact=closed") == [done]
    assert found(maya, "?due=overdue") == [late]
    assert found(maya, "?due=week") == [week]
    assert found(maya, "?due=later") == [later]
    page = maya.get(QUEUE).content.decode()
    assert "overdue 2 d" in page and "19 d left" in page
    Request.objects.filter(pk=week.pk).update(owner=colleague("Reviewer", "rita"))
    assert set(found(maya, "?waits=nobody")) == {late, later}
    Request.objects.filter(pk=later.pk).update(attention="A letter could not be sent.")
    assert found(maya, "?waits=attention") == [later]
    assert "A letter could not be sent." in maya.get(QUEUE).content.decode()


def test_every_card_counts_what_its_queue_shows(company):
    builders.everything(company)
    rita = colleague("Reviewer", "rita")
    request = builders.fresh(Request.objects.get())
    Request.objects.filter(pk=request.pk).update(owner=rita, attention="Look.", due_at=builders.yesterday())
    request.clocks.update(breached_at=timezone.now())
    builders.park(request)
    maya = browser(colleague("Privacy officer", "maya"))
    cards = maya.get("/admin/").context["cards"]
    assert len({card.label for card in cards}) == len(cards), "each number stands there once"
    assert {card.label for card in cards if card.count} >= {
        "Overdue", "To review", "Need attention", "Raised to managers", "Parked work", "Recipients not told",
        "Retention to approve", "Legal holds",
    }  # fmt: skip
    for card in cards:
        if card.label in ("Failing checks", "Notice drift", "Rows past their date"):  # pages of their own
            continue
        rows = maya.get(card.url).context["cl"].result_count
        assert rows == card.count, f"{card.label}: the card says {card.count}, the queue shows {rows}"
    mine = {card.label: card.count for card in browser(rita).get("/admin/").context["cards"]}
    assert mine["Mine"] == 1


def test_a_silent_scheduler_is_said_out_loud(maya):
    assert "The scheduler is silent" in maya.get("/admin/").content.decode()
    run = SweepRun.objects.create(job="requests.sweep", slot=1, started_at=timezone.now())
    assert "The scheduler is silent" not in maya.get("/admin/").content.decode()
    SweepRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(minutes=6))
    assert "The scheduler is silent" in maya.get("/admin/").content.decode()


def test_a_page_past_the_end_and_a_filter_of_nonsense_break_nothing(maya):
    ask("access")
    cache.clear()
    for query in (
        "?p=99",
        "?due=nonsense",
        "?waits=%27",
        "?subject__in=nonsense",
        "?state__exact=x",
        "?o=99",
        "?q=%00",
    ):
        assert maya.get(f"{QUEUE}{query}", follow=True).status_code in (200, 400), query
    assert ADA not in str(Finding.objects.values())
