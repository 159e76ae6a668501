"""Enters requests, vouches for the people, and decides as two colleagues as soon as a request is in review."""

import time
from collections import Counter

from django.contrib.auth.models import Group, User
from django.utils import timezone

from audit import actor
from connectors import batches
from connectors.models import Connection
from inventory.models import Collection, DataCategory, Dataset, Field, Reference, System
from privacyops import roles
from requests_app import intake, proof, review
from requests_app.models import Request, State

CLERK = actor.worker("benchmark")


def enter(right: str, people: int) -> list[Request]:
    """Requests of these people, received and not yet proved."""
    return [
        intake.submit(
            intake.Submission(right=right, email=f"p{one + 1}@people.example", name="", residence="DE"),
            now=timezone.now(), actor=CLERK,
        )
        for one in range(people)
    ]  # fmt: skip


def run(requests: list[Request], right: str) -> tuple[float, dict[str, int]]:
    """Seconds from the first proof to the last closing, and how the requests ended."""
    jonas, maya = (User.objects.get(username=name) for name in ("jonas", "maya"))
    started = time.perf_counter()
    for one in requests:
        proof.vouch(one, by=jonas, method="signed_in", now=timezone.now())
    mine = Request.objects.filter(pk__in=[one.pk for one in requests])
    while time.perf_counter() - started < 300:
        for one in mine.filter(state=State.IN_REVIEW).select_related("batch"):
            shown = batches.fingerprint(one.batch)
            review.propose(one, by=jonas, fingerprint=shown)
            if right == "delete":
                review.approve(one, by=maya, fingerprint=shown)
        if not mine.exclude(state=State.CLOSED).exists():
            break
        time.sleep(0.1)
    return time.perf_counter() - started, dict(Counter(mine.values_list("outcome", flat=True)))


def describe(url: str) -> None:
    """The company in the inventory, and two colleagues."""
    roles.sync()
    for name, role in (("jonas", "Reviewer"), ("maya", "Privacy officer")):
        User.objects.create(username=name, is_staff=True).groups.add(Group.objects.get(name=role))
    system = System.objects.create(key="shop", name="Shop")
    dataset = Dataset.objects.create(system=system, key="shop", name="Shop")
    usage = DataCategory.objects.create(key="usage", name="Usage")
    made: dict[tuple[str, str], Field] = {}
    for table, names in (
        ("accounts", "email full_name phone"), ("visits", "account_id path seen_at"), ("orders", "account_id total placed_at"),
        ("lines", "order_id item"), ("newsletter", "email topic"),
    ):  # fmt: skip
        collection = Collection.objects.create(dataset=dataset, name=table, title=table.title())
        made[table, "id"] = Field.objects.create(collection=collection, name="id", primary_key=True)
        for name in names.split():
            made[table, name] = Field.objects.create(
                collection=collection, name=name, category=None if name.endswith("_id") else usage,
                identity="email" if name == "email" else "",
            )  # fmt: skip
    for table, name, target in (
        ("visits", "account_id", "accounts"), ("orders", "account_id", "accounts"), ("lines", "order_id", "orders"),
    ):  # fmt: skip
        Reference.objects.create(field=made[table, name], target=made[target, "id"])
    Connection.objects.create(system=system, kind="sql", address=url)
