"""Known or unknown, the clock tells nothing: 1,000 tries of each, interleaved at random, through the whole of Django.

A guess by time alone is judged by the area under the curve (AUC): 0.5 is a coin. What `steady` sleeps is added to the clock
instead of slept, with the step of production; all work is really done, and measured as this process's own time. The same
tries find a difference of five milliseconds outside of it, and the difference that there is without it.
"""

import random
import time
import uuid
from collections.abc import Callable
from statistics import median

import pytest
from django.test import Client

from requests_app import limits, policy, steady
from requests_app.models import Letter, Request
from subjects import registry
from tests.portal.builders import ask, marks

TRIES = 1000
KNOWN = 15
BALLAST = bytearray(16 * 1024 * 1024)
# Seconds by which a network blurs a measurement. Without it this process's own clock tells a tenth of a millisecond apart:
# caches that the work of a known address left warm, since nothing is really slept here.
JITTER = 0.002
STEP = steady.ANSWER_SECONDS

pytestmark = [pytest.mark.timing, pytest.mark.django_db, pytest.mark.timeout(900)]


class Clock:
    """This process's own time, so that others on the machine do not count, and what was slept on top without sleeping."""

    slept = 0.0

    def monotonic(self) -> float:
        return time.process_time() + self.slept

    def sleep(self, seconds: float) -> None:
        """A real sleep leaves the processor's caches to others; here a copy of some megabytes does."""
        bytes(BALLAST)
        self.slept += seconds


@pytest.fixture
def clock(monkeypatch, settings) -> Clock:
    """The step of production, and no limit that would end the tries early."""
    made = Clock()
    monkeypatch.setattr(steady, "ANSWER_SECONDS", STEP)
    monkeypatch.setattr(steady, "time", made)
    monkeypatch.setattr(limits, "MAILBOX", limits.Limit("mailbox", 10**9, 3600))
    monkeypatch.setattr(policy, "LETTER_LIMITS", ())
    settings.FORMS_PER_NETWORK, settings.FLOOD_FORMS = 10**9, 0
    return made


@pytest.fixture
def people(clock) -> list[str]:
    """Addresses that are known: each made a request."""
    addresses = [f"known-{uuid.uuid4().hex[:12]}@example.org" for _ in range(KNOWN)]
    for address in addresses:
        ask(Client(), email=address)
    return addresses


def unknown() -> str:
    return f"never-{uuid.uuid4().hex[:12]}@example.org"


def form(client: Client, path: str, **given: str) -> Callable[[str], int]:
    """Send one form of `path` for an address; the status."""
    ticket = marks(client.get(path).content)["ticket"]

    def send(address: str) -> int:
        return client.post(path, {**given, "email": address, "nonce": uuid.uuid4().hex, "ticket": ticket}).status_code

    return send


def measured(
    send: Callable[[str], int], people: list[str], clock: Clock, tries: int = TRIES
) -> tuple[list[float], list[float]]:
    """Seconds for known and for unknown addresses, in random order."""
    took: tuple[list[float], list[float]] = ([], [])
    sides = [side for side in (0, 1) for _ in range(tries)]
    random.shuffle(sides)
    for side in sides:
        address = unknown() if side else random.choice(people)
        begin = clock.monotonic()
        assert send(address) == 303
        took[side].append(clock.monotonic() - begin + random.gauss(0, JITTER))
    return took


def auc(left: list[float], right: list[float]) -> float:
    """How often a value of `right` is larger than one of `left` (Mann and Whitney's U as a share)."""
    ranked = sorted([(value, 0) for value in left] + [(value, 1) for value in right])
    ranks = sum(rank for rank, (_value, side) in enumerate(ranked, 1) if side)
    return (ranks - len(right) * (len(right) + 1) / 2) / (len(left) * len(right))


def test_the_measure_itself():
    same = [random.random() for _ in range(4000)]
    assert 0.45 < auc(same[:2000], same[2000:]) < 0.55
    assert auc([1.0, 2.0], [3.0, 4.0]) == 1.0 and auc([3.0, 4.0], [1.0, 2.0]) == 0.0


def test_the_request_form_does_not_tell_known_from_unknown(client, people, clock):
    send = form(client, "/request/", right="access", name="", residence="DE", details="")
    known, other = measured(send, people, clock)
    share = auc(known, other)
    print(f"request form: AUC {share:.3f}, medians {median(known) * 1000:.2f} and {median(other) * 1000:.2f} ms")
    assert Request.objects.count() == 2 * TRIES + KNOWN
    assert 0.45 <= share <= 0.55
    assert abs(median(known) - median(other)) < 0.001


def test_signing_in_does_not_tell_known_from_unknown(client, people, clock):
    known, other = measured(form(client, "/signin/"), people, clock)
    share = auc(known, other)
    print(f"sign-in: AUC {share:.3f}, medians {median(known) * 1000:.2f} and {median(other) * 1000:.2f} ms")
    assert Letter.objects.filter(kind="sign_in").count() == TRIES, "the known ones really got their letter"
    assert 0.45 <= share <= 0.55
    assert abs(median(known) - median(other)) < 0.001


def test_a_planted_delay_of_five_milliseconds_is_found(client, people, clock, monkeypatch):
    real = limits.by_mailbox

    def slow(address: str) -> int | None:
        if registry.known("email", address) is not None:
            clock.sleep(0.005)
        return real(address)

    monkeypatch.setattr(limits, "by_mailbox", slow)
    assert not 0.45 <= auc(*measured(form(client, "/signin/"), people, clock, 100)) <= 0.55


def test_without_the_steady_pace_the_clock_would_tell(client, people, clock, monkeypatch):
    monkeypatch.setattr(steady, "ANSWER_SECONDS", 0)
    assert not 0.45 <= auc(*measured(form(client, "/signin/"), people, clock, 100)) <= 0.55
