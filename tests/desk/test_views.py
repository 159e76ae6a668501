"""Views of the queue belong to whoever kept them; filters part the requests; searches leave nothing personal in an address."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from audit.models import Event
from requests_app import risk
from requests_app.models import FirstView, Request, SavedView
from subjects import registry
from tests.desk.builders import QUEUE, TESTS, browser, colleague
from tests.requests_app.builders import ask

VIEWS = f"{QUEUE}views/"


@pytest.fixture
def maya(company) -> Client:
    """The privacy officer's browser."""
    cache.clear()
    return browser(colleague("Privacy officer", "maya"))


@pytest.fixture
def rita(maya) -> Client:
    """A reviewer's browser."""
    return browser(colleague("Reviewer", "rita"))


def keep(client: Client, name: str, filters: str, **more: str) -> SavedView | None:
    client.post(VIEWS, {"button": "keep", "name": name, "filters": filters, **more})
    return next((one for one in SavedView.objects.all() if one.name == name), None)


def names(client: Client) -> list[str]:
    return [tab.name for tab in client.get(f"{QUEUE}?waits=open").context["strip"]["tabs"] if tab.view]


def found(client: Client, query: str) -> list[Request]:
    return list(client.get(f"{QUEUE}{query}").context["cl"].result_list)


def test_a_view_is_its_owners_until_it_is_shared(maya, rita):
    view = keep(maya, "Erasures from Germany", "right__exact=delete&region=DE")
    assert view.filters == {"right__exact": "delete", "region": "DE"} and not view.shared
    assert names(maya) == ["Erasures from Germany"] and names(rita) == []
    maya.post(VIEWS, {"button": "share", "view": view.pk})
    assert names(rita) == ["Erasures from Germany"]
    page = maya.get(f"{QUEUE}?region=DE&right__exact=delete").content.decode()
    assert "Stop sharing" in page and "Keep this view" not in page
    assert "Stop sharing" not in rita.get(f"{QUEUE}?region=DE&right__exact=delete").content.decode()
    assert Event.objects.filter(name__startswith="view.").count() == 2


@pytest.mark.parametrize("button", ["share", "unshare", "remove"])
def test_nobody_changes_a_colleagues_view(maya, rita, button):
    view = keep(maya, "Mine", "due=week", shared="1")
    answer = rita.post(VIEWS, {"button": button, "view": view.pk}, follow=True)
    assert "belongs to a colleague" in answer.content.decode()
    assert SavedView.objects.get() == view and SavedView.objects.get().shared


def test_a_hidden_view_is_not_there_for_others(maya, rita):
    view = keep(maya, "Mine", "due=week")
    for button in ("share", "remove", "first"):
        assert rita.post(VIEWS, {"button": button, "view": view.pk}).status_code == 404
    assert not FirstView.objects.exists()


def test_a_queue_opens_with_the_view_that_was_chosen_until_it_is_taken_away(maya, rita):
    view = keep(maya, "This week", "due=week", shared="1")
    rita.post(VIEWS, {"button": "first", "view": view.pk})
    assert rita.get(QUEUE).url == f"{QUEUE}?due=week"
    assert maya.get(QUEUE).status_code == 200, "each colleague chooses their own"
    maya.post(VIEWS, {"button": "unshare", "view": view.pk})
    assert rita.get(QUEUE).status_code == 200


def test_a_view_keeps_filters_and_never_a_search(maya):
    ask("access")
    assert keep(maya, "Ada", "q=ada@example.org") is None
    assert keep(maya, "People", "subject__in=5cbf2a50-0000-4000-8000-000000000000") is None
    view = keep(maya, "Late", "due=overdue&q=ada@example.org&found=abc&evil=1")
    assert view.filters == {"due": "overdue"}
    for name in ("", "x" * 61, "a\x00b"):
        keep(maya, name, "due=week")
    assert SavedView.objects.count() == 1


