"""One retention run on PostgreSQL, from its proposal to its certificate, disturbed on purpose. A process of its own:

python -m tests.faults.forked_run COMPANY_URL FAULT SEED

Each worker is a fork that does what beat and worker do: proposes what is due, moves runs on, works on orders. Faults: none;
kill (SIGKILL at 30 random moments); restart (both servers end all connections at 30 random moments, as a restart does); two
(always two beats and two workers); clock (the worker's clock is put a day or a year forward or back, 30 times). -careful:
another table refers to the rows, so that they go one by one. Prints what the company holds in the end, and the run.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from datetime import date, timedelta
from typing import Any

import django
import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "privacyops.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from audit import actor, log  # noqa: E402
from audit.refusal import Refused  # noqa: E402
from connectors import batches, engine, holds, settling  # noqa: E402
from connectors.kinds import sql_engines  # noqa: E402
from connectors.models import Connection, Receipt, WorkOrder  # noqa: E402
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System  # noqa: E402
from retention import runs  # noqa: E402
from retention.models import Run, Schedule  # noqa: E402
from subjects import registry  # noqa: E402
from tests.faults.forked import at_work, chunks_done  # noqa: E402

CLERK = actor.worker("faults")
ROWS, TIMES, RESTARTING = 6_000, 30, 40
TODAY = date(2024, 8, 29)  # six months before it lies 29 February
CLOCKS = (timedelta(days=1), timedelta(days=-1), timedelta(days=366), timedelta(days=-366), timedelta(minutes=20))


def fill(url: str, *, careful: bool) -> None:
    """Fifty people, with a row every three hours through 29 February and both changes of the clocks; two of them are held."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP TABLE IF EXISTS notes, logs, accounts CASCADE")
        db.execute("CREATE TABLE accounts (id int PRIMARY KEY, email text NOT NULL UNIQUE)")
        db.execute("CREATE TABLE logs (id bigint PRIMARY KEY, account_id int, said text, at timestamptz NOT NULL)")
        db.execute("INSERT INTO accounts SELECT n, 'p' || n || '@people.example' FROM generate_series(1, 50) n")
        db.execute(
            "INSERT INTO logs SELECT n, 1 + n %% 50, 'note ' || n, timestamptz '2024-04-30 00:00+00' - n * interval '3 hours'"
            " FROM generate_series(1, %s) n",
            (ROWS,),
        )
        if careful:
            db.execute("CREATE TABLE notes (log_id bigint REFERENCES logs)")


def describe(url: str) -> Schedule:
    """The company in the inventory, and its schedule."""
    system = System.objects.create(key="shop", name="Shop")
    dataset = Dataset.objects.create(system=system, key="shop", name="Shop")
    usage = DataCategory.objects.create(key="usage", name="Usage")
    people = Collection.objects.create(dataset=dataset, name="accounts", title="Account")
    logs = Collection.objects.create(dataset=dataset, name="logs", title="Logs", dated_by="at")
    key = Field.objects.create(collection=people, name="id", primary_key=True)
    Field.objects.create(collection=people, name="email", identity="email", category=usage)
    Field.objects.create(collection=logs, name="id", primary_key=True)
    link = Field.objects.create(collection=logs, name="account_id")
    for name in ("said", "at"):
        Field.objects.create(collection=logs, name=name, category=usage)
    Reference.objects.create(field=link, target=key)
    Connection.objects.create(system=system, kind="sql", address=url)
    one, two, _ = (User.objects.create_superuser(username=name) for name in ("jonas", "maya", "rosa"))
    subjects = [registry.find_or_make("email", f"p{n}@people.example", actor=CLERK) for n in (1, 2)]
    holds.place_all(subjects, matter="case-1", reason="Claim", review_on=timezone.localdate(), by=two)
    return Schedule.objects.create(
        key="logs", title="Logs", collection=logs, period=6, unit="months", reason="x", grace_hours=0, author=one
    )


