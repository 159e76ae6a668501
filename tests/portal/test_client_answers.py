"""A client says what it thinks of a new sub-processor, by the link in its mail and without an account."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from audit.models import Event
from audit.refusal import Refused
from disclosures import answering, answers, listing, listmail
from disclosures.models import Client as Controller
from disclosures.models import ClientAnswer, ListChange, ListMail
from tests.consent.builders import colleague
from tests.disclosures.builders import recipient
from tests.portal.builders import marks

pytestmark = pytest.mark.django_db
GROUND = "Not in the USA.\r\nOur clients forbid it."


@pytest.fixture
def maya() -> User:
    return colleague("maya", "announce_listchange", "settle_clientanswer")


@pytest.fixture
def change(maya: User) -> ListChange:
    """Announced to North, and to West, whose contract wants its word; each has a mail."""
    Controller.objects.create(key="north", name="North & Sons", contact="dpo@north.example")
    west = {"authorisation": "specific", "language": "de"}
    Controller.objects.create(key="west", name="West", contact="dpo@west.example", **west)
    cloud = recipient("cloud", role="sub_processor", kind="Hosting", country="US", name="Cloud <b>Ltd</b>")
    return listing.announce(cloud, by=maya, starts_on=timezone.localdate() + timedelta(days=30), words="Backups.")


def link(key: str = "north") -> str:
    return f"/sub-processors/answer/{answering.token(ListMail.objects.get(client__key=key, about='announced'))}/"


def send(path: str, browser: Client | None = None, **given: str) -> Any:
    browser = browser or Client()
    page = browser.get(path).content
    hidden = marks(page) if b'name="ticket"' in page else {}
    return browser.post(path, hidden | {"answer": "objects", "words": GROUND, "name": "Head of data"} | given)


def test_the_mail_leads_each_client_to_its_own_page(change: ListChange, mailoutbox: Any) -> None:
    for pk in listmail.waiting(timezone.now()):
        listmail.send(pk)
    found = {one.to[0]: re.search(r"(/sub-processors/answer/[\w=-]+/)", one.body) for one in mailoutbox}
    north, west = found["dpo@north.example"], found["dpo@west.example"]
    assert north and west and north[1] == link("north") != west[1] == link("west"), "the same at each try"
    german = next(one.body for one in mailoutbox if one.to == ["dpo@west.example"])
    assert "auf dieser Seite oder mit einer Antwort" in german and "ob Sie zustimmen" in german
    page = Client().get(north[1]).content.decode()
    assert "Cloud &lt;b&gt;Ltd&lt;/b&gt;" in page and "Hosting" in page and "United States" in page
    assert "North &amp; Sons" in page and "Backups." in page and "You can object until" in page
    assert "We have no objection" in page and "We agree" not in page
    assert "We agree" in Client().get(west[1]).content.decode(), "its contract wants its word"
    assert "معالج فرعي جديد" in Client().get(north[1], headers={"accept-language": "ar"}).content.decode()


def test_looking_changes_nothing_and_an_objection_is_on_the_desk(
    change: ListChange, maya: User, client: Client
) -> None:
    path = link()
    for method in ("get", "head"):
        answer = getattr(Client(), method)(path)
        assert (answer.status_code, answer["Referrer-Policy"], answer["Cache-Control"]) == (
            200, "strict-origin", "no-store",
        )  # fmt: skip
    assert not ClientAnswer.objects.exists() and not Event.objects.filter(name="subprocessor.answered").exists()
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path, {"answer": "objects", "words": "x", "name": "y"}).status_code == 403
    sent = send(path)
    assert (sent.status_code, sent.url) == (303, path)
    page = Client().get(path).content.decode()
    assert (
        "<bdi>North &amp; Sons</bdi> objected on" in page
        and "comes back to you" in page
        and "Who is writing" not in page
    )
    assert "Not in the USA" not in page and "Head of data" not in page, "the page does not tell what somebody wrote"
    row = ClientAnswer.objects.get()
    assert (row.answer, row.way, row.signed_by, row.recorded_by, row.said_on) == (
        "objects", "page", "Head of data", None, timezone.localdate(),
    )  # fmt: skip
    assert row.words == GROUND.replace("\r\n", "\n") and list(answers.unsettled()) == [row]
    event = Event.objects.get(name="subprocessor.answered")
    assert event.facts["way"] == "page" and "Head" not in str(event.facts) and "USA" not in str(event.facts)
    with connection.cursor() as cursor:
        cursor.execute("SELECT signed_by FROM disclosures_clientanswer")
        assert "Head" not in cursor.fetchone()[0], "encrypted at rest"
    maya.is_staff = maya.is_superuser = True
    maya.save()
    client.force_login(maya)
    assert "The client, by the link" in client.get("/admin/disclosures/clientanswer/?waits=us").content.decode()
    desk = client.get(f"/admin/disclosures/clientanswer/{row.pk}/change/").content.decode()
    assert "Head of data" in desk and "What came of it" in desk and "Not in the USA." in desk


def test_the_first_word_counts_and_a_second_sending_says_what_is_known(change: ListChange, maya: User) -> None:
    path = link()
    first = send(path, answer="agrees", words="")
    assert first.status_code == 303
    before = ClientAnswer.objects.get()
    again = Client().post(path, {"answer": "objects", "words": "We thought again.", "name": "Somebody else"})
    assert (again.status_code, again.url) == (303, path)
    page = Client().get(path).content.decode()
    assert "that there is no objection" in page and "If you think again, write to" in page
    after = ClientAnswer.objects.get()
    assert (after.answer, after.words, after.signed_by) == (before.answer, "", "Head of data")
    mail = ListMail.objects.get(client__key="north")
    answering.answer(mail, answer="objects", words="Late.", name="Eve", now=timezone.now())
    assert ClientAnswer.objects.get().answer == "agrees", "two at once are one, too"
    assert Event.objects.filter(name="subprocessor.answered").count() == 1
    row = answers.record(change, mail.client, answer="objects", said_on=timezone.localdate(), words="Mailed.", by=maya)
    assert (row.way, row.signed_by, row.recorded_by) == ("desk", "", maya), "a colleague still may, from a mail"
    assert "objected on" in Client().get(path).content.decode(), "and the client sees that, too"


def test_a_form_that_is_wrong_comes_back_with_what_was_typed(change: ListChange) -> None:
    path = link()
    for given, words in (
        ({"words": " "}, "Say why you object."),
        ({"answer": ""}, "Choose one of the answers."),
        ({"answer": "whatever"}, "Choose one of the answers."),
        ({"name": ""}, "Say who is writing."),
        ({"words": "x" * 501}, "500"),
        ({"website": "http://spam.example"}, "must stay empty"),
    ):
        wrong = send(path, **given)
        assert wrong.status_code == 422 and words in wrong.content.decode(), given
    assert 'value="Head of data"' in send(path, words="").content.decode()
    assert not ClientAnswer.objects.exists()
    assert send(path, words="\r\n".join(["x"] * 250)).status_code == 303, "a new line counts once, as in the browser"


def test_after_the_day_it_is_refused_in_words_with_whom_to_write_to(change: ListChange, settings: Any) -> None:
    path, browser = link(), Client()
    typed = marks(browser.get(path).content) | {"answer": "objects", "words": GROUND, "name": "Head of data"}
    ListChange.objects.update(objections_until=timezone.localdate() - timedelta(days=1))
    late = browser.post(path, typed)
    page = late.content.decode()
    assert late.status_code == 422 and "It is too late to object here." in page and settings.COMPANY_EMAIL in page
    assert "It is too late" in browser.get(path).content.decode() and not ClientAnswer.objects.exists()
    ListChange.objects.update(objections_until=timezone.localdate())
    assert browser.post(path, typed).status_code == 303, "the last day counts"


def test_a_change_that_was_withdrawn_takes_no_word(change: ListChange, maya: User) -> None:
    path, browser = link(), Client()
    typed = marks(browser.get(path).content) | {"answer": "objects", "words": GROUND, "name": "Head of data"}
    listing.withdraw(change, by=maya)
    assert browser.post(path, typed).status_code == 422 and not ClientAnswer.objects.exists()
    assert "was withdrawn" in browser.get(path).content.decode()
    mail = ListMail.objects.get(client__key="north", about="withdrawn")
    assert "/answer/" not in listmail.mail(mail, "dpo@north.example").body
    assert Client().get(f"/sub-processors/answer/{answering.token(mail)}/").status_code == 404


@pytest.mark.parametrize("wrong", ["x", "a" * 43, "a" * 64, "A" * 63 + "="])
def test_a_link_that_is_nobodys_looks_like_a_page_that_never_was(change: ListChange, wrong: str) -> None:
    made_up, nothing = Client().get(f"/sub-processors/answer/{wrong}/"), Client().get("/nothing-here/")
    assert made_up.status_code == nothing.status_code == 404 and made_up.content == nothing.content
    assert Client().post(f"/sub-processors/answer/{wrong}/").status_code == 404


def test_the_link_of_a_client_that_left_opens_nothing(change: ListChange) -> None:
    path = link()
    Controller.objects.filter(key="north").update(active=False)
    assert Client().get(path).status_code == Client().post(path).status_code == 404
    assert Client().get(link("west")).status_code == 200


def test_too_many_forms_of_a_network_wait(change: ListChange, settings: Any) -> None:
    settings.FORMS_PER_NETWORK = 1
    assert send(link(), words="").status_code == 422
    often = send(link())
    assert often.status_code == 429 and int(often["Retry-After"]) > 0 and "too often" in often.content.decode()
    assert "Our clients forbid it." in often.content.decode(), "what was typed is still there"
    assert not ClientAnswer.objects.exists()


def test_the_door_is_narrow_whoever_comes_by_it(change: ListChange) -> None:
    mail = ListMail.objects.get(client__key="north")
    for given, code in (
        ({"answer": "whatever"}, "choice_unknown"), ({"name": " "}, "name_missing"), ({"name": "x" * 121}, "name_missing"),
        ({"words": ""}, "words_missing"), ({"words": "x" * 501}, "too_long"),
    ):  # fmt: skip
        typed = {"answer": "objects", "words": "No.", "name": "Ann"} | given
        with pytest.raises(Refused) as refused:
            answering.answer(mail, **typed, now=timezone.now())
        assert refused.value.code == code
    assert not ClientAnswer.objects.exists()
