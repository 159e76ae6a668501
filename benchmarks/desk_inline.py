"""The part of `benchmarks.desk` that needs Django: fill, open the pages, count and time."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.utils import timezone

from audit.models import SweepRun
from benchmarks import desk_rows
from benchmarks.sweep import timed
from privacyops import roles
from subjects import vault
from subjects.models import Identifier

QUEUE = "/admin/requests_app/request/"
TIMES = 7


def run(size: int) -> dict[str, Any]:
    """Seconds of the filling, and the figures of each page."""
    filled, _ = timed(lambda: desk_rows.fill(size))
    return {"filled": filled, "pages": measure(size)}


def measure(size: int) -> dict[str, tuple[int, int, float, float]]:
    """Open each page as a privacy officer."""
    settings.ALLOWED_HOSTS = ["testserver"]
    SweepRun.objects.create(job="bench", slot=1, started_at=timezone.now())
    roles.sync()
    user = User.objects.create_user("maya", is_staff=True)
    user.groups.add(Group.objects.get(name="Privacy officer"))
    desk = Client()
    desk.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    one = desk_rows.busy(size)
    Identifier.objects.filter(pk=one.identifier_id).update(blind_index=vault.blind_index("email", "eva@example.org"))
    return {name: _measure(desk, look) for name, look in _pages(one).items()}


def _pages(one: Any) -> dict[str, Callable[[Client], Any]]:
    def get(url: str) -> Callable[[Client], Any]:
        return lambda desk: desk.get(url)

    def search(words: str) -> Callable[[Client], Any]:
        return lambda desk: desk.post(f"{QUEUE}search/", {"q": words}, follow=True)

    return {
        "home": get("/admin/"),
        "queue": get(QUEUE),
        "queue, everything": get(f"{QUEUE}?waits=all"),
        "queue, fifth page": get(f"{QUEUE}?waits=open&p=5"),
        "queue, overdue": get(f"{QUEUE}?due=overdue"),
        "queue, waits for me": get(f"{QUEUE}?waits=me"),
        "queue, copies in review": get(f"{QUEUE}?state__exact=in_review&right__exact=access"),
        "queue, closed copies": get(f"{QUEUE}?state__exact=closed&right__exact=access"),
        "queue, GDPR in Germany, high risk": get(f"{QUEUE}?law=eu-gdpr&region=DE&risk=high"),
        "queue, rare law, closed too": get(f"{QUEUE}?law=uk-gdpr&waits=all"),
        "queue, raised to managers": get(f"{QUEUE}?waits=managers"),
        "live numbers": get("/admin/counts/"),
        "search by words": search("asked the same 7"),
        "search by reference": search(one.reference),
        "search by e-mail": search("eva@example.org"),
        "case": get(f"{QUEUE}{one.pk}/change/"),
    }


def _measure(desk: Client, look: Callable[[Client], Any]) -> tuple[int, int, float, float]:
    """Queries, requests on the page, median and least milliseconds."""
    counted: list[str] = []

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        counted.append(sql)
        return execute(sql, params, many, context)

    for _ in range(2):
        answer = look(desk)
        assert answer.status_code == 200, answer
    rows = answer.content.count(b'class="po-ref"')
    with connection.execute_wrapper(count):
        look(desk)
    spent = []
    for _ in range(TIMES):
        began = time.perf_counter()
        look(desk)
        spent.append(1000 * (time.perf_counter() - began))
    return len(counted), rows, statistics.median(spent), min(spent)
