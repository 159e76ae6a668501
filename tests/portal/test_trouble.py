"""When things break: a page that helps, shows nothing that was sent, and says when to try again."""

from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from requests_app import intake
from requests_app.steady import steady
from tests.portal.builders import ADA, answers


def test_while_the_database_is_away_the_answer_is_503_with_a_time(monkeypatch):
    browser = Client(raise_request_exception=False)
    given = answers(browser)

    def away(*args, **kwargs):
        raise OperationalError(f"connection refused for {ADA}")

    monkeypatch.setattr(intake, "submit", away)
    response = browser.post(reverse("portal:ask"), given)
    assert response.status_code == 503 and response["Retry-After"] == "30"
    assert ADA.encode() not in response.content and b"Nothing is lost" in response.content


def test_a_mistake_of_ours_is_a_page_without_what_was_sent(monkeypatch):
    browser = Client(raise_request_exception=False)
    given = answers(browser, details="Canary-8842")

    def broken(*args, **kwargs):
        raise RuntimeError(f"cannot handle {ADA}")

    monkeypatch.setattr(intake, "submit", broken)
    response = browser.post(reverse("portal:ask"), given)
    assert response.status_code == 500 and b"Something broke on our side" in response.content
    assert ADA.encode() not in response.content and b"Canary" not in response.content


@pytest.mark.parametrize("body", [b"\xff\xfe=1", b"email=%00&ticket=%00", b"a=1&" * 2000])
def test_nonsense_is_refused_and_never_breaks_us(client, body):
    response = client.post("/request/", body, content_type="application/x-www-form-urlencoded")
    assert response.status_code in (400, 413, 422)


def test_a_steady_answer_takes_its_time_even_when_refused(monkeypatch):
    now = iter([10.0, 10.03, 20.0, 20.27])
    slept = []
    clock = SimpleNamespace(monotonic=lambda: next(now), sleep=slept.append)
    monkeypatch.setattr("requests_app.steady.time", clock)
    with steady(0.2):
        pass
    with pytest.raises(ValueError), steady(0.2):
        raise ValueError
    assert slept == [pytest.approx(0.17), pytest.approx(0.13)], "to the end of a step, however long the work took"
