"""The public list of sub-processors, and hearing of its changes, as anybody sees it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from disclosures import listing, listmail, subscriptions
from disclosures.models import ListMail, Subscriber, Transfer
from tests.consent.builders import colleague
from tests.disclosures.builders import recipient
from tests.portal.builders import marks

pytestmark = pytest.mark.django_db
PAGE = "/sub-processors/"


@pytest.fixture(autouse=True)
def published(settings: Any) -> None:
    settings.SUBPROCESSORS_PUBLIC = True


def announced() -> None:
    maya, today = colleague("maya", "announce_listchange"), timezone.localdate()
    mail = recipient("mail", role="processor", kind="E-mail <b>delivery</b>", country="IE")
    listing.enter_first(mail, by=maya, since=today - timedelta(days=400), words="Annex 3")
    cloud = recipient("cloud", role="sub_processor", kind="Hosting", country="US")
    Transfer.objects.create(recipient=cloud, country="DE")
    listing.announce(cloud, by=maya, starts_on=today + timedelta(days=30))


def test_the_page_says_who_is_there_who_comes_and_what_changed(django_assert_max_num_queries: Any) -> None:
    announced()
    browser = Client()
    browser.get(PAGE)
    with django_assert_max_num_queries(8):
        page = browser.get(PAGE).content.decode()
    assert "Mail" in page and "Ireland" in page and "United States, Germany" in page and "will be added" in page
    assert "E-mail &lt;b&gt;delivery&lt;/b&gt;" in page and "on the list from the beginning" in page
    german = browser.get(PAGE, headers={"accept-language": "de"}).content.decode()
    assert "Unsere Unterauftragsverarbeiter" in german and "Irland" in german


def test_it_is_there_only_if_the_company_publishes_it(settings: Any) -> None:
    assert PAGE in Client().get("/").content.decode()
    settings.SUBPROCESSORS_PUBLIC = False
    assert Client().get(PAGE).status_code == Client().get(f"{PAGE}asked/").status_code == 404
    assert PAGE not in Client().get("/").content.decode()


def asked(browser: Client, mail: str) -> Any:
    return browser.post(PAGE, marks(browser.get(PAGE).content) | {"email": mail})


def test_whoever_asks_reads_the_same_and_begins_with_a_button(settings: Any) -> None:
    browser = Client()
    first = asked(browser, "ada@reader.example")
    assert (first.status_code, first.url) == (303, f"{PAGE}asked/") and browser.get(first.url).status_code == 200
    row = Subscriber.objects.get()
    confirm = f"{PAGE}confirm/{subscriptions.token(row, 'confirm')}/"
    page = browser.get(confirm)
    assert page.status_code == 200 and page["Referrer-Policy"] == "strict-origin"
    row.refresh_from_db()
    assert row.state == "asked", "a mail scanner that opens the link begins nothing"
    assert "will hear of changes" in browser.post(confirm).content.decode()
    again = asked(Client(), "ADA@reader.example")
    assert (again.status_code, again.url) == (303, first.url) and Subscriber.objects.count() == 1
    assert ListMail.objects.count() == 1
    settings.SUBPROCESSORS_PUBLIC = False
    stop = f"{PAGE}stop/{subscriptions.token(row, 'stop')}/"
    strict = Client(enforce_csrf_checks=True)
    assert "Write no more" in strict.get(stop).content.decode()
    row.refresh_from_db()
    assert row.state == "active"
    assert strict.post(stop, {"List-Unsubscribe": "One-Click"}).status_code == 200, (
        "a mail program presses it (RFC 8058)"
    )
    row.refresh_from_db()
    assert (row.state, row.email) == ("ended", "") and "gone from our list" in strict.get(stop).content.decode()
    assert browser.get(confirm).status_code == 410


def test_a_form_that_is_wrong_or_comes_too_often_is_told_so(settings: Any) -> None:
    browser = Client()
    wrong = asked(browser, "nobody")
    assert wrong.status_code == 422 and "name@example.org" in wrong.content.decode()
    settings.FORMS_PER_NETWORK = 1
    assert asked(browser, "ada@reader.example").status_code == 429
    assert not Subscriber.objects.exists()


def test_the_links_in_the_mail_are_those_of_the_pages(mailoutbox: Any) -> None:
    asked(Client(), "ada@reader.example")
    for pk in listmail.waiting(timezone.now()):
        listmail.send(pk)
    found = re.search(r"(/sub-processors/confirm/[\w=-]+/)", mailoutbox[0].body)
    assert found and Client().post(found[1]).status_code == 200
    assert Subscriber.objects.get().state == "active"
