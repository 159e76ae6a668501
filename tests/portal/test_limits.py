"""A flood is slowed down, one network or mailbox at a time; what was typed stays, and a lost cache stops nobody."""

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from redis.exceptions import ConnectionError as RedisAway

from requests_app import limits
from requests_app.models import Request
from tests.portal.builders import ADA, NOBODY, answers, ask


@pytest.fixture
def tight(monkeypatch, settings):
    settings.FORMS_PER_NETWORK = 3
    settings.FLOOD_WAIT_SECONDS = 0
    monkeypatch.setattr(limits, "MAILBOX", limits.Limit("mailbox", 2, 3600))


def send(email: str = ADA, **extra: str):
    browser = Client()
    return browser.post("/request/", answers(browser, email=email), **extra)


def test_a_network_that_sends_too_often_waits_and_loses_nothing(tight):
    for _ in range(3):
        send(f"person{_}@example.org")
    response = send(NOBODY)
    assert response.status_code == 429 and 0 < int(response["Retry-After"]) <= 601
    assert b"That was too often" in response.content and NOBODY.encode() in response.content
    assert send(NOBODY, REMOTE_ADDR="192.0.2.7").status_code == 303, "another network goes on"


def test_a_mailbox_is_not_flooded_from_many_networks(tight):
    answers_ = [send(ADA, REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(4)]
    assert answers_ == [303, 303, 429, 429]
    assert send("Ada.Lovelace@EXAMPLE.org", REMOTE_ADDR="192.0.2.9").status_code == 429, (
        "one mailbox, however it is written"
    )
    assert Request.objects.count() == 2


def test_a_known_and_an_unknown_mailbox_are_slowed_alike(tight):
    seen = []
    for address in (ADA, NOBODY):
        seen.append([send(address, REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(3)])
        cache.clear()
    assert seen[0] == seen[1]


def test_signing_in_is_limited_too(tight, client):
    codes = []
    for _ in range(4):
        codes.append(client.post("/signin/", answers(client, email=ADA)).status_code)
    assert codes[:2] == [303, 303] and codes[-1] == 429


def test_one_ipv6_network_counts_as_one(tight):
    codes = [send(f"p{n}@example.org", REMOTE_ADDR=f"2001:db8:1:2::{n}").status_code for n in range(4)]
    assert codes == [303, 303, 303, 429]
    assert send("p9@example.org", REMOTE_ADDR="2001:db8:1:3::1").status_code == 303


def test_the_limit_ends_with_its_window(settings):
    request = RequestFactory().post("/request/", REMOTE_ADDR="192.0.2.1")
    for _ in range(settings.FORMS_PER_NETWORK):
        assert limits.by_network(request, now=1000.0) is None
    assert limits.by_network(request, now=1000.0) == 201
    assert limits.by_network(request, now=1200.0) is None


@pytest.mark.parametrize(
    ("proxies", "forwarded", "network"),
    [
        (0, "198.51.100.1", "192.0.2.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.1, 198.51.100.1", "198.51.100.1"),
        (2, "198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "not an address", "unknown"),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_network_is_read_past_our_own_proxies_only(settings, proxies, forwarded, network):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert limits.network(request) == network


def test_when_the_cache_is_away_the_form_still_takes_requests(client, monkeypatch, caplog):
    class Away:
        def add(self, *args, **kwargs):
            raise RedisAway("redis://secret-host is away")

        get = get_many = set = add

    monkeypatch.setattr(limits, "cache", Away())
    ask(client)
    assert Request.objects.count() == 1
    assert "forms are taken without counting" in caplog.text and "secret-host" not in caplog.text


def test_the_cache_learns_no_address(client, monkeypatch):
    keys = []

    class Watched:
        def add(self, key, *args, **kwargs):
            keys.append(key)
            return cache.add(key, *args, **kwargs)

        def incr(self, key):
            return cache.incr(key)

        def get_many(self, names):
            keys.extend(names)
            return cache.get_many(names)

    monkeypatch.setattr(limits, "cache", Watched())
    ask(client)
    assert len(keys) >= 3 and not any("ada.lovelace" in key.lower() or "@" in key or "127.0.0.1" in key for key in keys)