def work(moved: timedelta | None) -> None:
    """What a beat and a worker do, for as long as there is something to do; with a clock that was moved."""
    if moved is not None:
        true = timezone.now
        timezone.now = lambda: true() + moved  # type: ignore[assignment]
    for _ in range(6):
        try:
            if not Run.objects.exists():
                runs.propose(Schedule.objects.get(), actor=CLERK, today=TODAY)
        except Refused:
            pass  # another beat was first, or the clock is wrong
        for run_id in runs.can_move(timezone.now()):
            runs.advance(run_id)
        for pk in batches.claimable(timezone.now()).values_list("pk", flat=True):
            engine.run(pk)


def fork(moved: timedelta | None = None) -> int:
    """A worker of its own; its process id."""
    child = os.fork()
    if child == 0:
        try:
            work(moved)
        finally:
            os._exit(0)
    return child


def approve() -> str:
    """A colleague approves what waits, and retries what a wrong clock parked; the state of the run."""
    try:
        maya, rosa = User.objects.get(username="maya"), User.objects.get(username="rosa")
        run = Run.objects.select_related("schedule").first()
        if run is None:
            return ""
        if run.state == Run.State.PROPOSED:
            run = runs.approve(run, by=maya, rows=run.rows, reason="Most of the table is old.")
            if run.state == Run.State.PROPOSED:  # nearly all rows of the table: for two people
                runs.approve(run, by=rosa, rows=run.rows)
        for order in WorkOrder.objects.filter(state="parked", park_code="clock"):
            settling.retry(order, by=maya)
        WorkOrder.objects.update(next_try_at=None, lease_until=None, attempts=0)
        return str(Run.objects.get(pk=run.pk).state)
    finally:
        connections.close_all()


def disturb(fault: str, urls: list[str], child: int, chance: random.Random, before: int) -> None:
    """Kill the worker, or end all connections, once it did up to two chunks more than `before`."""
    wanted = before + chance.randrange(3)
    while chunks_done() < wanted and at_work(child):
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.03))
    if fault == "kill":
        os.kill(child, signal.SIGKILL)
        return
    for url in urls:
        with psycopg.connect(url, autocommit=True) as db:
            for _ in range(RESTARTING):
                db.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                if not at_work(child):
                    break
                time.sleep(0.005)


def digest(url: str) -> str:
    """Everything that the company holds, as one hash."""
    with psycopg.connect(url) as db:
        rows = db.execute("SELECT * FROM logs ORDER BY id").fetchall()
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()


def main(url: str, fault: str, seed: int) -> dict[str, Any]:
    """Fill, let it run, disturb it TIMES times, let it end."""
    careful, fault = fault.endswith("-careful"), fault.removesuffix("-careful")
    fill(url, careful=careful)
    describe(url)
    chance, hits = random.Random(seed), 0
    sql_engines.close_all()
    connections.close_all()
    for _ in range(TIMES if fault != "none" else 0):
        before = chunks_done()
        moved = chance.choice(CLOCKS) if fault == "clock" else None
        running = [fork(moved) for _ in range(2 if fault == "two" else 1)]
        if fault in ("kill", "restart"):
            disturb(fault, [url, os.environ["DATABASE_URL"]], running[0], chance, before)
        for child in running:
            os.waitpid(child, 0)
        hits += approve() != "done"
    for _ in range(30):
        if approve() == "done":
            break
        os.waitpid(fork(), 0)
    run = Run.objects.select_related("batch").get()
    receipts = Receipt.objects.filter(order__batch=run.batch)
    paper = run.certificate.get("collections", {}).get("shop.logs", {})
    return {
        "digest": digest(url),
        "state": run.state,
        "why": run.note,
        "paper": {name: paper.get(name) for name in ("found", "erased", "spared_held", "left", "held_untouched")},
        "receipts": receipts.count(),
        "changed": sum(receipts.values_list("changed", flat=True)),
        "hits": hits,
        "faults": list(log.faults()),
        "runs": Run.objects.count(),
    }


if __name__ == "__main__":
    print("RESULT " + json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
