"""Choices and the browser's opt-out signal."""

import pytest
from django.test import Client
from django.utils import timezone

from consent import choices
from consent.models import Choice
from inventory.models import Purpose
from tests.portal.builders import MALLORY, ask, person, token


@pytest.fixture(autouse=True)
def purposes(db):
    Purpose.objects.create(key="service", name="Service", description="Run it.", lawful_basis="contract", required=True,
                           consequence="We cannot offer you an account.")  # fmt: skip
    Purpose.objects.create(key="news", name="Newsletter", description="Jobs by mail.", lawful_basis="consent",
                           consequence="You look for jobs yourself.")  # fmt: skip
    Purpose.objects.create(key="insight", name="Insight", description="Improve.", lawful_basis="legitimate_interests")
    Purpose.objects.create(key="ads", name="Ads", description="Partners.", lawful_basis="legitimate_interests",
                           sale_or_sharing=True)  # fmt: skip


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
    Choice.objects.create(subject=request.subject, purpose=ads, granted=True, source="staff", chosen_at=timezone.now())
    client.post(f"/proof/{token(request)}/")
    client.get("/my/", headers={"Sec-GPC": "1"})
    assert granted(request) == {"ads": False}


def test_a_stranger_chooses_nothing():
    assert Client().post("/choices/", {"news": "yes"}).url == "/signin/"
    assert Choice.objects.count() == 0


def test_the_page_of_choices_costs_a_fixed_number_of_queries(django_assert_max_num_queries):
    ada, _ = person()
    with django_assert_max_num_queries(4):
        ada.get("/choices/")
    for n in range(20):
        Purpose.objects.create(key=f"more-{n}", name=f"More {n}", description="More.", lawful_basis="consent")
    with django_assert_max_num_queries(4):
        ada.get("/choices/")
