"""Choices and the browser's opt-out signal."""

import json
import re
import uuid
from datetime import timedelta

import jwt
import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from audit import actor as actors
from consent import choices
from consent.models import Choice
from consent.receipts import signing
from inventory import phrases
from inventory.models import Purpose
from requests_app import appearance
from requests_app.models import Appearance
from requests_app.views import choosing
from tests.consent.builders import go_live
from tests.portal.builders import MALLORY, ask, person, token

CLERK = actors.worker("test")


@pytest.fixture(autouse=True)
def purposes(db):
    Purpose.objects.create(key="service", name="Service", description="Run it.", lawful_basis="contract", required=True,
                           consequence="We cannot offer you an account.")  # fmt: skip
    Purpose.objects.create(key="news", name="Newsletter", description="Jobs by mail.", lawful_basis="consent",
                           consequence="You look for jobs yourself.")  # fmt: skip
    Purpose.objects.create(key="insight", name="Insight", description="Improve.", lawful_basis="legitimate_interests")
    Purpose.objects.create(key="ads", name="Ads", description="Partners.", lawful_basis="legitimate_interests",
                           sale_or_sharing=True)  # fmt: skip
    go_live()


def granted(request) -> dict[str, bool]:
    return {key: choice.granted for key, choice in choices.current(request.subject).items()}


def test_each_purpose_shows_what_a_no_means_before_it_is_chosen():
    ada, _ = person()
    html = ada.get("/choices/").content.decode()
    assert "We cannot offer you an account." in html and "You look for jobs yourself." in html
    assert 'name="service"' not in html, "what is required cannot be switched off"
    assert 'name="news" value="no" checked' in html, "consent is never ticked beforehand"
    assert 'name="insight" value="yes" checked' in html, "what rests on another basis goes on until the person objects"


def test_ada_says_yes_and_no_and_only_changes_are_recorded():
    ada, request = person()
    response = ada.post("/choices/", {"news": "yes", "insight": "no", "ads": "yes"})
    assert response.status_code == 303 and granted(request) == {"news": True, "insight": False}
    assert {choice.source for choice in Choice.objects.all()} == {"portal"}
    ada.post("/choices/", {"news": "yes", "insight": "no", "ads": "yes"})
    assert Choice.objects.count() == 2, "sent twice is chosen once"


@pytest.mark.parametrize("answer", ["", "maybe", "true", "yes; drop table"])
def test_what_is_neither_yes_nor_no_changes_nothing(answer):
    ada, request = person()
    ada.post("/choices/", {"news": answer, "service": "no", "unknown": "yes"})
    assert granted(request) == {}


def test_what_is_marked_required_but_may_be_refused_by_law_is_a_choice_too():
    Purpose.objects.create(key="profiles", name="Profiles", description="Guess.", lawful_basis="legitimate_interests",
                           required=True)  # fmt: skip
    go_live()
    ada, request = person()
    ada.post("/choices/", {"profiles": "no"})
    assert granted(request) == {"profiles": False}


def test_mallorys_choice_is_mallorys():
    _ada, request = person()
    mallory, own = person(MALLORY)
    mallory.post("/choices/", {"news": "yes"})
    assert granted(request) == {} and granted(own) == {"news": True}


def test_the_signal_is_noted_on_every_page_for_a_stranger(client):
    for path in ("/", "/request/", "/do-not-sell/", "/signin/"):
        assert b"opt-out signal is on" in client.get(path, headers={"Sec-GPC": "1"}).content
        assert b"opt-out signal is on" not in client.get(path).content
        assert b"opt-out signal is on" not in client.get(path, headers={"Sec-GPC": "0"}).content


def test_we_say_that_we_honour_the_signal(client):
    assert client.get("/.well-known/gpc.json").json()["gpc"] is True


def test_the_signal_of_a_signed_in_person_is_recorded_once():
    ada, request = person()
    for _ in range(3):
        ada.get("/my/", headers={"Sec-GPC": "1"})
    assert granted(request) == {"ads": False}
    assert Choice.objects.count() == 1


def test_the_signal_is_recorded_when_the_person_comes_in(client):
    request = ask(client)
    client.post(f"/proof/{token(request)}/", headers={"Sec-GPC": "1"})
    assert granted(request) == {"ads": False}


