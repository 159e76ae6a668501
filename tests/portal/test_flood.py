"""In a flood a form brings a proof of work or time. People get through, with and without JavaScript; nothing typed is lost."""

import re
import time

import pytest
from django.core.cache import cache
from django.test import Client

from privacyops import examining
from requests_app import flood, forms, limits, work
from requests_app.models import Letter, Request
from tests.portal.builders import ADA, NOBODY, answers, marks

BITS = 8


@pytest.fixture
def flooded(settings):
    """A site at which more forms arrive than it takes for usual."""
    settings.FLOOD_BITS, settings.FLOOD_WAIT_SECONDS = BITS, 30
    cache.set(limits.FLOOD, 500, timeout=600)


def page(path: str = "/request/", **extra: str) -> tuple[Client, str]:
    """A form with its button to send it; that of the request form stands on its last step."""
    browser = Client()
    text = browser.get(path, **extra).content.decode()
    if path == "/request/":
        text = browser.post(path, filled(text, step="details", go="next"), **extra).content.decode()
    return browser, text


def proof_of(text: str) -> dict[str, str]:
    given = re.search(r'data-work="([^"]+)"', text).group(1)
    return {"work": given, "work_number": work.solve(given)}


def filled(text: str, **given: str) -> dict[str, str]:
    base = {"right": "access", "email": ADA, "name": "Ada Lovelace", "residence": "DE", "details": "I bought shoes."}
    return marks(text.encode()) | base | given


def later(monkeypatch, seconds: float) -> None:
    now = time.time() + seconds
    monkeypatch.setattr(flood.time, "time", lambda: now)


def test_while_all_is_quiet_nobody_is_asked_for_anything(client):
    _, text = page()
    assert "data-work" not in text and "work.js" not in text
    assert client.post("/request/", answers(client)).status_code == 303


def test_many_forms_in_a_minute_are_a_flood_and_it_is_said_once(settings, caplog):
    settings.FLOOD_FORMS, settings.FLOOD_BITS = 3, BITS
    for n in range(6):
        Client().post("/request/", {}, REMOTE_ADDR=f"192.0.2.{n}")
    assert limits.flood() == 6
    assert caplog.text.count("forms now ask for a proof of work") == 1
    assert "data-work" in page()[1], "everybody is asked, whatever their network"


def test_a_network_near_its_limit_is_asked_and_others_are_not(settings):
    settings.FORMS_PER_NETWORK = 4
    for _ in range(3):
        Client().post("/request/", {}, REMOTE_ADDR="192.0.2.1")
    assert "data-work" in page(REMOTE_ADDR="192.0.2.1")[1]
    assert "data-work" not in page(REMOTE_ADDR="192.0.2.2")[1]


@pytest.mark.parametrize("path", ["/request/", "/do-not-sell/", "/signin/"])
def test_with_the_proof_a_form_is_taken_at_once(flooded, path):
    browser, text = page(path)
    assert browser.post(path, filled(text) | proof_of(text)).status_code == 303


@pytest.mark.parametrize("path", ["/request/", "/do-not-sell/", "/signin/"])
def test_without_javascript_time_is_enough_and_nothing_is_lost(flooded, path, monkeypatch):
    browser, text = page(path)
    sent = filled(text)
    held = browser.post(path, sent)
    assert held.status_code == 429 and 0 < int(held["Retry-After"]) <= 30
    again = held.content.decode()
    assert "Very many forms are arriving" in again and ADA in again and "data-work" in again
    assert marks(held.content) == marks(text.encode()), "the waiting began when the form was given out"
    assert Request.objects.count() == 0 and Letter.objects.count() == 0
    later(monkeypatch, 31)
    assert browser.post(path, filled(again)).status_code == 303


def test_a_form_held_in_a_flood_goes_with_the_new_proof(flooded):
    browser, text = page()
    again = browser.post("/request/", filled(text)).content.decode()
    assert "I bought shoes." in again
    assert browser.post("/request/", filled(again) | proof_of(again)).status_code == 303


def test_a_proof_is_good_for_one_form_and_for_its_repeats(flooded):
    browser, text = page()
    sent = filled(text) | proof_of(text)
    assert [browser.post("/request/", sent).status_code for _ in range(3)] == [303, 303, 303]
    assert Request.objects.count() == 1, "the same form, sent again because its answer was lost"
    other = browser.post("/request/", {**sent, "email": NOBODY})
    assert other.status_code == 429 and Request.objects.count() == 1
    _, fresh = page()
    assert browser.post("/request/", {**sent, **marks(fresh.encode()), "name": "Eve"}).status_code == 429


