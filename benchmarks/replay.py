"""How long a replay takes: many erased people, a restored shop, one command. `python -m benchmarks.replay [people]`.

The shop has an account, five orders and a newsletter entry for each person, on PostgreSQL where REPLAY_DATABASE_URL names one
(an empty database), else on SQLite. The entries of the list are made as the engine would have sealed them; the erasures
themselves are not measured.
"""

import os
import resource
import shutil
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

FOLDER = tempfile.mkdtemp(prefix="privacyops-replay-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "privacyops.settings")
os.environ["STATE_DIR"] = FOLDER
os.environ.setdefault("DATABASE_URL", f"sqlite:///{FOLDER}/own.sqlite3")

import django  # noqa: E402

django.setup()

import sqlalchemy as sa  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from audit import actor, bell  # noqa: E402
from connectors.models import Connection  # noqa: E402
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System  # noqa: E402
from privacyops.management.commands.replay_erasures import drive  # noqa: E402
from retention import replays, sealed  # noqa: E402
from retention.models import Replay  # noqa: E402

ORDERS = 5
TABLES = (
    "CREATE TABLE accounts (id INTEGER PRIMARY KEY, email VARCHAR(80) UNIQUE, name VARCHAR(80))",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, address VARCHAR(120))",
    "CREATE INDEX orders_of ON orders (account_id)",
    "CREATE TABLE newsletter (id INTEGER PRIMARY KEY, email VARCHAR(80))",
    "CREATE INDEX newsletter_of ON newsletter (email)",
)


def mail(number: int) -> str:
    return f"person{number}@people.example"


def shop(address: str, people: int, bystanders: int) -> sa.Engine:
    """The restored shop: everybody is there again, and as many who were never erased."""
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        for one in TABLES:
            connection.exec_driver_sql(one)
        every = range(1, people + bystanders + 1)
        insert = [{"id": n, "email": mail(n), "name": f"Person {n}"} for n in every]
        connection.execute(sa.text("INSERT INTO accounts VALUES (:id, :email, :name)"), insert)
        connection.execute(sa.text("INSERT INTO newsletter VALUES (:id, :email)"), insert)
        orders = [{"id": n * ORDERS + turn, "of": n, "at": f"Street {n}"} for n in every for turn in range(ORDERS)]
        connection.execute(sa.text("INSERT INTO orders VALUES (:id, :of, :at)"), orders)
    return engine


def describe(address: str) -> None:
    system = System.objects.create(key="shop", name="Shop")
    dataset = Dataset.objects.create(system=system, key="shop", name="Shop")
    contact = DataCategory.objects.create(key="contact", name="contact")
    made: dict[str, Field] = {}
    for name, fields in {"accounts": ("id", "email", "name"), "orders": ("id", "account_id", "address"),
                         "newsletter": ("id", "email")}.items():  # fmt: skip
        collection = Collection.objects.create(dataset=dataset, name=name, title=name)
        for one in fields:
            made[f"{name}.{one}"] = Field.objects.create(
                collection=collection, name=one, primary_key=one == "id", identity="email" if one == "email" else "",
                category=contact if one in ("email", "name", "address") else None,
            )  # fmt: skip
    Reference.objects.create(field=made["orders.account_id"], target=made["accounts.id"])
    Connection.objects.create(system=system, kind="sql", address=address)


def seal(people: int) -> None:
    now = timezone.now()
    with sealed.locked():
        for start in range(1, people + 1, 1000):
            sealed.append(_deed(n, now) for n in range(start, min(start + 1000, people + 1)))


def _deed(number: int, now: Any) -> dict[str, Any]:
    payload = {"operation": "erase", "people": [str(uuid4())], "identities": {"email": [mail(number)]}, "links": {},
               "own_links": {}, "whole": True, "categories": [], "masks": {}, "kept": [], "acts": []}  # fmt: skip
    return {"kind": "erase", "system": "shop", "origin": f"PR-{number}", "source": f"order:{uuid4().hex}", "done_at": now,
            "payload": payload}  # fmt: skip


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    call_command("migrate", "-v0")
    address = os.environ.get("REPLAY_DATABASE_URL", f"sqlite:///{FOLDER}/shop.sqlite3")
    engine = shop(address, people, people)
    describe(address)
    began = time.monotonic()
    seal(people)
    print(
        f"{people:,} entries sealed in {time.monotonic() - began:.1f} s, list of {Path(sealed.path()).stat().st_size >> 20} MiB"
    )
    for turn in ("first", "second"):
        began, busy = time.monotonic(), time.process_time()
        with bell.silence():
            since = timezone.now() - timedelta(hours=1)
            replay = replays.open_replay("shop", since, by=None, actor=actor.worker("benchmark"))
            opened = time.monotonic() - began
            drive(replay, 600)
        took = time.monotonic() - began
        replay = Replay.objects.get(pk=replay.pk)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        cpu = time.process_time() - busy
        print(
            f"{turn} replay: {replay.state}, {took:.1f} s ({opened:.1f} s to open), {people / took:,.0f} people/s, {memory} MiB"
        )
        print(f"  {cpu:.1f} s of processor time in this process")
        print(f"  {replay.certificate.get('changed', 0):,} rows changed, {replay.certificate.get('left', 0):,} left")
    with engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM accounts").scalar_one()
        print(f"{left:,} accounts are left: those of the {people:,} who were never erased")
    engine.dispose()
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
