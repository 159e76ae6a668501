"""The ledger of disclosures on PostgreSQL: batches beside COPY, and "who received my data" in a small and a large ledger.

    python -m benchmarks.disclosures [TRANSFERS [LEDGER]]     (default 1,000,000 and 10,000,000)

1. TRANSFERS in calls of 5,000 through the whole API in one process (key, JSON in, JSON out), and after each ten calls the
   same rows by COPY into a table with the same indexes, constraints and references. The ratio is of the two sums.
2. "Who received my data" for people with 100 entries each, in a ledger of 100,000 rows and in one of LEDGER rows, by turns in
   the same minute; each beside the bare SELECT of a person's newest 50 rows. The portal's page is asked for as well.
3. An account of 200,000 entries, streamed, with the memory that it took.

BENCH_POSTGRES_URL and BENCH_REDIS_URL name the servers; after BENCH_SECONDS (150) no more transfers are sent. Takes about five
minutes on two free cores. Ends with 1 when rows are lost.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks import disclosures_rows as rows
from benchmarks.sweep import _plain
from tests.processes import ROOT

SERVER = os.environ.get("BENCH_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
BROKER = os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/7")
NAME = os.environ.get("BENCH_DATABASE", "po_bench_disclosures")
SECONDS = float(os.environ.get("BENCH_SECONDS", "150"))
SMALL, TURNS = 100_000, 4


def main() -> None:
    """Fill, measure, compare."""
    transfers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    ledger = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    names = {part: f"{NAME}_{part}" for part in ("batch", "small", "large")}
    with psycopg.connect(_plain(SERVER), autocommit=True) as server:
        _drop(server, names)
        try:
            with tempfile.TemporaryDirectory() as folder:
                server.execute(f"CREATE DATABASE {names['batch']}")
                _migrate(names["batch"], folder)
                for part in ("small", "large"):  # before there are rows
                    server.execute(f"CREATE DATABASE {names[part]} TEMPLATE {names['batch']}")
                good = _batches(names["batch"], folder, transfers)
                server.execute(f"DROP DATABASE {names['batch']} WITH (FORCE)")
                _reads(names, folder, ledger)
        finally:
            _drop(server, names)
    sys.exit(0 if good else 1)


def _drop(server: Any, names: dict[str, str]) -> None:
    for one in names.values():
        server.execute(f"DROP DATABASE IF EXISTS {one} WITH (FORCE)")


def _url(name: str) -> str:
    return urlsplit(SERVER)._replace(path=f"/{name}").geturl()


def _env(name: str, folder: str) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": _url(name), "REDIS_URL": BROKER, "STATE_DIR": str(Path(folder) / "state"), "DEMO": "0",
        "EMAIL_URL": "dummymail://", "DJANGO_SETTINGS_MODULE": "benchmarks.disclosures_settings",
    }  # fmt: skip


def _migrate(name: str, folder: str) -> None:
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=_env(name, folder), check=True)


@contextmanager
def _inside(name: str, folder: str) -> Iterator[Any]:
    """A process with Django on one database; called with a command, it answers with what it measured."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.disclosures_inline"], cwd=ROOT, env=_env(name, folder), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip

    def ask(*command: Any) -> Any:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(json.dumps(command) + "\n")
        child.stdin.flush()
        answer = child.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process of {name} ended in {command[0]}")
        return json.loads(answer)

    try:
        yield ask
    finally:
        child.communicate()


def _batches(name: str, folder: str, transfers: int) -> bool:
    rows.people(_plain(_url(name)), rows.PEOPLE)
    with _inside(name, folder) as ask:
        ask("begin")
        done = ask("batches", transfers, SECONDS)
        fresh = ask("newcomers", 2)
    ours, copied = done["sent"] / done["ours"], done["sent"] / done["copy"]
    cut = "" if done["sent"] >= transfers else f" (of {transfers:,}: {SECONDS:.0f} s were over)"
    print(
        f"{done['sent']:,} transfers{cut} in calls of {rows.CALL:,}: {ours:,.0f} rows/s; COPY of the same rows"
        f" {copied:,.0f} rows/s; ratio {ours / copied:.2f}; by processor time {done['copy_cpu'] / done['ours_cpu']:.2f}"
        f" ({1e6 * done['ours_cpu'] / done['sent']:.0f} and {1e6 * done['copy_cpu'] / done['sent']:.0f} µs a row)"
    )
    print(
        f"queries of a call: {done['queries']}; events: {done['events']:,}; about people nobody knew: {fresh:,.0f} rows/s;"
        f" peak memory {done['peak_mib']:.0f} MiB"
    )
    print(f"rows on the ledger: {done['rows']:,} of {done['sent']:,} sent", flush=True)
    return bool(done["rows"] == done["sent"])


def _reads(names: dict[str, str], folder: str, ledger: int) -> None:
    sizes = {"small": SMALL, "large": ledger}
    for part, size in sizes.items():
        started = time.monotonic()
        rows.ledger(_plain(_url(names[part])), size)
        print(f"a ledger of {size:,} rows, made in {time.monotonic() - started:.0f} s", flush=True)
    with _inside(names["small"], folder) as small, _inside(names["large"], folder) as large:
        asks = {"small": small, "large": large}
        for ask in asks.values():
            ask("begin")
            ask("warm")
        seen: dict[str, list[dict[str, float]]] = {part: [] for part in sizes}
        for _ in range(TURNS):
            for part, ask in asks.items():
                seen[part].append(ask("who"))
        account = large("account", 200_000)
    print(f"{'ledger':>12} {'first page':>11} {'p95':>9} {'later page':>11} {'SELECT':>9} {'portal':>9}  queries")
    found = {}
    for part, size in sizes.items():
        one = found[part] = {key: sorted(turn[key] for turn in seen[part])[TURNS // 2] for key in seen[part][0]}
        print(
            f"{size:>12,} {one['first']:>8.2f} ms {one['p95']:>6.2f} ms {one['later']:>8.2f} ms {one['select']:>6.2f} ms"
            f" {one['portal']:>6.1f} ms  {one['queries']:.0f} and {one['portal_queries']:.0f}"
        )
    for key in ("first", "later", "portal"):
        print(f"growth of {key}: {found['large'][key] / found['small'][key]:.2f} x")
    print(f"first page: {found['large']['first'] / found['large']['select']:.1f} x the bare SELECT")
    print(
        f"an account of {account['rows']:,} entries: {account['rows'] / account['seconds']:,.0f} rows/s,"
        f" {account['grew_mib']:+.0f} MiB", flush=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
