"""Every hostile string through every door. `make test` takes one in fifty, `make fuzz` one in six; FUZZ=1 takes all of them.

What must hold each time: an answer that is no error of ours, nothing in it runs, no row after a refusal, what was typed is there
again in the form or, once taken, in the row, and every line of the log is one line.
"""

import io
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as site
from django.db import transaction
from django.test import Client

from audit import scrub
from privacyops import roles
from requests_app import letters
from requests_app.models import Letter, Request
from tests.corpus import doors
from tests.corpus.doors import Door
from tests.corpus.pages import Page
from tests.corpus.strings import strings
from tests.desk.conftest import company  # noqa: F401  # a fixture
from tests.matrix.visitors import ask, every_scope, person, program, staff

SLOWEST_SECONDS = 2.0  # of CPU, on a busy machine; a string that makes us think is far over it
MINE = ("/my/", "/choices/", "/my/recipients/")


@pytest.fixture
def quiet(company, settings, monkeypatch, tmp_path) -> None:  # noqa: F811
    settings.FORMS_PER_NETWORK, settings.FLOOD_FORMS = 10**6, 0
    settings.MAILBOX_DIR, settings.PARCEL_DIR = tmp_path / "mailbox", tmp_path / "parcels"
    settings.REST_FRAMEWORK = {**site.REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}
    monkeypatch.setattr("requests_app.steady.ANSWER_SECONDS", 0)
    monkeypatch.setattr("requests_app.forms.OptOutForm.quickest", 0)
    monkeypatch.setattr("requests_app.limits.by_mailbox", lambda *a, **k: None)
    monkeypatch.setattr("rest_framework.views.APIView.throttle_classes", [])


