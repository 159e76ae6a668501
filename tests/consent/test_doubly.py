"""A Yes that counts only once its link was pressed."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from audit import failpoints
from audit.refusal import Refused
from consent import choices, doubly
from consent.choices import How
from consent.models import Choice, PendingChoice, Terms
from subjects import registry
from subjects.models import Identifier
from tests.consent.builders import ADA, CLERK, Caller, ada, purpose

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mails(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def news():
    one = purpose()
    Terms.objects.create(purpose=one, double_opt_in=True)
    return one


@pytest.fixture
def asked(news) -> PendingChoice:
    address = registry.add(ada(), "email", "ada@example.org", actor=CLERK)
    how = How(words="May we write?", language="en", region="DE")
    return doubly.ask(address, news, source="portal", actor=CLERK, how=how)


def link() -> str:
    for pk in doubly.waiting(timezone.now()):
        doubly.send(pk)
    return re.search(r"/confirm/\S+/", mail.outbox[-1].body)[0]


def test_the_link_opens_a_page_with_a_button_and_only_the_button_counts(asked) -> None:
    path, client = link(), Client()
    assert mail.outbox[0].to == ["ada@example.org"]
    page = client.get(path)
    assert page.status_code == 200 and "May we write?" in page.text and not Choice.objects.exists()
    assert client.post(path).status_code == 303 and client.post(path).status_code == 303
    row = Choice.objects.get()
    assert (row.granted, row.region, row.wording.text) == (True, "DE", "May we write?")
    assert row.evidence["confirmed_by"] == "link" and row.evidence["pending"] == str(asked.pk)
    assert "counts now" in client.get(path).text
    assert Identifier.objects.get().proved_at is not None


def test_the_token_is_kept_as_a_hash_and_a_wrong_one_is_nothing(asked) -> None:
    path = link()
    assert path.split("/")[2] not in str(PendingChoice.objects.values().get())
    for wrong in ("/confirm/x/", path[:-3] + "AA/", "/confirm/" + "A" * 64 + "/"):
        assert Client().get(wrong).status_code == 404
    with pytest.raises(Refused, match="not complete"):
        doubly.confirm("x", now=timezone.now())


def test_a_link_that_lapsed_agrees_to_nothing_and_a_new_one_can_be_asked_for(asked, news) -> None:
    path = link()
    PendingChoice.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(path).status_code == 422 and not Choice.objects.exists()
    assert doubly.lapse(timezone.now()) == 1 and "lapsed" in Client().get(path).text
    again = doubly.ask(Identifier.objects.get(), news, source="portal", actor=CLERK)
    assert again.pk != asked.pk


def test_asking_twice_mails_once(asked, news) -> None:
    link()
    assert doubly.ask(Identifier.objects.get(), news, source="portal", actor=CLERK) == asked
    assert doubly.waiting(timezone.now()) == [] and len(mail.outbox) == 1


def test_the_call_answers_that_it_awaits_confirmation_and_a_repeat_is_the_same(news) -> None:
    site = Caller("consent:write", "consent:read")
    body = {"identifier": ADA, "purpose": "news", "granted": True}
    first = site.post("/api/v1/consent/choices/", body, key="k-1")
    again = site.post("/api/v1/consent/choices/", body, key="k-1")
    assert first.status_code == again.status_code == 202 and first.json() == again.json()
    assert first.json()["reason"] == "awaiting_confirmation" and not Choice.objects.exists()
    assert site.post("/api/v1/consent/choices/", body | {"granted": False}).status_code == 201
    assert site.post("/api/v1/consent/choices/", body | {"confirmed": True}).status_code == 201
    phone = body | {"identifier": {"kind": "phone", "value": "+491701234567"}}
    assert site.post("/api/v1/consent/choices/", phone).json()["code"] == "email_needed"


def test_a_no_while_the_link_waits_is_overruled_only_by_pressing_it(asked, news) -> None:
    path = link()
    choices.record(ada(), news, False, source="portal", actor=CLERK)
    Client().post(path)
    assert choices.current(ada())["news"].granted


@pytest.mark.parametrize("place", ["pending.before_send", "pending.after_send"])
def test_a_worker_that_breaks_around_the_mail_sends_the_same_link_again(asked, place: str) -> None:
    failpoints.arm(place)
    try:
        with pytest.raises(failpoints.Injected):
            doubly.send(asked.pk)
    finally:
        failpoints.arm("")
    PendingChoice.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    link()
    assert len({one.extra_headers["Message-ID"] for one in mail.outbox}) == len({one.body for one in mail.outbox}) == 1
