"""One erasure of many rows on PostgreSQL, disturbed on purpose. A process of its own:

python -m tests.faults.forked COMPANY_URL FAULT SEED

Each worker is a fork that runs the order as a real one would. Faults: none; kill (SIGKILL at 20 random moments); restart (the
company's server ends all connections at 20 random moments, as a restart does); cut (the network between us and the company is
cut after a random number of bytes, 20 times); two (always two workers on the same order). Killed and restarted is when a worker
has done up to two chunks more, so that a fast machine cannot finish before it was disturbed. A fault that ends with -deleting:
the visits are deleted and not masked. Prints what the company holds in the end, how the order ended, and how often the
disturbance hit a worker at work.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from typing import Any
from urllib.parse import SplitResult, urlsplit

import django
import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "privacyops.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from audit import actor  # noqa: E402
from connectors import batches, engine  # noqa: E402
from connectors.kinds import sql_engines  # noqa: E402
from connectors.models import Connection, Receipt, WorkOrder  # noqa: E402
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System  # noqa: E402
from subjects import registry  # noqa: E402
from tests.faults.wire import Wire  # noqa: E402

CLERK = actor.worker("faults")

ROWS, TIMES, RESTARTING = 12_000, 20, 40


def fill(url: str) -> None:
    """Two people and their rows; the second one's must never change."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP TABLE IF EXISTS visits, accounts CASCADE")
        db.execute("CREATE TABLE accounts (id int PRIMARY KEY, email text NOT NULL UNIQUE, name text)")
        db.execute(
            "CREATE TABLE visits (id serial PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, ip text,"
            " note text NOT NULL)"
        )
        db.execute("INSERT INTO accounts VALUES (1, 'anna@people.example', 'Anna'), (2, 'ben@people.example', 'Ben')")
        db.execute(
            "INSERT INTO visits (account_id, ip, note) SELECT n %% 2 + 1, '192.0.2.' || n %% 250, 'note ' || n"
            " FROM generate_series(1, %s) n",
            (2 * ROWS,),
        )
        db.execute("CREATE INDEX ON visits (account_id)")


def digest(url: str) -> str:
    """Everything that the company holds, as one hash."""
    with psycopg.connect(url) as db:
        rows = [db.execute(f"SELECT * FROM {table} ORDER BY id").fetchall() for table in ("accounts", "visits")]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def describe(url: str, erase: str) -> Connection:
    """The company in the inventory: accounts keep their rows and lose their personal fields, so do visits or they go."""
    system = System.objects.create(key="shop", name="Shop")
    dataset = Dataset.objects.create(system=system, key="shop", name="Shop")
    usage = DataCategory.objects.create(key="usage", name="Usage")
    people = Collection.objects.create(dataset=dataset, name="accounts", title="Account", erase="mask")
    visits = Collection.objects.create(dataset=dataset, name="visits", title="Visits", erase=erase)
    key = Field.objects.create(collection=people, name="id", primary_key=True)
    mail = {"identity": "email", "category": usage, "mask": {"strategy": "token"}}
    Field.objects.create(collection=people, name="email", **mail)
    Field.objects.create(collection=visits, name="id", primary_key=True)
    link = Field.objects.create(collection=visits, name="account_id")
    Field.objects.create(collection=visits, name="ip", category=usage, mask={"strategy": "truncate"})
    Field.objects.create(collection=visits, name="note", category=usage)
    Reference.objects.create(field=link, target=key)
    return Connection.objects.create(system=system, kind="sql", address=url)


def approved() -> WorkOrder:
    """Anna's erasure, searched and approved."""
    subject = registry.find_or_make("email", "anna@people.example", actor=CLERK)
    mails = {"email": ["anna@people.example"]}
    batch = batches.open_find(origin="PR-F", subject=subject, identities=mails, actor=CLERK)
    for order in WorkOrder.objects.filter(batch=batch):
        engine.run(order.pk)
    one, two = (User.objects.create(username=name) for name in ("jonas", "maya"))
    now = timezone.now()
    batches.authorise(
        batch, operation="erase", basis="request", proved_at=now, proposed_by=one, approved_by=two, actor=CLERK
    )
    return WorkOrder.objects.get(batch=batch, operation="erase")


def fork(order: WorkOrder) -> int:
    """A worker of its own that runs the order once; its process id."""
    child = os.fork()
    if child == 0:
        try:
            engine.run(order.pk)
        finally:
            os._exit(0)
    return child


def freed(order: WorkOrder) -> str:
    """Where the order stands, its waiting times over: the lease run out, the next try due."""
    WorkOrder.objects.filter(pk=order.pk).update(next_try_at=None, lease_until=None, attempts=0)
    found = WorkOrder.objects.get(pk=order.pk).state
    connections.close_all()
    return found


def chunks_done() -> int:
    """How many chunks have their receipt."""
    try:
        return Receipt.objects.count()
    finally:
        connections.close_all()


def at_work(child: int) -> bool:
    """Whether the fork has not ended by itself (it stays to be waited for)."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def disturb(fault: str, url: str, running: list[int], chance: random.Random, before: int, wait: float) -> None:
    """Do to the running workers what the fault is, once there are up to two chunks more than `before` and within `wait` s."""
    if fault not in ("kill", "restart"):
        return
    wanted = before + chance.randrange(3)
    while chunks_done() < wanted and at_work(running[0]):
        time.sleep(0.002)
    time.sleep(chance.uniform(0, wait))
    if fault == "kill":
        os.kill(running[0], signal.SIGKILL)
        return
    with psycopg.connect(url, autocommit=True) as db:
        for _ in range(RESTARTING):  # a server that restarts ends what connects meanwhile, too
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if not at_work(running[0]):
                return
            time.sleep(0.005)


def through(parts: SplitResult, wire: Wire) -> str:
    """The company's address over the wire."""
    return parts._replace(netloc=f"{parts.username}@127.0.0.1:{wire.port}").geturl()


def main(url: str, fault: str, seed: int) -> dict[str, Any]:
    """Fill, approve, disturb TIMES times, let it end."""
    fill(url)
    chance, parts, hits = random.Random(seed), urlsplit(url), 0
    connection = describe(url, "delete" if fault.endswith("-deleting") else "mask")
    wait = 0.02 if fault.endswith("-deleting") else 0.1  # whole groups of chunks are deleted in no time
    fault = fault.removesuffix("-deleting")
    order = approved()
    wire = Wire(parts.port or 5432)
    if fault == "cut":
        wire.start()
        connection.address = through(parts, wire)
        connection.save()
    sql_engines.close_all()
    connections.close_all()
    for _ in range(TIMES if fault != "none" else 0):
        wire.left = chance.randrange(2_000, 90_000)
        before = chunks_done()
        running = [fork(order) for _ in range(2 if fault == "two" else 1)]
        disturb(fault, url, running, chance, before, wait)
        for child in running:
            os.waitpid(child, 0)
        hits += freed(order) != "done"
    wire.left = 10**12
    for _ in range(30):
        if freed(order) == "done":
            break
        os.waitpid(fork(order), 0)
    receipts, last = Receipt.objects.filter(order=order), WorkOrder.objects.get(pk=order.pk)
    return {
        "digest": digest(url),
        "state": last.state,
        "why": last.park_reason,
        "receipts": receipts.count(),
        "rows": sum(receipts.values_list("rows", flat=True)),
        "changed": sum(receipts.values_list("changed", flat=True)),
        "hits": hits,
        "broken": wire.broken,
    }


if __name__ == "__main__":
    print("RESULT " + json.dumps(main(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
