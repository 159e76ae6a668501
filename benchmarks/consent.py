"""The ledger of choices on PostgreSQL under gunicorn: decisions, single records and batches, growth, and killed workers.

    python -m benchmarks.consent [CHOICES]     (BENCH_POSTGRES_URL, BENCH_REDIS_URL name the servers; default 10,000,000)

1. Decide at 100,000 choices and at CHOICES, each beside an empty view of the same server and the bare indexed SELECT.
2. Record one by one, and in batches of 1,000 beside the raw multi-row insert of the same rows.
3. SIGKILL of a web worker in mid-load: what was answered and the rows must be the same, and the ledger and what holds agree.
Prints each figure beside its goal. Ends with 1 when anything was lost.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis

from benchmarks import consent_rows
from benchmarks.portal import web_workers
from benchmarks.sweep import _plain
from tests.processes import ROOT, free_port

SERVER = os.environ.get("BENCH_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
BROKER = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/7")
NAME = os.environ.get("BENCH_DATABASE", "po_bench_consent")
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
SMALL, WORKERS, AT_ONCE, CALLS = 100_000, 2, 4, 420


def main() -> None:
    """Fill, measure, kill, check."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    url = urlsplit(SERVER)._replace(path=f"/{NAME}").geturl()
    with psycopg.connect(_plain(SERVER), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
        redis.Redis.from_url(BROKER).flushdb()
        try:
            with tempfile.TemporaryDirectory() as folder:
                good = _run(url, most, Path(folder))
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    sys.exit(0 if good else 1)


def _run(url: str, most: int, folder: Path) -> bool:
    os.environ.update(
        {"DATABASE_URL": url, "REDIS_URL": BROKER, "STATE_DIR": str(folder / "state"), "DEMO": "0",
         "EMAIL_URL": "dummymail://", "DJANGO_SETTINGS_MODULE": "benchmarks.consent_settings"}
    )  # fmt: skip
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
    inline: Any = import_module("benchmarks.consent_inline")  # its models need the settings above
    key, people = inline.begin(consent_rows.PURPOSES), SMALL // consent_rows.PURPOSES
    first: dict[str, float] = {}
    print(f"{'choices':>12} {'empty/s':>9} {'decide/s':>9} {'ratio':>6} {'p50':>8} {'p99':>8} {'SELECT':>8}")
    for choices in sorted({SMALL, most}):
        started = time.monotonic()
        wanted = choices // consent_rows.PURPOSES
        consent_rows.fill(
            _plain(url), wanted if choices == SMALL else wanted - people, 1 if choices == SMALL else people + 1
        )
        mails = consent_rows.name(_plain(url), wanted, inline.index)
        filled = time.monotonic() - started
        with served(folder) as (port, _):
            seen = _decide(port, key, mails, folder)
        seen["select"] = inline.select(mails)
        print(
            f"{choices:>12,} {seen['empty']:>9.0f} {seen['decide']:>9.0f} {seen['decide'] / seen['empty']:>6.2f}"
            f" {seen['p50']:>6.2f}ms {seen['p99']:>6.2f}ms {seen['select']:>6.2f}ms   filled in {filled:.0f} s",
            flush=True,
        )
        if not first:
            first = seen
    # Against the empty view of its own run: another's work on the machine slows both.
    growth = (first["decide"] / first["empty"]) / (seen["decide"] / seen["empty"])
    print(f"goal of the ratio: 0.60 or more; growth of a decision: {growth:.2f} x (goal 1.20 or less)")
    print(f"p50 of a decision: {seen['p50'] / seen['select']:.1f} x the bare SELECT")
    inline.batches()
    with served(folder) as (port, server):
        _record(port, key, folder)
        good = _kill(port, server, key, url)
    done = subprocess.run([sys.executable, "manage.py", "consent_standing", "--check"], cwd=ROOT)
    return good and not done.returncode


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The portal under gunicorn as `manage.py up` starts it, without its workers."""
    port = free_port()
    with (folder / "gunicorn.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "privacyops.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
             "--workers", str(WORKERS), "--threads", "4", "--keep-alive", "30", "--log-level", "warning"],
            cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _load(port, 1, 1, [["/empty/", {}, ""]], folder, patience=60)
        yield port, server
    finally:
        server.terminate()
        server.wait(30)


def _load(port: int, threads: int, seconds: float, calls: list[Any], folder: Path, patience: int = 1) -> dict[str, Any]:
    """What a second process saw."""
    file = folder / "calls.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in calls))
    command = [sys.executable, "-m", "benchmarks.consent_load", str(port), str(threads), str(seconds), str(file)]
    for _ in range(patience):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode == 0:
            break
        time.sleep(1)
    found: dict[str, Any] = json.loads(done.stdout)
    assert not found["bad"], f"answers: {found['bad']}"
    return found


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


def _decide(port: int, key: str, mails: list[str], folder: Path) -> dict[str, float]:
    """The empty view and decisions by turns, so that what else the machine does falls on both."""
    asked = [
        ["/api/v1/consent/decide/", _headers(key), json.dumps(
            {"identifier": {"kind": "email", "value": mail}, "purpose": f"bench-{n % consent_rows.PURPOSES}", "region": "DE"}
        )]
        for n, mail in enumerate(mails)
    ]  # fmt: skip
    nothing = [["/empty/", _headers(key), body] for _, _, body in asked]
    _load(port, AT_ONCE, 2, asked, folder)
    empty, decide = [], []
    for _ in range(3):
        empty.append(_load(port, AT_ONCE, SECONDS / 3, nothing, folder))
        decide.append(_load(port, AT_ONCE, SECONDS / 3, asked, folder))
    best = sorted(decide, key=lambda one: one["p50"])[1]
    return {
        "empty": sum(one["a second"] for one in empty) / 3, "decide": sum(one["a second"] for one in decide) / 3,
        "p50": best["p50"], "p99": best["p99"],
    }  # fmt: skip


def _choice(number: int) -> dict[str, Any]:
    person = {"kind": "email", "value": f"new{number}@people.example"}
    return {"identifier": person, "purpose": f"bench-{number % consent_rows.PURPOSES}", "granted": number % 3 > 0}


def _record(port: int, key: str, folder: Path) -> None:
    """Single choices, and batches of a thousand, over HTTP."""
    single = [
        ["/api/v1/consent/choices/", _headers(key) | {"Idempotency-Key": f"single-{n}"}, json.dumps(_choice(n % 500))]
        for n in range(20_000)
    ]
    batch = [
        ["/api/v1/consent/choices/batch/", _headers(key) | {"Idempotency-Key": f"batch-{n}"},
         json.dumps({"choices": [_choice(n * 1000 + one) for one in range(1000)]})]
        for n in range(60)
    ]  # fmt: skip
    one = _load(port, AT_ONCE, SECONDS, single, folder)
    print(f"single: {one['a second']:.0f} choices/s, p50 {one['p50']:.1f} ms, p99 {one['p99']:.1f} ms")
    many = _load(port, 2, SECONDS, batch, folder)
    print(
        f"batches of 1,000: {1000 * many['a second']:.0f} choices/s, p50 {many['p50']:.0f} ms, p99 {many['p99']:.0f} ms"
    )


def _kill(port: int, server: subprocess.Popen[bytes], key: str, url: str) -> bool:
    """Single choices and batches while web workers are killed; each is sent until it is answered."""
    crowd: Any = import_module("tests.faults.choosers")
    stop, killed, seen = threading.Event(), [], []

    def killer() -> None:
        """After each fifth of the calls; not by the clock, for a slow machine would only ever start workers."""
        while not stop.wait(0.05):
            if len(seen) * 5 > CALLS * (len(killed) + 1):
                for pid in web_workers(crowd.children(server.pid))[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    thread = threading.Thread(target=killer)
    thread.start()
    accepted = crowd.send(port, key, singles=CALLS - 20, batches=20, threads=AT_ONCE, seen=seen)
    stop.set()
    thread.join()
    with psycopg.connect(_plain(url)) as link:
        found = link.execute("SELECT id::text FROM consent_choice WHERE region = 'US-CA'").fetchall()
    rows = {row[0] for row in found}
    same = rows == accepted
    words = "the same" if same else "NOT THE SAME"
    print(f"{len(killed)} workers killed: {len(accepted):,} choices accepted, {len(rows):,} rows, {words}")
    return same


if __name__ == "__main__":
    main()
