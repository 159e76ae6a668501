"""Runs one person's case in this process, without broker or worker, and measures it."""

import time
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from audit import actor
from benchmarks import spine
from connectors import batches, engine, reading
from connectors.models import Batch, WorkOrder
from subjects import registry

CLERK = actor.worker("benchmark")


def run_all(batch: Batch, operation: str) -> float:
    """Run the open orders of one operation, wave by wave; seconds."""
    started = time.perf_counter()
    for _ in range(50):
        orders = WorkOrder.objects.filter(batch=batch, operation=operation, state="open").order_by("wave")
        if not orders:
            break
        engine.run(orders[0].pk)
    states = set(WorkOrder.objects.filter(batch=batch, operation=operation).values_list("state", flat=True))
    if states - {"done"}:
        raise RuntimeError(f"{operation} ended in {states}")
    return time.perf_counter() - started


def erase(email: str) -> dict[str, Any]:
    """Find, read and erase everything about `email`; figures."""
    subject = registry.find_or_make("email", email, actor=CLERK)
    batch = batches.open_find(origin=f"bench-{subject.pk}", subject=subject, identities={"email": [email]}, actor=CLERK)
    find_s = run_all(batch, "find")
    started = time.perf_counter()
    read = sum(1 for finding in batch.findings.all() for _ in reading.rows(finding))
    package_s = time.perf_counter() - started
    one, two = (User.objects.get_or_create(username=name)[0] for name in ("bench-one", "bench-two"))
    batches.authorise(
        batch,
        operation="erase",
        basis="request",
        proved_at=timezone.now(),
        proposed_by=one,
        approved_by=two,
        actor=CLERK,
    )
    erase_s = run_all(batch, "erase")
    rows = sum(batch.findings.values_list("rows", flat=True))
    if read > rows:
        raise RuntimeError("more rows were read than found")
    return {
        "rows": rows,
        "find_s": find_s,
        "package_s": package_s,
        "erase_s": erase_s,
        "peak_mib": spine.peak_mib(),
    }
