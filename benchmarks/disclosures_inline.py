"""What the benchmark of the ledger does inside Django, on one database: commands as JSON lines in, figures out."""

import json
import os
import random
import resource
import sys
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from audit import actor, clients  # noqa: E402
from audit.models import Event  # noqa: E402
from benchmarks import disclosures_rows as made  # noqa: E402
from disclosures import accounting, received  # noqa: E402
from disclosures.models import Disclosure, Recipient  # noqa: E402
from inventory.models import DataCategory, Purpose  # noqa: E402
from requests_app import proof  # noqa: E402
from requests_app.models import PersonSession  # noqa: E402
from requests_app.views import visitor  # noqa: E402
from subjects import many  # noqa: E402
from subjects.models import DataSubject  # noqa: E402

ACTOR = actor.worker("benchmark")
PATH = "/api/v1/disclosures/batch/"
AT_ONCE, ASKED = 10, 60
DICE = random.Random(11)
state: dict[str, Any] = {}


def begin() -> None:
    """Recipients, categories, a purpose, and the key of a caller."""
    for key in ("bench.a", "bench.b", "bench.c"):
        DataCategory.objects.get_or_create(key=key, defaults={"name": key})
    Purpose.objects.get_or_create(
        key="bench", defaults={"name": "Benchmark", "description": "For it.", "lawful_basis": "contract"}
    )
    if not Recipient.objects.filter(key="bench-0").exists():
        Recipient.objects.bulk_create(
            Recipient(key=f"bench-{n}", name=f"Recipient {n}", role="controller", kind="Employer", contact="r@r.example",
                      country="DE")
            for n in range(made.RECIPIENTS)
        )  # fmt: skip
    state["key"] = clients.create("benchmark", ["disclosures:write"], actor=ACTOR)[1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM subjects_identifier WHERE blind_index LIKE 'bench%%'")
        known = cursor.fetchone()[0]
        if known:
            indexes = [many.index("email", _mail(n))[1] for n in range(known)]
            cursor.execute(
                "UPDATE subjects_identifier AS i SET blind_index = g.b FROM unnest(%s::text[]) WITH ORDINALITY AS g (b, n)"
                " WHERE i.blind_index = 'bench' || (g.n - 1)",
                [indexes],
            )
            cursor.execute("VACUUM (ANALYZE) subjects_identifier")


def batches(transfers: int, seconds: float) -> dict[str, Any]:
    """The calls, and after each ten the same rows by COPY; no more of them once so many seconds are over."""
    _copied_table()
    browser, ours, copied, sent = _browser(), Spent(), Spent(), 0
    _call(browser, _body(100), uuid.uuid4().hex)  # warm
    before, ends = Disclosure.objects.count(), time.monotonic() + seconds
    while sent < transfers and time.monotonic() < ends:
        ids: list[str] = []
        for _ in range(AT_ONCE):
            if sent >= transfers:
                break
            body, key = _body(made.CALL), f"night-{sent}"
            with ours:
                answer = _send(browser, body, key)
            ids += [one["disclosure"] for one in _told(answer)["results"]]
            sent += made.CALL
        _copy(ids, copied)
    rows, peak = Disclosure.objects.count() - before, _peak()
    with CaptureQueriesContext(connection) as seen:
        _call(browser, _body(made.CALL), uuid.uuid4().hex)
    events = Event.objects.filter(name="disclosures.recorded").count()
    return {
        "ours": ours.seconds, "copy": copied.seconds, "ours_cpu": ours.cpu,
        "copy_cpu": copied.cpu, "queries": len(seen), "sent": sent, "rows": rows, "events": events, "peak_mib": peak,
    }  # fmt: skip


def newcomers(calls: int) -> float:
    """Rows a second about people whom nobody knew."""
    browser, took = _browser(), 0.0
    for number in range(calls):
        sent = _body(made.CALL, people=[f"new{number}.{n}@people.example" for n in range(made.CALL)])
        started = time.perf_counter()
        _call(browser, sent, uuid.uuid4().hex)
        took += time.perf_counter() - started
    return calls * made.CALL / took


def _mail(number: int) -> str:
    return f"p{number}@people.example"


def _body(count: int, people: list[str] | None = None) -> bytes:
    mails = people or [_mail(DICE.randrange(made.PEOPLE)) for _ in range(count)]
    entries = [
        {"identifier": {"kind": "email", "value": mail}, "recipient": f"bench-{DICE.randrange(made.RECIPIENTS)}",
         "disclosed_at": f"2026-10-{1 + n % 28:02}T10:{n % 60:02}:00Z"}
        for n, mail in enumerate(mails)
    ]  # fmt: skip
    shared = {"categories": ["bench.a", "bench.b"], "purpose": "bench", "occasion": "application sent"}
    return json.dumps({"shared": shared, "disclosures": entries}).encode()


def _call(browser: Client, sent: bytes, key: str) -> None:
    _told(_send(browser, sent, key))


def _send(browser: Client, sent: bytes, key: str) -> Any:
    return browser.post(
        PATH, sent, content_type="application/json",
        headers={"Authorization": f"Bearer {state['key']}", "Idempotency-Key": key}, secure=True,
    )  # fmt: skip


def _told(answer: Any) -> Any:
    assert answer.status_code == 200, answer.content[:500]
    told = answer.json()
    assert not told["refused"], [one for one in told["results"] if "refused" in one][:3]
    return told


def _copied_table() -> None:
    """A table like the ledger, with its indexes, constraints and references."""
    references = (("subject_id", "subjects_datasubject"), ("recipient_id", "disclosures_recipient"),
                  ("purpose_id", "inventory_purpose"), ("client_id", "audit_apiclient"))  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE copied (LIKE disclosures_disclosure INCLUDING ALL)")
        for column, other in references:
            cursor.execute(
                f"ALTER TABLE copied ADD FOREIGN KEY ({column}) REFERENCES {other} DEFERRABLE INITIALLY DEFERRED"
            )


class Spent:
    """Seconds by the clock and by the processor (this process and its server process, where that is on this machine)."""

    def __init__(self) -> None:
        self.seconds = self.cpu = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter(), _cpu()

    def __exit__(self, *_error: object) -> None:
        self.seconds += time.perf_counter() - self._began[0]
        self.cpu += _cpu() - self._began[1]


def _cpu() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    ticks = sum(map(int, server.read_text().rpartition(")")[2].split()[11:13])) if server.exists() else 0
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _copy(ids: list[str], spent: Spent) -> None:
    """Write these rows once more by COPY, into a table of its own."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS wanted")
        cursor.execute("CREATE TEMPORARY TABLE wanted AS SELECT unnest(%s::uuid[]) AS id", [ids])
        rows = "SELECT d.* FROM disclosures_disclosure d JOIN wanted USING (id) ORDER BY d.id"
        with cursor.cursor.copy(f"COPY ({rows}) TO STDOUT") as out:
            data = [bytes(one) for one in out]
        text = b"".join(data)
        with spent, cursor.cursor.copy("COPY copied FROM STDIN") as given:
            for place in range(0, len(text), 65536):
                given.write(text[place : place + 65536])


# ---------------------------------------------------------------- who received my data


def _someone() -> DataSubject:
    return DataSubject.objects.get(pk=state["people"][DICE.randrange(len(state["people"]))])


def warm() -> None:
    """People to be asked for, all over the table; a person who is signed in is one of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM subjects_datasubject ORDER BY id LIMIT 20000")
        state["people"] = [one for (one,) in cursor.fetchall()]
    for _ in range(20):
        received.page(_someone())


def who() -> dict[str, float]:
    """Milliseconds (median) of a first page, a later page, the bare SELECT, and the portal's page; and queries."""
    first, later, bare, portal = [], [], [], []
    for _ in range(ASKED):
        subject = _someone()
        took, page = _timed(lambda who=subject: received.page(who, limit=50))
        first.append(took)
        later.append(_timed(lambda who=subject, after=page.next: received.page(who, after=after, limit=50))[0])
        other = _someone()
        bare.append(_timed(lambda who=other: _select(who))[0])
        if len(portal) < ASKED // 4:
            portal.append(_portal(other))
    with CaptureQueriesContext(connection) as seen:
        received.page(_someone())
    with CaptureQueriesContext(connection) as seen_portal:
        _portal(_someone())
    first.sort()
    return {
        "first": first[ASKED // 2], "p95": first[int(ASKED * 0.95)], "later": sorted(later)[ASKED // 2],
        "select": sorted(bare)[ASKED // 2], "portal": sorted(portal)[len(portal) // 2], "queries": len(seen),
        "portal_queries": len(seen_portal),
    }  # fmt: skip


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    done = work()
    return 1000 * (time.perf_counter() - started), done


def _select(subject: DataSubject) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM disclosures_disclosure WHERE subject_id = %s ORDER BY disclosed_at DESC, id DESC LIMIT 50",
            [subject.pk],
        )
        assert cursor.fetchall()


def _portal(subject: DataSubject) -> float:
    """Milliseconds of the page as a signed-in person gets it."""
    browser = _browser()
    browser.cookies[visitor.cookie_name()] = _cookie(subject)
    took, answer = _timed(lambda: browser.get("/my/recipients/", secure=True))
    assert answer.status_code == 200 and b"Recipient " in answer.content, answer.status_code
    return took


def _cookie(subject: DataSubject) -> str:
    cookie, now = uuid.uuid4().hex, timezone.now()
    PersonSession.objects.create(key_hash=proof.hashed(cookie), subject=subject, expires_at=now + timedelta(hours=1))
    return cookie


def _browser() -> Client:
    return Client(SERVER_NAME=settings.SITE_HOST)


def account(count: int) -> dict[str, float]:
    """Stream so many entries of the ledger as CSV."""
    by = User.objects.create_superuser("bench", "bench@bench.example", uuid.uuid4().hex)
    first, last = Disclosure.objects.earliest("disclosed_at"), Disclosure.objects.latest("disclosed_at")
    pieces = accounting.take(accounting.Wanted(first.disclosed_at.date(), last.disclosed_at.date(), None, "csv"), by=by)
    before, started, seen = _peak(), time.perf_counter(), -1
    for _ in pieces:
        seen += 1
        if seen == count:
            break
    return {"rows": seen, "seconds": time.perf_counter() - started, "grew_mib": _peak() - before}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


COMMANDS: dict[str, Callable[..., Any]] = {one.__name__: one for one in (begin, batches, newcomers, warm, who, account)}


def main() -> None:
    """Until the other side hangs up."""
    for line in sys.stdin:
        name, *given = json.loads(line)
        print(json.dumps(COMMANDS[name](*given)), flush=True)


if __name__ == "__main__":
    main()
