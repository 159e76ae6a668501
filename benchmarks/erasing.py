"""One person with many rows on PostgreSQL: searched, exported and erased, beside a plain COPY and the best SQL by hand.

    python -m benchmarks.erasing [ROWS ...]     (BENCH_POSTGRES_URL=postgres://user@host:5432/postgres names the server)

Each size runs in a process of its own, on databases of its own that are dropped afterwards: the portal's, and a company's
with as many rows again of other people. Printed: seconds, ratios measured in the same run, peak memory. By hand is measured
twice: the bare deletion, and one with what any careful one needs beside it (`guarded`).
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
from django.conf import settings

from benchmarks.sweep import _plain

SERVER = os.environ.get("BENCH_POSTGRES_URL", "postgres://root@127.0.0.1:5432/postgres")
ROOT = Path(__file__).resolve().parents[1]
SIZES = (1_000, 20_000, 100_000, 1_000_000)
BATCH = 5_000
FIELDS = "id, path, ip, agent, seen_at, seconds"
TABLES = """
CREATE TABLE accounts (id int PRIMARY KEY, email text NOT NULL UNIQUE, full_name text);
CREATE INDEX ON accounts (lower(email));
CREATE TABLE visits (id bigserial PRIMARY KEY, account_id int NOT NULL REFERENCES accounts, path text NOT NULL, ip text,
  agent text, seen_at timestamptz NOT NULL, seconds int);
INSERT INTO accounts SELECT n, 'p' || n || '@people.example', 'Person ' || n FROM generate_series(1, 100) n;
INSERT INTO visits (account_id, path, ip, agent, seen_at, seconds)
  SELECT CASE WHEN n % 2 = 0 THEN 1 ELSE 2 + n % 90 END, '/jobs/' || n, '192.0.2.' || n % 250,
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', now() - n * interval '1 second', n % 600
  FROM generate_series(1, 2 * {rows}) n;
CREATE INDEX ON visits (account_id);
ANALYZE;
"""


def main() -> None:
    """Print the figures of each size."""
    seen = {}
    for size in [int(one) for one in sys.argv[1:]] or SIZES:
        seen[size] = _measured(size)
        one = seen[size]
        print(
            f"{size:>9,} rows: find {one['find']:.2f} s  export {one['export']:.2f} s (COPY {one['copy']:.2f})  "
            f"erase {one['erase']:.2f} s (by hand {one['hand']:.2f})  "
            f"export/COPY {one['copy'] / one['export']:.2f}  "
            f"erase/hand {one['hand'] / one['erase']:.2f}  peak {one['peak']:.0f} MiB\n"
            f"               by hand with guard, receipts, account and a look afterwards {one['guarded']:.2f} s  "
            f"erase/guarded {one['guarded'] / one['erase']:.2f}",
            flush=True,
        )
    print(
        f"memory from the smallest to the largest: {max(o['peak'] for o in seen.values()) - seen[min(seen)]['peak']:+.0f} MiB"
    )


def _measured(size: int) -> dict[str, Any]:
    names = [f"po_bench_{part}_{size}" for part in ("portal", "company", "copy", "guarded")]
    try:
        with psycopg.connect(_plain(SERVER), autocommit=True) as server:
            for name in names:
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            for name in names[:2]:
                server.execute(f"CREATE DATABASE {name}")
            with psycopg.connect(_url(names[1]), autocommit=True) as company:
                company.execute(TABLES.replace("{rows}", str(size)))
            for name in names[2:]:
                server.execute(f"CREATE DATABASE {name} TEMPLATE {names[1]}")
        env = os.environ | {"DATABASE_URL": _url(names[0]), "DJANGO_SETTINGS_MODULE": "privacyops.settings"}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True)
        command = [sys.executable, "-m", "benchmarks.erasing", "child", _url(names[1])]
        out = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(out.splitlines()[-1]) | by_hand(_url(names[2])) | guarded(_url(names[3]), _url(names[0]))
    finally:
        with psycopg.connect(_plain(SERVER), autocommit=True) as server:
            for name in names:
                server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def by_hand(url: str) -> dict[str, float]:
    """A plain COPY of the person's rows to a file, and a batched deletion that knows the schema by heart; seconds."""
    with psycopg.connect(url, autocommit=True) as db:
        started = time.perf_counter()
        with (
            open(os.devnull, "wb") as file,
            db.cursor().copy(f"COPY (SELECT {FIELDS} FROM visits WHERE account_id = 1) TO STDOUT") as copy,
        ):
            for piece in copy:
                file.write(piece)
        copied = time.perf_counter() - started
        started, last = time.perf_counter(), 0
        while True:
            row = db.execute(
                "WITH part AS (SELECT id FROM visits WHERE account_id = 1 AND id > %s ORDER BY id LIMIT %s), "
                "gone AS (DELETE FROM visits v USING part WHERE v.id = part.id) SELECT max(id) FROM part",
                (last, BATCH),
            ).fetchone()
            if row is None or row[0] is None:
                break
            last = row[0]
        return {"copy": copied, "hand": time.perf_counter() - started}


def guarded(url: str, portal: str) -> dict[str, float]:
    """The same deletion by somebody who may be stopped by a legal hold and has to show what they did; seconds.

    Each batch: a transaction elsewhere that keeps holds from being placed, looks for one, and ends with a receipt that is safe
    on disk; a batch of another number of rows than was listed before is refused. Then the account, and a look at what is left.
    """
    with psycopg.connect(url, autocommit=True) as db, psycopg.connect(portal) as ours:
        ours.execute("CREATE TABLE bench_holds (account_id int)")
        ours.execute("CREATE TABLE bench_receipts (last bigint, rows int, at timestamptz DEFAULT now())")
        ours.commit()
        started, last = time.perf_counter(), 0
        listed = db.execute("SELECT count(*) FROM visits WHERE account_id = 1").fetchone()
        done = 0
        while True:
            ours.execute("SELECT pg_advisory_xact_lock_shared(7)")
            if ours.execute("SELECT 1 FROM bench_holds WHERE account_id = 1").fetchone():
                break
            row = db.execute(
                "WITH part AS (SELECT id FROM visits WHERE account_id = 1 AND id > %s ORDER BY id LIMIT %s), "
                "gone AS (DELETE FROM visits v USING part WHERE v.id = part.id AND v.account_id = 1 RETURNING v.id) "
                "SELECT (SELECT max(id) FROM part), (SELECT count(*) FROM gone)",
                (last, BATCH),
            ).fetchone()
            if row is None or row[0] is None:
                ours.rollback()
                break
            last, done = row[0], done + row[1]
            ours.execute("INSERT INTO bench_receipts VALUES (%s, %s)", row)
            ours.commit()
        db.execute("DELETE FROM accounts WHERE id = 1")
        left = db.execute("SELECT count(*) FROM visits WHERE account_id = 1").fetchone()
        seconds = time.perf_counter() - started
        if listed is None or left is None or done != listed[0] or left[0]:
            raise RuntimeError("the deletion by hand left something")
        return {"guarded": seconds}


def _url(name: str) -> str:
    return urlsplit(SERVER)._replace(path=f"/{name}").geturl()


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        django.setup()
        settings.CELERY_BROKER_URL = "memory://"  # nobody listens: the orders are run right here
        print(json.dumps(import_module("benchmarks.erasing_inline").run(sys.argv[2])))
    else:
        main()
