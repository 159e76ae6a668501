"""The sweep over the clocks: 10,000 and 1,000,000 open ones on PostgreSQL, one in a hundred due for a warning or missed.

    python -m benchmarks.sweep          (BENCH_POSTGRES_URL=postgres://user@host:5432/postgres names the server)

Each size runs in a process of its own on a database of its own, which is dropped afterwards. Printed: seconds, queries, peak
memory of the process, a sweep that finds nothing; and the baseline, one plain UPDATE of the same rows without warnings, log
or attention.
"""

import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import psycopg

SERVER = os.environ.get("BENCH_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
ROOT = Path(__file__).resolve().parents[1]
SIZES = (10_000, 1_000_000)


def main() -> None:
    """Print the figures of both sizes and their ratio."""
    seen = {}
    for size in SIZES:
        name = f"po_bench_{size}"
        with psycopg.connect(_plain(SERVER), autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {name}")
        try:
            url = urlsplit(SERVER)._replace(path=f"/{name}").geturl()
            env = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "privacyops.settings"}
            subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
            command = [sys.executable, "-m", "benchmarks.sweep", "child", str(size)]
            out = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
            seen[size] = json.loads(out.splitlines()[-1])
        finally:
            with psycopg.connect(_plain(SERVER), autocommit=True) as server:
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        print(
            f"{size:>9,} open clocks: " + ", ".join(f"{key} {value}" for key, value in seen[size].items()), flush=True
        )
    small, large = (seen[size] for size in SIZES)
    print(f"memory {large['peak_mib'] - small['peak_mib']:+.0f} MiB from the small to the large table")
    print(f"per changed clock, sweep to plain UPDATE: {large['seconds'] / large['plain_update_seconds']:.1f} times")


def child(size: int) -> dict[str, Any]:
    """Fill the database, sweep it, measure."""
    django.setup()
    run = import_module("benchmarks.sweep_inline").run  # its models need django.setup() first
    figures: dict[str, Any] = run(size)
    return figures


def peak_mib() -> float:
    """The most memory that this process ever held, in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def timed(work: Any) -> tuple[float, Any]:
    """Seconds, and what the work returned."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _plain(url: str) -> str:
    return url.replace("postgres://", "postgresql://")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(child(int(sys.argv[2]))))
    else:
        main()
