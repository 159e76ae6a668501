"""Whatever happens to beat, worker, server or clock during a retention run: the company holds the same in the end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.faults.test_bad_databases import ROOT, SERVER

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
Run = Callable[[str, int], dict[str, Any]]
# Six months before 29 August lies 29 February: eight rows a day from there on to the end of April stay.
KEPT = 61 * 8


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    names = [f"po_forked_{part}_{os.getpid()}" for part in ("runs_empty", "runs_portal", "runs_company")]
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        if os.environ.get("CI_STRICT"):
            raise
        pytest.skip("PostgreSQL is missing; to run this test: start it on 127.0.0.1:5432, or set TEST_POSTGRES_URL")
    empty, portal, company = (urlsplit(SERVER)._replace(path=f"/{name}").geturl() for name in names)
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "privacyops.settings", "PYTHONPATH": str(ROOT)}
    server.execute(f"DROP DATABASE IF EXISTS {names[0]} WITH (FORCE)")
    server.execute(f"CREATE DATABASE {names[0]}")
    of = {"DATABASE_URL": empty.replace("postgresql://", "postgres://")}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env | of, check=True)

    def disturbed(fault: str, seed: int) -> dict[str, Any]:
        for name in names[1:]:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {names[1]} TEMPLATE {names[0]}")
        server.execute(f"CREATE DATABASE {names[2]}")
        of = {"DATABASE_URL": portal.replace("postgresql://", "postgres://"), "RETENTION_CHUNK_ROWS": "60",
              "CHUNK_ROWS": "60"}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.forked_run", company, fault, str(seed)],
            cwd=ROOT, env=env | of, capture_output=True, text=True, timeout=280,
        )  # fmt: skip
        assert "RESULT " in done.stdout, done.stderr[-3000:]
        assert "@people" not in done.stderr and "note 1" not in done.stderr, "no personal data in a log"
        found: dict[str, Any] = json.loads(done.stdout.split("RESULT ", 1)[1])
        return found

    yield disturbed
    for name in names:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.close()


@pytest.fixture(scope="module")
def undisturbed(run: Run) -> Callable[[str], dict[str, Any]]:
    """The undisturbed run, of chunks in one statement each, or (-careful) of rows one by one."""

    @cache
    def found(way: str) -> dict[str, Any]:
        one = run("none" + way, 0)
        assert one["state"] == "done" and one["paper"]["left"] == 0 and one["paper"]["held_untouched"] is True
        assert one["changed"] == one["paper"]["erased"] == one["paper"]["found"] - one["paper"]["spared_held"]
        assert one["paper"]["found"] == 6_000 - KEPT
        return one

    return found


@pytest.mark.parametrize("fault", ["kill", "restart", "two", "clock", "kill-careful", "two-careful"])
def test_a_disturbed_run_ends_like_an_undisturbed_one(
    run: Run, undisturbed: Callable[[str], dict[str, Any]], fault: str
) -> None:
    quiet = undisturbed("-careful" if fault.endswith("-careful") else "")
    found = run(fault, 20261127)
    assert found["state"] == "done", found["why"]
    assert found["digest"] == quiet["digest"]
    assert found["paper"] == quiet["paper"] and found["receipts"] == quiet["receipts"]
    assert found["faults"] == [] and found["runs"] == 1
    if not fault.startswith("two"):
        assert found["hits"] >= 10, "the disturbance came too late to disturb"