@pytest.fixture
def journal() -> Iterator[io.StringIO]:
    """The log as it is written: same filter, same line."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(scrub.Scrub())
    handler.setFormatter(logging.Formatter("@@{asctime} {levelname} {name}: {message}", style="{"))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


class Visitors:
    """A stranger, a person who is signed in, and a program with every scope."""

    def __init__(self) -> None:
        self.stranger = Client(raise_request_exception=False)
        self.request = ask("ada.lovelace@example.org")
        self.person = person(self.request)
        self.program = program(every_scope())

    def of(self, door: Door) -> Client:
        return self.program if door.api else self.person if door.signed_in else self.stranger


def all_doors(visitors: Visitors) -> list[Door]:
    mine = (*MINE, f"/my/{visitors.request.pk}/")
    found = [
        *doors.forms(visitors.stranger, doors.OPEN, signed_in=False),
        *doors.forms(visitors.person, mine, signed_in=True),
    ]
    return [*found, *doors.addresses(), *doors.headers(), *doors.api()]


def cases(found: list[Door], share: int) -> Iterator[tuple[Door, Any]]:
    """One in `share` of all pairs, spread over both lists; the same ones each time."""
    at = int(os.environ.get("FUZZ_SEED", "0"))
    for door in found:
        for text in (*strings(), *(doors.ODD if door.api else ())):
            at += 1
            if at % share == 0:
                yield door, text


def typed(text: str) -> str:
    """A string as it arrives: not UTF-8 becomes a replacement mark, and line breaks are one."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def judge(door: Door, text: Any, response: Any, rows: int) -> Iterator[str]:
    """What is wrong with this answer."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    if response.status_code >= 500:
        yield f"{response.status_code}"
    if b"Traceback (most recent" in body:
        yield "a traceback"
    taken = response.status_code in (200, 201, 302, 303)
    if rows and not taken:
        yield f"{response.status_code}, and yet a row"
    for name, value in response.headers.items():
        if "\n" in value or "\r" in value or "evil=1" in name + value:
            yield f"header {name}"
    away = response.get("Location", "")
    if (response.status_code in (301, 302, 303) and not away.startswith(("/", "?"))) or away.startswith(("//", "/\\")):
        yield f"sent away to {away[:60]}"
    kind = response.get("Content-Type", "")
    if kind.startswith("text/html"):
        page = Page(body.decode())
        themes = ["<style>"] if door.name.startswith("/admin/") else []  # the desk's theme has its colours in one
        yield from (f"would run: {one}" for one in page.runs if one not in themes)
        shown = page.shown(door.field) if door.field else None
        if (
            shown is not None
            and response.status_code in (422, 429)
            and typed(str(text)).lstrip("\n") != typed(shown).lstrip("\n")
        ):
            yield f"typed {text!r:.80}, shown {shown!r:.80}"
    if kind.startswith("application/json") and response.status_code >= 400:
        refusal = json.loads(body)
        if not refusal.get("code") or not refusal.get("message"):
            yield "a refusal without words"


def literal(door: Door, text: Any) -> Iterator[str]:
    """Whether the row that was made holds what was sent."""
    row = Request.objects.latest("received_at")
    arrived = plain(str(text) if door.api else typed(str(text)))
    if door.name in ("/request/ details", "/api/v1/requests/ details") and arrived != plain(row.details):
        yield f"stored {row.details!r:.80}"
    if door.name == "/request/ name" and str(text).strip():
        names = [one.value for one in row.subject.identifiers.filter(kind="name")]
        if str(text).strip() not in names:
            yield f"stored {names!r:.80}"


def inert(letter: Letter) -> Iterator[str]:
    """A letter is one mail to one mailbox, whatever was typed."""
    message = letters._mail(letter).message()
    if message.get_all("To") != [message["To"]] or message["Bcc"] or message["Cc"] or "\n" in str(message["Subject"]):
        yield "a letter with a header of a stranger"
    if "evil.example" in letter.body + letter.subject_line:
        yield "a letter that carries what a stranger typed"


def run(share: int, journal: io.StringIO) -> tuple[int, list[str], Counter[str]]:
    visitors = Visitors()
    wrong: list[str] = []
    answers: Counter[str] = Counter()
    count = 0
    for door, text in cases(all_doors(visitors), share):
        before = Request.objects.count()
        started = time.process_time()
        with transaction.atomic():
            response = door.send(visitors.of(door), text)
            took = time.process_time() - started
            rows = Request.objects.count() - before
            found = list(judge(door, text, response, rows))
            if rows:
                found += literal(door, text)
                found += [
                    fault
                    for one in Letter.objects.filter(request=Request.objects.latest("received_at"))
                    for fault in inert(one)
                ]
            transaction.set_rollback(True)
        if took > SLOWEST_SECONDS:
            found.append(f"{took:.1f} s")
        lines = journal.getvalue().split("\n")[:-1]
        found += [
            f"a log line of its own: {line[:80]!r}"
            for line in lines
            if not line.startswith("@@") or any(ord(one) < 32 for one in line)
        ]
        journal.truncate(0), journal.seek(0)
        wrong += [f"{door.name} ← {text!r:.60}: {fault}" for fault in found]
        answers[str(response.status_code)] += 1
        count += 1
    return count, wrong, answers


def report(count: int, wrong: list[str], answers: Counter[str]) -> None:
    print(f"{count} cases: " + ", ".join(f"{number} × {status}" for status, number in sorted(answers.items())))
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong[:40])


@pytest.mark.django_db
def test_a_sample_of_hostile_strings_through_every_door(quiet, journal):
    count, wrong, answers = run(int(os.environ.get("FUZZ_SAMPLE", "50")), journal)
    report(count, wrong, answers)
    assert count > 300 and answers["303"] and answers["422"] and answers["404"] and answers["201"]


@pytest.mark.fuzz
@pytest.mark.timeout(1500)
@pytest.mark.django_db
def test_hostile_strings_through_every_door(quiet, journal):
    count, wrong, answers = run(int(os.environ.get("FUZZ", "6")), journal)
    report(count, wrong, answers)
    assert count >= 5000


@pytest.mark.django_db
def test_what_strangers_typed_is_inert_on_the_desk(quiet):
    """Colleagues open the cases of strangers: nothing runs there either."""
    visitors, door = Visitors(), "/request/ details"
    found = {one.name: one for one in all_doors(visitors)}
    roles.sync()
    officer = staff("Privacy officer")
    for text in [one for one in strings() if "<" in one or "{{" in one or '"' in one][::4]:
        for name in (door, "/request/ name"):
            with transaction.atomic():
                if found[name].send(visitors.stranger, text).status_code == 303:
                    row = Request.objects.latest("received_at")
                    for where in ("/admin/requests_app/request/", f"/admin/requests_app/request/{row.pk}/change/"):
                        page = officer.get(where)
                        ours = [
                            one
                            for one in Page(page.content.decode()).runs
                            if "alert" in one or "evil" in one or MARKED in one
                        ]
                        assert page.status_code == 200 and not ours, f"{where} ← {text!r}: {ours}"
                        assert b"<script>alert" not in page.content
                transaction.set_rollback(True)


MARKED = "zq7canary"


def test_the_oracle_sees_what_would_run():
    for text in (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>",
        "<iframe>",
        "<img src=//evil.example/x>",
    ):
        assert Page(text).runs, text
    assert not Page("&lt;script&gt;<script src='/static/work.js' defer></script><a href='/notice/'>").runs
