"""One retention run in this process, without broker or worker: seconds of each part, of each chunk, and memory. And the same
rows deleted by Django.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import environ
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections, models
from django.db.models.signals import post_delete
from django.utils import timezone

from audit import actor
from benchmarks.inline import run_all
from benchmarks.spine import peak_mib
from connectors import dated, engine, holds
from connectors.models import Connection, Receipt, WorkOrder
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System
from retention import runs
from retention.models import Run, Schedule
from subjects import registry

CLERK = actor.worker("benchmark")


class Visit(models.Model):
    """The company's table, as its own Django project would have it."""

    id = models.BigAutoField(primary_key=True)
    account_id = models.IntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        app_label = "benchmarks"
        managed = False
        db_table = "visits"

    def __str__(self) -> str:
        return str(self.pk)


def run(url: str, held: int) -> dict[str, Any]:
    """Count, approve and erase; figures."""
    schedule = describe(url)
    one, two = (User.objects.create_superuser(username=name) for name in ("bench-one", "bench-two"))
    Schedule.objects.update(author=one)
    subjects = [registry.find_or_make("email", f"p{n}@people.example", actor=CLERK) for n in range(1, held + 1)]
    holds.place_all(subjects, matter="case-1", reason="Claim", review_on=timezone.localdate(), by=two)
    start, seconds, quarter = now_mib(), list[float](), [0.0]
    chunks = dated.Sweep._chunks

    def timed(self: Any, *given: Any) -> bool:
        began = time.perf_counter()
        done = chunks(self, *given)
        seconds.append(time.perf_counter() - began)
        if not quarter[0] and Receipt.objects.count() > len(self.chunks) // 4:
            quarter[0] = peak_mib()
        return done

    dated.Sweep._chunks = timed  # type: ignore[method-assign]
    parts = {"prepare": 0.0, "recount": 0.0, "proofs": 0.0}
    for part, place, name in (
        ("prepare", engine, "prepare"), ("recount", engine, "_refuse_if_grown"), ("proofs", engine, "prove"),
    ):  # fmt: skip
        setattr(place, name, _timed(parts, part, getattr(place, name)))
    began = time.perf_counter()
    proposed = runs.propose(schedule, actor=CLERK, today=timezone.now().astimezone(UTC).date())
    assert proposed.batch is not None
    run_all(proposed.batch, "find")
    runs.advance(proposed.pk)
    found = time.perf_counter() - began
    proposed = Run.objects.get(pk=proposed.pk)
    runs.approve(proposed, by=two, rows=proposed.rows)
    began = time.perf_counter()
    runs.advance(proposed.pk)
    assert proposed.batch is not None
    order = WorkOrder.objects.get(batch=proposed.batch, operation="erase")
    while order.state in ("open", "running"):  # given back when its time is up, and taken again
        engine.run(order.pk)
        order.refresh_from_db()
    runs.advance(proposed.pk)
    erase = time.perf_counter() - began
    done = Run.objects.get(pk=proposed.pk)
    paper = done.certificate["collections"]["shop.visits"]
    if done.state != "done" or paper["erased"] != proposed.rows or not seconds:
        raise RuntimeError(f"the run ended as {done.state}: {paper}")
    seconds.sort()
    return {
        "find": found, "erase": erase, "deleting": sum(seconds), "rows": proposed.rows, "held": paper["spared_held"],
        "proof": paper.get("held_untouched"), "chunks": len(seconds), "p50": seconds[len(seconds) // 2],
        "p99": seconds[int(len(seconds) * 0.99)], "longest": seconds[-1], "start": start, "quarter": quarter[0],
        "peak": peak_mib(), **parts,
    }  # fmt: skip


def _timed(parts: dict[str, float], part: str, work: Any) -> Any:
    def timed(*given: Any) -> Any:
        began = time.perf_counter()
        try:
            return work(*given)
        finally:
            parts[part] += time.perf_counter() - began

    return timed


def django_pace(url: str, held: int, *, listened: bool) -> dict[str, float]:
    """Rows a second of `QuerySet.delete()` for all the same rows on a copy of the company's table, and MiB: with a receiver of
    the signal (`listened`), as a project that writes a history has one, or without.
    """
    connections.settings["company"] = settings.DATABASES["default"] | environ.Env.db_url_config(url)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if listened:
        post_delete.connect(lambda **given: None, sender=Visit, weak=False)
    began = time.perf_counter()
    rows = Visit.objects.using("company").filter(seen_at__lt=today - timedelta(days=600), account_id__gt=held)
    count, _ = rows.delete()
    return {"pace": count / (time.perf_counter() - began), "count": count, "memory": peak_mib()}


def now_mib() -> float:
    """The memory that this process holds now, in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def describe(url: str) -> Schedule:
    """The company's two tables in the inventory, its connection, and how long visits are kept."""
    system = System.objects.create(key="shop", name="Shop")
    dataset = Dataset.objects.create(system=system, key="shop", name="Shop")
    usage = DataCategory.objects.create(key="usage", name="Usage")
    accounts = Collection.objects.create(dataset=dataset, name="accounts", title="Account")
    visits = Collection.objects.create(dataset=dataset, name="visits", title="Visits", dated_by="seen_at")
    key = Field.objects.create(collection=accounts, name="id", primary_key=True)
    Field.objects.create(collection=accounts, name="email", identity="email", category=usage)
    Field.objects.create(collection=visits, name="id", primary_key=True, category=usage)
    link = Field.objects.create(collection=visits, name="account_id")
    for name in ("path", "ip", "agent", "seen_at", "seconds"):
        Field.objects.create(collection=visits, name=name, category=usage)
    Reference.objects.create(field=link, target=key)
    Connection.objects.create(system=system, kind="sql", address=url)
    return Schedule.objects.create(
        key="visits", title="Visits", collection=visits, period=600, unit="days", reason="x", grace_hours=0
    )
