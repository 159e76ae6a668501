"""The staff desk in front of many requests: 10,000 and 1,000,000 of them on PostgreSQL, three in a hundred open.

    python -m benchmarks.desk [SIZE ...]      (BENCH_POSTGRES_URL and BENCH_REDIS_URL name the servers)

Each size runs in a process of its own on a database of its own, which is dropped afterwards. The rows are made by the
server: people with an encrypted address, requests of three years, two clocks, two letters, four events, a batch and a work
order of each. Printed for each page: queries, median milliseconds for the whole answer (Django's test client, a warm
process), and the ratio to the first size.
"""

import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import django
import psycopg

from benchmarks.cases import BROKER
from benchmarks.sweep import ROOT, SERVER, _plain

SIZES = (10_000, 1_000_000)


def main(sizes: tuple[int, ...]) -> None:
    """Print the figures of every size, and the ratio of each page to the first size."""
    first: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, psycopg.connect(_plain(SERVER), autocommit=True) as server:
        for size in sizes:
            name = f"po_bench_desk_{size}"
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {name}")
            env = os.environ | {
                "DATABASE_URL": urlsplit(SERVER)._replace(path=f"/{name}").geturl(), "STATE_DIR": folder, "DEMO": "0",
                "REDIS_URL": BROKER, "DJANGO_SETTINGS_MODULE": "privacyops.settings",
                "STAFF_SECOND_FACTOR": "optional",
            }  # fmt: skip
            try:
                for command in (("collectstatic", "--noinput"), ("migrate",)):
                    subprocess.run([sys.executable, "manage.py", *command, "-v0"], cwd=ROOT, env=env, check=True)
                child = [sys.executable, "-m", "benchmarks.desk", "child", str(size)]
                out = subprocess.run(child, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
            finally:
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            figures = json.loads(out.splitlines()[-1])
            first = first or figures
            _print(size, figures, first)


def _print(size: int, figures: dict[str, Any], first: dict[str, Any]) -> None:
    print(f"{size:,} requests (made in {figures['filled']:.0f} s)")
    for page, (queries, rows, median, least) in figures["pages"].items():
        before = first["pages"][page]
        ratios = f"ratio {median / before[2]:.2f}, of the least {least / before[3]:.2f}"
        print(
            f"  {page:<34} {queries:>3} queries {rows:>3} rows {median:>7.1f} ms (least {least:.1f})  {ratios}",
            flush=True,
        )


def child(size: int) -> dict[str, Any]:
    """Fill the database, open the pages, measure."""
    django.setup()
    run = import_module("benchmarks.desk_inline").run  # its models need django.setup() first
    figures: dict[str, Any] = run(size)
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(child(int(sys.argv[2]))))
    else:
        main(tuple(int(one.replace("_", "")) for one in sys.argv[1:]) or SIZES)