@pytest.mark.parametrize(
    "spoil",
    [
        lambda proof: {},
        lambda proof: {**proof, "work_number": "0" if proof["work_number"] != "0" else "1"},
        lambda proof: {**proof, "work_number": "-1"},
        lambda proof: {**proof, "work_number": "１２"},
        lambda proof: {**proof, "work_number": "9" * 5000},
        lambda proof: {**proof, "work": proof["work"].replace(f"{BITS}.", "0.", 1)},
        lambda proof: {**proof, "work": "0.00:1abc:x"},
        lambda proof: {**proof, "work": "\x00"},
        lambda proof: proof_of(f'data-work="{work.challenge(1)}"'),
    ],
)
def test_a_false_or_cheap_proof_counts_for_nothing(flooded, spoil):
    browser, text = page()
    assert browser.post("/request/", filled(text) | spoil(proof_of(text))).status_code in (429, 422)
    assert Request.objects.count() == 0


def test_an_old_proof_counts_for_nothing(flooded, monkeypatch):
    browser, text = page()
    proof = proof_of(text)
    monkeypatch.setattr(work, "OLDEST_SECONDS", -1)
    assert browser.post("/request/", filled(text) | proof).status_code == 429


def test_a_ticket_that_waited_is_good_for_one_form(flooded, monkeypatch):
    browser, text = page()
    later(monkeypatch, 31)
    assert browser.post("/request/", filled(text)).status_code == 303
    assert browser.post("/request/", filled(text)).status_code == 303, "the same once more is the same request"
    assert browser.post("/request/", filled(text, email=NOBODY)).status_code == 429
    assert Request.objects.count() == 1


def test_two_forms_given_out_in_the_same_second_have_two_tickets():
    tickets = {forms.OptOutForm().initial["ticket"] for _ in range(20)}
    assert len(tickets) == 20


def test_robots_that_wait_are_few_from_one_network_and_people_beside_them_have_a_way(flooded, monkeypatch):
    monkeypatch.setattr(limits, "WAITED", limits.Limit("waited", 2, 600))
    given = [page() for _ in range(3)]
    later(monkeypatch, 31)
    sent = [
        browser.post("/request/", filled(text, email=f"p{n}@example.org")) for n, (browser, text) in enumerate(given)
    ]
    assert [one.status_code for one in sent] == [303, 303, 429]
    last = sent[2].content.decode()
    assert "switch on JavaScript" in last and "write to" in last and "p2@example.org" in last
    browser = given[2][0]
    assert browser.post("/request/", filled(last, email="p2@example.org") | proof_of(last)).status_code == 303


def test_opting_out_stays_possible_in_a_flood_from_a_second_network(flooded, settings):
    settings.FORMS_PER_NETWORK = 5
    for n in range(12):
        Client().post("/request/", {"email": f"v{n}@example.org"}, REMOTE_ADDR="198.51.100.1")
    browser, text = page("/do-not-sell/", REMOTE_ADDR="192.0.2.1")
    assert browser.post("/do-not-sell/", filled(text) | proof_of(text), REMOTE_ADDR="192.0.2.1").status_code == 303


def test_the_page_asks_nobody_else_and_runs_no_script_of_its_own(flooded):
    _, text = page()
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1 and 'src="/static/work.js"' in scripts[0][0] and not scripts[0][1]
    assert "//" not in (re.search(r'src="([^"]+)"', scripts[0][0]).group(1))


def test_doctor_names_a_proxy_that_nobody_told_us_to_believe(settings):
    settings.TRUSTED_PROXIES = 0
    assert "one network" not in examining.proxies().sentence
    Client().post("/request/", {}, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.7")
    found = examining.proxies()
    assert found.state == "warn" and "one network" in found.sentence
    settings.TRUSTED_PROXIES = 1
    settings.HTTPS = True
    assert examining.proxies().state == "ok"


def test_a_header_that_a_visitor_wrote_is_no_proxy(settings):
    settings.TRUSTED_PROXIES = 0
    Client().post("/request/", {}, REMOTE_ADDR="8.8.8.8", HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert not limits.proxy_unbelieved()
