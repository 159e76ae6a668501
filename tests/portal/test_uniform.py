"""What a stranger sees of somebody we know and of somebody we do not: the same bytes, headers and cookies, five hundred times each.

The work behind it differs (a letter goes to the known one only), so every such answer leaves on a step of the clock
(requests_app.steady); that a clock cannot tell them apart is tested with real processes elsewhere.
"""

import itertools
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from requests_app import intake, limits, proof, steady
from requests_app.models import Letter, Outcome, Request, State
from tests.portal.builders import marks

PEOPLE = 500
# What differs between any two answers to anybody: tokens, tickets, nonces, references, and the time.
OURS = re.compile(
    rb'(?<=name="csrfmiddlewaretoken" value=")[^"]+|(?<=name="nonce" value=")[^"]+|(?<=name="ticket" value=")[^"]+'
    rb"|PR-[0-9A-Z]{4}-[0-9A-Z]{4}"
)


@pytest.fixture
def open_house(settings, monkeypatch):
    settings.FORMS_PER_NETWORK, settings.FLOOD_FORMS = 10**6, 0
    monkeypatch.setattr(limits, "MAILBOX", limits.Limit("mailbox", 10**6, 3600))


def known(number: int) -> list[str]:
    """People of ours: with an open request, and with a closed one."""
    found = []
    for n in range(number):
        email = f"person.{n:05d}@example.org"
        request = intake.submit(intake.Submission("access", email, "", "DE"), now=timezone.now())
        if n % 2:
            Request.objects.filter(pk=request.pk).update(
                state=State.CLOSED, outcome=Outcome.WITHDRAWN, closed_at=timezone.now(), attention=""
            )
        found.append(email)
    return found


def unknown(number: int) -> list[str]:
    return [f"nobody.{n:05d}@example.org" for n in range(number)]


def seen(path: str, email: str, given: dict[str, str], mask: str) -> tuple[Any, ...]:
    """One answer and the page behind it, as a new browser sees them, without what differs for everybody."""
    browser = Client()
    form = browser.get(path) if not given else None
    sent = {**(marks(form.content) if form else {}), **given, "email": email}
    answer = browser.post(path, sent)
    pages = [answer.content]
    if answer.status_code == 303:
        pages.append(browser.get(answer.url).content)
    headers = sorted((name, value) for name, value in answer.headers.items())
    cookies = sorted(
        (name, len(one.value), one["path"], one["max-age"], one["samesite"], one["httponly"])
        for name, one in answer.cookies.items()
    )
    plain = tuple(OURS.sub(b"", page).replace(email.encode(), mask.encode()) for page in pages)
    return answer.status_code, plain, headers, cookies


@pytest.mark.once
@pytest.mark.wide
def test_signing_in_tells_nobody_whom_we_know(open_house):
    given = marks(Client().get("/signin/").content)
    ours, others = known(PEOPLE), unknown(PEOPLE)
    before = Letter.objects.count()
    answers = {
        seen_
        for one in zip(ours, others, strict=True)
        for seen_ in (_frozen(seen("/signin/", who, given, "WHO")) for who in one)
    }
    assert len(answers) == 1, [one[0] for one in answers]
    assert Letter.objects.count() - before == PEOPLE, "each person that we know got a link, and nobody else anything"


@pytest.mark.wide
@pytest.mark.parametrize("path", ["/request/", "/do-not-sell/"])
@pytest.mark.parametrize("spoiled", [False, True], ids=["accepted", "refused"])
def test_asking_tells_nobody_whom_we_know(open_house, path, spoiled):
    given = {
        **marks(Client().get(path).content),
        "right": "access",
        "residence": "" if spoiled else "DE",
        "name": "",
        "details": "",
    }
    numbers = itertools.count()
    answers = set()
    for pair in zip(known(40), unknown(40), strict=True):
        for who in pair:
            answers.add(_frozen(seen(path, who, given | {"nonce": f"{next(numbers):032x}"}, "WHO")))
    assert len(answers) == 1
    assert {one[0] for one in answers} == {422 if spoiled else 303}


def test_a_mailbox_that_had_enough_letters_looks_like_any_other(open_house):
    given = marks(Client().get("/signin/").content)
    [full] = known(1)
    for _ in range(5):
        proof.sign_in(full, now=timezone.now())
    assert _frozen(seen("/signin/", full, given, "WHO")) == _frozen(
        seen("/signin/", "nobody@example.org", given, "WHO")
    )


def test_every_such_answer_leaves_on_a_step_of_the_clock(open_house, monkeypatch):
    steps = []
    monkeypatch.setattr(steady, "ANSWER_SECONDS", 0.25)
    monkeypatch.setattr("requests_app.steady.time.sleep", steps.append)
    given = marks(Client().get("/signin/").content)
    for who in (*known(1), *unknown(1)):
        for path, more in (("/signin/", {}), ("/request/", {"right": "access", "residence": "DE"})):
            seen(path, who, given | more | {"nonce": f"{len(steps):032x}"}, "WHO")
    assert len(steps) == 4 and all(0 < step <= 0.25 for step in steps)


def test_the_test_would_see_a_difference(open_house):
    given = marks(Client().get("/signin/").content)
    one, other = seen("/signin/", "a@example.org", given, "WHO"), seen("/signin/", "not an address", given, "WHO")
    assert _frozen(one) != _frozen(other)


def _frozen(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    status, pages, headers, cookies = answer
    return status, pages, tuple(headers), tuple(cookies)