def test_without_the_signal_nothing_is_recorded():
    ada, request = person()
    ada.get("/my/", headers={"Sec-GPC": "0"})
    assert granted(request) == {}


def test_a_yes_given_in_the_face_of_the_signal_stays():
    ada, request = person()
    ada.get("/my/", headers={"Sec-GPC": "1"})
    ada.post("/choices/", {"ads": "yes"}, headers={"Sec-GPC": "1"})
    ada.get("/my/", headers={"Sec-GPC": "1"})
    assert granted(request) == {"ads": True}


def test_an_older_yes_gives_way_to_the_signal(client):
    request = ask(client)
    ads = Purpose.objects.get(key="ads")
    choices.record(request.subject, ads, True, source="staff", actor=CLERK)
    client.post(f"/proof/{token(request)}/")
    client.get("/my/", headers={"Sec-GPC": "1"})
    assert granted(request) == {"ads": False}


def test_a_stranger_chooses_nothing():
    assert Client().post("/choices/", {"news": "yes"}).url == "/signin/"
    assert Choice.objects.count() == 0


def test_the_page_of_choices_costs_a_fixed_number_of_queries(django_assert_max_num_queries):
    ada, _ = person()
    with django_assert_max_num_queries(7):
        ada.get("/choices/")
    for n in range(20):
        Purpose.objects.create(key=f"more-{n}", name=f"More {n}", description="More.", lawful_basis="consent")
    go_live()
    with django_assert_max_num_queries(7):
        ada.get("/choices/")


def test_a_person_reads_purposes_in_their_own_language_once_they_are_translated():
    ada, _ = person()
    assert "Newsletter" in ada.get("/choices/", headers={"Accept-Language": "de"}).content.decode()
    phrases.save(
        "de", [("Newsletter", "Rundbrief"), ("You look for jobs yourself.", "Sie suchen selbst.")], actor=CLERK
    )
    german = ada.get("/choices/", headers={"Accept-Language": "de"}).content.decode()
    assert "Rundbrief" in german and "Sie suchen selbst." in german and "Newsletter" not in german
    assert "Newsletter" in ada.get("/choices/", headers={"Accept-Language": "fr"}).content.decode()
    assert "Newsletter" in ada.get("/choices/").content.decode()


def test_everything_is_taken_back_in_one_step():
    ada, request = person()
    ada.post("/choices/", {"news": "yes"})
    assert "Say no to all of this" in ada.get("/choices/").content.decode()
    assert ada.post("/choices/withdraw/").status_code == 303
    assert granted(request) == {"news": False, "insight": False, "ads": False}
    assert "Say no to all of this" not in ada.get("/choices/").content.decode()
    before = Choice.objects.count()
    ada.post("/choices/withdraw/")
    assert Choice.objects.count() == before, "what is No already is not said again"
    assert Client().post("/choices/withdraw/").url == "/signin/"


def test_a_choice_keeps_the_words_that_stood_there():
    ada, _ = person()
    ada.post("/choices/", {"news": "yes"})
    words = Choice.objects.get().wording
    assert words.text.splitlines()[:3] == ["Newsletter", "Jobs by mail.", "If you say no: You look for jobs yourself."]


def test_purposes_speak_the_visitors_language():
    phrases.save("de", [("Newsletter", "Rundbrief")], actor=CLERK)
    ada, _ = person()
    assert "Rundbrief" in ada.get("/choices/?lang=de").content.decode()


def test_the_signal_is_a_signal_on_record_and_the_page_confirms_it():
    ada, _ = person()
    html = ada.get("/choices/", headers={"Sec-GPC": "1"}).content.decode()
    assert "Opt-out request honored" in html
    assert Choice.objects.get().act == "signal"
    ada.post("/choices/", {"ads": "yes"}, headers={"Sec-GPC": "1"})
    assert "Opt-out request honored" not in ada.get("/choices/", headers={"Sec-GPC": "1"}).content.decode()


