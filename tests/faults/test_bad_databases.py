"""Whatever happens to the worker, the wire or the server in mid-erasure: the company holds the same in the end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://root@127.0.0.1:5432/postgres").replace("+psycopg", "")
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
Run = Callable[[str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    names = [f"po_forked_portal_{os.getpid()}", f"po_forked_company_{os.getpid()}"]
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        if os.environ.get("CI_STRICT"):
            raise
        pytest.skip("PostgreSQL is missing; to run this test: start it on 127.0.0.1:5432, or set TEST_POSTGRES_URL")
    portal, company = (urlsplit(SERVER)._replace(path=f"/{name}").geturl() for name in names)
    env = os.environ | {
        "DATABASE_URL": portal.replace("postgresql://", "postgres://"), "DJANGO_SETTINGS_MODULE": "privacyops.settings",
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip

    def disturbed(fault: str, seed: int) -> dict[str, Any]:
        for name in names:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {name}")
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.forked", company, fault, str(seed)],
            cwd=ROOT, env=env | {"CHUNK_ROWS": "40" if fault.endswith("-deleting") else "300"}, capture_output=True,
            text=True, timeout=280,
        )  # fmt: skip
        assert "RESULT " in done.stdout, done.stderr[-3000:]
        assert "anna@people" not in done.stderr and "note 1" not in done.stderr, "no personal data in a log"
        found: dict[str, Any] = json.loads(done.stdout.split("RESULT ", 1)[1])
        return found

    yield disturbed
    for name in names:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.close()


@pytest.fixture(scope="module")
def undisturbed(run: Run) -> Callable[[str], dict[str, Any]]:
    """The undisturbed run, for rows that are masked or (-deleting) deleted."""

    @cache
    def found(way: str) -> dict[str, Any]:
        one = run("none" + way, 0)
        assert one["state"] == "done" and one["changed"] == one["rows"] == 12_001
        return one

    return found


@pytest.mark.parametrize("fault", ["kill", "restart", "cut", "two", "kill-deleting", "two-deleting"])
def test_a_disturbed_erasure_ends_like_an_undisturbed_one(
    run: Run, undisturbed: Callable[[str], dict[str, Any]], fault: str
) -> None:
    quiet = undisturbed("-deleting" if fault.endswith("-deleting") else "")
    found = run(fault, 20261123)
    assert found["state"] == "done", found["why"]
    assert found["digest"] == quiet["digest"]
    assert (found["receipts"], found["rows"]) == (quiet["receipts"], quiet["rows"])
    if not fault.startswith("two"):
        assert found["hits"] >= 5, "the disturbance came too late to disturb"
