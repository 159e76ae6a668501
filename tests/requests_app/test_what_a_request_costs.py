"""The portal's own queries for one ordinary request, from the form to the closing, with all that the workers do meanwhile."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import connectors.tasks
import disclosures.tasks
import requests_app.tasks
from audit import bell
from connectors import batches
from requests_app import proof, review
from requests_app.models import Request
from tests.requests_app.builders import ask

DOORS = (requests_app.tasks, connectors.tasks, disclosures.tasks)
# A little above what they were when this was written.
MOST = {"access": 206, "delete": 270}


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks) -> Callable[[Callable], object]:
    """Does something and then, one after the other, all that is rung for."""
    rung: deque = deque()
    monkeypatch.setattr(bell, "_ring", lambda task, ids: rung.append((task.name.rpartition(".")[2], ids)))

    def run(verb: Callable[[], object]) -> object:
        with django_capture_on_commit_callbacks(execute=True):
            done = verb()
        while rung:
            name, ids = rung.popleft()
            with django_capture_on_commit_callbacks(execute=True):
                next(getattr(one, name) for one in DOORS if hasattr(one, name))(*ids)
        return done

    return run


@pytest.mark.parametrize("right", ["access", "delete"])
def test_an_ordinary_request_costs_a_bounded_number_of_queries(right: str, company, rita, paul, workers) -> None:
    workers(lambda: ask("opt_out_sale", email="bob@example.org"))  # what a process reads once is read
    people = [type(one).objects.get(pk=one.pk) for one in (rita, paul)]
    with CaptureQueriesContext(connection) as queries:
        request = workers(lambda: ask(right))
        workers(lambda: proof.vouch(request, by=people[0], method="signed_in", now=datetime.now(UTC)))
        shown = batches.fingerprint(Request.objects.get(pk=request.pk).batch)
        workers(lambda: review.propose(request, by=people[0], fingerprint=shown))
        if right == "delete":
            workers(lambda: review.approve(request, by=people[1], fingerprint=shown))
            workers(requests_app.tasks.sweep_requests)  # the recipients have been told
    assert Request.objects.get(pk=request.pk).state == "closed"
    # Outermost blocks are savepoints only because the test is a transaction itself.
    told = [one["sql"] for one in queries if "SAVEPOINT" not in one["sql"]]
    assert len(told) <= MOST[right], len(told)