def test_a_yes_says_when_it_ends_and_after_that_it_is_none():
    ada, request = person()
    soon = timezone.now() + timedelta(days=30)
    news = Purpose.objects.get(key="news")
    choices.record(request.subject, news, True, source="banner", actor=actors.worker("test"),
                   how=choices.How(expires_at=soon))  # fmt: skip
    assert "Your yes ends on" in ada.get("/choices/").content.decode()
    with time_machine.travel(soon + timedelta(hours=1), tick=False):
        line = choosing._line(news, choices.current(request.subject))
    assert line.granted is False


def test_the_history_has_a_receipt_for_each_choice_and_one_for_all():
    ada, _ = person()
    ada.post("/choices/", {"news": "yes", "ads": "no"})
    ada.post("/choices/", {"news": "no"})
    html = ada.get("/choices/history/").content.decode()
    links = re.findall(r"/choices/receipt/[0-9a-f-]{36}/", html)
    assert len(links) == 3
    one, every = json.loads(ada.get(links[0]).content), json.loads(ada.get("/choices/receipt/").content)
    assert signing.holds(one) and signing.holds(every) and len(every["record"]) == 3
    assert "attachment" in ada.get(links[0])["Content-Disposition"] and "mallory" not in str(every)
    mallory, _ = person(MALLORY)
    assert mallory.get(links[0]).status_code == 404 and mallory.get("/choices/receipt/").status_code == 404
    assert Client().get(links[0]).url == "/signin/"


def token_of_the_site(email="ada.lovelace@example.org", **more):
    now = int(timezone.now().timestamp())
    claims = {"email": email, "aud": settings.SITE_URL, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
    return jwt.encode(claims | more, bytes(32), algorithm="HS256", headers={"kid": "shop"})


@pytest.fixture
def framing(settings):
    settings.HOST_TOKEN_KEYS = ["shop=HS256:" + "A" * 43]
    Appearance.objects.create(embed_origins="https://www.shop.example")
    appearance.forget()
    yield {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    appearance.forget()


def test_the_choices_stand_in_a_frame_of_the_companys_site_without_any_cookie(framing):
    frame = Client()
    page = frame.post("/embed/choices/", {"token": token_of_the_site()}, headers={"Origin": "https://www.shop.example"})
    assert page.status_code == 200 and not page.cookies
    assert "frame-ancestors https://www.shop.example" in page["Content-Security-Policy"]
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.content.decode()).group(1)
    saved = frame.post("/embed/choices/", {"ticket": ticket, "news": "yes"}, headers=framing)
    assert "Saved: 1 choice." in saved.content.decode() and not saved.cookies
    _, request = person()
    assert granted(request) == {"news": True}, "it is the account's, here and there"
    frame.post("/embed/choices/", {"ticket": ticket, "go": "withdraw"}, headers=framing)
    assert set(granted(request).values()) == {False}


def test_a_frame_opens_for_nobody_else(framing):
    used = token_of_the_site()
    assert Client().post("/embed/choices/", {"token": used}).status_code == 200
    for given in (
        {"token": used},
        {"token": "x"},
        {},
        {"ticket": "x:y:z"},
        {"token": token_of_the_site(aud="https://other.example")},
    ):
        assert Client().post("/embed/choices/", given, headers=framing).status_code == 403
    assert "open this once more" in Client().get("/embed/choices/").content.decode()


def test_a_ticket_is_taken_from_our_own_page_only_and_for_half_an_hour(framing):
    page = Client().post("/embed/choices/", {"token": token_of_the_site()}).content.decode()
    given = {"ticket": re.search(r'name="ticket" value="([^"]+)"', page).group(1), "news": "yes"}
    for headers in ({}, {"Origin": "https://www.shop.example"}, framing | {"Sec-Fetch-Site": "cross-site"}):
        assert Client().post("/embed/choices/", given, headers=headers).status_code == 403
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        assert Client().post("/embed/choices/", given, headers=framing).status_code == 403
    assert Choice.objects.count() == 0


def test_what_people_were_not_told_of_is_not_there_to_be_chosen():
    Purpose.objects.create(key="train", name="Training", description="A model.", lawful_basis="consent")
    ada, request = person()
    assert "Training" not in ada.get("/choices/").content.decode()
    ada.post("/choices/", {"train": "yes"})
    assert granted(request) == {}