def test_a_colleague_who_left_shares_nothing_more(maya, rita):
    keep(maya, "Old", "due=week", shared="1")
    assert names(rita) == ["Old"]
    SavedView.objects.get().owner.__class__.objects.filter(username="maya").update(is_active=False)
    assert names(rita) == []


def test_filters_part_the_requests(maya):
    now = timezone.now()
    german = ask("access", email="a@example.org", residence="DE")
    american = ask("delete", email="b@example.org", residence="US-CA")
    assert found(maya, "?region=DE") == [german]
    assert found(maya, "?region=US") == found(maya, "?region=US-CA") == [american]
    assert found(maya, "?law=eu-gdpr") == [german]
    assert found(maya, "?law=us-ca-ccpa") == [american]
    owner = colleague("Reviewer", "olga")
    Request.objects.filter(pk=german.pk).update(owner=owner, due_at=now + timedelta(days=2))
    Request.objects.filter(pk=american.pk).update(due_at=now + timedelta(days=12))
    assert found(maya, f"?owner={owner.pk}") == [german]
    assert found(maya, "?due=three") == [german] and found(maya, "?due=fortnight") == [german, american]
    assert found(maya, "?risk=high") == [german] and found(maya, "?risk=ordinary") == [american]
    for nonsense in ("?owner=x", "?owner=99999999999", "?region=%00", "?law=x", "?risk=x", "?found=x"):
        assert maya.get(f"{QUEUE}{nonsense}", follow=True).status_code in (200, 400)


def test_each_open_request_has_exactly_one_risk_as_a_row_and_as_a_query(maya):
    now = timezone.now()
    rows = [ask("access", email=f"p{number}@example.org") for number in range(7)]
    for row, change in zip(rows, (
        {"due_at": now - timedelta(days=1)}, {"due_at": now + timedelta(days=2)}, {"due_at": now + timedelta(days=5)},
        {"due_at": now + timedelta(days=30)}, {"due_at": None}, {"due_at": None, "attention": "Look."},
        {"due_at": now + timedelta(days=30), "stopped_at": now},
    ), strict=True):  # fmt: skip
        Request.objects.filter(pk=row.pk).update(**change)
    for one in Request.objects.all():
        levels = [
            level for level, _ in risk.CHOICES if Request.objects.filter(risk.where(level, now), pk=one.pk).exists()
        ]
        assert levels == [risk.of(one, now)], one.due_at


def searched(client: Client, words: str) -> tuple[str, list[Request]]:
    url = client.post(f"{QUEUE}search/", {"q": words}).url
    return url, found(client, url.removeprefix(QUEUE))


def test_a_whole_name_or_phone_finds_its_person_and_part_of_one_does_not(maya):
    ada = ask("access", email="ada@example.org", name="Ada Lovelace")
    registry.add(ada.subject, "phone", "+49 30 1234567", actor=TESTS)
    for words in ("Ada Lovelace", "  ada  LOVELACE ", "+49 30 1234567"):
        url, rows = searched(maya, words)
        assert rows == [ada] and "ovelace" not in url.lower() and "1234" not in url
    for words in ("Lovelace", "+49 30"):
        url, rows = searched(maya, words)
        assert rows == [] and "ovelace" not in url and "49" not in url.replace("%", "")[:0]


def test_words_of_ours_are_found_and_stand_in_no_address_and_no_clear_session(maya, rita):
    told, refused, other = (ask("access", email=f"{one}@example.org") for one in "abc")
    Request.objects.filter(pk=told.pk).update(attention="A letter to Grace could not be sent.")
    Request.objects.filter(pk=refused.pk).update(
        state="closed",
        outcome="denied",
        denial_ground="excessive",
        denial_note="Grace asked twice.",
        closed_at=timezone.now(),
    )
    url, rows = searched(maya, "grace")
    assert set(rows) == {told, refused} and other not in rows
    assert "grace" not in url.lower() and "grace" not in str(dict(maya.session)).lower()
    assert "grace" in maya.get(url).content.decode(), "the page says what it shows"
    assert found(rita, url.removeprefix(QUEUE)) == found(rita, "?found=x"), "a colleague's search is not another's"
