"""Many people who send the request form at once, over HTTP, each as a browser does: cookie, token, ticket, nonce.

Whoever gets no answer sends the very same form again, as people press the button again. The form's hidden fields are read from
the page, so that a form with other fields or steps needs other ANSWERS only.
"""

import http.client
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode

FORM = "/request/"
ANSWERS = {
    "asked_by": "self",
    "right": "access",
    "name": "Ada Lovelace",
    "residence": "DE",
    "details": "I bought shoes.",
}
HIDDEN = re.compile(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"')
REFERENCE = re.compile(r"PR-[0-9A-Z]{4}-[0-9A-Z]{4}")
TRIES, PATIENCE = 30, 30


@dataclass
class Sender:
    """One person with a filled-in form."""

    body: str
    cookie: str
    reference: str = ""
    seconds: float = 0.0
    tries: int = 0
    refused: str = ""


@dataclass
class Outcome:
    """What became of a crowd."""

    senders: list[Sender]
    seconds: float
    lost: list[Sender] = field(default_factory=list)

    @property
    def references(self) -> set[str]:
        return {one.reference for one in self.senders if one.reference}

    def percentile(self, part: float) -> float:
        """Seconds within which that part of the accepted forms was answered, from the first try on."""
        times = sorted(one.seconds for one in self.senders if one.reference)
        return times[min(int(len(times) * part), len(times) - 1)]


def gather(port: int, number: int, threads: int) -> list[Sender]:
    """That many people, each with the form open and filled in."""
    found: list[Sender] = []
    _together(range(number), threads, lambda link, n: found.append(_open(link, n)), port)
    return found


def send(port: int, senders: list[Sender], threads: int) -> Outcome:
    """All of them press the button, so many at a time."""
    started = time.monotonic()
    _together(senders, threads, _post, port)
    outcome = Outcome(senders, time.monotonic() - started)
    outcome.lost = [one for one in senders if not one.reference]
    return outcome


def _together(work: "range | list[Sender]", threads: int, act: Callable, port: int) -> None:
    queue, lock = iter(list(work)), threading.Lock()

    def run() -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        while True:
            with lock:
                one = next(queue, None)
            if one is None:
                link.close()
                return
            act(link, one)

    crew = [threading.Thread(target=run) for _ in range(threads)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()


def _open(link: http.client.HTTPConnection, number: int) -> Sender:
    link.request("GET", FORM)
    answer = link.getresponse()
    page = answer.read().decode()
    cookies = SimpleCookie()
    for name, value in answer.getheaders():
        if name.lower() == "set-cookie":
            cookies.load(value)
    hidden = {name: unescape(value) for name, value in HIDDEN.findall(page)}
    hidden.pop("step", None)  # without a step the form is taken as a whole
    fields = {**hidden, **ANSWERS, "email": f"p{number}.{time.time_ns()}@people.example"}
    return Sender(urlencode(fields), "; ".join(f"{name}={one.value}" for name, one in cookies.items()))


def _post(link: http.client.HTTPConnection, sender: Sender) -> None:
    started = time.monotonic()
    headers = {"Cookie": sender.cookie, "Content-Type": "application/x-www-form-urlencoded"}
    for sender.tries in range(1, TRIES + 1):
        try:
            link.request("POST", FORM, sender.body, headers)
            answer = link.getresponse()
            page = answer.read()
        except (http.client.HTTPException, OSError):
            link.close()
            time.sleep(0.1)
            continue
        if answer.status == 303:
            sender.seconds = time.monotonic() - started
            found = REFERENCE.search(" ".join(answer.msg.get_all("Set-Cookie", [])))
            sender.reference = found.group() if found else "no reference"
            return
        if answer.status < 500:
            sender.refused = f"{answer.status} {page[:200]!r}"
            return
        time.sleep(0.2)
