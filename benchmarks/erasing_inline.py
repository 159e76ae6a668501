"""One person's case in this process, without broker or worker: seconds of each part, and the peak memory."""

import os
import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor
from benchmarks.inline import run_all
from benchmarks.spine import peak_mib
from connectors import batches, reading
from connectors.models import Connection
from connectors.searching import Searcher
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System
from requests_app.delivery.tables import json_page
from subjects import registry

CLERK = actor.worker("benchmark")
EMAIL = "p1@people.example"


def run(url: str) -> dict[str, Any]:
    """Find, export and erase; figures."""
    describe(url)
    subject = registry.find_or_make("email", EMAIL, actor=CLERK)
    batch = batches.open_find(origin="bench", subject=subject, identities={"email": [EMAIL]}, actor=CLERK)
    found = run_all(batch, "find")

    def export() -> None:
        with open(os.devnull, "wb") as file:
            searcher = Searcher(batch)
            for finding in batch.findings.all():
                for page in reading.written(finding, searcher=searcher):
                    file.write(json_page(page.rows) if page.text is None else page.text)

    exported = timed(export)
    one, two = (User.objects.create(username=name) for name in ("bench-one", "bench-two"))
    started = time.perf_counter()
    batches.authorise(
        batch,
        operation="erase",
        basis="request",
        proved_at=timezone.now(),
        proposed_by=one,
        approved_by=two,
        actor=CLERK,
    )
    run_all(batch, "erase")
    erased = time.perf_counter() - started
    return {"find": found, "export": exported, "erase": erased, "peak": peak_mib()}


def timed(work: Callable[[], None]) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def describe(url: str) -> None:
    """The company's two tables in the inventory, and its connection."""
    system = System.objects.create(key="shop", name="Shop")
    dataset = Dataset.objects.create(system=system, key="shop", name="Shop")
    usage = DataCategory.objects.create(key="usage", name="Usage")
    accounts = Collection.objects.create(dataset=dataset, name="accounts", title="Account")
    visits = Collection.objects.create(dataset=dataset, name="visits", title="Visits", dated_by="seen_at")
    key = Field.objects.create(collection=accounts, name="id", primary_key=True)
    Field.objects.create(collection=accounts, name="email", identity="email", category=usage)
    Field.objects.create(collection=accounts, name="full_name", category=usage)
    Field.objects.create(collection=visits, name="id", primary_key=True, category=usage)
    link = Field.objects.create(collection=visits, name="account_id")
    for name in ("path", "ip", "agent", "seen_at", "seconds"):
        Field.objects.create(collection=visits, name=name, category=usage)
    Reference.objects.create(field=link, target=key)
    Connection.objects.create(system=system, kind="sql", address=url)
